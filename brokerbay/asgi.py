"""The door for gunicorn's uvicorn workers: pages, API and live log."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "brokerbay.settings")
application = get_asgi_application()
