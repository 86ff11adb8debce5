from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bookings.services.showings import IncomingShowing
from ingest.parse import read_property, read_request
from ingest.shapes import IncomingProperty, Malformed
from ingest.simulator import homes
from ingest.sources.http import read_json

ROW = {
    "id": "6a1f",
    "user_id": "u1",
    "property_id": "W12345678",
    "status": "scheduled",
    "created_at": "2026-11-21T05:46:54.807+00:00",
    "scheduled_date": "2026-11-25",
    "scheduled_time": "14:30:00",
    "group_name": "Saturday",
}


def read(**changes: Any) -> IncomingShowing | Malformed:
    return read_request({**ROW, **changes})


def reason_of(**changes: Any) -> str:
    found = read(**changes)
    assert isinstance(found, Malformed), found
    return found.reason


def test_a_row_is_read_as_it_stands() -> None:
    assert read() == IncomingShowing(
        id="6a1f",
        user_id="u1",
        property_id="W12345678",
        status="scheduled",
        created_at=datetime(2026, 11, 21, 5, 46, 54, 807000, tzinfo=UTC),
        scheduled_date=date(2026, 11, 25),
        scheduled_time=time(14, 30),
        group_name="Saturday",
        updated_at=None,
        raw=ROW,
    )


def test_nothing_is_invented_for_what_is_empty() -> None:
    row = read(
        user_id=None,
        property_id=None,
        scheduled_date=None,
        scheduled_time="",
        group_name=None,
        created_at=None,
    )
    assert isinstance(row, IncomingShowing)
    assert (row.user_id, row.property_id, row.group_name) == ("", "", "")
    assert (row.scheduled_date, row.scheduled_time, row.created_at) == (None, None, None)


def test_both_written_forms_of_an_instant_are_read() -> None:
    forms = ("2026-11-21 05:46:54.807+00", "2026-11-21T00:46:54.807-05:00", "2026-11-21T05:46:54.807Z")
    for form in forms:
        row = read(created_at=form, updated_at=form)
        assert isinstance(row, IncomingShowing)
        assert row.created_at == row.updated_at == datetime(2026, 11, 21, 5, 46, 54, 807000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("14:30", time(14, 30)),
        ("14:30:15.25", time(14, 30, 15)),
        ("2:30 PM", time(14, 30)),
        ("12:05 am", time(0, 5)),
    ],
)
def test_a_time_is_read_in_the_ways_it_is_written(written: str, meant: time) -> None:
    row = read(scheduled_time=written)
    assert isinstance(row, IncomingShowing)
    assert row.scheduled_time == meant


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "id is missing."),
        ({"id": " "}, "id is missing."),
        ({"id": "a\x00b"}, "id holds characters that are no text."),
        ({"id": True}, "id is not a text."),
        ({"id": "x" * 101}, "id is longer than 100 characters."),
        ({"status": None}, "status is missing."),
        ({"status": ["scheduled"]}, "status is not a text."),
        ({"property_id": {"mls": "W1"}}, "property_id is not a text."),
        ({"property_id": "W" * 41}, "property_id is longer than 40 characters."),
        ({"group_name": ["Saturday"]}, "group_name is not a text."),
        ({"id": "6a1f "}, "id has spaces around it."),
        ({"id": " 6a1f"}, "id has spaces around it."),
        ({"scheduled_date": "25/11/2026"}, "scheduled_date is no date like 2026-11-21."),
        ({"scheduled_date": "2026-02-30"}, "scheduled_date is no day of the calendar."),
        ({"scheduled_date": "0000-01-01"}, "scheduled_date is no day of the calendar."),
        ({"scheduled_date": "9999-12-31"}, "scheduled_date is in the year 9999."),
        ({"scheduled_date": "infinity"}, "scheduled_date is no date like 2026-11-21."),
        ({"scheduled_date": 20261125}, "scheduled_date is not a text."),
        ({"scheduled_time": "24:00:00"}, "scheduled_time is no time of the day."),
        ({"scheduled_time": "14:30:00+05"}, "scheduled_time is no time like 14:30:00."),
        ({"scheduled_time": "13:00 PM"}, "scheduled_time is no time like 14:30:00."),
        ({"scheduled_time": "afternoon"}, "scheduled_time is no time like 14:30:00."),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at is no point in time."),
        ({"created_at": "0001-06-01T00:00:00+00:00"}, "created_at is in the year 1."),
        ({"created_at": "yesterday"}, "created_at is no point in time."),
    ],
)
def test_a_row_that_cannot_be_understood_says_why(changes: dict[str, Any], reason: str) -> None:
    assert reason_of(**changes) == reason


def test_a_change_from_the_future_does_not_outdate_those_to_come() -> None:
    row = read(updated_at="2199-01-01T00:00:00+00:00")
    assert isinstance(row, IncomingShowing)
    assert row.updated_at is None
    soon = datetime.now(UTC) + timedelta(minutes=1)
    row = read(updated_at=soon.isoformat())
    assert isinstance(row, IncomingShowing)
    assert row.updated_at == soon


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Sat\u00a0tour", "Sat tour"),
        ("Sat\ntour\u200b", "Sat tour"),
        ("\ud800", ""),
        ("x" * 500, "x" * 200),
        (7, "7"),
    ],
)
def test_no_showing_is_lost_for_how_its_group_is_written(written: object, kept: str) -> None:
    row = read(group_name=written)
    assert isinstance(row, IncomingShowing)
    assert row.group_name == kept


