"""Invitations: a role at a partner, offered by mail, taken once and in time."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import Invitation, Membership, Partner
from bookings.services import audit, limits, links, notices, people
from bookings.services.errors import AlreadyThere, Moved, Rejected
from bookings.vocabulary import Role, Source

VALID = timedelta(days=7)
LONGEST_EMAIL = 150  # it becomes the user name


def invite(partner: Partner, email: str, role: Role, *, by: User) -> Invitation:
    """Offer somebody a role by mail. A repeat sends the same invitation anew, with the role named last.

    Raises Forbidden, AlreadyThere for who works there already, and Rejected for too many in a day.
    """
    people.require(by, people.MANAGE, partner)
    email = email.strip().lower()
    if len(email) > LONGEST_EMAIL:
        raise Rejected(_("That address is too long to sign in with."), field="email")
    if Membership.objects.filter(partner=partner, user__email__iexact=email).exists():
        raise AlreadyThere(_("%s works here already; change the role below.") % email, field="email")
    now = timezone.now()
    with transaction.atomic():
        invitation, is_new = Invitation.objects.get_or_create(
            partner=partner,
            email=email,
            accepted_at=None,
            revoked_at=None,
            defaults={"role": role, "invited_by": by, "expires_at": now + VALID},
        )
        if is_new:
            _send(invitation, "invitation.sent", by=by)
        else:
            _renew(invitation, role, by=by)
    return invitation


def send_again(invitation: Invitation, *, by: User) -> Invitation:
    """A new mail with a new link and new time; the older link opens nothing any more."""
    people.require(by, people.MANAGE, invitation.partner)
    with transaction.atomic():
        fresh = _open(invitation)
        _renew(fresh, Role(fresh.role), by=by)
    return fresh


def revoke(invitation: Invitation, *, by: User) -> None:
    people.require(by, people.MANAGE, invitation.partner)
    with transaction.atomic():
        fresh = _open(invitation)
        fresh.revoked_at = timezone.now()
        fresh.save(update_fields=["revoked_at"])
        audit.note(
            "invitation.revoked",
            fresh,
            source=Source.PERSON,
            by=by,
            partner=fresh.partner,
            before=_told(fresh),
        )


def _renew(invitation: Invitation, role: Role, *, by: User) -> None:
    now = timezone.now()
    invitation.role, invitation.turn = role, invitation.turn + 1
    invitation.sent_at, invitation.expires_at, invitation.invited_by = now, now + VALID, by
    invitation.save(update_fields=["role", "turn", "sent_at", "expires_at", "invited_by"])
    _send(invitation, "invitation.sent_again", by=by)


def _send(invitation: Invitation, action: str, *, by: User) -> None:
    partner = invitation.partner
    if limits.count(limits.INVITATIONS, str(partner.pk)):
        raise Rejected(_("That are many invitations for one day. Go on tomorrow, or ask an administrator."))
    audit.note(action, invitation, source=Source.PERSON, by=by, partner=partner, after=_told(invitation))
    words = {
        "who": by.get_full_name() or by.get_username(),
        "partner": partner.name,
        "role": invitation.get_role_display(),
        "until": f"{invitation.expires_at:%d %B %Y, %H:%M} UTC",
        "link": links.HERE,
    }
    notices.owe_letter(
        f"invitation:{invitation.pk}:{invitation.turn}",
        to=invitation.email,
        subject=_("%(partner)s invites you to Showings") % words,
        body=_(
            "%(who)s invites you to work for %(partner)s on Showings, as: %(role)s.\n\n"
            "Showings books property showings on BrokerBay by itself.\n\n"
            "Accept here: %(link)s\n\n"
            "The link is for you alone and is good until %(until)s. If you did not expect it, do nothing.\n"
        )
        % words,
        link=links.to_invitation(invitation),
        partner=partner,
    )


def _told(invitation: Invitation) -> dict[str, str]:
    return {"email": invitation.email, "role": invitation.role}


def _open(invitation: Invitation) -> Invitation:
    """The invitation, locked. Raises Moved when it is open no more."""
    fresh = Invitation.objects.select_for_update().select_related("partner").get(pk=invitation.pk)
    if fresh.accepted_at or fresh.revoked_at:
        raise Moved(_("That invitation is not open any more; look again."))
    return fresh


# ---- taken -------------------------------------------------------------------------------------------------


def read(token: str) -> Invitation:
    """The invitation that a link opens. Raises Rejected with what to do instead."""
    named = links.read_token(token)
    found = Invitation.objects.select_related("partner", "invited_by").filter(pk=named[0]) if named else None
    invitation = found.first() if found is not None else None
    if named is None or invitation is None:
        raise Rejected(_("This link is not whole. Copy all of it from the mail, or ask to be invited again."))
    if invitation.accepted_at is not None:
        raise AlreadyThere(_("This invitation was accepted already. Sign in."))
    if invitation.revoked_at is not None or not invitation.partner.is_active:
        raise Rejected(_("This invitation was taken back. Ask whoever invited you."))
    if invitation.turn != named[1]:
        raise Rejected(_("This invitation was sent again. Take the link of the newest mail."))
    if invitation.is_late:
        raise Rejected(_("This invitation is too old. Ask whoever invited you to send it again."))
    return invitation


def account_for(invitation: Invitation) -> User | None:
    """Who reads mail at the invitation's address and has an account here already."""
    return User.objects.filter(email__iexact=invitation.email, is_active=True).order_by("pk").first()


def accept(invitation: Invitation, user: User) -> Membership:
    """Let a person with an account take the role. Raises Rejected for anybody but whom it was sent to."""
    if user.email.lower() != invitation.email:
        raise Rejected(_("This invitation is for %s.") % invitation.email)
    with transaction.atomic():
        fresh = _open(invitation)
        if fresh.turn != invitation.turn:
            raise Moved(_("This invitation was sent again. Take the link of the newest mail."))
        fresh.accepted_at, fresh.accepted_by = timezone.now(), user
        fresh.save(update_fields=["accepted_at", "accepted_by"])
        held = Membership.objects.filter(user=user, partner=fresh.partner).first()
        membership = held or people.join(user, fresh.partner, Role(fresh.role), by=fresh.invited_by)
        audit.note(
            "invitation.accepted",
            fresh,
            source=Source.PERSON,
            by=user,
            partner=fresh.partner,
            after=_told(fresh),
        )
    return membership


def sign_up(invitation: Invitation, *, first_name: str, last_name: str, password: str) -> User:
    """A new account for whom the invitation was sent to; they sign in with that address.

    A name is one line: mails tell it, where a line of its own could be taken for the portal's words.
    Raises Django's ValidationError for a weak password, Rejected where there is an account already.
    """
    first_name, last_name = (" ".join(name.split()) for name in (first_name, last_name))
    user = User(username=invitation.email, email=invitation.email, first_name=first_name, last_name=last_name)
    validate_password(password, user)
    if account_for(invitation) is not None:
        raise AlreadyThere(_("You have an account here already. Sign in, then open the link again."))
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            accept(invitation, user)
    except IntegrityError as taken:
        raise AlreadyThere(
            _("You have an account here already. Sign in, then open the link again.")
        ) from taken
    return User.objects.get(pk=user.pk)
