from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0016_saved_views")]

    operations = [
        migrations.AddIndex(
            model_name="showingrequest",
            index=models.Index(fields=["group_name"], name="request_group"),
        ),
    ]
