"""The tables of the ledger."""

from tenure.ledger.models.audit import AuditEvent, AuditSeal, MemberKey
from tenure.ledger.models.briefs import SentBrief, Subscription
from tenure.ledger.models.changes import EnteredChange
from tenure.ledger.models.endpoints import Endpoint, EndpointMessage
from tenure.ledger.models.factors import OutsideIdentity, RecoveryCode, SecondFactor
from tenure.ledger.models.figures import MembershipFigures
from tenure.ledger.models.governance import ModelPromotion, SignedLabels
from tenure.ledger.models.impact import Assignment, Exposure, Response
from tenure.ledger.models.objections import Objection
from tenure.ledger.models.outbox import OutboxRow
from tenure.ledger.models.people import Contact, Identity
from tenure.ledger.models.permissions import AutoSend, Consent, DoNotWake, Phase, SendingPause, Suppression
from tenure.ledger.models.playbooks import Playbook, PlaybookVersion
from tenure.ledger.models.proposals import Approval, OutreachStep, PassedOver, Proposal, Stage
from tenure.ledger.models.runs import Lease, Run, RunStep
from tenure.ledger.models.samples import Sample
from tenure.ledger.models.saved_views import SavedView
from tenure.ledger.models.scores import CurrentScore, ScoreSet
from tenure.ledger.models.staff import SignInGuess, Staff
from tenure.ledger.models.tokens import ApiToken

__all__ = [
    "ApiToken",
    "Approval",
    "Assignment",
    "AuditEvent",
    "AuditSeal",
    "AutoSend",
    "Consent",
    "Contact",
    "CurrentScore",
    "DoNotWake",
    "Endpoint",
    "EndpointMessage",
    "EnteredChange",
    "Exposure",
    "Identity",
    "Lease",
    "MemberKey",
    "MembershipFigures",
    "ModelPromotion",
    "Objection",
    "OutboxRow",
    "OutreachStep",
    "OutsideIdentity",
    "PassedOver",
    "Phase",
    "Playbook",
    "PlaybookVersion",
    "Proposal",
    "RecoveryCode",
    "Response",
    "Run",
    "RunStep",
    "Sample",
    "SavedView",
    "ScoreSet",
    "SecondFactor",
    "SendingPause",
    "SentBrief",
    "SignInGuess",
    "SignedLabels",
    "Staff",
    "Stage",
    "Subscription",
    "Suppression",
]
