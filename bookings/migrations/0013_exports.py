import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import bookings.models.export


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0012_receipts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("table", models.CharField(max_length=40)),
                (
                    "form",
                    models.CharField(
                        choices=[("csv", "CSV"), ("xlsx", "Excel workbook"), ("json", "JSON")], max_length=8
                    ),
                ),
                ("query", models.CharField(blank=True, max_length=2000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("writing", "Being written"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("rows_done", models.PositiveIntegerField(default=0)),
                ("rows_total", models.PositiveIntegerField(blank=True, null=True)),
                ("partners", models.JSONField(blank=True, default=list)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "held_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Somebody is writing it, and tells of it before then.",
                        null=True,
                    ),
                ),
                (
                    "file",
                    models.FileField(
                        blank=True,
                        storage=bookings.models.export.export_storage,
                        upload_to=bookings.models.export.export_path,
                    ),
                ),
                ("size", models.PositiveBigIntegerField(default=0, help_text="Bytes.")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="exports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "indexes": [
                    models.Index(fields=["person", "-created_at"], name="export_of_person"),
                    models.Index(fields=["expires_at"], name="export_expires"),
                    models.Index(
                        condition=models.Q(("state__in", ("waiting", "writing"))),
                        fields=["held_until"],
                        name="export_unfinished",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("waiting", "writing"))),
                        fields=("person", "table", "form", "query"),
                        name="one_such_export_at_a_time",
                    )
                ],
            },
        ),
    ]
