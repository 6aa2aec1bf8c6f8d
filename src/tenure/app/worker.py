"""The worker: carries out what was approved, one worker at a time for one association.

It runs beside the staff pages (`tenure serve`) or by itself (`tenure work`). Whoever has the ledger's lease `work` is
the one; another takes over when that one ends, however it ends. Rounds are short, and a round that is killed anywhere
is made good by the next: what was begun is looked up before anything is repeated.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any

from tenure.app import briefs, channels, noting, sampling
from tenure.app.carrying import LOOK_AFTER, Carrier
from tenure.app.gatekeeping import Gatekeeper, Members, wrap_of
from tenure.app.house import House
from tenure.app.responding import bar
from tenure.base import key_change
from tenure.base.errors import HeldBack, Stopped
from tenure.base.hushing import HTTP, hush
from tenure.base.key_change import KeyIsChanging, Steady
from tenure.outreach.channels.parcel import Channel, NotTaken
from tenure.outreach.playbook import REACHES_MEMBER

if TYPE_CHECKING:
    from tenure.ledger.lease import Fence

BY = "tenure work"
LEASE = "work"
EVERY_SECONDS = 5.0
_AT_ONCE = 50
_RESTS = dt.timedelta(minutes=1)
_VOIDS_EVERY = dt.timedelta(minutes=1)
_BRIEFS_EVERY = dt.timedelta(minutes=1)
_AFTER_A_FAULT = 60.0
_log = logging.getLogger("tenure.work")


class Worker:
    """One worker that has the lease.

    Args:
        house: The association's.
        open_channels: Its channels.
        fence: The right to carry out.
        check: A place to stop, called between steps; raises `Stopped`.
        look_after: How long after it was handed over something lost is looked for.
    """

    def __init__(
        self,
        house: House,
        open_channels: channels.Channels,
        fence: Fence,
        *,
        check: Callable[[], None] = lambda: None,
        look_after: dt.timedelta = LOOK_AFTER,
    ) -> None:
        self.house, self.channels, self.check = house, open_channels, check
        noted = REACHES_MEMBER if open_channels.activities and house.settings.tasks.log_messages else ()
        self.members = Members(house)
        self.carrier = Carrier(
            fence, Gatekeeper(house, self.members), wrap_of(house, self.members), house.clock, look_after,
            noted_kinds=noted, reported_kinds=REACHES_MEMBER, on_bounce=self._bar,
        )  # fmt: skip
        self._resting: dict[int, dt.datetime] = {}
        self._mailed: list[float] = []
        self._voided: dt.datetime | None = None
        self._reported: dt.datetime | None = None

    def _bar(self, step: Any) -> None:
        """Leave an address alone that was refused for good."""
        bar(self.house, step, "bounced", "refused at delivery", by=BY)

    @property
    def tally(self) -> Counter[str]:
        """What was done so far, by how it ended."""
        return self.carrier.tally

    def round(self) -> int:
        """Look up what is open, then carry out what is due; gives how many steps were touched.

        Raises:
            HeldBack: Another worker has taken over.
            Stopped: Somebody asked.
        """
        from tenure.ledger import deliveries

        now, before = self.house.clock(), self.tally.total()
        lost = deliveries.open_ends(
            _AT_ONCE, lost_before=now - self.carrier.look_after, for_people=self.channels.without_lookup()
        )
        for step in lost:
            self._attend(step, self.carrier.look_up)
        self._void(now)
        undo = self.house.settings.outreach.undo_seconds
        ready = deliveries.due(now, _AT_ONCE, undo_seconds=undo, kinds=self._awake(now))
        self.members.prepare({step.proposal.member for step in ready})
        for step in ready:
            self._attend(step, self.carrier.deliver)
        self._send_samples()
        self._send_briefs(now)
        self._note()
        self._announce()
        return self.tally.total() - before

    def _void(self, now: dt.datetime) -> None:
        """End approvals of what was changed since; it would never leave, and nobody would be told that it waits."""
        from tenure.ledger import approvals

        if self._voided is None or now - self._voided >= _VOIDS_EVERY:
            self._voided = now
            approvals.void_changed(by=BY, clock=self.house.clock)

    def _awake(self, now: dt.datetime) -> list[str]:
        """Kinds whose channel is there and not resting; iMIS, asked one thing at a time, rests during nights."""
        from tenure.ledger import lease

        resting = {which for which, until in self._resting.items() if until > now}
        night = lease.is_held("night", clock=self.house.clock)
        kinds = {kind for kind, channel in self.channels.by_kind.items() if id(channel) not in resting}
        return sorted(kinds - set(channels.IN_IMIS) if night else kinds)

    def _send_samples(self) -> None:
        """Send drafts to those of staff who want to see them."""
        from tenure.ledger import samples

        mailing = self.channels.mailing
        if mailing is None:
            return
        for sample in samples.waiting(self.house.clock()):
            self.check()
            self._pace()
            self.tally[sampling.send(self.house, mailing, self.members, sample, self.carrier.fence)] += 1

    def _send_briefs(self, now: dt.datetime) -> None:
        """Send reports to those of staff who asked for them."""
        mailing = self.channels.mailing
        if mailing is None or (self._reported is not None and now - self._reported < _BRIEFS_EVERY):
            return
        self._reported = now
        for ended in briefs.send_due(self.house, mailing, self.carrier.fence):
            self.tally[ended] += 1
            self.check()
            self._pace()

    def _note(self) -> None:
        """Note on the record in iMIS what was said."""
        activities = self.channels.activities
        if activities is None or "task" not in self._awake(self.house.clock()):
            return
        try:
            noting.write_notes(self.carrier, activities)
        except NotTaken as error:
            self._rest(activities, error)

    def _announce(self) -> None:
        """Tell endpoints what happened."""
        if self.channels.announcer is not None:
            self.carrier.fence.look()
            self.channels.announcer.spread()
            self.tally.update(self.channels.announcer.deliver())

    def _rest(self, channel: Channel, error: NotTaken) -> None:
        """Leave a channel alone that does not answer."""
        _log.warning("%s", error.message)
        self._resting[id(channel)] = self.house.clock() + (error.after or _RESTS)

    def _attend(self, step: Any, act: Callable[[Any, Channel], None]) -> None:
        self.check()
        channel = self.channels.by_kind.get(step.kind)
        if channel is None or step.kind not in self._awake(self.house.clock()):
            return
        if step.kind in channels.MAILED:
            self._pace()
        try:
            act(step, channel)
        except NotTaken as error:
            self._rest(channel, error)

    def _pace(self) -> None:
        """Wait until another message fits into the minute."""
        most = self.house.settings.mail.messages_per_minute
        while True:
            now = time.monotonic()
            self._mailed = [at for at in self._mailed if now - at < 60]
            if len(self._mailed) < most:
                self._mailed.append(now)
                return
            self.check()
            time.sleep(0.2)


def work(
    house: House, *, once: bool, check: Callable[[], None] = lambda: None, look_after: dt.timedelta = LOOK_AFTER
) -> Counter[str]:
    """Work until everything that is due has been attended to (*once*), or until *check* raises.

    Raises:
        HeldBack: Another worker has the lease, or has taken it over; or, *once*, a key is being changed.
        Stopped: By *check*.
    """
    house.open_ledger()
    log_to(house)

    def look() -> None:
        check()
        if house.home.next_key_file.exists():
            raise key_change.changing()

    while True:
        try:
            return _worked(house, once, look, look_after)
        except KeyIsChanging as error:
            # The change needs the lease; what is due waits, as the pages go on.
            if once:
                raise
            _log.warning("the worker pauses: %s", error.message)
            while house.home.next_key_file.exists():
                _sleep(EVERY_SECONDS, check)


def _worked(house: House, once: bool, check: Callable[[], None], look_after: dt.timedelta) -> Counter[str]:
    from tenure.ledger import lease

    tally: Counter[str] = Counter()
    with lease.take(LEASE, clock=house.clock) as held:
        while True:
            by = channels.passwords(house)
            with channels.opened(house) as found:
                worker = Worker(house, found, held.fence, check=check, look_after=look_after)
                # A channel that was refused tries no more by the same password, and begins anew by another.
                while channels.passwords(house) == by:
                    check()
                    # What has begun to leave is settled by the key that it began by.
                    with closing(Steady(house.home)):
                        moved = worker.round()
                    if once and not moved:
                        return tally + worker.tally
                    if not moved:
                        _sleep(EVERY_SECONDS, check)
            tally += worker.tally


def _sleep(seconds: float, check: Callable[[], None]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        check()
        time.sleep(min(0.2, seconds))


class Beside:
    """A worker in a thread beside the pages, for as long as they are served."""

    def __init__(self, house: House) -> None:
        self._house, self._over = house, threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def __enter__(self) -> Beside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def _check(self) -> None:
        if self._over.is_set():
            raise Stopped("the pages are no longer served", mend="start `tenure serve` again to go on")

    def _run(self) -> None:
        from django.db import connections

        while not self._over.is_set():
            wait = EVERY_SECONDS
            try:
                work(self._house, once=False, check=self._check)
            except Stopped:
                break
            except HeldBack:
                pass
            except Exception as error:
                # Pages go on without a worker; what is due waits.
                _log.error("the worker ended by %s and begins anew", type(error).__name__)
                wait = _AFTER_A_FAULT
            finally:
                connections.close_all()
            self._over.wait(wait)


def log_to(house: House) -> None:
    """What the worker says goes to `logs/work.log`; never a person's data."""
    hush(*HTTP)
    house.home.logs.mkdir(parents=True, exist_ok=True)
    for handler in _log.handlers:
        handler.close()
    handler = RotatingFileHandler(house.home.logs / "work.log", maxBytes=1 << 20, backupCount=3, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _log.handlers, _log.propagate = [handler], False
    _log.setLevel(logging.INFO)
