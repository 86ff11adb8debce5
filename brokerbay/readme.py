"""The tables of README.md that are made from the code, so that they cannot say otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.core.management import get_commands, load_command_class

from brokerbay.env import Variable

ROOMS = ("brokerbay", "bookings", "ingest", "automation")


def settings_table(variables: Iterable[Variable]) -> str:
    """A Markdown row per variable, in the order in which the settings read them."""
    rows = [f"| `{one.name}` | {_default(one)} | {one.says} |" for one in variables]
    return "\n".join(["| variable | default | what it does |", "|---|---|---|", *rows])


def commands_table() -> str:
    """A Markdown row per management command of ours."""
    rows = [f"| `manage.py {name}` | {says} |" for name, says in sorted(_commands().items())]
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def with_tables(text: str, tables: Mapping[str, str]) -> str:
    """`text` with each table put between its marks `<!-- name -->` and `<!-- /name -->`.

    >>> print(with_tables("a\\n<!-- t -->\\nold\\n<!-- /t -->\\nb", {"t": "new"}))
    a
    <!-- t -->
    new
    <!-- /t -->
    b
    """
    for name, table in tables.items():
        before, _, rest = text.partition(f"<!-- {name} -->")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}<!-- {name} -->\n{table}\n<!-- /{name} -->{after}"
    return text


def _default(one: Variable) -> str:
    if one.required:
        return "**must be set**"
    return f"`{one.default}`" if one.default else "–"


def _commands() -> dict[str, str]:
    ours = {name: app for name, app in get_commands().items() if app in ROOMS}
    return {name: str(load_command_class(app, name).help) for name, app in ours.items()}
