"""At the gate, the engine waits for the word of the thread that writes the intent down."""

from __future__ import annotations

import asyncio
import concurrent.futures

import pytest

from automation import relay
from automation.engine.errors import Stopped
from bookings.models import BookingRun


def at_the_gate(answer: bool) -> None:
    async def meet() -> None:
        inbox = relay.Inbox()
        waiting = asyncio.ensure_future(inbox.before_submit())
        await asyncio.sleep(0)
        (question,) = inbox.take(timeout=1)
        assert isinstance(question, relay.Question)
        question.answer.set_result(answer)
        await waiting

    asyncio.run(meet())


def test_a_committed_intent_lets_the_request_go() -> None:
    at_the_gate(True)


def test_without_an_intent_nothing_is_sent() -> None:
    with pytest.raises(Stopped, match="Nothing was sent"):
        at_the_gate(False)


def test_nothing_is_committed_for_a_request_that_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its engine was stopped while this thread waited for the rows."""
    passed: list[int] = []
    monkeypatch.setattr(relay.runs, "pass_gate", lambda run, fence: passed.append(run) or True)
    watch = relay._Watch.__new__(relay._Watch)
    watch.run, watch.fence, watch._has_given_up = BookingRun(pk=1), 1, False
    question = relay.Question(concurrent.futures.Future())
    question.answer.cancel()
    watch._answer(question)
    assert passed == []
    watch._give_up(concurrent.futures.Future())
    late = relay.Question(concurrent.futures.Future())
    watch._answer(late)
    assert (late.answer.result(), passed) == (False, [])


def test_an_intent_that_came_too_late_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the worker was frozen at its gate: the quiet time has been running since."""
    monkeypatch.setattr(relay, "SEND_WITHIN", -1.0)
    with pytest.raises(Stopped, match="too long"):
        at_the_gate(True)
