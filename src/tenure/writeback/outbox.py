"""The outbox as write-back sees it, and the ledger's own fitted to that view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from tenure.base.clock import Clock, system_clock

if TYPE_CHECKING:
    from tenure.ledger.lease import Fence

PENDING, SENDING, DONE, REJECTED, UNKNOWN = "pending", "sending", "done", "rejected", "unknown"
"""How far a write has come. `sending` and `unknown` may have arrived, so they are read back before anything else."""


class WrittenRow(Protocol):
    """What iMIS is known to hold for one member."""

    @property
    def member_id(self) -> str:
        """The source's id, to the letter."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """Value by property."""


class OutboxRow(WrittenRow, Protocol):
    """What shall be written for one member."""

    @property
    def digest(self) -> str:
        """Fingerprint of what matters in the payload."""

    @property
    def state(self) -> str:
        """One of the states above."""

    @property
    def attempts(self) -> int:
        """How often sending was begun."""

    @property
    def last_error(self) -> str:
        """Why it isn't done, as iMIS said it; empty otherwise."""


Outcome = tuple[OutboxRow, str, str]
"""A row, its new state, and what iMIS said if it isn't done."""


class Outbox(Protocol):
    """Where the rows are kept; each call is durable when it returns."""

    def pending(self) -> Sequence[OutboxRow]:
        """Rows still to be written."""

    def begin(self, rows: Sequence[OutboxRow]) -> None:
        """Note that sending of *rows* begins, before anything is sent."""

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Note how far rows have come, all at once."""


class LedgerOutbox:
    """The outbox of one table in the ledger, which must have been set up.

    Args:
        table: The panel source in iMIS.
        clock: When a change of state happens.
        park_after: Refusals in a row after which a row is parked.
        fence: The right to write, of `tenure.ledger.lease`; checked in each transaction.
    """

    def __init__(
        self, table: str, *, clock: Clock = system_clock, park_after: int = 3, fence: Fence | None = None
    ) -> None:
        # Django's models can't be imported before it is configured, which the caller does.
        from tenure.ledger import outbox

        self._ledger: Any = outbox
        self._table, self._clock, self._park_after, self._fence = table, clock, park_after, fence

    def pending(self) -> Sequence[OutboxRow]:
        """Rows still to be written, oldest first."""
        rows: Sequence[OutboxRow] = self._ledger.pending(table=self._table)
        return rows

    def begin(self, rows: Sequence[OutboxRow]) -> None:
        """Mark *rows* as sending."""
        self.settle([(row, SENDING, "") for row in rows])

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Mark rows, in one transaction: a commit costs more than the writes in it.

        Raises:
            HeldBack: Another process writes by now; nothing was noted.
        """
        self._ledger.settle(outcomes=outcomes, clock=self._clock, park_after=self._park_after, fence=self._fence)
