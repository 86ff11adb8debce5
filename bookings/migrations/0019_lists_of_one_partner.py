from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0018_what_the_dashboard_looks_for")]

    operations = [
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(fields=["partner", "status", "-created_at"], name="booking_partner_status"),
        ),
        migrations.RemoveIndex(model_name="showingrequest", name="request_group"),
        migrations.AddIndex(
            model_name="showingrequest",
            index=models.Index(fields=["group_name", "id"], name="request_group"),
        ),
    ]
