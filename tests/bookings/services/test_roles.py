"""Two roles at two partners: what a person may do at one of them gives nothing at the other."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bookings.models import Account, AuditEntry, Booking, BookingRun, Membership, Partner
from bookings.services import accounts, bookings, edits, people, runs
from bookings.services.errors import Forbidden, NotAllowed
from bookings.vocabulary import BookingStatus, Role, Source, StaffRole
from tests.bookings.cast import Cast, make_booking, make_run, staff

pytestmark = pytest.mark.django_db
READING = re.compile(r"\.(view_|see_all_partners|export_)")


@pytest.fixture
def two_hats(cast: Cast) -> User:
    """A manager of the other partner who only looks on at the first."""
    people.join(cast.stranger, cast.partner, Role.VIEWER, by=cast.admin)
    return User.objects.get(pk=cast.stranger.pk)


def test_looking_reaches_both(cast: Cast, two_hats: User) -> None:
    make_booking(cast.account)
    make_booking(cast.other_account)
    assert Booking.objects.visible_to(two_hats).count() == 2


def test_taking_out_reaches_only_where_the_role_says_so(cast: Cast, two_hats: User) -> None:
    make_booking(cast.account)
    theirs = make_booking(cast.other_account)
    assert list(Booking.objects.visible_to(two_hats, may="export_booking")) == [theirs]


def test_acting_reaches_only_where_the_role_says_so(cast: Cast, two_hats: User) -> None:
    assert make_run(cast.other, by=two_hats).partner == cast.other
    run = make_run(cast.partner, by=cast.owner)
    booking = make_booking(cast.account)
    for act in (
        lambda: make_run(cast.partner, by=two_hats),
        lambda: runs.stop(run, by=two_hats),
        lambda: runs.try_again(run, by=two_hats),
        lambda: bookings.change_status(booking, BookingStatus.PENDING, by=two_hats),
        lambda: bookings.hide(booking, by=two_hats),
        lambda: accounts.sign_in(cast.account, "sealed", by=two_hats, source=Source.PERSON),
        lambda: edits.save(cast.partner, ["showing_minutes"], by=two_hats),
    ):
        with pytest.raises(Forbidden):
            act()
    assert BookingRun.objects.filter(partner=cast.partner).count() == 1
    assert Account.objects.get(pk=cast.account.pk).session == ""


def test_an_operator_acts_everywhere(cast: Cast) -> None:
    assert make_run(cast.partner, by=cast.admin).created_by == cast.admin


def test_an_auditor_sees_all_and_changes_nothing(cast: Cast) -> None:
    auditor = staff(StaffRole.AUDITOR)
    booking, run = make_booking(cast.account), make_run(cast.partner, by=cast.owner)
    assert Booking.objects.visible_to(auditor).count() == 1
    assert Booking.objects.visible_to(auditor, may="export_booking").count() == 1
    changing = [name for name in auditor.get_all_permissions() if not READING.search(name)]
    assert changing == []
    for act in (
        lambda: make_run(cast.partner, by=auditor),
        lambda: runs.stop(run, by=auditor),
        lambda: bookings.change_status(booking, BookingStatus.PENDING, by=auditor),
        lambda: people.remove(cast.owner.memberships.get(), by=auditor),
    ):
        with pytest.raises(Forbidden):
            act()


def test_an_auditor_with_a_role_at_one_partner_acts_there_only(cast: Cast) -> None:
    auditor = staff(StaffRole.AUDITOR)
    people.join(auditor, cast.other, Role.MANAGER)
    auditor = User.objects.get(pk=auditor.pk)
    assert make_run(cast.other, by=auditor).partner == cast.other
    with pytest.raises(Forbidden):
        make_run(cast.partner, by=auditor)
    assert list(Partner.objects.visible_to(auditor, may="manage_people")) == [cast.other]


def test_an_operator_does_the_daily_work_everywhere_but_hands_out_no_staff_roles(cast: Cast) -> None:
    operator = staff(StaffRole.OPERATOR)
    assert make_run(cast.partner, by=operator).created_by == operator
    people.change_role(cast.owner.memberships.get(), Role.VIEWER, by=operator)
    with pytest.raises(Forbidden):
        people.appoint(cast.owner, StaffRole.OPERATOR, by=operator)
    with pytest.raises(Forbidden):
        people.appoint(cast.owner, StaffRole.OPERATOR, by=cast.manager)


def test_a_staff_role_is_given_and_taken_by_an_administrator(cast: Cast) -> None:
    people.appoint(cast.bare_staff, StaffRole.ADMINISTRATOR, by=cast.admin)
    assert User.objects.get(pk=cast.bare_staff.pk).is_superuser
    people.appoint(cast.bare_staff, None, by=cast.admin)
    person = User.objects.get(pk=cast.bare_staff.pk)
    assert (person.is_superuser, person.is_staff, people.staff_role_of(person)) == (False, False, None)
    with pytest.raises(NotAllowed):
        people.appoint(cast.admin, None, by=cast.admin)
    told = AuditEntry.objects.filter(action="people.appointed").order_by("pk")
    assert [entry.after["role"] for entry in told] == ["administrator", ""]


# ---- a partner's own people ------------------------------------------------------------------------


def test_a_partner_keeps_its_last_manager(cast: Cast) -> None:
    last = cast.manager.memberships.get()
    for act in (
        lambda: people.remove(last, by=cast.manager),
        lambda: people.change_role(last, Role.BOOKER, by=cast.manager),
    ):
        with pytest.raises(NotAllowed):
            act()
    people.change_role(cast.owner.memberships.get(), Role.MANAGER, by=cast.manager)
    people.change_role(last, Role.BOOKER, by=cast.manager)
    assert Membership.objects.get(user=cast.manager).role == Role.BOOKER


def test_a_manager_has_no_say_over_another_partners_people(cast: Cast) -> None:
    for membership in (cast.owner.memberships.get(), cast.manager.memberships.get()):
        for act in (
            lambda whose: people.remove(whose, by=cast.stranger),
            lambda whose: people.change_role(whose, Role.VIEWER, by=cast.stranger),
        ):
            with pytest.raises(Forbidden):
                act(membership)


def test_whoever_is_removed_is_out_at_once(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    key = people.create_key(cast.owner, "their program")
    assert client.get("/").status_code == 200
    people.remove(cast.owner.memberships.get(), by=cast.manager)
    assert client.get("/").status_code == 302
    assert people.live_key(key) is None
    assert not User.objects.get(pk=cast.owner.pk).is_staff


def test_whoever_works_for_another_partner_too_stays_signed_in_and_sees_only_that_one(
    cast: Cast, two_hats: User, client: Client
) -> None:
    client.force_login(two_hats)
    make_booking(cast.account)
    people.remove(two_hats.memberships.get(partner=cast.partner), by=cast.manager)
    assert client.get("/").status_code == 200
    assert not Booking.objects.visible_to(two_hats).exists()
