"""Signing in and out, in the portal's own skin."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView


class SignIn(LoginView):
    template_name = "bookings/sign_in.html"
    redirect_authenticated_user = True
    next_page = "dashboard"


class SignOut(LogoutView):
    next_page = "sign_in"
