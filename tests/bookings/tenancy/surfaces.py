"""Every address of the portal and who gets what from it: one table. A new address must be entered here.

The API's operations stand in tests/bookings/api/test_permissions.py, what every admin has in common (list,
detail, history) in tests/bookings/admin/table.py; this table holds all the rest, and the matrix holds all
three to what the URL resolver and the admin know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bookings.models import BookingRun, Evidence, Export, Invitation, Membership, Notice, Receipt
from bookings.services import letters, links, receipts
from bookings.vocabulary import NoticeEvent
from tests.bookings.admin.conftest import Rows
from tests.bookings.cast import Cast

# `owner` and `colleague` book for the partner whose rows are asked for, `viewer` looks, `manager` manages;
# `stranger` manages another partner; `bare_staff` may enter the admin and has no right at all.
ACTORS = (
    *("owner", "colleague", "viewer", "manager"),
    *("stranger", "bare_staff", "auditor", "operator", "admin", "anonymous"),
)
# Who of the actors has the right; the stranger has a manager's, elsewhere.
LOOK = frozenset({"owner", "colleague", "viewer", "manager", "auditor", "operator", "admin"})
EXPORT = LOOK - {"viewer"}
BOOK = LOOK - {"viewer", "auditor"}
MANAGE = frozenset({"manager", "operator", "admin"})
STAFF = frozenset({"auditor", "operator", "admin"})
OPERATE = frozenset({"operator", "admin"})
ADMIN = frozenset({"admin"})
ALL = frozenset(ACTORS) - {"anonymous"}
# 200 or 302: a page that tells of each row, or back to the list when there is nothing to tell.
EITHER = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    cast: Cast
    rows: Rows
    invitation: Invitation
    sign_in: BookingRun
    picture: Evidence
    receipt: Receipt
    export: Export
    delivery: Notice
    calendar: str  # the secret of the owner's own calendar link

    @property
    def membership(self) -> Membership:
        return self.cast.owner.memberships.get()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """`who` gets `answer`; others of the partner `refused`, the other partner's manager `stranger`, staff
    without any right `bare`, nobody in particular `anonymous`. `odd` names single actors who get another.
    """

    name: str
    at: Callable[[World], tuple[Any, ...]] = lambda world: ()
    method: str = "GET"
    body: Callable[[World], dict[str, Any]] = lambda world: {}
    who: frozenset[str]
    answer: int = 200
    refused: int = 403
    stranger: int = 404
    bare: int = 404
    anonymous: int = 302
    odd: dict[str, int] = field(default_factory=dict)

    def expected(self, actor: str) -> int:
        if actor in self.odd:
            return self.odd[actor]
        if actor in self.who:
            return self.answer
        named: dict[str, int] = {
            "stranger": self.stranger,
            "bare_staff": self.bare,
            "anonymous": self.anonymous,
        }
        return named.get(actor, self.refused)


def _run(world: World) -> tuple[Any, ...]:
    return (world.rows.run.uuid,)


def _account(world: World) -> tuple[Any, ...]:
    return (world.cast.account.pk,)


def _sign_in(world: World) -> tuple[Any, ...]:
    return (world.sign_in.uuid,)


def _picture(world: World) -> tuple[Any, ...]:
    return (world.picture.uuid,)


def _booking(world: World) -> tuple[Any, ...]:
    return (world.rows.booking.pk,)


def _export(world: World) -> tuple[Any, ...]:
    return (world.export.uuid,)


def _member(world: World) -> tuple[Any, ...]:
    return (world.membership.pk,)


def _invited(world: World) -> tuple[Any, ...]:
    return (world.invitation.pk,)


def _the(noun: str) -> Callable[[World], tuple[Any, ...]]:
    return lambda world: (getattr(world.rows, noun).pk,)


def _of_partner(world: World) -> dict[str, Any]:
    return {"partner": world.cast.partner.pk}


def _way_out(world: World) -> tuple[Any, ...]:
    return (letters.token_of(world.cast.owner, NoticeEvent.CONFIRMED),)


def _connection(world: World) -> tuple[Any, ...]:
    return (world.delivery.connection_id,)


def _delivery(world: World) -> tuple[Any, ...]:
    return (world.delivery.connection_id, world.delivery.pk)


def _managing(name: str, *, method: str = "GET", at: Any = _connection, **more: Any) -> Surface:
    """A page of a partner's connections: its managers' alone."""
    return Surface(name=name, at=at, method=method, who=MANAGE, **{"refused": 404, **more})


def _person(world: World) -> tuple[Any, ...]:
    return (world.cast.owner.pk,)


# What everybody may open, signed in or not: the door, and what only says that we are alive.
DOOR = (
    Surface(name="live", who=ALL, anonymous=200),
    Surface(name="ready", who=ALL, anonymous=200),
    # Who knows METRICS_TOKEN may as well: tests/bookings/pages/test_metrics.py.
    Surface(name="metrics", who=STAFF, refused=404, anonymous=404),
    Surface(name="sign_in", who=ALL, answer=302, anonymous=200),
    Surface(name="sign_out", method="POST", who=ALL, answer=302),
    Surface(name="forgotten", who=ALL, anonymous=200),
    Surface(
        name="choose_language",
        method="POST",
        body=lambda world: {"language": "fr"},
        who=ALL,
        answer=302,
    ),
    Surface(name="reset_password", at=lambda world: ("MQ", "none"), who=ALL, anonymous=200),
    # The link is the right; whoever is somebody else is told so.
    Surface(name="join", at=lambda world: (links.token_of(world.invitation),), who=ALL, anonymous=200),
    Surface(name="receipt", at=lambda world: (receipts.token_of(world.receipt),), who=ALL, anonymous=200),
    # The same for the link in a mail; it says no for whom the mail was for, whoever opens it.
    Surface(name="no_more", at=_way_out, who=ALL, anonymous=200),
    Surface(name="no_more", at=_way_out, method="POST", who=frozenset(ACTORS)),
    Surface(
        name="receipt_file", at=lambda world: (receipts.token_of(world.receipt),), who=ALL, anonymous=200
    ),
    Surface(name="calendar_feed", at=lambda world: (world.calendar,), who=ALL, anonymous=200),
)

# `at` nothing: one's own rows, so that nobody is refused but who is not signed in.
PAGES = (
    Surface(name="dashboard", who=ALL),
    Surface(name="dashboard_too", who=ALL),
    Surface(name="auto_book", who=ALL),
    Surface(
        name="auto_book", method="POST", who=BOOK, answer=400, stranger=400, bare=403
    ),  # an empty form, sent by who may
    Surface(name="me", who=ALL),
    Surface(name="change_password", who=ALL),
    Surface(name="sign_out_everywhere", method="POST", who=ALL, answer=302),
    # ---- a run
    Surface(name="run", at=_run, who=LOOK),
    # 501: they may, and the tests' server is none for streams; test_channels asks who may listen.
    Surface(name="run_events", at=_run, who=LOOK, answer=501, anonymous=404),
    Surface(name="stop_run", at=_run, method="POST", who=BOOK, answer=302),
    Surface(
        name="answer_run",
        at=_run,
        method="POST",
        body=lambda world: {"answer": "try_again"},
        who=BOOK,
        answer=302,
    ),
    Surface(name="evidence", at=_picture, who=LOOK),
    # ---- a booking's receipt
    Surface(name="share_receipt", at=_booking, who=LOOK),
    Surface(name="share_receipt", at=_booking, method="POST", who=BOOK, answer=302),
    Surface(name="take_back_receipt", at=_booking, method="POST", who=BOOK, answer=302),
    # ---- the calendar; whose showings are in it, tests/bookings/pages/test_calendar.py asks
    Surface(name="calendar", who=ALL),
    Surface(name="booking_file", at=_booking, who=LOOK),
    Surface(name="calendar_links", who=ALL),
    Surface(name="calendar_links", method="POST", who=LOOK | {"stranger"}, bare=403),
    Surface(name="calendar_links", method="POST", body=_of_partner, who=MANAGE, refused=404),
    Surface(name="end_calendar_link", method="POST", who=ALL, answer=302),
    Surface(name="end_calendar_link", method="POST", body=_of_partner, who=MANAGE, answer=302, refused=404),
    # ---- one's own exports: not even an administrator fetches somebody else's
    Surface(name="exports", who=ALL),
    Surface(name="export_file", at=_export, who=frozenset({"owner"}), refused=404),
    Surface(
        name="withdraw_export", at=_export, method="POST", who=frozenset({"owner"}), answer=302, refused=404
    ),
    # ---- signing the robot's account in
    Surface(name="sign_in_account", at=_account, who=MANAGE),
    Surface(name="handoff", at=_sign_in, who=MANAGE),
    Surface(name="handoff_screen", at=_sign_in, who=MANAGE, answer=501),
    Surface(name="handoff_strokes", at=_sign_in, method="POST", who=MANAGE, answer=422),
    Surface(name="stop_handoff", at=_sign_in, method="POST", who=MANAGE, answer=302),
    # ---- what one gets mail of
    Surface(name="my_notices", who=ALL),
    Surface(name="my_notices", method="POST", body=lambda world: {"back": "1"}, who=ALL, answer=302),
    # ---- a partner's Slack and webhooks
    Surface(name="connections", who=MANAGE, stranger=200, bare=403),
    Surface(
        name="connections",
        method="POST",
        body=lambda world: {
            "partner": world.cast.partner.pk,
            "kind": "webhook",
            "name": "CRM",
            "url": "https://crm.example.com/hook",
            "events": ["confirmed"],
        },
        who=MANAGE,
        refused=404,
    ),
    _managing("connection"),
    _managing(
        "connection", method="POST", body=lambda world: {"name": "New", "events": ["moved"]}, answer=302
    ),
    _managing("test_connection", method="POST", answer=302),
    _managing("turn_connection", method="POST", body=lambda world: {"on": "0"}, answer=302),
    _managing("rotate_secret"),
    _managing("rotate_secret", method="POST"),
    _managing("remove_connection"),
    _managing("remove_connection", method="POST", answer=302),
    _managing("deliver_again", at=_delivery, method="POST", answer=302),
    # ---- people
    Surface(name="people", who=MANAGE, stranger=200, bare=403),
    Surface(
        name="people",
        method="POST",
        body=lambda world: {
            "partner": world.cast.partner.pk,
            "email": "x@example.com",
            "role": "viewer",
        },
        who=MANAGE,
        answer=302,
        refused=404,
    ),
    Surface(
        name="change_role",
        at=_member,
        method="POST",
        body=lambda world: {"role": "viewer"},
        who=MANAGE,
        answer=302,
        refused=404,
    ),
    Surface(name="remove_person", at=_member, who=MANAGE, refused=404),
    Surface(name="remove_person", at=_member, method="POST", who=MANAGE, answer=302, refused=404),
    Surface(name="send_invitation_again", at=_invited, method="POST", who=MANAGE, answer=302, refused=404),
    Surface(name="revoke_invitation", at=_invited, method="POST", who=MANAGE, answer=302, refused=404),
)


def _deed(name: str, row: str, who: frozenset[str], **more: Any) -> Surface:
    """A page of the admin for one deed to one row. To who does not see the row, there is none."""
    return Surface(name=f"admin:{name}", at=_the(row), who=who, **{"bare": 403, **more})


def _several(name: str, row: str, who: frozenset[str] = BOOK) -> Surface:
    """A deed to several rows. A crafted id of another partner's row is answered like one that never was."""
    return Surface(
        name=f"admin:{name}",
        method="POST",
        body=lambda world: {"picked": [getattr(world.rows, row).pk]},
        who=who,
        answer=EITHER,
        stranger=EITHER,
        bare=403,
    )


