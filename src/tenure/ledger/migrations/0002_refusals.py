"""Counts refusals of a record in a row, and knows rows that are parked."""

# ruff: noqa: RUF012
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_first")]

    operations = [
        migrations.AddField(
            model_name="outboxrow",
            name="refusals",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="outboxrow",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Waiting"),
                    ("sending", "Begun"),
                    ("done", "Written"),
                    ("rejected", "Refused by iMIS"),
                    ("unknown", "Outcome unknown"),
                    ("parked", "Refused again and again"),
                ],
                default="pending",
                max_length=10,
            ),
        ),
    ]
