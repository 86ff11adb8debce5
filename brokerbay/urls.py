"""Which address leads where."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from bookings.api import api
from brokerbay import health, navigation

urlpatterns: list[URLPattern | URLResolver] = [
    path("live", health.live, name="live"),
    path("ready", health.ready, name="ready"),
    path("admin/login/", navigation.sign_in),
    path("admin/search/", navigation.search),
    path("admin/", admin.site.urls),
    path("api/", api.urls),
    path("", include("bookings.urls")),
]
