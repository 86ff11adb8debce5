"""`manage.py create_api_key USERNAME`: a key for a person's programs, printed this once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from bookings.api.partners import partner_of
from bookings.services import people
from bookings.services.errors import Rejected
from bookings.vocabulary import KeyScope

LONGEST_NAME = 80


class Command(BaseCommand):
    help = "Make an API key: it may do what its person may do, or less. It is shown once; its hash is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="Whose key it is.")
        parser.add_argument("--name", default="API key", help="What it is for, to tell keys apart later.")
        parser.add_argument(
            "--scope", choices=KeyScope.values, default=KeyScope.BOOK, help="read: it may change nothing."
        )
        parser.add_argument("--partner", help="Id or name of the one partner that it is good for.")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        if not 1 <= len(name) <= LONGEST_NAME:
            raise CommandError(f"Give the key a name of 1 to {LONGEST_NAME} characters.")
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no person with the username “{options['username']}”.")
        if not user.is_active:
            raise CommandError(f"{user} may not sign in any more, so a key would open nothing.")
        scope = KeyScope(options["scope"])
        try:
            partner = partner_of(user, options["partner"]) if options["partner"] else None
            key = people.create_key(user, name, scope=scope, partner=partner)
        except Rejected as no:
            raise CommandError(no.message) from no
        self.stdout.write(key)
        self.stderr.write(
            f"That is {user}'s key “{name}”. Keep it now: it is not shown again.\n"
            "Send it as “Authorization: Bearer KEY”."
        )
