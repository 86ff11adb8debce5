"""The words of the portal and the moves they allow: one file that a partner could read."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class RunKind(TextChoices):
    """What a booking run wants done on BrokerBay."""

    BOOK = "book", _("Book")
    CANCEL = "cancel", _("Cancel")
    RESCHEDULE = "reschedule", _("Reschedule")
    CHECK = "check", _("Check")
    RECONCILE = "reconcile", _("Compare with BrokerBay")
    SIGN_IN = "sign_in", _("Sign in")


# What asks BrokerBay to change something: these pass the gate, keep the polite gap, and may be rehearsed.
CHANGING_KINDS = (RunKind.BOOK, RunKind.CANCEL, RunKind.RESCHEDULE)


class RunState(TextChoices):
    """Where a booking run stands."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    PARKED = "parked", _("Waiting")
    UNCONFIRMED = "unconfirmed", _("Being confirmed")
    BOOKED = "booked", _("Booked")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")

    @property
    def is_open(self) -> bool:
        return self in OPEN_RUN_STATES


OPEN_RUN_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.PARKED, RunState.UNCONFIRMED)

RUN_MOVES: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.EXPIRED}),
    RunState.RUNNING: frozenset(
        {
            RunState.QUEUED,  # the worker vanished before the gate opened: nothing was sent
            RunState.PARKED,
            RunState.UNCONFIRMED,
            RunState.BOOKED,
            RunState.DONE,
            RunState.REFUSED,
            RunState.FAILED,
            RunState.CANCELLED,
            RunState.EXPIRED,
        }
    ),
    RunState.PARKED: frozenset({RunState.QUEUED, RunState.CANCELLED, RunState.EXPIRED, RunState.FAILED}),
    # Only BrokerBay's own list, read twice, or a person may send an unconfirmed run back: a machine that
    # simply tries again could book twice.
    RunState.UNCONFIRMED: frozenset(
        {
            RunState.QUEUED,
            RunState.BOOKED,
            RunState.DONE,
            RunState.REFUSED,
            RunState.FAILED,
            RunState.CANCELLED,
        }
    ),
    RunState.BOOKED: frozenset(),
    RunState.DONE: frozenset(),
    RunState.REFUSED: frozenset({RunState.QUEUED, RunState.CANCELLED}),
    RunState.FAILED: frozenset({RunState.QUEUED, RunState.CANCELLED, RunState.EXPIRED}),
    RunState.CANCELLED: frozenset(),
    RunState.EXPIRED: frozenset(),
}


class AttemptPurpose(TextChoices):
    PERFORM = "perform", _("Do it")
    RECONCILE = "reconcile", _("Look it up")


class EvidenceKind(TextChoices):
    """What a kept file is. Only pictures are for everybody who may see the run."""

    PICTURE = "picture", _("Picture")
    TRACE = "trace", _("Trace")
    MARKUP = "markup", _("Page markup")


class Rehearsal(TextChoices):
    """When the robot stops before the last click and waits for a person to release it."""

    FIRST_RUNS = "first_runs", _("The first ten runs")
    ALWAYS = "always", _("Every run")
    NEVER = "never", _("No run")


class ClientChanges(TextChoices):
    """What is done on BrokerBay when a client moves or cancels a request that is booked."""

    AFTER_APPROVAL = "after_approval", _("After a person has approved it")
    BY_ITSELF = "by_itself", _("By itself")


class Answer(TextChoices):
    """What a person may say to a run that waits for one: each is a button that cures it."""

    RELEASE = "release", _("Send it")
    TRY_AGAIN = "try_again", _("Try again")
    PICK_TIME = "pick_time", _("Take this time")
    PICK_LISTING = "pick_listing", _("This is the listing")
    SHORTEN = "shorten", _("Make it shorter")
    ASK_APPROVAL = "ask_approval", _("Ask for approval")
    SIGN_IN = "sign_in", _("Sign in on BrokerBay")
    IT_IS_THERE = "it_is_there", _("BrokerBay has it")
    IT_IS_NOT_THERE = "it_is_not_there", _("BrokerBay does not have it")
    GIVE_UP = "give_up", _("Give up")


class RequestState(TextChoices):
    """Where the portal stands with a client's showing request (its upstream status is kept beside it)."""

    RECEIVED = "received", _("Received")
    CHANGED = "changed", _("Changed by the client")
    NEEDS_INFO = "needs_info", _("Needs info")
    QUEUED = "queued", _("Queued")
    BOOKED = "booked", _("Booked")
    NEEDS_PERSON = "needs_person", _("Needs a person")
    CLOSED = "closed", _("Closed")


