"""axe finds nothing against any type of page: light and dark, at a desk and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from playwright.sync_api import Page as Tab

from tests.bookings.live.everyone.conftest import PHONE, WIDE, Open
from tests.bookings.live.everyone.pages import ADMIN_PAGES, ERRORS, OWN_PAGES, Page
from tests.bookings.live.portal import Portal

AXE = Path(settings.BASE_DIR) / "var" / "tools" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What colours and width can change; asked in all four ways of our own pages, all the rest in two of them, and
# in one of the admin's, whose frame is the same on every page.
LOOKS = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]
ADMIN_WAYS = (("light", WIDE, RULES), ("dark", PHONE, LOOKS))
OWN_WAYS = (("light", WIDE, RULES), ("dark", PHONE, RULES), ("light", PHONE, LOOKS), ("dark", WIDE, LOOKS))

pytestmark = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed; .ci/run brings it")


def violations(tab: Tab, asked: list[str]) -> list[str]:
    """What axe holds against the page as it is shown, a line for each element."""
    found: list[dict[str, Any]] = tab.evaluate(
        "([type, values]) => axe.run({runOnly: {type, values}, resultTypes: ['violations']})"
        ".then(told => told.violations)",
        ["tag" if asked is RULES else "rule", asked],
    )
    return [
        f"{each['id']}: {' '.join(node['target'])}: {node['failureSummary'].splitlines()[1].strip()}"
        for each in found
        for node in each["nodes"]
    ]


def against(tab: Tab, ways: tuple[tuple[str, Any, list[str]], ...]) -> list[str]:
    told = []
    for colours, size, asked in ways:
        tab.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        tab.set_viewport_size(size)
        told += [f"{colours}, {size['width']}: {line}" for line in violations(tab, asked)]
    return told


@pytest.mark.parametrize("page", [*OWN_PAGES, *ADMIN_PAGES], ids=lambda page: str(page.name))
def test_nothing_stands_in_anybodys_way(opened: Open, page: Page) -> None:
    tab = opened(page, script=AXE.read_text())
    assert against(tab, ADMIN_WAYS if page.is_admin else OWN_WAYS) == []


@pytest.mark.parametrize("model", ["booking", "showingrequest", "bookingrun", "property", "person"])
def test_nor_in_a_lists_filters(opened: Open, model: str) -> None:
    at = f"/admin/bookings/{model}/" if model != "person" else "/admin/auth/user/"
    tab = opened(Page(name=model, at=at, who="admin", is_admin=True), script=AXE.read_text())
    tab.get_by_role("button", name="Filters").click()
    tab.get_by_role("button", name="Apply Filters").wait_for()
    assert against(tab, OWN_WAYS) == []


@pytest.mark.parametrize("error", ERRORS)
def test_nor_on_a_page_that_tells_of_an_error(portal: Portal, tabs: Any, error: str) -> None:
    tab: Tab = tabs("", script=AXE.read_text())
    address = f"{portal.address}/error/{error}"
    tab.route(address, lambda route: route.fulfill(body=render_to_string(f"{error}.html"), status=200))
    tab.goto(address)
    assert against(tab, OWN_WAYS) == []
