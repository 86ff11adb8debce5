"""What every admin of ours shares: rows of one's own partners only, nothing deleted, nothing guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any, TypeAlias, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import ForeignKey, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from bookings import finding, told
from bookings.admin.seen import SeenForm
from bookings.admin.tabs import NARROWED_CAP, RowsRequest, TabbedList
from bookings.asker import clock_of
from bookings.models import AuditEntry, BookingRun
from bookings.models.scope import ScopedQuerySet, sees_all
from bookings.services.errors import Rejected
from bookings.templatetags.showing import zone_words

# A sentence for one and for several, each with %(count)d: ngettext_lazy(…, …, "count").
Counted: TypeAlias = Any

# Beside a list's address, asks for its filters alone.
FILTERS_VAR = "filters"
MESSAGES_SHOWN = 10
# Each picked row is one transaction; more belong into several clicks, not one request.
MOST_AT_ONCE = 200


def names_nul(request: HttpRequest) -> bool:
    """Whether the address holds the one sign that no PostgreSQL text can."""
    return any("\x00" in word for name, values in request.GET.lists() for word in (name, *values))


def on_the_clock_of(request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer, and render, with moments read and written in the person's zone."""
    with timezone.override(clock_of(request.user)):
        response = answer()
        if isinstance(response, TemplateResponse):
            response.render()
        return response


def door_time(day: date | None, at: time | None, zone: str = "") -> str:
    """A showing's day and time at the property's door: "Thu 30 Sep 2027, 12:00 PM Toronto time"."""
    clock = " ".join(filter(None, (told.clock(at), zone and zone_words(zone)))) if at else ""
    return ", ".join(filter(None, (told.short_day(day, with_year=True) if day else "", clock))) or "-"


def door_cell(day: date | None, at: time | None, zone: str) -> str:
    """The same for a list: the clock stands below, for its columns are narrow."""
    if at is None or not zone:
        return door_time(day, at)
    return format_html(
        '<span>{} <span class="clock-below">{}</span></span>', door_time(day, at), zone_words(zone)
    )


def told_field(name: str, label: Any) -> Any:
    """A column for what a row keeps in English, in the reader's language."""

    @display(description=label, ordering=name)
    def shown(_admin: Any, row: Model) -> str:
        return told.tell(getattr(row, name) or "") or "-"

    return shown


def queued_words(run: BookingRun) -> str:
    """What a person is told of a run that was just queued, with the way to watch it."""
    return format_html(
        '{} <a class="underline" href="{}">{}</a>',
        _("Queued: %s.") % run,
        reverse("run", args=[run.uuid]),
        _("Watch it"),
    )


class CappedPaginator(Paginator):
    """Counts up to a cap: counting a million rows costs more than showing a page of them."""

    # Beyond so many rows those of a page are found by their keys, which an index holds: PostgreSQL would sort
    # whole rows by the hundred thousand.
    deep = 1_000
    template_name = "admin/bookings/capped_pagination.html"
    shown: TabbedList | None = None  # the list whose rows these are

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        counted, cap = (self.shown.counted, self.shown.cap) if self.shown else (None, NARROWED_CAP)
        has_more = self.shown is not None and self.shown.has_more
        if counted is None:
            counted = rows.order_by()[: cap + 1].values("pk").count()
        self.is_capped = has_more or counted > cap
        return min(counted, cap)

    def _get_page(self, object_list: Any, number: int, paginator: Any) -> Any:
        rows, ends = cast("QuerySet[Any]", self.object_list), number * self.per_page
        if self.shown:
            count = self.count  # which tells whether it is capped
            rows = self.shown.page_of(rows, ends=ends, of=count, is_capped=self.is_capped)
        page = rows[object_list.query.low_mark : object_list.query.high_mark]
        if ends > self.deep:
            keys = list(page.values_list("pk", flat=True))
            page = self.shown.of_keys(keys) if self.shown else rows.filter(pk__in=keys)
        return super()._get_page(page, number, paginator)  # type: ignore[misc]


