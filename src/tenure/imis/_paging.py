"""Pages of a list until there are no more, as the server says; doubted where it contradicts itself."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from tenure.imis._values import Row
from tenure.imis.errors import Garbled, PagingBroken

_REREADS = 5

T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """One page of a list.

    Args:
        rows: Its rows.
        offset: Where it was asked for.
        next_offset: Where the next page begins; None after the last.
        total: How many rows the server says there are in all, if it says.
    """

    rows: list[Row]
    offset: int
    next_offset: int | None
    total: int | None


@dataclass(frozen=True)
class Progress:
    """How far a list has been read: `offset` is where reading would go on."""

    offset: int
    rows: int
    total: int | None
    pages: int


Fetch = Callable[[int], Page]


def page_of(answer: Any, offset: int, rows_of: Callable[[list[Any]], list[Row]], what: str) -> Page:
    """Read the envelope of a list.

    Raises:
        Garbled: It isn't one.
    """
    try:
        rows = rows_of(answer["Items"]["$values"])
        count = len(rows)
        has_next, next_offset = bool(answer.get("HasNext")), int(answer.get("NextOffset") or 0)
        total = answer.get("TotalCount")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Garbled(
            f"{what}: the answer isn't a list as iMIS gives it ({type(error).__name__})",
            mend="check that the address is that of iMIS itself and which version it is",
        ) from error
    total = int(total) if isinstance(total, int | float) else None
    more = has_next or next_offset > offset or (total is not None and count > 0 and offset + count < total)
    return Page(rows, offset, (next_offset or offset + count) if more else None, total)


def pages(fetch: Fetch, what: str, *, start: int = 0) -> Iterator[tuple[Page, Progress]]:
    """Every page from row *start* on, and how far reading has come with it.

    A page that repeats rows of the one before is asked for again. When the total has shrunk since the page before, rows
    have moved to the front past the place where reading went on, so it steps back by as many: rows may come twice, but
    none is passed over.

    Raises:
        PagingBroken: The server promises rows that it doesn't give.
    """
    offset, read, count, before = start, 0, 0, None
    while True:
        page = _fresh(fetch, offset, before, what)
        if page.next_offset is not None and not page.rows:
            page = _insist(fetch, offset, what)
        read, count = read + len(page.rows), count + 1
        step = _next_offset(page, before, start, what)
        yield page, Progress(offset if step is None else step, read, page.total, count)
        if step is None:
            return
        offset, before = step, page


def ahead(items: Iterator[T]) -> Iterator[T]:
    """*items*, the next being fetched while the caller works on the present one.

    There is still one request in flight at a time. The first two are fetched when they are asked for, so that whoever
    only wants a look at a list asks for nothing more. A caller who stops early leaves at most one item unused.
    """
    for _ in range(2):
        first = next(items, None)
        if first is None:
            return
        yield first
    coming: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=1)
    wanted = threading.Semaphore(1)
    stopped = threading.Event()
    # A daemon, and never joined: whoever interrupts a night shall not wait for an answer, or a pause, to end.
    threading.Thread(target=_fetch_ahead, args=(items, coming, wanted, stopped), daemon=True).start()
    try:
        while True:
            item, error = coming.get()
            if error is not None:
                raise error
            if item is None:
                return
            wanted.release()
            yield item
    finally:
        stopped.set()
        wanted.release()


def _fetch_ahead(
    items: Iterator[T],
    coming: queue.Queue[tuple[T | None, BaseException | None]],
    wanted: threading.Semaphore,
    stopped: threading.Event,
) -> None:
    while True:
        wanted.acquire()
        if stopped.is_set():
            return
        try:
            item = next(items, None)
        except BaseException as error:
            coming.put((None, error))
            return
        coming.put((item, None))
        if item is None:
            return


def _fresh(fetch: Fetch, offset: int, before: Page | None, what: str) -> Page:
    """The page at *offset*, asked for again while it repeats rows of the page before without a reason."""
    seen: list[Page] = []
    while len(seen) < _REREADS:
        page = fetch(offset)
        if not (_repeats(page, before) or (seen and page.rows[:1] and page.rows[0] in page.rows[1:])):
            return page
        seen.append(page)
    if before is not None and all(page.rows == seen[0].rows != before.rows for page in seen):
        return page  # Said so every time: rows of this list are alike, and no page is out of its place.
    raise PagingBroken(
        f"{what}: iMIS gives the same page again and again at row {offset:,}",
        mend="run again later; no page was skipped",
    )


def _repeats(page: Page, before: Page | None) -> bool:
    """Whether *page* begins with a row of the page before it, and rows that were inserted don't explain that."""
    if before is None or not page.rows or page.rows[0] not in before.rows:
        return False
    overlap = len(before.rows) - before.rows.index(page.rows[0])
    grown = (page.total or 0) - (before.total or 0)
    moved_back = before.offset + len(before.rows) - page.offset
    return overlap > max(0, grown) + max(0, moved_back)


def _insist(fetch: Fetch, offset: int, what: str) -> Page:
    for _ in range(_REREADS - 1):
        page = fetch(offset)
        if page.rows or page.next_offset is None:
            return page
    raise PagingBroken(
        f"{what}: iMIS says there are more rows after row {offset:,} but gives an empty page",
        mend="run again later; if it stays, take a row limit out of the query",
    )


def _next_offset(page: Page, before: Page | None, start: int, what: str) -> int | None:
    gone = 0
    if before is not None and before.total is not None and page.total is not None:
        gone = before.total - page.total
    if gone > 0:
        return max(start, page.offset - gone)
    if page.next_offset is not None and page.next_offset <= page.offset:
        raise PagingBroken(
            f"{what}: after row {page.offset:,} iMIS points back to row {page.next_offset:,}",
            mend="run again later; if it stays, report it to the vendor",
        )
    return page.next_offset
