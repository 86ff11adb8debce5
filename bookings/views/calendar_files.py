"""Calendar files: one booking's, and the calendars that programs ask for again and again."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from bookings.asker import person_of
from bookings.models import Booking
from bookings.services import calendars, feeds, receipts


@login_required
@require_safe
def booking_file(request: HttpRequest, pk: int) -> HttpResponse:
    """One booking, for whoever sees it."""
    user = person_of(request)
    seen = Booking.objects.visible_to(user).filter(pk=pk)
    booking = seen.select_related(*calendars.NEIGHBOURS).first()
    if booking is None:
        raise Http404
    return _download(booking, calendars.file_of(booking))


@require_safe
def receipt_file(request: HttpRequest, token: str) -> HttpResponse:
    """What a receipt shows, for whoever has its link; as long as that opens."""
    receipt = receipts.read(token)
    if receipt is None or not receipt.is_open or receipt.booking.hidden_at is not None:
        raise Http404
    return _download(receipt.booking, calendars.file_of(receipt.booking, for_strangers=True))


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """A whole calendar, for whoever has its address. 304 when it is what the reader has already."""
    found = feeds.find(secret)
    if found is None:
        return _private(HttpResponse("There is no calendar here.", status=404, content_type="text/plain"))
    etag = f'"{feeds.digest(found)}"'
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        answer = HttpResponse(feeds.content(found), content_type=calendars.CONTENT_TYPE)
        answer["Content-Disposition"] = 'inline; filename="showings.ics"'
    answer["ETag"] = etag
    return _private(answer)


def _private(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "private, no-cache"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer


def _download(booking: Booking, content: bytes) -> HttpResponse:
    answer = HttpResponse(content, content_type=calendars.CONTENT_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{calendars.file_name(booking)}"'
    answer["Cache-Control"] = "private, no-store"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