class PartnerScopedAdmin(ModelAdmin):
    """Lists, details, searches, pickers and filters show what `visible_to` lets the person see."""

    form = SeenForm
    list_per_page = 25
    show_full_result_count = False
    # A count beside each choice of each filter would read the table once more for each.
    show_facets = ShowFacets.NEVER
    paginator = CappedPaginator
    list_filter_submit = True
    list_fullwidth = True
    actions_on_bottom = False
    # Unfold's templates ask for it twice a row, and asking in vain costs more than the row's words.
    list_sections = ()
    # Columns of the row itself that the address may filter by, beside those of list_filter.
    filtered_by: tuple[str, ...] = ()
    # The column of list_filter whose words are the list's tabs, if any.
    tab_field = ""

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        paginator = super().get_paginator(request, *args, **kwargs)
        paginator.shown = getattr(request, "shown_list", None)
        return paginator

    # ---- whose clock -------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if FILTERS_VAR in request.GET:
            return on_the_clock_of(request, lambda: self._filters(request))
        if ERROR_FLAG in request.GET:
            messages.warning(
                request, _("The list has no such page or filter; here it is from its start, unfiltered.")
            )
        return on_the_clock_of(request, lambda: self._list(request, extra_context))

    def _list(self, request: HttpRequest, extra_context: dict[str, Any] | None) -> HttpResponse:
        """The list, with a sentence for what the address asked in vain."""
        response: HttpResponse = super().changelist_view(request, extra_context)
        shown = (getattr(response, "context_data", None) or {}).get("cl")
        for sentence in shown.asked_in_vain() if isinstance(shown, TabbedList) else ():
            messages.warning(request, sentence)
        return response

    def _filters(self, request: HttpRequest) -> HttpResponse:
        """The panel of the list's filters, asked for by its page when somebody reaches for it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        address = request.GET.copy()
        del address[FILTERS_VAR]
        try:
            shown = self.get_changelist_instance(RowsRequest(request.user, address.urlencode()))
        except IncorrectLookupParameters as wrong:
            raise Http404 from wrong
        return TemplateResponse(request, "admin/bookings/filters.html", {"cl": shown})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return on_the_clock_of(
            request, lambda: super(PartnerScopedAdmin, self).changeform_view(request, *args, **kwargs)
        )

    def _get_obj_does_not_exist_redirect(self, *_args: Any) -> HttpResponse:
        """Django leads to the site's front page and wonders there whether the row was deleted."""
        raise Http404

    # ---- which rows --------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.visible(super().get_queryset(request), request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Long tables are searched by what the database keeps for that. `search_fields` says which are."""
        if self.model in finding.SEARCHED:
            return finding.containing(queryset, search_term), False
        return super().get_search_results(request, queryset, search_term)

    def visible(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """Of `rows`, those that the person may see."""
        assert isinstance(rows, ScopedQuerySet)
        return rows.visible_to(request.user).by_the_only_partner(request.user)

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        """Pickers offer visible rows only, and a crafted choice of another is refused by the form."""
        if "queryset" not in kwargs and self.admin_site.is_registered(db_field.remote_field.model):
            target = self.admin_site.get_model_admin(db_field.remote_field.model)
            kwargs["queryset"] = target.get_queryset(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what a filter of ours asks. Django lets the address ask any column, also those never shown."""
        named = {entry[0] if isinstance(entry, tuple) else entry for entry in self.get_list_filter(request)}
        offered = {name for name in named if isinstance(name, str)} | set(self.filtered_by)
        if self.date_hierarchy:
            offered.add(self.date_hierarchy)
        asks_column = any(lookup == name or lookup.startswith(f"{name}__") for name in offered)
        if not asks_column and self._is_column(lookup.split(LOOKUP_SEP, 1)[0]):
            return False
        return super().lookup_allowed(lookup, value, request)

    def _is_column(self, name: str) -> bool:
        try:
            self.opts.get_field(name)
        except FieldDoesNotExist:
            return False
        return True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TabbedList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Addresses written by hand lead back to the list, never to a server error."""
        if names_nul(request):
            raise IncorrectLookupParameters
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, ValueError) as far:  # years that no calendar has
            raise IncorrectLookupParameters(far) from far

    # ---- what may be done --------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Rows are ended, hidden or revoked, with an audit line; none is deleted."""
        return False

    def sees_all(self, request: HttpRequest) -> bool:
        return sees_all(request.user)

    def log_addition(self, *_args: Any) -> None:
        """The services write the one log there is (AuditEntry)."""

    log_change = log_deletions = log_addition

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.row_or_404(request, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        entries = AuditEntry.objects.visible_to(request.user).filter(
            subject_type=self.opts.model_name, subject_id=str(row.pk)
        )
        page = Paginator(entries.select_related("actor"), 50).get_page(request.GET.get("p"))
        title = _("History: %s") % row
        return on_the_clock_of(
            request,
            lambda: self.page(request, "admin/bookings/history.html", title=title, object=row, entries=page),
        )

    # ---- pages and answers -------------------------------------------------------------------------

    def row_or_404(self, request: HttpRequest, object_id: str) -> Any:
        row = self.get_object(request, unquote(str(object_id)))
        if row is None:
            raise Http404
        return row

    def page(self, request: HttpRequest, template: str, *, title: str, **context: Any) -> TemplateResponse:
        """A page of our own within the admin's frame."""
        request.current_app = self.admin_site.name
        full = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, template, full)

    def ask(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        form_class: type[forms.Form],
        title: str,
        says: str,
        button: str,
        do: Callable[[Any, forms.Form], str],
    ) -> HttpResponse:
        """One page for one deed: it says what will happen, takes what is needed, does it, tells the result.

        `do` gets the row and the valid form, and answers a sentence; a Rejected is shown at its field.
        """
        row = self.row_or_404(request, object_id)
        posted = request.method == "POST"
        form = form_class(request.POST if posted else None, request.FILES if posted else None)
        if posted and form.is_valid():
            try:
                told = do(row, form)
            except Rejected as no:
                shown = {field.name for field in form.visible_fields()}
                form.add_error(no.field if no.field in shown else None, no.message)
            else:
                messages.success(request, told)
                return HttpResponseRedirect(self.address_of(row))
        return self.page(
            request,
            "admin/bookings/ask.html",
            title=title,
            object=row,
            says=says,
            button=button,
            form=form,
            back=self.address_of(row),
        )

    def preview(
        self,
        request: HttpRequest,
        name: str,
        picked: list[Any],
        form: forms.Form,
        *,
        says: str,
        button: str,
        kept: str = "",
    ) -> HttpResponse:
        """A page that shows the picked rows before something is done to them; it posts to the URL `name`.

        `kept` is what the list's address said, for the way back.
        """
        noun = self.opts.verbose_name if len(picked) == 1 else self.opts.verbose_name_plural
        return self.page(
            request,
            "admin/bookings/several.html",
            title=f"{button} ({len(picked)} {noun})",
            picked=picked,
            form=form,
            says=says,
            button=button,
            address=reverse(f"admin:{name}"),
            kept=kept,
            back=f"{self.address_of_list()}?{kept}",
        )

    def posted_rows(self, request: HttpRequest) -> tuple[list[Any], list[str]]:
        """The rows that a preview posted, of those that the person may see; and what to say of the others."""
        ids = {
            int(pk) for pk in request.POST.getlist("picked")[:MOST_AT_ONCE] if pk.isdecimal() and len(pk) < 19
        }
        picked = list(self.get_queryset(request).filter(pk__in=ids))
        missing = len(ids) - len(picked)
        return picked, [_("Picked, but not there for you: %d.") % missing] if missing else []

    def address_of_list(self) -> str:
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def address_of(self, row: Model) -> str:
        name = f"{self.admin_site.name}:{row._meta.app_label}_{row._meta.model_name}_change"
        return reverse(name, args=(quote(row.pk),))

    def each(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        do: Callable[[Any], object],
        *,
        done: Counted,
    ) -> None:
        """Do one thing to each picked row; tell why where it did not work. `done` counts the rest."""
        picked, refused = self.few(request, rows), []
        for row in picked:
            try:
                do(row)
            except Rejected as no:
                refused.append(f"{row}: {no.message}")
        self.tell(request, len(picked) - len(refused), refused, done=done)

    def few(self, request: HttpRequest, rows: QuerySet[Any]) -> list[Any]:
        """The picked rows; none, with a message, when they are too many for one click."""
        picked = list(rows[: MOST_AT_ONCE + 1])
        if len(picked) <= MOST_AT_ONCE:
            return picked
        messages.error(request, _("At most %d rows at once: filter further.") % MOST_AT_ONCE)
        return []

    def tell(self, request: HttpRequest, worked: int, refused: list[str], *, done: Counted) -> None:
        if worked:
            messages.success(request, done % {"count": worked})
        for line in refused[:MESSAGES_SHOWN]:
            messages.warning(request, line)
        if len(refused) > MESSAGES_SHOWN:
            messages.warning(
                request, _("…and %d more were left as they are.") % (len(refused) - MESSAGES_SHOWN)
            )


class ReadOnlyAdmin(PartnerScopedAdmin):
    """Only services and workers write these rows; people look."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """Rows that belong to the row shown, for looking only."""

    extra = 0
    can_delete = False
    show_change_link = False
    hide_title = True
    tab = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).visible_to(request.user)
