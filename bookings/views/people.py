"""A partner's people: who works there, who is invited; and the door that an invitation opens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from bookings.asker import partner_managed, person_of, place_of
from bookings.models import Invitation, Membership, Partner
from bookings.services import invitations, limits, people
from bookings.services.errors import Rejected
from bookings.sessions import describe
from bookings.views.signing import too_many
from bookings.vocabulary import Role

# What a role is for, beside its name.
ROLE_HELP = {
    Role.VIEWER: gettext_lazy("Looks at everything, changes nothing."),
    Role.BOOKER: gettext_lazy("Books, moves and cancels showings, and takes lists out."),
    Role.MANAGER: gettext_lazy("All of that; also people, the BrokerBay account and the partner's settings."),
}
MOST_SHOWN = 200


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("Email"),
        max_length=invitations.LONGEST_EMAIL,
        widget=forms.EmailInput({"autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("That is no email address. Write it like name@example.com.")},
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[(role.value, role.label) for role in Role],
        initial=Role.BOOKER.value,
        error_messages={"invalid_choice": gettext_lazy("Choose one of the roles.")},
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=[(role.value, role.label) for role in Role])


class SignUpForm(forms.Form):
    first_name = forms.CharField(
        label=gettext_lazy("First name"),
        max_length=150,
        widget=forms.TextInput({"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=gettext_lazy("Last name"),
        max_length=150,
        required=False,
        widget=forms.TextInput({"autocomplete": "family-name"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("Password once more"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password"):
            raise ValidationError(_("Both must be the same. Write the password once more."))
        return again


# ---- whose people ------------------------------------------------------------------------------------------


def _managed(user: User) -> QuerySet[Partner]:
    return Partner.objects.visible_to(user, may=people.MANAGE)


def _address(partner: Partner) -> str:
    return f"{reverse('people')}?partner={partner.pk}"


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def people_page(request: HttpRequest) -> HttpResponse:
    """Who works for a partner and who is invited. A POST invites somebody."""
    partner = partner_managed(request, may=people.MANAGE)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            sent = invitations.invite(
                partner, form.cleaned_data["email"], Role(form.cleaned_data["role"]), by=person_of(request)
            )
        except Rejected as no:
            form.add_error(no.field if no.field in form.fields else None, no.message)
        else:
            messages.success(request, _("An invitation is on its way to %s.") % sent.email)
            return redirect(_address(partner))
    return render(
        request,
        "bookings/people/page.html",
        _people(request, partner, form),
        status=400 if form.errors else 200,
    )


def _people(request: HttpRequest, partner: Partner, form: InviteForm) -> dict[str, Any]:
    at_work = Membership.objects.visible_to(request.user, may=people.MANAGE).filter(partner=partner)
    waiting = Invitation.objects.visible_to(request.user, may=people.MANAGE).filter(
        partner=partner, accepted_at=None, revoked_at=None
    )
    partners = _managed(person_of(request)).order_by("name")
    return {
        "partner": partner,
        "partners": partners[:MOST_SHOWN] if partners.count() > 1 else [],
        "memberships": at_work.select_related("user").order_by("user__first_name", "user__username")[
            :MOST_SHOWN
        ],
        "invitations": waiting.select_related("invited_by")[:MOST_SHOWN],
        "roles": [(role.value, role.label, ROLE_HELP[role]) for role in Role],
        "form": form,
    }


def _membership(request: HttpRequest, pk: int) -> Membership:
    rows = Membership.objects.visible_to(request.user, may=people.MANAGE).select_related("user", "partner")
    return get_object_or_404(rows, pk=pk)


def _invitation(request: HttpRequest, pk: int) -> Invitation:
    rows = Invitation.objects.visible_to(request.user, may=people.MANAGE).select_related("partner")
    return get_object_or_404(rows, pk=pk)


@login_required
@require_POST
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    membership = _membership(request, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the roles."))
        return redirect(_address(membership.partner))
    role = Role(form.cleaned_data["role"])
    try:
        people.change_role(membership, role, by=person_of(request))
    except Rejected as no:
        messages.error(request, no.message)
    else:
        words = {"who": _name(membership.user), "role": role.label}
        messages.success(request, _("%(who)s is now: %(role)s.") % words)
    return _back(request, membership)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what removing somebody means, and does it."""
    membership = _membership(request, pk)
    if request.method != "POST":
        return render(request, "bookings/people/remove.html", {"membership": membership})
    try:
        people.remove(membership, by=person_of(request))
    except Rejected as no:
        messages.error(request, no.message)
    else:
        words = {"who": _name(membership.user), "partner": membership.partner}
        messages.success(request, _("%(who)s does not work for %(partner)s any more.") % words)
    return _back(request, membership)


