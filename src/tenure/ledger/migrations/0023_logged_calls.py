"""Steps by template, so that the calls which staff logged are found among all steps."""

# ruff: noqa: RUF012

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0022_session_round"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="outreachstep",
            index=models.Index(fields=["template", "done_at"], name="step_by_template"),
        ),
    ]
