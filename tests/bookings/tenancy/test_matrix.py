"""Every surface for everybody: the table is played, and held to what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone
from django_eventstream.utils import get_channelmanager

from bookings.live.channels import channel_of
from bookings.models import AuditEntry, BookingRun, Evidence, Export, Notice
from bookings.models.connection import ConnectionKind
from bookings.models.scope import ScopedQuerySet
from bookings.services import connections, feeds, handoffs, invitations, receipts
from bookings.vocabulary import NoticeEvent, NoticeState, Role, StaffRole
from tests.bookings.admin.conftest import Rows
from tests.bookings.admin.table import TABLES, Table
from tests.bookings.api.test_permissions import operations
from tests.bookings.cast import Cast, staff
from tests.bookings.live.everyone.pages import ADMIN_PAGES, LIKE, OWN_PAGES
from tests.bookings.tenancy.surfaces import ACTORS, EITHER, LOOK, SURFACES, Surface, World

# What every admin has; the tables of tests/bookings/admin/table.py are asked for these.
STANDARD = ("changelist", "add", "history", "delete", "change")
# Ninja's own pages: they say what operations there are, which is no secret, and hold no row.
DESCRIPTION = {"api:openapi-json", "api:openapi-view", "api:api-root"}
# Rows that never leave the services: no page, list, file or stream asks for them.
INTERNAL = {"Lease", "Tally", "PersonSession"}
# A person's own, and nobody else's.
PERSONAL = {"NoticeChoice", "Export", "ListColumns", "SpokenLanguage"}
PICTURE = b"\x89PNG\r\n\x1a\n" + b"pixels"


@pytest.fixture
def world(cast: Cast, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("bookings.services.dispatch.ring_channel", lambda channel: None)
    picture = Evidence.objects.create(run=rows.run, attempt_number=1, step="submit")
    picture.file.save("picture.png", ContentFile(PICTURE))
    export = Export.objects.create(
        person=cast.owner,
        table="booking",
        form="csv",
        state="ready",
        partners=[cast.partner.pk],
        expires_at=timezone.now() + timedelta(days=1),
    )
    export.file.save("", ContentFile(b"a row"))
    return World(
        cast=cast,
        rows=rows,
        invitation=invitations.invite(cast.partner, "new@example.com", Role.VIEWER, by=cast.manager),
        sign_in=handoffs.open_for(cast.account, by=cast.manager),
        picture=picture,
        receipt=receipts.share(rows.booking, by=cast.manager),
        export=export,
        delivery=a_delivery(cast),
        calendar=feeds.make(cast.owner).rpartition("/")[2].removesuffix(".ics"),
    )


def a_delivery(cast: Cast) -> Notice:
    """A message that a connection of the partner was owed and that was given up."""
    connection, _secret = connections.make(
        cast.partner,
        ConnectionKind.WEBHOOK,
        name="Our CRM",
        url="https://crm.example.com/hook",
        events=[NoticeEvent.CONFIRMED],
        by=cast.manager,
    )
    sent = connections.send_test(connection, by=cast.manager)
    Notice.objects.filter(pk=sent.pk).update(state=NoticeState.GIVEN_UP)
    return sent


def browser_of(cast: Cast, actor: str) -> Client:
    client = Client()
    if actor in ("auditor", "operator"):
        client.force_login(staff(StaffRole(actor)))
    elif actor != "anonymous":
        client.force_login(getattr(cast, actor))
    return client


def _name(surface: Surface) -> str:
    return f"{surface.method} {surface.name}"


@pytest.mark.parametrize("surface", SURFACES, ids=_name)
def test_everybody_gets_just_what_their_role_allows(world: World, surface: Surface) -> None:
    """Each actor in a transaction of its own, which is taken back: what one did is not there for the next."""
    address = reverse(surface.name, args=surface.at(world))
    got: dict[str, int] = {}
    for actor in ACTORS:
        with transaction.atomic():
            client = browser_of(world.cast, actor)
            body = surface.body(world)
            before = _changes()
            answer = client.get(address, body) if surface.method == "GET" else client.post(address, body)
            told = answer.status_code in (200, 302) and surface.expected(actor) == EITHER
            got[actor] = EITHER if told else answer.status_code
            if answer.streaming:
                b"".join(answer)  # to its end, where the file behind it is closed
            if surface.method == "GET" or actor not in surface.who:
                assert _changes() == before, f"{actor} changed something"
            transaction.set_rollback(True)
    assert got == {actor: surface.expected(actor) for actor in ACTORS}


def _changes() -> tuple[int, int, int]:
    """What every change leaves behind."""
    return AuditEntry.objects.count(), BookingRun.objects.count(), Notice.objects.count()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_auditor_looks_at_every_table_and_changes_none(world: World, table: Table) -> None:
    auditor = browser_of(world.cast, "auditor")
    pk = table.row(world.cast, world.rows).pk
    assert auditor.get(reverse(f"admin:{table.name}_changelist")).status_code == 200
    assert auditor.get(reverse(f"admin:{table.name}_change", args=[pk])).status_code == 200
    assert auditor.get(reverse(f"admin:{table.name}_history", args=[pk])).status_code == 200
    assert auditor.post(reverse(f"admin:{table.name}_change", args=[pk]), {}).status_code == 403
    assert auditor.get(reverse(f"admin:{table.name}_add")).status_code == 403
    assert auditor.get(reverse(f"admin:{table.name}_delete", args=[pk])).status_code == 403
    posted = auditor.post(
        reverse(f"admin:{table.name}_changelist"), {"action": "delete_selected", "_selected_action": [pk]}
    )
    assert type(table.row(world.cast, world.rows)).objects.filter(pk=pk).exists(), posted


# ---- nothing is left out ---------------------------------------------------------------------------


def _names(resolver: URLResolver, space: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _names(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{space}{entry.name}"


def test_every_address_has_a_row() -> None:
    """A new page, or a new deed in an admin, is entered in surfaces.py; a new admin in admin/table.py."""
    lists = {f"admin:{table.name}_{each}" for table in TABLES for each in STANDARD}
    named = set(_names(get_resolver()))
    api = {name for name in named if name.startswith("api:")}
    assert named - api - lists == {surface.name for surface in SURFACES}
    assert len(api - DESCRIPTION) == len(operations()), "api/test_permissions.py has a row for each"


@pytest.fixture
def looked_at() -> set[str]:
    """The names of all addresses that the table of pages for everybody has a row for."""
    paths = [page.at.partition("?")[0] for page in (*OWN_PAGES, *ADMIN_PAGES)]
    return {_name_at(path) for path in paths}


def _name_at(path: str) -> str:
    """Whose address that is; what stands in {} may be a number, a word, two, or a UUID."""
    for any_of_them in ("1", "x", "x/x", str(UUID(int=0))):
        try:
            return resolve(re.sub(r"\{\w+\}", any_of_them, path)).view_name
        except Resolver404:
            continue
    raise AssertionError(f"No page is at {path}")


def test_every_page_is_looked_at_for_everybody(world: World, looked_at: set[str]) -> None:
    """What answers with a page has a row in live/everyone/pages.py, which axe, keyboards and French are
    tried on, or a reason there why it needs none."""
    pages = {surface.name for surface in SURFACES if _shows_a_page(world, surface)}
    assert pages - looked_at - set(LIKE) == set()
    assert set(LIKE) & looked_at == set(), "It has a row: it needs no reason."
    assert set(LIKE) <= set(_names(get_resolver())), "A reason for what is not there any more."


def _shows_a_page(world: World, surface: Surface) -> bool:
    """Whether any of who may is answered with a page; forms may also be answered so when they are refused."""
    for actor in ("manager", "admin", "anonymous"):
        if surface.expected(actor) not in (200, 400, EITHER):
            continue
        with transaction.atomic():
            client, address = browser_of(world.cast, actor), reverse(surface.name, args=surface.at(world))
            ask = client.get if surface.method == "GET" else client.post
            answer = ask(address, surface.body(world))
            if answer.streaming:
                b"".join(answer)
            transaction.set_rollback(True)
        if answer.status_code < 500 and answer.headers.get("Content-Type", "").startswith("text/html"):
            return answer.status_code not in (301, 302)
    return False


def test_every_table_of_the_admin_is_looked_at_for_everybody(looked_at: set[str]) -> None:
    """Each list and each row's page; of adding, deleting and history, which are alike, one at least."""
    each = {f"admin:{table.name}_{kind}" for table in TABLES for kind in ("changelist", "change")}
    assert each - looked_at == set()
    for kind in ("add", "delete", "history"):
        assert any(f"admin:{table.name}_{kind}" in looked_at for table in TABLES), kind


