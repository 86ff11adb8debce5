"""The fault matrix: each fault that a run must survive, and where that is proven."""

from __future__ import annotations

from dataclasses import dataclass

from tests.chaos.cases import CASES


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    number: int
    fault: str
    elsewhere: str = ""  # where else it is proven, or why it cannot be here


ENGINE = "tests/automation/engine"
ROWS = (
    Row(number=1, fault="kill -9 before the claim"),
    Row(number=2, fault="kill -9 after the claim is committed"),
    Row(number=3, fault="kill -9 before and after the own list is read"),
    Row(number=4, fault="kill -9 with the form filled"),
    Row(number=5, fault="kill -9 inside the gate, before the intent is committed"),
    Row(number=6, fault="kill -9 after the intent, before the bytes"),
    Row(number=7, fault="kill -9 with the request half written", elsewhere="random kills hit it by chance"),
    Row(number=8, fault="kill -9 after the bytes, before the answer"),
    Row(number=9, fault="kill -9 after the answer, before it is recorded"),
    Row(number=10, fault="kill -9 after the end is recorded, before the queue knows"),
    Row(number=11, fault="kill -9 of the list's reader at each of its steps"),
    Row(number=12, fault="SIGSTOP for longer than the lease after the claim"),
    Row(number=13, fault="SIGSTOP after the intent, before the sending"),
    Row(number=14, fault="SIGSTOP between the last look and the wire"),
    Row(number=15, fault="SIGSTOP after the sending, and after the answer"),
    Row(number=16, fault="an exception in a step of the form"),
    Row(number=17, fault="the queue hands one run out many times at once"),
    Row(number=18, fault="the site drops the connection before it books"),
    Row(number=19, fault="the site answers 500 before it books"),
    Row(number=20, fault="the site books and drops the connection"),
    Row(number=21, fault="the site books and answers 500"),
    Row(number=22, fault="the site books and answers after our patience"),
    Row(number=23, fault="the site books late, inside the quiet time"),
    Row(number=24, fault="the list shows the showing late"),
    Row(number=25, fault="the list answers 500 six times"),
    Row(number=26, fault="the list is incomplete"),
    Row(number=27, fault="the list cannot be read for good"),
    Row(number=28, fault="the slot is taken by others"),
    Row(number=29, fault="booked and dropped, and the reader hurt as well"),
    Row(
        number=30,
        fault="the connection is reset after the commit, and Chromium sends again by itself",
        elsewhere=f"{ENGINE}/one_click (over HTTP/1.1 and HTTP/2)",
    ),
    Row(number=31, fault="the page posts twice", elsewhere=f"{ENGINE}/one_click/test_gate.py"),
    Row(number=32, fault="a popover swallows the click"),
    Row(number=33, fault="the answer is a challenge"),
    Row(number=34, fault="the browser or its driver is killed, or frozen"),
    Row(number=35, fault="the session ends at a step", elsewhere=f"{ENGINE}/test_booking.py has every step"),
    Row(number=36, fault="SIGTERM, as at a deployment"),
    Row(
        number=37,
        fault="kill -9 of supervisor, main process, sentinel, pusher, monitor",
        elsewhere="tests/brokerbay/test_supervision.py has each, killed and frozen, on both queues",
    ),
    Row(
        number=38,
        fault="an idle worker dies with the queue's lock in hand",
        elsewhere="tests/brokerbay/test_supervision.py, on both queues",
    ),
    Row(number=39, fault="the tables are locked, or PostgreSQL crashes", elsewhere="random trials crash it"),
    Row(
        number=40,
        fault="power is lost after the intent is committed",
        elsewhere="not here: nobody can cut the power; SQLite runs with synchronous=FULL",
    ),
    Row(
        number=41,
        fault="the wall clock jumps",
        elsewhere="not here: it would be the whole machine's; deadlines in a process are monotonic",
    ),
    Row(number=42, fault="the tables are restored from a backup, and the site knows more"),
    Row(
        number=43,
        fault="one showing request arrives many times",
        elsewhere="tests/ingest/test_chaos.py and tests/bookings/services/test_races.py",
    ),
    Row(number=44, fault="a person stops a run whose request is out"),
    Row(number=45, fault="two accounts want one slot; one account is wanted twice"),
    Row(number=46, fault="a person books the same showing by hand meanwhile"),
    Row(number=47, fault="a whole machine freezes, its supervisor too, and wakes up late"),
    Row(number=48, fault="Redis is flushed"),
    Row(number=49, fault="the site renames its address", elsewhere=f"{ENGINE}/one_click/test_gate.py"),
)


def table() -> str:
    """The matrix as Markdown: row, fault, where it is proven."""
    lines = ["| row | fault | proven by |", "|---|---|---|"]
    for row in ROWS:
        cases = ", ".join(f"`{one.name}`" for one in CASES.values() if row.number in one.rows)
        proofs = "; ".join(proof for proof in (cases, row.elsewhere) if proof)
        lines.append(f"| {row.number} | {row.fault} | {proofs} |")
    return "\n".join(lines)
