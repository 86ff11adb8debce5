"""A list's tabs: how many of its rows stand in each state, told in one query that never counts them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import IntegerField, QuerySet, Subquery
from django.http import HttpRequest, QueryDict
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from bookings import finding

# A tab says "1,000+" rather than count further.
CAP = 1_000
# Of rows that filters have narrowed down, this many are looked at.
NARROWED_CAP = 10_000
# Of what a search finds, so many keys are read, and a page's rows are sorted out of them. Where there are
# more, the list is walked in its order until a page is full: sorting them is dearer.
FOUND_CAP = 2_000
# Of a list, not of the rows that another filter would show.
LEFT_BEHIND = (PAGE_VAR, ERROR_FLAG, "view")


# Names a saved view in the address; it filters nothing by itself.
VIEW_VAR = "view"


class RowsRequest(HttpRequest):
    """Asks a list which rows it would show, without a page of them."""

    def __init__(self, person: User | AnonymousUser, asked: str) -> None:
        super().__init__()
        self.method, self.user, self.GET = "GET", person, QueryDict(asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    title: str
    count: str
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many rows each word has; `total` is that of all, where known.

    `is_cut`: there are more than were looked at. `found` are the keys of a search's hits, with the word of
    each.
    """

    of: dict[str, int]
    total: int | None = None
    is_cut: bool = False
    found: Sequence[tuple[Any, str]] = ()


