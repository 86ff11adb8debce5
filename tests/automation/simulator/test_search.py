from __future__ import annotations

import pytest

from automation.simulator.demo import LISTINGS, catalogue, listing_id
from automation.simulator.search import find


def addresses(text: str) -> list[str]:
    return [listing.row_address for listing in find(LISTINGS, text)]


def test_a_street_number_is_a_prefix_and_the_exact_home_comes_first() -> None:
    assert addresses("5 Weaver Street S #4") == [
        "5 Weaver Street S, #4",
        "51 Weaver Street S",
        "54 Weaver Street N",
    ]


def test_an_mls_number_finds_exactly_its_listing() -> None:
    assert [listing.mls_number for listing in find(LISTINGS, " n10000104 ")] == ["N10000104"]


def test_one_address_can_have_two_listings() -> None:
    assert {(hit.mls_number, hit.deal) for hit in find(LISTINGS, "9 Foundry Ln")} == {
        ("C10000106", "sale"),
        ("C10000107", "lease"),
    }


@pytest.mark.parametrize(
    "text", ["100 Marigold Boulevard #3008", "100 marigold blvd, #3008", "100 Marigold, Toronto"]
)
def test_spellings_that_find_the_unit(text: str) -> None:
    assert addresses(text) == ["100 Marigold Boulevard, #3008"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "#4",
        "3008-100 Marigold Boulevard",
        "100 Marigold Boulevard Unit 3008",
        "Z99999999",
        ", ON",
        "100 Marigold, Guelph",
    ],
)
def test_what_finds_nothing_finds_nothing(text: str) -> None:
    assert addresses(text) == []


def test_every_demo_listing_is_found_by_its_number_and_by_its_own_address() -> None:
    for home in catalogue():
        assert [hit.id for hit in find(LISTINGS, home["mls_number"])] == [home["listing_id"]]
        assert home["listing_id"] in {hit.id for hit in find(LISTINGS, home["address"])}
        assert home["listing_id"] == listing_id(home["mls_number"])
