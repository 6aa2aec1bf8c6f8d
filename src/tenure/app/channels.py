"""The channels of one association, opened as its settings say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenure.app.house import House
from tenure.app.password import is_known
from tenure.app.source import open_client
from tenure.base.home import Home
from tenure.outreach.channels.parcel import Channel, NotTaken, Parcel, Refused, Unsure
from tenure.outreach.channels.smtp import Mailer

if TYPE_CHECKING:
    from tenure.app.announcing import Announcer
    from tenure.writeback.activities import Activities

VARIABLE = "TENURE_MAIL_PASSWORD"
MAILED = ("email", "offer", "survey", "alert")
"""Kinds of steps that go as email."""

SAID = ("email", "sms", "in_app", "offer", "survey")
"""Kinds that say something to a member, which is noted on the member's record."""

IN_IMIS = ("task", "callback", "log", "group")
"""Kinds that change iMIS."""


@dataclass
class Channels:
    """What can be carried out here: a channel by kind of step, and why the other kinds wait."""

    by_kind: dict[str, Channel] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    activities: Activities | None = None
    announcer: Announcer | None = None

    def without_lookup(self) -> list[str]:
        """Kinds whose unknown outcomes wait for a person."""
        return [kind for kind, channel in self.by_kind.items() if not channel.looks_up]


@contextmanager
def opened(house: House) -> Iterator[Channels]:
    """The channels, for the length of the block; connections are made when they are first needed."""
    found = Channels()
    with ExitStack() as stack:
        if house.settings.mail.host and house.settings.mail.sender:
            mailer = stack.enter_context(Mailer(house.settings.mail, mail_password(house.home)))
            found.by_kind.update(dict.fromkeys(MAILED, mailer))
        else:
            found.missing.update(dict.fromkeys(MAILED, "set `mail.host` and `mail.sender` in tenure.toml"))
        _add_webhooks(house, found)
        if house.settings.source.kind == "imis" and house.settings.writeback.enabled:
            if is_known(house.home):
                _add_imis(house, found, stack)
            else:
                found.missing.update(dict.fromkeys(IN_IMIS, "set TENURE_IMIS_PASSWORD"))
        else:
            found.missing.update(
                dict.fromkeys(IN_IMIS, "they are kept in iMIS, which is not the source here or is not written to")
            )
        yield found


@dataclass
class Mailing:
    """Letters to staff about Tenure itself.

    Args:
        house: The association's.
        mailer: Sends them.
    """

    house: House
    mailer: Mailer

    def to_administrators(self, about: str, subject: str, words: str) -> int:
        """Write to every administrator with an address; gives how many were reached. Nobody is a reason to fail."""
        from tenure.ledger import audit
        from tenure.ledger.models import Staff

        reached = 0
        now = self.house.clock()
        addresses = Staff.objects.filter(role="administrator", is_active=True).exclude(email="")
        for number, address in enumerate(addresses.values_list("email", flat=True), start=1):
            reference = f"notice:{about}:{now:%Y%m%dT%H%M%S}:{number}"
            audit.record("notice:staff:send", by="tenure work", subject=reference, clock=self.house.clock)
            with suppress(NotTaken, Refused, Unsure):
                self.mailer.send(Parcel("notice", reference, address, subject, words, now), lambda: None)
                reached += 1
        return reached


def _add_webhooks(house: House, found: Channels) -> None:
    from tenure.app.announcing import Announcer
    from tenure.outreach.channels.outside import Outside

    rules = house.settings.webhooks
    mailer = found.by_kind.get("email")
    mailing = Mailing(house, mailer) if isinstance(mailer, Mailer) else None
    found.announcer = Announcer(house, Outside(rules.networks, rules.timeout_seconds), mailing)
    found.by_kind["webhook"] = found.announcer


def _add_imis(house: House, found: Channels, stack: ExitStack) -> None:
    from tenure.writeback.activities import Activities
    from tenure.writeback.groups import Groups

    client = stack.enter_context(open_client(house))
    found.activities = Activities(client, house.settings.tasks, house.settings.association.time_zone)
    found.by_kind.update(dict.fromkeys(("task", "callback", "log"), found.activities))
    found.by_kind["group"] = Groups(client)


def mail_password(home: Home) -> str:
    """The password of the mail account: from the environment first, then from the home's secrets; else empty."""
    path = home.root / "secrets" / "mail.password"
    kept = path.read_text(encoding="utf-8").strip("\r\n") if path.is_file() else ""
    return os.environ.get(VARIABLE, "") or kept
