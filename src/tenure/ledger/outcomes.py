"""What a person found out about a step of which nobody knew whether it arrived."""

from __future__ import annotations

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import Overtaken
from tenure.base.settings import Settings
from tenure.ledger import deliveries, locking, responses, rights
from tenure.ledger.models import OutreachStep, Proposal
from tenure.ledger.responses import News
from tenure.ledger.rights import Act
from tenure.ledger.workload import MESSAGES

State = OutreachStep.State


def arrived(*, step: int, by: str, settings: Settings, clock: Clock = system_clock) -> None:
    """Note that a step of unknown outcome was sent; it counts as done from now on, as if the channel had said so.

    Args:
        step: Its number.
        by: Sign-in name of who has looked.
        settings: They say whether a message is noted on the member's record in iMIS too.
        clock: Gives the present instant.

    Raises:
        Overtaken: Its outcome is known by now.
        NotAllowed: Their role does not include it.
    """
    with transaction.atomic():
        row, proposal = _lost(step, by)
        is_message = row.kind in MESSAGES
        noted = is_message and settings.notes_messages
        deliveries.settle(step=row, state=State.DONE, receipt=row.receipt, noted=noted, by=by, clock=clock)
        if is_message:
            news = News(proposal.member, "delivered", "staff", f"{row.reference}:delivered", clock(), row.pk)
            responses.note(news=news, by=by, clock=clock)


def send_again(*, step: int, by: str, clock: Clock = system_clock) -> None:
    """Let a step of unknown outcome be taken again: it did not arrive. The gate looks at it anew.

    One whose approval does not stand any more is cancelled, since it would never leave.

    Raises:
        Overtaken: Its outcome is known by now.
        NotAllowed: Their role does not include it.
    """
    with transaction.atomic():
        row, _ = _lost(step, by)
        if deliveries.standing(row, clock().date()) is None:
            deliveries.settle(step=row, state=State.CANCELLED, error="its approval ended", by=by, clock=clock)
        else:
            deliveries.put_back(step=row, by=by, clock=clock)


def _lost(step: int, by: str) -> tuple[OutreachStep, Proposal]:
    proposal, steps = locking.one_of_step(step)
    rights.require(by, Act.DECIDE, chapter=proposal.chapter_id)
    row = next(each for each in steps if each.pk == step)
    if row.state != State.UNKNOWN:
        raise Overtaken(
            f"its outcome is known by now: {row.get_state_display().lower()}", mend="load the page again",
            at=row.changed_at,
        )  # fmt: skip
    return row, proposal
