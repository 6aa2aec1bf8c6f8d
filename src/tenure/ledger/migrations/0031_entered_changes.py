"""What staff enter that the association changed."""

# ruff: noqa: RUF012

import django.db.models.functions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0030_names_beside_scores")]

    operations = [
        migrations.CreateModel(
            name="EnteredChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("changed_on", models.DateField()),
                ("change", models.CharField(max_length=200)),
                ("scope", models.CharField(max_length=220, blank=True, default="")),
                ("entered_at", models.DateTimeField()),
                ("entered_by", models.CharField(max_length=150)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("withdrawn_by", models.CharField(max_length=150, blank=True, default="")),
                ("why_withdrawn", models.CharField(max_length=200, blank=True, default="")),
            ],
            options={"db_table": "ledger_entered_change"},
        ),
        migrations.AddConstraint(
            model_name="enteredchange",
            constraint=models.UniqueConstraint(
                models.F("changed_on"),
                models.F("scope"),
                django.db.models.functions.Lower("change"),
                condition=models.Q(("withdrawn_at", None)),
                name="change_entered_once",
            ),
        ),
    ]
