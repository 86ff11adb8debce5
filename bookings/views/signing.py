"""Signing in and out, a forgotten password, and one's own account, in the portal's own skin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import (
    LoginView,
    LogoutView,
    PasswordChangeView,
    PasswordResetConfirmView,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.asker import clock_of, person_of, place_of
from bookings.models import Membership
from bookings.services import languages, limits, passwords, people, sessions
from bookings.services.errors import Rejected
from bookings.sessions import describe, speak


def too_many(request: HttpRequest, template: str, seconds: int, **context: Any) -> HttpResponse:
    """429: the page again, with a plain sentence on when to go on."""
    minutes = -(-seconds // 60)
    sentence = ngettext(
        "That was tried too often. Wait a minute, then try again.",
        "That was tried too often. Wait %(count)d minutes, then try again.",
        minutes,
    ) % {"count": minutes}
    answer = render(request, template, {**context, "too_often": sentence}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


class SignInForm(AuthenticationForm):
    """Takes the user name, or the address that the person reads mail at."""

    def clean_username(self) -> str:
        typed: str = self.cleaned_data["username"]
        return people.user_name_of(typed)


class SignIn(LoginView):
    template_name = "bookings/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True
    next_page = "dashboard"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Before a password is looked at: else whoever guesses would learn of a right one even then."""
        wait = max(limits.wait(limit, *who) for limit, who in self._counted())
        if wait:
            form = self.get_form_class()(request)
            return too_many(request, self.template_name, wait, **self.get_context_data(form=form))
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        here, who = self._counted()[0]
        limits.forget(here, *who)
        answer = super().form_valid(form)
        describe(self.request, form.get_user())
        return answer

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        for limit, who in self._counted():
            limits.count(limit, *who)
        return super().form_invalid(form)

    def _counted(self) -> tuple[tuple[limits.Limit, tuple[str, ...]], ...]:
        name = people.user_name_of(self.request.POST.get("username", "")[:200].strip()).lower()
        place = place_of(self.request)
        return (
            (limits.SIGN_IN_HERE, (name, place)),
            (limits.SIGN_IN_ADDRESS, (place,)),
            (limits.SIGN_IN_NAME, (name,)),
        )


class SignOut(LogoutView):
    next_page = "sign_in"


# ---- a forgotten password ----------------------------------------------------------------------------------


class ResetForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("Email"),
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
        error_messages={"invalid": gettext_lazy("That is no email address. Write it like name@example.com.")},
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Asks where to send the link. The answer is the same whether anybody has an account there."""
    form = ResetForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 400 if form.is_bound else 200
        return render(request, "bookings/door/forgotten.html", {"form": form}, status=status)
    email = form.cleaned_data["email"].lower()
    wait = limits.count(limits.RESET_ADDRESS, place_of(request)) or limits.count(limits.RESET_MAILS, email)
    if wait:
        return too_many(request, "bookings/door/forgotten.html", wait, form=form)
    passwords.offer_reset(email)
    return render(request, "bookings/door/forgotten.html", {"sent_to": email})


class ResetPassword(PasswordResetConfirmView):
    """A new password, by the link of a mail. It ends every session of the person."""

    template_name = "bookings/door/new_password.html"
    success_url = reverse_lazy("sign_in")

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        assert isinstance(self.user, User)  # the link was good
        passwords.was_reset(self.user)
        messages.success(self.request, _("Your new password is set. Sign in with it."))
        return answer


# ---- one's own account -------------------------------------------------------------------------------------


class ChangePassword(PasswordChangeView):
    template_name = "bookings/door/password.html"
    success_url = reverse_lazy("me")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        answer = super().form_valid(form)
        user = self.request.user
        assert isinstance(user, User)
        passwords.was_changed(user, but=self.request.session.session_key)
        messages.success(self.request, _("Your password is changed. Other browsers are signed out."))
        return answer


@login_required
@require_safe
@never_cache
def me(request: HttpRequest) -> HttpResponse:
    """Who one is here, and in which browsers."""
    user = person_of(request)
    zone = clock_of(user)
    context = {
        "memberships": Membership.objects.filter(user=user).select_related("partner"),
        "staff_role": people.staff_role_of(user),
        "sessions": sessions.of(user),
        "this_session": request.session.session_key,
        "zone": zone.key,
    }
    with timezone.override(zone):
        return render(request, "bookings/door/me.html", context)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """The portal speaks that language from now on: to the person, where one is signed in; to the browser."""
    code = request.POST.get("language", "")
    user = request.user
    try:
        languages.check(code)
        if isinstance(user, User):
            languages.choose(user, code)
            speak(request, code)
    except Rejected as no:
        return HttpResponseBadRequest(no.message, content_type="text/plain; charset=utf-8")
    there = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure())
    answer = redirect(there if safe else "dashboard")
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return answer


@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """Ends one's other sessions; this one stays."""
    user = person_of(request)
    ended = sessions.end_all(user, but=request.session.session_key)
    told = ngettext(
        "%(count)d other browser is signed out.", "%(count)d other browsers are signed out.", ended
    )
    messages.success(request, told % {"count": ended})
    return redirect("me")
