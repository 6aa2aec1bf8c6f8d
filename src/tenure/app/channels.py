"""The channels of one association, opened as its settings say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tenure.app.house import House
from tenure.base.home import Home
from tenure.outreach.channels.parcel import Channel
from tenure.outreach.channels.smtp import Mailer

VARIABLE = "TENURE_MAIL_PASSWORD"
MAILED = ("email", "offer", "survey", "alert")
"""Kinds of steps that go as email."""


@dataclass
class Channels:
    """What can be carried out here: a channel by kind of step, and why the other kinds wait."""

    by_kind: dict[str, Channel] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

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
        yield found


def mail_password(home: Home) -> str:
    """The password of the mail account: from the environment first, then from the home's secrets; else empty."""
    path = home.root / "secrets" / "mail.password"
    kept = path.read_text(encoding="utf-8").strip("\r\n") if path.is_file() else ""
    return os.environ.get(VARIABLE, "") or kept
