"""The region and the kind of record of whom a proposal is about: a gate looks at those of a segment alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0025_fell_silent")]  # noqa: RUF012

    operations = [  # noqa: RUF012
        migrations.AddField("proposal", "region", models.CharField(max_length=200, blank=True, default="")),
        migrations.AddField("proposal", "record_type", models.CharField(max_length=20, blank=True, default="")),
    ]
