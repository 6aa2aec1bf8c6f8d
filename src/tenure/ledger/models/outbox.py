"""What shall be written into iMIS, and how far it has come."""

from __future__ import annotations

from django.db import models


class OutboxRow(models.Model):
    """The row of one member in one custom table of iMIS: what it shall hold, and what is known to be there.

    `pending` waits; `sending` was begun and may or may not have arrived; `unknown` likewise, after an error; both are
    read back before another attempt. `done` was confirmed, `rejected` refused for this record alone; it is tried again
    the next night, and after some nights `parked`: then only when it shall hold something else, or once a week.
    `done_payload` is what iMIS was last known to hold, also while the next payload waits; none when that is not known.
    """

    class State(models.TextChoices):
        """How far the write has come."""

        PENDING = "pending", "Waiting"
        SENDING = "sending", "Begun"
        DONE = "done", "Written"
        REJECTED = "rejected", "Refused by iMIS"
        UNKNOWN = "unknown", "Outcome unknown"
        PARKED = "parked", "Refused again and again"

    table = models.CharField(max_length=60)
    member_id = models.CharField(max_length=200)
    payload = models.JSONField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    refusals = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True, default="")
    done_digest = models.CharField(max_length=64, blank=True, default="")
    done_payload = models.JSONField(null=True)
    planned_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_outbox"
        constraints = (models.UniqueConstraint(fields=("table", "member_id"), name="outbox_one_row_a_member"),)
        indexes = (models.Index(fields=("table", "state", "id"), name="outbox_by_state"),)
