"""Secrets of a local portal: made once, kept in DATA_DIR/secrets.env for the owner's eyes only.

`python -m brokerbay.ops.secrets` makes what is missing. It needs no settings, since settings need it.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]

MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "SESSION_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "SIMULATOR_TOKEN": lambda: secrets.token_urlsafe(24),
    "DEMO_PASSWORD": lambda: secrets.token_urlsafe(12),
}


def keep(data_dir: Path) -> Path:
    """Write every missing secret to `data_dir`/secrets.env (mode 0600) and return that file's path.

    A secret that is there stays as it is: a new SESSION_KEYS would make the stored sessions unreadable.
    """
    # Clients' names and pictures of their bookings come to lie here, too.
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / "secrets.env"
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    names = {line.split("=", 1)[0] for line in present.splitlines()}
    missing = [f"{name}={make()}\n" for name, make in MAKERS.items() if name not in names]
    if missing:
        # Opened with its mode, so that it is at no moment readable by others.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(file, "a", encoding="utf-8") as lines:
            lines.write("".join(missing))
    path.chmod(0o600)
    return path


def main() -> None:
    keep(BASE_DIR / (os.environ.get("DATA_DIR") or "var"))


if __name__ == "__main__":
    main()
