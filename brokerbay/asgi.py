"""The door for gunicorn's uvicorn workers: pages, API and live log."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

from brokerbay.bodies import LimitedBodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "brokerbay.settings")
application = LimitedBodies(get_asgi_application(), settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
