"""The OpenAPI document, the page made from it, and the command that makes keys."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from bookings.models import ApiKey
from bookings.services import people
from tests.bookings.api.callers import browser, program, send, wish
from tests.bookings.cast import Cast


def document() -> dict[str, Any]:
    answer = browser().get("/api/openapi.json")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def operations() -> list[tuple[str, dict[str, Any]]]:
    paths = document()["paths"]
    return [
        (f"{method} {path}", operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


@pytest.mark.django_db
def test_every_operation_but_health_tells_its_refusals_and_how_to_sign_in() -> None:
    for name, operation in operations():
        if name == "get /api/health":
            assert "security" not in operation
            continue
        assert {"401", "403", "503"} <= set(operation["responses"]), name
        assert operation["security"] == [{"ApiKey": []}, {"Session": []}], name
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                shape = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert shape in ("Problem", "BookingMoved"), name


@pytest.mark.django_db
def test_every_reference_of_the_document_leads_somewhere() -> None:
    described = document()
    names = set(re.findall(r"#/components/schemas/(\w+)", str(described)))
    assert names <= set(described["components"]["schemas"])
    assert set(described["components"]["securitySchemes"]) == {"ApiKey", "Session"}


@pytest.mark.django_db
def test_every_operation_has_a_sentence_and_its_own_name() -> None:
    found = operations()
    assert all(operation.get("description") for _, operation in found)
    assert len({operation["operationId"] for _, operation in found}) == len(found)


@pytest.mark.django_db
def test_the_page_lists_every_operation_and_fetches_nothing_from_elsewhere() -> None:
    page = browser().get("/api/docs").content.decode()
    for path in document()["paths"]:
        assert path in page
    assert not re.search(r"<style|style=|<script(?! src=\"/static/)|(src|href)=\"(https?:)?//", page)


# ---- create_api_key --------------------------------------------------------------------------------


def test_a_key_is_printed_once_and_opens_what_its_person_may(cast: Cast) -> None:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", cast.owner.username, name="nightly", stdout=out, stderr=err)
    key = out.getvalue().strip()
    row = ApiKey.objects.get()
    assert (row.user, row.name) == (cast.owner, "nightly")
    assert key not in (row.key_hash, row.prefix)
    assert key not in err.getvalue()
    assert program(key).get("/api/bookings").status_code == 200
    people.revoke_key(row, by=cast.owner)
    assert program(key).get("/api/bookings").status_code == 401


def test_a_key_may_be_made_for_less_than_its_person(cast: Cast) -> None:
    out = StringIO()
    words = {"scope": "read", "partner": cast.partner.name}
    call_command("create_api_key", cast.owner.username, **words, stdout=out, stderr=StringIO())
    row = ApiKey.objects.get()
    assert (row.scope, row.partner) == ("read", cast.partner)
    assert send(program(out.getvalue().strip()), "POST", "/api/auto-book", wish()).status_code == 403
    with pytest.raises(CommandError, match="no partner"):
        call_command("create_api_key", cast.owner.username, partner=cast.other.name)


def test_nobody_of_that_name_gets_no_key(cast: Cast) -> None:
    with pytest.raises(CommandError, match="no person"):
        call_command("create_api_key", "nobody")


def test_who_may_not_sign_in_gets_no_key(cast: Cast) -> None:
    User.objects.filter(pk=cast.owner.pk).update(is_active=False)
    with pytest.raises(CommandError, match="may not sign in"):
        call_command("create_api_key", cast.owner.username)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_key_needs_a_name_that_fits(cast: Cast, name: str) -> None:
    with pytest.raises(CommandError, match="name"):
        call_command("create_api_key", cast.owner.username, name=name)
