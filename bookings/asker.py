"""Where a request comes from."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from bookings.services import limits


def place_of(request: HttpRequest) -> str:
    """The asker's address or network, as it is counted. Behind proxies it is what the outermost of ours saw:
    what stands before it in X-Forwarded-For was written by the asker."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        told = [
            each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",") if each.strip()
        ]
        address = told[-min(settings.PROXIES, len(told))] if told else address
    return limits.network_of(address)
