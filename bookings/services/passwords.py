"""Passwords: the mail that helps who forgot theirs, and what a new one ends."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from bookings.services import audit, letters, links, notices, sessions
from bookings.vocabulary import Source


def offer_reset(email: str) -> None:
    """Owe everybody who reads mail there a link to a new password. Nobody learns whether there is anybody."""
    for user in User.objects.filter(email__iexact=email, is_active=True):
        words = {"name": user.get_username(), "link": links.HERE}
        with translation.override(letters.language_of(user)):
            notices.owe_letter(
                f"reset:{user.pk}:{timezone.now().timestamp():.0f}",
                to=user.email,
                subject=_("A new password for Showings"),
                body=_(
                    "Somebody, we hope you, asked for a new password for “%(name)s” on Showings.\n\n"
                    "Choose it here: %(link)s\n\n"
                    "The link is good for four hours, and once. If you did not ask for it, do nothing: your "
                    "password stays as it is.\n"
                )
                % words,
                link=links.to_reset(user),
            )


def was_reset(user: User) -> None:
    """A new password was chosen by mail: every session ends."""
    with transaction.atomic():
        sessions.end_all(user)
        audit.note("user.password_reset", user, source=Source.PERSON, by=user)


def was_changed(user: User, *, but: str | None) -> None:
    """A person changed their own password: their other sessions end."""
    with transaction.atomic():
        sessions.end_all(user, but=but)
        audit.note("user.password_changed", user, source=Source.PERSON, by=user)
