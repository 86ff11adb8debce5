"""A session file that a person uploads: kept when a browser can use it at BrokerBay, else refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bookings.services import accounts
from bookings.services.errors import Rejected
from bookings.vocabulary import Health
from tests.bookings.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    settings.BROKERBAY_URL = "https://edge.brokerbay.example"


def session(**fields: Any) -> bytes:
    cookie = {"name": "sid", "value": "x", "domain": ".brokerbay.example", "path": "/", **fields}
    return json.dumps({"cookies": [cookie], "origins": []}).encode()


@pytest.mark.parametrize("domain", [".brokerbay.example", "edge.brokerbay.example", "auth.BrokerBay.example"])
def test_a_session_of_brokerbay_is_kept(cast: Cast, domain: str) -> None:
    accounts.sign_in_with_state(
        cast.account, session(domain=domain, expires=-1, sameSite="Lax"), by=cast.admin
    )
    cast.account.refresh_from_db()
    assert cast.account.health == Health.SIGNED_IN
    assert "sid" not in cast.account.session


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (session(expires=float("nan")), "no JSON"),
        (session(expires="soon"), "no browser session"),
        (session(sameSite="Whatever"), "no browser session"),
        (session(path=7), "no browser session"),
        (session(domain="elsewhere.example.com"), "nothing of edge.brokerbay.example"),
        (b'{"cookies": [], "origins": [{"origin": "http://["}]}', "nothing of edge.brokerbay.example"),
        (b"[" * 200_000, "no JSON"),
        (b"\x00\xff", "no JSON"),
        (b"{}", "no browser session"),
        (b" " * 1_000_001, "too large"),
    ],
    ids=["nan", "word", "same-site", "path", "elsewhere", "odd-origin", "deep", "bytes", "bare", "huge"],
)
def test_a_file_that_no_browser_could_use_is_refused_in_words(cast: Cast, state: bytes, says: str) -> None:
    before = cast.account.session
    with pytest.raises(Rejected, match=says) as refusal:
        accounts.sign_in_with_state(cast.account, state, by=cast.admin)
    assert refusal.value.field == "state"
    cast.account.refresh_from_db()
    assert cast.account.session == before
