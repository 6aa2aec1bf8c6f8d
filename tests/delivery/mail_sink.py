"""A real SMTP server that keeps what it takes, and can misbehave as servers do."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import threading
from collections import Counter
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class MailSink:
    """Takes mail at a port of its own for the length of the `with` block.

    Set `at_recipient`, `at_data` to an answer such as `"550 no such box"` to have it given instead of taking; `drops`
    to how many messages shall be kept and then not acknowledged, because the line breaks; `seconds` to how long it
    takes before and after keeping one.

    With a `password` it takes mail only from who signs in by it, and keeps in `refused` what else was tried; to change
    it ends no session, so call `hang_up` as well.

    Args:
        folder: Where to keep each message as a file too, for processes that look at the sink alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.messages: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.at_recipient = self.at_data = ""
        self.drops, self.seconds = 0, 0.0
        self.folder = folder
        self.password = ""
        self.refused: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._sessions: list[SMTP] = []
        self.port = 0

    def __enter__(self) -> MailSink:
        self.open()
        threading.Thread(target=self._loop.run_forever, name="mail", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._close)

    def open(self) -> None:
        """Listen."""
        serve = self._loop.create_server(self._session, "127.0.0.1", self.port)
        self._server = self._loop.run_until_complete(serve)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def _session(self) -> SMTP:
        asked = bool(self.password)
        one = SMTP(self, loop=self._loop, authenticator=self._may, auth_required=asked, auth_require_tls=not asked)
        self._sessions.append(one)
        return one

    def _may(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, told: Any) -> AuthResult:
        given = told.password.decode()
        if given != self.password:
            self.refused.append(given)
        return AuthResult(success=given == self.password, handled=False)

    def hang_up(self) -> None:
        """End every connection."""
        for one in self._sessions:
            if one.transport is not None:
                self._loop.call_soon_threadsafe(one.transport.close)

    def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        self._loop.stop()

    @property
    def references(self) -> Counter[str]:
        """How often each reference arrived."""
        return Counter(message["X-Tenure-Reference"] for message in self.messages)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        if self.at_recipient:
            return self.at_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one message."""
        if self.at_data:
            return self.at_data
        await asyncio.sleep(self.seconds)
        content = bytes(envelope.content or b"")
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
        if self.folder is not None:
            path = self.folder / f"{len(self.messages):06d}.eml"
            with path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        await asyncio.sleep(self.seconds)
        if self.drops:
            self.drops -= 1
            assert server.transport is not None
            server.transport.abort()
        return "250 kept"
