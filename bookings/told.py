"""What rows keep in English, put into the reader's language when it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from functools import cache, lru_cache

from django.conf import settings
from django.utils import formats, translation
from django.utils.translation import gettext, ngettext, pgettext

from bookings.sentences import SENTENCES
from bookings.vocabulary import REASONS

HOLE = re.compile(r"%\((\w+?)(\d*)\)s")
MONTHS = "January February March April May June July August September October November December".split()
# What a hole of this name takes; any other takes whatever stands there.
TAKES = {
    "count": r"\d+(?:\.\d+)?",
    "day": rf"[A-Z][a-z]+day, (?:{'|'.join(MONTHS)}) \d\d?, \d{{4}}",
    "time": r"\d\d?:\d\d [AP]M",
    "clock": r"\d\d:\d\d",
    "date": r"[A-Z][a-z]{2} \d\d [A-Z][a-z]{2} \d{4}|\d{4}-\d\d-\d\d",
    "minutes": r"(?:\d+ hours?)?(?: ?\d+ minutes?)?",
    "times": r"\d\d?:\d\d [AP]M(?:, \d\d?:\d\d [AP]M)*",
}
BETWEEN_SENTENCES = re.compile(r"(?<=[.!?]) (?=\S)")


def tell(text: str) -> str:
    """The text in the active language, its facts in place; as it is, where it is no sentence of ours.

    >>> tell("Nothing was sent.")
    'Nothing was sent.'
    """
    language = translation.get_language() or settings.LANGUAGE_CODE
    if not text or language == settings.LANGUAGE_CODE:
        return text
    return _tell(text, language)


def in_english(words: object) -> str:
    """A label as it is kept in a row, whatever language the person speaks who had it written."""
    with translation.override(settings.LANGUAGE_CODE):
        return str(words)


@lru_cache(maxsize=4096)
def _tell(text: str, language: str) -> str:
    """`language` is the active one; it is named for the cache."""
    whole = _whole(text)
    if whole is not None:
        return whole
    parts = BETWEEN_SENTENCES.split(text)
    return " ".join(_whole(part) or part for part in parts) if len(parts) > 1 else text


def _whole(text: str) -> str | None:
    """The text as one sentence of ours; None when it is none."""
    if text in _plain():
        return gettext(text)
    for sentence, pattern in _with_holes():
        found = pattern.fullmatch(text)
        if found is not None:
            return gettext(sentence) % {hole: _fact(hole, said) for hole, said in found.groupdict().items()}
    return None


@cache
def _plain() -> frozenset[str]:
    reasons = (words for pair in REASONS.values() for words in pair)
    return frozenset({*(each for each in SENTENCES if "%(" not in each), *reasons})


@cache
def _with_holes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The sentences with holes, those that say the most themselves first."""
    holed = sorted((each for each in SENTENCES if "%(" in each), key=lambda each: -len(HOLE.sub("", each)))
    return tuple((each, re.compile("".join(_pieces(each)), re.DOTALL)) for each in holed)


def _pieces(sentence: str) -> Iterator[str]:
    """
    >>> "".join(_pieces("Attempt %(count)s started by %(by)s"))
    'Attempt\\\\ (?P<count>\\\\d+(?:\\\\.\\\\d+)?)\\\\ started\\\\ by\\\\ (?P<by>.+?)'
    """
    end = 0
    for hole in HOLE.finditer(sentence):
        yield re.escape(sentence[end : hole.start()])
        yield f"(?P<{hole[1]}{hole[2]}>{TAKES.get(hole[1], '.+?')})"
        end = hole.end()
    yield re.escape(sentence[end:])


def _fact(hole: str, said: str) -> str:
    read = FACTS.get(hole.rstrip("0123456789"))
    return read(said) if read else _tell(said, translation.get_language() or "")


def _count(said: str) -> str:
    return said.replace(".", formats.get_format("DECIMAL_SEPARATOR"))


def _day(said: str) -> str:
    """From "Monday, December 1, 2025"."""
    _weekday, month_and_day, year = said.split(", ")
    month, number = month_and_day.split(" ")
    return long_day(date(int(year), MONTHS.index(month) + 1, int(number)))


def _date(said: str) -> str:
    """From "Tue 24 Nov 2026" or "2026-11-24"."""
    if said[0].isdigit():
        return short_day(date.fromisoformat(said), with_year=True)
    _weekday, number, month, year = said.split(" ")
    months = [name[:3] for name in MONTHS]
    return short_day(date(int(year), months.index(month) + 1, int(number)), with_year=True)


def _time(said: str) -> str:
    """From "7:15 PM"."""
    moment, half = said.split(" ")
    hour, minute = map(int, moment.split(":"))
    return clock(time(hour % 12 + (12 if half == "PM" else 0), minute))


def _clock(said: str) -> str:
    return clock(time.fromisoformat(said))


def _times(said: str) -> str:
    return ", ".join(_time(each) for each in said.split(", "))


def _minutes(said: str) -> str:
    """From "1 hour 30 minutes"."""
    words = said.split()
    units = {"hour": _hours, "minute": _minutes_alone}
    told = [
        units[unit.rstrip("s")](int(number)) for number, unit in zip(words[::2], words[1::2], strict=True)
    ]
    return " ".join(told)


def _hours(count: int) -> str:
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}


def _minutes_alone(count: int) -> str:
    return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}


def _found(said: str) -> str:
    return "; ".join(tell(each) for each in said.split("; "))


FACTS: dict[str, Callable[[str], str]] = {
    "found": _found,
    "count": _count,
    "day": _day,
    "time": _time,
    "clock": _clock,
    "date": _date,
    "minutes": _minutes,
    "times": _times,
}


# ---- days and times, as each language writes them ----------------------------------------------------------


def long_day(when: date) -> str:
    """
    >>> long_day(date(2026, 11, 24))
    'Tuesday, 24 November 2026'
    """
    return formats.date_format(when, pgettext("a day, in full, in Django's letters", "l, j F Y"))


def short_day(when: date, *, with_year: bool = False) -> str:
    """
    >>> short_day(date(2026, 11, 24)), short_day(date(2026, 11, 24), with_year=True)
    ('Tue 24 Nov', 'Tue 24 Nov 2026')
    """
    if with_year:
        return formats.date_format(when, pgettext("a day, in short, in Django's letters", "D j M Y"))
    return formats.date_format(when, pgettext("a day, in short, in Django's letters", "D j M"))


def clock(at: time | datetime) -> str:
    """
    >>> clock(time(10)), clock(time(13, 45)), clock(time(0, 15))
    ('10:00 AM', '1:45 PM', '12:15 AM')
    """
    return formats.time_format(at, pgettext("a time of day, in Django's letters", "g:i A"))
