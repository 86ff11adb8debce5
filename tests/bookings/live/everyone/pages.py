"""Every type of page, with somebody who sees it full. A new page type gets a row here.

`at` is an address with {names} that `world.py` prints. `name` is also what the page's failures are told by.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    name: str
    at: str
    who: str = "manager"
    is_admin: bool = False
    # A page that is the answer to a form: what is sent to `at`.
    sends: tuple[tuple[str, str], ...] = ()


def _admin(name: str, at: str, who: str = "admin", *sends: tuple[str, str]) -> Page:
    return Page(name=f"admin, {name}", at=f"/admin/{at}", who=who, is_admin=True, sends=sends)


OWN_PAGES = (
    Page(name="dashboard", at="/"),
    Page(name="dashboard of who belongs nowhere", at="/", who="lonely"),
    Page(name="dashboard of an operator", at="/", who="operator"),
    Page(name="auto-book", at="/auto-book"),
    Page(name="auto-book, refused", at="/auto-book", sends=(("property", "x"), ("date", "never"))),
    Page(name="auto-book of a viewer", at="/auto-book", who="viewer"),
    Page(name="run, running", at="/runs/{run}"),
    Page(name="run, booked", at="/runs/{booked}"),
    Page(name="run with other times", at="/runs/{slots}"),
    Page(name="run with several listings", at="/runs/{listings}"),
    Page(name="run, rehearsed", at="/runs/{rehearsed}"),
    Page(name="run in doubt", at="/runs/{doubt}"),
    Page(name="asked once more", at="/runs/{doubt}/answer?answer=it_is_not_there&value="),
    Page(name="signing an account in", at="/accounts/{account}/sign-in"),
    Page(name="the robot's browser", at="/sign-ins/{sign_in}"),
    Page(name="sharing a receipt", at="/bookings/{receipt_of}/receipt"),
    Page(name="receipt", at="/receipts/{receipt}", who=""),
    Page(name="receipt that is over", at="/receipts/{over}", who=""),
    Page(name="calendar, a week in hours", at="/calendar"),
    Page(name="calendar, a week as a list", at="/calendar?as=list"),
    Page(name="calendar, a day", at="/calendar?view=day"),
    Page(name="calendar by listing", at="/calendar?view=listing"),
    Page(name="calendar, nothing there", at="/calendar?date=2099-01-01"),
    Page(name="calendar of who belongs nowhere", at="/calendar", who="lonely"),
    Page(name="calendar links", at="/calendar/links"),
    Page(name="calendar link, just made", at="/calendar/links", sends=(("partner", ""),)),
    Page(name="my exports", at="/exports"),
    Page(name="my exports, none", at="/exports", who="viewer"),
    Page(name="people", at="/people"),
    Page(name="removing a person", at="/people/{membership}/remove"),
    Page(name="invitation", at="/join/{join}", who=""),
    Page(name="invitation of somebody else", at="/join/{join}", who="viewer"),
    Page(name="invitation that is none", at="/join/nonsense", who=""),
    Page(name="my notices", at="/me/notices"),
    Page(name="my notices of who belongs nowhere", at="/me/notices", who="lonely"),
    Page(name="my notices, refused", at="/me/notices", sends=(("lead", "7"),)),
    Page(name="no more of these mails", at="/notices/off/{way_out}", who=""),
    Page(name="no more of these mails, done", at="/notices/off/{way_out}", who="", sends=(("now", "1"),)),
    Page(name="Slack and webhooks", at="/connections"),
    Page(name="Slack and webhooks of an operator", at="/connections", who="operator"),
    Page(name="Slack and webhooks, refused", at="/connections", sends=(("url", "x"),)),
    Page(name="a connection with deliveries", at="/connections/{connection}"),
    Page(name="a connection that was turned off", at="/connections/{turned_off}"),
    Page(name="a new secret", at="/connections/{connection}/secret"),
    Page(name="a new secret, shown", at="/connections/{connection}/secret", sends=(("now", "1"),)),
    Page(name="removing a connection", at="/connections/{connection}/remove"),
    Page(name="my account", at="/me"),
    Page(name="my account, of no partner", at="/me", who="lonely"),
    Page(name="changing the password", at="/me/password"),
    Page(name="forgotten password", at="/forgotten-password", who=""),
    Page(name="new password", at="/new-password/{reset}", who=""),
    Page(name="new password, old link", at="/new-password/MQ/none", who=""),
    Page(name="sign-in", at="/sign-in", who=""),
    Page(name="sign-in, refused", at="/sign-in", who="", sends=(("username", "x"), ("password", "y"))),
    Page(name="the API", at="/api/docs"),
)
ADMIN_PAGES = (
    _admin("index", ""),
    _admin("lists of an app", "bookings/"),
    _admin("password", "password_change/"),
    _admin("list of bookings", "bookings/booking/"),
    _admin("list of bookings of a viewer", "bookings/booking/", "viewer"),
    _admin("list, nothing found", "bookings/booking/?q=zzzzzz"),
    _admin("list of requests", "bookings/showingrequest/"),
    _admin("list of runs", "bookings/bookingrun/"),
    _admin("list of properties", "bookings/property/"),
    _admin("list of accounts", "bookings/account/"),
    _admin("list of partners", "bookings/partner/"),
    _admin("list of clients", "bookings/client/"),
    _admin("unmapped", "bookings/client/unmapped/"),
    _admin("list of groups of requests", "bookings/upstreamgroup/"),
    _admin("list of memberships", "bookings/membership/"),
    _admin("list of keys", "bookings/apikey/"),
    _admin("list of passes", "bookings/syncpass/"),
    _admin("list of services", "bookings/upstream/"),
    _admin("list of unreadable rows", "bookings/unreadablerow/"),
    _admin("list of notices", "bookings/notice/"),
    _admin("audit", "bookings/auditentry/"),
    _admin("list of people", "auth/user/"),
    _admin("list of groups", "auth/group/"),
    _admin("list of schedules", "django_q/schedule/"),
    _admin("list of failures", "django_q/failure/"),
    _admin("list of waiting tasks", "django_q/ormq/"),
    _admin("booking", "bookings/booking/{bookings_booking}/change/"),
    _admin("booking of a viewer", "bookings/booking/{bookings_booking}/change/", "viewer"),
    _admin("run", "bookings/bookingrun/{bookings_bookingrun}/change/"),
    _admin("request", "bookings/showingrequest/{bookings_showingrequest}/change/"),
    _admin("property", "bookings/property/{bookings_property}/change/"),
    _admin("account", "bookings/account/{bookings_account}/change/"),
    _admin("partner", "bookings/partner/{bookings_partner}/change/"),
    _admin("client", "bookings/client/{bookings_client}/change/"),
    _admin("key", "bookings/apikey/{bookings_apikey}/change/"),
    _admin("pass", "bookings/syncpass/{bookings_syncpass}/change/"),
    _admin("service", "bookings/upstream/{bookings_upstream}/change/"),
    _admin("notice", "bookings/notice/{bookings_notice}/change/"),
    _admin("audit entry", "bookings/auditentry/{bookings_auditentry}/change/"),
    _admin("person", "auth/user/{user}/change/"),
    _admin("group", "auth/group/{auth_group}/change/"),
    _admin("schedule", "django_q/schedule/{django_q_schedule}/change/"),
    _admin("new partner", "bookings/partner/add/"),
    _admin("new account", "bookings/account/add/"),
    _admin("new key", "bookings/apikey/add/"),
    _admin("new person", "auth/user/add/"),
    _admin("history", "bookings/booking/{bookings_booking}/history/"),
    _admin("history of a person", "auth/user/{user}/history/"),
    _admin("deleting", "bookings/membership/{bookings_membership}/delete/"),
    _admin(
        "deleting several",
        "bookings/membership/",
        "admin",
        ("action", "delete_selected"),
        ("_selected_action", "{bookings_membership}"),
    ),
    _admin("views and columns", "bookings/booking/views/"),
    _admin("export", "bookings/booking/export/"),
    _admin("moving a showing", "bookings/booking/{bookings_booking}/reschedule/"),
    _admin("cancelling a showing", "bookings/booking/{bookings_booking}/cancel/"),
    _admin("a tour", "bookings/showingrequest/{bookings_showingrequest}/tour/"),
    _admin("uploading a session", "bookings/account/{account}/upload-session/"),
    _admin("staff role", "auth/user/{user}/staff-role/"),
    _admin(
        "bulk, asked",
        "bookings/booking/",
        "admin",
        ("action", "change_many"),
        ("_selected_action", "{bookings_booking}"),
    ),
)
ERRORS = ("400", "403", "403_csrf", "404", "500")
