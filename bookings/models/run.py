from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.models.account import Account
from bookings.models.booking import Booking
from bookings.models.partner import Partner
from bookings.models.scope import ScopedQuerySet
from bookings.models.showing import ShowingRequest
from bookings.told import tell
from bookings.vocabulary import (
    OPEN_RUN_STATES,
    AttemptPurpose,
    EvidenceKind,
    Level,
    RunKind,
    RunState,
    Source,
    reason_next_step,
    reason_title,
)


class BookingRun(models.Model):
    """The will to do one thing on BrokerBay; has the state, the lease and the fencing number."""

    PARTNER_PATH = "partner"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=16, choices=RunKind, default=RunKind.BOOK)
    state = models.CharField(max_length=16, choices=RunState, default=RunState.QUEUED)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="runs")
    account = models.ForeignKey(Account, models.PROTECT, related_name="runs")
    request = models.ForeignKey(ShowingRequest, models.PROTECT, null=True, blank=True, related_name="runs")
    booking = models.ForeignKey(Booking, models.SET_NULL, null=True, blank=True, related_name="runs")

    # What is wanted, exactly as a person said it.
    property_text = models.CharField(max_length=300)
    mls_number = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=300, blank=True)
    listing_id = models.CharField(max_length=40, blank=True)
    wanted_date = models.DateField(null=True, blank=True)
    wanted_time = models.TimeField(null=True, blank=True)
    duration_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    auto_confirm_only = models.BooleanField(default=False)
    time_zone = models.CharField(max_length=64)
    starts_at = models.DateTimeField(null=True, blank=True)

    # A cancel or a reschedule is about `booking`; `showing_id` is BrokerBay's id of it, as known when queued.
    showing_id = models.CharField(max_length=40, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)

    # Rehearse, then release: with `rehearses`, an attempt stops before the last click until `released_at`.
    rehearses = models.BooleanField(default=False)
    dry_run = models.BooleanField(default=False, help_text=_("Ends with the rehearsal; never sends."))
    rehearsed_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    # Who holds it. `attempt_number` is the fencing number: it only grows.
    attempt_number = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    rung_at = models.DateTimeField(null=True, blank=True)
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    attempts_left = models.PositiveSmallIntegerField(default=5)
    # Since when its tries, one after another, have found BrokerBay down. Those do not spend `attempts_left`.
    down_since = models.DateTimeField(null=True, blank=True, editable=False)

    # The point of no return: set, with the fence, before a byte of the submit leaves.
    submitting_at = models.DateTimeField(null=True, blank=True)
    submits = models.PositiveSmallIntegerField(default=0)
    absent_reads = models.PositiveSmallIntegerField(default=0)

    # How it stands, for people.
    step = models.CharField(max_length=40, blank=True)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    open_slots = models.JSONField(default=list, blank=True)
    candidates = models.JSONField(default=list, blank=True)
    listing = models.JSONField(default=dict, blank=True)

    source = models.CharField(max_length=16, choices=Source, default=Source.PERSON)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    idempotency_key = models.CharField(max_length=120, blank=True)
    # Of what the key came with, word for word: the run itself may be asked for another time since.
    asked_digest = models.CharField(max_length=64, blank=True, editable=False)
    event_seq = models.PositiveIntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("-queued_at", "-id")
        permissions = [("book_run", "Can start, stop and retry booking runs")]
        indexes = [
            models.Index(fields=["-queued_at", "-id"], name="run_newest"),
            models.Index(fields=["partner", "-queued_at"], name="run_partner_newest"),
            # With all that the dashboard's last weeks are told by.
            models.Index(
                fields=["state", "-queued_at", "kind", "partner", "account"], name="run_ended_newest"
            ),
            models.Index(fields=["account", "-queued_at"], name="run_account_newest"),
            models.Index(fields=["state", "not_before", "starts_at"], name="run_due"),
            models.Index(fields=["partner", "property_text", "kind", "id"], name="run_successors"),
            models.Index(fields=["lease_until"], condition=Q(lease_until__isnull=False), name="run_held"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "kind"],
                condition=Q(state__in=OPEN_RUN_STATES),
                name="one_open_run_per_request",
            ),
            models.UniqueConstraint(
                fields=["account", "property_text", "wanted_date", "wanted_time", "kind"],
                condition=Q(state__in=OPEN_RUN_STATES) & Q(wanted_date__isnull=False),
                name="one_open_run_per_wish",
            ),
            models.UniqueConstraint(
                fields=["booking"],
                condition=Q(state__in=OPEN_RUN_STATES, kind__in=(RunKind.CANCEL, RunKind.RESCHEDULE)),
                name="one_open_change_per_booking",
            ),
            models.UniqueConstraint(
                fields=["account", "kind"],
                condition=Q(state__in=OPEN_RUN_STATES, kind__in=(RunKind.RECONCILE, RunKind.SIGN_IN)),
                name="one_open_look_per_account",
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(lease_until__isnull=False),
                name="one_holder_per_account",
            ),
            # While it is not known whether a request arrived, no other is sent for the same moment: under
            # another spelling it could be for the same home.
            models.UniqueConstraint(
                fields=["account", "starts_at"],
                condition=Q(state__in=(RunState.RUNNING, RunState.UNCONFIRMED), submitting_at__isnull=False),
                name="one_request_on_its_way",
            ),
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="one_run_per_idempotency_key",
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.property_text}"

    @property
    def is_open(self) -> bool:
        return RunState(self.state).is_open

    @property
    def told_kind(self) -> str:
        """Its kind, and that it is only rehearsed, e.g. "Book · rehearsal only"."""
        kind = self.get_kind_display()
        return f"{kind} · {gettext('rehearsal only')}" if self.dry_run else kind

    @property
    def title(self) -> str:
        """The result in plain words, e.g. "That time is not offered"."""
        return tell(reason_title(self.reason_code)) if self.reason_code else str(RunState(self.state).label)

    @property
    def next_step(self) -> str:
        if not self.reason_code:
            return ""
        has_time = self.not_before is not None
        return tell(reason_next_step(self.reason_code, self.state, has_time=has_time))


