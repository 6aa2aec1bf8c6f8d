"""What a night reckons beside scores, for the pages that staff keep open."""

# ruff: noqa: RUF012

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def _text(length: int) -> models.CharField[Any, Any]:
    return models.CharField(blank=True, default="", max_length=length)


_SCORE: dict[str, models.Field[Any, Any]] = {
    "previous_due_on": models.DateField(null=True),
    "worth": models.FloatField(null=True),
    "lifetime_value": models.FloatField(null=True),
    "is_top_value": models.BooleanField(default=False),
    "leaving_reason": _text(60),
    "payment_trouble": _text(10),
    "payment_trouble_on": models.DateField(null=True),
    "joined_on": models.DateField(null=True),
    "first_act_days": models.IntegerField(null=True),
    "auto_renew": models.BooleanField(default=False),
    "like_decided": models.PositiveIntegerField(default=0),
    "like_lapsed": models.PositiveIntegerField(default=0),
    "like_low": models.FloatField(null=True),
    "like_high": models.FloatField(null=True),
}
_SET: dict[str, models.Field[Any, Any]] = {
    "arrived": models.PositiveIntegerField(default=0),
    "left": models.PositiveIntegerField(default=0),
    "day": models.JSONField(default=dict),
    "day_at": models.DateTimeField(null=True),
}


class Migration(migrations.Migration):
    dependencies = [("ledger", "0015_briefs")]

    operations = [
        *(migrations.AddField(model_name="currentscore", name=name, field=field) for name, field in _SCORE.items()),
        *(migrations.AddField(model_name="scoreset", name=name, field=field) for name, field in _SET.items()),
        migrations.AddIndex(
            model_name="currentscore",
            index=models.Index(fields=["-worth", "member"], name="score_by_worth"),
        ),
    ]
