"""Who belongs to which control group, and what reached whom."""

from __future__ import annotations

from django.db import models


class Assignment(models.Model):
    """A member's arm in one experiment, drawn before anyone saw a list, and never changed.

    `experiment` is `holdout` for the durable global one, else a name of the playbook's. `share` is the share of
    members that belong to the control group by design.
    """

    experiment = models.CharField(max_length=80)
    member = models.BigIntegerField()
    arm = models.CharField(max_length=10)
    stratum = models.CharField(max_length=200, blank=True, default="")
    share = models.FloatField()
    as_of = models.DateField()
    at = models.DateTimeField()

    class Meta:
        db_table = "ledger_assignment"
        constraints = (
            models.UniqueConstraint(fields=("experiment", "member"), name="assignment_is_sticky"),
            models.CheckConstraint(condition=models.Q(arm__in=("treated", "control")), name="assignment_arm"),
        )


class Exposure(models.Model):
    """That a member of an experiment would have been, was listed, or was reached: `eligible`, `listed`, `reached`."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="exposures")
    proposal = models.ForeignKey("ledger.Proposal", on_delete=models.SET_NULL, null=True)
    kind = models.CharField(max_length=10)
    occasion = models.CharField(max_length=120)
    as_of = models.DateField()
    at = models.DateTimeField()

    class Meta:
        db_table = "ledger_exposure"
        constraints = (
            models.UniqueConstraint(fields=("assignment", "occasion", "kind"), name="exposure_once_an_occasion"),
        )


class Response(models.Model):
    """What came of a step, or what a member did after it: delivered, bounced, replied, attended, paid, renewed …

    `reference` is the source's own, so that the same news twice is one row.
    """

    member = models.BigIntegerField(db_index=True)
    step = models.ForeignKey("ledger.OutreachStep", on_delete=models.SET_NULL, null=True, related_name="responses")
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=400, blank=True, default="")
    source = models.CharField(max_length=20)
    reference = models.CharField(max_length=200)
    at = models.DateTimeField()
    noted_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_response"
        constraints = (models.UniqueConstraint(fields=("source", "reference"), name="response_once"),)
