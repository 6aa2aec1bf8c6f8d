"""Who does not want to be profiled."""

from __future__ import annotations

from django.db import models


class Objection(models.Model):
    """A member's objection to being profiled, as staff took it down: not scored, not listed, not learnt from.

    `source_objects`: the source said so too, by itself, and goes on saying it when this one is lifted.
    """

    member = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    source_objects = models.BooleanField(default=False)

    class Meta:
        db_table = "ledger_objection"
