from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0022_who_is_told_of_what")]

    operations = [
        migrations.AddField(
            model_name="showingrequest",
            name="read_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
