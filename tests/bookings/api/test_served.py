"""The API on a real server, as strangers meet it: by its page's command lines, and by its document alone.

A few examples an operation, the same ones each time; `make fuzz N=200 SEED=2` asks longer, and otherwise.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bookings.live.portal import PROJECT, environment, free_port, server

EXAMPLES, SEED = os.environ.get("FUZZ_EXAMPLES", "4"), os.environ.get("FUZZ_SEED", "1")
# A stream lasts as long as its job, so it has tests of its own; here it is asked for jobs that are not there.
PHASES = "examples,coverage,fuzzing"
CAST = """
import json
from bookings.models import BookingRun
from bookings.services import people
from tests.bookings.cast import make_booking, make_cast, make_request, make_run
cast = make_cast()
make_request(cast.partner), make_booking(cast.other_account), make_run(cast.other)
run = make_run(cast.partner, by=cast.manager)
BookingRun.objects.filter(pk=run.pk).update(state="refused", reason_code="not_bookable")
bookings = [make_booking(cast.account).pk for _ in range(30)]
key = people.create_key(cast.manager, "stranger")
print(json.dumps({"key": key, "job": str(run.uuid), "account": cast.account.pk, "bookings": bookings}))
"""
# The job of the example waits for no such answer, and nobody works here who could look a home up.
REFUSED = {"/api/auto-book/$JOB_ID/answer": "409", "/api/property-exists": "504"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    address: str
    there: dict[str, Any]
    env: dict[str, str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    env = environment(tmp_path_factory.mktemp("served"), API_REQUESTS_PER_MINUTE="0")
    for words in (["migrate", "-v0"], ["createcachetable"], ["shell", "-v0", "-c", CAST]):
        ran = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=PROJECT, env=env, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    port = free_port()
    with server(env, port, application="tests.bookings.api.served:application"):
        yield Served(address=f"http://127.0.0.1:{port}", there=json.loads(ran.stdout), env=env)


def test_every_command_line_of_the_page_works_as_it_stands(served: Served) -> None:
    with urllib.request.urlopen(f"{served.address}/api/docs") as answer:
        page = answer.read().decode()
    commands = [html.unescape(one) for one in re.findall(r"<pre[^>]*data-curl[^>]*>(.*?)</pre>", page, re.S)]
    assert len(commands) >= 20
    told = {command: _pasted(served, command, number) for number, command in enumerate(commands)}
    expected = {command: REFUSED.get(_path_in(command), told[command]) for command in commands}
    assert told == expected
    assert set(told.values()) == {"200", "202", "409", "504"}


def _path_in(command: str) -> str:
    return command.partition("$PORTAL")[2].partition('"')[0]


def _pasted(served: Served, command: str, number: int) -> str:
    """The status that curl gets from what stands on the page; each command has a booking of its own."""
    env = {
        "PATH": os.environ["PATH"],
        "PORTAL": served.address,
        "KEY": served.there["key"],
        "BOOKING_ID": str(served.there["bookings"][number]),
        "JOB_ID": served.there["job"],
        "ACCOUNT_ID": str(served.there["account"]),
    }
    asked = command.replace("curl", "curl --silent --show-error --write-out '\\n%{http_code}'", 1)
    ran = subprocess.run(["bash", "-c", asked], env=env, check=True, stdout=subprocess.PIPE, text=True)
    return ran.stdout.rpartition("\n")[2]


def test_every_answer_is_one_that_the_document_describes(served: Served, tmp_path: Path) -> None:
    asked = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            f"--config-file={Path(__file__).with_name('schemathesis.toml')}",
            "run",
            f"{served.address}/api/openapi.json",
            f"--header=Authorization: Bearer {served.there['key']}",
            f"--phases={PHASES}",
            f"--max-examples={EXAMPLES}",
            f"--seed={SEED}",
            "--checks=all",
            "--continue-on-failure",
            "--suppress-health-check=all",
            "--generation-database=none",
        ],
        cwd=tmp_path,
        env=served.env,
        capture_output=True,
        text=True,
        check=False,
    )
    print(asked.stdout)
    assert asked.returncode == 0, asked.stdout + asked.stderr
