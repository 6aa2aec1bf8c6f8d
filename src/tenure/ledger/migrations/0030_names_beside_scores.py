"""The name by which a member is found lies beside the score, in the index of the order in which lists are read."""

# ruff: noqa: RUF012

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each score the name that its member's contact has."""
    schema_editor.execute(
        "UPDATE ledger_current_score SET search = (SELECT c.search FROM ledger_contact c "
        "WHERE c.member = ledger_current_score.member) WHERE member IN (SELECT member FROM ledger_contact)"
    )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0029_passed_over")]

    operations = [
        migrations.AddField(
            model_name="currentscore",
            name="search",
            field=models.CharField(max_length=600, blank=True, default=""),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="currentscore", name="score_by_risk"),
        migrations.AddIndex(
            model_name="currentscore",
            index=models.Index(fields=["-p_lapse_renewal", "member", "search"], name="score_by_risk"),
        ),
        migrations.RemoveIndex(model_name="contact", name="contact_by_name"),
    ]
