"""Scenarios of the sign-in; signin.py asks for each where it matters."""

from __future__ import annotations

from automation.simulator.scenarios.registry import Place, page_rule

page_rule(
    "old_password_page",
    8,
    place=Place.SIGN_IN,
    about="The old page: after the e-mail a password, no single sign-on.",
)
page_rule(
    "captcha",
    4,
    place=Place.SIGN_IN,
    about="The single sign-on asks for a puzzle to be solved, with the PIN.",
)
page_rule(
    "device_forgotten",
    2,
    place=Place.SIGN_IN,
    about="A remembered device is asked for a code all the same.",
)
page_rule("code_late", 3, place=Place.SIGN_IN, about="The code arrives `seconds` (20) after it was sent.")
page_rule(
    "code_expires",
    3,
    place=Place.SIGN_IN,
    about="The code is good for `seconds` (0) only, instead of 5 minutes.",
)
page_rule(
    "code_refused",
    3,
    place=Place.SIGN_IN,
    about="The right code is refused, and the page sends a new one by itself.",
)
