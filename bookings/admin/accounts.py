from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from unfold.contrib.filters.admin import MultipleChoicesDropdownFilter
from unfold.decorators import action, display

from bookings.admin import badges
from bookings.admin.base import PartnerScopedAdmin, queued_words
from bookings.admin.forms import SessionForm, SureForm
from bookings.filters import VisibleRelatedFilter, YesNoFilter
from bookings.models import Account, BookingRun
from bookings.services import accounts, edits, runs
from bookings.vocabulary import Source


@admin.register(Account)
class AccountAdmin(PartnerScopedAdmin):
    """BrokerBay logins. The stored session is never shown: it can only be replaced."""

    list_display = ("email", "partner", "holder_name", "condition", "is_active", "signed_in_at", "checked_at")
    list_select_related = ("partner",)
    list_filter = (
        ("health", MultipleChoicesDropdownFilter),
        ("is_active", YesNoFilter),
        ("partner", VisibleRelatedFilter),
    )
    tab_field = "health"
    search_fields = ("email", "holder_name", "organization")
    search_help_text = gettext_lazy("E-mail, name or organization")
    sortable_by = ("email", "partner", "condition")
    actions = ("compare_picked",)
    actions_detail = ("sign_in", "compare", "upload_session")
    fieldsets = (
        (None, {"fields": ("partner", "email", ("holder_name", "organization"), "is_active")}),
        (
            gettext_lazy("Session"),
            {"fields": ("condition", ("signed_in_at", "session_saved_at"), ("checked_at", "created_at"))},
        ),
    )
    readonly_fields = ("condition", "signed_in_at", "session_saved_at", "checked_at", "created_at")

    @display(description=gettext_lazy("session"), ordering="health")
    def condition(self, account: Account) -> str:
        return badges.health_light(account)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """An account stays with its partner: bookings and runs hang on both."""
        return self.readonly_fields if obj is None else ("partner", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Account, form: forms.ModelForm, change: bool) -> None:
        edits.save(obj, form.changed_data, by=request.user)

    def has_sign_in_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("bookings.sign_in_account")

    def has_book_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("bookings.book_run")

    @action(description=gettext_lazy("Sign in"), permissions=["sign_in"], url_path="sign-in", icon="login")
    def sign_in(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that says what signing in means and opens the robot's browser."""
        return redirect("sign_in_account", pk=self.row_or_404(request, object_id).pk)

    @action(
        description=gettext_lazy("Compare with BrokerBay now"),
        permissions=["book"],
        url_path="compare",
        icon="compare_arrows",
    )
    def compare(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request,
            object_id,
            form_class=SureForm,
            title=_("Compare this account with BrokerBay"),
            says=_(
                "The robot reads the account's own list of showings whole. What changed there is taken over; "
                "what is missing there is told to you. Nothing is changed on BrokerBay."
            ),
            button=_("Compare now"),
            do=lambda account, form: queued_words(self._compare(request, account)),
        )

    def _compare(self, request: HttpRequest, account: Account) -> BookingRun:
        return runs.queue_reconcile(account, source=Source.PERSON, by=request.user)

    @action(description=gettext_lazy("Compare with BrokerBay now"), permissions=["book"])
    def compare_picked(self, request: HttpRequest, queryset: Any) -> None:
        self.each(
            request,
            queryset,
            lambda account: self._compare(request, account),
            done=ngettext_lazy(
                "%(count)d account is being compared.", "%(count)d accounts are being compared.", "count"
            ),
        )

    @action(
        description=gettext_lazy("Upload a session"),
        permissions=["sign_in"],
        url_path="upload-session",
        icon="upload_file",
    )
    def upload_session(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(account: Account, form: forms.Form) -> str:
            state = form.cleaned_data["state"].read(accounts.LARGEST_STATE + 1)
            resumed = accounts.sign_in_with_state(account, state, by=request.user, source=Source.PERSON)
            return _("%(account)s is signed in. Waiting runs that go on: %(count)d.") % {
                "account": account,
                "count": resumed,
            }

        return self.ask(
            request,
            object_id,
            form_class=SessionForm,
            title=_("Upload a BrokerBay session"),
            says=_("The robot books with the session of a person who signed in to BrokerBay in a browser."),
            button=_("Store the session"),
            do=do,
        )
