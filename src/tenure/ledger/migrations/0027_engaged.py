"""On how many days those who take part most of their type did something, and what on most of them."""

# ruff: noqa: RUF012

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("ledger", "0026_segments")]

    operations = [
        migrations.AddField("currentscore", "engaged_days", models.PositiveSmallIntegerField(null=True)),
        migrations.AddField("currentscore", "engaged_in", models.CharField(max_length=60, blank=True, default="")),
        migrations.AddField("currentscore", "engaged_in_days", models.PositiveSmallIntegerField(null=True)),
        migrations.AddIndex(
            model_name="currentscore",
            index=models.Index(
                fields=["-engaged_days", "member"],
                condition=Q(engaged_days__isnull=False),
                name="score_by_engagement",
            ),
        ),
    ]
