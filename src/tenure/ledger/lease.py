"""A lease keeps two nights apart, also when the first one was killed or slept through its time.

It lasts a minute and a thread of its holder renews it every quarter of one. A holder on this machine whose process is
gone loses it at once; one on another machine when the minute is over. Each holder gets a token, one higher than any
before; what a night writes carries it as a `Fence`, and is refused in the transaction that would keep it once a later
holder has come.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import HeldBack
from tenure.ledger.models import Lease

LASTS = dt.timedelta(seconds=60)
RENEWED_EVERY_SECONDS = 15.0


@dataclass(frozen=True)
class Fence:
    """The right to write of one holder, checked where it counts.

    Args:
        name: Of the lease.
        token: Of the holder.
    """

    name: str
    token: int

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that is kept only while no later holder has come, and during which none can come.

        Raises:
            HeldBack: Another process has the lease by now; the block was not entered.
        """
        with transaction.atomic():
            if not Lease.objects.select_for_update().filter(name=self.name, token=self.token).exists():
                raise _lost(self.name)
            yield

    def look(self) -> None:
        """Refuse to go on when a later holder has come: before something that the ledger cannot take back.

        Raises:
            HeldBack: Another process has the lease by now.
        """
        if not Lease.objects.filter(name=self.name, token=self.token).exists():
            raise _lost(self.name)


def fenced(fence: Fence | None) -> AbstractContextManager[None]:
    """A transaction, which needs *fence* to stand where there is one."""
    return transaction.atomic() if fence is None else fence.transaction()


class Held:
    """A lease in this process's hands; leave the `with` block, or call `release`, to give it back."""

    def __init__(self, fence: Fence, holder: str, clock: Clock) -> None:
        self.fence = fence
        self.holder = holder
        self._clock = clock
        self._over = threading.Event()
        self._renewer = threading.Thread(target=self._keep, name=f"lease-{fence.name}", daemon=True)
        self._renewer.start()

    def renew(self) -> None:
        """Hold it for another minute.

        Raises:
            HeldBack: Another process has it by now, as after a long sleep of the machine.
        """
        if self._mine().update(expires_at=self._clock() + LASTS) != 1:
            raise _lost(self.fence.name)

    def release(self) -> None:
        """Give it back; doing so twice is harmless. The row stays, since it knows the last token."""
        self._over.set()
        if self._renewer is not threading.current_thread():
            self._renewer.join(timeout=5)
        self._mine().update(holder="", expires_at=self._clock())

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.release()

    def _mine(self) -> Any:
        return Lease.objects.filter(name=self.fence.name, token=self.fence.token, holder=self.holder)

    def _keep(self) -> None:
        try:
            while not self._over.wait(RENEWED_EVERY_SECONDS):
                try:
                    self.renew()
                except HeldBack:
                    return
                except Exception:  # noqa: S112  a busy database is no reason to stop renewing
                    continue
        finally:
            connection.close()


def take(name: str, *, clock: Clock = system_clock) -> Held:
    """Take the lease called *name*.

    Raises:
        HeldBack: Somebody has it.
    """
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(8)}"
    now = clock()
    values = {"holder": holder, "taken_at": now, "expires_at": now + LASTS}
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, token=1, **values)
    except IntegrityError:
        _take_over(name, values, now)
    token = Lease.objects.values_list("token", flat=True).get(name=name, holder=holder)
    return Held(Fence(name, token), holder, clock)


def is_held(name: str, *, clock: Clock = system_clock) -> bool:
    """Whether somebody has the lease called *name*, as far as one can tell without taking it."""
    held = Lease.objects.filter(name=name, expires_at__gt=clock()).exclude(holder="").first()
    return held is not None and not _is_gone(held.holder)


def _take_over(name: str, values: dict[str, object], now: dt.datetime) -> None:
    held = Lease.objects.filter(name=name).first()
    free = Q(holder="") | Q(expires_at__lte=now)
    if held is not None and _is_gone(held.holder):
        free |= Q(holder=held.holder)
    if Lease.objects.filter(free, name=name).update(token=F("token") + 1, **values) != 1:
        since = f" since {held.taken_at:%H:%M} UTC" if held else ""
        raise HeldBack(f"a {name} is under way{since}", mend="wait until it ends; `tenure serve` shows it under Runs")


def _lost(name: str) -> HeldBack:
    return HeldBack(
        f"another process took over the lease of the {name}",
        mend="let that one finish; nothing of this one's remaining steps was done",
    )


def _is_gone(holder: str) -> bool:
    host, _, rest = holder.partition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(rest.partition(":")[0]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError, OSError):
        return False
    return False
