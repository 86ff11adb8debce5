"""A wrong word is a loud stop that names the variable and the cure."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import environ
import pytest
from django.conf import settings

from brokerbay.env import Environment, WrongSetting, load_files

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
READERS: dict[str, tuple[Callable[[Environment], Any], str, Any, str]] = {
    # reader, a good word, what it reads as, a bad word
    "flag": (lambda env: env.flag("X", default=False, says=""), "yes", True, "maybe"),
    "number": (lambda env: env.number("X", default=5, low=1, high=99, says=""), "42", 42, "4.2"),
    "number too large": (lambda env: env.number("X", default=5, low=1, high=99, says=""), "99", 99, "100"),
    "number in other digits": (lambda env: env.number("X", default=5, low=1, high=99, says=""), "7", 7, "٧"),
    "number without end": (
        lambda env: env.number("X", default=5, low=1, high=99, says=""),
        "1",
        1,
        "9" * 5000,
    ),
    "choice": (lambda env: env.choice("X", default="a", among=("a", "b"), says=""), "b", "b", "c"),
    "origins": (
        lambda env: env.origins("X", says=""),
        "https://a.example, https://b.example",
        ["https://a.example", "https://b.example"],
        "a.example",
    ),
    "address": (
        lambda env: env.address("X", says=""),
        "https://a.example/",
        "https://a.example",
        "a.example",
    ),
    "columns": (
        lambda env: env.columns("X", default="a:b", among=("a", "c"), never=("id",), says=""),
        "a:one, c:two",
        {"a": "one", "c": "two"},
        "a:id",
    ),
    "columns that are none of ours": (
        lambda env: env.columns("X", default="a:b", among=("a",), never=(), says=""),
        "none",
        {},
        "z:one",
    ),
    "columns named twice": (
        lambda env: env.columns("X", default="a:b", among=("a", "c"), never=(), says=""),
        "a:b",
        {"a": "b"},
        "a:one,c:one",
    ),
    "address with a bad port": (
        lambda env: env.address("X", says=""),
        "http://a.example:81",
        "http://a.example:81",
        "http://a.example:x",
    ),
    "zone": (lambda env: env.zone("X", default="UTC", says=""), "America/Toronto", "America/Toronto", "Mars"),
    "zone outside the folder": (lambda env: env.zone("X", default="UTC", says=""), "UTC", "UTC", "../etc"),
    "keys": (
        lambda env: env.fernet_keys("X", says="", cure="Make one."),
        f"{KEY},{KEY}",
        [KEY, KEY],
        "short",
    ),
    "secret": (
        lambda env: env.required_text("X", says="", cure="Make one.", at_least=3),
        "abc",
        "abc",
        "ab",
    ),
    "redis": (
        lambda env: env.redis("X", says=""),
        "redis://h:6379/0",
        "redis://h:6379/0",
        "http://h",
    ),
    "email": (
        lambda env: env.email("X", default="consolemail://", says="").get("EMAIL_BACKEND"),
        "smtp://h:25",
        "django.core.mail.backends.smtp.EmailBackend",
        "pigeon://h",
    ),
    "database": (
        lambda env: env.database("X", fallback=Path("f"), says="").get("ENGINE"),
        "postgres://u:p@h/n",
        "django.db.backends.postgresql",
        "mysql://u:p@h/n",
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_a_good_word_is_read_as_its_type(name: str) -> None:
    read, good, value, _ = READERS[name]
    env = Environment({"X": good})
    assert read(env) == value
    env.stop_if_wrong()


@pytest.mark.parametrize("name", READERS)
def test_a_bad_word_stops_with_the_variable_and_a_cure(name: str) -> None:
    read, _, _, bad = READERS[name]
    env = Environment({"X": bad})
    read(env)
    with pytest.raises(WrongSetting) as stop:
        env.stop_if_wrong()
    problem, cure = str(stop.value).split(". ", 1)
    assert problem.startswith("X ")
    assert cure.startswith(("Write", "Make"))


def test_all_wrong_words_are_told_at_once() -> None:
    env = Environment({"A": "maybe", "B": "x"})
    env.flag("A", default=False, says="")
    env.number("B", default=1, low=1, high=2, says="")
    assert [problem.split()[0] for problem in env.problems] == ["A", "B"]


@pytest.mark.parametrize("name", ["keys", "secret", "database", "redis", "email"])
def test_a_secret_is_never_quoted(name: str) -> None:
    read, _, _, _ = READERS[name]
    word = "hunter2://hunter2:hunter2@hunter2" if name != "secret" else "h2"
    env = Environment({"X": word})
    read(env)
    assert env.problems
    assert word not in "".join(env.problems)


def test_an_empty_word_is_no_word() -> None:
    assert Environment({"X": " "}).number("X", default=8, low=1, high=9, says="") == 8


def test_a_wrong_setting_ends_manage_py_with_a_sentence_and_no_traceback() -> None:
    ended = _manage("check", PORT="eighty", SECRET_KEY="short")
    assert ended.returncode == 2
    assert "PORT is 'eighty'" in ended.stderr
    assert "SECRET_KEY has 5 characters" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_supabase_address_without_its_key_is_refused() -> None:
    ended = _manage("check", SUPABASE_URL="https://project.supabase.example")
    assert ended.returncode == 2
    assert "SUPABASE_KEY is missing" in ended.stderr


def test_a_word_for_the_figures_that_can_be_guessed_is_refused() -> None:
    ended = _manage("check", METRICS_TOKEN="letmein")
    assert ended.returncode == 2
    assert "METRICS_TOKEN can be guessed" in ended.stderr
    assert "letmein" not in ended.stderr


def test_the_environment_wins_over_the_file_and_the_file_over_kept_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "words.env").write_text("LOG_LEVEL=ERROR\nSITE_URL=https://file.example\n")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secrets.env").write_text("SITE_URL=https://kept.example\nSUPABASE_TABLE=kept\n")
    seen = _environment(monkeypatch, ENV_FILE="words.env", LOG_LEVEL="DEBUG")
    load_files(tmp_path)
    assert seen["LOG_LEVEL"] == "DEBUG"
    assert seen["SITE_URL"] == "https://file.example"
    assert seen["SUPABASE_TABLE"] == "kept"


def test_the_key_of_a_local_site_is_never_sent_to_a_real_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "local-sites.env").write_text("SUPABASE_URL=http://127.0.0.1:1\nSUPABASE_KEY=local\n")
    seen = _environment(monkeypatch, SUPABASE_URL="https://real.example")
    load_files(tmp_path)
    assert "SUPABASE_KEY" not in seen


def _environment(monkeypatch: pytest.MonkeyPatch, **words: str) -> dict[str, str]:
    monkeypatch.setattr(os, "environ", words)
    monkeypatch.setattr(environ.Env, "ENVIRON", words)
    return words


def _manage(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
