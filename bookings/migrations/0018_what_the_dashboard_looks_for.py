from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0017_groups_are_searched")]

    operations = [
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("hidden_at", None)), fields=["starts_at"], name="booking_start"
            ),
        ),
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(fields=["partner", "property"], name="booking_partner_home"),
        ),
        migrations.AddIndex(
            model_name="bookingrun",
            index=models.Index(fields=["partner", "property_text", "kind", "id"], name="run_successors"),
        ),
        migrations.AddIndex(
            model_name="showingrequest",
            index=models.Index(fields=["booking_status", "scheduled_date"], name="request_state_date"),
        ),
        migrations.AddIndex(
            model_name="showingrequest",
            index=models.Index(fields=["partner", "property"], name="request_partner_home"),
        ),
    ]
