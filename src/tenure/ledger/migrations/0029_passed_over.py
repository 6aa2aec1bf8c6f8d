"""Whom the last night selected and did not list, and why."""

# ruff: noqa: RUF012

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0028_saved_views")]

    operations = [
        migrations.CreateModel(
            name="PassedOver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("member", models.BigIntegerField()),
                ("playbook", models.CharField(max_length=60)),
                ("playbook_version", models.PositiveIntegerField()),
                ("occasion", models.CharField(max_length=120)),
                ("cause", models.CharField(max_length=400)),
                ("rule", models.CharField(max_length=60)),
                ("as_of", models.DateField()),
                ("band", models.CharField(max_length=10, blank=True, default="")),
                ("chapter_id", models.CharField(max_length=200, blank=True, default="")),
                ("worth", models.FloatField(null=True)),
            ],
            options={
                "db_table": "ledger_passed_over",
                "indexes": [models.Index(fields=["rule", "-worth"], name="passed_over_by_rule")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("member", "playbook", "occasion"), name="passed_over_one_an_occasion"
                    )
                ],
            },
        ),
    ]
