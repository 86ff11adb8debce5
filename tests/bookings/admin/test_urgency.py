"""Urgency: the sign on the row and the filter beside it say the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking, BookingRun, ShowingRequest
from bookings.urgency import Urgency
from bookings.vocabulary import BookingStatus, RequestState, RunState
from tests.bookings.admin.conftest import SignIn
from tests.bookings.cast import Cast, make_booking, make_property, make_request, make_run

HOUR = timedelta(hours=1)


def shown(browser: object, name: str, urgency: Urgency) -> set[object]:
    address = reverse(f"admin:bookings_{name}_changelist")
    answer = browser.get(address, {"urgency": urgency.value})  # type: ignore[attr-defined]
    rows = answer.context["cl"].result_list
    offered = browser.get(address, {"urgency": urgency.value, "filters": "1"})  # type: ignore[attr-defined]
    assert str(urgency.label) in offered.content.decode()
    assert answer.content.decode().count(str(urgency.label)) >= len(rows), "each row says it"
    return {row.pk for row in rows}


def test_bookings_that_wait_for_an_answer(cast: Cast, sign_in: SignIn) -> None:
    now = timezone.now()

    def booking(starts_in: timedelta, status: str = BookingStatus.PENDING, touched: timedelta = HOUR) -> int:
        row = make_booking(cast.account)
        Booking.objects.filter(pk=row.pk).update(
            starts_at=now + starts_in, status=status, updated_at=now - touched
        )
        return row.pk

    late, soon, untouched = booking(-HOUR), booking(HOUR), booking(30 * HOUR, touched=9 * HOUR)
    booking(30 * HOUR)
    booking(-30 * HOUR)
    booking(HOUR, BookingStatus.CONFIRMED)
    browser = sign_in(cast.owner)
    assert shown(browser, "booking", Urgency.TOO_LATE) == {late}
    assert shown(browser, "booking", Urgency.SOON) == {soon}
    assert shown(browser, "booking", Urgency.UNTOUCHED) == {untouched}


def test_runs_that_nobody_has_answered(cast: Cast, sign_in: SignIn) -> None:
    now = timezone.now()

    def run(starts_in: timedelta, state: str, touched: timedelta = HOUR) -> int:
        row = make_run(cast.partner)
        BookingRun.objects.filter(pk=row.pk).update(
            starts_at=now + starts_in, state=state, updated_at=now - touched
        )
        return row.pk

    late, soon = run(-HOUR, RunState.FAILED), run(HOUR, RunState.QUEUED)
    untouched = run(30 * HOUR, RunState.REFUSED, 9 * HOUR)
    run(30 * HOUR, RunState.QUEUED, 9 * HOUR)
    run(HOUR, RunState.BOOKED)
    browser = sign_in(cast.owner)
    assert shown(browser, "bookingrun", Urgency.TOO_LATE) == {late}
    assert shown(browser, "bookingrun", Urgency.SOON) == {soon}
    assert shown(browser, "bookingrun", Urgency.UNTOUCHED) == {untouched}


def test_requests_start_on_the_clock_of_their_home(cast: Cast, sign_in: SignIn) -> None:
    now = timezone.now()
    homes = [make_property(time_zone=zone) for zone in ("America/Vancouver", "America/St_Johns", "")]

    def request(home: object, zone: str, starts_in: timedelta, touched: timedelta = HOUR) -> str:
        local: datetime = (now + starts_in).astimezone(ZoneInfo(zone))
        row = make_request(
            cast.partner, property=home, scheduled_date=local.date(), scheduled_time=local.time()
        )
        ShowingRequest.objects.filter(pk=row.pk).update(changed_at=now - touched)
        return row.pk

    zones = ("America/Vancouver", "America/St_Johns", cast.partner.time_zone)
    soon = {request(home, zone, HOUR) for home, zone in zip(homes, zones, strict=True)}
    late = {request(home, zone, -HOUR) for home, zone in zip(homes, zones, strict=True)}
    untouched = request(homes[0], zones[0], 72 * HOUR, touched=9 * HOUR)
    booked = request(homes[0], zones[0], HOUR)
    ShowingRequest.objects.filter(pk=booked).update(booking_status=RequestState.BOOKED)
    browser = sign_in(cast.owner)
    assert shown(browser, "showingrequest", Urgency.SOON) == soon
    assert shown(browser, "showingrequest", Urgency.TOO_LATE) == late
    assert shown(browser, "showingrequest", Urgency.UNTOUCHED) == {untouched}
