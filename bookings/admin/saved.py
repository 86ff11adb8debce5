"""Saved views and chosen columns of a list, and the pinned views' counts for the side bar."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field
from django.contrib.messages import MessageFailure
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from bookings.admin.base import PartnerScopedAdmin
from bookings.admin.tabs import VIEW_VAR, RowsRequest
from bookings.asker import clock_of
from bookings.models import Partner
from bookings.queries import saved_views as reads
from bookings.services import saved_views
from bookings.services.errors import Rejected

COUNTED_FOR = 60  # seconds that a pinned view's count is kept
PINNED_CAP = 99


class SaveForm(forms.Form):
    """`person` shares with the partners they belong to; staff share with staff."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60, widget=UnfoldAdminTextInputWidget())
    share = forms.ChoiceField(label=gettext_lazy("For"), required=False, widget=UnfoldAdminSelectWidget())
    pin = forms.BooleanField(
        label=gettext_lazy("Pin it, with its count, to the side bar"),
        required=False,
        widget=UnfoldBooleanWidget(),
    )
    default = forms.BooleanField(
        label=gettext_lazy("Open the list with it"), required=False, widget=UnfoldBooleanWidget()
    )

    def __init__(self, *args: Any, request: HttpRequest, staff: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partners = {str(one.pk): one for one in Partner.objects.visible_to(request.user)[:500]}
        choices: list[tuple[str, Any]] = [("", _("Only me"))]
        if staff:
            choices.append(("staff", _("All staff")))
        choices += [(pk, _("People of %s") % one) for pk, one in self.partners.items()]
        share = self.fields["share"]
        assert isinstance(share, forms.ChoiceField)
        share.choices = choices


class SavedViewsAdmin(PartnerScopedAdmin):
    """A list with views: `?view=slug` opens one, the page `views/` keeps them and the person's columns."""

    # Columns that a person may add to those of list_display.
    more_columns: tuple[str, ...] = ()

    # ---- which view, which columns -----------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        to = self._view_asked(request) if request.method == "GET" else None
        if to is not None:
            return HttpResponseRedirect(to)
        kept = urlencode({"for": saved_views.cleaned(request.GET.urlencode())})
        context = {
            "saved_views": self._views(request),
            "views_page": f"{self._views_page()}?{kept}",
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def _view_asked(self, request: HttpRequest) -> str | None:
        """Where a bare address leads: `?view=slug` to what is saved, none at all to the person's default."""
        if not request.GET:
            default = next((view for view in self._views(request) if view.is_default), None)
            return default.address if default else None
        slug = request.GET.get(VIEW_VAR)
        if set(request.GET) != {VIEW_VAR} or slug == saved_views.WHOLE:
            return None
        view = next((view for view in self._views(request) if view.slug == slug), None)
        if view is None:
            messages.warning(request, _("There is no such view, or it is not shared with you."))
            return f"?{VIEW_VAR}={saved_views.WHOLE}"
        return view.address if view.query else None

    def _views(self, request: HttpRequest) -> list[Any]:
        """This list's, each told whether it is what the address shows now."""
        shown = saved_views.cleaned(request.GET.urlencode())
        views = [view for view in views_of(request) if view.table == self.opts.model_name]
        for view in views:
            view.is_shown = bool(request.GET) and view.query == shown
        return views

    def get_list_display(self, request: HttpRequest) -> Any:
        """The row's name, then the columns that the person chose, in the list's own order."""
        chosen = chosen_columns(request, self.opts.model_name or "")
        if chosen is None:
            return self.list_display
        first, *others = (*self.list_display, *self.more_columns)
        return (first, *(name for name in others if name in chosen))

    # ---- the page ----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_views"
        return [path("views/", self.admin_site.admin_view(self.views_page), name=name), *super().get_urls()]

    def _views_page(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_views")

    def views_page(self, request: HttpRequest) -> HttpResponse:
        """One page for all of it: save what the list shows now, pin, share, choose columns."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        posted = request.method == "POST"
        saves = posted and request.POST.get("deed") == "save"
        form = SaveForm(request.POST if saves else None, request=request, staff=self.sees_all(request))
        query = saved_views.cleaned(request.POST.get("for") or request.GET.get("for", ""))
        if posted:
            try:
                to = self._save_view(request, form, query) if saves else self._change_views(request)
            except Rejected as no:
                if saves:
                    form.add_error(no.field if no.field in form.fields else None, no.message)
                else:
                    messages.error(request, no.message)
                    to = self._views_page()
            if not saves or not form.errors:
                return HttpResponseRedirect(to)
        return self.page(
            request,
            "admin/bookings/views.html",
            title=_("Views and columns: %s") % self.opts.verbose_name_plural,
            form=form,
            query=query,
            views=self._views(request),
            columns=self._columns(request),
            back=f"{self.address_of_list()}?{query or urlencode({VIEW_VAR: saved_views.WHOLE})}",
        )

    def _save_view(self, request: HttpRequest, form: SaveForm, query: str) -> str:
        if not form.is_valid():
            return ""
        said = form.cleaned_data
        view = saved_views.save(
            request.user,
            self.opts.model_name,
            said["name"],
            query,
            is_shared=bool(said["share"]),
            partner=form.partners.get(said["share"]),
        )
        if said["pin"]:
            saved_views.pin(view, request.user, pinned=True)
        if said["default"]:
            saved_views.make_default(view, request.user, default=True)
        messages.success(request, _("“%s” is saved.") % view)
        return f"{self.address_of_list()}{view.address}"

    def _change_views(self, request: HttpRequest) -> str:
        deed, back = request.POST.get("deed", ""), self._views_page()
        if deed == "columns":
            wanted = request.POST.getlist("column")
            offered = [name for name in (*self.list_display, *self.more_columns)[1:] if name in wanted]
            saved_views.choose_columns(request.user, self.opts.model_name, offered)
            messages.success(request, _("Your columns are kept."))
            return back
        if deed == "columns_reset":
            saved_views.choose_columns(request.user, self.opts.model_name, [])
            return back
        slug = request.POST.get("view", "")
        view = next((view for view in self._views(request) if view.slug == slug), None)
        if view is None:
            raise Rejected(_("There is no such view, or it is not shared with you."))
        if deed in ("pin", "unpin"):
            saved_views.pin(view, request.user, pinned=deed == "pin")
        elif deed in ("default", "undefault"):
            saved_views.make_default(view, request.user, default=deed == "default")
        elif deed == "delete":
            saved_views.delete(view, by=request.user)
            messages.success(request, _("“%s” is deleted.") % view)
        return back

    def _columns(self, request: HttpRequest) -> list[dict[str, Any]]:
        shown = self.get_list_display(request)
        return [
            {
                "name": name,
                "title": capfirst(str(label_for_field(name, self.model, self))),
                "is_shown": name in shown,
            }
            for name in (*self.list_display, *self.more_columns)[1:]
        ]


# ---- the side bar --------------------------------------------------------------------------------------


def views_of(request: HttpRequest) -> list[Any]:
    """The person's views, read once a request."""
    if not hasattr(request, "saved_views"):
        request.saved_views = reads.views_of(request.user)  # type: ignore[attr-defined]
    found: list[Any] = request.saved_views  # type: ignore[attr-defined]
    return found


def chosen_columns(request: HttpRequest, table: str) -> list[str] | None:
    """The person's columns of a list, read once a request."""
    if not hasattr(request, "chosen_columns"):
        request.chosen_columns = reads.columns_of(request.user, table)  # type: ignore[attr-defined]
    found: list[str] | None = request.chosen_columns  # type: ignore[attr-defined]
    return found


def pinned(request: HttpRequest) -> list[dict[str, Any]]:
    """Each pinned view of a list that the person may open: name, address, and how many rows it has."""
    admins = {model._meta.model_name: shown for model, shown in admin.site._registry.items()}
    found = []
    for view in views_of(request):
        shown: Any = admins.get(view.table)
        if view.is_pinned and shown is not None and shown.has_view_or_change_permission(request):
            address = f"{shown.address_of_list()}{view.address}"
            found.append({"view": view, "address": address, "count": _count(request, view, shown)})
    return found


def _count(request: HttpRequest, view: Any, shown: PartnerScopedAdmin) -> str:
    """Kept for a minute: it is looked at often, and counted for every page."""
    key = f"pinned:{view.pk}:{request.user.pk}"
    known: str | None = cache.get(key)
    if known is None:
        known = _told(request, view, shown)
        cache.set(key, known, COUNTED_FOR)
    return known


def _told(request: HttpRequest, view: Any, shown: PartnerScopedAdmin) -> str:
    asked = RowsRequest(request.user, view.query)
    with timezone.override(clock_of(request.user)):
        try:
            rows = shown.get_changelist_instance(asked).queryset
            count = rows.order_by().values("pk")[: PINNED_CAP + 1].count()
        except (IncorrectLookupParameters, SuspiciousOperation, MessageFailure):
            return ""  # a filter that the list no longer has
    return str(count) if count <= PINNED_CAP else f"{PINNED_CAP}+"
