from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.models import Account, Partner
from ingest.legacy import NotTheFile, import_file

STOPPED = 130
ODDITIES_SHOWN = 20
PARTNERS_SHOWN = 20


class Command(BaseCommand):
    help = "Import the predecessor's data.db: homes, requests and bookings, unverified; safe to run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="The predecessor's SQLite file.")
        parser.add_argument("--partner", required=True, metavar="NAME", help="Whose rows they become.")
        parser.add_argument(
            "--account", metavar="E-MAIL", help="The BrokerBay account; needed where the partner has several."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Read and judge everything; store nothing."
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help="Write the whole report there.")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(name=options["partner"]).first()
        if partner is None:
            names = list(Partner.objects.order_by("name").values_list("name", flat=True)[:PARTNERS_SHOWN])
            there = f"There are: {', '.join(names)}." if names else "Make one in the admin first."
            raise CommandError(f"There is no partner “{options['partner']}”. {there}")
        account = _account(partner, options["account"])
        try:
            report = import_file(
                options["file"],
                partner=partner,
                account=account,
                dry_run=options["dry_run"],
                tell=self._tell,
            )
        except NotTheFile as no:
            raise CommandError(str(no)) from no
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped. What was imported is kept; run it again to go on.", returncode=STOPPED
            ) from None
        lines = list(report.lines())
        if options["report"]:
            _write(options["report"], lines)
        shown = len(lines) - len(report.oddities) + ODDITIES_SHOWN
        self.stdout.write("\n".join(lines[:shown]))
        if len(lines) > shown:
            self.stdout.write(f"… and {len(lines) - shown} more; --report FILE has them all.")
        self.stdout.write(
            "A dry run: nothing was stored."
            if options["dry_run"]
            else "Imported bookings are unverified until BrokerBay's own list shows them: "
            "manage.py reconcile_account compares."
        )

    def _tell(self, table: str, done: int) -> None:
        self.stderr.write(f"{table}: {done} rows read")


def _account(partner: Partner, email: str | None) -> Account:
    accounts = list(partner.accounts.filter(**({"email__iexact": email} if email else {}))[:2])
    if len(accounts) == 1:
        return accounts[0]
    if email or not accounts:
        raise CommandError(f"{partner} has no BrokerBay account{f' {email}' if email else ''}; add it first.")
    raise CommandError(f"{partner} has several BrokerBay accounts; name one with --account.")


def _write(path: Path, lines: list[str]) -> None:
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as refused:
        raise CommandError(f"The report cannot be written to {path}: {refused.strerror}.") from refused
