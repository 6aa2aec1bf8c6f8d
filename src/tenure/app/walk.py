"""A run told twice at once: to the ledger, for the Runs page, and to whoever watches the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tenure.app.console import Console, Step
from tenure.app.stopping import Stopping
from tenure.base.errors import DONE, PARTLY_DONE

if TYPE_CHECKING:
    from tenure.ledger.runs import RunInProgress, StepInProgress


@dataclass
class Told:
    """What one step did, for the summary.

    Args:
        name: Of the step.
        seconds: How long it took.
        words: What it did, in a sentence.
        state: `done`, `unchanged` or `partly_done`.
        counts: Figures by name.
        notices: What staff should know and what stopped nothing.
        changes: In a dry run, what would be written into iMIS, member by member.
    """

    name: str
    seconds: float = 0.0
    words: str = ""
    state: str = "done"
    counts: dict[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)


class Teller:
    """One step under way; call it to tell progress."""

    def __init__(self, shown: Step, noted: StepInProgress, told: Told, stopping: Stopping) -> None:
        self._shown, self._noted, self.told, self._stopping = shown, noted, told, stopping

    def __call__(self, words: str = "", done: float | None = None, total: float | None = None) -> None:
        """Tell how far the step has come; a place to stop."""
        self._stopping.check()
        self._shown(words, done, total)

    def count(self, **figures: Any) -> None:
        """Keep figures under their names."""
        self._noted.count(**figures)
        self.told.counts.update(figures)

    def say(self, words: str) -> None:
        """Say in a sentence what the step did."""
        self._noted.say(_sentence(words))
        self._shown.outcome = self.told.words = words

    def notice(self, words: str) -> None:
        """Say what staff should know and what stops nothing."""
        self._noted.notice(words)
        self.told.notices.append(words)

    def unchanged(self, words: str) -> None:
        """Say that there was nothing to do."""
        self.say(words)
        self._noted.unchanged(_sentence(words))
        self.told.state = "unchanged"

    def partly(self, trouble: str, mend: str = "") -> None:
        """Say that a part could not be done."""
        self._noted.partly(_sentence(trouble), mend)
        self._shown.outcome = self.told.words = trouble
        self.told.state = "partly_done"
        self.told.notices.append(f"{trouble}; {mend}" if mend else trouble)


def _sentence(words: str) -> str:
    """*words* as a page wants them; a terminal has them behind the name of the step."""
    return words[:1].upper() + words[1:]


class Walk:
    """The steps of one run, in the order in which they were taken.

    Args:
        run: The run in the ledger.
        console: Where to show them.
        stopping: Whether somebody has asked it to end; asked at each step and whenever progress is told.
    """

    def __init__(self, run: RunInProgress, console: Console, stopping: Stopping) -> None:
        self.run = run
        self.console = console
        self.stopping = stopping
        self.steps: list[Told] = []

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[Teller]:
        """Take the step *name*, which *title* announces; what it gives notice of is shown when it ends."""
        told = Told(name)
        self.stopping.check()
        try:
            with self.run.step(name) as noted, self.console.step(title) as shown:
                yield Teller(shown, noted, told, self.stopping)
            told.seconds = shown.seconds
            self.steps.append(told)
        finally:
            for notice in told.notices:
                self.console.say(f"  note: {notice}")

    @property
    def exit_code(self) -> int:
        """Of the command, when no step ended with an error."""
        return PARTLY_DONE if any(step.state == "partly_done" for step in self.steps) else DONE

    @property
    def unchanged(self) -> bool:
        """Whether no step had anything to do."""
        return all(step.state == "unchanged" for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """The run for programs."""
        return {"exit_code": self.exit_code, "unchanged": self.unchanged, "steps": [vars(step) for step in self.steps]}
