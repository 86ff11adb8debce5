"""The portal read in French: no English is left on a page, and nothing grows out of its screen."""

from __future__ import annotations

import re

import pytest

from tests.bookings.live.everyone.conftest import PHONE, WIDE, Open
from tests.bookings.live.everyone.pages import ADMIN_PAGES, OWN_PAGES, Page

# Words that no French sentence has. What people typed, names and addresses have none of them.
ENGLISH = re.compile(
    r"\b(?:the|and|are|was|were|you|your|with|from|this|that|its|not|of|to|by|for|has|have|will|be|been|when"
    r"|which|who|there|showings?|bookings?|requests?|runs?|listing|nothing|ago)\b",
    re.IGNORECASE,
)
# Words of programs, which are the same in every language.
AS_IT_IS = re.compile(
    r"playwright open --save-storage|Save Profile|Book Showing|[\w.]*@[\w.]*|\b[\w.]+\.[\w.]+\b|\w+_\w+"
)
# What the rows of the world hold, as somebody wrote it or as it was mailed.
HELD = re.compile(
    r"Maple requests|Looked at the listing|It cannot be reached\.|request-\d+|^booking$"
    r"|.* invites you to Showings| to Maple|^(?:Notices|Calendar) of \w+$"
)
# Its descriptions of operations are the API's own, in the language of programs.
ENGLISH_PAGES = ("the API",)
READ = """() => {
    const page = document.body.cloneNode(true);
    page.querySelectorAll("script, style, template, code, pre, option, .material-symbols-outlined, [lang=en]")
        .forEach(each => each.remove());
    const said = [...page.querySelectorAll("[aria-label], [title], [placeholder], [alt]")].flatMap(each =>
        ["aria-label", "title", "placeholder", "alt"].map(name => each.getAttribute(name)).filter(Boolean));
    return [...page.textContent.split("\\n"), ...said, document.title].map(line => line.trim())
        .filter(Boolean);
}"""


@pytest.mark.parametrize("page", [*OWN_PAGES, *ADMIN_PAGES], ids=lambda page: str(page.name))
def test_no_english_is_left_and_nothing_grows_out_of_a_phone(opened: Open, page: Page) -> None:
    tab = opened(page, language="fr-CA")
    assert tab.evaluate("document.documentElement.lang") == "fr"
    if page.name not in ENGLISH_PAGES:
        lines: list[str] = tab.evaluate(READ)
        assert [line for line in lines if ENGLISH.search(HELD.sub("", AS_IT_IS.sub("", line)))] == []
    assert page.is_admin or tab.evaluate("document.documentElement.scrollWidth") <= WIDE["width"]
    tab.set_viewport_size(PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