class CountUpTo(Subquery):
    """How many rows a sliced query has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


class TabbedList(ChangeList):
    """A list that can tell its tabs. They keep search and filters, and count what their click would show."""

    page_num: int
    query: str

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request, self.person = request, request.user
        super().__init__(request, *args, **kwargs)

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """What is left empty asks for nothing: forms send it along, and addresses keep it."""
        asked: dict[str, Any] = super().get_filters_params(params)
        return {name: values for name, values in asked.items() if any(values) and name != VIEW_VAR}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows = super().get_queryset(request, exclude_parameters)
        # A bare address would open the person's default view.
        left = parse_qsl(str(self.clear_all_filters_qs).lstrip("?"))  # type: ignore[has-type]
        kept = [(name, value) for name, value in left if name != VIEW_VAR]
        self.clear_all_filters_qs = f"?{urlencode(kept or {VIEW_VAR: 'all'})}"
        return rows

    def get_results(self, request: HttpRequest) -> None:
        """A page beyond the last one is the last."""
        if isinstance(request, RowsRequest):
            return
        # Asked by the paginator.
        request.shown_list = self  # type: ignore[attr-defined]
        if self._is_search and self.counted is not None and not self.has_more:
            self.queryset = self.of_keys(self._found)
        try:
            super().get_results(request)
        except IncorrectLookupParameters:  # Django's word for a page that is not there
            self.page_num = self._last_page() if self.page_num > 0 else 1
            super().get_results(request)
        if not self.multi_page:
            self.page_num = 1
        # Told below the list, where it also says whether there are more; the skin's heading does not know.
        self.full_result_count = self.result_count

    def _last_page(self) -> int:
        last: int = self.model_admin.get_paginator(self.request, self.queryset, self.list_per_page).num_pages
        return last

    @property
    def page_before(self) -> str:
        """Its address; "" on the first page."""
        return self.get_query_string({PAGE_VAR: self.page_num - 1}) if self.page_num > 1 else ""

    @property
    def page_after(self) -> str:
        """Its address; "" on the last page."""
        is_last = not self.multi_page or self.page_num >= self.paginator.num_pages
        return "" if is_last else self.get_query_string({PAGE_VAR: self.page_num + 1})

    def asked_in_vain(self) -> list[str]:
        """A sentence for each thing in the address that names no page or no day."""
        said = self.request.GET.get(PAGE_VAR, "")
        told = [sentence for spec in self.filter_specs for sentence in getattr(spec, "in_vain", list)()]
        if said and said != str(self.page_num):
            told.append(
                _("The list has no page %(said)s; this is page %(shown)d.")
                % {"said": said[:20], "shown": self.page_num}
            )
        return told

    def apply_select_related(self, qs: QuerySet[Any]) -> QuerySet[Any]:
        """What each row of a long table has is fetched for the page, not joined: SQLite would begin with it,
        and sort the whole table for 25 rows. What a row may lack is joined, from the row to it."""
        if self.model not in finding.SEARCHED or not isinstance(self.list_select_related, tuple | list):
            return super().apply_select_related(qs)
        each = [name for name in self.list_select_related if not self.lookup_opts.get_field(name).null]
        some = [name for name in self.list_select_related if name not in each]
        return (qs.select_related(*some) if some else qs).prefetch_related(*each)

    def get_filters(self, request: HttpRequest) -> Any:
        """The filters, made once: each of them asks the database for its choices."""
        if not hasattr(self, "_filters"):
            self._filters = super().get_filters(request)
        return self._filters

    @cached_property
    def tabs(self) -> list[Tab]:
        """One tab for all rows, then one for each word of the admin's `tab_field` that has any."""
        own, counts = self._own_filter, self._counts
        if own is None or counts is None:
            return []
        told = self._words | dict(getattr(own, "words", {}))
        chosen = self._chosen
        everything = Tab(title=_("All"), count="", address=self._address(own), is_chosen=not chosen)
        return [everything] + [
            Tab(
                title=str(told[word]),
                count=self._count_of(word),
                address=self._address(own, word),
                is_chosen=chosen == [word],
            )
            for word in self._words
            if counts.of[word] or counts.is_cut or word in chosen
        ]

    def _count_of(self, word: str) -> str:
        """In words; empty where none was seen among the first rows, which says nothing of the others."""
        counts = self._shown if word in self._chosen else self._counts
        assert counts is not None
        cap = self.cap if counts.is_cut or counts.total is not None else CAP
        count = counts.of[word]
        return _told(min(count, cap), at_least=counts.is_cut or count > cap) if count else ""

    @cached_property
    def _counts(self) -> Counts | None:
        """None for a list without tabs."""
        own = self._own_filter
        if own is None:
            return None
        asked = {name: values for name, values in self.get_filters_params().items() if any(values)}
        asked.pop(own.lookup_kwarg, None)
        field, but_this = self.model_admin.tab_field, own.expected_parameters()
        if self._is_search:
            rows = self._without_search(but_this).order_by()
            return _found(finding.each_way(rows, self.query), field, self._words)
        rows = self.get_queryset(self.request, exclude_parameters=but_this).order_by()
        if asked or self.query:
            return _within(rows, field, self._words)
        return _each_up_to(rows, field, self._words, self.person)

    # ---- a search is dear enough to be made once ----------------------------------------------------

    @property
    def cap(self) -> int:
        """How many rows are counted at most; pages end there."""
        return FOUND_CAP if self._is_search else NARROWED_CAP

    @cached_property
    def counted(self) -> int | None:
        """How many rows there are, up to one more than the cap, where the tabs have told it."""
        own, counts = self._own_filter, self._shown
        if own is None or counts is None or counts.total is None:
            return None
        asked = {
            word for name in own.expected_parameters() for word in self.get_filters_params().get(name, [])
        }
        if not asked:
            return counts.total
        # Of an address written by hand, the database knows better what it asks for.
        if asked - counts.of.keys():
            return None
        found = sum(counts.of[word] for word in asked)
        return None if counts.is_cut and found < CAP else found

    @property
    def has_more(self) -> bool:
        """Whether there may be more than `counted` says, for just the first were looked at."""
        return self.counted is not None and self._shown is not None and self._shown.is_cut

    @cached_property
    def _shown(self) -> Counts | None:
        """The counts of what is shown. Where a search was cut short, the chosen words are looked for by
        themselves: each of their rows is wanted then."""
        counts = self._counts
        if counts is None or not counts.is_cut or not self._is_search or not self._chosen:
            return counts
        rows = self._without_search().order_by()
        return _found(finding.each_way(rows, self.query), self.model_admin.tab_field, self._words)

    def page_of(self, rows: QuerySet[Any], *, ends: int, of: int, is_capped: bool) -> QuerySet[Any]:
        """The `rows` of this list, asked for as suits a page that ends at that row `of` so many, or more."""
        if not self._is_search or not is_capped:
            return rows
        return finding.walking(self._without_search(), self.query, soon=ends * finding.SOON <= of)

    def of_keys(self, keys: Sequence[Any]) -> QuerySet[Any]:
        """The rows with these keys, in the list's order; that they fit is known."""
        return self._without_search().filter(pk__in=keys)

    @cached_property
    def _is_search(self) -> bool:
        """Whether a search is made by what the database keeps for that, and told with the tabs."""
        return (
            bool(finding.words(self.query))
            and self.model in finding.SEARCHED
            and self._own_filter is not None
        )

    def _without_search(self, exclude_parameters: Any = None) -> QuerySet[Any]:
        query, self.query = self.query, ""
        try:
            return self.get_queryset(self.request, exclude_parameters)
        finally:
            self.query = query

    @property
    def _found(self) -> list[Any]:
        """The keys of what the search found, of the chosen words."""
        assert self._shown is not None
        return [key for key, word in self._shown.found if not self._chosen or word in self._chosen]

    @property
    def _chosen(self) -> list[str]:
        own = self._own_filter
        return [word for word in self.get_filters_params().get(own.lookup_kwarg, []) if word] if own else []

    @cached_property
    def _own_filter(self) -> Any:
        """The filter that the tabs stand for."""
        field = getattr(self.model_admin, "tab_field", "")
        fits = (spec for spec in self.filter_specs if getattr(spec, "field_path", "") == field)
        return next(fits, None) if field else None

    @property
    def _words(self) -> dict[str, Any]:
        return dict(self.model._meta.get_field(self.model_admin.tab_field).flatchoices)

    def _address(self, own: Any, *word: str) -> str:
        """The list with every filter but this one, or with just this word of it."""
        asked = {name: values for name, values in self.filter_params.items() if name not in LEFT_BEHIND}
        asked.pop(own.lookup_kwarg, None)
        if word:
            asked[own.lookup_kwarg] = list(word)
        return f"?{urlencode(asked or {VIEW_VAR: 'all'}, doseq=True)}"

    def kept_by_apply(self) -> list[tuple[str, str]]:
        """What the address says beside the filters, for the filters' form to send along.

        Unfold's own list forgets second values, keeps the page of another list, and sends an empty end of a
        range before the one that was just chosen.
        """
        named = {name for spec in self.filter_specs for name in spec.expected_parameters()}
        kept = {name: values for name, values in self.filter_params.items() if name not in LEFT_BEHIND}
        return [(name, value) for name, values in kept.items() if name not in named for value in values]


