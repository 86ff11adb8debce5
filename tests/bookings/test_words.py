"""The room's README says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps

from automation.engine import errors
from bookings.vocabulary import REASONS, RUN_MOVES, RunState

README = (Path(__file__).resolve().parents[2] / "bookings" / "README.md").read_text()


def test_the_table_of_moves_is_the_code() -> None:
    rows = re.findall(r"^\| (\w+) \| ([\w, –]+) \|$", README.partition("| from | to |")[2], re.MULTILINE)
    told = {name: {word.strip() for word in moves.split(",")} - {"–"} for name, moves in rows}
    assert told == {state.value: {move.value for move in moves} for state, moves in RUN_MOVES.items()}


def test_every_table_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:bookings_|processed_)?\w+)` \|$", README, re.MULTILINE))
    assert named <= {model._meta.db_table for model in apps.get_models()}


@pytest.mark.parametrize("error", errors.StepError.__subclasses__(), ids=lambda error: error.code)
def test_every_typed_failure_has_plain_words_and_a_next_step(error: type[errors.StepError]) -> None:
    title, next_step = REASONS[error.code]
    assert title
    assert next_step


def test_no_ended_state_moves_by_itself_into_a_second_booking() -> None:
    assert RUN_MOVES[RunState.BOOKED] == frozenset()
