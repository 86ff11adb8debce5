"""The face of the admin: its name, its side bar and its search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

SEE_ALL = "bookings.see_all_partners"


def search(request: HttpRequest) -> HttpResponse:
    """Unfold's search, which takes whatever `page` says for a page that there is."""
    site: Any = admin.site  # Unfold puts its own in Django's place
    try:
        answer: HttpResponse = site.admin_view(site.search)(request)
    except InvalidPage as unknown:
        raise Http404 from unknown
    return answer


def sign_in(request: HttpRequest) -> HttpResponse:
    """The admin has no door of its own: one page signs everybody in, and counts the tries."""
    if not request.user.is_authenticated:
        return redirect(f"{reverse('sign_in')}?{request.GET.urlencode()}".rstrip("?"))
    if not admin.site.has_permission(request):
        raise PermissionDenied
    return redirect("admin:index")


def _may(*permissions: str) -> Callable[[HttpRequest], bool]:
    """An entry is shown to those who may open it; the page itself asks again."""
    return lambda request: request.user.has_perms(permissions)


def _page(title: Any, icon: str, address: str, permission: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": address, "permission": _may(permission)}


def _table(title: Any, icon: str, name: str, *more: str) -> dict[str, Any]:
    """The list of a table, named like Django names its admin: bookings_booking."""
    app, model = name.rsplit("_", 1)
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{name}_changelist"),
        "permission": _may(f"{app}.view_{model}", *more),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Showings"),
    "SITE_HEADER": _("Showings"),
    "SITE_SUBHEADER": _("Booked on BrokerBay by themselves"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "real_estate_agent",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda request: static("bookings/admin/admin.css")],
    "SCRIPTS": [lambda request: static("bookings/admin/icons.js")],
    # Record search would run every list's search at once; each list has its own.
    "COMMAND": {"search_models": False, "show_history": True},
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": [
            {
                "title": _("Showings"),
                "items": [
                    _page(_("Dashboard"), "space_dashboard", "/dashboard", "bookings.view_booking"),
                    _page(_("Calendar"), "calendar_month", "/calendar", "bookings.view_booking"),
                    _page(_("Auto-book"), "bolt", "/auto-book", "bookings.book_run"),
                    _table(_("Bookings"), "event_available", "bookings_booking"),
                    _table(_("Showing requests"), "inbox", "bookings_showingrequest"),
                    _table(_("Runs"), "smart_toy", "bookings_bookingrun"),
                    _page(_("My exports"), "download", "/exports", "bookings.export_booking"),
                ],
            },
            {
                "title": _("Homes and people"),
                "separator": True,
                "items": [
                    _table(_("Properties"), "home", "bookings_property"),
                    _table(_("Clients"), "person_search", "bookings_client"),
                    _page(_("Unmapped"), "move_to_inbox", "/admin/bookings/client/unmapped/", SEE_ALL),
                    _table(_("Groups of requests"), "label", "bookings_upstreamgroup", SEE_ALL),
                    _table(_("Accounts"), "badge", "bookings_account"),
                    _table(_("Partners"), "handshake", "bookings_partner"),
                    _table(_("Memberships"), "groups", "bookings_membership"),
                    _page(_("Team"), "group_add", "/people", "bookings.manage_people"),
                    _page(_("Slack and webhooks"), "webhook", "/connections", "bookings.manage_connection"),
                    _table(_("People"), "person", "auth_user"),
                    _table(_("Groups"), "shield_person", "auth_group"),
                    _table(_("API keys"), "key", "bookings_apikey"),
                ],
            },
            {
                "title": _("Behind the scenes"),
                "separator": True,
                "items": [
                    _table(_("Sync passes"), "sync", "bookings_syncpass", SEE_ALL),
                    _table(_("Outside services"), "lan", "bookings_upstream", SEE_ALL),
                    _table(_("Unreadable rows"), "help_center", "bookings_unreadablerow", SEE_ALL),
                    _table(_("Notices"), "mail", "bookings_notice"),
                    _table(_("Audit"), "history", "bookings_auditentry"),
                    _table(_("Schedules"), "schedule", "django_q_schedule", SEE_ALL),
                    _table(_("Waiting tasks"), "pending", "django_q_ormq", SEE_ALL),
                    _table(_("Failed tasks"), "error", "django_q_failure", SEE_ALL),
                ],
            },
        ],
    },
}

GROUPS: list[dict[str, Any]] = UNFOLD["SIDEBAR"]["navigation"]
UNFOLD["SIDEBAR"]["navigation"] = "brokerbay.navigation.side_bar"


def side_bar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups that everybody has, with the person's pinned views among them."""
    from bookings.admin.saved import pinned  # settings are read before there are tables

    views = [
        {
            "title": escape(one["view"].name),
            "icon": "push_pin",
            "link": one["address"],
            "badge": one["count"],
            "badge_variant": "primary",
            "active": request.GET.get("view") == one["view"].slug,
        }
        for one in pinned(request)
    ]
    return [GROUPS[0], {"title": _("Pinned"), "items": views}, *GROUPS[1:]]
