import pytest

from automation.engine.listings import (
    Likeness,
    address_in,
    likeness,
    mls_number,
    parse_address,
    same_home,
    search_text,
)

HOME = "100 Example Boulevard, #3008, Toronto, ON M5V 1A1"


@pytest.mark.parametrize(
    "spelling",
    [
        "100 Example Boulevard, #3008",
        "100 Example Boulevard #3008",
        "3008-100 Example Blvd",
        "3008 - 100 Example Blvd, Toronto",
        "#3008-100 Example Blvd.",
        "100 Example Blvd Unit 3008",
        "100 EXAMPLE BLVD, Unit 3008, Toronto",
        "100 Example Blvd, Suite 3008, Toronto, Ontario, M5V1A1, Canada",
        "Suite 3008, 100 Example Blvd, Toronto",
        "Unit 3008 - 100 Example Blvd",
        "Apt. 3008, 100 Example Boulevard",
        "100 Example Boulevard 3008, Toronto C01",
        "100 Example Boulevard #Unit 3008",
    ],
)
def test_one_unit_is_known_in_every_spelling(spelling: str) -> None:
    assert same_home(spelling, HOME)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Elm St #BSMT", "12 Elm Street Basement"),
        ("12 Elm St, BSMT", "12 Elm Street #BSMNT"),
        ("12 Elm St #UPPER", "12 Elm Street Upper"),
        ("12 Elm St #MAIN", "12 Elm Street, Main Floor"),
        ("9 Oak Ave #G612", "G612-9 Oak Avenue"),
        ("9 Oak Ave #Unit 5", "9 Oak Avenue #5"),
        ("51 MAIN Street E", "51 Main St East"),
        ("51 Main St. E.", "51 Main Street E"),
        ("8 St. Clair Ave W", "8 St Clair Avenue West"),
        ("8 Saint Clair Ave W", "8 St. Clair Avenue West"),
        ("3 Avenue Road", "3 Avenue Rd"),
        ("12A King Cres", "12a King Crescent"),
        ("7 The Esplanade", "7 the esplanade"),
        ("20 O'Brien Crt", "20 OBrien Court"),
    ],
)
def test_two_spellings_of_one_home_are_the_same(one: str, other: str) -> None:
    assert same_home(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 Main Street S #4", "51 Main Street S #4"),
        ("5 Main Street S #4", "54 Main Street S #4"),
        ("5 Main Street S #4", "5 Main Street S #45"),
        ("5 Main Street S #4", "5 Main Street N #4"),
        ("5 Main Street S", "5 Main Avenue S"),
        ("5 Main Street S #4, Milton", "5 Main Street S #4, Brampton"),
        ("100 Example Blvd #3008", "100 Example Blvd"),
        ("12 Elm St #UPPER", "12 Elm St #BSMT"),
        ("100 Example Blvd", "100 Exampleton Blvd"),
        ("Milton, ON, L0L 0L0, CA", "Milton, ON, L0L 0L0, CA"),
        ("", ""),
    ],
)
def test_neighbours_and_namesakes_are_other_homes(one: str, other: str) -> None:
    assert not same_home(one, other)


def test_a_part_that_the_order_leaves_out_makes_the_match_loose() -> None:
    shown = parse_address(HOME)
    assert likeness(parse_address("100 Example Blvd"), shown) is Likeness.LOOSE
    assert likeness(parse_address("100 Example #3008"), shown) is Likeness.LOOSE
    assert likeness(parse_address("5 Main Street"), parse_address("5 Main Street S")) is Likeness.LOOSE


def test_a_part_that_the_row_leaves_out_is_a_difference() -> None:
    assert likeness(parse_address(HOME), parse_address("100 Example Boulevard")) is Likeness.OTHER


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("PropTx: N12345678", "N12345678"),
        ("NewPropTx: N12345678100 Example Boulevard, #3008Toronto, ON$799,000", "N12345678"),
        ("BRREA: 40712345", "40712345"),
        ("TRREB: W1234567", ""),
        ("M5V 1A1", ""),
        ("n12345678", "N12345678"),
        ("$12345678", ""),
    ],
)
def test_an_mls_number_is_a_letter_and_eight_digits(text: str, number: str) -> None:
    assert mls_number(text) == number


def test_glued_text_gives_the_whole_street_number() -> None:
    assert address_in(["New•PropTx: N1234567851 Main Street E"]) == "51 Main Street E"


def test_a_price_a_day_count_or_a_date_is_no_address() -> None:
    assert address_in(["$799,000", "12 d", "30 days on market", "12 Dec 2025", "Toronto, ON"]) == ""


def test_the_search_gets_a_number_a_street_and_a_hash_unit() -> None:
    assert search_text("Unit 3008, 100 Example Blvd, Toronto") == "100 Example Boulevard #3008"
    assert search_text("12 Elm St #BSMT") == "12 Elm Street #BSMT"
