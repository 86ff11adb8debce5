"""The BrokerBay account of the caller's partner: whether it is signed in, and the way to sign it in."""

from __future__ import annotations

from django.urls import reverse
from ninja import Query, Router

from bookings.api import shapes
from bookings.api.auth import PersonRequest, may
from bookings.api.openapi import answers
from bookings.api.partners import account_of
from bookings.services import handoffs
from bookings.services.errors import Rejected
from bookings.vocabulary import Health, Source

router = Router(tags=["BrokerBay account"])
NO_ACCOUNT = shapes.SessionSeen(isValid=False, lastLogin=None, userEmail=None, createdAt=None, health=None)


@router.get(
    "/session-status", auth=may("bookings.view_account"), response=answers({200: shapes.SessionStatus})
)
def session_status(request: PersonRequest, whose: Query[shapes.PartnerAsked]) -> shapes.SessionStatus:
    """Whether the partner's BrokerBay account is signed in, as last seen."""
    account = account_of(request.auth, whose.partner)
    if account is None:
        return shapes.SessionStatus(session=NO_ACCOUNT)
    return shapes.SessionStatus(
        session=shapes.SessionSeen(
            isValid=account.health == Health.SIGNED_IN and bool(account.session),
            lastLogin=account.signed_in_at,
            userEmail=account.email,
            createdAt=account.session_saved_at,
            health=account.health,
        )
    )


@router.post(
    "/manual-login",
    auth=may("bookings.sign_in_account"),
    response=answers({200: shapes.SignInStarted}),
)
def start_sign_in(request: PersonRequest, whose: Query[shapes.PartnerAsked]) -> shapes.SignInStarted:
    """Open the robot's browser, and name the page where a person signs the partner's account in.

    A repeat names the one that is open already.
    """
    account = account_of(request.auth, whose.partner)
    if account is None:
        raise Rejected("This partner has no BrokerBay account yet; add one first.", field="partner")
    run = handoffs.open_for(account, by=request.auth, source=Source.API)
    return shapes.SignInStarted(
        message=f"Sign {account.email} in on the page that “url” names.",
        url=reverse("handoff", args=[run.uuid]),
    )
