"""Scenarios that the page's own script plays."""

from __future__ import annotations

from automation.simulator.scenarios.registry import Place, page_rule

page_rule(
    "popover_eats_click",
    45,
    place=Place.WIZARD,
    about="An open duration popover swallows the first submit click.",
)
page_rule(
    "rerender_drops_selection",
    43,
    place=Place.WIZARD,
    about="The first scroll of the page drops the selection.",
)
page_rule("submit_stays_disabled", 46, place=Place.WIZARD, about="The submit button never becomes enabled.")
page_rule(
    "terms_dialog",
    47,
    place=Place.WIZARD,
    about="A dialog asks to agree to terms before the submit goes out.",
)
page_rule(
    "recaptcha_blocked",
    49,
    place=Place.WIZARD,
    about="The submit click leads to no POST, the button spins on.",
)
page_rule("live_blocked", 50, place=Place.WIZARD, about="The wizard spins for ever.")
page_rule("no_toast", 54, place=Place.WIZARD, about="No message after a booking.")
page_rule(
    "signed_out_bounces",
    6,
    place=Place.SHELL,
    about="Signed out midway, it goes to the sign-in page at once.",
)
page_rule(
    "overlay_closes",
    17,
    place=Place.SHELL,
    about="The search overlay closes by itself as results arrive, once, and leaves a blank page.",
)
page_rule(
    "product_tour", 79, place=Place.SHELL, about="A product tour lies over the page until it is closed."
)
page_rule(
    "chat_bubble",
    80,
    place=Place.SHELL,
    about="A chat bubble opens in the bottom right corner; `over` buttons: over the page's own buttons.",
)
page_rule(
    "help_menu_open", 80, place=Place.SHELL, about="The help menu is open until somebody clicks elsewhere."
)
page_rule(
    "slow_render",
    81,
    place=Place.SHELL,
    about="Everything is drawn `seconds` (2) late, on a blank page until then.",
)
page_rule(
    "contact_form",
    25,
    place=Place.WIZARD,
    about="An unverified agent must save contact details before the wizard opens.",
)
page_rule(
    "empty_first",
    61,
    place=Place.SHELL,
    about="The own list says “No showings” until its answer is here.",
)
page_rule(
    "parts_late",
    81,
    place=Place.SHELL,
    about="Until a second answer comes: “not found”, no buttons, closed days, the last search's rows.",
)
page_rule(
    "pager_first",
    60,
    place=Place.SHELL,
    about="The own list's page numbers turn at the click, its rows when their answer is here.",
)
