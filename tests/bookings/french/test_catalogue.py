"""The French catalogue: whole, and as the code speaks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import settings

from bookings.sentences import SENTENCES
from bookings.told import HOLE as FACT
from bookings.told import tell
from tests.bookings.french.spoken import HOLE, as_pattern, sentences

CATALOGUE = settings.BASE_DIR / "locale" / "fr" / "LC_MESSAGES" / "django.po"
HOLES = re.compile(r"%%|%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+[^>]*>")
# Where services, engine and workers speak; pages, forms and the admin use gettext themselves.
SPEAKERS = (
    *("automation/engine", "automation/relay.py", "automation/handoff.py", "automation/vault.py"),
    *("bookings/services", "bookings/queries/tours.py", "bookings/wallclock.py", "bookings/api/wanted.py"),
    *("ingest/parse.py", "ingest/passes.py", "ingest/sources", "ingest/homes.py", "ingest/taking.py"),
)
# Said to whoever writes code or runs a command, not to a reader of the portal.
NOT_FOR_READERS = {
    "This browser context has no door; open it with WarmBrowser.",
    f"The list has no row {HOLE} any more.",
    "PROPERTY_API_URL is not set, so no address was asked for.",
    "This database has rows already. Invented ones belong into a database of their own.",
}


def key(entry: polib.POEntry) -> tuple[str, str]:
    return entry.msgctxt or "", entry.msgid


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def test_every_sentence_has_its_french_and_none_is_a_guess(catalogue: polib.POFile) -> None:
    lacking = [entry.msgid for entry in catalogue if entry.obsolete or entry.fuzzy or not entry.translated()]
    assert lacking == []


def _facts(text: str) -> list[str]:
    return sorted(HOLES.findall(text))


def test_every_fact_of_a_sentence_is_in_its_french(catalogue: polib.POFile) -> None:
    """Also each of several: a plural has the facts of its English plural."""
    wrong = []
    for entry in catalogue:
        english = [_facts(text) for text in (entry.msgid, entry.msgid_plural) if text]
        french = [_facts(text) for text in (entry.msgstr_plural.values() or [entry.msgstr])]
        wrong += [entry.msgid for facts in french if facts not in english]
        wrong += [entry.msgid] if french[-1] != english[-1] else []
    assert wrong == []


def test_french_is_set_as_in_canada(catalogue: polib.POFile) -> None:
    """A colon and guillemets keep to their words; no English quotes are left."""
    texts = [text for entry in catalogue for text in (entry.msgstr, *entry.msgstr_plural.values())]
    assert [text for text in texts if re.search(r" :|« | »|[“”]|\w'\w", text)] == []


def test_what_is_read_at_run_time_is_the_catalogue(catalogue: polib.POFile) -> None:
    """The portal runs where there is no msgfmt, so the compiled file is kept beside its source."""
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    said = {key(entry): (entry.msgstr, dict(entry.msgstr_plural)) for entry in catalogue}
    assert {key(entry): (entry.msgstr, dict(entry.msgstr_plural)) for entry in compiled} == said


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_the_catalogue_has_what_the_code_says(catalogue: polib.POFile, tmp_path: Path) -> None:
    for room in ("brokerbay", "bookings", "ingest", "automation", "templates"):
        unread = shutil.ignore_patterns("__pycache__", "migrations", "static", "simulator")
        shutil.copytree(settings.BASE_DIR / room, tmp_path / room, ignore=unread)
    (tmp_path / "locale").mkdir()
    command = [sys.executable, "-m", "django", "makemessages", "-l", "fr", "--no-wrap", "--no-location"]
    without_settings = {"PATH": str(Path(shutil.which("xgettext") or "").parent)}
    subprocess.run(command, cwd=tmp_path, env=without_settings, check=True, capture_output=True, timeout=120)
    spoken = polib.pofile(str(tmp_path / "locale" / "fr" / "LC_MESSAGES" / "django.po"))
    assert {key(entry) for entry in spoken} == {key(entry) for entry in catalogue}


def speakers() -> list[Path]:
    places = [settings.BASE_DIR / name for name in SPEAKERS]
    return [path for place in places for path in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]


def test_what_services_and_robots_say_can_be_told() -> None:
    """A new sentence is entered in bookings/sentences.py."""
    known = [FACT.sub("7", sentence) for sentence in SENTENCES]
    assert [
        f"{path.relative_to(settings.BASE_DIR)}:{line}: {text.replace(HOLE, '{}')}"
        for path in speakers()
        for line, text in sentences(path)
        if text not in NOT_FOR_READERS and not _can_be_told(text, known)
    ] == []


def _can_be_told(text: str, known: list[str]) -> bool:
    from django.utils import translation

    pattern = as_pattern(text)
    if any(pattern.fullmatch(sentence) for sentence in known):
        return True
    said = text.replace(HOLE, "7")
    with translation.override("fr"):
        return tell(said) != said
