"""The door through which every setting enters: environment variables, read by typed readers.

A wrong or missing word is noted, and `Environment.stop_if_wrong` then stops the programme once, with a
sentence per variable that names it and says how to cure it. Values of secrets are never quoted.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import sys
from collections.abc import Collection, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})
EXIT_WRONG_SETTING = 2
OUTSIDE_SITES = ("SUPABASE_URL", "PROPERTY_API_URL", "BROKERBAY_URL")
LOCAL_SITES = "local-sites.env"


class WrongSetting(ImproperlyConfigured):
    """One or more environment variables are missing or not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable the portal knows. `default` is what the documentation shows."""

    name: str
    kind: str
    default: str
    says: str
    required: bool
    secret: bool


class Environment:
    """Typed readers over `values`. A reader that finds nonsense notes it and returns an empty value."""

    def __init__(self, values: MutableMapping[str, str]) -> None:
        self.values = values
        self.declared: dict[str, Variable] = {}
        self.problems: list[str] = []

    def text(self, name: str, *, default: str = "", says: str, secret: bool = False) -> str:
        return self._read(name, kind="text", default=default, says=says, secret=secret)

    def required_text(self, name: str, *, says: str, cure: str, at_least: int = 1) -> str:
        """A secret without which nothing starts; `at_least` is its shortest allowed length."""
        value = self._read(name, kind="text", says=says, secret=True, required=True)
        if not value:
            self._wrong(name, "is missing", cure)
        elif len(value) < at_least:
            self._wrong(name, f"has {len(value)} characters and needs {at_least} or more", cure)
        return value

    def flag(self, name: str, *, default: bool, says: str) -> bool:
        value = self._read(name, kind="true or false", default=str(default).lower(), says=says).lower()
        if value not in YES | NO:
            self._wrong(name, f"is {value!r}, which is neither yes nor no", "Write true or false.")
        return value in YES

    def number(self, name: str, *, default: int, low: int, high: int, says: str) -> int:
        value = self._read(name, kind=f"{low} to {high}", default=str(default), says=says)
        # isdecimal alone would let other scripts' digits and signs through to int().
        if not (value.isascii() and value.isdecimal() and low <= int(value[:9]) <= high):
            self._wrong(
                name,
                f"is {value!r}, which is no number from {low} to {high}",
                f"Write {default}, for example.",
            )
            return default
        return int(value)

    def choice(self, name: str, *, default: str, among: Collection[str], says: str) -> str:
        words = ", ".join(among)
        value = self._read(name, kind=words, default=default, says=says)
        if value not in among:
            self._wrong(name, f"is {value!r}", f"Write one of: {words}.")
        return value

    def words(self, name: str, *, default: str = "", says: str) -> list[str]:
        value = self._read(name, kind="words, commas between", default=default, says=says)
        return [word.strip() for word in value.split(",") if word.strip()]

    def columns(
        self, name: str, *, default: str, among: Collection[str], never: Collection[str], says: str
    ) -> dict[str, str]:
        """Pairs `ours:theirs`, commas between: which of `among` goes into which column, none of `never`.

        The word `none` means no pair at all.
        """
        value = self._read(name, kind="ours:column, commas between; or none", default=default, says=says)
        if value.casefold() == "none":
            return {}
        pairs: dict[str, str] = {}
        for pair in value.split(","):
            ours, _, theirs = (word.strip() for word in pair.partition(":"))
            if ours not in among or not re.fullmatch(r"[A-Za-z_]\w{0,62}", theirs, re.ASCII):
                problem = (
                    f"has {pair.strip()!r}, which is not one of {', '.join(among)}, a colon and a column"
                )
            elif ours in pairs or theirs in pairs.values():
                problem = f"has {pair.strip()!r}, and says that twice"
            elif theirs in never:
                problem = f"has {pair.strip()!r}, and {theirs} is where the other side says what it wants"
            else:
                pairs[ours] = theirs
                continue
            self._wrong(name, problem, f"Write {default}, for example, or none.")
            return {}
        return pairs

    def origins(self, name: str, *, says: str) -> list[str]:
        origins = self.words(name, says=says)
        for origin in origins:
            if not origin.startswith(("http://", "https://")):
                self._wrong(name, f"has {origin!r}, which has no scheme", "Write https://portal.example.com.")
        return origins

    def address(self, name: str, *, default: str = "", says: str) -> str:
        """A web address without its last slash, or an empty text."""
        value = self._read(name, kind="web address", default=default, says=says).rstrip("/")
        if value and not _is_web_address(value):
            self._wrong(name, "is no web address", "Write it whole: https://host.example.com")
            return ""
        return value

    def folder(self, name: str, *, default: str, base: Path, says: str) -> Path:
        """An absolute path; a relative word counts from `base`."""
        return (
            base / Path(self._read(name, kind="folder", default=default, says=says)).expanduser()
        ).resolve()

    def zone(self, name: str, *, default: str, says: str) -> str:
        value = self._read(name, kind="time zone", default=default, says=says)
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            self._wrong(name, f"is {value!r}, which is no time zone", "Write one as in America/Toronto.")
        return value

    def fernet_keys(self, name: str, *, says: str, cure: str) -> list[str]:
        """Keys of 32 bytes in URL-safe base64, newest first; at least one."""
        value = self._read(name, kind="keys, commas between", says=says, secret=True, required=True)
        keys = [key.strip() for key in value.split(",") if key.strip()]
        if not keys:
            self._wrong(name, "is missing", cure)
        elif not all(_is_fernet_key(key) for key in keys):
            self._wrong(name, "has a key that is not 32 bytes in URL-safe base64", cure)
        return keys

    def database(self, name: str, *, fallback: Path, says: str) -> dict[str, Any]:
        """A Django database entry; without a word, SQLite in the file `fallback`."""
        value = self._read(name, kind="database URL", says=says, secret=True)
        if not value:
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": fallback}
        if urlsplit(value).scheme not in {"postgres", "postgresql", "sqlite"}:
            self._wrong(
                name,
                "names no database we know",
                "Write postgres://USER:PASSWORD@HOST:5432/NAME, or leave it out.",
            )
            return {}
        return dict(environ.Env.db_url_config(value))

    def redis(self, name: str, *, says: str) -> str:
        value = self._read(name, kind="Redis URL", says=says, secret=True)
        if value and (urlsplit(value).scheme not in {"redis", "rediss"} or not urlsplit(value).hostname):
            self._wrong(name, "is no Redis address", "Write redis://HOST:6379/0, or leave it out.")
            return ""
        return value

    def email(self, name: str, *, default: str, says: str) -> dict[str, Any]:
        """Django's EMAIL_… settings."""
        value = self._read(name, kind="email URL", default=default, says=says, secret=True)
        if urlsplit(value).scheme not in environ.Env.EMAIL_SCHEMES:
            self._wrong(
                name,
                "names no way to send email",
                "Write smtp+tls://USER:PASSWORD@HOST:587 or consolemail://.",
            )
            return {}
        return dict(environ.Env.email_url_config(value))

    def refuse(self, name: str, problem: str, cure: str) -> None:
        """Note a problem that only shows when several variables are seen together."""
        self._wrong(name, problem, cure)

    def stop_if_wrong(self) -> None:
        """Raises WrongSetting with a sentence per problem, if there is one."""
        if self.problems:
            raise WrongSetting("\n".join(self.problems))

    def _read(
        self,
        name: str,
        *,
        kind: str,
        says: str,
        default: str = "",
        secret: bool = False,
        required: bool = False,
    ) -> str:
        self.declared[name] = Variable(
            name=name, kind=kind, default=default, says=says, required=required, secret=secret
        )
        # An empty word means the same as none: compose files and dashboards cannot unset a variable.
        return self.values.get(name, "").strip() or default

    def _wrong(self, name: str, problem: str, cure: str) -> None:
        self.problems.append(f"{name} {problem}. {cure}")


