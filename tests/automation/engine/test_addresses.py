"""The grammar of addresses, held to a corpus of Canadian spellings and to promises for any text."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from automation.engine.listings import (
    Address,
    Likeness,
    address_in,
    likeness,
    parse_address,
    same_home,
    search_text,
)

CORPUS = Path(__file__).with_name("canadian_addresses.txt")


def spellings() -> list[tuple[str, Address]]:
    rows = [line.split("|") for line in CORPUS.read_text().splitlines() if line.count("|") == 6]
    parts = [[text.strip(" ") for text in row] for row in rows]
    return [(row[0], Address(**dict(zip(Address.__slots__, row[1:], strict=True)))) for row in parts]


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(spellings()) >= 150


@pytest.mark.parametrize(("spelling", "meant"), spellings())
def test_a_spelling_is_taken_apart_as_it_is_meant(spelling: str, meant: Address) -> None:
    read = parse_address(spelling)
    assert read.is_complete == meant.is_complete
    if meant.is_complete:
        assert read == meant


@pytest.mark.parametrize("spelling", [spelling for spelling, meant in spellings() if meant.is_complete])
def test_what_is_typed_into_the_search_means_the_same_home(spelling: str) -> None:
    assert parse_address(search_text(spelling)) == parse_address(spelling).without_city()


def test_two_spellings_are_one_home_exactly_when_their_parts_are_the_same() -> None:
    known = [(spelling, meant) for spelling, meant in spellings() if meant.is_complete]
    wrong = [
        (one, other)
        for one, meant in known
        for other, also in known
        if same_home(one, other) != _is_same(meant, also)
    ]
    assert wrong == []


def _is_same(one: Address, other: Address) -> bool:
    cities = one.city == other.city or not (one.city and other.city)
    return one.without_city() == other.without_city() and cities


PIECES = [
    *("5", "51", "12A", "1/2", "½", "#", "#3008", "Unit", "PH", "BSMT", "Main", "St", "Street", "Avenue"),
    *("E", "West", "Highway", "7", "rue", "boul.", "d'", "É", ",", "-", "–", "/", "(", ")", "M5V 1A1", "ON"),
    *("Toronto", "C01", "🏡", "\u202e", "\u200f", "مرحبا", "\x00", "\ud800", "\t", "\n", "%s", "<b>", "=1+1"),
]


def test_any_text_is_read_without_harm() -> None:
    chance = random.Random(20261121)
    for _ in range(3000):
        text = chance.choice(["", " "]).join(chance.choices(PIECES, k=chance.randint(0, 14)))
        read = parse_address(text)
        assert likeness(read, read) is (Likeness.SAME if read.is_complete else Likeness.OTHER)
        assert same_home(text, text) == read.is_complete
        address_in([text])
        search_text(text)


@pytest.mark.parametrize(
    "piece", ["5", "#", "(", "5-", "5 1/2 ", "Unit ", "St ", ", ", "a", "é", "5 Main St "]
)
def test_ten_thousand_characters_are_read_as_fast_as_four_hundred(piece: str) -> None:
    long = (piece * 10_000)[:10_000]
    assert parse_address(long) == parse_address(long[:400])
    assert len(search_text(long)) <= 500
