"""When a step was handed over, and how far the note of it on the record has come."""

# ruff: noqa: RUF012

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0009_kinds_of_reasons"),
    ]

    operations = [
        migrations.AddField(
            model_name="outreachstep",
            name="handed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="outreachstep",
            name="log_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="outreachstep",
            name="log_state",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "None"),
                    ("due", "Waiting"),
                    ("sending", "Begun"),
                    ("done", "Written"),
                    ("failed", "Refused"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="outreachstep",
            index=models.Index(fields=["log_state", "log_at"], name="step_by_log"),
        ),
    ]
