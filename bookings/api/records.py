"""Bookings: listed, looked at, changed, hidden, counted and taken out as files."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import Annotated

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Header, Query, Router
from ninja.responses import NinjaJSONEncoder

from bookings import exports
from bookings.api import rows, shapes
from bookings.api.auth import PersonRequest, may
from bookings.api.errors import problem
from bookings.api.openapi import OF_A_BODY, answers, body_of, text_of
from bookings.models import Booking
from bookings.queries import bookings as reads
from bookings.services import audit, bookings
from bookings.services.errors import Moved, Rejected
from bookings.vocabulary import BookingStatus, Source

router = Router(tags=["Bookings"])

# Also as a proxy weakens it that packs the answer.
IfMatch = Annotated[
    str,
    Header(
        "",
        alias="If-Match",
        pattern=r'^(\*|(W/)?"[0-9]{1,9}")?$',
        description="The ETag of the row that was looked at; 409 when somebody changed it since.",
    ),
]


@router.get("/bookings", auth=may("bookings.view_booking"), response=answers({200: shapes.Bookings}))
def list_bookings(request: PersonRequest, page: Query[shapes.BookingPage]) -> shapes.Bookings:
    """The bookings that fit, a page at a time; `total` counts them all."""
    found = reads.matching(request.auth, _wanted(page))
    part = found[page.offset : page.offset + page.limit]
    return shapes.Bookings(
        data=[rows.booking(row) for row in part], total=found.count(), limit=page.limit, offset=page.offset
    )


@router.get(
    "/bookings/{int:booking_id}",
    auth=may("bookings.view_booking"),
    response=answers({200: shapes.OneBooking}, 404),
)
def one_booking(request: PersonRequest, booking_id: int, response: HttpResponse) -> shapes.OneBooking:
    """One booking. Its ETag is its version: send it as If-Match with a change."""
    return _told(booking_or_404(request, booking_id), response)


@router.patch(
    "/bookings/{int:booking_id}",
    auth=may("bookings.change_status_booking"),
    response=answers({200: shapes.OneBooking, 409: shapes.BookingMoved}, 404, *OF_A_BODY),
)
def change_status(
    request: PersonRequest,
    booking_id: int,
    change: shapes.StatusAsked,
    if_match: IfMatch,
    response: HttpResponse,
) -> shapes.OneBooking | HttpResponse:
    """Write down what is known of a booking. It changes the portal's row, not BrokerBay.

    With a “version” or If-Match that is not the row's any more, 409 answers the row as it is now.
    """
    booking = booking_or_404(request, booking_id)
    version = _version_meant(if_match, change.version)
    try:
        changed = bookings.change_status(
            booking,
            BookingStatus(change.status),
            by=request.auth,
            source=Source.API,
            reason=change.reason,
            version=version,
        )
    except Moved as moved:
        return _as_it_is(booking, moved)
    return _told(changed, response)


@router.delete(
    "/bookings/{int:booking_id}",
    auth=may("bookings.change_status_booking"),
    response=answers({200: shapes.OneBooking, 409: shapes.BookingMoved}, 404),
)
def hide_booking(
    request: PersonRequest, booking_id: int, if_match: IfMatch, response: HttpResponse
) -> shapes.OneBooking | HttpResponse:
    """Take a booking out of the lists. It stays on BrokerBay, and an administrator can bring it back."""
    booking = booking_or_404(request, booking_id)
    try:
        bookings.hide(booking, by=request.auth, source=Source.API, version=_version_meant(if_match))
    except Moved as moved:
        return _as_it_is(booking, moved)
    booking.refresh_from_db()
    return _told(booking, response)


def _told(booking: Booking, response: HttpResponse) -> shapes.OneBooking:
    response["ETag"] = _tag(booking)
    return shapes.OneBooking(data=rows.booking(booking))


def _as_it_is(booking: Booking, no: Moved) -> HttpResponse:
    """409 with the row as it is now, so that a person can compare and decide."""
    booking.refresh_from_db()
    answer = problem(409, no.message, fields={no.field: no.message}, data=rows.booking(booking))
    answer["ETag"] = _tag(booking)
    return answer


def _tag(booking: Booking) -> str:
    return f'"{booking.version}"'


def _version_meant(if_match: str, version: int | None = None) -> int | None:
    """The version that the caller looked at; None when it does not matter."""
    tag = if_match.removeprefix("W/").strip('"')
    if not tag or tag == "*":
        return version
    if version is not None and int(tag) != version:
        raise Rejected(_("“version” and If-Match name two different versions."), field="version")
    return int(tag)


@router.get("/stats", auth=may("bookings.view_booking"), response=answers({200: shapes.Stats}))
def show_stats(request: PersonRequest) -> shapes.Stats:
    """The numbers of the caller's bookings."""
    figures = reads.figures(request.auth)
    return shapes.Stats(
        data=shapes.Figures(
            total=figures.total,
            autoConfirmed=figures.auto_confirmed,
            thisWeek=figures.recent,
            pending=figures.by_status[BookingStatus.PENDING],
            confirmed=figures.by_status[BookingStatus.CONFIRMED],
            statusCounts=figures.by_status,
            recentBookings=[rows.booking(row) for row in figures.latest],
            topProperties=[
                shapes.TopProperty(property_address=address, count=count)
                for address, count in figures.top_addresses
            ],
        )
    )


