"""Addresses of other systems that want to hear, and what they were told."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Endpoint(models.Model):
    """One receiver of signed webhooks. Ids and bands only, unless `is_full` was chosen for it.

    `secret` and `old_secret` are random words of which the secrets are made with the association's key. `told` is the
    row of the audit log up to which it was told what happened.
    """

    name = models.CharField(max_length=100, unique=True)
    url = models.CharField(max_length=500)
    secret = models.CharField(max_length=120)
    old_secret = models.CharField(max_length=120, blank=True, default="")
    old_until = models.DateTimeField(null=True)
    events = models.JSONField(default=list)
    is_full = models.BooleanField(default=False)
    told = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    disabled_at = models.DateTimeField(null=True)
    disabled_why = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "ledger_endpoint"


class EndpointMessage(models.Model):
    """One event on its way to one endpoint."""

    class State(models.TextChoices):
        """How far it has come."""

        PENDING = "pending", "Waiting"
        DONE = "done", "Taken"
        GIVEN_UP = "given_up", "Given up"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="messages")
    message_id = models.CharField(max_length=80)
    event = models.CharField(max_length=60)
    body = models.JSONField()
    member = models.BigIntegerField(null=True, db_index=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_endpoint_message"
        ordering: ClassVar = ["id"]
        indexes = (models.Index(fields=("state", "next_at"), name="endpoint_message_due"),)
        constraints = (models.UniqueConstraint(fields=("endpoint", "message_id"), name="endpoint_message_once"),)
