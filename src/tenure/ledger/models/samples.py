"""Drafts that staff send to themselves to see how they look."""

from __future__ import annotations

from django.db import models


class Sample(models.Model):
    """A person of staff wants to see a draft as a message in their own mailbox; it reaches no member.

    It is tried once. `trouble` says why it did not leave.
    """

    class State(models.TextChoices):
        """How far it has come."""

        WAITING = "waiting", "On its way"
        SENT = "sent", "Sent"
        FAILED = "failed", "Did not leave"

    step = models.ForeignKey("ledger.OutreachStep", on_delete=models.CASCADE, related_name="samples")
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING, db_index=True)
    ended_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "ledger_sample"
