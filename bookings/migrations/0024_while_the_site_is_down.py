from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0023_what_was_read_when")]

    operations = [
        migrations.AddField(
            model_name="bookingrun",
            name="down_since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
