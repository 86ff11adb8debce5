"""django-q2's tables, for operators, for looking: a schedule names a function, so who edits one runs any."""

from __future__ import annotations

from typing import Any

# Its own admin must have registered before ours replaces it.
import django_q.admin  # noqa: F401
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.decorators import display

from bookings.admin.base import ReadOnlyAdmin

admin.site.unregister([Schedule, Success, Failure])
if admin.site.is_registered(OrmQ):
    admin.site.unregister(OrmQ)


class QueueAdmin(ReadOnlyAdmin):
    """Rows without a partner: nobody but an operator sees any."""

    def visible(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        return rows if self.sees_all(request) else rows.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.sees_all(request) and super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.sees_all(request) and super().has_view_permission(request, obj)


@admin.register(Schedule)
class ScheduleAdmin(QueueAdmin):
    list_display = ("name", "func", "schedule_type", "minutes", "next_run", "repeats", "cluster")
    search_fields = ("name", "func")
    fields = (
        ("name", "func"),
        ("schedule_type", "minutes", "cron"),
        ("next_run", "repeats", "cluster"),
        ("args", "kwargs", "task"),
    )


class TaskAdmin(QueueAdmin):
    list_display = ("name", "func", "cluster", "started", "stopped", "seconds", "attempt_count")
    search_fields = ("name", "func", "group")
    fields = (
        ("name", "func"),
        ("cluster", "group"),
        ("started", "stopped", "attempt_count"),
        "asked",
        "told",
    )
    readonly_fields = ("asked", "told")

    @display(description=gettext_lazy("seconds"))
    def seconds(self, task: Any) -> str:
        return f"{task.time_taken():.2f}"

    @display(description=gettext_lazy("arguments"))
    def asked(self, task: Any) -> str:
        return f"{task.args} {task.kwargs}"

    @display(description=gettext_lazy("result"))
    def told(self, task: Any) -> str:
        return str(task.result)


@admin.register(Success)
class SuccessAdmin(TaskAdmin):
    pass


@admin.register(Failure)
class FailureAdmin(TaskAdmin):
    pass


@admin.register(OrmQ)
class WaitingAdmin(QueueAdmin):
    list_display = ("id", "key", "task_name", "task_func", "lock")
    fields = (("key", "lock"), ("task_name", "task_func"))
    readonly_fields = ("task_name", "task_func")

    @display(description=gettext_lazy("task"))
    def task_name(self, row: OrmQ) -> str:
        return row.name()

    @display(description=gettext_lazy("function"))
    def task_func(self, row: OrmQ) -> str:
        return row.func()
