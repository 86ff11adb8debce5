"""What is looked at before anything starts."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage

from brokerbay import checks

FINDINGS: list[tuple[str, Any, dict[str, Any]]] = [
    ("brokerbay.E001", checks.data_dir_is_ours, {"DATA_DIR": Path(__file__) / "data"}),
    (
        "brokerbay.W001",
        checks.the_outside_gets_https,
        {"ALLOWED_HOSTS": ["portal.example.com"], "HTTPS": False},
    ),
    ("brokerbay.E002", checks.debug_stays_home, {"ALLOWED_HOSTS": ["portal.example.com"], "DEBUG": True}),
    ("brokerbay.E003", checks.the_browser_is_there, {"BROWSER_EXECUTABLE": "/nowhere/chromium"}),
    ("brokerbay.E004", checks.root_has_no_sandbox, {"BROWSER_SANDBOX": True}),
]


@pytest.mark.parametrize(("number", "look", "changed"), FINDINGS, ids=[one[0] for one in FINDINGS])
def test_a_finding_has_its_number_and_a_cure(
    number: str, look: Any, changed: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name, value in changed.items():
        setattr(settings, name, value)
    (found,) = _found(look)
    assert found.id == number
    assert found.hint


@pytest.mark.parametrize("look", [one[1] for one in FINDINGS])
def test_the_portal_as_it_comes_has_no_finding(look: Any) -> None:
    assert _found(look) == []


def _found(look: Any) -> list[CheckMessage]:
    return list(look(None))
