"""The commands that people type, and the tasks that the queue rings for."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Property, ShowingRequest
from bookings.services import sync
from ingest import homes, tasks
from ingest.simulator.control import SECRET_KEY, Upstream

pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def configured(settings: Any, upstream: Upstream) -> None:
    settings.SUPABASE_URL = settings.PROPERTY_API_URL = upstream.url
    settings.SUPABASE_KEY, settings.SUPABASE_TABLE = SECRET_KEY, "showing_requests"
    settings.PROPERTY_API_KEY = ""
    upstream.insert_request(id="r1", property_id="W12345678", status="scheduled")
    upstream.insert_property("W12345678", street="12 King St", city="Toronto")


def run(name: str, terminal: bool = False) -> str:
    out = Terminal() if terminal else io.StringIO()
    call_command(name, stdout=out, no_color=True)
    return out.getvalue()


def test_sync_now_does_everything_and_says_so_in_one_line() -> None:
    said = run("sync_now")
    assert "1 requests read (1 new" in said
    assert "1 addresses found" in said
    assert said.count("\n") == 1


def test_each_part_can_be_fetched_alone() -> None:
    run("fetch_showing_requests")
    assert ShowingRequest.objects.count() == 1
    assert Property.objects.get().address == ""
    run("fetch_property_addresses")
    assert Property.objects.get().address == "12 King St, Toronto, ON"


def test_a_terminal_sees_progress() -> None:
    assert "\rReading requests: 1" in run("sync_now", terminal=True)


def test_a_source_that_is_down_is_a_plain_error(settings: Any) -> None:
    settings.SUPABASE_KEY = "sb_secret_wrong"
    with pytest.raises(CommandError, match="Check SUPABASE_KEY") as failed:
        run("fetch_showing_requests")
    assert failed.value.returncode == 1


def test_done_in_part_has_an_exit_code_of_its_own(upstream: Upstream) -> None:
    upstream.break_it("properties", "status", status=401)
    with pytest.raises(CommandError, match="PROPERTY_API_URL") as partly:
        run("sync_now")
    assert partly.value.returncode == 2


def test_a_pass_under_way_is_not_disturbed() -> None:
    sync.begin("elsewhere")
    with pytest.raises(CommandError, match="Another pass is running") as busy:
        run("sync_now")
    assert busy.value.returncode == 3
    assert tasks.sync() == "Another pass is running."


def test_ctrl_c_is_no_traceback_and_leaves_no_pass_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(homes, "learn", interrupt)
    with pytest.raises(CommandError, match=r"Stopped\.") as stopped:
        run("sync_now")
    assert stopped.value.returncode == 130
    assert sync.begin("next") is not None


def test_the_doorbells_answer_in_words() -> None:
    assert "1 requests read (1 new" in tasks.sync("admin")
    assert "0 requests read" in tasks.fetch_addresses()
