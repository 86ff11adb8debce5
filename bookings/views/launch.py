"""Starting a booking: the form, and the clients' requests that fill it."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.validators import MinLengthValidator, ProhibitNullCharactersValidator, RegexValidator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from bookings.asker import person_of
from bookings.models import Account, BookingRun, Partner, ShowingRequest
from bookings.models.partner import ShowingMinutes
from bookings.queries import launch as launch_queries
from bookings.queries import runs as run_queries
from bookings.services import runs
from bookings.services.errors import AlreadyThere, Rejected
from bookings.vocabulary import OPEN_RUN_STATES, SICK, RunState, Source

FROM_ADDRESS = (
    "partner",
    "property",
    "date",
    "time",
    "duration",
    "auto_confirm_only",
    "listing_id",
    "request",
    "instead",
)


class LaunchForm(forms.Form):
    """What a person wants booked. Each field complains in a sentence that says what to do."""

    partner = forms.ModelChoiceField(
        Partner.objects.none(),
        label=_("For"),
        empty_label=_("Choose a partner"),
        error_messages={
            "required": _("Choose the partner to book for."),
            "invalid_choice": _("You do not work for that partner. Choose one from the list."),
        },
    )
    property = forms.CharField(
        label=_("Property"),
        max_length=300,
        help_text=_("Street address or MLS number, like N12345678."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        validators=[
            MinLengthValidator(5, _("Write at least five letters of the address, or the MLS number.")),
            RegexValidator(r"^[^\x00-\x1f\x7f-\x9f]*$", _("It holds characters that cannot be used here.")),
        ],
        error_messages={
            "required": _("Say which property: its address or its MLS number."),
            "max_length": _("That is too long for an address; 300 characters are enough."),
        },
    )
    date = forms.DateField(
        label=_("Date"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d"],
        error_messages={
            "required": _("Name the day of the showing."),
            "invalid": _("There is no such day. Write it as 2026-07-31."),
        },
    )
    time = forms.TimeField(
        label=_("Start time"),
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "step": 900}),
        input_formats=["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p"],
        error_messages={
            "required": _("Name the time of the showing."),
            "invalid": _("That is no time of day. Write it as 14:30 or 2:30 PM."),
        },
    )
    duration = forms.TypedChoiceField(
        label=_("How long"),
        choices=ShowingMinutes.choices,
        widget=forms.RadioSelect,
        coerce=int,
        error_messages={
            "required": _("Say how long the showing is to last."),
            "invalid_choice": _("Choose 15, 30, 45 or 60 minutes."),
        },
    )
    auto_confirm_only = forms.BooleanField(label=_("Only if it confirms at once"), required=False)
    dry_run = forms.BooleanField(label=_("Rehearse only, send nothing"), required=False)
    listing_id = forms.RegexField(r"^[0-9a-f]{24}$", required=False, widget=forms.HiddenInput)
    request = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.HiddenInput,
        validators=[ProhibitNullCharactersValidator()],
    )
    instead = forms.UUIDField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, partners: list[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if len(partners) == 1:
            self.booked_for = partners[0]
            del self.fields["partner"]
        else:
            choice = self.fields["partner"]
            assert isinstance(choice, forms.ModelChoiceField)
            choice.queryset = _bookable(user)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "partner" not in self.fields and self.data.get("partner", "") not in ("", str(self.booked_for.pk)):
            # A form that was open since there were several, or an id that somebody made up.
            raise forms.ValidationError(_("Your role does not allow this. An administrator can change it."))
        if isinstance(chosen := cleaned.get("partner"), Partner):
            self.booked_for = chosen
        return cleaned

    def wish(self) -> runs.Wish:
        said = self.cleaned_data
        return replace(
            launch_queries.place_named(self.user, said["property"]),
            listing_id=said["listing_id"],
            date=said["date"],
            time=said["time"],
            duration_minutes=said["duration"],
            auto_confirm_only=said["auto_confirm_only"],
        )

    def replaced(self) -> BookingRun | None:
        """The run that this booking is to take the place of, when a person picked another listing or time.

        A rehearsal takes nothing's place.
        """
        uuid = None if self.cleaned_data["dry_run"] else self.cleaned_data["instead"]
        run = run_queries.visible_run(self.user, uuid) if uuid else None
        return run if run is not None and run.partner_id == self.booked_for.pk else None

    def client_request(self, wish: runs.Wish, replaced: BookingRun | None) -> ShowingRequest | None:
        """The client's request that this booking answers: the replaced run's, or one for this property.

        A rehearsal answers none.
        """
        if self.cleaned_data["dry_run"]:
            return None
        if replaced is not None and replaced.request_id is not None:
            return replaced.request
        request_id = self.cleaned_data["request"]
        return launch_queries.request_for(self.user, request_id, self.booked_for, wish.property_text)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def auto_book(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    may_book = user.has_perm("bookings.book_run")
    partners = list(_bookable(user))
    if request.method != "POST":
        form = LaunchForm(initial=_initial(request, user, partners), user=user, partners=partners)
        return _page(request, form, partners, may_book)
    if not may_book:
        raise PermissionDenied
    form = LaunchForm(request.POST, user=user, partners=partners)
    run, clash = _launch(form) if form.is_valid() else (None, None)
    if run is None:
        return _page(request, form, partners, may_book, clash=clash, status=400)
    return redirect("run", uuid=run.uuid)


def _bookable(user: User) -> QuerySet[Partner]:
    """The partners that the person's role lets them book for."""
    return Partner.objects.visible_to(user, may="book_run").filter(is_active=True)


