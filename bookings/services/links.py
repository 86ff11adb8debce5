"""The private links of letters: made as a letter is sent, from what the rows say then, and stored nowhere.

Whoever reads the list of notices, or a copy of the database, finds no link in it.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from bookings.models import Invitation, Notice

# Where the link belongs in a letter's body.
HERE = "{link}"
_signer = Signer(sep="~", salt="bookings.invitation")


def to_invitation(invitation: Invitation) -> str:
    """What a notice's `link` says for an invitation."""
    return f"invitation:{invitation.pk}"


def to_reset(user: User) -> str:
    """What a notice's `link` says for a person's new password."""
    return f"reset:{user.pk}"


def filled(notice: Notice) -> str:
    """A notice's body as it goes out. Without a `link`, it is the body as it stands."""
    return notice.body.replace(HERE, _address(notice.link)) if notice.link else notice.body


def _address(link: str) -> str:
    """The whole address, which begins with SITE_URL: nobody's Host header gets a word in."""
    kind, _, pk = link.partition(":")
    if kind == "invitation":
        path = reverse("join", args=[token_of(Invitation.objects.get(pk=pk))])
    else:
        user = User.objects.get(pk=pk)
        uid = urlsafe_base64_encode(force_bytes(user.pk))
        path = reverse("reset_password", args=[uid, default_token_generator.make_token(user)])
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def token_of(invitation: Invitation) -> str:
    return _signer.sign(f"{invitation.pk}.{invitation.turn}")


def read_token(token: str) -> tuple[int, int] | None:
    """The invitation's id and turn that a token of ours names; None for any other."""
    try:
        pk, _, turn = _signer.unsign(token).partition(".")
    except BadSignature:
        return None
    return int(pk), int(turn)