class Attempt(models.Model):
    """One try of a run by one worker."""

    PARTNER_PATH = "run__partner"

    run = models.ForeignKey(BookingRun, models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    purpose = models.CharField(max_length=16, choices=AttemptPurpose, default=AttemptPurpose.PERFORM)
    holder = models.CharField(max_length=120)
    started_at = models.DateTimeField(default=timezone.now)
    submitting_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=16, blank=True)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    step = models.CharField(max_length=40, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("run", "number")
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="attempt_number_once")]

    def __str__(self) -> str:
        return f"Attempt {self.number} of run {self.run_id}"


def evidence_path(evidence: Evidence, filename: str) -> str:
    return f"{evidence.run.uuid}/{evidence.attempt_number:03d}-{filename}"


def evidence_storage():  # type: ignore[no-untyped-def]
    from django.core.files.storage import storages

    return storages["evidence"]


class Evidence(models.Model):
    """Something kept for a person: a picture of a step, or, for staff only, a trace or a page's markup."""

    PARTNER_PATH = "run__partner"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(BookingRun, models.CASCADE, related_name="evidence")
    attempt_number = models.PositiveIntegerField()
    step = models.CharField(max_length=40)
    kind = models.CharField(max_length=16, choices=EvidenceKind, default=EvidenceKind.PICTURE)
    file = models.FileField(upload_to=evidence_path, storage=evidence_storage, max_length=300)
    taken_at = models.DateTimeField(default=timezone.now)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("evidence")
        ordering = ("run", "taken_at", "id")

    def __str__(self) -> str:
        return f"{self.step} of run {self.run_id}"


class RunEvent(models.Model):
    """One line of the live log. `seq` counts within its run without gaps, in the order of commits."""

    PARTNER_PATH = "run__partner"

    run = models.ForeignKey(BookingRun, models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    attempt_number = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=10, choices=Level, default=Level.INFO)
    step = models.CharField(max_length=40, blank=True)
    state = models.CharField(
        max_length=16, choices=RunState, blank=True, help_text=_("The new state, if it moved.")
    )
    message = models.CharField(max_length=500)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    evidence = models.ForeignKey(Evidence, models.SET_NULL, null=True, blank=True, related_name="events")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("run", "seq")
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="event_seq_once")]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.message}"
