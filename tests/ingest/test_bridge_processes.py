"""The bridge as processes: killed, cut off and restarted while requests change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def test_nothing_is_missed_and_nothing_doubled_by_a_bridge_under_siege() -> None:
    troubles = ("--only", "kill", "--only", "cut", "--only", "restart")
    command = [sys.executable, "-m", "tests.ingest.bridge_trial", "--changes", "30", "--troubles", "3"]
    done = subprocess.run([*command, *troubles], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["wrong"] == []
    assert report["troubles"] == {"kill": 1, "cut": 1, "restart": 1}
    assert done.returncode == 0


def test_without_supabase_it_waits_to_be_ended() -> None:
    command = [sys.executable, "-u", "manage.py", "run_bridge"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ) as waiting:
        assert waiting.stdout is not None
        assert "nothing to listen to" in waiting.stdout.readline()
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(30) == 0


def test_a_bridge_that_falls_silent_is_started_anew(tmp_path: Path) -> None:
    frozen = "import pathlib, sys; pathlib.Path(sys.argv[2]).touch(); print('up', flush=True); input()"
    code = (
        "import django; django.setup(); from brokerbay.ops import bridge; bridge.SILENT_AFTER = 0.5; "
        f"bridge.Keeper(('-c', {frozen!r})).run()"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "brokerbay.settings", "DATA_DIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as keeper:
        assert keeper.stdout is not None
        assert [keeper.stdout.readline() for _ in range(2)] == ["up\n", "up\n"]
        keeper.send_signal(signal.SIGTERM)
        assert keeper.wait(30) == 0
        assert keeper.stdout.read() == ""