def _launch(form: LaunchForm) -> tuple[BookingRun | None, BookingRun | None]:
    """The new run, or None and, for a double, the run that is under way; the form then says why."""
    wish = form.wish()
    try:
        return _queue(form, wish), None
    except AlreadyThere as double:
        form.add_error("property", double.message)
        return None, _under_way(form, wish)
    except Rejected as no:
        form.add_error(no.field if no.field in form.fields else None, no.message)
        return None, None


def _queue(form: LaunchForm, wish: runs.Wish) -> BookingRun:
    """Queue the wish, and end the waiting run in whose place it comes: both or neither."""
    replaced, dry_run = form.replaced(), form.cleaned_data["dry_run"]
    with transaction.atomic():
        if replaced is not None and replaced.state == RunState.PARKED:
            runs.stop(replaced, by=form.user, reason="Another booking takes its place")
        return runs.queue(
            wish,
            partner=form.booked_for,
            source=Source.PERSON,
            by=form.user,
            request=form.client_request(wish, replaced),
            idempotency_key=_key(form.cleaned_data["key"], wish, dry_run),
            dry_run=dry_run,
        )


def _key(key: uuid.UUID | None, wish: runs.Wish, dry_run: bool) -> str:
    """A double click is the same form with the same wish; going back and changing the wish is a new one."""
    if key is None:
        return ""
    digest = hashlib.sha256(repr((wish, dry_run)).encode()).hexdigest()[:16]
    return f"form:{key}:{digest}"


def _under_way(form: LaunchForm, wish: runs.Wish) -> BookingRun | None:
    runs_here = BookingRun.objects.visible_to(form.user).filter(
        partner=form.booked_for, property_text=wish.property_text, state__in=OPEN_RUN_STATES
    )
    run: BookingRun | None = runs_here.first()
    return run


def _initial(request: HttpRequest, user: User, partners: list[Partner]) -> dict[str, Any]:
    """What the address says, or the client's request that it names, or nothing but a usual length."""
    said = {name: request.GET[name][:300] for name in FROM_ADDRESS if request.GET.get(name)}
    picked = launch_queries.wanted_request(user, said.get("request", ""))
    if picked is not None:
        said = launch_queries.as_form(picked) | said
    usual = partners[0].showing_minutes if len(partners) == 1 else ShowingMinutes.HALF
    return {"duration": usual, **said, "key": uuid.uuid4()}


def _page(
    request: HttpRequest,
    form: LaunchForm,
    partners: list[Partner],
    may_book: bool,
    *,
    clash: BookingRun | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    form.fields["date"].widget.attrs["min"] = _earliest_today(now, partners)
    accounts = Account.objects.filter(partner__in=partners, is_active=True)
    sick = list(accounts.filter(health__in=SICK).order_by("email").values_list("email", flat=True))
    is_alone = len(partners) == 1
    context = {
        "form": form,
        "partners": partners,
        "may_book": may_book,
        "clash": clash,
        "wanted": launch_queries.wanted_requests(form.user, now),
        "most_wanted": launch_queries.LISTED,
        "all_wanted": reverse("admin:bookings_showingrequest_changelist") if form.user.is_staff else "",
        # Of several partners, just how many: which of them is booked for is not chosen yet.
        "needs_sign_in": sick if is_alone else [],
        "need_sign_in": 0 if is_alone else len(sick),
        "has_account": bool(sick) or accounts.exists(),
        "lone_partner": partners[0] if is_alone else None,
    }
    return render(request, "bookings/launch/page.html", context, status=status)


def _earliest_today(now: datetime, partners: list[Partner]) -> str:
    days = [now.astimezone(ZoneInfo(partner.time_zone)).date() for partner in partners]
    return min(days, default=now.date()).isoformat()
