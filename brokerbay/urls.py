"""Which address leads where."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from bookings.api import api
from brokerbay import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("live", health.live, name="live"),
    path("ready", health.ready, name="ready"),
    path("admin/", admin.site.urls),
    path("api/", api.urls),
]
if find_spec("bookings.urls"):
    urlpatterns.append(path("", include("bookings.urls")))
