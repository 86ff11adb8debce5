from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings import wallclock
from bookings.models import Booking, BookingRun, ShowingRequest
from bookings.queries import period as periods
from bookings.queries.board import ACCOUNTS_LISTED, LISTED, Sight, board, bookings_per_day
from bookings.queries.period import Period, period
from bookings.services import bookings as booking_service
from bookings.services import runs, sync, upstreams
from bookings.vocabulary import BookingStatus, Health, Need, RequestState, RunKind, RunState, Source
from tests.bookings.cast import Cast, in_days, make_account, make_booking, make_request, make_run

TORONTO = ZoneInfo("America/Toronto")
# One person signed in, their rights, their partners, and one query for each part of the board; the whole page
# adds those of the last weeks.
PART_BUDGET, QUERY_BUDGET = 24, 27


def at_noon(booking_day: int, **fields: object) -> dict[str, object]:
    day = in_days(booking_day)
    return {
        "booking_date": day,
        "booking_time": time(12),
        "starts_at": wallclock.instant(day, time(12), "America/Toronto"),
        **fields,
    }


def test_a_visitor_is_asked_to_sign_in_first(db: None, client: Client) -> None:
    answer = client.get("/dashboard")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in?next=/dashboard"


@pytest.mark.parametrize("address", ["/", "/dashboard"])
def test_the_dashboard_shows_what_is_booked_and_what_runs(cast: Cast, client: Client, address: str) -> None:
    make_booking(cast.account, **at_noon(2, property_address="12 Example Lane"))
    run = make_run(cast.partner, by=cast.owner)
    client.force_login(cast.colleague)
    text = client.get(address).content.decode()
    assert f"/runs/{run.uuid}" in text
    assert run.address in text
    assert "Showings per day" in text
    assert "The same as a table" in text


def test_a_stranger_sees_nothing_of_it(cast: Cast, client: Client) -> None:
    booking = make_booking(cast.account, booking_date=timezone.now().astimezone(TORONTO).date())
    run = make_run(cast.partner, by=cast.owner)
    request = make_request(cast.partner, booking_status=RequestState.NEEDS_INFO)
    client.force_login(cast.stranger)
    text = client.get("/").content.decode()
    for secret in (
        booking.property_address,
        str(run.uuid),
        run.address,
        request.property.address,
        cast.account.email,
    ):
        assert secret not in text


def test_somebody_without_a_team_is_told_how_to_get_one(cast: Cast, client: Client) -> None:
    client.force_login(cast.bare_staff)
    assert "You belong to no team yet" in client.get("/").content.decode()


def test_a_refused_run_comes_up_with_its_next_step_until_it_is_asked_for_anew(
    cast: Cast, client: Client
) -> None:
    run = make_run(cast.partner, by=cast.owner)
    BookingRun.objects.filter(pk=run.pk).update(state=RunState.REFUSED, reason_code="slot_unavailable")
    client.force_login(cast.owner)
    text = client.get("/").content.decode()
    assert "That time is not offered" in text
    assert "Pick one of the open times." in text

    make_run(cast.partner, by=cast.owner, property_text=run.property_text, time=time(11))
    shown = board(cast.owner, now=timezone.now(), zone=TORONTO)
    assert list(shown.runs_for_person) == []


@pytest.mark.parametrize(
    ("code", "says", "cure"),
    [
        ("rehearsed", "Everything is filled in; nothing was sent", "Look and send"),
        ("ambiguous_listing", "Several listings fit", "Answer"),
        ("needs_approval", "does not confirm by itself", "Ask for approval"),
    ],
)
def test_what_waits_for_a_person_has_its_cure_beside_it(
    cast: Cast, client: Client, code: str, says: str, cure: str
) -> None:
    run = make_run(cast.partner, by=cast.owner)
    BookingRun.objects.filter(pk=run.pk).update(
        state=RunState.PARKED, reason_code=code, rehearses=True, candidates=[{"address": "12 Example Lane"}]
    )
    client.force_login(cast.owner)
    text = client.get("/").content.decode()
    assert says in text
    assert re.search(rf'id="cure-{run.pk}"[^>]*>{cure}', text)
    client.force_login(cast.viewer)
    text = client.get("/").content.decode()
    assert says in text
    assert f'id="cure-{run.pk}"' not in text


