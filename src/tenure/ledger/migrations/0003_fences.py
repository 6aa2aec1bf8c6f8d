"""A lease knows a token; a run can be stopped, or interrupted."""

# ruff: noqa: RUF012
from django.db import migrations, models

STATES = [
    ("running", "Running"),
    ("done", "Done"),
    ("unchanged", "Nothing to do"),
    ("partly_done", "Partly done"),
    ("held_back", "Held back"),
    ("stopped", "Stopped"),
    ("interrupted", "Interrupted"),
    ("failed", "Failed"),
]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_refusals")]

    operations = [
        migrations.AddField(model_name="lease", name="token", field=models.PositiveBigIntegerField(default=1)),
        migrations.AlterField(model_name="lease", name="holder", field=models.CharField(blank=True, max_length=200)),
        migrations.AlterField(
            model_name="run", name="state", field=models.CharField(choices=STATES, default="running", max_length=20)
        ),
        migrations.AlterField(
            model_name="runstep", name="state", field=models.CharField(choices=STATES, default="running", max_length=20)
        ),
    ]
