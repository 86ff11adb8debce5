from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from bookings import labels


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Showings")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        labels.translate(self)
        post_migrate.connect(_ensure_groups, sender=self)
        connection_created.connect(_plan_plainly)


def _plan_plainly(connection: Any, **more: Any) -> None:
    """PostgreSQL would compile some questions for half a second that it answers in a hundredth of that."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")


def _ensure_groups(sender: AppConfig, **more: Any) -> None:
    # Imported here: no model is loaded before ready().
    from django.apps import apps
    from django.contrib.auth.management import create_permissions

    from bookings import finding
    from bookings.services import people

    finding.ensure()
    # Django makes the permissions in a handler of its own, which may come after this one.
    for app in (sender, apps.get_app_config("auth"), apps.get_app_config("django_q")):
        create_permissions(app, verbosity=0)
    people.ensure_groups()
