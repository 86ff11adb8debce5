"""Steers the local BrokerBay in a demo: `manage.py local_brokerbay on challenge --listing C10000101`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from automation.simulator.control import Control, ControlRefused
from automation.simulator.records import Fault
from brokerbay.ops import local_sites


class Command(BaseCommand):
    help = "Let the local BrokerBay misbehave for a demo: list, on, off, code, reset, seed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="Everything that can be switched on, and what is on now.")
        on = actions.add_parser("on", help="Switch one thing on.")
        on.add_argument("name", help="Its name in the list.")
        on.add_argument("--listing", metavar="MLS", help="Only for the listing with this MLS number.")
        on.add_argument("--account", metavar="EMAIL", help="Only for this BrokerBay account.")
        on.add_argument(
            "--times", type=int, help="Only the next so many times; else until it is switched off."
        )
        on.add_argument(
            "--option", action="append", default=[], metavar="NAME=VALUE", help="As the list says."
        )
        off = actions.add_parser("off", help="Switch one thing off, or everything.")
        off.add_argument("name", nargs="?", help="Its name; without it everything goes off.")
        code = actions.add_parser("code", help="The sign-in code last sent to an account.")
        code.add_argument("account", metavar="EMAIL")
        actions.add_parser("reset", help="Forget everything: listings, accounts, sessions, showings.")
        seed = actions.add_parser(
            "seed", help="Sow the demo's listings and accounts, if they are not there yet."
        )
        seed.add_argument(
            "name", nargs="?", default="demo", help="demo, or crowded: with a long list of showings."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        control = _reach()
        try:
            for line in getattr(self, f"_{options['action']}")(control, options):
                self.stdout.write(line)
        except requests.RequestException:
            raise CommandError(
                f"No local BrokerBay answers at {settings.BROKERBAY_URL}. Start it with `make run`."
            ) from None
        except ControlRefused as refused:
            raise CommandError(str(refused)) from None
        finally:
            control.close()

    def _list(self, control: Control, _: dict[str, Any]) -> Iterable[str]:
        numbers = {one.id: one.mls_number for one in control.listings()}
        on: dict[str, list[str]] = {}
        for fault in control.faults():
            on.setdefault(fault.name, []).append(_limits(fault, numbers))
        for scenario in sorted(control.scenarios(), key=lambda one: (one["place"], one["name"])):
            now = "".join(f" [ON{limits}]" for limits in on.get(scenario["name"], []))
            yield f"{scenario['place']:<14} {scenario['name']:<26}{now} {scenario['about']}"

    def _on(self, control: Control, options: dict[str, Any]) -> Iterable[str]:
        listing = _listing_id(control, options["listing"]) if options["listing"] else None
        control.set_fault(
            options["name"],
            listing=listing,
            account=options["account"],
            times=options["times"],
            **dict(_option(text) for text in options["option"]),
        )
        yield f"{options['name']} is on. `local_brokerbay off {options['name']}` ends it."

    def _off(self, control: Control, options: dict[str, Any]) -> Iterable[str]:
        name = options["name"]
        if name and name not in {fault.name for fault in control.faults()}:
            raise CommandError(f"{name} is not on.")
        control.clear_faults(name)
        yield f"{name} is off." if name else "Everything is off: the local BrokerBay behaves."

    def _code(self, control: Control, options: dict[str, Any]) -> Iterable[str]:
        code = control.code(options["account"])
        yield code or f"No code waits for {options['account']}."

    def _reset(self, control: Control, _: dict[str, Any]) -> Iterable[str]:
        control.reset()
        yield "The local BrokerBay has forgotten everything. `local_brokerbay seed` sows the demo anew."

    def _seed(self, control: Control, options: dict[str, Any]) -> Iterable[str]:
        control.seed(options["name"])
        yield f"The local BrokerBay has {len(control.listings())} listings."


def _reach() -> Control:
    """The control of the local site that the settings name; nothing is asked of it yet."""
    if not settings.BROKERBAY_URL:
        raise CommandError("BROKERBAY_URL is not set: no local BrokerBay is known. Start it with `make run`.")
    if not local_sites.is_local(settings.BROKERBAY_URL):
        raise CommandError(
            f"{settings.BROKERBAY_URL} is not on this machine. This command steers the local stand-in alone, "
            "never the real BrokerBay."
        )
    if not settings.SIMULATOR_TOKEN:
        raise CommandError("SIMULATOR_TOKEN is missing; `make run` makes one and keeps it in DATA_DIR.")
    return Control(settings.BROKERBAY_URL, settings.SIMULATOR_TOKEN)


def _listing_id(control: Control, mls_number: str) -> str:
    found = [one.id for one in control.listings() if one.mls_number.lower() == mls_number.strip().lower()]
    if not found:
        raise CommandError(f"The local BrokerBay has no listing with the MLS number {mls_number}.")
    return found[0]


def _option(text: str) -> tuple[str, Any]:
    """One NAME=VALUE; a value that reads as a number or as true or false is one.

    >>> _option("seconds=2.5"), _option("path=/booking")
    (('seconds', 2.5), ('path', '/booking'))
    """
    name, is_given, value = text.partition("=")
    if name in {"name", "listing", "account", "times"}:
        raise CommandError(f"{name} has a place of its own: see `local_brokerbay on --help`.")
    if not name or not is_given:
        raise CommandError(f"“{text}” is not an option: write NAME=VALUE, e.g. seconds=5.")
    try:
        return name, json.loads(value, parse_constant=str)
    except ValueError:
        return name, value


def _limits(fault: Fault, numbers: dict[str, str]) -> str:
    """What a scenario that is on is limited to, each with a blank before it; "" for everything."""
    limits = [
        f"listing {numbers.get(fault.listing_id, fault.listing_id)}" if fault.listing_id else "",
        f"account {fault.account}" if fault.account else "",
        f"{fault.times} times" if fault.times is not None else "",
        *(f"{name}={value}" for name, value in fault.options.items()),
    ]
    return "".join(f" {limit}" for limit in limits if limit)
