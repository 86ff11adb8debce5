"""`python3 brokerbay/ops/install.py requirements.txt`: a .venv with what the file pins.

Runs on a bare Python, before anything is installed, so it imports the standard library alone. A second call
with the same pins does nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]
VENV = BASE_DIR / ".venv"
STAMP = VENV / "installed"
OLDEST, TOO_NEW = (3, 11), (3, 14)

NO_VENV = """This Python cannot make virtual environments: its part ensurepip is missing.
Install it and try again. On Debian, as root:  apt-get install python3-venv
To have what the browser needs in the same go, add:  libatomic1 chromium-headless-shell
Or install uv, which makes virtual environments without that part:  https://docs.astral.sh/uv/"""


def main(requirements: str) -> int:
    if not OLDEST <= sys.version_info < TOO_NEW:
        return _fail(f"Python 3.11, 3.12 or 3.13 is needed, and this is {sys.version.split()[0]}.")
    pins = BASE_DIR / requirements
    if pins.name in _installed() and _installed()[pins.name] == _fingerprint(pins):
        return 0
    if not _python().exists() and not _make_venv():
        return _fail(NO_VENV)
    print(f"Installing {requirements} into .venv …", flush=True)
    if subprocess.call([*_installer(), "--require-hashes", "-r", str(pins)]) != 0:
        return _fail(
            "The packages could not be installed; the lines above say why. Is the package index reachable?"
        )
    _stamp(pins)
    return 0


def _make_venv() -> bool:
    """Make .venv by the first way that this machine knows."""
    if uv := shutil.which("uv"):
        return _ran([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
    if _ran([sys.executable, "-m", "venv", str(VENV)]):
        return True
    shutil.rmtree(VENV, ignore_errors=True)
    # Another pip on this machine can install into an environment that has none of its own.
    if _ran([sys.executable, "-m", "pip", "--version"]):
        return _ran([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    if _apt_brings_venv():
        return _ran([sys.executable, "-m", "venv", str(VENV)])
    return False


def _apt_brings_venv() -> bool:
    if not shutil.which("apt-get"):
        return False
    if os.geteuid() == 0:
        apt = ["apt-get", "-qq"]
    elif shutil.which("sudo") and _ran(["sudo", "-n", "true"]):
        apt = ["sudo", "-n", "apt-get", "-qq"]
    else:
        return False
    print("Installing python3-venv, which this system's Python lacks …", flush=True)
    return _ran([*apt, "update"]) and _ran([*apt, "install", "-y", "--no-install-recommends", "python3-venv"])


def _installer() -> list[str]:
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--python", str(_python())]
    # Twice quiet: errors only, and no advice to whoever wrote the packages.
    quiet = ["-qq", "--disable-pip-version-check"]
    if _ran([str(_python()), "-m", "pip", "--version"]):
        return [str(_python()), "-m", "pip", "install", *quiet]
    return [sys.executable, "-m", "pip", "--python", str(_python()), "install", *quiet]


def _stamp(pins: Path) -> None:
    """Note what is installed. The developer's pins contain the portal's own, so they count for both."""
    covered = [pins] if pins.name == "requirements.txt" else [pins, pins.with_name("requirements.txt")]
    installed = {**_installed(), **{file.name: _fingerprint(file) for file in covered}}
    STAMP.write_text("".join(f"{name} {value}\n" for name, value in installed.items()), encoding="utf-8")


def _installed() -> dict[str, str]:
    if not STAMP.is_file():
        return {}
    return dict(line.split(" ", 1) for line in STAMP.read_text(encoding="utf-8").splitlines())


def _fingerprint(pins: Path) -> str:
    return hashlib.sha256(pins.read_bytes()).hexdigest()


def _python() -> Path:
    return VENV / "bin" / "python"


def _ran(command: list[str]) -> bool:
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