ADMIN_PAGES = (
    Surface(name="admin:index", who=ALL),
    Surface(name="admin:search", who=ALL),
    Surface(name="admin:jsi18n", who=ALL),
    Surface(name="admin:login", who=ALL, answer=302),  # the one door, /sign-in
    Surface(name="admin:logout", method="POST", who=ALL),
    Surface(name="admin:password_change", who=ALL),
    Surface(name="admin:password_change_done", who=ALL),
    Surface(name="admin:app_list", at=lambda world: ("bookings",), who=LOOK, stranger=200),
    Surface(name="admin:autocomplete", who=frozenset(), refused=403, stranger=403, bare=403),
    Surface(name="admin:view_on_site", at=lambda world: (1, 1), who=frozenset(), refused=404, bare=404),
    # ---- deeds
    Surface(name="admin:bookings_account_sign_in", at=_account, who=MANAGE, answer=302, bare=403),
    Surface(name="admin:bookings_account_compare", at=_account, who=BOOK, bare=403),
    Surface(name="admin:bookings_account_upload_session", at=_account, who=MANAGE, bare=403),
    Surface(name="admin:bookings_apikey_revoke", at=_the("key"), who=ADMIN, stranger=403, bare=403),
    _several("bookings_booking_change_many", "booking"),
    _several("bookings_booking_cancel_many", "booking"),
    _several("bookings_booking_hide_many", "booking"),
    _several("bookings_booking_reschedule_many", "booking"),
    _deed("bookings_booking_reschedule", "booking", BOOK),
    _deed("bookings_booking_cancel", "booking", BOOK),
    _deed("bookings_booking_change_status", "booking", BOOK),
    _deed("bookings_booking_hide", "booking", BOOK),
    _deed("bookings_booking_show_again", "booking", BOOK),
    _deed("bookings_property_check_on_brokerbay", "home", BOOK),
    _several("bookings_bookingrun_send_many", "run"),
    _several("bookings_bookingrun_give_up_many", "run"),
    _several("bookings_bookingrun_retry_many", "run"),
    _several("bookings_bookingrun_stop_many", "run"),
    _several("bookings_bookingrun_assign_many", "run"),
    _deed("bookings_bookingrun_watch", "run", LOOK, answer=302),
    _deed("bookings_bookingrun_stop", "run", BOOK),
    _deed("bookings_bookingrun_try_again", "run", BOOK),
    _deed("bookings_showingrequest_tour", "request", LOOK, bare=404),
    _deed("bookings_showingrequest_book", "request", BOOK),
    Surface(name="admin:bookings_syncpass_sync_now", who=OPERATE, stranger=403, bare=403),
    Surface(name="admin:bookings_client_unmapped", who=STAFF, stranger=403, bare=403),
    Surface(
        name="admin:bookings_client_unmapped", method="POST", who=OPERATE, answer=302, stranger=403, bare=403
    ),
    Surface(name="admin:auth_user_staff_role", at=_person, who=ADMIN, stranger=403, bare=403),
    Surface(name="admin:auth_user_sign_out", at=_person, who=ADMIN, stranger=403, bare=403),
    Surface(name="admin:auth_user_password_change", at=_person, who=ADMIN, stranger=403, bare=403),
    # ---- views and columns of a list: one's own, and what colleagues share
    *(
        Surface(name=f"admin:bookings_{noun}_views", who=LOOK, stranger=200, bare=403)
        for noun in ("booking", "bookingrun", "showingrequest", "property")
    ),
    # ---- lists as files; whose rows are in them, test_exports and the row scope below ask
    Surface(name="admin:bookings_booking_export", who=EXPORT, stranger=200, bare=403),
    Surface(name="admin:bookings_bookingrun_export", who=EXPORT, stranger=200, bare=403),
    Surface(name="admin:bookings_showingrequest_export", who=EXPORT, stranger=200, bare=403),
    Surface(name="admin:bookings_property_export", who=EXPORT, stranger=200, bare=403),
)

SURFACES = (*DOOR, *PAGES, *ADMIN_PAGES)
