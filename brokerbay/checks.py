"""What is looked at before anything starts; each finding has an id, a sentence and a cure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "testserver"})


@checks.register(checks.Tags.files)
def data_dir_is_ours(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """E001: DATA_DIR must be a folder that we may write to, or one that we can make."""
    nearest = next(folder for folder in (settings.DATA_DIR, *settings.DATA_DIR.parents) if folder.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return []
    return [
        checks.Error(
            f"DATA_DIR is {settings.DATA_DIR}, and this user may not write to {nearest}.",
            hint="Set DATA_DIR to a folder of this user, or hand the folder over with chown.",
            id="brokerbay.E001",
        )
    ]


@checks.register(checks.Tags.security)
def the_outside_gets_https(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """W001: a portal that answers to other hosts than this machine and has no HTTPS leaks passwords."""
    public = sorted(set(settings.ALLOWED_HOSTS) - LOOPBACK)
    if settings.HTTPS or settings.DEBUG or not public:
        return []
    return [
        checks.Warning(
            f"The portal answers to {', '.join(public)}, and HTTPS is off: passwords travel in the clear.",
            hint="Set HTTPS=true (and BEHIND_PROXY=true behind a proxy that ends https).",
            id="brokerbay.W001",
        )
    ]


@checks.register(checks.Tags.security)
def debug_stays_home(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """E002: DEBUG shows settings to whoever asks, so it is for this machine alone."""
    public = sorted(set(settings.ALLOWED_HOSTS) - LOOPBACK)
    if not (settings.DEBUG and public):
        return []
    return [
        checks.Error(
            f"DEBUG is on and the portal answers to {', '.join(public)}: strangers would see its insides.",
            hint="Set DEBUG=false, or ALLOWED_HOSTS to localhost.",
            id="brokerbay.E002",
        )
    ]


@checks.register(checks.Tags.files)
def the_browser_is_there(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """E003: a BROWSER_EXECUTABLE that is named must exist; finding one is the worker's business."""
    named = settings.BROWSER_EXECUTABLE
    if not named or os.access(Path(named), os.X_OK):
        return []
    return [
        checks.Error(
            f"BROWSER_EXECUTABLE is {named}, and there is no programme to run there.",
            hint="Leave it out to let the portal look for a browser, or name chromium's full path.",
            id="brokerbay.E003",
        )
    ]


@checks.register(checks.Tags.security)
def root_has_no_sandbox(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """E004: Chromium refuses its sandbox to root; better said now than at the first booking."""
    if not settings.BROWSER_SANDBOX or os.geteuid() != 0:
        return []
    return [
        checks.Error(
            "BROWSER_SANDBOX is on and this is the root user: Chromium will not start.",
            hint="Run the workers as an ordinary user, or set BROWSER_SANDBOX=false.",
            id="brokerbay.E004",
        )
    ]
