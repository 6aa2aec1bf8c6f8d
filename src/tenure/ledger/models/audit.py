"""Who did what, when."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """One act. It holds no foreign keys, so that it outlives what it tells of; it is never changed or deleted."""

    at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=150)
    act = models.CharField(max_length=80)
    subject = models.CharField(max_length=200, blank=True, default="")
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "ledger_audit_event"
