"""Nights and their steps, written down while they happen."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import HeldBack, Stopped, TenureError
from tenure.ledger import audit, lease, parking
from tenure.ledger.models import Run, RunStep
from tenure.ledger.models.runs import State

WHOLE = (State.DONE, State.UNCHANGED, State.PARTLY_DONE)
"""States of a run that ended well: its scores are those of its day."""

_NIGHTS = ("night", "dry run")
_WORST_FIRST = (State.FAILED, State.HELD_BACK, State.STOPPED, State.PARTLY_DONE, State.DONE, State.UNCHANGED)


class StepInProgress:
    """One step under way: count, say, give notice; the `with` block of `RunInProgress.step` writes it down."""

    def __init__(self, row: RunStep) -> None:
        self.row = row

    def count(self, **figures: float | int | str) -> None:
        """Keep figures under their names, such as `members=3000`."""
        self.row.counts.update(figures)

    def say(self, words: str) -> None:
        """Keep the sentence that tells staff what the step did."""
        self.row.words = words

    def notice(self, words: str) -> None:
        """Keep one thing that staff should know and that stopped nothing."""
        self.row.notices.append(words)

    def unchanged(self, words: str = "") -> None:
        """Say that there was nothing to do."""
        self.row.state = State.UNCHANGED
        self.row.words = words or self.row.words

    def partly(self, trouble: str, mend: str = "") -> None:
        """Say that a part could not be done, and what to do about it."""
        self.row.state, self.row.trouble, self.row.mend = State.PARTLY_DONE, trouble, mend


class RunInProgress:
    """A run under way. As a context manager it ends by itself, also on an error."""

    def __init__(self, row: Run, held: lease.Held, clock: Clock) -> None:
        self.row = row
        self._held = held
        self._clock = clock

    @property
    def fence(self) -> lease.Fence:
        """The right to write; hand it to what keeps something in the ledger for this run."""
        return self._held.fence

    def hold_on(self) -> None:
        """Keep the run's lease for longer.

        Raises:
            HeldBack: Another process took it over.
        """
        self._held.renew()

    @contextmanager
    def step(self, name: str) -> Iterator[StepInProgress]:
        """Write down the step called *name* around the block; an error in it is written down and goes on.

        Raises:
            HeldBack: Another process took over the run's lease, or this is a night and the step is parked.
        """
        self.hold_on()
        if self.row.kind in _NIGHTS:
            parking.require_not_parked(name)
        row = RunStep.objects.create(run=self.row, position=self.row.steps.count(), name=name, started_at=self._clock())
        began, step = time.monotonic(), StepInProgress(row)
        try:
            yield step
        except BaseException as error:
            row.state, row.trouble, row.mend = _trouble(error)
            raise
        finally:
            if row.state == State.RUNNING:
                row.state = State.DONE
            row.seconds = time.monotonic() - began
            _end(row, "state", "trouble", "mend", "seconds", "counts", "words", "notices")

    def finish(self, *, error: BaseException | None = None, **counts: Any) -> Run:
        """End the run: as its worst step ended, or as *error* says; doing so twice changes nothing."""
        if self.row.state != State.RUNNING:
            return self.row
        self.row.counts = {**self.row.counts, **counts}
        self.row.state, self.row.trouble, self.row.mend = _trouble(error) if error else self._worst()
        self.row.finished_at = max(self._clock(), self.row.started_at)
        with transaction.atomic():
            if _end(self.row, "state", "trouble", "mend", "finished_at", "counts"):
                _tell_end(self.row, self._clock)
        self._held.release()
        return self.row

    def _worst(self) -> tuple[State, str, str]:
        steps = list(self.row.steps.all())
        for state in _WORST_FIRST:
            for step in steps:
                if step.state == state:
                    return state, step.trouble, step.mend
        return State.DONE, "", ""

    def __enter__(self) -> RunInProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error=error)


def start(
    *, as_of: dt.date, kind: str, by: str, local_night: dt.date | None = None, clock: Clock = system_clock
) -> RunInProgress:
    """Begin a run and take the lease of the night.

    Args:
        as_of: The day whose start rules what was known.
        kind: `night`, or the one thing that is done by hand: `sync`, `train`, `score`, `write back`.
        by: The command or the person that asked for it.
        local_night: Which night it does, by the association's own clock.
        clock: Gives the present instant.

    Raises:
        HeldBack: Another run is under way.
    """
    held = lease.take("night", clock=clock)
    _close_what_was_cut_off(clock())
    with transaction.atomic():
        row = Run.objects.create(as_of=as_of, kind=kind, by=by, local_night=local_night, started_at=clock())
        audit.record(f"run:{kind}:begin", by=by, subject=f"run {row.pk}", clock=clock, as_of=as_of)
    return RunInProgress(row, held, clock)


def last_local_night() -> dt.date | None:
    """The latest local night that came to its end, well or held back; a failed or stopped one is to be done again."""
    ended = (State.DONE, State.UNCHANGED, State.PARTLY_DONE, State.HELD_BACK)
    rows = Run.objects.filter(kind="night", local_night__isnull=False, state__in=ended)
    return rows.order_by("-local_night").values_list("local_night", flat=True).first()


def last_whole_night() -> dt.datetime | None:
    """When a night last ended well."""
    rows = Run.objects.filter(kind="night", state__in=WHOLE)
    return rows.order_by("-finished_at").values_list("finished_at", flat=True).first()


def last_read() -> dt.datetime | None:
    """When the sync began that last brought something new; None before there was one."""
    steps = RunStep.objects.filter(name="sync", state=State.DONE).order_by("-id")
    return steps.values_list("started_at", flat=True).first()


def scored_from(as_of: dt.date) -> str | None:
    """The digest of what the scores of *as_of* were made from, as its run noted it; None where none did."""
    made = RunStep.objects.filter(run__as_of=as_of, name="score", state__in=(State.DONE, State.UNCHANGED))
    noted = (step.counts.get("receipt") for step in made.order_by("-id")[:50])
    return next((digest for digest in noted if digest), None)


def last_refusal(step: str) -> RunStep | None:
    """The last step called *step*, where it was held back; None where it was not, or there was none."""
    row = RunStep.objects.filter(name=step).order_by("-id").first()
    return row if row is not None and row.state == State.HELD_BACK else None


def latest(kind: str | None = None) -> Run | None:
    """The run that began last, of *kind* where given."""
    rows = Run.objects.filter(kind=kind) if kind else Run.objects.all()
    return rows.order_by("-started_at", "-id").first()


def _close_what_was_cut_off(now: dt.datetime) -> None:
    """We hold the lease, so a run that still says `running` belongs to a process that is gone."""
    trouble = {
        "state": State.INTERRUPTED,
        "trouble": "The process ended before the run did.",
        "mend": "Nothing half-written was kept; the next run does it again.",
    }
    RunStep.objects.filter(state=State.RUNNING).update(**trouble)
    for run in Run.objects.filter(state=State.RUNNING):
        with transaction.atomic():
            Run.objects.filter(pk=run.pk).update(finished_at=max(now, run.started_at), **trouble)
            run.state = State.INTERRUPTED
            _tell_end(run, lambda: now)


def _end(row: Run | RunStep, *fields: str) -> bool:
    """Keep how *row* ended, unless another process found it running without an owner and has closed it."""
    values = {name: getattr(row, name) for name in fields}
    return bool(type(row).objects.filter(pk=row.pk, state=State.RUNNING).update(**values))


def _tell_end(row: Run, clock: Clock) -> None:
    audit.record(f"run:{row.kind}:end", by=row.by, subject=f"run {row.pk}", clock=clock, state=str(row.state))


def _trouble(error: BaseException) -> tuple[State, str, str]:
    if isinstance(error, Stopped | KeyboardInterrupt):
        return State.STOPPED, "Stopped by hand.", "The next run goes on from there."
    if isinstance(error, TenureError):
        return (State.HELD_BACK if isinstance(error, HeldBack) else State.FAILED), error.message, error.mend
    # The text of a foreign error may hold a row of data, so only its kind is kept.
    return State.FAILED, f"An unexpected error ({type(error).__name__}).", "The log of the command says where."
