"""What a failed attempt leaves for people: markup, a trace, pictures; and what is in none of them."""

from __future__ import annotations

import io
import zipfile

from automation.engine.contract import Outcome, Result
from automation.engine.flow import play
from automation.engine.snapshot import LIMIT, cleaned
from tests.automation.engine.conftest import ACCOUNT, Bay, Remembering


def traced(bay: Bay, **patience: float) -> Outcome:
    async def played() -> Outcome:
        async with bay.browser.context_for(ACCOUNT, bay.state) as context:
            site = bay.site(**patience)
            return await play(context, bay.order(), site=site, listener=Remembering(), trace=True)

    return bay.loop.run(played())


def test_a_page_that_changed_leaves_its_markup_without_what_is_personal(bay: Bay) -> None:
    bay.control.set_fault("submit_stays_disabled")
    outcome = bay.play(bay.order(), step_timeout=2.0, send_timeout=1.0)
    assert outcome.code == "page_changed"
    assert "timeslot-selected" in outcome.snapshot
    assert "<script" not in outcome.snapshot
    assert ACCOUNT not in outcome.snapshot
    assert all(cookie["value"] not in outcome.snapshot for cookie in bay.state["cookies"])


def test_a_refusal_leaves_no_markup(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, showings_on=False)
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.snapshot, outcome.trace) == (Result.REFUSED, "", None)


def test_markup_is_kept_to_its_limit() -> None:
    assert len(cleaned("<p>x</p>" * LIMIT)) == LIMIT


def test_a_traced_attempt_that_fails_leaves_its_trace_without_the_session(bay: Bay) -> None:
    bay.control.set_fault("submit_stays_disabled")
    outcome = traced(bay, step_timeout=2.0, send_timeout=1.0)
    assert outcome.trace is not None
    with zipfile.ZipFile(io.BytesIO(outcome.trace)) as kept:
        names = kept.namelist()
        whole = b"".join(kept.read(name) for name in names)
    assert any(name.endswith(".network") for name in names)
    assert any(name.endswith((".jpeg", ".png", ".webp")) for name in names)
    assert b"/my/showings" in whole
    for cookie in bay.state["cookies"]:
        assert cookie["value"].encode() not in whole
    assert outcome.session_state is not None
    for cookie in outcome.session_state["cookies"]:
        assert cookie["value"].encode() not in whole


def test_a_traced_attempt_that_ends_well_leaves_none_and_the_next_may_be_traced(bay: Bay) -> None:
    outcome = traced(bay)
    assert (outcome.result, outcome.trace) == (Result.BOOKED, None)
    bay.control.set_fault("submit_stays_disabled")
    bay.control.set_clock(None)
    for showing in bay.control.showings():
        bay.control.set_status(showing.id, "Cancelled")
    assert traced(bay, step_timeout=2.0, send_timeout=1.0).trace


def test_a_picture_does_not_show_the_accounts_email(bay: Bay) -> None:
    async def colours() -> tuple[str, str]:
        async with bay.browser.context_for(ACCOUNT, bay.state) as context:
            shown: list[tuple[str, str]] = []

            class Looking(Remembering):
                async def told(self, line):  # type: ignore[no-untyped-def]
                    await super().told(line)
                    if line.step.value == "choose_slot" and line.duration_ms:
                        select = context.pages[0].locator("select[name='sendInstructionBy']")
                        shown.append(
                            await select.evaluate(
                                "one => [getComputedStyle(one).color, one.selectedOptions[0].text]"
                            )
                        )

            await play(context, bay.order(rehearse=True), site=bay.site(), listener=Looking())
            return shown[0]

    colour, text = bay.loop.run(colours())
    assert ACCOUNT in text
    assert colour == "rgba(0, 0, 0, 0)"
