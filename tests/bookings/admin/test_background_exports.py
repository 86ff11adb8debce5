"""Large exports: asked for, written by a worker, fetched by their person; withdrawn, expired, killed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.files.storage import storages
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from bookings import exports
from bookings.admin import exporting as admin_exporting
from bookings.models import AuditEntry, Booking, Export, Membership, Notice
from bookings.models.export import ExportForm, ExportState
from bookings.services import exporting, notices, people
from bookings.services.errors import AlreadyThere, Rejected
from bookings.vocabulary import BookingStatus, Role
from tests.bookings.admin.conftest import Rows, SignIn
from tests.bookings.cast import Cast, make_booking, make_person

PAGE = "/exports"


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(storages["exports"], "_location", str(tmp_path))
    storages["exports"].__dict__.pop("base_location", None)
    storages["exports"].__dict__.pop("location", None)
    yield
    storages["exports"].__dict__.pop("base_location", None)
    storages["exports"].__dict__.pop("location", None)


def ask(person: Any, query: str = "", form: ExportForm = ExportForm.CSV, table: str = "booking") -> Export:
    return exporting.ask(person, table, form, query=query)


def written(person: Any, **said: Any) -> Export:
    export = ask(person, **said)
    assert admin_exporting.write_export(export.pk) == "written"
    export.refresh_from_db()
    return export


def content(browser: Browser, export: Export) -> bytes:
    answer = browser.get(f"{PAGE}/{export.uuid}/file")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def ids_in(file: bytes) -> list[str]:
    return [row[0] for row in csv.reader(io.StringIO(file.decode("utf-8-sig")))][1:]


def test_a_long_list_is_written_in_the_background(
    cast: Cast, rows: Rows, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_exporting, "AT_ONCE", 0)
    browser = sign_in(cast.owner)
    address = reverse("admin:bookings_booking_export") + "?status__exact=Confirmed"
    answer = browser.post(address, {"format": "0", "resource": "0"}, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    export = Export.objects.get()
    assert (export.person, export.state, export.rows_total) == (cast.owner, ExportState.WAITING, 1)
    assert "Waiting" in answer.content.decode()
    assert 'href="/admin/bookings/booking/?status__exact=Confirmed"' in answer.content.decode()
    assert admin_exporting.write_export(export.pk) == "written"
    page = browser.get(PAGE).content.decode()
    assert f"{PAGE}/{export.uuid}/file" in page
    assert ids_in(content(browser, export)) == [str(rows.booking.pk)]


@pytest.mark.parametrize("form", ExportForm)
def test_each_form_holds_what_the_list_is_filtered_to(form: ExportForm, cast: Cast, sign_in: SignIn) -> None:
    make_booking(cast.account)
    kept = make_booking(cast.account, status=BookingStatus.PENDING)
    export = written(cast.owner, query="status__exact=Pending", form=form)
    file = content(sign_in(cast.owner), export)
    if form == ExportForm.CSV:
        assert ids_in(file) == [str(kept.pk)]
    elif form == ExportForm.JSON:
        assert [row["ID"] for row in json.loads(file)] == [kept.pk]
    else:
        sheet = load_workbook(io.BytesIO(file)).active
        assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["ID", kept.pk]
    assert export.size == len(file)


def test_only_its_person_sees_and_fetches_it(
    cast: Cast, rows: Rows, sign_in: SignIn, client: Browser
) -> None:
    export = written(cast.owner)
    for other in (cast.colleague, cast.stranger, cast.viewer, cast.bare_staff, cast.admin):
        browser = sign_in(other)
        assert str(export.uuid) not in browser.get(PAGE).content.decode()
        assert browser.get(f"{PAGE}/{export.uuid}/file").status_code == 404
        assert browser.post(f"{PAGE}/{export.uuid}/withdraw").status_code == 404
    for address in (PAGE, f"{PAGE}/{export.uuid}/file"):
        assert client.get(address)["Location"].startswith("/sign-in")
    assert Export.objects.filter(pk=export.pk).exists()


def test_it_is_written_with_what_its_person_may_see_by_then(cast: Cast, rows: Rows) -> None:
    export = ask(cast.stranger)
    assert admin_exporting.write_export(export.pk) == "written"
    export.refresh_from_db()
    assert export.rows_done == 0
    without = ask(cast.owner)
    people.leave(Membership.objects.get(user=cast.owner), by=cast.manager)
    assert admin_exporting.write_export(without.pk) == "not allowed any more"
    without.refresh_from_db()
    assert without.state == ExportState.FAILED
    assert not without.file


def test_who_lost_a_partner_does_not_get_the_file_with_its_rows(
    cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    people.join(cast.owner, cast.other, Role.BOOKER)
    export = written(cast.owner)
    browser = sign_in(cast.owner)
    assert content(browser, export)
    people.leave(Membership.objects.get(user=cast.owner, partner=cast.partner), by=cast.manager)
    assert sign_in(cast.owner).get(f"{PAGE}/{export.uuid}/file").status_code == 404


def test_its_person_is_told_once_and_the_audit_knows(cast: Cast, rows: Rows) -> None:
    export = written(cast.owner, query="status__exact=Confirmed")
    assert admin_exporting.write_export(export.pk) == "nothing to do"
    assert Notice.objects.filter(key=f"export:{export.uuid}").count() == 1
    notices.send_owed()
    (told,) = [one for one in mail.outbox if one.to == [cast.owner.email]]
    assert told.subject == "Your export is ready"
    assert "/exports" in told.body
    entry = AuditEntry.objects.get(action="booking.exported")
    assert entry.after == {"count": 1, "filters": {"status__exact": ["Confirmed"]}, "format": "csv"}


def test_one_that_expired_is_gone(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    export = written(cast.owner)
    assert exporting.prune() == 0
    Export.objects.update(expires_at=timezone.now())
    assert sign_in(cast.owner).get(f"{PAGE}/{export.uuid}/file").status_code == 404
    assert exporting.prune() == 1
    assert not Export.objects.exists()
    assert not storages["exports"].exists(export.file.name)


def test_a_writer_that_died_is_followed_by_another(cast: Cast, rows: Rows) -> None:
    export = ask(cast.owner)
    assert exporting.take(export.pk) is not None
    assert exporting.take(export.pk) is None, "somebody holds it"
    Export.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert admin_exporting.write_export(export.pk) == "written"
    assert Export.objects.get().attempts == 2


def test_one_that_kills_its_writers_is_given_up_and_told(cast: Cast, rows: Rows) -> None:
    export = ask(cast.owner)
    for _ in range(exporting.TRIES):
        assert exporting.take(export.pk) is not None
        Export.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert admin_exporting.write_export(export.pk) == "nothing to do"
    assert Export.objects.get().state == ExportState.FAILED
    assert Notice.objects.get(key=f"export:{export.uuid}").subject == "Your export could not be written"


def test_a_slow_writer_that_was_overtaken_leaves_nothing(cast: Cast, rows: Rows) -> None:
    slow = exporting.take(ask(cast.owner).pk)
    assert slow is not None
    Export.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert admin_exporting.write_export(slow.pk) == "written"
    kept = Export.objects.get().file.name
    assert not exporting.perform(slow, Booking.objects.all())
    assert storages["exports"].listdir("")[1] == [kept]


def test_bells_ring_again_for_what_nobody_writes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(exporting.dispatch, "ring_export", rung.append)
    lost, held, fresh = (ask(cast.owner, f"q={number}") for number in range(3))
    rung.clear()
    old = timezone.now() - timedelta(minutes=5)
    Export.objects.filter(pk=lost.pk).update(created_at=old)
    Export.objects.filter(pk=held.pk).update(created_at=old, held_until=timezone.now() + timedelta(minutes=1))
    exporting.ring_due()
    assert rung == [lost.pk]
    assert fresh.pk not in rung


def test_its_person_may_stop_it(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    taken = exporting.take(ask(cast.owner).pk)
    assert taken is not None
    assert sign_in(cast.owner).post(f"{PAGE}/{taken.uuid}/withdraw").status_code == 302
    assert not exporting.perform(taken, Booking.objects.all())
    assert storages["exports"].listdir("")[1] == []


def test_the_same_twice_or_too_many_at_once_are_refused_in_words(cast: Cast, rows: Rows) -> None:
    ask(cast.owner)
    with pytest.raises(AlreadyThere):
        ask(cast.owner)
    for number in range(exporting.MOST_OPEN - 1):
        ask(cast.owner, f"q={number}")
    with pytest.raises(Rejected, match="5 exports"):
        ask(cast.owner, "q=more")
    with pytest.raises(Rejected, match="too long"):
        ask(cast.colleague, "q=" + "x" * 2000)
    ask(make_person(cast.partner))


@pytest.mark.parametrize("query", ["bogus=1", "booking_date__year=99999", "q=%00", "partner__id__exact=zz"])
def test_an_address_that_leads_nowhere_fails_in_words(query: str, cast: Cast, rows: Rows) -> None:
    export = ask(cast.owner, query)
    assert admin_exporting.write_export(export.pk) in ("not allowed any more", "written")
    assert not Export.objects.get().is_open


def test_more_rows_than_a_batch_keep_their_order(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "BATCH", 2)
    made = [make_booking(cast.account).pk for _ in range(5)]
    found = exports.batches(Booking.objects.order_by("pk"), safe=True)
    assert [row[0] for part in found for row in part] == made


@pytest.mark.parametrize(
    "cells", [("a", "=1"), ("a", None, "\t=1"), ("¦ =1",), ("x¦=1", "b"), ("a", "  @b"), ("＝1",)]
)
def test_columns_looked_at_whole_are_as_safe_as_cells_one_by_one(cells: tuple[str | None, ...]) -> None:
    one_by_one = [exports.safe_cell(cell) for cell in cells]
    assert [cell or "" for cell in exports.safe_column(cells)] == one_by_one


def test_my_exports_cost_as_much_for_many_as_for_one(
    cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        ask(cast.owner, f"q={number}")
    browser = sign_in(cast.owner)
    with django_assert_max_num_queries(9):
        assert browser.get(PAGE).status_code == 200
