"""Views of Today and of the queue that staff keep under names of their own."""

# ruff: noqa: RUF012

import django.db.models.deletion
import django.db.models.functions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0027_engaged")]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("room", models.CharField(choices=[("today", "Today"), ("queue", "Queue")], max_length=10)),
                ("name", models.CharField(max_length=60)),
                ("asks", models.JSONField(default=dict)),
                ("is_shared", models.BooleanField(default=False)),
                ("saved_at", models.DateTimeField()),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table": "ledger_saved_view"},
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                models.F("owner"),
                models.F("room"),
                django.db.models.functions.Lower("name"),
                name="saved_view_by_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                models.F("room"),
                django.db.models.functions.Lower("name"),
                condition=models.Q(("is_shared", True)),
                name="shared_view_by_name",
            ),
        ),
    ]
