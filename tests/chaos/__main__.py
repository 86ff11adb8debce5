"""python -m tests.chaos --trials 100 --seed 7: see docs/chaos.md."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

SECRETS = {
    "SECRET_KEY": "only-for-chaos-" + "0123456789" * 5,
    "SESSION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


def main() -> int:
    asked = _parser().parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        (folder / "data").mkdir()
        os.environ.update(
            ENV_FILE="",
            DJANGO_SETTINGS_MODULE="brokerbay.settings",
            DATA_DIR=str(folder / "data"),
            LOG_LEVEL="WARNING",
            DATABASE_URL=_database(stack, asked.database),
            REDIS_URL=_redis(stack, asked.broker, folder),
            **SECRETS,
        )
        import django

        django.setup()
        from tests.chaos import session

        return session.run(asked, folder)


def _database(stack: ExitStack, kind: str) -> str:
    if kind == "sqlite":
        return ""
    from tests import postgresql

    binaries = postgresql.binaries()
    if binaries is None:
        sys.exit("No PostgreSQL here (apt-get install postgresql).")
    words = dict(word.split("=") for word in stack.enter_context(postgresql.running(binaries)).split())
    return f"postgres://{words['user']}:none@{words['host']}:{words['port']}/{words['dbname']}"


def _redis(stack: ExitStack, kind: str, folder: Path) -> str:
    if kind == "orm":
        return ""
    from tests import redis_server

    return stack.enter_context(redis_server.running(folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="random trials, an injury each (20)")
    parser.add_argument("--first", type=int, default=0, help="begin with this trial of the plan (0)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same plan (1)")
    parser.add_argument("--broker", choices=["orm", "redis"], default="orm")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--row", default="", help="only these rows of the fault matrix: 8,20; or all")
    parser.add_argument("--case", default="", help="only the named cases: killed_after_claim,rung_by_many")
    parser.add_argument("--without", default="", help="take a guard away, which must turn it red; or each")
    parser.add_argument("--pace", type=float, default=0.1, help="the protocol's clock, as a factor (0.1)")
    parser.add_argument("--report", type=Path, help="write what is printed there, too")
    parser.add_argument("--table", action="store_true", help="print where each row is proven, and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
