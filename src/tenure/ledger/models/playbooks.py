"""Which playbooks there are, each version as it was written."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Playbook(models.Model):
    """A playbook by its name. One that is off proposes nothing; `shipped` is the digest of the file it came from."""

    name = models.CharField(max_length=60, primary_key=True)
    is_on = models.BooleanField(default=False)
    current = models.PositiveIntegerField(default=1)
    shipped = models.CharField(max_length=64, blank=True, default="")
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150)

    class Meta:
        db_table = "ledger_playbook"


class PlaybookVersion(models.Model):
    """The text of one version; it is never changed, a correction is the next version."""

    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    why = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        db_table = "ledger_playbook_version"
        ordering: ClassVar = ["playbook", "number"]
        constraints = (models.UniqueConstraint(fields=("playbook", "number"), name="playbook_version_number"),)