def test_other_kinds_of_run_need_a_person_too_and_checks_never_do(cast: Cast) -> None:
    cancel = runs.queue_cancel(make_booking(cast.account), source=Source.PERSON, by=cast.owner)
    compare = runs.queue_reconcile(cast.account, source=Source.PERSON, by=cast.owner)
    check = make_run(cast.partner, kind=RunKind.CHECK, date=None, time=None, duration_minutes=None)
    for run in (cancel, compare, check):
        BookingRun.objects.filter(pk=run.pk).update(state=RunState.FAILED, reason_code="page_changed")
    shown = board(cast.owner, now=timezone.now(), zone=TORONTO)
    assert set(shown.runs_for_person) == {cancel, compare}


def test_a_run_that_waits_for_a_clock_needs_nobody(cast: Cast) -> None:
    run = make_run(cast.partner)
    later = timezone.now() + timedelta(minutes=1)
    BookingRun.objects.filter(pk=run.pk).update(
        state=RunState.PARKED, reason_code="site_down", not_before=later
    )
    shown = board(cast.owner, now=timezone.now(), zone=TORONTO)
    assert shown.counts.needs_you == 0
    assert shown.counts.waiting == 1


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ({"health": Health.NEEDS_SIGN_IN}, "Waiting for a sign-in"),
        ({"health": Health.CHALLENGED}, "Waiting for a sign-in"),
        ({"is_active": False}, "Waiting for its BrokerBay account"),
    ],
)
def test_a_queued_run_behind_an_account_that_is_held_up_says_what_it_waits_for(
    cast: Cast, client: Client, account: dict[str, object], told: str
) -> None:
    run = make_run(cast.partner)
    type(cast.account).objects.filter(pk=cast.account.pk).update(**account)
    client.force_login(cast.owner)
    for address in ("/", f"/runs/{run.uuid}", reverse("admin:bookings_bookingrun_changelist")):
        text = client.get(address).content.decode()
        assert told in text, address
        assert '<span class="badge calm">Queued</span>' not in text


def test_a_showing_that_was_only_asked_for_is_not_called_booked(cast: Cast, client: Client) -> None:
    run = make_run(cast.partner)
    asked = make_booking(cast.account, status=BookingStatus.PENDING)
    BookingRun.objects.filter(pk=run.pk).update(state=RunState.BOOKED, booking=asked)
    client.force_login(cast.owner)
    for address in ("/", f"/runs/{run.uuid}"):
        text = client.get(address).content.decode()
        assert '<span class="badge calm">Pending</span>' in text
        assert '<span class="badge good">Booked</span>' not in text
    Booking.objects.update(status=BookingStatus.CONFIRMED)
    assert '<span class="badge good">Booked</span>' in client.get("/").content.decode()


def test_a_showing_that_is_being_cancelled_or_moved_says_so(cast: Cast, client: Client) -> None:
    first, second = make_booking(cast.account), make_booking(cast.account, booking_time=time(15))
    runs.queue_cancel(first, source=Source.PERSON, by=cast.owner)
    runs.queue_reschedule(
        second, date=in_days(9), time=time(15), duration_minutes=None, source=Source.PERSON, by=cast.owner
    )
    client.force_login(cast.owner)
    text = client.get("/").content.decode()
    for booking, says in ((first, "Being cancelled"), (second, "Being moved")):
        row = text.partition(f'id="next-{booking.pk}"')[2].partition("</a>")[0]
        assert says in row
        assert "Confirmed" not in row
    assert board(cast.owner, now=timezone.now(), zone=TORONTO).counts.waiting == 2, "of every kind"


def test_a_home_is_told_by_its_address_where_that_was_learned_later(cast: Cast, client: Client) -> None:
    wish = make_request(cast.partner)
    run = runs.queue_for(wish, source=Source.PERSON, by=cast.owner)
    BookingRun.objects.filter(pk=run.pk).update(address="", state=RunState.FAILED, reason_code="page_changed")
    client.force_login(cast.owner)
    for address in ("/", f"/runs/{run.uuid}"):
        assert f">{wish.property.address}</" in client.get(address).content.decode()
    page = client.get(f"/runs/{run.uuid}").content.decode()
    assert f">{wish.client}</a>" in page
    assert f">{wish.pk}</" not in page


