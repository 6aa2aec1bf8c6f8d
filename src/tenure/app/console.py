"""What a person, or a program, sees while a command works: results on standard output, all else on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import click

Progress = Callable[..., None]
"""Called as `progress(words, done, total)`; *done* and *total* are counts of one thing, or absent."""


class Console:
    """Progress and words of one command.

    A terminal gets a moving line per step; anything else gets plain lines, at most one every two seconds within a
    step. With *quiet*, which `--json` sets, nothing but warnings and the result is printed.

    Args:
        quiet: Leave out progress and words.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.moving = not quiet and sys.stderr.isatty()

    def say(self, words: str) -> None:
        """Print *words* for the person who watches."""
        if not self.quiet:
            click.echo(words, err=True)

    def warn(self, words: str) -> None:
        """Print a warning, whatever else is left out."""
        click.echo(f"warning: {words}", err=True)

    def result(self, words: str) -> None:
        """Print what the command was asked for."""
        click.echo(words)

    def result_json(self, body: Any) -> None:
        """Print what the command was asked for, as JSON."""
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        click.echo(orjson.dumps(body, default=str, option=options).decode())

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """One step of the work, with its progress; says at the end how long it took.

        Args:
            title: What is being done, such as "Sync".
        """
        step = MovingStep(title) if self.moving else Step(title, quiet=self.quiet)
        with step:
            yield step


class Step:
    """A step told in plain lines.

    Args:
        title: What is being done.
        quiet: Say nothing.
    """

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        self.title = title
        self.quiet = quiet
        self.outcome = ""
        self.seconds = 0.0
        self._began = time.monotonic()
        self._said = self._began

    def __enter__(self) -> Step:
        self._print(f"{self.title} …")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.seconds = time.monotonic() - self._began
        self._print(self.ending(failed=error is not None))

    def ending(self, *, failed: bool) -> str:
        """The line that closes the step."""
        if failed:
            return f"{self.title}: stopped after {spell_seconds(self.seconds)}"
        return f"{self.title}: {self.outcome or 'done'} ({spell_seconds(self.seconds)})"

    def __call__(self, words: str = "", done: float | None = None, total: float | None = None) -> None:
        """Tell how far the step has come; a *total* of 1.0 makes *done* a share."""
        now = time.monotonic()
        if words and now - self._said >= 2:
            self._said = now
            self._print(f"  {words}{_counted(done, total)}")

    def _print(self, words: str) -> None:
        if not self.quiet:
            click.echo(words, err=True)


class MovingStep(Step):
    """A step told by one moving line on a terminal."""

    def __enter__(self) -> MovingStep:
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        bar = BarColumn(bar_width=24)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), bar, TextColumn("{task.fields[words]}"))
        self._bar = Progress(*columns, TimeElapsedColumn(), console=RichConsole(stderr=True), transient=True)
        self._task = self._bar.add_task(self.title, total=None, words="")
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.stop()
        super().__exit__(kind, error, tb)

    def __call__(self, words: str = "", done: float | None = None, total: float | None = None) -> None:
        """Tell how far the step has come."""
        self._bar.update(self._task, words=f"{words}{_counted(done, total)}", total=total, completed=done or 0)


def _counted(done: float | None, total: float | None) -> str:
    if done is None:
        return ""
    if total == 1.0:
        return f" {done:.0%}"
    return f" {done:,.0f} of {total:,.0f}" if total else f" {done:,.0f}"


def spell_seconds(seconds: float) -> str:
    """A length of time as a person says it: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
