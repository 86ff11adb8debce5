"""What the admin's own pages ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from bookings.models import Partner
from bookings.models.partner import ShowingMinutes
from bookings.vocabulary import BookingStatus, KeyScope


class SureForm(forms.Form):
    """Nothing to fill in: the button is the answer."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text=_("Kept in the history for your colleagues."),
    )


class StatusForm(ReasonForm):
    """`version` is the booking as the person saw it: a change by somebody else in between is noticed."""

    status = forms.ChoiceField(
        label=_("New status"),
        # Nothing chosen at first: whoever is in a hurry must not confirm a whole page.
        choices=[
            ("", _("Choose one")),
            *((one.value, one.label) for one in BookingStatus if one != BookingStatus.UNVERIFIED),
        ],
        widget=UnfoldAdminSelectWidget(),
        error_messages={"required": _("Choose the new status.")},
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput())
    field_order = ("status", "reason", "version")


class RehearsalForm(forms.Form):
    dry_run = forms.BooleanField(
        label=_("Rehearse only, send nothing"),
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text=_(
            "The robot fills everything in, keeps the picture of it and stops before the last click."
        ),
    )


class CancelForm(RehearsalForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("What the listing side is told. Without one, that the client is no longer interested."),
    )
    field_order = ("reason", "dry_run")


class MoveForm(RehearsalForm, ReasonForm):
    date = forms.DateField(
        label=_("New day"),
        widget=UnfoldAdminTextInputWidget({"type": "date"}),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("There is no such day. Write it as 2026-07-31.")},
    )
    time = forms.TimeField(
        label=_("New start time"),
        widget=UnfoldAdminTextInputWidget({"type": "time", "step": "900"}),
        input_formats=["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p"],
        error_messages={"invalid": _("That is no time of day. Write it as 14:30 or 2:30 PM.")},
        help_text=_("On the property's own clock, every quarter of an hour."),
    )
    duration = forms.TypedChoiceField(
        label=_("How long"),
        choices=[("", _("As long as it is")), *ShowingMinutes.choices],
        coerce=int,
        empty_value=None,
        required=False,
        widget=UnfoldAdminSelectWidget(),
        error_messages={"invalid_choice": _("Choose 15, 30, 45 or 60 minutes.")},
    )
    field_order = ("date", "time", "duration", "reason", "dry_run")


class CheckForm(forms.Form):
    """`partners` are those that the person may book for; a lone one is chosen already."""

    partner = forms.ModelChoiceField(
        label=_("For"),
        queryset=Partner.objects.none(),
        widget=UnfoldAdminSelectWidget(),
        error_messages={
            "required": _("Choose the partner to look for."),
            "invalid_choice": _("You do not book for that partner. Choose one from the list."),
        },
    )
    date = forms.DateField(
        label=_("Day"),
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "date"}),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("There is no such day. Write it as 2026-07-31.")},
        help_text=_("With a day, its open times are told too."),
    )

    def __init__(self, *args: Any, partners: QuerySet[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["partner"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = partners
        choice.initial = partners.first() if partners.count() == 1 else None


class SessionForm(forms.Form):
    state = forms.FileField(
        label=_("Session file"),
        widget=UnfoldAdminFileFieldWidget(),
        max_length=300,
        help_text=_(
            "The JSON file that Playwright's storage_state() or “playwright open --save-storage” wrote in a "
            "browser that is signed in to BrokerBay. It is stored encrypted and never shown again."
        ),
    )


class KeyForm(forms.Form):
    user = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), widget=UnfoldAdminSelectWidget()
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("What it is for, like “dashboard in the office”."),
    )
    scope = forms.ChoiceField(
        label=_("May"), choices=KeyScope.choices, initial=KeyScope.READ, widget=UnfoldAdminSelectWidget()
    )
    partner = forms.ModelChoiceField(
        label=_("Partner"),
        queryset=Partner.objects.none(),
        required=False,
        empty_label=_("Every partner of the person"),
        widget=UnfoldAdminSelectWidget(),
    )

    def __init__(
        self, *args: Any, people: QuerySet[User], partners: QuerySet[Partner], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("user", people), ("partner", partners)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = choices