def test_a_request_that_lacks_something_says_what(cast: Cast, client: Client) -> None:
    make_request(cast.partner, booking_status=RequestState.NEEDS_INFO, needs=[Need.TIME], scheduled_time=None)
    client.force_login(cast.viewer)
    assert "No time was given" in client.get("/").content.decode()


def test_today_is_the_day_at_the_propertys_own_door(cast: Cast) -> None:
    now = datetime(2026, 7, 2, 5, 0, tzinfo=UTC)  # 1 am in Toronto, still 10 pm of the 1st in Vancouver
    day = datetime(2026, 7, 1).date()  # noqa: DTZ001 - a wall calendar's day
    for zone in ("America/Toronto", "America/Vancouver"):
        at = time(21)
        make_booking(
            cast.account,
            property_address=f"A home on {zone}",
            booking_date=day,
            booking_time=at,
            time_zone=zone,
            starts_at=wallclock.instant(day, at, zone),
        )
    shown = board(cast.owner, now=now, zone=TORONTO)
    assert [booking.property_address for booking in shown.today] == ["A home on America/Vancouver"]
    assert shown.counts.today == 1


def test_cancelled_and_hidden_bookings_are_not_counted(cast: Cast) -> None:
    make_booking(cast.account, **at_noon(1))
    make_booking(cast.account, **at_noon(1, status=BookingStatus.CANCELLED))
    make_booking(cast.account, **at_noon(1, hidden_at=timezone.now()))
    make_booking(cast.account, **at_noon(1, status=BookingStatus.PENDING))
    counts = board(cast.owner, now=timezone.now(), zone=TORONTO).counts
    assert (counts.confirmed, counts.pending) == (1, 1)


def test_of_many_accounts_those_that_need_a_person_are_told_first_and_counted_all(
    cast: Cast, client: Client
) -> None:
    many = [make_account(cast.partner) for _ in range(ACCOUNTS_LISTED + LISTED)]
    sick = sorted(account.pk for account in many[-LISTED - 1 :])
    type(cast.account).objects.filter(pk__in=sick).update(health=Health.NEEDS_SIGN_IN)
    shown = board(cast.manager, now=timezone.now(), zone=TORONTO)
    assert sorted(account.pk for account in shown.accounts[: len(sick)]) == sick
    assert {account.pk for account in shown.accounts_for_person} < set(sick)
    assert shown.counts.needs_you == len(sick)
    assert (len(shown.accounts), shown.accounts_in_all) == (ACCOUNTS_LISTED, len(many) + 1)
    client.force_login(cast.manager)
    text = client.get("/").content.decode()
    assert f"The most urgent are listed; {len(sick)} wait in all." in text
    assert text.count(f'href="{reverse("sign_in_account", args=[sick[0]])}"') == 3, "twice a row, and below"
    assert f"there are {len(many) + 1} in all" in text
    listed = client.get(re.findall(r'id="list-accounts" href="([^"]+)"', text)[0].replace("&amp;", "&"))
    assert listed.context["cl"].result_count == len(many) + 1


def test_the_chart_has_every_day_with_its_figures(cast: Cast) -> None:
    make_booking(cast.account, **at_noon(2))
    make_booking(cast.account, **at_noon(2, status=BookingStatus.PENDING))
    days = bookings_per_day(Sight(user=cast.owner), in_days(0))
    assert len(days) == 29
    assert {day.day: (day.confirmed, day.pending) for day in days if day.total} == {in_days(2): (1, 1)}


def test_a_sick_account_says_that_its_runs_wait(cast: Cast, client: Client) -> None:
    type(cast.account).objects.filter(pk=cast.account.pk).update(health=Health.NEEDS_SIGN_IN)
    client.force_login(cast.owner)
    assert "Sign it in; they go on by themselves." in client.get("/").content.decode()


