from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from bookings import finding
from bookings.models import Booking, BookingRun, Client, Property, ShowingRequest
from tests.bookings.cast import Cast, make_booking, make_property, make_request, make_run

WORDS = ("Ünïcode", "O'Hara", '12"', "100%", "a_b", "; drop", "AND", "NEAR(a b)", "*", "-1", "ab", "😀😀😀")


def test_every_word_is_found_wherever_it_stands(cast: Cast) -> None:
    mine = make_booking(cast.account, property_address="12 Juniper Lane", user_name="Ada Sample")
    make_booking(cast.account, property_address="14 Juniper Lane", user_name="Ben Sample")
    for text in ("juniper ADA", '"12 Juniper"', "niper da", "12 lane ada", "12 ad", mine.listing_id):
        assert list(finding.containing(Booking.objects.all(), text)) == [mine], text
    assert not finding.containing(Booking.objects.all(), "juniper nobody").exists()


@pytest.mark.parametrize("word", WORDS)
def test_signs_are_letters_and_nothing_else(word: str, cast: Cast) -> None:
    mine = make_booking(cast.account, property_address=f"12 x{word}x")
    make_booking(cast.account, property_address="nothing of it")
    assert list(Booking.objects.filter(finding.holding(Booking, word))) == [mine]
    both = finding._holding_each(Booking, [word, f"x{word}", mine.listing_id])
    assert list(Booking.objects.filter(*both)) == [mine]


def test_what_changes_or_goes_is_found_as_it_is_now(cast: Cast) -> None:
    mine = make_booking(cast.account, property_address="12 Juniper Lane")
    Booking.objects.filter(pk=mine.pk).update(property_address="12 Maple Lane")
    assert not finding.containing(Booking.objects.all(), "juniper").exists()
    assert finding.containing(Booking.objects.all(), "maple").exists()
    mine.delete()
    assert not finding.containing(Booking.objects.all(), "maple").exists()


def test_requests_and_runs_are_found_by_what_they_name(cast: Cast) -> None:
    request, run = make_request(cast.partner), make_run(cast.partner)
    assert request.property is not None
    assert request.client is not None
    Property.objects.filter(pk=request.property.pk).update(address="7 Rowan Gate")
    type(request.client).objects.filter(pk=request.client.pk).update(name="Zed Client")
    for text in ("rowan", "Zed", "rowan zed", request.pk, request.property.property_id[1:]):
        assert request in finding.containing(ShowingRequest.objects.all(), text), text
    for text in (run.account.email, run.property_text):
        assert run in finding.containing(BookingRun.objects.all(), text), text


SAID = (
    *("345", "12", "Juniper", "Lane", "a%b"),
    *("Élan", "élan", "Rue É", "Saint-Élie-à-Côté", "(Çà.*)", "Straße"),
)


def in_any_case(word: str, chance: random.Random) -> str:
    """As somebody might type it: Straße stays, for its capitals are other letters."""
    ways = [word, word.lower(), word.title(), word.swapcase(), word.upper()]
    return chance.choice([way for way in ways if way.lower() == word.lower()])


@pytest.mark.parametrize("seed", range(4))
def test_several_words_find_what_looking_at_every_row_would(
    seed: int, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "RARE", 5)
    chance = random.Random(seed)

    def some() -> str:
        return " ".join(chance.sample(SAID, chance.randrange(3)))

    homes = [make_property(property_id=f"home-{number}", address=some()) for number in range(12)]
    requests, bookings = {}, {}
    for _ in range(25):
        home, name, group = chance.choice(homes), some(), some()
        request = make_request(cast.partner, property=home, group_name=group)
        Client.objects.filter(pk=request.client_id).update(name=name)
        requests[request] = [group, name, home.address, home.property_id, home.mls_number]
        booking = make_booking(cast.account, property_address=home.address, user_name=name)
        bookings[booking] = [str(getattr(booking, column)) for column in finding.SEARCHED[Booking].columns]
    asked = [[word] for word in SAID] + [chance.sample(SAID, size) for size in (2, 2, 2, 2, 2, 2, 3, 3, 9)]
    for words in asked:
        text = " ".join(f'"{in_any_case(word, chance)}"' for word in words)
        for model, known in ((ShowingRequest, requests), (Booking, bookings)):
            wanted = {
                row.pk
                for row, texts in known.items()
                if all(any(word.lower() in held.lower() for held in texts) for word in words)
            }
            rows = model.objects.order_by("pk")  # type: ignore[attr-defined]
            ways = finding.each_way(rows, text)
            assert {row.pk for row in finding.containing(rows, text)} == wanted, (model, text)
            assert {row.pk for way in ways for row in way} == wanted, (model, text)
            for soon in (True, False):
                walked = [row.pk for row in finding.walking(rows, text, soon=soon)]
                assert set(walked) == wanted, (model, text, soon)
                assert all(before < after for before, after in pairwise(walked))


def test_however_many_words_there_are_the_database_is_not_asked_for_each(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    make_request(cast.partner, group_name=" ".join(f"word{number}" for number in range(12)))
    words = [f"word{number % 12}" for number in range(300)] + [f"other{number}" for number in range(300)]
    for text, found in ((" ".join(words[:300]), 1), (" ".join(words), 0)):
        with django_assert_max_num_queries(60):
            assert len(finding.containing(ShowingRequest.objects.all(), text)) == found


def test_no_words_find_everything(cast: Cast) -> None:
    request = make_request(cast.partner)
    for text in ("", "  ", '""'):
        assert list(finding.containing(ShowingRequest.objects.all(), text)) == [request]
        assert [list(way) for way in finding.each_way(ShowingRequest.objects.all(), text)] == [[request]]


def test_a_word_that_is_everywhere_is_looked_for_in_the_rows(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MANY", 1)
    made = [make_booking(cast.account, property_address=f"{number} Juniper Lane") for number in range(3)]
    for text in ("juniper", "juniper lane"):
        assert set(finding.containing(Booking.objects.all(), text)) == set(made)
        assert set(finding.walking(Booking.objects.all(), text, soon=False)) == set(made)


@pytest.mark.django_db
def test_a_migrate_brings_back_what_a_changed_table_lost(cast: Cast) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("triggers are SQLite's way")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER find_booking_in")
    mine = make_booking(cast.account, property_address="12 Juniper Lane")
    assert list(finding.containing(Booking.objects.all(), "juniper")) == [mine], "slower, and the same"
    finding.ensure()
    assert finding._is_kept(Booking)
    assert list(finding.containing(Booking.objects.all(), "juniper")) == [mine]


def test_a_database_that_refuses_does_not_stop_a_migrate(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise DatabaseError("no such tokenizer: trigram")

    monkeypatch.setattr(finding, "_ensure_beside", refuse)
    monkeypatch.setattr(finding, "_ensure_indexes", refuse)
    finding.ensure()


@pytest.mark.django_db(transaction=True)
def test_the_database_uses_what_it_keeps(cast: Cast) -> None:
    """A question that reads the whole table would do without; that is what must not come back unnoticed."""
    call_command("migrate", verbosity=0)
    asked = finding.containing(Booking.objects.all(), "juniper lane")
    if connection.vendor == "sqlite":
        assert "VIRTUAL TABLE INDEX" in asked.explain()
    else:
        with connection.cursor() as cursor:
            # Of so small a table it would read every row, in whatever order.
            for way in ("seqscan", "indexscan"):
                cursor.execute(f"SET enable_{way} = off")
            plan = asked.explain()
            for way in ("seqscan", "indexscan"):
                cursor.execute(f"RESET enable_{way}")
        assert "find_booking_" in plan
