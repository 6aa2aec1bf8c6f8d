"""Makes the audit log a chain of digests that the database refuses to change, and keeps sealed text beside it."""

# ruff: noqa: RUF012
from typing import Any

from django.db import migrations, models

from tenure.ledger import chain, guards


def chain_rows(apps: Any, schema_editor: Any) -> None:
    """Number the rows that are there, in their order, and chain them."""
    events = apps.get_model("ledger", "AuditEvent").objects
    previous, number, last = chain.GENESIS, 0, 0
    while some := list(events.filter(id__gt=last).order_by("id")[:2_000]):
        for event in some:
            number, last = number + 1, event.id
            details = chain.plain(event.details)
            row = chain.Row(number, event.at, event.by, event.act, event.subject, None, details, "", previous)
            its_hash = chain.digest(row.body())
            events.filter(pk=event.pk).update(number=number, previous=previous, hash=its_hash, details=details)
            previous = its_hash


def install_guards(apps: Any, schema_editor: Any) -> None:
    """Let the database refuse changes from here on."""
    guards.install(schema_editor.connection)


def remove_guards(apps: Any, schema_editor: Any) -> None:
    """Allow the way back."""
    guards.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_outreach")]

    operations = [
        migrations.AddField("auditevent", "number", models.BigIntegerField(null=True)),
        migrations.AddField("auditevent", "member", models.BigIntegerField(null=True)),
        migrations.AddField("auditevent", "sealed", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField("auditevent", "previous", models.CharField(default="", max_length=64)),
        migrations.AddField("auditevent", "hash", models.CharField(default="", max_length=64)),
        migrations.RunPython(chain_rows, migrations.RunPython.noop),
        migrations.AlterField("auditevent", "number", models.BigIntegerField(unique=True)),
        migrations.AlterField("auditevent", "member", models.BigIntegerField(db_index=True, null=True)),
        migrations.AlterField("auditevent", "previous", models.CharField(max_length=64)),
        migrations.AlterField("auditevent", "hash", models.CharField(max_length=64)),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("member", models.BigIntegerField(db_index=True)),
                ("text", models.BinaryField()),
            ],
            options={"db_table": "ledger_audit_seal"},
        ),
        migrations.CreateModel(
            name="MemberKey",
            fields=[
                ("member", models.BigIntegerField(primary_key=True, serialize=False)),
                ("key", models.BinaryField()),
            ],
            options={"db_table": "ledger_member_key"},
        ),
        migrations.RunPython(install_guards, remove_guards),
    ]
