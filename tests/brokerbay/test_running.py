"""Preparing, starting and ending the portal on one machine."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from automation.engine.browser import BrowserMissing, find_executable
from brokerbay.ops import local_sites, portal, secrets

NONE_REAL = {"BROKERBAY_URL": "", "SUPABASE_URL": ""}


def test_secrets_are_made_once_and_are_the_owners_alone(tmp_path: Path) -> None:
    path = secrets.keep(tmp_path / "data")
    first = path.read_text()
    path.chmod(0o644)
    assert secrets.keep(tmp_path / "data").read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {line.split("=")[0] for line in first.splitlines()} == set(secrets.MAKERS)


def test_local_sites_keep_their_ports_and_real_ones_are_left_alone(tmp_path: Path) -> None:
    first = local_sites.plan(data_dir=tmp_path, configured=NONE_REAL, token="t")
    again = local_sites.plan(data_dir=tmp_path, configured=NONE_REAL, token="t")
    assert again.ports == first.ports
    assert set(first.commands) == {"brokerbay-sim", "supabase-sim"}

    real = {**NONE_REAL, "SUPABASE_URL": "https://project.supabase.example"}
    mixed = local_sites.plan(data_dir=tmp_path, configured=real, token="t")
    assert set(mixed.commands) == {"brokerbay-sim"}
    assert "SUPABASE_KEY" not in mixed.environment


def test_a_property_api_of_ones_own_is_asked_beside_the_local_sites(tmp_path: Path) -> None:
    own = {**NONE_REAL, "PROPERTY_API_URL": "https://homes.example"}
    assert (
        "PROPERTY_API_URL" not in local_sites.plan(data_dir=tmp_path, configured=own, token="t").environment
    )
    local = local_sites.plan(data_dir=tmp_path, configured=NONE_REAL, token="t").environment
    assert local["PROPERTY_API_URL"] == local["SUPABASE_URL"]
    same = {**NONE_REAL, "PROPERTY_API_URL": local["PROPERTY_API_URL"]}
    assert "PROPERTY_API_URL" in local_sites.plan(data_dir=tmp_path, configured=same, token="t").environment


def test_a_local_site_whose_port_was_taken_gets_another(tmp_path: Path) -> None:
    first = local_sites.plan(data_dir=tmp_path, configured=NONE_REAL, token="t")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first.ports[0]))
        taken.listen()
        again = local_sites.plan(data_dir=tmp_path, configured=NONE_REAL, token="t")
    assert first.ports[0] not in again.ports


def test_the_control_token_is_on_no_command_line_and_in_no_file(tmp_path: Path) -> None:
    sites = local_sites.plan(data_dir=tmp_path, configured=NONE_REAL, token="hush")
    assert "hush" not in " ".join(sites.commands.values())
    assert "hush" not in (tmp_path / "local-sites.env").read_text()


def test_a_port_in_use_is_told_with_another_to_take() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(portal.CannotStart, match=rf"Port {port} .*make run PORT={port + 1}"):
            portal.require_port("127.0.0.1", port)


def test_data_belongs_to_one_portal_at_a_time(tmp_path: Path) -> None:
    with portal.only_one(tmp_path), pytest.raises(portal.CannotStart, match="Another portal is running"):
        portal.only_one(tmp_path).__enter__()
    with portal.only_one(tmp_path):
        pass


def test_a_site_is_ended_after_everything_that_leans_on_it() -> None:
    ends_at_once, lasts = "true", "tail -f /dev/null"
    program = (
        "from pathlib import Path; from brokerbay.ops import portal; import os; "
        f"portal.run(dict(site={lasts!r}, web={lasts!r}, worker={ends_at_once!r}), leaned_on=['site'], "
        "environment=os.environ, base=Path.cwd())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=40,
    )
    told = [line.split("| ", 1)[1].split(" (")[0] for line in done.stdout.splitlines()]
    assert told[-4:] == ["sending SIGTERM to web", "web stopped", "sending SIGTERM to site", "site stopped"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_portal_starts_and_leaves_no_process_behind(how: signal.Signals, tmp_path: Path) -> None:
    with _running(tmp_path) as (process, port):
        _wait_until(lambda: portal.is_live("127.0.0.1", port), "the portal answers")
        below = psutil.Process(process.pid).children(recursive=True)
        assert len(below) > 10
        process.send_signal(how)
        code = process.wait(40)
        assert code == (-signal.SIGKILL if how is signal.SIGKILL else 0)
        _, alive = psutil.wait_procs(below, timeout=10)
        assert [one.cmdline() for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


def test_a_portal_killed_while_it_fills_the_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    with _running(tmp_path) as (process, _):
        portal_itself = psutil.Process(process.pid)
        _wait_until(lambda: bool(_seeding(portal_itself)), "the demo is being filled")
        frozen = _seeding(portal_itself)
        for one in frozen:
            one.suspend()  # it would end by itself otherwise, sooner or later
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(frozen, timeout=10)
        for one in alive:
            one.kill()
        assert alive == []


def _seeding(portal_itself: psutil.Process) -> list[psutil.Process]:
    """Leashed already: before that its last word is the whole command."""
    return [one for one in portal_itself.children() if one.cmdline()[-1:] == ["seed_demo"]]


@contextmanager
def _running(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    try:
        find_executable()
    except BrowserMissing as missing:
        pytest.skip(str(missing))
    port = local_sites.free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_portal"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATA_DIR": str(data_dir), "DATABASE_URL": "", "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_until(so: Callable[[], bool], what: str, seconds: float = 60) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if so():
            return
        pause.wait(0.1)
    pytest.fail(f"Within {seconds} s it never was so that {what}")
