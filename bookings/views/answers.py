"""A person's answer to a waiting run: its buttons, a second question where it matters, the deed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from bookings.asker import person_of
from bookings.models import BookingRun
from bookings.queries import runs as run_queries
from bookings.queries.handoffs import may_sign_in
from bookings.services import runs
from bookings.services.errors import Rejected
from bookings.services.runs import Offer
from bookings.told import tell
from bookings.vocabulary import Answer, RunKind, RunState

# What cannot be taken back is asked once more, with what it means.
ASKED_TWICE = {
    Answer.IT_IS_THERE: _(
        "The run ends as done, on your word. The account's own list is compared soon after."
    ),
    Answer.IT_IS_NOT_THERE: _(
        "The robot sends it once more. If it did arrive the first time, it would be there twice: look at "
        "BrokerBay's own list before you say so."
    ),
    Answer.GIVE_UP: _("This run ends for good. What BrokerBay already has stays on BrokerBay."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeButton:
    offer: Offer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingButton:
    offer: Offer
    candidate: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """A run's offers, as the page groups them. `sign_in` is None where the person may not sign it in."""

    times: tuple[TimeButton, ...] = ()
    listings: tuple[ListingButton, ...] = ()
    sign_in: Offer | None = None
    needs_manager: bool = False
    others: tuple[Offer, ...] = ()
    is_in_doubt: bool = False

    @property
    def has_give_up(self) -> bool:
        return any(offer.answer == Answer.GIVE_UP for offer in self.others)


def buttons_for(run: BookingRun, user: User) -> Buttons:
    """The buttons of a run for a person who may book."""
    offers = runs.offers(run)
    by_answer: dict[Answer, list[Offer]] = {}
    for offer in offers:
        by_answer.setdefault(offer.answer, []).append(offer)
    sign_in = next(iter(by_answer.pop(Answer.SIGN_IN, [])), None)
    is_theirs = sign_in is not None and may_sign_in(user, run.account)
    times = by_answer.pop(Answer.PICK_TIME, [])
    listings = by_answer.pop(Answer.PICK_LISTING, [])
    return Buttons(
        times=tuple(TimeButton(offer=offer, at=datetime.fromisoformat(offer.value)) for offer in times),
        listings=tuple(
            ListingButton(offer=offer, candidate=run.candidates[int(offer.value)]) for offer in listings
        ),
        sign_in=sign_in if is_theirs else None,
        needs_manager=sign_in is not None and not is_theirs,
        others=tuple(offer for group in by_answer.values() for offer in group),
        is_in_doubt=Answer.IT_IS_THERE in by_answer,
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer_run(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Carry out an answer (POST), or ask once more whether it is meant (GET)."""
    user = person_of(request)
    run = run_queries.visible_run(user, uuid)
    if run is None:
        raise Http404
    said = request.POST if request.method == "POST" else request.GET
    offer = _offered(run, said.get("answer", ""), said.get("value", ""))
    signs_in = offer is not None and offer.answer == Answer.SIGN_IN
    if not (may_sign_in(user, run.account) if signs_in else run_queries.may_book(user, run)):
        raise PermissionDenied
    if offer is None:
        messages.error(request, gettext("This run does not ask that any more; somebody may have answered."))
        return redirect("run", uuid=uuid)
    if request.method != "POST":
        meaning = ASKED_TWICE.get(offer.answer) or tell(offer.detail)
        context = {"run": run, "offer": offer, "meaning": meaning, "title": tell(offer.label)}
        return render(request, "bookings/runs/sure.html", context)
    return _carry_out(request, run, offer, user)


def _offered(run: BookingRun, answer: str, value: str) -> Offer | None:
    fits = (offer for offer in runs.offers(run) if (offer.answer, offer.value) == (answer, value))
    return next(fits, None)


def _carry_out(request: HttpRequest, run: BookingRun, offer: Offer, user: User) -> HttpResponse:
    try:
        answered = runs.answer(run, offer.answer, by=user, value=offer.value)
    except Rejected as no:
        messages.error(request, no.message)
        return redirect("run", uuid=run.uuid)
    return redirect(_address_after(answered))


def _address_after(run: BookingRun) -> str:
    """A sign-in goes on in the robot's browser; anything else, on the run's page."""
    return reverse("handoff" if run.kind == RunKind.SIGN_IN else "run", args=[run.uuid])


def page_words(run: BookingRun, user: User, *, may_book: bool) -> dict[str, Any]:
    """What the run's page shows of its answers. A viewer sees what waits, without buttons."""
    buttons = buttons_for(run, user) if may_book else Buttons()
    is_handoff = run.kind == RunKind.SIGN_IN and run.is_open
    return {
        "buttons": buttons,
        "may_hand_off": is_handoff and may_sign_in(user, run.account),
        "asked_twice": ASKED_TWICE,
        "may_stop": may_book and _may_stop(run) and not buttons.has_give_up,
    }


def _may_stop(run: BookingRun) -> bool:
    held_back = run.submitting_at is None and run.stop_asked_at is None
    return run.state in (RunState.QUEUED, RunState.RUNNING) and held_back and run.kind != RunKind.SIGN_IN
