"""Filters of the admin's lists. All are Unfold's kinds: a plain SimpleListFilter is forgotten on Apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import DateTimeField, ForeignKey, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    DropdownFilter,
    MultipleChoicesDropdownFilter,
    MultipleDropdownFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
)
from unfold.utils import parse_date_str

from bookings import urgency
from bookings.models import BookingRun
from bookings.queries import tours
from bookings.queries.board import NEEDS_PERSON, WAITS_FOR_ROBOT
from bookings.told import tell
from bookings.urgency import Urgency
from bookings.vocabulary import REASONS, RunState

Choices = list[tuple[str, Any]]


class VisibleRelatedFilter(RelatedDropdownFilter):
    """Offers just the rows that the person may see; Django's own offers every row there is.

    They are looked up when they are shown, and nothing is shown where there is nothing to choose.
    """

    def field_choices(self, field: ForeignKey, request: HttpRequest, model_admin: ModelAdmin) -> Any:
        target = model_admin.admin_site.get_model_admin(field.remote_field.model)
        return SimpleLazyObject(lambda: [(row.pk, str(row)) for row in target.get_queryset(request)])

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        if super().has_output():
            yield from super().choices(changelist)


class YesNoFilter(BooleanRadioFilter):
    """An empty choice, as Apply sends it, filters nothing."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().queryset(request, queryset) if self.value() in ("0", "1") else queryset


class DayRangeFilter(RangeDateFilter):
    """From one day to another, both whole; a moment belongs to its day in the current time zone."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._day("from"), self._day("to")
        if first is not None:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": self._start_of(first)})
        if last is not None and last < date.max:
            queryset = queryset.filter(
                **{f"{self.parameter_name}__lt": self._start_of(last + timedelta(days=1))}
            )
        return queryset

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """The skin's, whose two ends have no name of their own to be told by."""
        said = {"from": gettext("%s, from"), "to": gettext("%s, to")}
        for shown in super().choices(changelist):
            for end, name in said.items():
                field = shown["form"].fields[f"{self.parameter_name}_{end}"]
                field.widget.attrs["aria-label"] = name % self.title
            yield shown

    def in_vain(self) -> list[str]:
        """A sentence for each end that was written and is no day."""
        return [
            gettext("“%(said)s” is no day, so it filters nothing: write it like %(day)s.")
            % {"said": self._written(end)[:20], "day": timezone.localdate().isoformat()}
            for end in ("from", "to")
            if self._written(end) and self._day(end) is None
        ]

    def _written(self, end: str) -> str:
        written = self.used_parameters.get(f"{self.parameter_name}_{end}")
        return written if isinstance(written, str) else ""

    def _day(self, end: str) -> date | None:
        return parse_date_str(self._written(end))

    def _start_of(self, day: date) -> date | datetime:
        if not isinstance(self.field, DateTimeField):
            return day
        # A day at the end of the calendar has no midnight in every zone.
        safe = min(max(day, date(2, 1, 1)), date(9998, 12, 31))
        return timezone.make_aware(datetime.combine(safe, time.min))


class StateFilter(MultipleChoicesDropdownFilter):
    """States of runs and requests. What counts as booked may be only asked for: its choice and tab say so.
    To be counted apart, each would have to be looked up in its bookings."""

    words: Mapping[str, Any] = {RunState.BOOKED: _("Asked for or confirmed")}

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        for shown in super().choices(changelist):
            field = shown["form"].fields[self.lookup_kwarg]
            field.choices = [(word, self.words.get(word, title)) for word, title in field.choices]
            yield shown


class HiddenFilter(DropdownFilter):
    """Hidden bookings stay out of the list until they are asked for."""

    title = _("hidden bookings")
    parameter_name = "hidden"
    all_option = ("", _("Left out"))

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [("too", _("Shown too")), ("only", _("Only these"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "too":
            return queryset
        return queryset.filter(hidden_at__isnull=self.value() != "only")


class ReasonFilter(MultipleDropdownFilter):
    """Why runs wait or ended, in the words that the list shows; several may be chosen."""

    title = _("reason")
    parameter_name = "why"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return sorted(
            ((code, tell(title)) for code, (title, _next) in REASONS.items()), key=lambda one: one[1]
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = [code for code in self.value() or [] if code]
        return queryset.filter(reason_code__in=chosen) if chosen else queryset


class RequestReasonFilter(ReasonFilter):
    """Requests whose run waits or ended for one of the reasons."""

    title = _("reason of its run")
    parameter_name = "run_reason"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = [code for code in self.value() or [] if code]
        if not chosen:
            return queryset
        runs = BookingRun.objects.visible_to(request.user).filter(
            reason_code__in=chosen, request__isnull=False
        )
        return queryset.filter(pk__in=runs.values("request"))


class OriginFilter(DropdownFilter):
    """Where a booking comes from."""

    title = _("source")
    parameter_name = "origin"
    wanted = {
        "request": Q(request__isnull=False),
        "imported": ~Q(imported_id=""),
        "other": Q(request=None, imported_id=""),
    }

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [
            ("request", _("A client's request")),
            ("other", _("A person, or found on BrokerBay")),
            ("imported", _("Imported from the predecessor")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self.wanted.get(self.value() or "", Q()))


class WaitsFilter(DropdownFilter):
    """Runs that are not over: those the robot goes on with by itself, and those that ask for a person."""

    title = _("what it waits for")
    parameter_name = "waits"
    wanted = {"robot": WAITS_FOR_ROBOT, "person": NEEDS_PERSON}

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [("robot", _("For the robot")), ("person", _("For a person"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.wanted.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(wanted)


class ClashFilter(DropdownFilter):
    """Requests whose client would have to be at two homes at once."""

    title = _("clashes")
    parameter_name = "clash"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [("coming", _("Still to come")), ("any", _("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "coming":
            return queryset.filter(pk__in=tours.clashing(request.user, now=timezone.now()).values("pk"))
        return tours.with_clashes(queryset).filter(clashes=True) if self.value() == "any" else queryset


class UrgencyFilter(DropdownFilter):
    """Rows that wait and must be looked at now, the same as the list's own signs say."""

    title = _("urgency")
    parameter_name = "urgency"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return list(Urgency.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in Urgency.values:
            return queryset
        return urgency.that_are(Urgency(self.value()), queryset, timezone.now())


class KeyStateFilter(DropdownFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [("live", _("Live")), ("revoked", _("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("live", "revoked"):
            return queryset
        return queryset.filter(revoked_at__isnull=self.value() == "live")


class AssignedFilter(DropdownFilter):
    """Clients whose partner nobody has named yet are what an operator looks for."""

    title = _("partner named")
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [("yes", _("Yes")), ("no", _("Not yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(partner__isnull=self.value() == "no")
