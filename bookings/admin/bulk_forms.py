"""What is asked before something is done to several rows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from bookings.admin.forms import MoveForm, ReasonForm
from bookings.models import Account


class RetryForm(ReasonForm):
    apart = forms.TypedChoiceField(
        label=_("One after another"),
        coerce=int,
        choices=[
            (0, _("All at once")),
            (30, _("Every half minute")),
            (60, _("Every minute")),
            (300, _("Every five minutes")),
        ],
        initial=30,
        widget=UnfoldAdminSelectWidget(),
        help_text=_("How far apart the runs begin, so that BrokerBay is not rushed."),
    )
    field_order = ("apart", "reason")


class MoveManyForm(MoveForm):
    """A new day, a new time of day, or both; each showing keeps of its own what is left empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("date", "time"):
            self.fields[name].required = False
        self.fields["date"].help_text = gettext("Empty: each keeps its own day.")
        self.fields["time"].help_text = gettext(
            "Empty: each keeps its own time. On the property's own clock."
        )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if not (said.get("date") or said.get("time") or self.errors):
            raise forms.ValidationError(gettext("Name a new day, a new time, or both."))
        return said


class PersonsForm(ReasonForm):
    """Offers what the person of `request` may choose."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(request)

    def offer(self, request: HttpRequest) -> None:
        raise NotImplementedError


class AssignForm(PersonsForm):
    account = forms.ModelChoiceField(
        label=_("BrokerBay account"),
        queryset=Account.objects.none(),
        widget=UnfoldAdminSelectWidget(),
        error_messages={
            "required": _("Choose the account."),
            "invalid_choice": _("That account is not yours to choose. Take one from the list."),
        },
    )
    field_order = ("account", "reason")

    def offer(self, request: HttpRequest) -> None:
        choice = self.fields["account"]
        assert isinstance(choice, forms.ModelChoiceField)
        offered = Account.objects.visible_to(request.user, may="book_run").filter(is_active=True)
        choice.queryset = offered.defer("session").order_by("partner__name", "email")
