"""What Tenure proposes to do about a member, what it would say, and who let it leave."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from tenure.ledger.first import first_of


class Stage(models.TextChoices):
    """Where a member stands between one term and the next."""

    BEFORE = "before", "Before expiry"
    GRACE = "grace", "In grace"
    LAPSED = "lapsed", "Lapsed"
    DORMANT = "dormant", "Dormant"


class Proposal(models.Model):
    """One playbook's proposal for one member and one occasion; it waits for a member of staff.

    The scores in it are those of the night that made it. `occasion` names what it is about, such as
    `renewal:2026-12-31` or `event:EV-17`, so that a night that is run again proposes nothing twice. `worth` is what
    an hour of staff is expected to keep, in dues or in members as the settings say. `rule` and `why` say what held it
    back, withdrew or ended it.
    """

    class State(models.TextChoices):
        """How far it has come."""

        OPEN = "open", "Open"
        HELD_BACK = "held_back", "Held back"
        SNOOZED = "snoozed", "Snoozed"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"
        DONE = "done", "Done"

    member = models.BigIntegerField()
    playbook = models.CharField(max_length=60)
    playbook_version = models.PositiveIntegerField()
    occasion = models.CharField(max_length=120)
    cause = models.CharField(max_length=400)
    as_of = models.DateField()
    run = models.ForeignKey("ledger.Run", on_delete=models.SET_NULL, null=True)
    stage = models.CharField(max_length=10, choices=Stage.choices)
    band = models.CharField(max_length=10, blank=True, default="")
    risk_score = models.PositiveSmallIntegerField(null=True)
    p_lapse_renewal = models.FloatField(null=True)
    renewal_due_on = models.DateField(null=True)
    dues = models.FloatField(null=True)
    lifetime_value = models.FloatField(null=True)
    is_top_value = models.BooleanField(default=False)
    reason = models.CharField(max_length=60, blank=True, default="")
    member_type = models.CharField(max_length=100, blank=True, default="")
    chapter_id = models.CharField(max_length=200, blank=True, default="")
    region = models.CharField(max_length=200, blank=True, default="")
    record_type = models.CharField(max_length=20, blank=True, default="")
    minutes = models.FloatField(default=0)
    worth = models.FloatField(null=True)
    is_exploration = models.BooleanField(default=False)
    context = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    rule = models.CharField(max_length=60, blank=True, default="")
    why = models.CharField(max_length=400, blank=True, default="")
    snoozed_until = models.DateField(null=True)
    expires_on = models.DateField(null=True)
    assignee = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        db_table = "ledger_proposal"
        indexes = (
            models.Index(fields=("state", "-worth"), name="proposal_by_worth"),
            models.Index(fields=("member", "state"), name="proposal_by_member"),
            models.Index(fields=("chapter_id", "state"), name="proposal_by_chapter"),
            models.Index(fields=("decided_at",), condition=Q(decided_at__isnull=False), name="proposal_by_decision"),
        )
        constraints = (
            models.UniqueConstraint(fields=("member", "playbook", "occasion"), name="proposal_one_an_occasion"),
        )


class PassedOver(models.Model):
    """A member whom a playbook selected on a night and who is not on its list, with the rule that held them back.

    They are no proposals, and come up again. Each night that proposes replaces them all. `worth` is as in `Proposal`.
    """

    member = models.BigIntegerField()
    playbook = models.CharField(max_length=60)
    playbook_version = models.PositiveIntegerField()
    occasion = models.CharField(max_length=120)
    cause = models.CharField(max_length=400)
    rule = models.CharField(max_length=60)
    as_of = models.DateField()
    band = models.CharField(max_length=10, blank=True, default="")
    chapter_id = models.CharField(max_length=200, blank=True, default="")
    worth = models.FloatField(null=True)

    class Meta:
        db_table = "ledger_passed_over"
        indexes = (models.Index(fields=("rule", "-worth"), name="passed_over_by_rule"),)
        constraints = (
            models.UniqueConstraint(fields=("member", "playbook", "occasion"), name="passed_over_one_an_occasion"),
        )


class OutreachStep(models.Model):
    """One thing that a proposal would do: a message, a task, a call.

    `claims` ties each factual clause of the body to the record that it came from. `digest` stands for everything that
    an approval is about; see `content_digest`. `reference` is what the step is known by outside, so that it can be
    looked up before it is repeated. `handed_at` is when its content was about to leave: from then on until the step is
    settled, the outcome is unknown. `log_state` is how far the note of a message on the member's iMIS record has come.
    """

    class Kind(models.TextChoices):
        """What is done."""

        TASK = "task", "iMIS task"
        CALLBACK = "callback", "Call"
        GROUP = "group", "Group"
        LOG = "log", "Activity on the record"
        EMAIL = "email", "Email"
        SMS = "sms", "Text message"
        IN_APP = "in_app", "In-app message"
        WEBHOOK = "webhook", "Webhook"
        OFFER = "offer", "Payment plan"
        SURVEY = "survey", "Question"
        ALERT = "alert", "Alert to staff"

    class State(models.TextChoices):
        """How far it has come; `sending` and `unknown` are looked up before another attempt."""

        DRAFT = "draft", "Draft"
        APPROVED = "approved", "Approved"
        SENDING = "sending", "Begun"
        UNKNOWN = "unknown", "Outcome unknown"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped at sending"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Log(models.TextChoices):
        """How far the note on the record has come."""

        NONE = "", "None"
        DUE = "due", "Waiting"
        SENDING = "sending", "Begun"
        DONE = "done", "Written"
        FAILED = "failed", "Refused"

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    template = models.CharField(max_length=100)
    wait_days = models.PositiveSmallIntegerField(default=0)
    recipient = models.CharField(max_length=320, blank=True, default="")
    subject = models.CharField(max_length=300, blank=True, default="")
    body = models.TextField(blank=True, default="")
    details = models.JSONField(default=dict)
    claims = models.JSONField(default=list)
    first_subject = models.CharField(max_length=300, blank=True, default="")
    first_body = models.TextField(blank=True, default="")
    edited_by = models.CharField(max_length=150, blank=True, default="")
    digest = models.CharField(max_length=64)
    reference = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    leaves_at = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    rule = models.CharField(max_length=60, blank=True, default="")
    last_error = models.CharField(max_length=400, blank=True, default="")
    receipt = models.CharField(max_length=200, blank=True, default="")
    done_at = models.DateTimeField(null=True)
    log_state = models.CharField(max_length=10, choices=Log.choices, blank=True, default=Log.NONE)
    log_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_outreach_step"
        ordering: ClassVar = ["proposal", "position"]
        indexes = (
            models.Index(fields=("state", "leaves_at"), name="step_by_time"),
            models.Index(fields=("log_state", "log_at"), name="step_by_log"),
            models.Index(fields=("template", "done_at"), name="step_by_template"),
        )
        constraints = (models.UniqueConstraint(fields=("proposal", "position"), name="step_position"),)

    def content_digest(self) -> str:
        """SHA-256 of what an approval is about; any change of it voids the approval."""
        return content_digest(
            member=self.proposal.member,
            kind=self.kind,
            recipient=self.recipient,
            subject=self.subject,
            body=self.body,
            template=self.template,
            details=self.details,
        )


def content_digest(
    *, member: int, kind: str, recipient: str, subject: str, body: str, template: str, details: dict[str, Any]
) -> str:
    """SHA-256, in hex, of a step's member, channel, recipient, words, template version and details.

    Of the member by the first pseudonym, so that approvals stand when the key is changed.
    """
    parts = [str(first_of(member)), kind, recipient, subject, body, template, details]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Approval(models.Model):
    """A person's word that one step may leave, for exactly the content that `digest` stands for.

    At most one stands at a time. It is revoked by a person, or voided when the content is no longer what it was.
    `rule` names the standing permission where nobody looked at this one (automatic sending).
    """

    step = models.ForeignKey(OutreachStep, on_delete=models.PROTECT, related_name="approvals")
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    needs_second = models.BooleanField(default=False)
    second_at = models.DateTimeField(null=True)
    second_by = models.CharField(max_length=150, blank=True, default="")
    rule = models.CharField(max_length=60, blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")
    ended_why = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        db_table = "ledger_approval"
        constraints = (
            models.UniqueConstraint(fields=("step",), condition=Q(ended_at=None), name="approval_one_stands"),
        )
