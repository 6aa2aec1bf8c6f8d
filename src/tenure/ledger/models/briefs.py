"""Who of the staff gets which report, and which were sent."""

from __future__ import annotations

from django.db import models


class BriefKind(models.TextChoices):
    """The reports that can be asked for."""

    DAILY = "daily", "Every working day"
    WEEKLY = "weekly", "Every week"


class Subscription(models.Model):
    """A person of staff gets a report by email from `since` on."""

    staff = models.ForeignKey("ledger.Staff", on_delete=models.CASCADE, related_name="subscriptions")
    kind = models.CharField(max_length=10, choices=BriefKind.choices)
    since = models.DateTimeField()

    class Meta:
        db_table = "ledger_subscription"
        constraints = (models.UniqueConstraint(fields=("staff", "kind"), name="one_subscription"),)


class SentBrief(models.Model):
    """A report to one person of one day. It is tried once; `trouble` says why it did not leave."""

    staff = models.ForeignKey("ledger.Staff", on_delete=models.CASCADE, related_name="briefs")
    kind = models.CharField(max_length=10, choices=BriefKind.choices)
    day = models.DateField()
    at = models.DateTimeField()
    trouble = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "ledger_sent_brief"
        constraints = (models.UniqueConstraint(fields=("staff", "kind", "day"), name="one_brief_a_day"),)
