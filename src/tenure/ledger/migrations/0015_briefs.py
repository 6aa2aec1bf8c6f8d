"""Reports to staff by email: who asked for which, and which were sent."""

# ruff: noqa: RUF012

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0014_samples"),
    ]

    operations = [
        migrations.CreateModel(
            name="SentBrief",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("daily", "Every working day"), ("weekly", "Every week")], max_length=10),
                ),
                ("day", models.DateField()),
                ("at", models.DateTimeField()),
                ("trouble", models.CharField(blank=True, default="", max_length=200)),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="briefs", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "ledger_sent_brief",
                "constraints": [models.UniqueConstraint(fields=("staff", "kind", "day"), name="one_brief_a_day")],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("daily", "Every working day"), ("weekly", "Every week")], max_length=10),
                ),
                ("since", models.DateTimeField()),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subscriptions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "ledger_subscription",
                "constraints": [models.UniqueConstraint(fields=("staff", "kind"), name="one_subscription")],
            },
        ),
    ]
