"""Keeps who objects to being profiled."""

# ruff: noqa: RUF012
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0011_endpoints")]

    operations = [
        migrations.CreateModel(
            name="Objection",
            fields=[
                ("member", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("source_objects", models.BooleanField(default=False)),
            ],
            options={"db_table": "ledger_objection"},
        ),
    ]
