"""What the documents say is what the code does."""

import re
import shutil
import subprocess
from pathlib import Path

import yaml
from django.conf import settings
from django.core.management import get_commands

from brokerbay import readme
from brokerbay.ops import portal

BASE = Path(settings.BASE_DIR)
README = (BASE / "README.md").read_text(encoding="utf-8")
MAKEFILE = (BASE / "Makefile").read_text(encoding="utf-8")
EXAMPLE = (BASE / ".env.example").read_text(encoding="utf-8")


def test_the_readme_has_every_setting_with_its_default_and_its_meaning() -> None:
    assert readme.settings_table(settings.ENVIRONMENT.declared.values()) in README, "run `make docs`"


def test_the_readme_has_every_command() -> None:
    assert readme.commands_table() in README, "run `make docs`"


def test_the_example_has_every_setting_once_and_no_other() -> None:
    named = re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE, flags=re.MULTILINE)
    assert sorted(named) == sorted(settings.ENVIRONMENT.declared)


def test_what_the_example_comments_out_is_the_default() -> None:
    commented = dict(re.findall(r"^# ([A-Z][A-Z_]+)=(.*)$", EXAMPLE, flags=re.MULTILINE))
    defaults = {name: one.default for name, one in settings.ENVIRONMENT.declared.items()}
    assert commented == {name: defaults[name] for name in commented}


def test_the_example_holds_no_secret() -> None:
    given = dict(re.findall(r"^([A-Z][A-Z_]+)=(.*)$", EXAMPLE, flags=re.MULTILINE))
    assert not [name for name in given if settings.ENVIRONMENT.declared[name].secret and given[name]]


def test_no_code_reads_the_environment_past_the_settings() -> None:
    # Those named here are not ours to configure: Django's, django-q2's, the shell's, or the process tree's.
    rooms = [BASE / room for room in readme.ROOMS]
    read = {
        name
        for room in rooms
        for path in room.rglob("*.py")
        for name in re.findall(
            r"""environ(?:\.get\(|\.setdefault\(|\[)\s*["']([A-Z_]+)["']""", path.read_text(encoding="utf-8")
        )
    }
    others = {
        "DJANGO_SETTINGS_MODULE",
        "ENV_FILE",
        "PATH",
        "PLAYWRIGHT_BROWSERS_PATH",
        "Q_CLUSTER_NAME",
        "SIMULATOR_CONTROL_TOKEN",
        "TMPDIR",
    }
    assert read - others <= set(settings.ENVIRONMENT.declared)


def test_make_help_lists_every_target() -> None:
    listed = subprocess.run(["make", "help"], cwd=BASE, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE)
    assert re.findall(r"^  make ([a-z-]+)", listed, flags=re.MULTILINE) == targets


def test_the_readme_names_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))
    assert set(re.findall(r"\bmake (run|test|check|fix|bench|help|docs|lock|clean)\b", README)) <= targets


def test_the_paths_that_the_readme_names_exist() -> None:
    paths = re.findall(r"`((?:bookings|ingest|automation|brokerbay|docs)/[\w/.]*)`", README)
    assert not [path for path in paths if not (BASE / path).exists()]


def test_every_line_of_the_procfile_can_start() -> None:
    lines = portal.commands((BASE / "Procfile").read_text(encoding="utf-8"))
    assert set(lines) == {"web", "worker", "booking", "bridge"}
    for command in lines.values():
        words = command.split()
        if words[:2] == ["python", "manage.py"]:
            assert words[2] in get_commands()
        else:
            assert shutil.which(words[0], path=str(BASE / ".venv/bin")) or shutil.which(words[0])


def test_ci_runs_what_a_developer_runs() -> None:
    workflow = yaml.safe_load((BASE / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["check"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    assert "make check" in (BASE / ".ci/run").read_text(encoding="utf-8")
    assert "$(MAKE) --no-print-directory test" in MAKEFILE


def test_every_package_we_ask_for_is_pinned_with_its_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        pins = (BASE / name).read_text(encoding="utf-8")
        packages = re.split(r"\n(?=[a-z0-9])", pins)[1:]
        assert packages
        assert not [package.split("==")[0] for package in packages if "--hash=sha256:" not in package]
