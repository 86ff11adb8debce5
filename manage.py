#!/usr/bin/env python
"""The portal's command line: `python manage.py help` lists what it can do."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "brokerbay.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from brokerbay.env import plain_stop

    with plain_stop():
        # Django would swallow a wrong setting here and fail later in a riddle.
        settings.INSTALLED_APPS  # noqa: B018
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
