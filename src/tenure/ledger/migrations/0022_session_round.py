"""Sessions of an account that can be ended all at once."""

# ruff: noqa: RUF012

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0021_day_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="staff",
            name="session_round",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
