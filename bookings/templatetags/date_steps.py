"""Year, month, day: the date hierarchy of a list without Django's scan of the whole table."""

from __future__ import annotations

import calendar
from datetime import date, datetime
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.template import Library
from django.utils import formats, timezone
from django.utils.translation import gettext as _

register = Library()


@register.inclusion_tag("admin/date_hierarchy.html")
def date_steps(cl: ChangeList) -> dict[str, Any]:
    """The next finer step below what the address names, in the words that `admin/date_hierarchy.html` shows.

    Years run from the first row to the last, two index look-ups; months and days are the calendar's, and may
    be empty. Django's own tag reads every row of the list to leave empty ones out.
    """
    field = cl.date_hierarchy
    year, month, day = (_number(cl.params.get(f"{field}__{part}")) for part in ("year", "month", "day"))
    if year is None:
        years = _years(cl, field)
        choices = [_choice(cl, str(number), year=number) for number in years]
        return {"show": len(years) > 0, "back": None, "choices": choices}
    if month is None:
        names = ((number, formats.date_format(date(year, number, 1), "F")) for number in range(1, 13))
        choices = [_choice(cl, name, year=year, month=number) for number, name in names]
        return {"show": True, "back": _back(cl, _("All dates")), "choices": choices}
    title = formats.date_format(date(year, month, 1), "YEAR_MONTH_FORMAT")
    if day is None:
        days = range(1, calendar.monthrange(year, month)[1] + 1)
        choices = [_choice(cl, str(number), year=year, month=month, day=number) for number in days]
        return {"show": True, "back": _back(cl, str(year), year=year), "choices": choices}
    chosen = formats.date_format(date(year, month, day), "DATE_FORMAT")
    return {
        "show": True,
        "back": _back(cl, title, year=year, month=month),
        "choices": [{"title": chosen}],
    }


def _number(values: Any) -> int | None:
    """A part of the date in the address. The list itself has already refused those that are no date."""
    value = values[-1] if isinstance(values, list) else values
    return int(value) if value is not None else None


def _years(cl: ChangeList, field: str) -> range:
    ends = [_end(cl, field), _end(cl, f"-{field}")]
    if ends[0] is None or ends[1] is None:
        return range(0)
    return range(ends[0].year, ends[1].year + 1)


def _end(cl: ChangeList, order: str) -> date | None:
    """The first day in this order, among all rows that the person may see."""
    field = order.removeprefix("-")
    rows = cl.root_queryset.filter(**{f"{field}__isnull": False}).order_by(order)
    moment = rows.values_list(field, flat=True).first()
    return timezone.localtime(moment).date() if isinstance(moment, datetime) else moment


def _choice(cl: ChangeList, title: str, **parts: int) -> dict[str, str]:
    return {"title": title, "link": _link(cl, **parts)}


def _back(cl: ChangeList, title: str, **parts: int) -> dict[str, str]:
    return {"title": title, "link": _link(cl, **parts)}


def _link(cl: ChangeList, **parts: int) -> str:
    field = cl.date_hierarchy
    named = {f"{field}__{part}": number for part, number in parts.items()}
    return cl.get_query_string(named, [f"{field}__"])
