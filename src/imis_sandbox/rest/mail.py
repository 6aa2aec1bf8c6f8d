"""The members' mailboxes: a mail server that takes what is sent to them, and keeps it to be looked at.

A message to an address of a member is contact by staff, as one sent through iMIS is; half as strong as a talk. It is no
part of iMIS. Nothing is passed on, whatever the address.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from typing import Any

import numpy as np
from aiosmtpd.smtp import SMTP, Envelope, Session

from imis_sandbox.rest import wire
from imis_sandbox.rest.records import Records
from imis_sandbox.world import truth
from imis_sandbox.world.config import DAY

_LARGEST = 10 * 2**20


class Mailboxes:
    """What arrived, oldest first.

    Args:
        records: Of people.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self.messages: list[wire.Json] = []
        self.port: int | None = None

    def listen(self, host: str, port: int) -> None:
        """Take mail at *host* and *port* (0 for any that is free) until the process ends."""
        loop = asyncio.new_event_loop()
        serve = loop.create_server(lambda: SMTP(self, data_size_limit=_LARGEST, loop=loop), host, port)
        self.port = int(loop.run_until_complete(serve).sockets[0].getsockname()[1])
        threading.Thread(target=loop.run_forever, name="mail", daemon=True).start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one message; the name is the mail library's."""
        content = envelope.content or b""
        self.take(list(envelope.rcpt_tos), content.encode() if isinstance(content, str) else content)
        return "250 kept"

    def take(self, recipients: list[str], content: bytes) -> None:
        """Keep a message for each of *recipients*, who are thereby reached."""
        message = email.message_from_bytes(content, policy=email.policy.default)
        text = message.get_body(("plain", "html"))
        state = self._records.state
        for recipient in recipients:
            rows = np.flatnonzero(self._records.lowered("email").astype(str) == recipient.lower())
            truth.reach(state, rows, state.flushed // DAY, truth.LETTER)
            self.messages.append(
                {
                    "to": recipient, "member_id": self._records.id_of(int(rows[0])) if len(rows) else None,
                    "day": state.flushed // DAY, "subject": str(message["Subject"] or ""),
                    "headers": {name: str(value) for name, value in message.items()},
                    "text": str(text.get_content()) if text else "",
                }
            )  # fmt: skip

    def report(self, since: int) -> dict[str, Any]:
        """Messages from number *since* on, which counts from 0, and how many there are."""
        return {"count": len(self.messages), "messages": self.messages[max(since, 0) :]}
