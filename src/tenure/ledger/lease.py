"""A lease keeps two nights apart, also when the first one was killed.

It lasts ten minutes and a thread of its holder renews it every minute. A holder on this machine whose process is gone
loses it at once; one on another machine when the ten minutes are over.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
import threading
from types import TracebackType

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import HeldBack
from tenure.ledger.models import Lease

LASTS = dt.timedelta(minutes=10)
RENEWED_EVERY_SECONDS = 60.0


class Held:
    """A lease in this process's hands; leave the `with` block, or call `release`, to give it back."""

    def __init__(self, name: str, holder: str, clock: Clock) -> None:
        self.name = name
        self.holder = holder
        self._clock = clock
        self._over = threading.Event()
        self._renewer = threading.Thread(target=self._keep, name=f"lease-{name}", daemon=True)
        self._renewer.start()

    def renew(self) -> None:
        """Hold it for another ten minutes.

        Raises:
            HeldBack: Another process has it by now, as after a long sleep of the machine.
        """
        rows = Lease.objects.filter(name=self.name, holder=self.holder).update(expires_at=self._clock() + LASTS)
        if rows != 1:
            raise HeldBack(
                f"another process took over the lease of the {self.name}",
                mend="let that one finish; nothing of this one's remaining steps was done",
            )

    def release(self) -> None:
        """Give it back; doing so twice is harmless."""
        self._over.set()
        if self._renewer is not threading.current_thread():
            self._renewer.join(timeout=5)
        Lease.objects.filter(name=self.name, holder=self.holder).delete()

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.release()

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
            Lease.objects.create(name=name, **values)
    except IntegrityError:
        _take_over(name, values, now)
    return Held(name, holder, clock)


def _take_over(name: str, values: dict[str, object], now: dt.datetime) -> None:
    held = Lease.objects.filter(name=name).first()
    free = Q(expires_at__lte=now)
    if held is not None and _is_gone(held.holder):
        free |= Q(holder=held.holder)
    if Lease.objects.filter(free, name=name).update(**values) != 1:
        since = f" since {held.taken_at:%H:%M} UTC" if held else ""
        raise HeldBack(f"a {name} is under way{since}", mend="wait until it ends; `tenure serve` shows it under Runs")


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
