"""The local upstream itself, where the portal's sources do not already prove it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from ingest.simulator.control import ROOT, SECRET_KEY, TABLE, VISITOR_KEY, Upstream, running


def rest(upstream: Upstream, **headers: str) -> requests.Session:
    session = requests.Session()
    session.headers.update({"apikey": SECRET_KEY, **headers})
    return session


def test_what_it_knows_outlives_it(tmp_path: Path) -> None:
    state = tmp_path / "upstream.json"
    with running(state) as first:
        first.insert_request(id="r1", status="scheduled")
        first.insert_property("W1", street="12 King St")
    with running(state) as second:
        known = second.state()
    assert [row["id"] for row in known["requests"]] == ["r1"]
    assert [home["id"] for home in known["properties"]] == ["W1"]


def test_its_control_wants_the_token(tmp_path: Path) -> None:
    with running(options=("--control-token", "sesame")) as upstream:
        with pytest.raises(requests.HTTPError, match="401"):
            upstream.state()
        assert Upstream(upstream.url, token="sesame").state()["requests"] == []


def test_it_dies_with_its_parent_however_that_dies() -> None:
    code = (
        "import subprocess, sys; command = [sys.executable, '-m', 'ingest.simulator', '--die-with-parent']; "
        "subprocess.Popen(command); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    with parent.stdin, parent.stdout as told:
        address = told.readline().decode().partition("http://")[2].strip()
        host, _, port = address.partition(":")
        socket.create_connection((host, int(port)), timeout=5).close()
        parent.kill()
        parent.wait()
        # Its end of the pipe closes only with its own end.
        assert told.read() == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)


def test_a_fault_that_it_does_not_know_is_refused(upstream: Upstream) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        upstream.break_it("rest", "earthquake")


def test_counts_and_ranges_are_postgrests_own(upstream: Upstream) -> None:
    upstream.insert_requests([{"id": f"r{n}"} for n in range(9)])
    url = f"{upstream.url}/rest/v1/{TABLE}"
    with rest(upstream, Prefer="count=exact") as session:
        part = session.get(url, params={"limit": "3", "offset": "2"})
        ranged = session.get(url, headers={"Range": "0-1"})
        whole = session.get(url)
        beyond = session.get(url, params={"offset": "25"})
    assert (part.status_code, part.headers["Content-Range"]) == (206, "2-4/9")
    assert (ranged.status_code, ranged.headers["Content-Range"]) == (206, "0-1/9")
    assert (whole.status_code, whole.headers["Content-Range"]) == (200, "0-8/9")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "*/9")


def test_a_patch_changes_what_it_names_and_never_404s(upstream: Upstream) -> None:
    upstream.insert_request(id="r1", status="scheduled")
    url = f"{upstream.url}/rest/v1/{TABLE}"
    with rest(upstream, Prefer="return=representation") as session:
        changed = session.patch(url, params={"id": "eq.r1"}, json={"status": "confirmed"})
        nothing = session.patch(url, params={"id": "eq.r2"}, json={"status": "confirmed"})
    assert [row["status"] for row in changed.json()] == ["confirmed"]
    assert (nothing.status_code, nothing.json()) == (200, [])


def test_an_insert_takes_a_row_once(upstream: Upstream) -> None:
    url = f"{upstream.url}/rest/v1/{TABLE}"
    with rest(upstream) as session:
        first = session.post(url, json={"id": "r1"})
        again = session.post(url, json={"id": "r1"})
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["code"] == "23505"


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"nobody": "eq.1"}, 400, "42703"),
        ({"status": "sort_of.x"}, 400, "PGRST100"),
        ({"created_at": "gt.2026-11-21T00:00:00 00:00x"}, 400, "22007"),
        ({"limit": "many"}, 400, "PGRST100"),
        ({"or": "status.eq.x"}, 400, "PGRST100"),
    ],
)
def test_a_bad_question_is_refused_as_postgrest_does(
    upstream: Upstream, params: dict[str, str], status: int, code: str
) -> None:
    with rest(upstream) as session:
        answer = session.get(f"{upstream.url}/rest/v1/{TABLE}", params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_gateway_speaks_before_postgrest(upstream: Upstream) -> None:
    url = f"{upstream.url}/rest/v1/{TABLE}"
    assert requests.get(url, timeout=5).json()["message"] == "No API key found in request"
    wrong = requests.get(url, headers={"apikey": "sb_secret_x"}, timeout=5)
    browser = requests.get(url, headers={"apikey": SECRET_KEY, "User-Agent": "Mozilla/5.0"}, timeout=5)
    visitor = requests.get(url, headers={"apikey": VISITOR_KEY}, timeout=5)
    assert (wrong.status_code, browser.status_code, visitor.status_code) == (401, 401, 200)
    assert "code" not in wrong.json()
    assert "browser" in browser.json()["message"]


def test_nested_logic_and_negation_are_understood(upstream: Upstream) -> None:
    upstream.insert_requests(
        [
            {"id": "a", "status": "pending", "scheduled_date": "2026-12-01"},
            {"id": "b", "status": "scheduled", "scheduled_date": None},
            {"id": "c", "status": "cancelled", "scheduled_date": "2026-12-03"},
        ]
    )
    logic = "(and(status.eq.pending,scheduled_date.lt.2026-12-02),scheduled_date.is.null)"
    with rest(upstream) as session:
        url = f"{upstream.url}/rest/v1/{TABLE}"
        either = session.get(url, params={"or": logic, "order": "id"}).json()
        neither = session.get(url, params={"status": "not.in.(pending,scheduled)"}).json()
    assert [row["id"] for row in either] == ["a", "b"]
    assert [row["id"] for row in neither] == ["c"]
