"""Filters of a list that staff keep under a name."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower


class SavedView(models.Model):
    """What an address asks Today or the queue for, under the name that `owner` gave it; the team's too if shared.

    `asks` are parameters of the address by their names; never words that somebody looked for.
    """

    class Room(models.TextChoices):
        TODAY = "today", "Today"
        QUEUE = "queue", "Queue"

    owner = models.ForeignKey("ledger.Staff", on_delete=models.CASCADE, related_name="saved_views")
    room = models.CharField(max_length=10, choices=Room.choices)
    name = models.CharField(max_length=60)
    asks = models.JSONField(default=dict)
    is_shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_saved_view"
        constraints = (
            models.UniqueConstraint("owner", "room", Lower("name"), name="saved_view_by_name"),
            models.UniqueConstraint(
                "room", Lower("name"), condition=models.Q(is_shared=True), name="shared_view_by_name"
            ),
        )
