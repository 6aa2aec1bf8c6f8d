"""Who may be written to, by which channel, and who is left alone."""

from __future__ import annotations

from django.db import models


class Consent(models.Model):
    """One statement of consent: the newest of a member, channel and purpose rules. Rows are added, never changed."""

    member = models.BigIntegerField()
    channel = models.CharField(max_length=10)
    purpose = models.CharField(max_length=40)
    is_given = models.BooleanField()
    is_express = models.BooleanField(default=False)
    source = models.CharField(max_length=100)
    at = models.DateTimeField()
    expires_on = models.DateField(null=True)
    by = models.CharField(max_length=150)

    class Meta:
        db_table = "ledger_consent"
        indexes = (models.Index(fields=("member", "channel", "purpose", "-at"), name="consent_newest"),)


class Suppression(models.Model):
    """A reason not to reach a member, or an address, by a channel (empty for every one); it beats any approval."""

    member = models.BigIntegerField(null=True, db_index=True)
    address_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    channel = models.CharField(max_length=10, blank=True, default="")
    why = models.CharField(max_length=40)
    source = models.CharField(max_length=100)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    by = models.CharField(max_length=150)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        db_table = "ledger_suppression"


class DoNotWake(models.Model):
    """A member whom contact would harm, or who renews without it; mandatory notices still go out."""

    member = models.BigIntegerField(primary_key=True)
    why = models.CharField(max_length=200)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    until = models.DateField(null=True)

    class Meta:
        db_table = "ledger_do_not_wake"


class SendingPause(models.Model):
    """The switch that stops everything on its way out; one without an end stands."""

    since = models.DateTimeField()
    by = models.CharField(max_length=150)
    why = models.CharField(max_length=400)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        db_table = "ledger_sending_pause"


class AutoSend(models.Model):
    """A standing permission: one version of one template may leave by itself, for some bands, so many a day, until."""

    template = models.CharField(max_length=100)
    bands = models.JSONField(default=list)
    daily_cap = models.PositiveIntegerField()
    until = models.DateField()
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    why = models.CharField(max_length=400)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        db_table = "ledger_auto_send"


class Phase(models.Model):
    """How far the rollout has come for a segment, since when, by whose word; the newest row of a segment rules.

    1 reports only, 2 drafts for medium risk, 3 also tasks for high risk. The empty segment is everyone.
    """

    segment = models.CharField(max_length=100, blank=True, default="")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    why = models.CharField(max_length=400)
    evidence = models.JSONField(default=dict)

    class Meta:
        db_table = "ledger_phase"
        constraints = (models.CheckConstraint(condition=models.Q(number__gte=1, number__lte=3), name="phase_number"),)
