"""Whether models of half of the members agree on the first reason."""

# ruff: noqa: RUF012
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_local_nights")]

    operations = [
        migrations.AddField(model_name="currentscore", name="reason_sure", field=models.BooleanField(default=True)),
    ]
