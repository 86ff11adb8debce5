"""/live says that the process answers, /ready that it can work."""

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client


def test_live_asks_no_database(client: Client) -> None:
    # Without the django_db mark any query would raise.
    assert client.get("/live").json() == {"status": "live"}


@pytest.mark.django_db
def test_ready_when_everything_is_there(client: Client) -> None:
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["missing"]) == (200, [])


@pytest.mark.django_db
def test_a_database_that_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("no such host: db.example, password=hunter2")

    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["database"])
    assert "hunter2" not in answer.content.decode()


@pytest.mark.django_db
def test_a_cache_that_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(cache, "set", away)
    assert client.get("/ready").json()["missing"] == ["cache"]


def test_nothing_is_posted_there(client: Client) -> None:
    assert client.post("/live").status_code == 405
