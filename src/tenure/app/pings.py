"""Pings to a watcher outside, who raises an alarm when they stay away. Nothing goes with them but the address.

The form is that of healthchecks.io: the address itself for success, with `/start` and `/fail` behind it otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tenure.base.errors import Stopped

_SECONDS = 5.0


class Watcher:
    """Somebody who waits for pings.

    Args:
        url: Where to; empty for nobody.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    @contextmanager
    def told(self) -> Iterator[Watcher]:
        """Ping when the block begins, and when it fails; call `done` in it when it succeeded.

        A stop that somebody asked for is neither: the start without an end becomes an alarm unless another run follows.
        """
        start = self._send("/start")
        try:
            yield self
        except Stopped:
            raise
        except BaseException:
            self._finish("/fail", start)
            raise

    def done(self, *, well: bool) -> None:
        """Ping for the end: success when all went *well*."""
        self._finish("" if well else "/fail", None)

    def _finish(self, what: str, start: threading.Thread | None) -> None:
        if start is not None:
            start.join(_SECONDS)
        thread = self._send(what)
        if thread is not None:
            thread.join(_SECONDS)

    def _send(self, what: str) -> threading.Thread | None:
        """In a thread of its own, so that a watcher who does not answer holds nothing up."""
        if not self._url:
            return None
        thread = threading.Thread(target=_post, args=(self._url + what,), daemon=True)
        thread.start()
        return thread


def _post(url: str) -> None:
    import httpx

    # What a watcher answers is not read, however long it is.
    with suppress(httpx.HTTPError, OSError, ValueError), httpx.stream("POST", url, timeout=_SECONDS):
        pass