def test_who_may_sign_an_account_in_finds_it_among_what_needs_them(cast: Cast, client: Client) -> None:
    type(cast.account).objects.filter(pk=cast.account.pk).update(health=Health.CHALLENGED)
    way = reverse("sign_in_account", args=[cast.account.pk])
    for person, found in ((cast.manager, True), (cast.owner, False), (cast.stranger, False)):
        shown = board(person, now=timezone.now(), zone=TORONTO)
        assert ([each.pk for each in shown.accounts_for_person] == [cast.account.pk]) is found
        assert shown.counts.needs_you == int(found)
        client.force_login(person)
        text = client.get("/").content.decode()
        assert (way in text) is found
        assert (f'class="button small" id="sign-in-{cast.account.pk}" href="{way}"' in text) is found


def test_operators_see_the_last_sync_pass_and_partners_do_not(cast: Cast, client: Client) -> None:
    sync.begin("test")
    client.force_login(cast.owner)
    assert "Last sync pass" not in client.get("/").content.decode()
    client.force_login(cast.admin)
    assert "Last sync pass" in client.get("/").content.decode()


def test_only_operators_see_which_outside_services_are_left_alone(cast: Cast, client: Client) -> None:
    upstreams.failed("supabase", "Supabase cannot be reached.", retry_after=600)
    client.force_login(cast.owner)
    assert "Supabase cannot be reached." not in client.get("/").content.decode()
    client.force_login(cast.admin)
    page = client.get("/").content.decode()
    assert "Left alone for now" in page
    assert "Supabase cannot be reached. Asked again at" in page


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            {"state": "listening", "lag_ms": 80},
            "listening for 2 hours, last change 5 minutes ago, here after 80 ms",
        ),
        ({"state": "down", "trouble": "Check SUPABASE_KEY."}, "Not listening: Check SUPABASE_KEY."),
        ({"state": "stopped"}, "No bridge listens"),
        ({"state": "listening", "seen_at": "2026-01-01T00:00:00+00:00"}, "No bridge listens"),
    ],
)
def test_operators_see_how_the_bridges_line_stands(
    cast: Cast, client: Client, facts: dict[str, object], words: str
) -> None:
    now = timezone.now()
    moments = {
        "seen_at": now.isoformat(),
        "connected_since": (now - timedelta(hours=2)).isoformat(),
        "last_event_at": (now - timedelta(minutes=5)).isoformat(),
    }
    upstreams.succeeded("realtime")
    upstreams.note("realtime", **{**moments, **facts})
    client.force_login(cast.admin)
    page = client.get("/").content.decode().replace("\xa0", " ")
    assert words in page
    is_well = words.startswith("listening")
    assert upstreams.states() == {"realtime": "ok" if is_well else "trying"}
    assert is_well == (">Answers<" in page) == ("Not listening</" not in page)


@pytest.mark.parametrize(
    ("user_id", "lacks", "step"),
    [
        ("client-9", [Need.CLIENT], "Assign the client to a partner under “Unmapped”."),
        ("", [Need.CLIENT], "Complete it at its source."),
        ("client-9", [Need.ACCOUNT], "Add the partner&#x27;s BrokerBay account."),
        ("client-9", [Need.ACCOUNT, Need.TIME], "Complete it at its source."),
    ],
)
def test_a_request_that_lacks_something_says_where_that_is_mended(
    cast: Cast, client: Client, user_id: str, lacks: list[Need], step: str
) -> None:
    wish = make_request(cast.partner)
    fields = {"user_id": user_id, "needs": lacks, "booking_status": RequestState.NEEDS_INFO}
    ShowingRequest.objects.filter(pk=wish.pk).update(**fields)
    client.force_login(cast.admin)
    assert step in client.get("/").content.decode()


