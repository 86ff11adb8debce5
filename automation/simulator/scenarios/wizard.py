"""Scenarios of the wizard's own script and of the site's look in a new version."""

from __future__ import annotations

from automation.simulator.scenarios.registry import Place, page_rule

page_rule(
    "slot_taken_while_chosen",
    42,
    place=Place.WIZARD,
    about="Somebody else takes the slot right after it was chosen, and the page drops the selection.",
)
page_rule("double_post", 55, place=Place.WIZARD, about="The page sends each submit twice.")
page_rule(
    "short_toast", 54, place=Place.WIZARD, about="The message after a booking stays `seconds` (0.2) only."
)
page_rule(
    "labels_renamed",
    58,
    place=Place.SHELL,
    about="Buttons are spelt a little differently: Auto-Confirm, Book showing, Change time.",
)
page_rule(
    "classes_renamed",
    58,
    place=Place.SHELL,
    about="The classes of calendar, slots, popover and list have other names; words and roles are as ever.",
)
page_rule("portal_changed", 58, place=Place.SHELL, about="Neither words nor classes are what they were.")
