"""Sessions at rest: sealed with SESSION_KEYS, opened only on the way into a browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SessionUnreadable(Exception):
    """No key of SESSION_KEYS opens this session: the account must be signed in again."""


def seal(state: Mapping[str, Any]) -> str:
    """Encrypt a browser's storage state with the first key."""
    return _keys().encrypt(json.dumps(state, separators=(",", ":")).encode()).decode()


def unseal(sealed: str) -> dict[str, Any] | None:
    """The storage state of a sealed session; None for an account that was never signed in.

    Raises SessionUnreadable when no key fits.
    """
    if not sealed:
        return None
    try:
        state: dict[str, Any] = json.loads(_keys().decrypt(sealed.encode()))
    except InvalidToken as strange:
        raise SessionUnreadable(
            "The stored session cannot be opened with the keys in SESSION_KEYS. Sign the account in again."
        ) from strange
    return state


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SESSION_KEYS])
