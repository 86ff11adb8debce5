"""Opens the page of the one showing that the order is about, and makes sure that it is that one."""

from __future__ import annotations

from collections.abc import Sequence

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import KnownShowing, Level, OrderKind, SeenShowing
from automation.engine.errors import AmbiguousListing, PageChanged, ShowingNotFound
from automation.engine.listings import Likeness, likeness, parse_address
from automation.engine.pages.my_showings import MyShowings
from automation.engine.pages.showing import ShowingPage
from automation.engine.showings import Wanted, doubtful_showings, fitting_showings, is_live, read_showing
from automation.engine.slots import say_day, say_time
from automation.engine.steps.check_own_list import describe
from automation.engine.steps.own_list import look_for, read_all


async def open_showing(attempt: Attempt) -> Done:
    """By its id, else by its exact address, date and time in the list; never by less, never several.

    Leaves `attempt.showing` as the page shows it now. Raises `ShowingNotFound` where it stands at another
    time than the order says, unless that is the time which the order is to move it to.
    """
    known = known_showing(attempt)
    showing_id = known.showing_id or await _id_from_list(attempt, known)
    seen = await read_page(attempt, showing_id) if showing_id else attempt.showing
    if seen is None:
        raise ShowingNotFound(
            "BrokerBay has no showing under the id that was kept for it. Nothing was sent: "
            "compare the account's showings with BrokerBay."
        )
    attempt.showing = seen
    if likeness(parse_address(known.address), parse_address(seen.address)) is Likeness.OTHER:
        raise ShowingNotFound(
            f"The showing that was kept is one of {seen.address}, but the order says {known.address}. "
            "Nothing was sent: a person must look at it."
        )
    if not _is_where_expected(seen, attempt):
        raise ShowingNotFound(
            f"The showing stands on {say_day(seen.date)} at {say_time(seen.time)} now, not on "
            f"{say_day(known.date)} at {say_time(known.time)}. Nothing was sent: a person must look at it."
        )
    return Done(message=f"Opened the showing: {describe(seen)}.", touched=ShowingPage.HEADING)


async def look_at_showing(attempt: Attempt) -> Done:
    """How the showing of the kept id stands now, wherever that is; the list opens where the id is unknown."""
    attempt.showing = await read_page(attempt, known_showing(attempt).showing_id)
    if attempt.showing is not None:
        return Done(
            message=f"BrokerBay's page of the showing says: {describe(attempt.showing)}.",
            level=Level.SUCCESS,
            touched=ShowingPage.HEADING,
        )
    await attempt.shell.open(MyShowings.ROUTE)
    return Done(message="BrokerBay has no showing under the id that was kept for it.", level=Level.WARNING)


async def read_page(attempt: Attempt, showing_id: str, *, anew: bool = False) -> SeenShowing | None:
    """What the showing's page says after a load, even if it is open already with `anew`; None where
    BrokerBay knows no such showing."""
    route = ShowingPage.route(showing_id)
    if anew or not attempt.shell.is_at(route):
        await attempt.pictured()
        await attempt.shell.load(route)
    row = (await ShowingPage(attempt.page).read()).row
    if row is None:
        await attempt.rest()
        row = (await ShowingPage(attempt.page).read()).row
    if row is None:
        return None
    seen = read_showing(row, near=attempt.near)
    if seen is None:
        raise PageChanged("BrokerBay's page of the showing does not say which it is. Nothing was sent.")
    return seen


def known_showing(attempt: Attempt) -> KnownShowing:
    if attempt.order.showing is None:
        raise ValueError("This order is about a showing; it must name it.")
    return attempt.order.showing


async def _id_from_list(attempt: Attempt, known: KnownShowing) -> str:
    """The id of the one live showing of this home, day and time; "" where only one that came to nothing
    is left, which is kept as it is."""
    attempt.own_showings = await read_all(attempt)
    wanted = Wanted(address=known.address, listing_id=known.listing_id, date=known.date, time=known.time)
    fits = fitting_showings(attempt.own_showings, wanted)
    live = [seen for seen in fits if is_live(seen)]
    if len(live) > 1 or (not live and doubtful_showings(attempt.own_showings, wanted)):
        raise AmbiguousListing(
            "BrokerBay's list has more than one showing that may be the one meant. Nothing was sent: "
            "a person must say which."
        )
    if live:
        return await _open_row(attempt, live[0])
    if not fits:
        raise ShowingNotFound(_not_in_list(attempt.own_showings, known))
    attempt.showing = fits[0]
    return ""


async def _open_row(attempt: Attempt, one: SeenShowing) -> str:
    if one.showing_id:
        return one.showing_id
    await attempt.pictured()
    await attempt.shell.open(MyShowings.ROUTE)
    row = await look_for(attempt, lambda seen: seen == one)
    if row is None:
        raise PageChanged("BrokerBay's list of showings changed while it was read. Nothing was sent.")
    showing_id, _ = await MyShowings(attempt.page).open_row(row, patience=attempt.site.step_timeout)
    await attempt.shell.load(ShowingPage.route(showing_id))
    return showing_id


def was_moved(attempt: Attempt) -> bool:
    """Whether the showing stands, live, where the order is to move it, though it was last seen elsewhere."""
    known, order, seen = known_showing(attempt), attempt.order, attempt.showing
    if seen is None or not is_live(seen) or (known.date, known.time) == (order.date, order.time):
        return False
    return (seen.date, seen.time) == (order.date, order.time)


def _is_where_expected(seen: SeenShowing, attempt: Attempt) -> bool:
    known, order = known_showing(attempt), attempt.order
    if (seen.date, seen.time) == (known.date, known.time):
        return True
    return order.kind is OrderKind.RESCHEDULE and (seen.date, seen.time) == (order.date, order.time)


def _not_in_list(showings: Sequence[SeenShowing], known: KnownShowing) -> str:
    return (
        f"Read all {len(showings)} showings of the account: none is of {known.address} on "
        f"{say_day(known.date)} at {say_time(known.time)}. Nothing was sent."
    )
