"""What iMIS was last known to hold, beside what it shall hold."""

# ruff: noqa: RUF012

from typing import Any

from django.db import migrations, models


def fill(apps: Any, editor: Any) -> None:
    """A row that was written is held as it is planned; of one that waits it was not kept."""
    rows = apps.get_model("ledger", "OutboxRow").objects.filter(state="done")
    rows.update(done_payload=models.F("payload"))


class Migration(migrations.Migration):
    dependencies = [("ledger", "0012_objections")]

    operations = [
        migrations.AddField(
            model_name="outboxrow",
            name="done_payload",
            field=models.JSONField(null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
