"""Two people at one row: the second is told, and nothing of either is lost."""

from __future__ import annotations

import re

from django.test import Client as Browser
from django.urls import reverse

from bookings.models import Partner
from tests.bookings.admin.conftest import SignIn
from tests.bookings.cast import Cast


def opened(browser: Browser, address: str) -> dict[str, str]:
    """What the page would post if nothing were touched, with what each field showed."""
    page = browser.get(address)
    form = page.context["adminform"].form
    posted = {bound.name: str(bound.value() or "") for bound in form if bound.value() not in (False, None)}
    shown = re.findall(r'name="(initial-[^"]+)"(?: value="([^"]*)")?', page.content.decode())
    assert {f"initial-{name}" for name in posted} <= {name for name, _ in shown}
    return {**posted, **dict(shown)}


def test_the_second_is_told_what_stands_now_and_what_they_left_alone_stays(
    cast: Cast, sign_in: SignIn
) -> None:
    address = reverse("admin:bookings_partner_change", args=(cast.partner.pk,))
    browser = sign_in(cast.manager)
    page = opened(browser, address)
    Partner.objects.filter(pk=cast.partner.pk).update(showing_minutes=45, time_zone="America/Halifax")

    told = browser.post(address, {**page, "showing_minutes": "60"})
    assert "Somebody else changed this in the meantime, to “45”." in told.content.decode()
    cast.partner.refresh_from_db()
    assert cast.partner.showing_minutes == 45

    assert browser.post(address, {**page, "rehearsal": "always"}).status_code == 302
    cast.partner.refresh_from_db()
    assert (cast.partner.rehearsal, cast.partner.time_zone) == ("always", "America/Halifax")
