"""What rows keep in English is told in the reader's language, with its facts in place."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from django.utils import formats, translation

from bookings.services.errors import Rejected
from bookings.told import clock, in_english, short_day, tell
from bookings.vocabulary import BookingStatus


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("Nothing was sent.", "Rien n’a été envoyé."),
        ("Chose Tuesday, November 24, 2026.", "Jour choisi\xa0: mardi 24 novembre 2026."),
        (
            "This showing is booked already: 12 King St W, Tuesday, November 24, 2026 at 1:45 PM, confirmed.",
            "Cette visite est déjà réservée\xa0: 12 King St W, "
            "le mardi 24 novembre 2026 à 13\xa0h\xa045, confirmée.",
        ),
        (
            "2 listings carry the MLS number N1234567: a person must pick the listing.",
            "2 inscriptions portent le numéro MLS N1234567\xa0: une personne doit choisir l’inscription.",
        ),
        (
            "Queued: Book 12 King St on Tue 24 Nov 2026 at 10:00 (America/Toronto), "
            "30 minutes; nothing will be sent",
            "En file\xa0: réserver 12 King St le mar 24 nov 2026 à 10\xa0h\xa000 (America/Toronto), "
            "30 minutes; rien ne sera envoyé",
        ),
        (
            "Supabase at db.example.com did not answer in time. It is asked again by itself.",
            "Supabase (db.example.com) n’a pas répondu à temps. Il est interrogé de nouveau de lui-même.",
        ),
        ("Chose 1 hour 30 minutes.", "Durée choisie\xa0: 1 heure 30 minutes."),
    ],
)
def test_a_kept_sentence_is_told_in_french(kept: str, told: str) -> None:
    with translation.override("fr"):
        assert tell(kept) == told
    assert tell(kept) == kept


def test_what_is_no_sentence_of_ours_stays_as_it_is() -> None:
    with translation.override("fr"):
        assert tell("A person typed this: 100%(x)s") == "A person typed this: 100%(x)s"
        assert tell("") == ""


def test_a_refusal_speaks_the_language_of_who_asks() -> None:
    no = Rejected("Name the day of the showing.")
    with translation.override("fr"):
        assert no.message == "Indiquez le jour de la visite."
    assert no.message == str(no) == "Name the day of the showing."


def test_what_goes_into_a_row_stays_english() -> None:
    with translation.override("fr"):
        assert str(BookingStatus.CONFIRMED.label) == "Confirmée"
        assert in_english(BookingStatus.CONFIRMED.label) == "Confirmed"


def test_a_time_that_django_writes_by_itself_is_written_like_ours() -> None:
    moment = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)
    with translation.override("en"):
        assert formats.localize(moment) == f"{short_day(moment, with_year=True)}, {clock(moment)}"
    with translation.override("fr"):
        assert formats.localize(time(11, 0)) == clock(time(11, 0)) == "11 h 00"
        assert formats.localize(moment) == "mar 24 nov 2026, 9 h 05"
