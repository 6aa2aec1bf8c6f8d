"""Whether staff can act on each reason, or it is context."""

# ruff: noqa: RUF012
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0008_audit_chain")]

    operations = [
        migrations.AddField(
            model_name="currentscore",
            name="reason_kinds",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
    ]
