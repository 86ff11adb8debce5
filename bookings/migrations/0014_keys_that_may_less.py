import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0013_exports"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="scope",
            field=models.CharField(
                choices=[("read", "Only read"), ("book", "Read and book")],
                default="book",
                help_text="Never more than its person may.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="partner",
            field=models.ForeignKey(
                blank=True,
                help_text="Good for this partner alone; empty: for every partner of its person.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="api_keys",
                to="bookings.partner",
            ),
        ),
        migrations.AddField(
            model_name="bookingrun",
            name="asked_digest",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
    ]
