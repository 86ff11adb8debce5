"""A partner's Slack and webhooks: made, changed, tested, removed, and what was sent there."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from bookings.asker import clock_of, partner_managed, person_of
from bookings.models import Connection, Notice, Partner
from bookings.models.connection import ConnectionKind
from bookings.services import connections, notices, posting
from bookings.services.connections import MANAGE
from bookings.services.errors import Rejected
from bookings.vocabulary import NoticeEvent, NoticeState

MOST_SHOWN = 200
ON_A_PAGE = 25
TONES = {
    NoticeState.SENT: "good",
    NoticeState.OWED: "calm",
    NoticeState.GIVEN_UP: "bad",
    NoticeState.WITHDRAWN: "quiet",
}
# What somebody is offered first who makes a connection: what a partner's people act on.
USUAL = [event.value for event in NoticeEvent if event != NoticeEvent.REMINDER]


class ConnectionForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("For you, like “Team channel” or “Our CRM”."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=posting.LONGEST_ADDRESS,
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("What goes there"),
        choices=NoticeEvent.choices,
        initial=USUAL,
        error_messages={
            "required": gettext_lazy("Choose at least one kind of news."),
            "invalid_choice": gettext_lazy("Choose among the kinds of news."),
        },
    )

    @property
    def chosen(self) -> list[NoticeEvent]:
        return [NoticeEvent(event) for event in self.cleaned_data["events"]]

    @property
    def ticks(self) -> list[dict[str, Any]]:
        """Each kind of news, with whether it is ticked."""
        ticked = self["events"].value() or []
        return [
            {"value": event.value, "label": event.label, "is_on": event.value in ticked}
            for event in NoticeEvent
        ]


class NewConnectionForm(ConnectionForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=ConnectionKind.choices,
        help_text=gettext_lazy("Slack for people, a webhook for a program of yours."),
    )


class ChangeConnectionForm(ConnectionForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["url"].required = False
        self.fields["url"].label = _("New address")
        self.fields["url"].help_text = _("The present one is secret and is not shown. Empty: it stays.")


# ---- whose -------------------------------------------------------------------------------------------------


def _managed(request: HttpRequest) -> QuerySet[Partner]:
    return Partner.objects.visible_to(person_of(request), may=MANAGE).order_by("name")


def _connection(request: HttpRequest, pk: int) -> Connection:
    rows = Connection.objects.visible_to(person_of(request), may=MANAGE).select_related(
        "partner", "created_by"
    )
    return get_object_or_404(rows, pk=pk)


def _list_of(partner: Partner) -> str:
    return f"{reverse('connections')}?partner={partner.pk}"


# ---- all of a partner's ------------------------------------------------------------------------------------


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def all_connections(request: HttpRequest) -> HttpResponse:
    """A partner's connections. A POST makes one; a webhook's secret is in its answer, this once."""
    partner = partner_managed(request, may=MANAGE)
    form = NewConnectionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = connections.make(
                partner,
                ConnectionKind(form.cleaned_data["kind"]),
                name=form.cleaned_data["name"],
                url=form.cleaned_data["url"],
                events=form.chosen,
                by=person_of(request),
            )
        except Rejected as no:
            form.add_error(no.field if no.field in form.fields else None, no.message)
        else:
            if secret:
                return _show_secret(request, made, secret)
            messages.success(request, _("Connected. Send a test to see that it works."))
            return redirect("connection", pk=made.pk)
    partners = _managed(request)[:MOST_SHOWN]
    with timezone.override(zone := clock_of(person_of(request))):
        return render(
            request,
            "bookings/connections/all.html",
            {
                "partner": partner,
                "partners": partners if len(partners) > 1 else [],
                "connections": Connection.objects.visible_to(person_of(request), may=MANAGE).filter(
                    partner=partner
                ),
                "form": form,
                "zone": zone.key,
            },
            status=400 if form.errors else 200,
        )


def _show_secret(request: HttpRequest, connection: Connection, secret: str) -> HttpResponse:
    return render(request, "bookings/connections/secret.html", {"connection": connection, "secret": secret})


# ---- one ---------------------------------------------------------------------------------------------------


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def connection_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One connection and its deliveries, the newest first. A POST changes its name, news or address."""
    connection = _connection(request, pk)
    now = {"name": connection.name, "events": connection.events}
    form = ChangeConnectionForm(request.POST if request.method == "POST" else None, initial=now)
    if request.method == "POST" and form.is_valid():
        try:
            connections.change(
                connection,
                name=form.cleaned_data["name"],
                events=form.chosen,
                url=form.cleaned_data["url"],
                by=person_of(request),
            )
        except Rejected as no:
            form.add_error(no.field if no.field in form.fields else None, no.message)
        else:
            messages.success(request, _("Kept. It counts from now on."))
            return redirect("connection", pk=pk)
    return _one(request, connection, form)


