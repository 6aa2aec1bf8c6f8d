"""Who did what, when: a chain of rows, and what is sealed beside it."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """One act. It holds no foreign keys, so that it outlives what it tells of; it is never changed or deleted.

    `number` is its place in the chain and `hash` its digest, which covers `previous`, the digest of the row before
    (`tenure.ledger.chain`). `member` is a pseudonym. `sealed` is the digest of text that lies in `AuditSeal`.
    Triggers of the database refuse to change, delete or truncate rows.
    """

    number = models.BigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=150)
    act = models.CharField(max_length=80)
    subject = models.CharField(max_length=200, blank=True, default="")
    member = models.BigIntegerField(null=True, db_index=True)
    details = models.JSONField(default=dict)
    sealed = models.CharField(max_length=64, blank=True, default="")
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "ledger_audit_event"


class AuditSeal(models.Model):
    """Text about a member that belongs to row `number` of the log, encrypted under the member's key."""

    number = models.BigIntegerField(primary_key=True)
    member = models.BigIntegerField(db_index=True)
    text = models.BinaryField()

    class Meta:
        db_table = "ledger_audit_seal"


class MemberKey(models.Model):
    """Half of the key under which text about a member is sealed; deleting it makes that text unreadable for good."""

    member = models.BigIntegerField(primary_key=True)
    key = models.BinaryField()

    class Meta:
        db_table = "ledger_member_key"
