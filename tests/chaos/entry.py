"""manage.py for the harness's workers: `python tests/chaos/entry.py run_workers booking`.

Does what manage.py does, after turning what only tests may turn: CHAOS_PACE makes the protocol's clock
faster, CHAOS_WITHOUT takes guards away, CHAOS_POINTS names the folder in which a test says where a worker is
to be hurt.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    sys.path[0] = str(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "brokerbay.settings")
    import django

    django.setup()
    from brokerbay.ops.supervisor import Supervisor
    from tests.chaos import guards, pace, points

    Supervisor.program = str(Path(__file__).resolve())
    pace.scale(float(os.environ.get("CHAOS_PACE", "1")))
    points.plant()
    guards.take_away(os.environ.get("CHAOS_WITHOUT", "").split())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
