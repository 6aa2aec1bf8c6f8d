"""What makes the database itself refuse to change or delete rows of the audit log.

On SQLite: triggers. On PostgreSQL: triggers, also against TRUNCATE, and the rights of the role that Tenure signs in
with, which `grants` writes out for whoever administers the server.
"""

from __future__ import annotations

import re
from typing import Any

from tenure.base.errors import UsageError

TABLE = "ledger_audit_event"
_REFUSED = "rows of the audit log are never changed or deleted"

_SQLITE = tuple(
    f"CREATE TRIGGER IF NOT EXISTS audit_event_no_{what.lower()} BEFORE {what} ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    for what in ("UPDATE", "DELETE")
)

# SQLite's INSERT OR REPLACE deletes without a word to the trigger above unless recursive triggers are on.
_SQLITE_REPLACE = (
    f"CREATE TRIGGER IF NOT EXISTS audit_event_no_replace BEFORE INSERT ON {TABLE} "
    f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id OR number = NEW.number) "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
)

_FUNCTION = f"""
CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = 'integrity_constraint_violation'; END$$"""

_POSTGRESQL = (
    _FUNCTION,
    f"CREATE OR REPLACE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()",
    f"CREATE OR REPLACE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()",
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER audit_event_no_change",
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER audit_event_no_truncate",
)


def install(connection: Any) -> None:
    """Put the triggers where they are missing; *connection* is Django's."""
    statements = _POSTGRESQL if connection.vendor == "postgresql" else (*_SQLITE, _SQLITE_REPLACE)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def remove(connection: Any) -> None:
    """Take the triggers away, for a migration that has to write the table anew."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION IF EXISTS ledger_refuse_change() CASCADE")
            return
        for name in ("update", "delete", "replace"):
            cursor.execute(f"DROP TRIGGER IF EXISTS audit_event_no_{name}")


def missing(connection: Any) -> list[str]:
    """The names of triggers that should be there and are not, or are switched off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            wanted = {"audit_event_no_change", "audit_event_no_truncate"}
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled IN ('O', 'A')", [TABLE]
            )
        else:
            wanted = {f"audit_event_no_{name}" for name in ("update", "delete", "replace")}
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        return sorted(wanted - {name for (name,) in cursor.fetchall()})


def grants(role: str) -> str:
    """SQL for the owner of the tables on a PostgreSQL server: *role* may use the ledger, and only add to the log.

    Raises:
        UsageError: *role* is not a plain name.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", role):
        raise UsageError(f"{role!r} is no name for a role", mend="use small letters, figures and underscores")
    return f"""\
-- Run by the owner of the tables, who upgrades Tenure too; `ledger.database` then names {role}.
-- CREATE ROLE {role} LOGIN PASSWORD '...';
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
REVOKE ALL ON {TABLE} FROM {role};
GRANT SELECT, INSERT ON {TABLE} TO {role};"""
