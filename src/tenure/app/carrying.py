"""Carrying out one approved step: look at the gate, take it in hand, hand it over, note how it went."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import HeldBack, Stopped, TenureError
from tenure.outreach.channels.parcel import Channel, NotTaken, Parcel, Refused, Unsure

if TYPE_CHECKING:
    from tenure.ledger.lease import Fence

LOOK_AFTER = dt.timedelta(minutes=2)
"""How long something that was lost may still be on its way; only then is it looked for, and perhaps repeated."""

ATTEMPTS = 20
"""After so many a step fails, for a person to see; with the waits between them, after about four days."""

_WAITS = (1, 5, 15, 60, 180, 360)
_MINUTE = dt.timedelta(minutes=1)
_OF_OURS = dt.timedelta(hours=1)
_log = logging.getLogger("tenure.work")


@dataclass(frozen=True)
class Verdict:
    """Why a step does not leave now.

    Args:
        rule: Which one.
        words: For staff.
        until: When it may be looked at again; None when it is dropped for good.
    """

    rule: str
    words: str
    until: dt.datetime | None = None


Gate = Callable[[Any], Verdict | None]
Wrap = Callable[[Any], Parcel]


@dataclass
class Carrier:
    """Carries steps out, one at a time.

    Args:
        fence: The right to do so.
        gate: Looks at everything once more; gives a verdict when a step may not leave now.
        wrap: Makes the parcel of a step.
        clock: Gives the present instant.
        look_after: See `LOOK_AFTER`.
        noted_kinds: Kinds of steps that are noted on the member's record in iMIS.
        reported_kinds: Kinds whose delivery is noted as a response.
        on_bounce: Called when a step's address was refused for good.
    """

    fence: Fence
    gate: Gate
    wrap: Wrap
    clock: Clock = system_clock
    look_after: dt.timedelta = LOOK_AFTER
    noted_kinds: Collection[str] = ()
    reported_kinds: Collection[str] = ()
    on_bounce: Callable[[Any], None] = lambda step: None
    tally: Counter[str] = field(default_factory=Counter)

    def deliver(self, step: Any, channel: Channel) -> None:
        """Let an approved step leave, if the gate lets it pass.

        Raises:
            NotTaken: The channel as such does not answer; the step was not touched.
            HeldBack: Another worker has taken over.
        """
        from tenure.ledger import deliveries

        try:
            verdict = self.gate(step)
        except TenureError:
            raise
        except Exception as error:
            # One step that cannot be looked at must not keep those behind it from leaving.
            self._fault_of_ours(step, error)
            return
        if verdict is not None:
            self._turn_back(step, verdict)
            return
        channel.ready()
        if not deliveries.begin(step=step, clock=self.clock, fence=self.fence):
            self.tally["void"] += 1
            return
        self._send(step, channel)

    def look_up(self, step: Any, channel: Channel) -> None:
        """Find out what became of a step that was begun and not settled.

        Raises:
            NotTaken: The channel cannot be asked now; the step stays as it is.
            HeldBack: Another worker has taken over.
        """
        from tenure.ledger import deliveries

        if step.handed_at is None:
            receipt = None
        elif not channel.looks_up:
            self._settle(step, "unknown", error="the process ended while the message was handed over")
            return
        else:
            try:
                receipt = channel.look(self.wrap(step))
            except TenureError:
                raise
            except Exception as error:
                self._fault_of_ours(step, error)
                return
        if receipt is None:
            self.tally["put back"] += 1
            deliveries.put_back(step=step, clock=self.clock, fence=self.fence)
        else:
            self._settle(step, "done", receipt=receipt)

    def _turn_back(self, step: Any, verdict: Verdict) -> None:
        from tenure.ledger import deliveries

        if verdict.until is None:
            self._settle(step, "dropped", error=verdict.words, rule=verdict.rule)
            return
        self.tally["postponed"] += 1
        deliveries.postpone(
            step=step, until=verdict.until, why=verdict.words, rule=verdict.rule, clock=self.clock, fence=self.fence
        )

    def _send(self, step: Any, channel: Channel) -> None:
        from tenure.ledger import deliveries

        def handing() -> None:
            deliveries.hand(step=step, clock=self.clock, fence=self.fence)

        try:
            receipt = channel.send(self.wrap(step), handing)
        except NotTaken as error:
            self._again_later(step, error.message, error.after)
        except Refused as error:
            self._settle(step, "failed", error=error.message)
            if error.bounced:
                self._respond(step, "bounced", error.message)
                self.on_bounce(step)
        except Unsure as error:
            self._settle(step, "unknown", error=error.message)
        except (HeldBack, Stopped):
            raise
        except Exception as error:
            self._fault_of_ours(step, error)
        else:
            self._settle(step, "done", receipt=receipt)

    def _fault_of_ours(self, step: Any, error: Exception) -> None:
        """Whatever it was, a step that may have left is not sent again by itself."""
        name = type(error).__name__
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
        _log.error("%s at %s while a step of kind %s was carried out", name, where, step.kind)
        if step.handed_at is not None:
            self._settle(step, "unknown", error=f"a fault in Tenure while it was handed over ({name})")
        else:
            self._again_later(step, f"a fault in Tenure before anything left ({name})", _OF_OURS)

    def _again_later(self, step: Any, why: str, after: dt.timedelta | None) -> None:
        from tenure.ledger import deliveries

        if step.attempts >= ATTEMPTS:
            self._settle(step, "failed", error=f"given up after {step.attempts} attempts: {why}")
            return
        self.tally["postponed"] += 1
        wait = after or _WAITS[min(step.attempts, len(_WAITS)) - 1] * _MINUTE
        deliveries.postpone(step=step, until=self.clock() + wait, why=why, clock=self.clock, fence=self.fence)

    def _settle(self, step: Any, state: str, **more: str) -> None:
        from tenure.ledger import deliveries

        noted = step.kind in self.noted_kinds
        deliveries.settle(step=step, state=state, noted=noted, clock=self.clock, fence=self.fence, **more)
        self.tally[state] += 1
        if state == "done" and step.kind in self.reported_kinds:
            self._respond(step, "delivered")

    def _respond(self, step: Any, kind: str, value: str = "") -> None:
        """Note what came of a message at once."""
        from tenure.ledger import deliveries, responses

        news = responses.News(
            step.proposal.member, kind, "mail", f"{step.reference}:{kind}", self.clock(), step.pk, value
        )
        responses.note(news=news, by=deliveries.BY, clock=self.clock)
