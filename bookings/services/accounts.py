"""BrokerBay accounts: their sessions kept (already encrypted by the caller) and their health."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from bookings.models import Account
from bookings.services import audit, people, runs
from bookings.services.errors import Rejected
from bookings.vocabulary import Health, Source

# Named, not imported: the room that opens sessions stands above this one.
SEAL = "automation.vault.seal"
LARGEST_STATE = 1_000_000
COOKIE: dict[str, tuple[type, ...]] = {
    "path": (str,),
    "expires": (int, float),
    "httpOnly": (bool,),
    "secure": (bool,),
    "sameSite": (str,),
}


def sign_in(account: Account, sealed_session: str, *, by: User | None, source: Source) -> int:
    """Keep a fresh session that a person signed in, and let the account's waiting runs go on.

    `sealed_session` is the encrypted storage state. Returns how many runs go on.
    """
    if by is not None:
        people.require(by, "sign_in_account", account.partner)
    now = timezone.now()
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(
            session=sealed_session,
            session_saved_at=now,
            signed_in_at=now,
            checked_at=now,
            health=Health.SIGNED_IN,
        )
        account.refresh_from_db()
        audit.note("account.signed_in", account, source=source, by=by, partner=account.partner)
        return runs.resume_signed_in(account, by=by, source=source)


def sign_in_with_state(account: Account, state: bytes, *, by: User, source: Source = Source.PERSON) -> int:
    """Sign an account in with a browser's storage state, as Playwright writes it (JSON).

    Returns how many runs go on. Raises Rejected, at `state`, for what is no such file.
    """
    return sign_in(account, import_string(SEAL)(_read_state(state)), by=by, source=source)


def _read_state(state: bytes) -> dict[str, Any]:
    if len(state) > LARGEST_STATE:
        raise Rejected("This file is too large to be a browser's session.", field="state")
    try:
        read = json.loads(state, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as broken:
        raise Rejected(
            "This is no JSON file. Save it with Playwright's storage_state().", field="state"
        ) from broken
    cookies: Any = read.get("cookies") if isinstance(read, dict) else None
    origins: Any = read.get("origins", []) if isinstance(read, dict) else None
    if not (
        _are_objects(cookies, "name", "value", "domain")
        and _are_objects(origins, "origin")
        and all(_fits(cookie) for cookie in cookies)
    ):
        raise Rejected(
            "This file is no browser session: it needs “cookies” and “origins”, as Playwright writes them.",
            field="state",
        )
    if not cookies and not origins:
        raise Rejected("This session is empty: nobody was signed in when it was saved.", field="state")
    hosts = [*(cookie["domain"] for cookie in cookies), *(_host(each["origin"]) for each in origins)]
    site = _host(settings.BROKERBAY_URL)
    if site and _family(site) not in map(_family, hosts):
        raise Rejected(
            f"This session holds nothing of {site}: it was saved elsewhere. Sign in there and save it anew.",
            field="state",
        )
    return {"cookies": cookies, "origins": origins}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _fits(cookie: dict[str, Any]) -> bool:
    """Whether a browser takes the cookie; one that it refuses would break every run of the account."""
    return all(isinstance(cookie[key], kinds) for key, kinds in COOKIE.items() if key in cookie) and (
        cookie.get("sameSite", "Lax") in ("Strict", "Lax", "None")
    )


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _family(host: str) -> str:
    """The site that a host is part of: a cookie of sign-in.example.com counts for example.com.

    >>> _family(".edge.example.com"), _family("example.com")
    ('example.com', 'example.com')
    """
    return ".".join(host.lower().lstrip(".").split(".")[-2:])


def _are_objects(items: Any, *keys: str) -> bool:
    return isinstance(items, list) and all(
        isinstance(item, dict) and all(isinstance(item.get(key), str) for key in keys) for item in items
    )


def keep_session(account_id: int, sealed_session: str) -> None:
    """Keep the session as the browser left it after an attempt: BrokerBay renews its cookies."""
    Account.objects.filter(pk=account_id).update(session=sealed_session, session_saved_at=timezone.now())
