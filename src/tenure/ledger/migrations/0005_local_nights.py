"""A run knows which night it did by the association's own clock."""

# ruff: noqa: RUF012
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_governance")]

    operations = [migrations.AddField(model_name="run", name="local_night", field=models.DateField(null=True))]
