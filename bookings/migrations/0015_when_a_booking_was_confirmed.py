from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0014_keys_that_may_less")]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="confirmed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When BrokerBay's own list was first seen to confirm it as it stands.",
                null=True,
            ),
        ),
    ]
