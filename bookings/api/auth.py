"""Who is asking: a browser with its session cookie, or a program with a person's key.

Each operation names the permission it needs in its declaration: `auth=may("bookings.view_booking")`.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.errors import AuthenticationError, AuthorizationError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from bookings.services import people

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
LONGEST_KEY = 200


class PersonRequest(HttpRequest):
    """A request after its sign-in check: `auth` is the person asking."""

    auth: User


class ApiKey(AuthBase):
    """`Authorization: Bearer KEY`; a wrong key is refused even where a session would do."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__()

    def __call__(self, request: HttpRequest) -> User | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        owner = people.owner_of_key(key.strip()) if _looks_like_key(key.strip()) else None
        if owner is None:
            raise AuthenticationError(message="This key is not known here, or it was revoked.")
        request.user = owner
        return _allowed(owner, self.permission)


class Session(AuthBase):
    """Django's session cookie; what changes something needs the CSRF token as well."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__()

    def __call__(self, request: HttpRequest) -> User | None:
        user = request.user
        if not isinstance(user, User) or not user.is_authenticated:
            return None
        if request.method not in SAFE_METHODS and check_csrf(request) is not None:
            raise AuthorizationError(
                message="The CSRF token is missing or stale. Send it in the X-CSRFToken header."
            )
        return _allowed(user, self.permission)


def may(permission: str) -> list[AuthBase]:
    """The two ways to sign in, for an operation that needs `permission`."""
    return [ApiKey(permission), Session(permission)]


def _looks_like_key(text: str) -> bool:
    return text.isascii() and text.startswith(people.KEY_PREFIX) and len(text) <= LONGEST_KEY


def _allowed(user: User, permission: str) -> User:
    if not user.has_perm(permission):
        raise AuthorizationError(message="Your role does not allow this. An administrator can change it.")
    return user