def _back(request: HttpRequest, membership: Membership) -> HttpResponse:
    """To the list; to the dashboard for who has just given up managing it."""
    still = _managed(User.objects.get(pk=person_of(request).pk)).filter(pk=membership.partner_id).exists()
    return redirect(_address(membership.partner) if still else "dashboard")


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()


@login_required
@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = _invitation(request, pk)
    try:
        invitations.send_again(invitation, by=person_of(request))
    except Rejected as no:
        messages.error(request, no.message)
    else:
        messages.success(request, _("A new invitation is on its way to %s.") % invitation.email)
    return redirect(_address(invitation.partner))


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = _invitation(request, pk)
    try:
        invitations.revoke(invitation, by=person_of(request))
    except Rejected as no:
        messages.error(request, no.message)
    else:
        messages.success(request, _("The invitation of %s is taken back.") % invitation.email)
    return redirect(_address(invitation.partner))


# ---- the door ----------------------------------------------------------------------------------------------


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What an invitation's link opens: sign-up for who is new, one click for who has an account."""
    place = place_of(request)
    if wait := limits.wait(limits.JOIN_ADDRESS, place):
        return too_many(request, "bookings/door/join.html", wait)
    try:
        invitation = invitations.read(token)
    except Rejected as no:
        limits.count(limits.JOIN_ADDRESS, place)
        return render(request, "bookings/door/join.html", {"refused": no.message}, status=410)
    account = invitations.account_for(invitation)
    return _accept(request, invitation) if account else _sign_up(request, invitation)


def _accept(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    user = request.user
    context = {"invitation": invitation, "is_theirs": False, "has_account": True}
    if isinstance(user, User) and user.is_authenticated:
        context["is_theirs"] = user.email.lower() == invitation.email
    if request.method != "POST":
        return render(request, "bookings/door/join.html", context)
    if not isinstance(user, User) or not user.is_authenticated:
        return redirect(f"{reverse('sign_in')}?next={request.path}")
    try:
        invitations.accept(invitation, user)
    except Rejected as no:
        return render(request, "bookings/door/join.html", {**context, "refused": no.message}, status=409)
    messages.success(request, _("You work for %s now.") % invitation.partner)
    return redirect("dashboard")


def _sign_up(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = SignUpForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user = _new_account(form, invitation)
        if user is not None:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            describe(request, user)
            messages.success(request, _("Welcome. You work for %s now.") % invitation.partner)
            return redirect("dashboard")
    context = {"invitation": invitation, "form": form, "rules": password_validators_help_texts()}
    return render(request, "bookings/door/join.html", context, status=400 if form.errors else 200)


def _new_account(form: SignUpForm, invitation: Invitation) -> User | None:
    """The new person; None, with the reason in the form, where there is none."""
    try:
        return invitations.sign_up(
            invitation,
            first_name=form.cleaned_data["first_name"],
            last_name=form.cleaned_data["last_name"],
            password=form.cleaned_data["password"],
        )
    except ValidationError as weak:
        form.add_error("password", weak)
    except Rejected as no:
        form.add_error(None, no.message)
    return None
