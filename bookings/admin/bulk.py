"""One deed for several rows: picked in the list, shown before it is done, told row by row afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from bookings.admin.base import Counted, PartnerScopedAdmin
from bookings.admin.bulk_forms import PersonsForm
from bookings.services.errors import Rejected
from bookings.services.saved_views import cleaned


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One row's turn: how many were done before it, and the row as its person saw it in the preview."""

    row: Any
    done_before: int
    seen: str
    said: dict[str, Any]
    by: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """`name` is its URL's, `permission` one of the admin's `has_…_permission`; `do` may raise Rejected."""

    name: str
    permission: str
    form_class: type[forms.Form]
    says: Any
    button: Any
    done: Counted
    do: Callable[[Turn], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one row; `error` is empty when it worked."""

    row: Any
    said: str
    address: str
    error: str = ""


class BulkAdmin(PartnerScopedAdmin):
    """An admin whose list offers `bulks`. An action of the list begins one; its preview posts it."""

    bulks: tuple[Bulk, ...] = ()

    def seen(self, row: Any) -> str:
        """What tells that a row is still as a person saw it."""
        raise NotImplementedError

    def said_of(self, row: Any) -> str:
        """What the preview and the result call a row."""
        return str(row)

    def begin(self, request: HttpRequest, rows: Any, bulk: Bulk) -> HttpResponse | None:
        picked = self.few(request, rows)
        return self._preview(request, bulk, picked, self._form(request, bulk)) if picked else None

    def _form(self, request: HttpRequest, bulk: Bulk, *posted: Any) -> forms.Form:
        known = {"request": request} if issubclass(bulk.form_class, PersonsForm) else {}
        return bulk.form_class(*posted, **known)

    def _preview(self, request: HttpRequest, bulk: Bulk, picked: list[Any], form: forms.Form) -> HttpResponse:
        for row in picked:
            row.said_as = self.said_of(row)
            row.seen_as = request.POST.get(f"seen-{row.pk}") or self.seen(row)
        return self.preview(
            request,
            bulk.name,
            picked,
            form,
            says=bulk.says,
            button=bulk.button,
            kept=cleaned(request.POST.get("list") or request.GET.urlencode()),
        )

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        own = [
            path(_address(bulk.name.removeprefix(prefix)), guard(self._view_of(bulk)), name=bulk.name)
            for bulk in self.bulks
        ]
        return [*own, *super().get_urls()]

    def _view_of(self, bulk: Bulk) -> Callable[[HttpRequest], HttpResponse]:
        return lambda request: self._post(request, bulk)

    def _post(self, request: HttpRequest, bulk: Bulk) -> HttpResponse:
        """What a preview posts: the picked ids, each as it was seen, and the form."""
        if request.method != "POST":
            return HttpResponseRedirect(self.address_of_list())
        if not getattr(self, f"has_{bulk.permission}_permission")(request):
            raise PermissionDenied
        picked, missing = self.posted_rows(request)
        form = self._form(request, bulk, request.POST)
        if picked and not form.is_valid():
            return self._preview(request, bulk, picked, form)
        told = self._do_each(request, bulk, picked, form.cleaned_data if picked else {})
        worked = sum(not one.error for one in told)
        if worked:
            messages.success(request, bulk.done % {"count": worked})
        back = f"{self.address_of_list()}?{cleaned(request.POST.get('list', ''))}".rstrip("?")
        if worked == len(told) and not missing:
            return HttpResponseRedirect(back)
        return self.page(
            request,
            "admin/bookings/several_told.html",
            title=bulk.button,
            told=sorted(told, key=lambda one: not one.error),
            missing=missing,
            back=back,
        )

    def _do_each(
        self, request: HttpRequest, bulk: Bulk, picked: list[Any], said: dict[str, Any]
    ) -> list[Told]:
        told: list[Told] = []
        for row in picked:
            error = ""
            seen = request.POST.get(f"seen-{row.pk}", "")
            before = sum(not one.error for one in told)
            try:
                if seen and seen != self.seen(row):
                    raise Rejected(_("Somebody changed it after you picked it; look again."))
                bulk.do(Turn(row=row, done_before=before, seen=seen, said=said, by=request.user))
            except Rejected as no:
                error = no.message
            told.append(Told(row=row, said=self.said_of(row), address=self.address_of(row), error=error))
        return told


def _address(name: str) -> str:
    """
    >>> _address("give_up_many")
    'give-up-many/'
    """
    return f"{name.replace('_', '-')}/"