# ---- files -----------------------------------------------------------------------------------------


@router.get(
    "/export/csv",
    auth=may("bookings.export_booking"),
    response=answers({200: None}),
    openapi_extra=body_of(200, "text/csv", text_of("A header line, then a line per booking.")),
)
def export_csv(request: PersonRequest, wanted: Query[shapes.BookingFilters]) -> StreamingHttpResponse:
    """The bookings that fit as CSV; what a spreadsheet could take for a formula is led by an apostrophe."""
    found = _may_be_taken_out(request, wanted)
    _note(request, wanted, count=found.count(), form="csv")
    lines = exports.csv_text(Booking, exports.batches(found, safe=True))
    return _file(request, lines, kind="csv", content_type="text/csv; charset=utf-8")


@router.get("/export/json", auth=may("bookings.export_booking"), response=answers({200: shapes.BookingsFile}))
def export_json(request: PersonRequest, wanted: Query[shapes.BookingFilters]) -> StreamingHttpResponse:
    """The bookings that fit as one JSON document."""
    ids = list(_may_be_taken_out(request, wanted).values_list("pk", flat=True))
    _note(request, wanted, count=len(ids), form="json")
    document = _json(reads.in_pages(request.auth, ids), count=len(ids), now=timezone.now())
    return _file(request, document, kind="json", content_type="application/json")


def _may_be_taken_out(request: PersonRequest, wanted: shapes.BookingFilters) -> QuerySet[Booking]:
    return reads.matching(request.auth, _wanted(wanted), may="export_booking")


def _note(request: PersonRequest, wanted: shapes.BookingFilters, *, count: int, form: str) -> None:
    """The audit line of who took how many bookings out."""
    filters = wanted.model_dump(exclude_defaults=True)
    audit.note_export("booking", by=request.auth, count=count, filters=filters, form=form, source=Source.API)


def _json(pages: Iterable[list[Booking]], *, count: int, now: datetime) -> Iterator[str]:
    head = json.dumps({"success": True, "exportedAt": now, "count": count}, cls=NinjaJSONEncoder)
    yield head.removesuffix("}") + ', "data": ['
    before = ""
    for page in pages:
        yield before + ", ".join(json.dumps(rows.booking(row), cls=NinjaJSONEncoder) for row in page)
        before = ", " if page else before
    yield "]}"


def _file(
    request: HttpRequest, text: Iterator[str], *, kind: str, content_type: str
) -> StreamingHttpResponse:
    # Under ASGI a plain iterator would be read to its end before the first byte leaves.
    parts = _one_by_one(text) if isinstance(request, ASGIRequest) else text
    answer = StreamingHttpResponse(parts, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="bookings-{timezone.now():%Y-%m-%d}.{kind}"'
    answer["Cache-Control"] = "no-store"
    return answer


async def _one_by_one(text: Iterator[str]) -> AsyncIterator[str]:
    while (part := await sync_to_async(_next)(text)) is not None:
        yield part


def _next(text: Iterator[str]) -> str | None:
    return next(text, None)


def _wanted(asked: shapes.BookingFilters) -> reads.Wanted:
    return reads.Wanted(
        status=asked.status,
        search=asked.search.strip(),
        sort_by=asked.sortBy,
        descending=asked.sortOrder.lower() == "desc",
    )


def booking_or_404(request: PersonRequest, booking_id: int) -> Booking:
    booking: Booking | None = reads.shown(request.auth).filter(pk=booking_id).first()
    if booking is None:
        raise Http404("There is no such booking.")
    return booking
