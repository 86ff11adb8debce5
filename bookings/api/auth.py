"""Who is asking: a browser with its session cookie, or a program with a person's key.

Each operation names the permission it needs in its declaration: `auth=may("bookings.view_booking")`.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError, AuthorizationError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from bookings import models
from bookings.services import limits, people
from bookings.vocabulary import KeyScope

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
LONGEST_KEY = 200
MINUTE = timedelta(minutes=1)


class TooOften(Exception):
    """A key that asked more than `most` times within a minute; it may again after `wait` seconds."""

    def __init__(self, wait: int, *, most: int) -> None:
        super().__init__(f"More than {most} requests in a minute.")
        self.wait = wait
        self.most = most


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
        words = _key_in(request)
        if words is None:
            return None
        key = people.live_key(words) if _looks_like_key(words) else None
        if key is None:
            raise AuthenticationError(message=_("This key is not known here, or it was revoked."))
        _count(key)
        request.user = key.user
        if key.scope == KeyScope.READ and not _only_reads(self.permission):
            raise AuthorizationError(message=_("This key may only read. Make one that may book as well."))
        return _allowed(key.user, self.permission)


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
                message=_("The CSRF token is missing or stale. Send it in the X-CSRFToken header.")
            )
        return _allowed(user, self.permission)


def may(permission: str) -> list[AuthBase]:
    """The two ways to sign in, for an operation that needs `permission`."""
    return [ApiKey(permission), Session(permission)]


def person_again(request: PersonRequest) -> User | None:
    """Who is asking, looked up anew; None when their key was revoked or they may not sign in any more."""
    words = _key_in(request)
    if words is None:
        return User.objects.filter(pk=request.auth.pk, is_active=True).first()
    key = people.live_key(words)
    return None if key is None else key.user


def _key_in(request: HttpRequest) -> str | None:
    scheme, *words = request.headers.get("Authorization", "").split(" ", 1)
    return "".join(words).strip() if scheme.lower() == "bearer" else None


def _looks_like_key(text: str) -> bool:
    return text.isascii() and text.startswith(people.KEY_PREFIX) and len(text) <= LONGEST_KEY


def _only_reads(permission: str) -> bool:
    """
    >>> _only_reads("bookings.view_booking"), _only_reads("bookings.export_booking")
    (True, True)
    >>> _only_reads("bookings.book_run")
    False
    """
    return permission.partition(".")[2].startswith(("view_", "export_"))


def _count(key: models.ApiKey) -> None:
    """Raises TooOften for a key that has used its minute up."""
    most = settings.API_REQUESTS_PER_MINUTE
    if not most:
        return
    wait = limits.count(limits.Limit(name="api_key", most=most, within=MINUTE), str(key.pk))
    if wait:
        raise TooOften(wait, most=most)


def _allowed(user: User, permission: str) -> User:
    if not user.has_perm(permission):
        raise AuthorizationError(message=_("Your role does not allow this. An administrator can change it."))
    return user