def _each_up_to(rows: QuerySet[Any], field: str, words: dict[str, Any], person: User) -> Counts:
    """Each word's rows, counted up to the cap by its index: one query, hung on the person's own row."""
    counts = {
        f"count_{place}": CountUpTo(rows.filter(**{field: word}).values("pk")[: CAP + 1])
        for place, word in enumerate(words)
    }
    found = User.objects.filter(pk=person.pk).values_list(*counts.values())
    return Counts(of=dict(zip(words, found[0], strict=True)))


def _within(rows: QuerySet[Any], field: str, words: dict[str, Any]) -> Counts:
    """The words of the first rows that fit: one walk, however many words there are."""
    found = list(rows.values_list(field, flat=True)[: NARROWED_CAP + 1])
    counted = Counter(found)
    is_cut = len(found) > NARROWED_CAP
    return Counts(of={word: counted[word] for word in words}, total=len(found), is_cut=is_cut)


def _found(ways: Sequence[QuerySet[Any]], field: str, words: dict[str, Any]) -> Counts:
    """The same of the first rows that a search finds, with their keys."""
    first, *others = (rows.values_list("pk", field) for rows in ways)
    found = list((first.union(*others, all=True) if others else first)[: FOUND_CAP + 1])
    known = dict(found)
    counted = Counter(known.values())
    is_cut = len(found) > FOUND_CAP
    return Counts(
        of={word: counted[word] for word in words},
        # Cut short, and some of it found in two ways: nobody knows how many there are.
        total=None if is_cut and len(known) < len(found) else len(known),
        is_cut=is_cut,
        found=tuple(known.items()),
    )


def _told(count: int, *, at_least: bool) -> str:
    shown = number_format(count, force_grouping=True)
    return f"{shown}+" if at_least else str(shown)
