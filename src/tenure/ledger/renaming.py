"""Letting every row of the ledger that names a member go by another pseudonym; all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.apps import apps
from django.db import connection, models, transaction

from tenure.base.clock import Clock, system_clock
from tenure.ledger import audit
from tenure.ledger.belonging import APART
from tenure.ledger.models import AuditEvent

RENAMED = "key:members:rotate"
_AT_ONCE = 400


def is_done(key: str) -> bool:
    """Whether the ledger goes by the key with this fingerprint already."""
    return AuditEvent.objects.filter(act=RENAMED, subject=key).exists()


def rename(turned: Callable[[int], int], *, key: str, by: str, why: str, clock: Clock = system_clock) -> int:
    """Put *turned* of each pseudonym in its place, and write into the audit log that it was done; how many members.

    The log, and what is sealed beside it, stays as it is: it goes by first pseudonyms.

    Args:
        turned: Gives the new pseudonym for one that is there.
        key: Fingerprint of the new key.
        by: Who changes it.
        why: In a few words.
        clock: Gives the present instant.
    """
    with transaction.atomic():
        named = members()
        _fill([(member, turned(member)) for member in sorted(named)])
        with connection.cursor() as cursor:
            for table in _tables():
                after = f'(SELECT t.after FROM turned AS t WHERE t.before = "{table}".member)'
                cursor.execute(f'UPDATE "{table}" SET member = {after} WHERE member IS NOT NULL')
            cursor.execute("DROP TABLE turned")
        audit.record(RENAMED, by=by, subject=key, clock=clock, why=why, members=len(named))
    return len(named)


def _tables() -> Iterator[str]:
    """Tables with a member's pseudonym, which they call `member` (`tenure.ledger.belonging`)."""
    for model in apps.get_app_config("ledger").get_models():
        fields = {field.name: field for field in model._meta.concrete_fields}
        if model not in APART and isinstance(fields.get("member"), models.BigIntegerField):
            yield model._meta.db_table


def members() -> set[int]:
    """All whom a row that would be renamed names, by pseudonym."""
    with connection.cursor() as cursor:
        found: set[int] = set()
        for table in _tables():
            cursor.execute(f'SELECT DISTINCT member FROM "{table}" WHERE member IS NOT NULL')
            found.update(member for (member,) in cursor.fetchall())
        return found


def _fill(pairs: list[tuple[int, int]]) -> None:
    """A table of the old and the new, for the length of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE turned (before BIGINT PRIMARY KEY, after BIGINT NOT NULL)")
        for start in range(0, len(pairs), _AT_ONCE):
            part = pairs[start : start + _AT_ONCE]
            places = ", ".join(["(%s, %s)"] * len(part))
            cursor.execute(f"INSERT INTO turned VALUES {places}", [number for pair in part for number in pair])
