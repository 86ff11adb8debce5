"""The typed client of the control API: for tests, the demo, and people who train others."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlsplit

import requests

from automation.simulator.records import Event, Fault, Listing, Post, Showing

TOKEN_HEADER = "X-Control-Token"


class ControlRefused(Exception):
    """The control API said no; the message says why."""


class Control:
    """One running local BrokerBay, at `base_url` (ends without a slash), and its control token."""

    def __init__(self, base_url: str, token: str, *, pid: int = 0) -> None:
        """`pid` is the server's process id where the caller started it."""
        self.base_url = base_url.rstrip("/")
        self.token = token
        self.pid = pid
        self._http = requests.Session()
        self._http.headers[TOKEN_HEADER] = token

    def close(self) -> None:
        self._http.close()

    # The whole state

    def reset(self) -> None:
        """Forgets everything: listings, accounts, sessions, showings, faults, posts; drops held submits."""
        self._ask("reset")

    def seed(self, name: str = "demo") -> None:
        """Sows demo.py's town, once; "crowded" gives its robot a long list of showings too."""
        self._ask("seed", name=name)

    def set_clock(self, moment: datetime | None) -> None:
        """The site's present goes on from `moment` (aware); None returns it to the real time."""
        self._ask("set_clock", moment=moment.isoformat() if moment else None)

    # Listings and their time

    def add_listing(self, *, mls_number: str, street: str, **fields: Any) -> str:
        """Returns its id; `fields` are those of records.Listing, e.g. unit, city, auto_confirm, opens."""
        return str(self._ask("add_listing", mls_number=mls_number, street=street, **_plain(fields)))

    def change_listing(self, listing_id: str, **fields: Any) -> None:
        self._ask("change_listing", id=listing_id, **_plain(fields))

    def listings(self) -> list[Listing]:
        return [Listing.read(raw) for raw in self._ask("listings")]

    def open_slots(self, listing_id: str, on: date) -> list[time]:
        """Starts that can be booked on that day, as the site sees it now."""
        slots = self._ask("slots", listing_id=listing_id, on=on.isoformat())
        return [time.fromisoformat(slot["time"]) for slot in slots if slot["state"] == "open"]

    def block_slot(self, listing_id: str, *, on: date, at: time, minutes: int = 15) -> int:
        """Makes a stretch unavailable, as somebody else's showing does; returns the block's id."""
        return int(
            self._ask(
                "block_slot", listing_id=listing_id, on=on.isoformat(), at=f"{at:%H:%M}", minutes=minutes
            )
        )

    def unblock_slot(self, block_id: int) -> None:
        self._ask("unblock_slot", block_id=block_id)

    # Accounts

    def add_account(self, email: str, **fields: Any) -> None:
        self._ask("add_account", email=email, **fields)

    def sign_in(self, account: str) -> dict[str, Any]:
        """Playwright's storage_state of a browser signed in as `account` (made if missing)."""
        cookie = self._ask("sign_in", account=account)
        kept = {
            **cookie,
            "domain": urlsplit(self.base_url).hostname,
            "path": "/",
            "expires": clock.time() + 30 * 24 * 3600,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
        return {"cookies": [kept], "origins": []}

    def sign_out(self, account: str) -> None:
        """Ends every session of the account."""
        self._ask("sign_out", account=account)

    def code(self, account: str) -> str | None:
        """The sign-in code last sent to the account, while it is unused."""
        found = self._ask("code", account=account)
        return str(found) if found else None

    # Showings

    def add_showing(
        self, *, listing_id: str, account: str, date: date, time: time, minutes: int = 30, **more: Any
    ) -> str:
        """Puts a showing into the account's list whatever the rules say; returns its id."""
        wish = {"listing_id": listing_id, "account": account, "date": date, "time": time, "minutes": minutes}
        return str(self._ask("add_showing", **_plain({"status": "Confirmed", **wish, **more})))

    def forget_showings(self, account: str) -> None:
        """Empties the account's list, as a site does with what is long past."""
        self._ask("forget_showings", account=account)

    def set_status(self, showing_id: str, status: str) -> None:
        """What the listing side decides: Confirmed, Declined, Cancelled, …"""
        self._ask("set_status", showing_id=showing_id, status=status)

    def suggest_time(self, showing_id: str, *, on: date, at: time) -> None:
        """The listing side would rather have that time."""
        moment = datetime.combine(on, at).isoformat()
        self._ask("set_status", showing_id=showing_id, status="Suggested Time Change", suggested=moment)

    def showings(self, *, account: str | None = None, listing_id: str | None = None) -> list[Showing]:
        """All that are booked, also those not visible yet; the latest start first."""
        return [Showing.read(raw) for raw in self._ask("showings", account=account, listing_id=listing_id)]

    # Scenarios

    def set_fault(
        self,
        name: str,
        *,
        listing: str | None = None,
        account: str | None = None,
        times: int | None = None,
        **options: Any,
    ) -> int:
        """Switches a scenario on for one listing's id, one account, the next `times` uses, or without end."""
        return int(
            self._ask(
                "set_fault", name=name, listing_id=listing, account=account, times=times, options=options
            )
        )

    def clear_faults(self, name: str | None = None) -> None:
        self._ask("clear_faults", name=name)

    def faults(self) -> list[Fault]:
        return [Fault.read(raw) for raw in self._ask("faults")]

    def scenarios(self) -> list[dict[str, Any]]:
        """All there are: name, facts (their numbers), about, place."""
        return list(self._ask("list_scenarios"))

    def release(self, post: int | None = None, *, go_on: bool = True) -> list[int]:
        """Lets the held submits (or that one) go on, or drops them; returns their numbers."""
        return list(self._ask("release", post=post, go_on=go_on))

    # What it received

    def posts(self, *, after: int = 0) -> list[Post]:
        """Every submit that arrived, in order, whatever became of it."""
        return [Post.read(raw) for raw in self._ask("posts", after=after)]

    def events(self, *, after: int = 0, timeout: float = 0) -> list[Event]:
        """What happened after event number `after`; waits up to `timeout` seconds for the first."""
        return [Event.read(raw) for raw in self._ask("events", after=after, timeout=timeout, wait=timeout)]

    def wait_for(self, predicate: Callable[[Event], bool], *, after: int = 0, timeout: float = 20) -> Event:
        """The first event after number `after` that fits; raises TimeoutError telling what came instead."""
        deadline = clock.monotonic() + timeout
        seen: list[str] = []
        while (left := deadline - clock.monotonic()) > 0:
            for event in self.events(after=after, timeout=min(left, 10)):
                if predicate(event):
                    return event
                after = event.number
                seen.append(event.kind)
        raise TimeoutError(f"Not within {timeout} s; there were: {', '.join(seen) or 'no events'}.")

    def wait_for_post(self, state: str = "received", *, after: int = 0, timeout: float = 20) -> Post:
        """The first submit after number `after` that was received, held, committed or done."""
        event = self.wait_for(
            lambda one: one.kind == f"post_{state}" and one.details["post"] > after, timeout=timeout
        )
        return next(post for post in self.posts() if post.number == event.details["post"])

    def _ask(self, command: str, *, wait: float = 0, **asked: Any) -> Any:
        answer = self._http.post(f"{self.base_url}/control/{command}", json=asked, timeout=wait + 10)
        if answer.status_code != 200:
            raise ControlRefused(
                answer.json().get("error", answer.text) if answer.text else str(answer.status_code)
            )
        return answer.json()


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime | date):
            return value.isoformat()
        return f"{value:%H:%M}" if isinstance(value, time) else value

    return {name: plain(value) for name, value in fields.items()}
