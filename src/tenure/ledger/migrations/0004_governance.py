"""Keeps who let which model speak, and who signed the labels."""

# ruff: noqa: RUF012
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_fences")]

    operations = [
        migrations.CreateModel(
            name="ModelPromotion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("effective_on", models.DateField(db_index=True)),
                ("version", models.CharField(max_length=80)),
                ("replaced", models.CharField(blank=True, default="", max_length=80)),
                (
                    "how",
                    models.CharField(
                        choices=[("automatic", "By rule"), ("person", "By a person"), ("rollback", "Rolled back")],
                        max_length=10,
                    ),
                ),
                ("by", models.CharField(max_length=150)),
                ("why", models.TextField()),
                ("evidence", models.JSONField(default=dict)),
            ],
            options={"db_table": "ledger_model_promotion"},
        ),
        migrations.CreateModel(
            name="SignedLabels",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("why", models.TextField(blank=True, default="")),
                ("as_of", models.DateField()),
                ("rules", models.CharField(db_index=True, max_length=64)),
                ("findings", models.JSONField(default=list)),
                ("summary", models.JSONField(default=dict)),
            ],
            options={"db_table": "ledger_signed_labels"},
        ),
    ]