class Need(TextChoices):
    """What a showing request lacks before a robot may book it."""

    CLIENT = "client", _("the client is not assigned to a partner")
    PROPERTY = "property", _("no property was named")
    ADDRESS = "address", _("neither a street address nor an MLS number is known")
    DATE = "date", _("no date was given")
    TIME = "time", _("no time was given")
    FUTURE = "future", _("the showing's start has passed")
    REAL_TIME = "real_time", _("that time does not exist on that day (clocks change)")
    QUARTER = "quarter", _("BrokerBay's showings start every quarter of an hour; that time is none")
    NEARER = "nearer", _("the showing is more than about 18 months away; check the year")
    ACCOUNT = "account", _("the partner has no BrokerBay account")


class BookingStatus(TextChoices):
    """What is known of a showing on BrokerBay. The words are those that existing clients read."""

    CONFIRMED = "Confirmed", _("Confirmed")
    PENDING = "Pending", _("Pending")
    TIME_SUGGESTED = "Time Suggested", _("Time suggested")
    DECLINED = "Declined", _("Declined")
    CANCELLED = "Cancelled", _("Cancelled")
    # Imported: somebody's word, which nobody has seen in BrokerBay's own list.
    UNVERIFIED = "Unverified", _("Unverified")


LIVE_BOOKING_STATUSES = (BookingStatus.CONFIRMED, BookingStatus.PENDING, BookingStatus.TIME_SUGGESTED)

BOOKING_MOVES: dict[BookingStatus, frozenset[BookingStatus]] = {
    status: frozenset(set(BookingStatus) - {status, BookingStatus.UNVERIFIED}) for status in BookingStatus
}


class Health(TextChoices):
    """Whether a BrokerBay account can be used now."""

    UNKNOWN = "unknown", _("Not yet used")
    SIGNED_IN = "signed_in", _("Signed in")
    NEEDS_SIGN_IN = "needs_sign_in", _("Needs sign-in")
    CHALLENGED = "challenged", _("Asked for a person")


# An account that only a person can bring back.
SICK = (Health.NEEDS_SIGN_IN, Health.CHALLENGED)


class Role(TextChoices):
    """What a person may do for a partner."""

    VIEWER = "viewer", _("Viewer")
    BOOKER = "booker", _("Booker")
    MANAGER = "manager", _("Manager")


class KeyScope(TextChoices):
    """How much of what its person may do a program with a key may do."""

    READ = "read", _("Only read")
    BOOK = "book", _("Read and book")


class StaffRole(TextChoices):
    """What a person may do for the portal as a whole, at every partner."""

    OPERATOR = "operator", _("Operator")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class Source(TextChoices):
    """Who or what made a change."""

    PERSON = "person", _("Person")
    ROBOT = "robot", _("Robot")
    SYNC = "sync", _("Sync")
    API = "api", _("API")


class Level(TextChoices):
    INFO = "info", _("Info")
    SUCCESS = "success", _("Success")
    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")


