"""The 83 things that the site and its surroundings do, each with what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from bookings.models import Booking, BookingRun
from bookings.services import handoffs
from bookings.vocabulary import Answer
from tests.automation.plant import until
from tests.scenarios.stage import AT, TORONTO, Stage, in_days, refused, rest

Play = Callable[[Stage], str]
BOOKED = "booked, Confirmed, 1 of 1 posts"
ASKED = "booked, Pending, 1 of 1 posts"
CANCELLED = "done, Cancelled, 1 of 1 posts"
NOON = time(12, 0)


@dataclass(frozen=True, kw_only=True)
class Row:
    number: int
    name: str
    expects: str
    play: Play
    has_workers: bool = True


ROWS: dict[int, Row] = {}


def row(number: int, name: str, expects: str = BOOKED, *, has_workers: bool = True) -> Callable[[Play], Play]:
    def register(play: Play) -> Play:
        ROWS[number] = Row(number=number, name=name, expects=expects, play=play, has_workers=has_workers)
        return play

    return register


def booked_with(number: int, name: str, fault: str, expects: str = BOOKED, **more: object) -> None:
    """One booking while one thing is switched on."""

    def play(stage: Stage) -> str:
        stage.on(fault, **more)  # type: ignore[arg-type]
        return stage.end(stage.book())

    row(number, name, expects)(play)


# ---- Sign-in and session


@row(1, "SSO, ID and PIN, code, redirects", f"parked needs_sign_in; done, signed_in; {BOOKED}")
def sso(stage: Stage) -> str:
    stage.sign_out()
    run = stage.book()
    before = stage.end(run)
    person = stage.signing_in()
    person.signs_in(stage.control, stage.account.email)
    return f"{before}; {_signed_in(stage, person.run)}; {stage.end(run)}"


@row(2, "Remembered device: no code", "done, signed_in; done, signed_in")
def remembered(stage: Stage) -> str:
    first = stage.signing_in()
    stage.sign_out()
    first.fills("Email address", stage.account.email)
    first.presses("Continue")
    first.presses("Log in with PropTx User ID")
    _id_and_pin(first)
    first.presses("Send code")
    first.fills("Authorization code", _code(stage))
    first.presses("This is my device")
    first.presses("Verify")
    ended = _signed_in(stage, first.run)
    stage.sign_out()
    second = stage.signing_in()
    second.fills("Email address", stage.account.email)
    second.presses("Continue")
    second.presses("Log in with PropTx User ID")
    _id_and_pin(second)
    return f"{ended}; {_signed_in(stage, second.run)}"


@row(3, "Wrong, late, expired code; sent again", "done, signed_in")
def codes(stage: Stage) -> str:
    stage.sign_out()
    stage.on("code_refused", times=1)
    person = stage.signing_in()
    person.fills("Email address", stage.account.email)
    person.presses("Continue")
    person.presses("Log in with PropTx User ID")
    _id_and_pin(person)
    person.presses("Send code")
    person.fills("Authorization code", _code(stage))
    person.presses("Verify")
    _is_told(person, "sent you a new one")
    person.fills("Authorization code", "000000")
    person.presses("Verify")
    _is_told(person, "not right")
    person.fills("Authorization code", _code(stage))
    person.presses("Verify")
    return _signed_in(stage, person.run)


@row(4, "Captcha on the SSO page", "parked needs_sign_in; a puzzle for a person; cancelled stopped")
def captcha(stage: Stage) -> str:
    stage.sign_out()
    stage.on("captcha")
    run = stage.book()
    before = stage.end(run)
    person = stage.signing_in()
    person.fills("Email address", stage.account.email)
    person.presses("Continue")
    person.presses("Log in with PropTx User ID")
    person.sees("Picture 1")
    handoffs.stop(person.run, by=stage.person)
    ended = rest(person.run)
    return f"{before}; a puzzle for a person; {ended.state} {ended.reason_code}"


@row(5, "Session dead at the start", "parked needs_sign_in")
def dead_at_start(stage: Stage) -> str:
    stage.sign_out()
    return stage.end(stage.book())


@row(6, "Session dies mid-wizard, at the submit", "parked needs_sign_in; parked needs_sign_in, at the submit")
def dies_on_the_way(stage: Stage) -> str:
    other = stage.another()
    stage.on("session_dies", path="/slots")
    stage.on("signed_out_bounces")
    other.on("session_dies", path="/appointment")
    one, two = stage.book(), other.book()
    ended = f"{stage.end(one)}; {other.end(two)}"
    return ended + (", at the submit" if two.attempts.get().submitting_at else "")


@row(7, "Hidden “logged out” block while logged in")
def hidden_block(stage: Stage) -> str:
    return stage.end(stage.book())


@row(8, "Old password page", "done, signed_in")
def old_page(stage: Stage) -> str:
    stage.sign_out()
    stage.on("old_password_page")
    person = stage.signing_in()
    person.fills("Email address", stage.account.email)
    person.presses("Continue")
    person.fills("Password", "showing-demo")
    person.presses("Log In")
    person.presses("Send code")
    person.fills("Authorization code", _code(stage))
    person.presses("Verify")
    return _signed_in(stage, person.run)


def _id_and_pin(person: object) -> None:
    from tests.automation.test_handoff import MEMBER, PIN

    person.fills("User ID", MEMBER)  # type: ignore[attr-defined]
    person.fills("PIN", PIN)  # type: ignore[attr-defined]
    person.presses("Log In")  # type: ignore[attr-defined]


def _code(stage: Stage) -> str:
    found = until(lambda: stage.control.code(stage.account.email), what="a sign-in code")
    return found or ""


def _is_told(person: object, words: str) -> None:
    """Waits for what the page says went wrong; before that it may empty the field that was just filled in."""
    until(lambda: words in str(person.screen().page.get("alerts")), what=f"“{words}” on the page")  # type: ignore[attr-defined]


def _signed_in(stage: Stage, run: BookingRun) -> str:
    rest(run)
    stage.account.refresh_from_db()
    return f"{run.state}, {stage.account.health}"


# ---- Search


@row(9, "One hit, auto-confirm")
def auto_confirm(stage: Stage) -> str:
    return stage.end(stage.book(stage.home(auto_confirm=True)))


@row(10, "One hit, approval", ASKED)
def approval(stage: Stage) -> str:
    return stage.end(stage.book(stage.home(auto_confirm=False)))


@row(11, "A unit's spellings; word units", "; ".join([BOOKED] * 4))
def units(stage: Stage) -> str:
    ends = []
    for number, spelt in enumerate(("3008-{} Blvd", "{} Boulevard, #3008", "{} Blvd Unit 3008")):
        street = f"{100 + number} Speller{number}"
        meant = stage.home(f"{street} Boulevard", unit="3008")
        stage.home(f"{street} Boulevard", unit="308")
        ends.append(stage.end(stage.book_by(spelt.format(street)), at=meant))
    stage.home("12 Speller Street", unit="UPPER")
    meant = stage.home("12 Speller Street", unit="BSMT")
    return "; ".join([*ends, stage.end(stage.book_by("12 Speller St Basement"), at=meant)])


@row(12, "Sale and lease at one address", f"parked ambiguous_listing, 2 candidates; {BOOKED}")
def twins(stage: Stage) -> str:
    stage.home("9 Twin Lane")
    stage.home("9 Twin Lane", deal="lease", price=3200)
    run = stage.book_by("9 Twin Lane")
    before = stage.end(run)
    found = len(run.candidates)
    stage.answer(run, Answer.PICK_LISTING)
    return f"{before}, {found} candidates; {stage.end(run)}"


@row(13, "Prefix hits 5, 51, 54")
def prefixes(stage: Stage) -> str:
    homes = [stage.home(f"{number} Prefix Street S", unit="4") for number in (54, 51, 5)]
    return stage.end(stage.book_by("5 Prefix St S #4"), at=homes[-1])


@row(14, "Search by MLS number")
def by_number(stage: Stage) -> str:
    return stage.end(stage.book())


@row(15, "No hit", "refused listing_not_found")
def no_hit(stage: Stage) -> str:
    stage.on("no_results")
    return stage.end(stage.book())


booked_with(16, "Late results", "late_results", seconds=2)
booked_with(17, "Overlay closes by itself", "overlay_closes")


@row(18, "Listing appears after the feed's lag", f"refused listing_not_found; {BOOKED}")
def feed_lag(stage: Stage) -> str:
    home = stage.home()
    stage.control.set_fault("feed_lag", listing=home.listing_id, times=1)
    run = stage.book(home)
    before = stage.end(run)
    stage.answer(run, Answer.TRY_AGAIN)
    return f"{before}; {stage.end(run)}"


@row(19, "Glued text, no links in rows")
def glued(stage: Stage) -> str:
    meant = stage.home("51 Glued Street E", unit="G612")
    return stage.end(stage.book_by("G612-51 Glued St East"), at=meant)


@row(20, "An address without a street", f"{BOOKED}; refused listing_not_found")
def no_street(stage: Stage) -> str:
    home = stage.home()
    known = stage.book(home, address="Milton, ON, L0L 0L0, CA")
    unknown = stage.another()
    return f"{stage.end(known)}; {unknown.end(unknown.book_by('Milton, ON, L0L 0L0, CA'))}"


# ---- The listing's page


@row(21, "Booking button present")
def button(stage: Stage) -> str:
    return stage.end(stage.book())


booked_with(22, "Showings switched off", "showings_off", "refused not_bookable")
booked_with(23, "No More Showings", "no_more_showings", "refused not_bookable")
booked_with(24, "Inactive listing: approval forced", "approval_forced", ASKED)
booked_with(25, "Custom-contact form first", "contact_form", "parked contact_details_wanted")


@row(26, "MLS hand-off: the robot takes the direct way")
def mls_handoff(stage: Stage) -> str:
    return stage.end(stage.book())


# ---- The wizard


@row(27, "Auto-confirm: Confirmed at once", f"{BOOKED}, auto-confirmed")
def confirmed(stage: Stage) -> str:
    run = stage.book()
    ended = stage.end(run)
    return ended + (", auto-confirmed" if run.booking and run.booking.auto_confirmed else "")


def _answered(number: int, name: str, badge: str, expects: str) -> None:
    @row(number, name, f"{ASKED}; then {expects}")
    def play(stage: Stage) -> str:
        run = stage.book(stage.home(auto_confirm=False))
        before = stage.end(run)
        [showing] = stage.control.showings(account=stage.account.email)
        stage.control.set_status(showing.id, badge)
        rest(stage.compare())
        return f"{before}; then {Booking.objects.get(account=stage.account).status}"


_answered(28, "Approval: asked, then approved", "Confirmed", "Confirmed")
_answered(29, "Approval: asked, then denied", "Declined", "Declined")


@row(30, "Approval: another time suggested", f"{ASKED}; then Time Suggested")
def suggested(stage: Stage) -> str:
    run = stage.book(stage.home(auto_confirm=False))
    before = stage.end(run)
    [showing] = stage.control.showings(account=stage.account.email)
    stage.control.suggest_time(showing.id, on=in_days(3), at=time(15, 0))
    rest(stage.compare())
    return f"{before}; then {Booking.objects.get(account=stage.account).status}"


@row(31, "Another month; equal day numbers", f"{BOOKED}, on that day")
def another_month(stage: Stage) -> str:
    day = in_days(45)
    run = stage.book(stage.home(days_ahead=90), date=day)
    ended = stage.end(run)
    [showing] = stage.control.showings(account=stage.account.email)
    return ended + (", on that day" if showing.date == day else f", on {showing.date}")


@row(32, "The longest showing is shorter", f"refused duration_too_long; {BOOKED}")
def longest(stage: Stage) -> str:
    stage.on("max_duration", minutes=15)
    run = stage.book()
    before = stage.end(run)
    stage.answer(run, Answer.SHORTEN)
    return f"{before}; {stage.end(run)}"


@row(33, "Type and channel kept", f"{BOOKED}, Buyer/Broker by Email")
def kept(stage: Stage) -> str:
    ended = stage.end(stage.book())
    [showing] = stage.control.showings(account=stage.account.email)
    return f"{ended}, {showing.showing_type} by {showing.instruction_by.split(':')[0]}"


@row(34, "Two buyers' showings may overlap", f"{BOOKED}; {BOOKED}")
def overlap(stage: Stage) -> str:
    other = stage.another()
    home = stage.home()
    one, two = stage.book(home), other.book(home)
    return f"{stage.end(one)}; {other.end(two)}"


@row(35, "Back-to-back tour", "; ".join([BOOKED] * 3))
def tour(stage: Stage) -> str:
    tour = [stage.book(stage.home(), time=at) for at in (AT, time(10, 30), time(11, 0))]
    return "; ".join(stage.end(run) for run in tour)


booked_with(36, "Minimum notice", "min_notice", "refused slot_unavailable", hours=200)


@row(37, "Nothing is left of today", "refused slot_unavailable")
def late_today(stage: Stage) -> str:
    home = stage.home(opens=time(0, 0), closes=time(0, 15))
    return stage.end(stage.book(home, date=in_days(1), time=time(23, 45), duration_minutes=15))


booked_with(38, "A day without slots", "no_slots", "refused slot_unavailable")


@row(39, "Taken, its neighbours free", f"refused slot_unavailable; {BOOKED}")
def neighbours(stage: Stage) -> str:
    stage.on("hours_taken", at="10:00", minutes=30)
    run = stage.book()
    before = stage.end(run)
    stage.answer(run, Answer.PICK_TIME)
    return f"{before}; {stage.end(run)}"


@row(40, "Overlap forbidden", "refused slot_unavailable")
def overlap_forbidden(stage: Stage) -> str:
    home = stage.home()
    stage.on("overlap_forbidden")
    stage.another().showing(home)
    return stage.end(stage.book(home))


@row(41, "Longer than the cap", "refused duration_too_long")
def above_the_cap(stage: Stage) -> str:
    return stage.end(stage.book(stage.home(max_minutes=30), duration_minutes=60))


booked_with(
    42, "Taken between choosing and submit", "slot_taken_at_submit", "refused slot_lost, 0 of 1 posts"
)
booked_with(43, "A scroll drops the selection", "rerender_drops_selection")


@row(44, "Untrusted clicks are ignored")
def untrusted(stage: Stage) -> str:
    return stage.end(stage.book())


booked_with(45, "The popover eats the first click", "popover_eats_click")
booked_with(46, "Submit stays disabled", "submit_stays_disabled", "failed page_changed")
booked_with(47, "Terms dialog", "terms_dialog")
booked_with(48, "Challenge", "challenge", "parked challenge_shown, 0 of 1 posts")
booked_with(49, "reCAPTCHA blocked: no request", "recaptcha_blocked", "failed page_changed")
booked_with(50, "Live hosts blocked: spins for ever", "live_blocked", "failed page_changed")
booked_with(51, "Submit 500", "submit_500", "booked, Confirmed, 1 of 2 posts", times=1)
booked_with(52, "No answer, but booked", "dropped_after_commit", times=1)
booked_with(
    53, "No answer, and not booked", "dropped_before_commit", "booked, Confirmed, 1 of 2 posts", times=1
)


@row(54, "Toast missing or very short", f"{BOOKED}; {BOOKED}")
def toasts(stage: Stage) -> str:
    other = stage.another()
    stage.on("no_toast")
    other.on("short_toast")
    one, two = stage.book(), other.book()
    return f"{stage.end(one)}; {other.end(two)}"


booked_with(55, "The page posts twice", "double_post")
booked_with(56, "Rate limit", "rate_limit", "booked, Confirmed, 1 of 2 posts", times=1)
booked_with(57, "White error page", "white_page", path="/booking", times=1)


@row(58, "Labels and classes renamed", f"{BOOKED}; failed page_changed")
def renamed(stage: Stage) -> str:
    other = stage.another()
    stage.on("labels_renamed")
    other.on("portal_changed")
    one, two = stage.book(), other.book()
    return f"{stage.end(one)}; {other.end(two)}"


@row(59, "Zones, clock changes, midnight", f"{BOOKED}; {BOOKED}; rejected: time; {BOOKED}")
def zones(stage: Stage) -> str:
    west = stage.home(time_zone="America/Vancouver")
    all_day = {"opens": time(0, 0), "closes": time(0, 0), "days_ahead": 400}
    spring, midnight = stage.home(**all_day), stage.home(**all_day)
    change = next(_clock_changes(TORONTO, forward=True))
    one = stage.book(west, time_zone="America/Vancouver")
    two = stage.book(spring, date=change, time=time(3, 30))
    no = refused(lambda: stage.book(spring, date=change, time=time(2, 30)))
    three = stage.book(midnight, time=time(23, 45), duration_minutes=15)
    return f"{stage.end(one)}; {stage.end(two)}; {no}; {stage.end(three)}"


def _clock_changes(zone: str, *, forward: bool) -> Iterator[date]:
    from datetime import datetime

    place = ZoneInfo(zone)
    for step in range(1, 400):
        day = in_days(step, zone)
        before, after = (datetime.combine(one, NOON, tzinfo=place) for one in (day - timedelta(days=1), day))
        shift = (after.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
        if shift and (shift > timedelta()) == forward:
            yield day


# ---- The account's own list


@row(60, "Pages, mixed statuses, one home twice", "done; 12 known, 1 twice on a day")
def pages(stage: Stage) -> str:
    home = stage.home()
    for step in range(11):
        status = ("Confirmed", "New", "Awaiting Approval")[step % 3]
        stage.control.add_showing(
            listing_id=stage.home().listing_id,
            account=stage.account.email,
            date=in_days(3 + step),
            time=NOON,
            status=status,
        )
    for at in (time(9, 0), time(11, 0)):
        stage.control.add_showing(
            listing_id=home.listing_id, account=stage.account.email, date=in_days(5), time=at
        )
    ended = stage.end(stage.compare())
    known = Booking.objects.filter(account=stage.account)
    twice = (
        known.filter(listing_id=home.listing_id).count()
        or known.filter(property_address__startswith=home.address, booking_date=in_days(5)).count()
    )
    return f"{ended}; {known.count() - 1} known, {twice - 1} twice on a day"


@row(61, "An empty list", "done; 0 known")
def empty(stage: Stage) -> str:
    ended = stage.end(stage.compare())
    return f"{ended}; {Booking.objects.filter(account=stage.account).count()} known"


booked_with(62, "A new booking appears late", "late_in_list", seconds=1)


# ---- Cancel


@row(63, "Reasons in a native select", CANCELLED)
def native(stage: Stage) -> str:
    return stage.end(stage.cancel(stage.showing(stage.home())))


@row(64, "Reasons in Ant's select", CANCELLED)
def ant(stage: Stage) -> str:
    stage.on("ant_reasons")
    return stage.end(stage.cancel(stage.showing(stage.home())))


@row(65, "Disabled without a reason; stays disabled", "failed page_changed, Confirmed")
def stays_disabled(stage: Stage) -> str:
    stage.on("cancel_stays_disabled")
    return stage.end(stage.cancel(stage.showing(stage.home())))


@row(66, "Cancels shift the rows", "; ".join([CANCELLED] * 3) + "; these and no other")
def shifting(stage: Stage) -> str:
    stage.on("rows_shift", gone=True)
    kept = [stage.showing(stage.home(), day=in_days(3 + step)) for step in range(12)]
    runs = [stage.cancel(booking) for booking in kept[::4]]
    ended = "; ".join(stage.end(run) for run in runs)
    live = {
        one.id for one in stage.control.showings(account=stage.account.email) if one.status != "Cancelled"
    }
    wanted = {booking.showing_id for booking in kept} - {booking.showing_id for booking in kept[::4]}
    return ended + ("; these and no other" if live == wanted else "; others too")


@row(67, "Cancelled already; past", "done, Cancelled; rejected: whole")
def already(stage: Stage) -> str:
    booking = stage.showing(stage.home())
    stage.control.set_status(booking.showing_id, "Cancelled")
    ended = stage.end(stage.cancel(booking))
    past = stage.showing(stage.home(), day=in_days(-2))
    return f"{ended}; {refused(lambda: stage.cancel(past))}"


@row(68, "A modal left open blocks the router", f"failed page_changed, Confirmed; {BOOKED}")
def modal(stage: Stage) -> str:
    stage.on("cancel_stays_disabled")
    ended = stage.end(stage.cancel(stage.showing(stage.home())))
    return f"{ended}; {stage.end(stage.book())}"


@row(69, "The cancel fails, badge unchanged", "failed not_changed, Confirmed, 0 of 2 posts")
def cancel_fails(stage: Stage) -> str:
    stage.on("submit_500", kind="cancel")
    return stage.end(stage.cancel(stage.showing(stage.home())))


@row(70, "Cancel of a request still New", CANCELLED)
def cancel_new(stage: Stage) -> str:
    return stage.end(stage.cancel(stage.showing(stage.home(auto_confirm=False), status="New")))


# ---- Reschedule


@row(71, "Moved on an auto-confirm listing")
def moved(stage: Stage) -> str:
    return stage.end(stage.move(stage.showing(stage.home())))


@row(72, "Moved on an approval listing: waiting", ASKED)
def moved_waits(stage: Stage) -> str:
    return stage.end(stage.move(stage.showing(stage.home(auto_confirm=False))))


@row(73, "The new time is taken", "refused slot_unavailable, Confirmed")
def move_taken(stage: Stage) -> str:
    stage.on("hours_taken", at="14:00", minutes=30)
    return stage.end(stage.move(stage.showing(stage.home())))


@row(74, "The same time", "rejected: time")
def same_time(stage: Stage) -> str:
    booking = stage.showing(stage.home())
    return refused(lambda: stage.move(booking, at=AT))


@row(75, "An earlier day")
def earlier(stage: Stage) -> str:
    return stage.end(stage.move(stage.showing(stage.home(), day=in_days(5)), day=in_days(2)))


@row(76, "Not confirmed yet: no button", "refused not_reschedulable, Pending")
def not_confirmed(stage: Stage) -> str:
    return stage.end(stage.move(stage.showing(stage.home(auto_confirm=False), status="New")))


@row(77, "The move's answer never comes")
def move_unknown(stage: Stage) -> str:
    stage.on("dropped_after_commit", kind="reschedule", times=1)
    return stage.end(stage.move(stage.showing(stage.home())))


@row(78, "The listing side cancels meanwhile", "refused showing_gone, Cancelled, 0 of 1 posts")
def cancelled_meanwhile(stage: Stage) -> str:
    stage.on("cancelled_meanwhile", kind="reschedule", times=1)
    return stage.end(stage.move(stage.showing(stage.home())))


# ---- Noise

booked_with(79, "Product tour over the page", "product_tour")


@row(80, "Chat bubble; help menu", f"{BOOKED}; {BOOKED}")
def bubble(stage: Stage) -> str:
    other = stage.another()
    stage.on("chat_bubble", over="buttons")
    other.on("help_menu_open")
    one, two = stage.book(), other.book()
    return f"{stage.end(one)}; {other.end(two)}"


@row(81, "Slow network, slow drawing", f"{BOOKED}; {BOOKED}")
def slow(stage: Stage) -> str:
    other = stage.another()
    stage.on("slow", seconds=0.3)
    other.on("slow_render", seconds=1)
    one, two = stage.book(), other.book()
    return f"{stage.end(one)}; {other.end(two)}"
