"""A real browser on a loop of its own, as the worker has it, against a local BrokerBay."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from unittest import mock
from zoneinfo import ZoneInfo

import pytest

from automation.engine.browser import BrowserMissing, WarmBrowser, find_executable
from automation.engine.contract import Level, Line, Order, OrderKind, Outcome, Site, Step
from automation.engine.flow import play
from automation.engine.telling import Teller
from automation.simulator.control import Control
from automation.simulator.server import running

Answer = TypeVar("Answer")
ACCOUNT = "robin@lakeside.example"
STREET, UNIT, MLS = "100 Example Boulevard", "3008", "N12345678"
ADDRESS = "3008-100 Example Blvd, Toronto, ON M5V 0A1"


def toronto_today() -> date:
    return datetime.now(ZoneInfo("America/Toronto")).date()


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Answer], timeout: float = 60) -> Answer:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@dataclass
class Remembering:
    """A listener that keeps what it is told; `forbid` is raised at the gate."""

    lines: list[Line] = field(default_factory=list)
    gates: int = 0
    forbid: Exception | None = None

    async def told(self, line: Line) -> None:
        self.lines.append(line)

    async def before_submit(self) -> None:
        self.gates += 1
        if self.forbid:
            raise self.forbid

    @property
    def steps(self) -> list[str]:
        return [line.step.value for line in self.lines if line.duration_ms is not None]

    @property
    def errors(self) -> list[Line]:
        return [line for line in self.lines if line.level is Level.ERROR]


@contextmanager
def as_step_ends(step: str, act: Callable[[], object]) -> Iterator[None]:
    """Acts just as that step ends: its line is told with a picture, under load maybe after the submit."""
    end = Teller.end

    def ending(teller: Teller, ended: Step, *said: Any, **more: Any) -> Any:
        if ended.value == step:
            act()
        return end(teller, ended, *said, **more)

    with mock.patch.object(Teller, "end", ending):
        yield


@dataclass
class Bay:
    """The local BrokerBay with one account and one listing, and a browser that is signed in."""

    control: Control
    browser: WarmBrowser
    loop: Loop
    listing_id: str
    state: dict[str, Any]
    day: date

    def site(self, **patience: float) -> Site:
        return Site(base_url=self.control.base_url, **{"step_timeout": 8.0, **patience})

    def order(self, **changes: Any) -> Order:
        wanted: dict[str, Any] = {
            "kind": OrderKind.BOOK,
            "mls_number": MLS,
            "address": ADDRESS,
            "date": self.day,
            "time": time(14, 0),
            "duration_minutes": 30,
        }
        return Order(**{**wanted, **changes})

    def play(self, order: Order, *, listener: Remembering | None = None, **patience: float) -> Outcome:
        async def played() -> Outcome:
            async with self.browser.context_for(ACCOUNT, self.state) as context:
                return await play(
                    context, order, site=self.site(**patience), listener=listener or Remembering()
                )

        return self.loop.run(played())


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.stop()


@pytest.fixture(scope="session")
def browser(loop: Loop) -> Iterator[WarmBrowser]:
    try:
        find_executable()
    except BrowserMissing as missing:
        pytest.skip(str(missing))

    async def make() -> WarmBrowser:
        return WarmBrowser()

    browser = loop.run(make())
    yield browser
    loop.run(browser.close())


@pytest.fixture(scope="session")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with running(tmp_path_factory.mktemp("brokerbay") / "state.sqlite3") as control:
        yield control


@pytest.fixture
def bay(control: Control, browser: WarmBrowser, loop: Loop) -> Bay:
    control.reset()
    control.add_account(ACCOUNT)
    listing_id = control.add_listing(mls_number=MLS, street=STREET, unit=UNIT, max_minutes=60, days_ahead=90)
    return Bay(
        control=control,
        browser=browser,
        loop=loop,
        listing_id=listing_id,
        state=control.sign_in(ACCOUNT),
        day=toronto_today() + timedelta(days=2),
    )