class PassState(TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    PARTIAL = "partial", _("Done in part")
    FAILED = "failed", _("Failed")


class UpstreamState(TextChoices):
    """Whether an outside service is asked at the moment."""

    OK = "ok", _("Answers")
    RESTING = "resting", _("Left alone for now")
    TRYING = "trying", _("Being tried again")


class FetchState(TextChoices):
    """What the property API told of a property."""

    WANTED = "wanted", _("Not asked yet")
    KNOWN = "known", _("Known")
    NO_STREET = "no_street", _("No street address")
    NOT_FOUND = "not_found", _("Unknown to the property API")
    UNREADABLE = "unreadable", _("Unreadable answer")
    FAILED = "failed", _("No answer yet")


class NoticeChannel(TextChoices):
    """The way that something owed to the outside goes."""

    EMAIL = "email", _("Email")
    SUPABASE = "supabase", _("Supabase")
    SLACK = "slack", _("Slack")
    WEBHOOK = "webhook", _("Webhook")


class NoticeState(TextChoices):
    OWED = "owed", _("Owed")
    SENT = "sent", _("Sent")
    GIVEN_UP = "given_up", _("Given up")
    WITHDRAWN = "withdrawn", _("Not needed any more")


class NoticeEvent(TextChoices):
    """What people, and a partner's own programs, can be told of."""

    REQUESTED = "requested", _("Asked for")
    CONFIRMED = "confirmed", _("Confirmed")
    NEEDS_YOU = "needs_you", _("Needs you")
    FAILED = "failed", _("Not booked")
    DECLINED = "declined", _("Declined")
    CANCELLED = "cancelled", _("Cancelled")
    MOVED = "moved", _("Moved")
    REMINDER = "reminder", _("Reminder before a showing")
    SIGN_IN = "sign_in", _("BrokerBay sign-in ended")


class Telling(TextChoices):
    """Whose showings somebody wants to be told of."""

    NOTHING = "nothing", _("No mail")
    OWN = "own", _("Mine")
    ALL = "all", _("Everybody's")


class Outcome(TextChoices):
    """What became of a client's request, in the words that are written to its Supabase row."""

    CONFIRMED = "confirmed", _("Confirmed")
    REQUESTED = "requested", _("Requested")
    TIME_SUGGESTED = "time_suggested", _("Time suggested")
    DECLINED = "declined", _("Declined")
    CANCELLED = "cancelled", _("Cancelled")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    NEEDS_PERSON = "needs_person", _("Needs a person")
    # Only after one of the others: what was said before no longer holds.
    IN_PROGRESS = "in_progress", _("In progress")


# Plain words and the next step for each reason that a run can end or wait with; bookings.told translates.
REASONS: dict[str, tuple[str, str]] = {
    "needs_sign_in": (
        gettext_noop("BrokerBay asks for a sign-in"),
        gettext_noop("Sign the BrokerBay account in; the run goes on by itself."),
    ),
    "challenge_shown": (
        gettext_noop("BrokerBay asks for a person"),
        gettext_noop("A person must answer BrokerBay's check. Nothing was booked."),
    ),
    "contact_details_wanted": (
        gettext_noop("BrokerBay wants the account's contact details"),
        gettext_noop("Open the robot's browser, fill them in once and save them; the run goes on by itself."),
    ),
    "listing_not_found": (
        gettext_noop("BrokerBay does not show this listing"),
        gettext_noop("Check the MLS number or address; new listings can take half an hour to appear."),
    ),
    "ambiguous_listing": (
        gettext_noop("Several listings fit"),
        gettext_noop("Pick the right listing from the candidates."),
    ),
    "not_bookable": (
        gettext_noop("No online showings for this listing"),
        gettext_noop("Call the listing office."),
    ),
    "needs_approval": (
        gettext_noop("This listing does not confirm by itself"),
        gettext_noop("Book again without 'auto-confirm only' to ask for approval."),
    ),
    "slot_unavailable": (
        gettext_noop("That time is not offered"),
        gettext_noop("Pick one of the open times."),
    ),
    "slot_lost": (gettext_noop("Somebody else took that time"), gettext_noop("Pick one of the open times.")),
    "declined": (
        gettext_noop("The listing side declined it"),
        gettext_noop("Ask the client for another time, or call the listing office."),
    ),
    "duration_too_long": (
        gettext_noop("The listing allows shorter showings only"),
        gettext_noop("Book again with a shorter duration."),
    ),
    "page_changed": (
        gettext_noop("BrokerBay's page looks different than expected"),
        gettext_noop("Look at the last picture; book by hand if it is urgent. We were told."),
    ),
    "site_down": (gettext_noop("BrokerBay did not answer"), gettext_noop("It is tried again by itself.")),
    "site_stayed_down": (
        gettext_noop("BrokerBay did not answer for a long time"),
        gettext_noop("Nothing was sent. Try again once BrokerBay is back, or book by hand."),
    ),
    "rate_limited": (
        gettext_noop("BrokerBay asked us to slow down"),
        gettext_noop("It is tried again by itself."),
    ),
    "rehearsed": (
        gettext_noop("Everything is filled in; nothing was sent"),
        gettext_noop("Look at the picture, then send it or give up."),
    ),
    "showing_not_found": (
        gettext_noop("BrokerBay's list does not have this showing"),
        gettext_noop("Compare the account with BrokerBay; it may have been changed there by hand."),
    ),
    "not_cancellable": (
        gettext_noop("BrokerBay does not let this showing be cancelled"),
        gettext_noop("It may be past or ended already. Call the listing office if it still stands."),
    ),
    "not_reschedulable": (
        gettext_noop("BrokerBay does not let this showing be moved"),
        gettext_noop(
            "It may wait for approval or be past. Cancel it and book anew, or call the listing office."
        ),
    ),
    "same_time": (
        gettext_noop("The showing stands at that time already"),
        gettext_noop("Pick another time if it is to be moved."),
    ),
    "showing_gone": (
        gettext_noop("The listing side ended this showing"),
        gettext_noop("Ask the client for another time, or call the listing office."),
    ),
    "told_by_person": (
        gettext_noop("A person saw it on BrokerBay"),
        gettext_noop("The account's own list is compared by itself; nothing else is to do."),
    ),
    "paused": (
        gettext_noop("Waiting between two requests of one account"),
        gettext_noop("It goes on by itself; the pause is a courtesy to BrokerBay."),
    ),
    "no_answer": (
        gettext_noop("BrokerBay never said yes or no"),
        gettext_noop("The account's own list is read; nothing is clicked twice."),
    ),
    "not_listed": (
        gettext_noop("BrokerBay's list does not show it"),
        gettext_noop(
            "The list, read twice, does not hold the showing: it was not booked. Try again or book by hand."
        ),
    ),
    "not_changed": (
        gettext_noop("BrokerBay did not carry it out"),
        gettext_noop(
            "The list, read twice, shows the showing as it was. Try again, or change it on BrokerBay by hand."
        ),
    ),
    "in_doubt": (
        gettext_noop("A person must look"),
        gettext_noop("Open BrokerBay's list of showings and say whether it is there."),
    ),
    "worker_lost": (
        gettext_noop("The worker stopped in the middle"),
        gettext_noop("Nothing was sent; it is tried again by itself."),
    ),
    "attempts_spent": (
        gettext_noop("Tried as often as allowed"),
        gettext_noop("Look at the last picture, then try again or book by hand."),
    ),
    "stopped": (
        gettext_noop("Stopped by a person"),
        gettext_noop("Start a new booking if it is wanted after all."),
    ),
    "withdrawn": (
        gettext_noop("The client changed the request"),
        gettext_noop("The request is looked at anew, as it now stands."),
    ),
    "expired": (
        gettext_noop("The showing's start has passed"),
        gettext_noop("Ask the client for a new time."),
    ),
    "browser_gone": (
        gettext_noop("The robot's browser ended in the middle"),
        gettext_noop("Nothing was sent; it is tried again by itself."),
    ),
    "engine_broke": (
        gettext_noop("The robot met something it does not know"),
        gettext_noop("Look at the last picture; try again, or book by hand if it is urgent."),
    ),
    "sign_in_unfinished": (
        gettext_noop("The sign-in was not finished"),
        gettext_noop("Start it again, with the account's password and the code at hand."),
    ),
    "sign_in_broke": (gettext_noop("The robot's browser stopped"), gettext_noop("Start the sign-in again.")),
    "browser_missing": (
        gettext_noop("No browser on the worker's machine"),
        gettext_noop("An administrator must install one; the message says how. Then try again."),
    ),
}

# Supabase's own words that mean something to us; any other is kept and shown.
BOOKED_BY_ITSELF = "scheduled"
MOVED_UPSTREAM = "rescheduled"
UNDECIDED_UPSTREAM = "pending"
CANCELLED_UPSTREAM = frozenset({"cancelled", "canceled"})

# Their next step promises another try, which holds until the run has failed or is left to a person.
TRIED_AGAIN = ("site_down", "rate_limited", "worker_lost", "browser_gone")
FOR_A_PERSON = gettext_noop("Try again, or do it by hand on BrokerBay if it is urgent.")

# What a person cures at the robot's browser; the runs that wait for it go on afterwards.
CURED_AT_THE_BROWSER = ("needs_sign_in", "challenge_shown", "contact_details_wanted")


def is_cancelled(status: str) -> bool:
    """Whether its client no longer wants a request, by upstream's word.

    >>> is_cancelled("Cancelled"), is_cancelled("completed")
    (True, False)
    """
    return status.lower() in CANCELLED_UPSTREAM


def reason_title(code: str) -> str:
    """Plain words for a reason code; the code itself when it is not known."""
    return REASONS.get(code, (code.replace("_", " ").capitalize(), ""))[0]


def reason_next_step(code: str, state: str, *, has_time: bool) -> str:
    """What comes next for a run in that state; `has_time` when a clock takes it up again. Once it has failed,
    nothing is tried again by itself; while it is unknown whether its request arrived, BrokerBay's list is
    read, whatever broke; nobody books by hand.

    >>> reason_next_step("site_down", RunState.PARKED, has_time=True)
    'It is tried again by itself.'
    >>> reason_next_step("rate_limited", RunState.PARKED, has_time=False) == FOR_A_PERSON
    True
    >>> reason_next_step("site_down", RunState.UNCONFIRMED, has_time=True)
    "The account's own list is read; nothing is clicked twice."
    """
    is_left = state == RunState.FAILED or (state == RunState.PARKED and not has_time)
    if is_left and code in TRIED_AGAIN:
        return FOR_A_PERSON
    if state == RunState.UNCONFIRMED and code not in ("in_doubt", *CURED_AT_THE_BROWSER):
        code = "no_answer"
    return REASONS.get(code, ("", ""))[1]
