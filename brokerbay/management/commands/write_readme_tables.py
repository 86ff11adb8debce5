from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from brokerbay import readme


class Command(BaseCommand):
    help = "Write README.md's tables of settings and commands anew; what `make docs` does."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "README.md"
        tables = {
            "settings": readme.settings_table(settings.ENVIRONMENT.declared.values()),
            "commands": readme.commands_table(),
        }
        path.write_text(readme.with_tables(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
