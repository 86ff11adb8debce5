"""Saved views of lists: kept, shared, pinned, made the default, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.models import ListColumns, Partner, SavedView
from bookings.models.scope import sees_all
from bookings.services import audit
from bookings.services.errors import Forbidden, Rejected
from bookings.vocabulary import Source

# In the address: the list without anybody's view.
WHOLE = "all"
MOST_OWN = 50
LONGEST_QUERY = 2000
# What an address says that is no part of a view.
PASSING = ("p", "e", "view", "all", "filters", "_popup", "_to_field", "_changelist_filters")


def save(
    owner: User, table: str, name: str, query: str, *, is_shared: bool = False, partner: Partner | None = None
) -> SavedView:
    """Keep a list's address under a name. Shared without a partner, it is for staff.

    A name that the owner has for this list already gets the new address, and stays where it is pinned.
    Raises Rejected with the field to mend, Forbidden for sharing where one does not belong.
    """
    name = name.strip()
    if not name or len(name) > 60:
        raise Rejected(_("Give it a name of up to 60 letters."), field="name")
    query = cleaned(query)
    if len(query) > LONGEST_QUERY:
        raise Rejected(_("These filters are too long to be kept; choose fewer."))
    if is_shared:
        _require_belonging(owner, partner)
    shared = {"is_shared": is_shared, "partner": partner if is_shared else None}
    known = SavedView.objects.filter(owner=owner, table=table, name__iexact=name).first()
    if known is not None:
        return _replace(known, query=query, **shared)
    if SavedView.objects.filter(owner=owner).count() >= MOST_OWN:
        raise Rejected(_("You have %d views already; delete one first.") % MOST_OWN)
    start = slugify(name)[:50] or "view"
    for number in range(1, 1000):
        slug = start if number == 1 else f"{start}-{number}"
        if slug == WHOLE or SavedView.objects.filter(table=table, slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                view = SavedView.objects.create(
                    owner=owner,
                    table=table,
                    name=name,
                    slug=slug,
                    query=query,
                    **shared,
                )
                audit.note(
                    "view.saved",
                    view,
                    source=Source.PERSON,
                    by=owner,
                    partner=view.partner,
                    after={"table": table, "query": query, "shared": is_shared},
                )
        except IntegrityError:  # somebody took the slug at this very moment
            continue
        return view
    raise Rejected(_("There are too many views of that name; choose another."), field="name")


def _replace(view: SavedView, **said: Any) -> SavedView:
    with transaction.atomic():
        before = {"table": view.table, "query": view.query, "shared": view.is_shared}
        for name, value in said.items():
            setattr(view, name, value)
        view.save(update_fields=[*said])
        audit.note(
            "view.saved",
            view,
            source=Source.PERSON,
            by=view.owner,
            partner=view.partner,
            before=before,
            after={"table": view.table, "query": view.query, "shared": view.is_shared},
        )
    return view


def cleaned(query: str) -> str:
    """The lasting part of a list's address.

    >>> cleaned("status__exact=Pending&created_at_from=&p=7&view=mine")
    'status__exact=Pending'
    """
    asked = QueryDict(query)
    kept = QueryDict(mutable=True)
    for name, values in asked.lists():
        said = [value for value in values if value and "\x00" not in value]
        if said and name not in PASSING:
            kept.setlist(name, said)
    return kept.urlencode()


def _require_belonging(owner: User, partner: Partner | None) -> None:
    if partner is None:
        if not sees_all(owner):
            raise Forbidden(_("Choose the partner with whose people you share it."), field="partner")
    elif not Partner.objects.visible_to(owner).filter(pk=partner.pk).exists():
        raise Forbidden(_("You do not belong to that partner."), field="partner")


def delete(view: SavedView, *, by: User) -> None:
    """Only its owner deletes a view, for everybody. Raises Forbidden."""
    if view.owner_id != by.pk:
        raise Forbidden(_("Only the person who saved a view deletes it."))
    with transaction.atomic():
        before = {"table": view.table, "query": view.query, "shared": view.is_shared}
        audit.note("view.deleted", view, source=Source.PERSON, by=by, partner=view.partner, before=before)
        view.delete()


def pin(view: SavedView, person: User, *, pinned: bool) -> None:
    """Put a view into the person's side bar, or take it out."""
    if pinned:
        view.pinned_by.add(person)
    else:
        view.pinned_by.remove(person)


def make_default(view: SavedView, person: User, *, default: bool) -> None:
    """Open the list with this view when the person asks for nothing else, or no more."""
    with transaction.atomic():
        for other in SavedView.objects.filter(table=view.table, default_of=person):
            other.default_of.remove(person)
        if default:
            view.default_of.add(person)


def choose_columns(person: User, table: str, columns: Sequence[str]) -> None:
    """Keep which columns a person sees of a list; none: those that everybody sees at first."""
    if columns:
        ListColumns.objects.update_or_create(person=person, table=table, defaults={"columns": list(columns)})
    else:
        ListColumns.objects.filter(person=person, table=table).delete()
