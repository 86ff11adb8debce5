"""What `make run` says first, and what the demo leaves alone."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from brokerbay.logs import logging_config
from brokerbay.management.commands.run_portal import MAY_SEED_FOR, Command, what_to_know
from brokerbay.ops import demo, local_sites


def test_the_first_lines_name_everybody_who_may_sign_in_and_where_to_look(
    tmp_path: Path, settings: Any
) -> None:
    settings.DEMO_PASSWORD = "shown-once-to-all"
    sites = local_sites.plan(
        data_dir=tmp_path, configured={"BROKERBAY_URL": "", "SUPABASE_URL": ""}, token="hush"
    )
    told = "\n".join(what_to_know(sites))
    assert {"admin", *(name for partner in demo.PARTNERS for name in partner.people)} <= set(
        told.replace(",", " ").split()
    )
    assert "shown-once-to-all" in told
    assert sites.environment["BROKERBAY_URL"] in told
    assert "hush" not in told


def test_a_demo_password_that_came_later_is_not_announced_as_the_one_to_use(
    db: None, tmp_path: Path, settings: Any
) -> None:
    demo.make_people("the-first-password")
    assert demo.is_password("the-first-password")
    settings.DEMO_PASSWORD = "a-later-password"
    assert not demo.is_password(settings.DEMO_PASSWORD)
    sites = local_sites.plan(
        data_dir=tmp_path, configured={"BROKERBAY_URL": "", "SUPABASE_URL": ""}, token="hush"
    )
    told = "\n".join(what_to_know(sites, is_password=False))
    assert "a-later-password" not in told
    assert "password as before" in told


def test_the_first_lines_wait_for_the_people_and_tell_the_password(
    transactional_db: None, tmp_path: Path, settings: Any
) -> None:
    settings.DEMO_PASSWORD = "shown-once-to-all"
    sites = local_sites.plan(
        data_dir=tmp_path, configured={"BROKERBAY_URL": "", "SUPABASE_URL": ""}, token="hush"
    )
    waited = []

    class Seeding(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            demo.make_people(settings.DEMO_PASSWORD)
            return True

    said = io.StringIO()
    assert demo.is_password(settings.DEMO_PASSWORD), "who is not made yet will be made with it"
    Command(stdout=said)._announce(sites, Seeding())
    assert waited == [MAY_SEED_FOR]
    assert "password shown-once-to-all" in said.getvalue()


def test_the_first_lines_are_let_go_even_by_a_seed_that_fails(
    tmp_path: Path, settings: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    settings.BASE_DIR = tmp_path  # no manage.py is there
    seeded = threading.Event()
    Command()._seed({}, seeded)
    assert seeded.is_set()


@pytest.mark.parametrize("far", ["BROKERBAY_URL", "SUPABASE_URL"])
def test_the_demo_refuses_to_steer_a_site_that_is_not_this_machines(
    db: None, settings: Any, far: str
) -> None:
    settings.DEMO_PASSWORD = settings.SIMULATOR_TOKEN = "for-this-test-only"
    settings.BROKERBAY_URL = settings.SUPABASE_URL = "http://127.0.0.1:9"
    setattr(settings, far, "https://elsewhere.example.com")
    with pytest.raises(CommandError, match=f"{far} does not lead to this machine"):
        call_command("seed_demo")
    assert not User.objects.exists()


@pytest.mark.parametrize(("level", "heard"), [("INFO", "WARNING"), ("DEBUG", "DEBUG"), ("ERROR", "ERROR")])
def test_a_line_for_every_doorbell_is_told_to_who_debugs(level: str, heard: str) -> None:
    loggers = logging_config(level=level, form="text")["loggers"]
    assert {loggers[name]["level"] for name in ("django-q", "django_eventstream")} == {heard}