def test_every_admin_has_a_row() -> None:
    assert {table.model for table in TABLES} == set(admin.site._registry)


def test_every_model_knows_whose_its_rows_are() -> None:
    unscoped = {
        model.__name__
        for model in apps.get_app_config("bookings").get_models()
        if not isinstance(model._default_manager.all(), ScopedQuerySet)
    }
    assert unscoped == INTERNAL | PERSONAL


def test_every_models_rows_stay_with_their_partner(world: World) -> None:
    """The one scope that lists, searches, pickers, files and streams are built on, asked for every model."""
    cast, shown = world.cast, set()
    for model in apps.get_app_config("bookings").get_models():
        if model.__name__ in INTERNAL | PERSONAL:
            continue
        rows: Any = model._default_manager
        theirs = rows.visible_to(cast.stranger)
        own = rows.visible_to(cast.owner)
        assert not set(theirs.values_list("pk", flat=True)) & set(own.values_list("pk", flat=True)), model
        assert not rows.visible_to(cast.bare_staff).exists(), model
        assert set(rows.visible_to(staff(StaffRole.AUDITOR))) == set(rows.all()), model
        if own.exists():
            shown.add(model.__name__)
    assert shown >= {
        "Booking",
        "BookingRun",
        "ShowingRequest",
        "Evidence",
        "RunEvent",
        "AuditEntry",
        "Notice",
    }


@pytest.mark.parametrize("actor", ACTORS)
def test_channels_are_heard_by_who_sees_the_run(world: World, actor: str) -> None:
    channels = get_channelmanager()
    user = None
    if actor in ("auditor", "operator"):
        user = staff(StaffRole(actor))
    elif actor != "anonymous":
        user = getattr(world.cast, actor)
    assert channels.can_read_channel(user, channel_of(world.rows.run.uuid)) == (actor in LOOK)
    # There is no other kind of channel; one that is added is entered here.
    for other in ("news", "run-1", "account-1", "partner-1", ""):
        assert not channels.can_read_channel(user, other)
    assert settings.EVENTSTREAM_CHANNELMANAGER_CLASS == "bookings.live.channels.RunChannels"
