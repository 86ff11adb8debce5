from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from unfold.contrib.filters.admin import FieldTextFilter, MultipleChoicesDropdownFilter
from unfold.decorators import action, display

from bookings.admin import badges
from bookings.admin.base import ReadOnlyAdmin, ReadOnlyInline, door_cell, door_time, told_field
from bookings.admin.bulk import Bulk, BulkAdmin, Turn
from bookings.admin.bulk_forms import AssignForm, RetryForm
from bookings.admin.exporting import ExportAdmin
from bookings.admin.forms import ReasonForm, SureForm
from bookings.admin.saved import SavedViewsAdmin
from bookings.filters import (
    DayRangeFilter,
    ReasonFilter,
    StateFilter,
    UrgencyFilter,
    VisibleRelatedFilter,
    WaitsFilter,
)
from bookings.models import Attempt, BookingRun, Evidence, RunEvent
from bookings.queries.evidence import evidence_for
from bookings.queries.runs import may_book
from bookings.services import runs
from bookings.templatetags import showing
from bookings.vocabulary import RUN_MOVES, Answer, RunState

CAN_TRY_AGAIN = (RunState.PARKED, RunState.REFUSED, RunState.FAILED)


def _answering(answer: Answer) -> Callable[[Turn], object]:
    return lambda turn: runs.answer(turn.row, answer, by=turn.by, reason=turn.said["reason"])


def _try_again(turn: Turn) -> None:
    wait = timedelta(seconds=turn.said["apart"] * turn.done_before)
    runs.try_again(
        turn.row,
        by=turn.by,
        reason=turn.said["reason"],
        not_before=timezone.now() + wait if wait else None,
    )


SEND = Bulk(
    name="bookings_bookingrun_send_many",
    permission="book",
    form_class=ReasonForm,
    says=gettext_lazy(
        "The robot fills each form anew and sends it, if everything is still as in its picture. Look at the "
        "pictures first: what is sent cannot be taken back, only cancelled."
    ),
    button=gettext_lazy("Send what was rehearsed"),
    done=ngettext_lazy("%(count)d run is on its way.", "%(count)d runs are on their way.", "count"),
    do=_answering(Answer.RELEASE),
)
GIVE_UP = Bulk(
    name="bookings_bookingrun_give_up_many",
    permission="book",
    form_class=ReasonForm,
    says=gettext_lazy("Each of these runs ends for good. What BrokerBay already has stays on BrokerBay."),
    button=gettext_lazy("Give up"),
    done=ngettext_lazy("%(count)d run is given up.", "%(count)d runs are given up.", "count"),
    do=_answering(Answer.GIVE_UP),
)
TRY_AGAIN = Bulk(
    name="bookings_bookingrun_retry_many",
    permission="book",
    form_class=RetryForm,
    says=gettext_lazy("Each goes back to the queue with a fresh budget of attempts, in the order shown."),
    button=gettext_lazy("Try again"),
    done=ngettext_lazy("%(count)d run is queued again.", "%(count)d runs are queued again.", "count"),
    do=_try_again,
)
STOP = Bulk(
    name="bookings_bookingrun_stop_many",
    permission="book",
    form_class=ReasonForm,
    says=gettext_lazy(
        "The robot stops working on them. One that a worker holds stops unless its request has already gone "
        "out. What BrokerBay already has stays on BrokerBay."
    ),
    button=gettext_lazy("Cancel these runs"),
    done=ngettext_lazy(
        "%(count)d run is cancelled or asked to stop.",
        "%(count)d runs are cancelled or asked to stop.",
        "count",
    ),
    do=lambda turn: runs.stop(turn.row, by=turn.by, reason=turn.said["reason"]),
)
ASSIGN = Bulk(
    name="bookings_bookingrun_assign_many",
    permission="book",
    form_class=AssignForm,
    says=gettext_lazy(
        "Another BrokerBay account of the same partner carries these bookings and checks. What was sent by "
        "an account already stays with it."
    ),
    button=gettext_lazy("Give to this account"),
    done=ngettext_lazy(
        "%(count)d run goes through that account.", "%(count)d runs go through that account.", "count"
    ),
    do=lambda turn: runs.assign(turn.row, turn.said["account"], by=turn.by, reason=turn.said["reason"]),
)


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ("number", "purpose", "started_at", "ended_at", "submitting_at", "step", "result", "reason_told")
    readonly_fields = fields

    reason_told = told_field("reason", gettext_lazy("reason"))


class EvidenceInline(ReadOnlyInline):
    model = Evidence
    fields = ("attempt_number", "step", "kind", "taken_at", "kept")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Evidence]:
        return super().get_queryset(request).filter(pk__in=evidence_for(request.user).values("pk"))

    @display(description=gettext_lazy("file"))
    def kept(self, evidence: Evidence) -> str:
        return format_html('<a class="text-link" href="/evidence/{}">{}</a>', evidence.uuid, _("Open"))


