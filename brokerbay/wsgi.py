"""The door for servers that speak WSGI; pages and API, no live log."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "brokerbay.settings")
application = get_wsgi_application()