def test_the_moving_part_comes_alone_for_the_live_refresh(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    part = client.get("/?part=board").content.decode()
    assert 'id="counts"' in part
    assert "<html" not in part


def test_the_dashboard_keeps_to_its_query_budget_however_many_rows(
    cast: Cast, client: Client, django_assert_max_num_queries
) -> None:
    for number in range(4):
        make_booking(cast.account, **at_noon(0))
        make_request(cast.partner, booking_status=RequestState.NEEDS_INFO)
        run = make_run(cast.partner, by=cast.owner)
        if number % 2:
            BookingRun.objects.filter(pk=run.pk).update(state=RunState.FAILED, reason_code="page_changed")
    client.force_login(cast.owner)
    with django_assert_max_num_queries(QUERY_BUDGET):
        client.get("/")
    with django_assert_max_num_queries(PART_BUDGET):
        client.get("/?part=board")
    assert Booking.objects.count() == 4


# ---- figures that lead to their rows ---


def ended(
    cast: Cast, state: RunState, *, days_ago: int = 1, at: str = "partner", **fields: object
) -> BookingRun:
    """A run that was asked for so many days ago and has ended so."""
    run = make_run(getattr(cast, at))
    asked = timezone.now() - timedelta(days=days_ago)
    BookingRun.objects.filter(pk=run.pk).update(state=state, queued_at=asked, **fields)
    return BookingRun.objects.get(pk=run.pk)


def lately(cast: Cast, **sight: object) -> Period:
    user = sight.pop("user", cast.owner)
    return period(Sight(user=user, **sight), now=timezone.now(), zone=TORONTO)


def test_each_figure_leads_to_the_list_of_exactly_its_rows(cast: Cast, client: Client) -> None:
    make_booking(cast.account, **at_noon(1))
    make_booking(cast.account, **at_noon(-3))
    make_booking(cast.account, **at_noon(1, hidden_at=timezone.now()))
    for status in (BookingStatus.PENDING, BookingStatus.TIME_SUGGESTED, BookingStatus.CANCELLED):
        make_booking(cast.account, **at_noon(2, status=status))
    make_booking(cast.other_account, **at_noon(1))
    later = timezone.now() + timedelta(minutes=5)
    ended(cast, RunState.QUEUED)
    ended(cast, RunState.PARKED, not_before=later)
    ended(cast, RunState.PARKED, reason_code="rehearsed")
    ended(cast, RunState.UNCONFIRMED, reason_code="in_doubt")
    ended(cast, RunState.BOOKED)
    ended(cast, RunState.REFUSED)
    ended(cast, RunState.EXPIRED)
    ended(cast, RunState.BOOKED, days_ago=40)
    expected = {"confirmed": 1, "pending": 2, "waiting": 2, "booked": 1, "unbooked": 2}
    client.force_login(cast.owner)
    page = client.get("/").content.decode()
    found = {}
    for name in expected:
        address = re.search(rf'id="list-{name}" href="([^"]+)"', page)
        assert address is not None, name
        rows = client.get(address[1].replace("&amp;", "&")).context["cl"].result_list
        found[name] = len(rows)
    assert found == expected
    counts = board(cast.owner, now=timezone.now(), zone=TORONTO).counts
    assert (counts.confirmed, counts.pending, counts.waiting) == (1, 2, 2)


def test_what_starts_within_a_day_and_is_not_settled_is_at_risk(cast: Cast, client: Client) -> None:
    soon, late = timezone.now() + timedelta(hours=5), timezone.now() + timedelta(hours=30)
    pending = make_booking(cast.account, status=BookingStatus.PENDING, starts_at=soon)
    make_booking(cast.account, status=BookingStatus.CONFIRMED, starts_at=soon)
    make_booking(cast.account, status=BookingStatus.PENDING, starts_at=late)
    waiting = ended(cast, RunState.QUEUED, starts_at=soon)
    ended(cast, RunState.QUEUED, starts_at=late)
    shown = board(cast.owner, now=timezone.now(), zone=TORONTO)
    assert shown.counts.at_risk == 2
    assert (list(shown.bookings_at_risk), list(shown.runs_at_risk)) == ([pending], [waiting])
    client.force_login(cast.owner)
    page = client.get("/").content.decode()
    assert f'id="risk-booking-{pending.pk}"' in page
    assert f'id="risk-run-{waiting.pk}"' in page
    assert board(cast.stranger, now=timezone.now(), zone=TORONTO).counts.at_risk == 0


def test_the_last_weeks_are_told_against_the_span_before(cast: Cast, client: Client) -> None:
    assert lately(cast).now.rate is None
    for state, days in (
        (RunState.BOOKED, 2),
        (RunState.BOOKED, 3),
        (RunState.BOOKED, 4),
        (RunState.FAILED, 5),
    ):
        ended(cast, state, days_ago=days)
    for state in (RunState.BOOKED, RunState.REFUSED):
        ended(cast, state, days_ago=40)
    ended(cast, RunState.CANCELLED)
    ended(cast, RunState.QUEUED)
    ended(cast, RunState.BOOKED, days_ago=70)
    ended(cast, RunState.FAILED, at="other")
    told = lately(cast)
    assert (told.now.booked, told.now.unbooked, told.now.rate) == (3, 1, 75)
    assert told.before.rate == 50
    assert [(tally.name, tally.ended) for tally in told.accounts] == [(cast.account.email, 4)]
    client.force_login(cast.owner)
    page = client.get("/").content.decode()
    assert "3 of 4 booked" in page
    assert "25 points better" in page


def test_how_fast_it_was_is_the_median_from_the_wish_on(cast: Cast) -> None:
    for number, (sent, confirmed) in enumerate(((10, 60), (20, None), (90, 7200))):
        asked = timezone.now() - timedelta(days=3)
        booking = make_booking(
            cast.account,
            confirmed_at=asked + timedelta(seconds=confirmed) if confirmed else None,
            property_address=f"{number} Example Row",
        )
        ended(cast, RunState.BOOKED, booking=booking, submitting_at=asked + timedelta(seconds=sent))
        BookingRun.objects.filter(booking=booking).update(queued_at=asked)
    pace = lately(cast).pace
    assert (pace.to_submitted, pace.to_confirmed) == (20, 3630)


def test_a_showing_is_confirmed_when_it_is_first_seen_so(cast: Cast) -> None:
    run = make_run(cast.partner)
    seen = booking_service.Seen(
        showing_id="7",
        listing_id="a" * 24,
        address="12 Example Lane",
        date=in_days(3),
        time=time(10),
        duration_minutes=30,
        status="requested",
        badge="New",
        url="",
    )
    booking = booking_service.adopt(run, seen)
    assert booking.confirmed_at is None
    booking_service.follow(booking, replace(seen, status="confirmed", badge="Confirmed"), run=run)
    first = booking.confirmed_at
    assert first is not None
    booking_service.follow(booking, replace(seen, status="confirmed", badge="Confirmed"), run=run)
    assert booking.confirmed_at == first


def test_staff_see_every_partner_and_may_look_at_one(cast: Cast, client: Client) -> None:
    mine, other = make_booking(cast.account, **at_noon(1)), make_booking(cast.other_account, **at_noon(1))
    for at in ("partner", "other"):
        ended(cast, RunState.BOOKED, at=at)
    client.force_login(cast.admin)
    page = client.get("/").content.decode()
    assert mine.property_address in page
    assert other.property_address in page
    assert [tally.name for tally in lately(cast, user=cast.admin).partners] == sorted(
        [cast.partner.name, cast.other.name]
    )
    page = client.get("/", {"partner": cast.partner.pk}).content.decode()
    assert mine.property_address in page
    assert other.property_address not in page
    assert f"part=board&amp;partner={cast.partner.pk}" in page
    assert f"partner__id__exact={cast.partner.pk}" in page


@pytest.mark.parametrize("named", ["other", "junk", "0", "-1"])
def test_a_partner_that_a_person_does_not_see_is_not_found(cast: Cast, client: Client, named: str) -> None:
    client.force_login(cast.owner)
    asked = cast.other.pk if named == "other" else named
    assert client.get("/", {"partner": asked}).status_code == 404
    assert client.get("/", {"partner": asked, "part": "board"}).status_code == 404


def test_the_last_weeks_are_kept_for_a_minute_for_staff_and_asked_anew_for_all_others(cast: Cast) -> None:
    def booked(user: Any) -> int:
        return periods.lately(Sight(user=user), now=timezone.now(), zone=TORONTO).now.booked

    assert (booked(cast.admin), booked(cast.owner)) == (0, 0)
    BookingRun.objects.filter(pk=make_run(cast.partner).pk).update(state=RunState.BOOKED)
    assert (booked(cast.admin), booked(cast.owner)) == (0, 1)
    assert booked(cast.stranger) == 0
    cache.clear()
    assert booked(cast.admin) == 1
