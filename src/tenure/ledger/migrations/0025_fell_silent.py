"""Since when a member who had been active has done nothing of their own accord."""

# ruff: noqa: RUF012

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("ledger", "0024_finding")]

    operations = [
        migrations.AddField(model_name="currentscore", name="fell_silent_on", field=models.DateField(null=True)),
        migrations.AddIndex(
            model_name="currentscore",
            index=models.Index(
                fields=["fell_silent_on"], condition=Q(fell_silent_on__isnull=False), name="score_by_silence"
            ),
        ),
    ]