def load_files(base: Path) -> None:
    """Fill os.environ from `.env` (or ENV_FILE), then what `make run` keeps in DATA_DIR; what is set wins.

    An ENV_FILE that is named but empty (`ENV_FILE=`) means: no file at all.
    """
    named = os.environ.get("ENV_FILE", ".env")
    if not named:
        return
    _load(base / named)
    data_dir = base / (os.environ.get("DATA_DIR") or "var")
    _load(data_dir / "secrets.env")
    # All or nothing: the key of a local site must never be sent to a real one.
    if not any(os.environ.get(name) for name in OUTSIDE_SITES):
        _load(data_dir / LOCAL_SITES)


@contextmanager
def plain_stop() -> Iterator[None]:
    """Turn a wrong setting into its sentences on standard error and exit code 2, without a traceback."""
    try:
        yield
    except WrongSetting as wrong:
        sys.stderr.write(f"The portal cannot start, its settings need a hand:\n{_indented(wrong)}\n")
        sys.stderr.write("README.md, section Configuration, explains each; `make run` makes local ones.\n")
        raise SystemExit(EXIT_WRONG_SETTING) from None


def _indented(wrong: WrongSetting) -> str:
    return "\n".join(f"  {line}" for line in str(wrong).splitlines())


def _load(path: Path) -> None:
    if path.is_file():
        environ.Env.read_env(path, overwrite=False)


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == 32
    except (binascii.Error, ValueError):
        return False
