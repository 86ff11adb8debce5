from __future__ import annotations

import pytest

from automation.engine.listings import parse_address
from ingest.addresses import as_shown, names_street, read_address


@pytest.mark.parametrize(
    "text",
    [
        "12 King St W, Toronto, ON, M5H 1A1",
        "12 King St",
        "Unit 4 - 99 Lake Shore Blvd, Toronto",
        "4567 Concession Rd 3, Uxbridge, ON",
        "Lot 7 Sideroad 20, Dufferin, ON",
        "25 rue Saint-Jean, Québec, QC, G1R 1N8",
        "12 King St, ON",
        "Main Street, Erin, ON",
        "Bay St N, Hamilton, ON, Canada",
    ],
)
def test_an_address_with_a_street_is_known_as_such(text: str) -> None:
    assert names_street(text)


@pytest.mark.parametrize(
    "text",
    [
        "Town, ON, L0L 0L0, CA",
        "Orangeville, Dufferin, ON L9W 1A1",
        "St. Thomas, Elgin, ON",
        "100 Mile House, BC, V0K 2E0",
        "Prince Edward County, ON",
        "Québec, QC",
        "ON, CA",
        "L0L 0L0",
        ", ,",
        "",
    ],
)
def test_a_town_is_no_street(text: str) -> None:
    assert not names_street(text)


def test_an_unparsed_address_is_used_before_parts() -> None:
    address = read_address({"unparsedAddress": "12 King St W, Toronto", "street": "99 Other Rd"})
    assert address is not None
    assert address.text == "12 King St W, Toronto"


def test_parts_mend_an_unparsed_address_without_a_street() -> None:
    told = {"unparsedAddress": "Toronto, ON", "street": "12 King St", "city": "Toronto", "state": "ON"}
    address = read_address(told)
    assert address is not None
    assert (address.text, address.has_street) == ("12 King St, Toronto, ON", True)


@pytest.mark.parametrize(
    "text",
    [
        "3008-100 Example Blvd, Toronto, ON, M5V 1A1, CA",
        "#3008 - 100 Example Boulevard, Toronto",
        "Unit 3008, 100 Example Blvd, Toronto",
        "100 Example Blvd Unit 3008, Toronto",
        "100 Example Blvd, Suite 3008, Toronto, ON",
        "100 Example Blvd, #BSMT, Toronto, ON",
        "PH2-100 Example Blvd, Toronto",
        "51 MAIN Street E, Erin, ON",
        "4567 Concession Rd 3, Uxbridge, ON",
        "Lot 7 Sideroad 20, Dufferin, ON",
        "25 rue Saint-Jean, Québec, QC, G1R 1N8",
        "123 Apt St, Toronto, ON",
        "7 Ste Anne Dr, Toronto, ON",
        "#" * 300,
        "Unit " * 60,
    ],
)
def test_what_is_spelt_as_brokerbay_shows_it_names_the_same_home(text: str) -> None:
    shown = as_shown(text)
    assert parse_address(shown) == parse_address(text)
    assert as_shown(shown) == shown


def test_number_and_name_make_a_street_and_the_unit_goes_behind() -> None:
    address = read_address({"streetNumber": 12, "streetName": "King St", "unit": "4B", "city": "Toronto"})
    assert address is not None
    assert address.text == "12 King St, #4B, Toronto"


def test_parts_without_a_street_say_where_but_name_no_street() -> None:
    address = read_address({"street": None, "city": "Town", "state": "ON", "postalCode": "L0L 0L0"})
    assert address is not None
    assert (address.text, address.has_street) == ("Town, ON, L0L 0L0", False)


@pytest.mark.parametrize(
    "value", [None, "", "  ", "\x00\x01", 7, 7.5, True, [], ["12 King St"], {}, {"street": {}}]
)
def test_what_is_no_address_is_none(value: object) -> None:
    assert read_address(value) is None


def test_an_address_is_one_printable_line_of_bounded_length() -> None:
    address = read_address("12 King\x00 St\r\nToronto\u202e" + "x" * 100_000)
    assert address is not None
    assert address.text.isprintable()
    assert len(address.text) <= 300
