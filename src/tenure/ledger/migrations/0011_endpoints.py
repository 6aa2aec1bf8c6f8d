"""Up to which row of the audit log an endpoint was told, and about whom a message is."""

# ruff: noqa: RUF012

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0010_deliveries"),
    ]

    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="told",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="endpointmessage",
            name="member",
            field=models.BigIntegerField(db_index=True, null=True),
        ),
    ]
