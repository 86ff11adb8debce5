"""python -m tests.scenarios: each of the 83 things of the site, its expected outcome and the seen one."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

BROKERS = ("orm", "redis")
SECRETS = {
    "SECRET_KEY": "only-for-scenarios-" + "0123456789" * 5,
    "SESSION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


def main() -> int:
    asked = _parser().parse_args()
    if asked.seen is not None:
        return _play(asked)
    brokers = BROKERS if asked.broker == "both" else (asked.broker,)
    seen = {broker: _seen(broker, asked) for broker in brokers}
    _prepare(Path(tempfile.gettempdir()), "orm")
    from tests.scenarios import report

    return report.show(seen, report=asked.report)


def _seen(broker: str, asked: argparse.Namespace) -> dict[int, str]:
    """What a process of its own saw: a process has one broker."""
    with tempfile.TemporaryDirectory(prefix="scenarios-") as folder:
        answer = Path(folder) / "seen.json"
        command = [sys.executable, "-m", "tests.scenarios", "--broker", broker, "--only", asked.only]
        command += ["--pace", str(asked.pace), "--at-once", str(asked.at_once), "--seen", str(answer)]
        subprocess.run(command, check=True)
        return {int(number): said for number, said in json.loads(answer.read_text()).items()}


def _play(asked: argparse.Namespace) -> int:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scenarios-")))
        redis = ""
        if asked.broker == "redis":
            from tests import redis_server

            redis = stack.enter_context(redis_server.running(folder))
        _prepare(folder, asked.broker, redis)
        from tests.scenarios import session

        seen = session.play(folder, only=_numbers(asked.only), pace=asked.pace, at_once=asked.at_once)
        asked.seen.write_text(json.dumps(seen))
    return 0


def _prepare(folder: Path, broker: str, redis: str = "") -> None:
    (folder / "data").mkdir(exist_ok=True)
    os.environ.update(
        ENV_FILE="",
        DJANGO_SETTINGS_MODULE="brokerbay.settings",
        DATA_DIR=str(folder / "data"),
        LOG_LEVEL="WARNING",
        DATABASE_URL="",
        REDIS_URL=redis,
        **SECRETS,
    )
    import django

    django.setup()


def _numbers(words: str) -> set[int]:
    return {int(word) for word in words.split(",") if word}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    parser.add_argument("--broker", choices=[*BROKERS, "both"], default="both")
    parser.add_argument("--only", default="", help="only these numbers: 9,48")
    parser.add_argument("--pace", type=float, default=0.1, help="the protocol's clock, as a factor (0.1)")
    parser.add_argument("--at-once", type=int, default=6, help="scenarios that are played at once (6)")
    parser.add_argument("--report", type=Path, help="write the table there, too")
    parser.add_argument("--seen", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
