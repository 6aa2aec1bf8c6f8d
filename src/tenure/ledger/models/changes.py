"""The change ledger: what the association changed, as staff entered it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower


class EnteredChange(models.Model):
    """One change of dues, of a program or outside the association; never edited or deleted, only withdrawn.

    `scope` is written as in the contract's `program_changes`; empty for everybody.
    """

    changed_on = models.DateField()
    change = models.CharField(max_length=200)
    scope = models.CharField(max_length=220, blank=True, default="")
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=150)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=150, blank=True, default="")
    why_withdrawn = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "ledger_entered_change"
        constraints = (
            models.UniqueConstraint(
                "changed_on",
                "scope",
                Lower("change"),
                condition=models.Q(withdrawn_at=None),
                name="change_entered_once",
            ),
        )