class EventInline(ReadOnlyInline):
    model = RunEvent
    fields = ("seq", "clock", "level", "attempt_number", "step", "message_told", "duration_ms")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("log")
    per_page = 50

    message_told = told_field("message", gettext_lazy("message"))

    @display(description=gettext_lazy("at"))
    def clock(self, event: RunEvent) -> str:
        return date_format(timezone.localtime(event.at), "j M, H:i:s")


@admin.register(BookingRun)
class BookingRunAdmin(ExportAdmin, BulkAdmin, SavedViewsAdmin, ReadOnlyAdmin):
    """The robot's work, run by run. Workers write it; people stop a run or try it again."""

    list_display = (
        "home",
        "wanted",
        "asked_for",
        "stands",
        "urgent",
        "result",
        "attempts_made",
        "partner",
        "queued_at",
    )
    list_select_related = ("partner", "account", "booking")
    list_filter = (
        ("state", StateFilter),
        ReasonFilter,
        UrgencyFilter,
        WaitsFilter,
        ("kind", MultipleChoicesDropdownFilter),
        ("source", MultipleChoicesDropdownFilter),
        ("queued_at", DayRangeFilter),
        ("wanted_date", DayRangeFilter),
        ("partner", VisibleRelatedFilter),
        ("account", VisibleRelatedFilter),
        ("account__holder_name", FieldTextFilter),
        ("listing_id", FieldTextFilter),
    )
    more_columns = ("account", "mls_number", "source", "started_at", "finished_at")
    tab_field = "state"
    filtered_by = ("booking", "request", "uuid")
    date_hierarchy = "queued_at"
    search_fields = ("property_text", "address", "mls_number", "reason", "account__email")
    search_help_text = gettext_lazy("Property, address, MLS number, reason or account")
    sortable_by = ("stands", "queued_at")
    actions = ("try_picked_again", "send_picked", "give_up_picked", "stop_picked", "assign_picked")
    bulks = (TRY_AGAIN, SEND, GIVE_UP, STOP, ASSIGN)
    actions_detail = ("watch", "stop", "try_again")
    inlines = (EventInline, AttemptInline, EvidenceInline)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("state_told", "kind"),
                    "result",
                    "reason_told",
                    "what_next",
                    "answers",
                    ("property_text", "address"),
                    ("mls_number", "listing_id"),
                    ("wanted_date", "wanted_time", "time_zone"),
                    ("duration_minutes", "auto_confirm_only", "dry_run"),
                    ("rehearsed_at", "released_at", "released_by"),
                    ("showing_id", "cancel_reason"),
                    "slots",
                    "fitting",
                    "listing_seen",
                )
            },
        ),
        (
            gettext_lazy("Whose"),
            {"fields": (("partner", "account"), ("request", "booking"), ("created_by", "source"))},
        ),
        (
            gettext_lazy("How it went"),
            {
                "fields": (
                    ("queued_at", "started_at", "finished_at"),
                    ("attempt_number", "attempts_left", "step"),
                    ("submitting_at", "submits", "absent_reads"),
                    ("holder", "lease_until", "not_before"),
                    ("stop_asked_at", "rung_at", "reason_code"),
                    "uuid",
                )
            },
        ),
    )
    readonly_fields = (
        *(
            "state_told",
            "result",
            "reason_told",
            "what_next",
            "answers",
            "slots",
            "fitting",
            "listing_seen",
            "uuid",
        ),
    )

    reason_told = told_field("reason", gettext_lazy("reason"))

    # ---- columns -----------------------------------------------------------------------------------

    @display(description=gettext_lazy("property"))
    def home(self, run: BookingRun) -> str:
        return run.address or run.property_text

    @display(description=gettext_lazy("attempts"))
    def attempts_made(self, run: BookingRun) -> int:
        return run.attempt_number

    @display(description=gettext_lazy("wanted"), ordering="wanted_date")
    def wanted(self, run: BookingRun) -> str:
        return door_cell(run.wanted_date, run.wanted_time, run.time_zone)

    @display(description=gettext_lazy("kind"), ordering="kind")
    def asked_for(self, run: BookingRun) -> str:
        return run.told_kind

    @display(description=gettext_lazy("state"), ordering="state", label=badges.RUN_OR_BOOKING)
    def stands(self, run: BookingRun) -> tuple[str, str]:
        return showing.run_stands(run)

    @display(description=gettext_lazy("state"))
    def state_told(self, run: BookingRun) -> str:
        return self.stands(run)[1]

    @display(description=gettext_lazy("urgency"))
    def urgent(self, run: BookingRun) -> str:
        return badges.urgency_light(run)

    @display(description=gettext_lazy("result"))
    def result(self, run: BookingRun) -> str:
        return showing.stands(run)

    @display(description=gettext_lazy("what next"))
    def what_next(self, run: BookingRun) -> str:
        return run.next_step or "-"

    @display(description=gettext_lazy("answers"))
    def answers(self, run: BookingRun) -> str:
        return answer_links(run) or "-"

    @display(description=gettext_lazy("open times"))
    def slots(self, run: BookingRun) -> str:
        return _in_lines(run.open_slots)

    @display(description=gettext_lazy("listings that fit"))
    def fitting(self, run: BookingRun) -> str:
        return _in_lines(run.candidates)

    @display(description=gettext_lazy("listing as seen"))
    def listing_seen(self, run: BookingRun) -> str:
        return _in_lines([run.listing] if run.listing else [])

    # ---- who may, and when -------------------------------------------------------------------------

    def has_book_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("bookings.book_run")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The answers are for those whose role at the run's own partner lets them give one."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None and may_book(request.user, obj):
            return fieldsets
        (name, options), *others = fieldsets
        left = [field for field in options["fields"] if field != "answers"]
        return [(name, {**options, "fields": left}), *others]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only what the run's state allows is offered; the service decides again when it is asked."""
        offered = super().get_actions_detail(request, object_id)
        run = self.get_object(request, unquote(str(object_id))) if offered else None
        if run is None:
            return []
        state = RunState(run.state)
        fits = {
            "watch": True,
            "stop": RunState.CANCELLED in RUN_MOVES[state],
            "try-again": state in CAN_TRY_AGAIN,
        }
        return [one for one in offered if fits[one.path]]

    # ---- one run -----------------------------------------------------------------------------------

    @action(description=gettext_lazy("Watch"), permissions=["view"], url_path="watch", icon="monitoring")
    def watch(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"/runs/{self.row_or_404(request, object_id).uuid}")

    @action(description=gettext_lazy("Cancel run"), permissions=["book"], url_path="stop", icon="cancel")
    def stop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(run: BookingRun, form: forms.Form) -> str:
            stopped = runs.stop(run, by=request.user, reason=form.cleaned_data["reason"])
            if stopped.state == RunState.CANCELLED:
                return _("%s is cancelled.") % run
            return _("The worker is asked to stop; it does so unless the request has already gone out.")

        return self.ask(
            request,
            object_id,
            form_class=ReasonForm,
            title=_("Cancel this run"),
            says=_("The robot stops working on it. What BrokerBay already has stays on BrokerBay."),
            button=_("Cancel run"),
            do=do,
        )

    @action(description=gettext_lazy("Try again"), permissions=["book"], url_path="try-again", icon="replay")
    def try_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(run: BookingRun, form: forms.Form) -> str:
            runs.try_again(run, by=request.user)
            return _("%s is queued again.") % run

        return self.ask(
            request,
            object_id,
            form_class=SureForm,
            title=_("Try this run again"),
            says=_("It goes back to the queue with a fresh budget of attempts."),
            button=_("Try again"),
            do=do,
        )

    # ---- several -----------------------------------------------------------------------------------

    def said_of(self, row: BookingRun) -> str:
        when = door_time(row.wanted_date, row.wanted_time, row.time_zone)
        return f"{row.get_kind_display()}: {self.home(row)}, {when}"

    def seen(self, row: BookingRun) -> str:
        return f"{row.state}.{row.attempt_number}.{row.account_id}"

    @action(description=gettext_lazy("Send what was rehearsed…"), permissions=["book"])
    def send_picked(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.begin(request, queryset, SEND)

    @action(description=gettext_lazy("Give up…"), permissions=["book"])
    def give_up_picked(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.begin(request, queryset, GIVE_UP)

    @action(description=gettext_lazy("Cancel run…"), permissions=["book"])
    def stop_picked(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.begin(request, queryset, STOP)

    @action(description=gettext_lazy("Try again…"), permissions=["book"])
    def try_picked_again(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.begin(request, queryset, TRY_AGAIN)

    @action(description=gettext_lazy("Give to another account…"), permissions=["book"])
    def assign_picked(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.begin(request, queryset, ASSIGN)


def answer_links(run: BookingRun) -> str:
    """A run's offers. Each leads to a page that says what it means and asks once more."""
    address = reverse("answer_run", args=[run.uuid])
    links = (
        (
            address,
            urlencode({"answer": offer.answer.value, "value": offer.value}),
            offer.label,
            offer.detail,
        )
        for offer in runs.offers(run)
    )
    return format_html_join("", '<div><a class="text-link" href="{}?{}">{}</a> {}</div>', links)


def _in_lines(found: list[Any]) -> str:
    """What the engine saw, a line each: "date 2026-07-01, time 10:00"."""
    lines = [
        ", ".join(f"{key} {value}" for key, value in one.items())
        if isinstance(one, dict)
        else json.dumps(one)
        for one in found
    ]
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines)) or "-"
