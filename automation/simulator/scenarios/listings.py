"""Scenarios that bend a listing's rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from automation.simulator.scenarios.registry import listing_rule

listing_rule(
    "showings_off", 22, about="No booking button.", change=lambda one, _: replace(one, showings_on=False)
)
listing_rule(
    "approval_forced",
    24,
    about="The listing is inactive: even an auto-confirm one asks for approval.",
    change=lambda one, _: replace(one, auto_confirm=False, is_active=False),
)
listing_rule(
    "no_more_showings",
    23,
    about="The listing is sold: No More Showings instead of the booking button.",
    change=lambda one, _: replace(one, is_sold=True),
)
listing_rule(
    "min_notice",
    36,
    about="The first `hours` (3) from now cannot be booked.",
    change=lambda one, options: replace(one, notice_hours=int(options.get("hours", 3))),
)
listing_rule(
    "max_duration",
    32,
    about="The longest showing takes `minutes` (15).",
    change=lambda one, options: replace(one, max_minutes=int(options.get("minutes", 15))),
)
listing_rule(
    "overlap_forbidden",
    40,
    about="Taken slots are salmon.",
    change=lambda one, _: replace(one, overlaps_allowed=False),
)
listing_rule("no_slots", 38, about="No slot on any day.", change=lambda one, _: replace(one, days_ahead=-1))
listing_rule(
    "hours_taken",
    39,
    73,
    about="Every day is taken from `at` (17:00) on for `minutes` (30), its neighbours are free.",
    change=lambda one, options: replace(
        one,
        taken_from=time.fromisoformat(str(options.get("at", "17:00"))),
        taken_minutes=int(options.get("minutes", 30)),
    ),
)