@pytest.mark.parametrize("raw", [None, 7, "row", [], [ROW]])
def test_what_is_no_row_is_kept_too(raw: object) -> None:
    found = read_request(raw)
    assert isinstance(found, Malformed)
    assert found.reason == "The row is not an object."


def test_a_malformed_row_keeps_its_id_and_itself() -> None:
    found = read(scheduled_date="soon")
    assert isinstance(found, Malformed)
    assert found.external_id == "6a1f"
    assert found.raw == {**ROW, "scheduled_date": "soon"}


HOSTILE: list[Any] = [
    None,
    "",
    " ",
    True,
    0,
    -1,
    2**80,
    1.5,
    "x" * 50_000,
    "\x00",
    "a\x00b",
    "\ud800",
    "\u202etxt.exe",
    "<script>alert(1)</script>",
    "'; drop table bookings; --",
    "=cmd|'/c calc'!A1",
    "../../etc/passwd",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59.999999-14:00",
    "0001-01-01T00:00:00+14:00",
    "-infinity",
    "2026-02-29",
    "25:61:61",
    "12:00 zm",
    "\uff11\uff12:\uff13\uff10",
    "\u0662\u0660\u0662\u0666-\u0661\u0661-\u0662\u0665",
    [],
    [[[]]],
    {},
    {"$ne": None},
    {"a": {"b": "\x00"}},
]


@pytest.mark.parametrize("seed", range(400))
def test_a_hostile_row_is_understood_or_kept_and_never_breaks(seed: int) -> None:
    dice = random.Random(seed)
    names = dice.sample(sorted(ROW), dice.randint(1, len(ROW)))
    raw: dict[str, Any] = {**ROW, **{name: dice.choice(HOSTILE) for name in names}}
    if dice.random() < 0.3:
        raw[dice.choice(["extra", "\x00", "x" * 5000])] = dice.choice(HOSTILE)
    found = read_request(raw)
    if isinstance(found, IncomingShowing):
        assert found.id.isprintable()
        assert 0 < len(found.id) <= 100
        assert found.status
        assert len(found.property_id) <= 40
        assert found.scheduled_date is None or 1900 <= found.scheduled_date.year <= 2200
    else:
        assert found.reason.endswith(".")
        assert len(found.reason) < 200
    kept = json.dumps(found.raw, ensure_ascii=False, allow_nan=False)
    assert "\x00" not in kept.encode().decode()
    assert "\\u0000" not in kept
    assert len(kept) < 100_000


@pytest.mark.parametrize("shape", homes.SHAPES)
@pytest.mark.parametrize("way", homes.ADDRESSES)
def test_every_seen_shape_of_a_property_is_read(shape: str, way: str) -> None:
    home = {"id": "W12345678", "street": "12 King St W", "city": "Toronto", "postal_code": "M5H 1A1"}
    found = read_property("W12345678", homes.payload({**home, "shape": shape, "address_as": way}))
    assert isinstance(found, IncomingProperty)
    assert found.price == "$799,000"
    assert (found.bedrooms, found.bathrooms) == ("3+1", "2")
    if way == "no_street":
        assert (found.address, found.place) == ("", "Toronto, ON, M5H 1A1, CA")
    else:
        assert (found.address, found.place) == ("12 King St W, Toronto, ON, M5H 1A1", "")


def test_an_answer_about_another_property_is_not_believed() -> None:
    found = read_property("W12345678", {"id": "X87654321", "address": "12 King St"})
    assert isinstance(found, Malformed)
    assert "another property" in found.reason


def test_a_property_may_carry_a_number_of_its_own() -> None:
    assert isinstance(read_property("W12345678", {"id": 77, "address": "12 King St"}), IncomingProperty)


@pytest.mark.parametrize("payload", [None, [], {}, 7, "x", [1, 2], {"data": []}, {"error": "x"}, [{}, {}]])
def test_an_answer_without_a_property_is_kept_with_its_reason(payload: object) -> None:
    found = read_property("W12345678", payload)
    assert isinstance(found, Malformed)
    assert found.reason == "The answer holds no property."


@pytest.mark.parametrize("seed", range(200))
def test_a_hostile_property_never_breaks(seed: int) -> None:
    dice = random.Random(seed)
    names = (
        "id",
        "address",
        "price",
        "added",
        "beds",
        "baths",
        "sqft",
        "description",
        "propertyType",
        "images",
    )
    facts: Any = {name: dice.choice(HOSTILE) for name in dice.sample(names, dice.randint(1, len(names)))}
    for _ in range(dice.randint(0, 3)):
        facts = dice.choice([[facts], {"data": facts}, {"property": facts}])
    found = read_property("W12345678", facts)
    if isinstance(found, IncomingProperty):
        assert found.address.isprintable()
        assert found.price.isprintable()
        json.dumps(found.details, ensure_ascii=False, allow_nan=False).encode()


def test_json_that_python_or_a_database_chokes_on_is_defused() -> None:
    body = b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": ' + b"9" * 6000 + b', "e": 7}'
    read_back = read_json(body)
    assert read_back.is_json
    assert read_back.value["e"] == 7
    json.dumps(read_back.value, allow_nan=False)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 200_000, b'{"a": 1} trailing'])
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    assert not read_json(body).is_json
