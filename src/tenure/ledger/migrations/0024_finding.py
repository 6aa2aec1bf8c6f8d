"""Names and ids are looked through in an index that holds nothing else; decisions of a day are found by their day."""

# ruff: noqa: RUF012
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q

# As each database asks for it so that the beginning of an id, in either case, is looked up rather than looked for. No
# model says it, since it is said otherwise to each; a migration that makes the table anew has to make this one anew.
_BY_BEGINNING = {
    "sqlite": "CREATE INDEX identity_by_beginning ON ledger_identity (member_id COLLATE NOCASE, member)",
    "postgresql": "CREATE INDEX identity_by_beginning ON ledger_identity (UPPER(member_id::text) text_pattern_ops)",
}


def by_beginning(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute(_BY_BEGINNING[schema_editor.connection.vendor])


def no_more(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP INDEX identity_by_beginning")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0023_logged_calls")]

    operations = [
        migrations.AlterField(
            model_name="contact",
            name="search",
            field=models.CharField(max_length=600, blank=True, default=""),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["search", "member"], name="contact_by_name"),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                fields=["decided_at"], condition=Q(decided_at__isnull=False), name="proposal_by_decision"
            ),
        ),
        migrations.RunPython(by_beginning, no_more),
    ]
