"""Rows and payloads that nobody should send and somebody will, from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

COLUMNS = (
    "id user_id property_id status created_at scheduled_date scheduled_time group_name updated_at"
).split()

TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "x\udfffy",
    "\u202eWolf\u202c",
    "👩\u200d👩\u200d👧",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "-2+3",
    "'; drop table bookings; --",
    "{{ settings.SECRET_KEY }}",
    "%s%s%n",
    "../../etc/passwd",
    "\r\nSet-Cookie: a=b",
    "\x1b[31mred",
    "NaN",
    "Infinity",
    "null",
    "undefined",
    "ÅÄÖ",
    "漢字",
    "e\u0301" * 50,
    "W12345678" * 3,
    "w1234567",
    "x" * 100,
    "x" * 101,
    "y" * 5_000,
    "z" * 200_000,
)
DATES = (
    "0000-00-00",
    "0000-01-01",
    "0001-01-01",
    "1899-12-31",
    "9999-12-31",
    "10000-01-01",
    "-0044-03-15",
    "0044-03-15 BC",
    "infinity",
    "-infinity",
    "2026-02-30",
    "2026-13-01",
    "2026-12-01T00:00:00",
    "2026-12-01",
    "01/12/2026",
    "31",
    "tomorrow",
    "٢٠٢٦-١٢-٠١",
)
TIMES = (
    "24:00:00",
    "23:59:60",
    "25:00",
    "-1:00",
    "14:30:00",
    "14:30",
    "2:30 PM",
    "0:30 pm",
    "14:30:00.123456789",
    "14:30:00+05:00",
    "noon",
    "02:30:00",
)
INSTANTS = (
    "2026-11-21T05:46:54+00:00",
    "2026-11-21 05:46:54.807+00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-21T05:46:54+99:99",
    "2026-11-21",
    "infinity",
    "now()",
)
STATUSES = ("scheduled", "pending", "rescheduled", "SCHEDULED", "scheduled ", "booked?", "cancelled", "💥")
NUMBERS: tuple[Any, ...] = (0, -1, 2**31, 2**63, 2**64, -(2**70), 1.5, -0.0, 1e308, True, False)


def good_row(number: int) -> dict[str, Any]:
    return {
        "id": f"good-{number}",
        "user_id": f"client-{number % 7}",
        "property_id": f"W{number % 50:08}",
        "status": "scheduled",
        "created_at": "2026-11-21T05:46:54+00:00",
        "scheduled_date": "2027-01-15",
        "scheduled_time": "14:30:00",
        "group_name": None,
    }


def rows(number: int, *, seed: int) -> Iterator[Any]:
    """Rows of which most have something wrong with them, and some have nothing right."""
    dice = random.Random(seed)
    for count in range(number):
        yield dice.choice((spoiled, spoiled, spoiled, shapeless, twin))(dice, count)


def spoiled(dice: random.Random, count: int) -> dict[str, Any]:
    """A good row with one to three of its columns replaced, taken away, or a strange one put in."""
    row = {**good_row(count), "id": f"bad-{count}"}
    for column in dice.sample(COLUMNS, dice.randint(1, 3)):
        if dice.random() < 0.1:
            row.pop(column, None)
            row[dice.choice(TEXTS)[:50]] = anything(dice)
        else:
            row[column] = value_for(dice, column)
    return row


def twin(dice: random.Random, count: int) -> dict[str, Any]:
    """One of a few ids, again and again, each time saying something else."""
    row = {**good_row(count), "id": f"twin-{dice.randint(0, 20)}"}
    row["scheduled_time"] = dice.choice(TIMES)
    return row


def shapeless(dice: random.Random, count: int) -> Any:
    return anything(dice)


def value_for(dice: random.Random, column: str) -> Any:
    likely: dict[str, tuple[Any, ...]] = {
        "scheduled_date": DATES,
        "scheduled_time": TIMES,
        "created_at": INSTANTS,
        "updated_at": INSTANTS,
        "status": STATUSES,
    }
    return dice.choice(likely.get(column, TEXTS)) if dice.random() < 0.7 else anything(dice)


def anything(dice: random.Random, depth: int = 0) -> Any:
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: None,
        lambda: dice.choice(TEXTS),
        lambda: dice.choice(NUMBERS),
        lambda: dice.choice((*DATES, *TIMES, *INSTANTS)),
        lambda: nested(dice.choice((3, 30, 300)), dice),
        lambda: [anything(dice, depth + 1) for _ in range(dice.randint(0, 4))],
        lambda: {dice.choice(TEXTS)[:300]: anything(dice, depth + 1) for _ in range(dice.randint(0, 4))},
        lambda: list(range(5_000)),
    )
    return dice.choice(kinds if depth < 3 else kinds[:4])()


def nested(depth: int, dice: random.Random) -> Any:
    value: Any = dice.choice(TEXTS)
    for _ in range(depth):
        value = [value] if dice.random() < 0.5 else {"data": value}
    return value


def homes(number: int, *, seed: int) -> Iterator[Any]:
    """Answers of a property API that has lost its mind."""
    dice = random.Random(seed)
    facts = "id price address added beds baths parking sqft propertyType description images".split()
    parts = "street city state postalCode unparsedAddress".split()
    for _ in range(number):
        home: Any = {name: anything(dice) for name in dice.sample(facts, dice.randint(0, len(facts)))}
        if dice.random() < 0.4:
            home["address"] = {name: anything(dice) for name in dice.sample(parts, dice.randint(0, 5))}
        if dice.random() < 0.3:
            home = dice.choice(([home], {"data": home}, {"property": [home]}, {"data": {"data": home}}))
        yield home if dice.random() < 0.8 else anything(dice)


# What no JSON writer would write; as it would stand in an answer's body.
BODIES = (
    b"",
    b"null",
    b"NaN",
    b"[NaN, Infinity, -Infinity]",
    b'[{"id": "a", "status": "scheduled", "x": 1e999}]',
    b'[{"id": "a", "status": "scheduled", "x": ' + b"9" * 5_000 + b"}]",
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'[{"id": "\\ud800", "status": "scheduled"}]',
    b'[{"id": "a", "id": "b", "status": "scheduled"}]',
    b"\xff\xfe[]",
    b"\xef\xbb\xbf[]",
    b"<html>Bad gateway</html>",
    b'"just a text"',
    b"[1, 2, 3]",
    b'{"message": "JWT expired"}',
    json.dumps([{"id": "deep", "status": "scheduled", "x": [[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]}]).encode(),
)