def _one(request: HttpRequest, connection: Connection, form: ConnectionForm) -> HttpResponse:
    asked = request.GET.get("page", "1")
    sent = Notice.objects.visible_to(person_of(request)).filter(connection=connection)
    deliveries = Paginator(sent.order_by("-created_at", "-pk"), ON_A_PAGE).get_page(asked[:9])
    with timezone.override(zone := clock_of(person_of(request))):
        context = {
            "connection": connection,
            "form": form,
            "deliveries": deliveries,
            "rows": [_delivery(each, connection) for each in deliveries],
            "has_both_secrets": connection.old_secret_until is not None
            and connection.old_secret_until > timezone.now(),
            "zone": zone.key,
            "kept_days": notices.DELIVERIES_KEPT.days,
        }
        return render(request, "bookings/connections/one.html", context, status=400 if form.errors else 200)


def _delivery(notice: Notice, connection: Connection) -> dict[str, Any]:
    """What a delivery's row shows: the message as it is sent, when it goes, and whether it can go again."""
    now = timezone.now()
    goes = max(notice.not_before, connection.rests_until or notice.not_before)
    return {
        "notice": notice,
        "body": json.dumps(json.loads(notice.body), indent=2, ensure_ascii=False),
        "tone": TONES[NoticeState(notice.state)],
        "next_try": goes if notice.state == NoticeState.OWED and goes > now else None,
        "may_go_again": notice.state != NoticeState.OWED or notice.attempts > 0,
    }


@login_required
@require_POST
def test_connection(request: HttpRequest, pk: int) -> HttpResponse:
    connection = _connection(request, pk)
    try:
        connections.send_test(connection, by=person_of(request))
    except Rejected as no:
        messages.error(request, no.message)
    else:
        messages.success(request, _("A test is on its way. Load this page again in a moment for the answer."))
    return redirect("connection", pk=pk)


@login_required
@require_POST
def turn_connection(request: HttpRequest, pk: int) -> HttpResponse:
    connection = _connection(request, pk)
    is_on = request.POST.get("on") == "1"
    try:
        connections.turn(connection, on=is_on, by=person_of(request))
    except Rejected as no:
        messages.error(request, no.message)
    else:
        messages.success(request, _("It is turned on.") if is_on else _("It is turned off."))
    return redirect("connection", pk=pk)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rotate_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what a new secret means; a POST makes it and shows it this once."""
    connection = _connection(request, pk)
    if request.method != "POST":
        return render(request, "bookings/connections/rotate.html", {"connection": connection})
    try:
        secret = connections.rotate(connection, by=person_of(request))
    except Rejected as no:
        messages.error(request, no.message)
        return redirect("connection", pk=pk)
    return _show_secret(request, connection, secret)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove_connection(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what removing it means, and does it."""
    connection = _connection(request, pk)
    if request.method != "POST":
        return render(request, "bookings/connections/remove.html", {"connection": connection})
    connections.remove(connection, by=person_of(request))
    messages.success(request, _("%(name)s is removed.") % {"name": connection.name})
    return redirect(_list_of(connection.partner))


@login_required
@require_POST
def deliver_again(request: HttpRequest, pk: int, notice_pk: int) -> HttpResponse:
    """Send one message anew, under the id that it had."""
    connection = _connection(request, pk)
    rows = Notice.objects.visible_to(person_of(request)).filter(connection=connection)
    notice = get_object_or_404(rows.select_related("connection__partner", "partner"), pk=notice_pk)
    try:
        connections.send_again(notice, by=person_of(request))
    except Rejected as no:
        messages.error(request, no.message)
    else:
        messages.success(request, _("It is sent again, under the same id."))
    return redirect("connection", pk=pk)
