"""One session of the harness: the cases that were asked for, then the random trials, then the report."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command

from tests.chaos import plan, rows, rows_hurt, trials, truth
from tests.chaos.cases import CASES, Case
from tests.chaos.ground import ACCOUNTS, MACHINES, Ground, standing
from tests.chaos.guards import GUARDS, Guard, put_back_into_tables, take_from_tables

BROKEN = re.compile(r"(AssertionError: )?I\d+ ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    name: str
    seconds: float
    wrongs: tuple[str, ...]


def run(asked: argparse.Namespace, folder: Path) -> int:
    """Plays what was asked for; answers the exit code."""
    if asked.table:
        say(rows.table())
        return 0
    say.keep(asked.report)
    if asked.without:
        results = [without(guard, asked, folder) for guard in guards_asked(asked.without)]
    else:
        prepare_tables()
        results = on_ground(asked, folder, chosen(asked))
    bad = [one for one in results if one.wrongs]
    say(f"{len(results)} played, {len(bad)} wrong")
    if bad:
        for machine in sorted(folder.glob("**/machine-*.log")):
            say(f"---- {machine.name}\n{machine.read_text()[-6000:]}")
    return 1 if bad else 0


def prepare_tables() -> None:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)


def on_ground(asked: argparse.Namespace, folder: Path, cases: Iterable[Case]) -> list[Result]:
    results: list[Result] = []
    with standing(folder, pace=asked.pace) as ground:
        for case in cases:
            results.append(play(ground, case))
            say(line(results[-1]))
        if not (asked.row or asked.case):
            results.append(at_random(ground, asked))
            say(line(results[-1]))
        left = ground.end()
        rows_hurt.end()
    if left:
        results.append(Result(name="nothing is left behind", seconds=0, wrongs=tuple(left)))
        say(line(results[-1]))
    return results


def guards_asked(words: str) -> list[Guard]:
    if words == "each":
        return list(GUARDS.values())
    return [GUARDS[name] for name in words.split(",")]


def without(guard: Guard, asked: argparse.Namespace, folder: Path) -> Result:
    """Whether the harness turns red without this guard, on tables of its own."""
    began = time.monotonic()
    prepare_tables()
    call_command("flush", interactive=False, verbosity=0)
    place = folder / guard.name
    place.mkdir()
    take_from_tables([guard.name])
    seen: list[str] = []
    with standing(place, pace=asked.pace * guard.slower, without=guard.name) as ground:
        for name in guard.seen_by:
            result = play(ground, CASES[name])
            say(line(result))
            # A late machine is no proof; a broken promise is.
            seen += [wrong for wrong in result.wrongs if BROKEN.match(wrong)]
            if seen:
                break
    put_back_into_tables([guard.name])
    missed = () if seen else (f"nothing went wrong without {guard.name}",)
    result = Result(name=f"without {guard.name}", seconds=time.monotonic() - began, wrongs=missed)
    say(f"without {guard.name:37} {'turns red' if seen else 'STAYS GREEN'}")
    return result


def chosen(asked: argparse.Namespace) -> Iterable[Case]:
    names = {name for name in asked.case.split(",") if name}
    if unknown := names - CASES.keys():
        raise SystemExit(f"No case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    rows = {int(row) for row in asked.row.split(",") if row.isdigit()}
    return [
        one
        for one in CASES.values()
        if asked.row == "all" or one.name in names or rows.intersection(one.rows)
    ]


def play(ground: Ground, case: Case) -> Result:
    began = time.monotonic()
    wrongs: list[str] = []
    try:
        wishes = case.play(ground)
        wrongs += [
            f"ended {wish.run.state} ({wish.run.reason_code}: {wish.run.reason}), not {case.ends}"
            for wish in wishes
            if wish.run.state != case.ends
        ]
        wrongs += truth.wrongs(ground, wishes)
    except Exception as failed:
        wrongs.append(f"{type(failed).__name__}: {failed}")
    finally:
        ground.control.release()
        ground.thaw()
        ground.clear_site()
    return Result(name=case.name, seconds=time.monotonic() - began, wrongs=tuple(wrongs))


def at_random(ground: Ground, asked: argparse.Namespace) -> Result:
    began = time.monotonic()
    drawn = plan.make(
        trials=asked.trials, seed=asked.seed, accounts=ACCOUNTS, machines=MACHINES, pace=asked.pace
    )
    story = trials.play(ground, drawn[asked.first :], tell=say)
    say(f"injuries {dict(story.kills)}, victim not there {story.missed}")
    say(f"ends {dict(story.ends)}; sent {dict(story.submits)}; a person {dict(story.cures)}")
    say(f"slowest {story.slowest:.0f} s")
    name = f"{asked.trials} random trials, seed {asked.seed}"
    return Result(name=name, seconds=time.monotonic() - began, wrongs=tuple(story.wrongs))


def line(result: Result) -> str:
    verdict = "; ".join(result.wrongs) if result.wrongs else "as it should"
    return f"{result.name:45} {result.seconds:6.1f} s  {verdict}"


class _Speaker:
    """Says a line on standard output, and into the report where there is one."""

    def __init__(self) -> None:
        self._report: Path | None = None

    def keep(self, report: Path | None) -> None:
        self._report = report
        if report is not None:
            report.write_text("")

    def __call__(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        if self._report is not None:
            with self._report.open("a") as lines:
                lines.write(f"{text}\n")


say = _Speaker()
