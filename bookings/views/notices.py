"""What a person wants mail of: their own page, and the link in each mail that ends its kind."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from bookings.asker import person_of
from bookings.models.choice import Lead
from bookings.services import choices, letters
from bookings.services.connections import MANAGE
from bookings.vocabulary import NoticeEvent, Role, Telling

# What each kind of news says, beside its name.
EVENT_HELP = {
    NoticeEvent.REQUESTED: gettext_lazy("BrokerBay has the request; the listing side has not answered yet."),
    NoticeEvent.CONFIRMED: gettext_lazy("The showing takes place. Comes with a file for your calendar."),
    NoticeEvent.NEEDS_YOU: gettext_lazy("A run waits for a person: a choice, a sign-in, a look."),
    NoticeEvent.FAILED: gettext_lazy("Refused, broken, or too late. Says why, and what to do next."),
    NoticeEvent.DECLINED: gettext_lazy("The listing side said no."),
    NoticeEvent.CANCELLED: gettext_lazy("The showing does not take place any more."),
    NoticeEvent.MOVED: gettext_lazy("The showing has another day or time."),
    NoticeEvent.REMINDER: gettext_lazy("Before each confirmed showing."),
    NoticeEvent.SIGN_IN: gettext_lazy("The robot was signed out: nothing is booked until it is signed in."),
}
TELLING_HELP = {
    Telling.NOTHING: gettext_lazy("It stays on the dashboard and in the lists."),
    Telling.OWN: gettext_lazy("What you asked for; for managers also what the robot did by itself."),
    Telling.ALL: gettext_lazy("Of all who work for your partner, and of the robot."),
}


class ChoiceForm(forms.Form):
    """One choice for each kind of news, and how long before a showing its reminder comes."""

    lead = forms.TypedChoiceField(
        label=gettext_lazy("The reminder comes"),
        choices=Lead.choices,
        coerce=lambda minutes: Lead(int(minutes)),
        error_messages={"invalid_choice": gettext_lazy("Choose one of the times.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for event in NoticeEvent:
            self.fields[event.value] = forms.TypedChoiceField(
                label=event.label,
                help_text=EVENT_HELP[event],
                choices=Telling.choices,
                coerce=Telling,
                error_messages={"invalid_choice": gettext_lazy("Choose one of the three.")},
            )

    @property
    def news(self) -> list[forms.BoundField]:
        return [self[event.value] for event in NoticeEvent]

    @property
    def chosen(self) -> dict[NoticeEvent, Telling]:
        return {event: self.cleaned_data[event.value] for event in NoticeEvent}


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_notices(request: HttpRequest) -> HttpResponse:
    """What one gets mail of. A POST keeps it; with `back`, what one's role tells counts again."""
    person = person_of(request)
    if request.method == "POST" and "back" in request.POST:
        choices.forget(person)
        messages.success(request, _("You get what your role usually gets."))
        return redirect("my_notices")
    choice, role = choices.choice_of(person), choices.first_role(person)
    now: dict[str, Any] = {each.value: choices.telling_of(choice, each, role).value for each in NoticeEvent}
    now["lead"] = choice.lead_minutes if choice is not None else Lead.TWO_HOURS.value
    form = ChoiceForm(request.POST if request.method == "POST" else None, initial=now)
    if form.is_valid():
        choices.choose(person, form.chosen, lead=form.cleaned_data["lead"])
        messages.success(request, _("Kept. It counts from now on."))
        return redirect("my_notices")
    context = {
        "form": form,
        "has_chosen": choice is not None,
        "is_manager": role == Role.MANAGER,
        "tellings": [(each.label, TELLING_HELP[each]) for each in Telling],
        "may_connect": person.has_perm(f"bookings.{MANAGE}"),
    }
    return render(request, "bookings/notices/mine.html", context, status=400 if form.errors else 200)


@csrf_exempt  # a mail program posts here by itself (RFC 8058); the signed token is the right
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def no_more(request: HttpRequest, token: str) -> HttpResponse:
    """What the link in a mail opens, without signing in: a GET asks, a POST ends mails of that kind."""
    named = letters.read_token(token)
    if named is None:
        raise Http404
    person, event = named
    if request.method == "POST":
        choices.turn_off(person, event)
    answer = render(
        request, "bookings/notices/no_more.html", {"event": event, "is_done": request.method == "POST"}
    )
    answer["Referrer-Policy"] = "no-referrer"
    return answer
