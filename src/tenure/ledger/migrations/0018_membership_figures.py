"""Keeps what the Membership page says."""

# ruff: noqa: RUF012
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0017_api_tokens")]

    operations = [
        migrations.CreateModel(
            name="MembershipFigures",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "part",
                    models.CharField(
                        choices=[("record", "From terms and members"), ("scores", "From the current scores")],
                        max_length=10,
                    ),
                ),
                ("chapter_id", models.CharField(blank=True, default="", max_length=200)),
                ("member_type", models.CharField(blank=True, default="", max_length=100)),
                ("as_of", models.DateField()),
                ("receipt", models.CharField(max_length=64)),
                ("body", models.JSONField()),
            ],
            options={
                "db_table": "ledger_membership_figures",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("part", "chapter_id", "member_type"), name="figures_are_one_by_scope"
                    )
                ],
            },
        ),
    ]
