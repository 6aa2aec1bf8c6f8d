"""The tables of the ledger."""

from tenure.ledger.models.audit import AuditEvent
from tenure.ledger.models.governance import ModelPromotion, SignedLabels
from tenure.ledger.models.outbox import OutboxRow
from tenure.ledger.models.people import Contact, Identity
from tenure.ledger.models.runs import Lease, Run, RunStep
from tenure.ledger.models.scores import CurrentScore, ScoreSet
from tenure.ledger.models.staff import SignInGuess, Staff

__all__ = [
    "AuditEvent",
    "Contact",
    "CurrentScore",
    "Identity",
    "Lease",
    "ModelPromotion",
    "OutboxRow",
    "Run",
    "RunStep",
    "ScoreSet",
    "SignInGuess",
    "SignedLabels",
    "Staff",
]
