"""Email by SMTP: one message for one recipient, plain text, over TLS.

SMTP cannot be asked what became of a message. So `handing` is called after the server has accepted sender and
recipient and before the text is sent: a process that ends before has sent nothing, one that ends after it may have.
"""

from __future__ import annotations

import datetime as dt
import email.policy
import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from types import TracebackType

from tenure.base.settings import Mail
from tenure.outreach.channels.parcel import Handing, NotTaken, Parcel, Refused, Unsure, one_line

REFERENCE = "X-Tenure-Reference"
_AFTER_A_REFUSAL = dt.timedelta(minutes=15)
"""Servers lock accounts that sign in wrongly again and again; another password is tried at once."""
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
_KINDS = {"pdf": "application", "calendar": "text"}
_OURS = frozenset(
    {"from", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "sender", "received", REFERENCE.lower()}
)


class Mailer:
    """A connection to the server that takes outgoing email; opened when it is first needed, and again after a failure.

    Args:
        rules: The `[mail]` settings.
        password: Of `rules.username`.
        trust: A TLS context that trusts further certificates; the machine's own without one.
    """

    looks_up = False

    def __init__(self, rules: Mail, password: str = "", *, trust: ssl.SSLContext | None = None) -> None:
        self._rules, self._password, self._trust = rules, password, trust
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Mailer:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Take leave of the server."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()

    def ready(self) -> None:
        """Connect, greet and sign in, where that is not done already.

        Raises:
            NotTaken: The server does not answer, or does not let us in.
        """
        self._ready()

    def look(self, parcel: Parcel) -> str | None:
        """Never called, since a mail server cannot be asked."""
        raise NotTaken("a mail server cannot be asked what became of a message")

    def send(self, parcel: Parcel, handing: Handing) -> str:
        """Send one message; the receipt is its Message-ID.

        Raises:
            Refused: The server refused the address or the message for good, or it cannot be a message.
            NotTaken: The server is not there, or asks to come back later; nothing was sent.
            Unsure: The connection broke after the text had begun to leave.
        """
        message = message_of(parcel, self._rules)
        content = message.as_bytes(policy=email.policy.SMTP)
        server = self._ready()
        self._envelope(server, parcel.recipient)
        handing()
        self._data(server, content)
        return str(message["Message-ID"])

    def _ready(self) -> smtplib.SMTP:
        """A server that has greeted us and knows of no message."""
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):
                if self._server.rset()[0] == 250:
                    return self._server
            self.close()
        try:
            self._server = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            raise NotTaken(
                f"the mail server {self._rules.host} refuses the user name and password (code {error.smtp_code})",
                mend="set `mail.username`, and the password in secrets/mail.password or TENURE_MAIL_PASSWORD",
                after=_AFTER_A_REFUSAL if error.smtp_code >= 500 else None,
            ) from error
        except ssl.SSLError as error:
            raise NotTaken(
                f"no TLS with the mail server {self._rules.host}: {error.reason or type(error).__name__}",
                mend="see whether `mail.host` and `mail.security` are right, and the server's certificate is valid",
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotTaken(
                f"the mail server {self._rules.host}:{self._rules.port} does not answer ({type(error).__name__})",
                mend="see whether `mail.host`, `mail.port` and `mail.security` are right; it is tried again",
            ) from error
        return self._server

    def _connect(self) -> smtplib.SMTP:
        rules = self._rules
        trust = self._trust or ssl.create_default_context()
        if rules.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                rules.host, rules.port, timeout=rules.timeout_seconds, context=trust
            )
        else:
            server = smtplib.SMTP(rules.host, rules.port, timeout=rules.timeout_seconds)
        try:
            if rules.security == "starttls":
                server.starttls(context=trust)
            server.ehlo_or_helo_if_needed()
            if rules.username:
                server.login(rules.username, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _envelope(self, server: smtplib.SMTP, recipient: str) -> None:
        self._step(lambda: server.mail(self._rules.sender), "the sender", bounced=False)
        self._step(lambda: server.rcpt(recipient), "the recipient", bounced=True)

    def _step(self, say: Callable[[], tuple[int, bytes]], what: str, *, bounced: bool) -> None:
        try:
            code, _ = say()
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise NotTaken(f"the mail server broke off at {what} ({type(error).__name__})") from error
        if code in (250, 251):
            return
        if code == 421:
            self.close()
        self._complain(code, what, bounced=bounced)

    def _data(self, server: smtplib.SMTP, content: bytes) -> None:
        try:
            code, _ = server.data(content)
        except smtplib.SMTPDataError as error:
            # The server said no to DATA itself; the text was not sent.
            self._complain(error.smtp_code, "the message", bounced=False)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unsure(f"the mail server broke off while it took the message ({type(error).__name__})") from error
        else:
            if code != 250:
                self._complain(code, "the message", bounced=code in (550, 551, 553, 554))

    def _complain(self, code: int, what: str, *, bounced: bool) -> None:
        """What the server says may quote the address, so its number alone is told."""
        if 400 <= code < 500:
            raise NotTaken(f"the mail server puts {what} off (code {code})")
        raise Refused(f"the mail server refuses {what} (code {code})", bounced=bounced and 500 <= code < 600)


def message_of(parcel: Parcel, rules: Mail) -> EmailMessage:
    """The message that a parcel becomes.

    Raises:
        Refused: Recipient, subject or a header could forge another header, or the recipient is not one address.
    """
    if not _ADDRESS.fullmatch(parcel.recipient) or not parcel.recipient.isascii():
        raise Refused("the recipient is not one plain email address", bounced=True)
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = formataddr((one_line(rules.sender_name, "sender's name"), rules.sender))
    message["To"] = parcel.recipient
    if rules.reply_to:
        message["Reply-To"] = rules.reply_to
    message["Subject"] = one_line(parcel.subject, "subject")
    message["Date"] = format_datetime(parcel.at)
    message["Message-ID"] = message_id(parcel.reference, rules.sender)
    message[REFERENCE] = one_line(parcel.reference, "reference")
    _add_headers(message, parcel.headers)
    text = parcel.body.rstrip() + "\n"
    message.set_content(f"{text}\n{parcel.footer.rstrip()}\n" if parcel.footer else text, cte="quoted-printable")
    _enclose(message, parcel)
    return message


def _enclose(message: EmailMessage, parcel: Parcel) -> None:
    if parcel.html:
        message.add_alternative(parcel.html, subtype="html", cte="quoted-printable")
        *_, laid_out = message.iter_parts()
        assert isinstance(laid_out, EmailMessage)
        for one in parcel.enclosures:
            if one.kind == "png":
                laid_out.add_related(one.content, "image", "png", cid=f"<{one.name}>", filename=f"{one.name}.png")
    for one in parcel.enclosures:
        if one.kind != "png":
            message.add_attachment(one.content, maintype=_KINDS[one.kind], subtype=one.kind, filename=one.name)


def message_id(reference: str, sender: str) -> str:
    """The Message-ID of every attempt at one step: made from its *reference*, so that a second copy is known as one."""
    digest = hashlib.sha256(reference.encode()).hexdigest()[:40]
    return f"<{digest}@{sender.rpartition('@')[2] or 'tenure.invalid'}>"


def _add_headers(message: EmailMessage, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if name.lower() in _OURS or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
            raise Refused(f"the header {name!r} cannot be set")
        message[name] = one_line(value, f"header {name}")
