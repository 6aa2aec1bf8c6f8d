"""The channels of one association, opened as its settings say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenure.app.house import House
from tenure.app.letters import Mailing
from tenure.app.password import is_known, known_password
from tenure.app.source import open_client
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.outreach.channels.parcel import Channel
from tenure.outreach.channels.smtp import Mailer

if TYPE_CHECKING:
    from tenure.app.announcing import Announcer
    from tenure.writeback.activities import Activities

VARIABLE = "TENURE_MAIL_PASSWORD"
MAILED = ("email", "offer", "survey", "alert")
"""Kinds of steps that go as email."""

IN_IMIS = ("task", "callback", "log", "group")
"""Kinds that change iMIS."""


@dataclass
class Channels:
    """What can be carried out here: a channel by kind of step, and why the other kinds wait."""

    by_kind: dict[str, Channel] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    activities: Activities | None = None
    announcer: Announcer | None = None
    mailing: Mailing | None = None

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
            found.mailing = Mailing(house, mailer)
        else:
            found.missing.update(dict.fromkeys(MAILED, "set `mail.host` and `mail.sender` in tenure.toml"))
        _add_webhooks(house, found)
        _add_providers(house, found)
        if house.settings.writes_into_imis:
            if is_known(house.home):
                _add_imis(house, found, stack)
            else:
                found.missing.update(dict.fromkeys(IN_IMIS, "set TENURE_IMIS_PASSWORD"))
        else:
            found.missing.update(
                dict.fromkeys(IN_IMIS, "they are kept in iMIS, which is not the source here or is not written to")
            )
        yield found


def _add_webhooks(house: House, found: Channels) -> None:
    from tenure.app.announcing import Announcer
    from tenure.outreach.channels.outside import Outside

    rules = house.settings.webhooks
    outside = Outside(rules.networks, rules.timeout_seconds)
    found.announcer = Announcer(house, outside, found.mailing)
    found.by_kind["webhook"] = found.announcer


def _add_providers(house: House, found: Channels) -> None:
    from tenure.outreach.channels.outside import Outside
    from tenure.outreach.channels.provider import Provider

    keyed = Pseudonyms.of(house.home)
    for kind, rules in (("sms", house.settings.sms), ("in_app", house.settings.in_app)):
        if rules.url:
            outside = Outside(house.settings.webhooks.networks, rules.timeout_seconds)
            key = keyed.secret(f"provider:{kind}")
            found.by_kind[kind] = Provider(rules.url, kind, key, outside, house.clock)
        else:
            found.missing[kind] = f"set `{kind}.url` in tenure.toml"


def _add_imis(house: House, found: Channels, stack: ExitStack) -> None:
    from tenure.app.calls import Calls
    from tenure.writeback.activities import Activities
    from tenure.writeback.groups import Groups

    client = stack.enter_context(open_client(house))
    found.activities = Activities(client, house.settings.tasks, house.settings.association.time_zone)
    found.by_kind.update(dict.fromkeys(("task", "log"), found.activities))
    found.by_kind["callback"] = Calls(house, found.activities, found.mailing)
    found.by_kind["group"] = Groups(client)


def passwords(house: House) -> tuple[str, str]:
    """What the channels sign in with, as it stands now: to the mail server and to iMIS."""
    return mail_password(house.home), known_password(house.home)


def mail_password(home: Home) -> str:
    """The password of the mail account: from the environment first, then from the home's secrets; else empty."""
    path = home.root / "secrets" / "mail.password"
    kept = path.read_text(encoding="utf-8").strip("\r\n") if path.is_file() else ""
    return os.environ.get(VARIABLE, "") or kept
