from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from bookings.models.scope import ScopedQuerySet
from bookings.vocabulary import UpstreamState

# A bridge tells of itself every ten seconds, but not while it waits for an answer.
UNHEARD_OF = timedelta(minutes=2)


class Upstream(models.Model):
    """A service that rows come from or go to, and whether it is asked at the moment: its circuit breaker.

    Only bookings.services.upstreams writes it, once per change and not per question.
    """

    key = models.CharField(_("service"), max_length=40, primary_key=True)
    state = models.CharField(max_length=16, choices=UpstreamState, default=UpstreamState.OK)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    opened_at = models.DateTimeField(_("resting since"), null=True, blank=True)
    # When one question is let through again; while one is under way, until when it is waited for.
    retry_at = models.DateTimeField(_("asked again at"), null=True, blank=True)
    last_ok_at = models.DateTimeField(_("last answer"), null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    facts = models.JSONField(_("what is known"), default=dict, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("outside service")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key

    @property
    def is_asked(self) -> bool:
        """False while it is left alone, and while one question finds out whether it answers again."""
        return self.state == UpstreamState.OK

    @property
    def stands(self) -> tuple[str, str]:
        """A word for its colour and one for people. After a failure or two it is asked as ever."""
        if self.has_lost_its_line:
            return UpstreamState.TRYING, str(_("Not listening"))
        if self.is_asked and self.failures:
            return UpstreamState.TRYING, str(_("Failed just now"))
        return self.state, self.get_state_display()

    @property
    def is_listening(self) -> bool:
        """Whether its line stands, by what the bridge told of itself within the last minutes."""
        seen_at = self.moment("seen_at")
        is_heard_of = seen_at is not None and timezone.now() - seen_at <= UNHEARD_OF
        return is_heard_of and self.facts.get("state") == "listening"

    @property
    def has_lost_its_line(self) -> bool:
        """False too for a service without a line, and before a bridge ever ran."""
        return "state" in self.facts and not self.is_listening

    def moment(self, fact: str) -> datetime | None:
        """When that was, of the facts that are moments; None while it is not known."""
        text = self.facts.get(fact)
        return datetime.fromisoformat(text) if text else None

    def line_in_words(self) -> str:
        """How the bridge's line stands, by what it last told of itself; empty for services without a line."""
        state, seen_at = self.facts.get("state"), self.moment("seen_at")
        if state is None or seen_at is None:
            return ""
        if state == "stopped" or timezone.now() - seen_at > UNHEARD_OF:
            return str(_("No bridge listens: requests come with passes alone. Start manage.py run_bridge."))
        if state != "listening":
            return _("Not listening: {trouble}").format(trouble=self.facts.get("trouble", ""))
        since = self.moment("connected_since") or seen_at
        words = [_("listening for {time}").format(time=timesince(since))]
        if last := self.moment("last_event_at"):
            words.append(_("last change {time} ago").format(time=timesince(last)))
        if "lag_ms" in self.facts:
            words.append(_("here after {lag} ms").format(lag=self.facts["lag_ms"]))
        return ", ".join(map(str, words))
