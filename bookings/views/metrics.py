"""The portal in figures, as Prometheus reads them: taken from the tables when they are asked for."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from bookings.models.scope import sees_all
from bookings.queries.measures import measure

PREFIX = "showings_"


class Figures(Collector):
    """Asks the tables: nothing is counted in a process, of which there are many and none lasts."""

    def collect(self) -> Iterator[Metric]:
        for figure in measure(timezone.now()):
            family = GaugeMetricFamily(PREFIX + figure.name, figure.says, labels=figure.labels)
            for labels, value in figure.values.items():
                family.add_metric(labels, value)
            yield family


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Every figure, for who knows METRICS_TOKEN and for staff who see all partners; 404 for all others."""
    if not _may_read(request):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read(request: HttpRequest) -> bool:
    """A wrong token is refused even where a session would do."""
    scheme, _, word = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token: str = settings.METRICS_TOKEN
        return bool(token) and secrets.compare_digest(word.strip().encode(), token.encode())
    return isinstance(request.user, User) and sees_all(request.user)
