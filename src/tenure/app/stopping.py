"""Ending a night when somebody asks: at the next place where nothing is half-done, and within ten seconds.

The first SIGTERM or Ctrl-C asks: the record in hand is finished, and the step ends at its next place to stop. When
none came within four seconds, or at a second signal, the step is interrupted where it is, as at any crash: nothing
half-written counts. What cannot be interrupted either (a long computation outside of Python) is ended with its process
after eight, when the run has been written down as stopped.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from tenure.base.errors import DONE, Stopped

_SECONDS_TO_INTERRUPT = 4.0
_SECONDS_TO_END = 8.0
_SECONDS_TO_NOTE = 1.0


class Stopping:
    """Whether somebody has asked this process to end."""

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        """A place to stop.

        Raises:
            Stopped: Somebody has asked.
        """
        if self.asked:
            raise stopped()


def stopped() -> Stopped:
    """What ends a run that was asked to end."""
    return Stopped(
        "stopped because somebody asked; what was begun is finished or given up whole",
        mend="run the same command again: it goes on from there",
    )


@contextmanager
def listening(note: Callable[[], None]) -> Iterator[Stopping]:
    """Heed SIGTERM and SIGINT in the block, which must be in the main thread; elsewhere nothing is heeded.

    Args:
        note: Writes down that the run was stopped; called from another thread, only when the process has to be ended.

    Raises:
        Stopped: In the place of the interruption, when somebody asked.
    """
    stopping = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return

    def heed(_number: int, _frame: FrameType | None) -> None:
        if stopping.asked:
            raise KeyboardInterrupt
        stopping.asked = True
        _after(_SECONDS_TO_INTERRUPT, _interrupt)
        _after(_SECONDS_TO_END, lambda: _end(note))

    before = {number: signal.signal(number, heed) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    except KeyboardInterrupt:
        raise stopped() from None
    finally:
        for number, handler in before.items():
            # Once asked, another signal is no reason to end in the middle of ending.
            signal.signal(number, signal.SIG_IGN if stopping.asked else handler)


def _after(seconds: float, act: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()


def _interrupt() -> None:
    """A signal to the main thread, which also ends what it waits for."""
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGINT)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _end(note: Callable[[], None]) -> None:
    noting = threading.Thread(target=_quietly, args=(note,), daemon=True)
    noting.start()
    noting.join(_SECONDS_TO_NOTE)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(DONE)


def _quietly(note: Callable[[], None]) -> None:
    with suppress(Exception):
        note()
