"""Links that only their recipient has: what is in them cannot be read, guessed or made by anybody without the key."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from tenure.base.pseudonym import Pseudonyms

Use = Literal["unsubscribe", "answer", "offer"]
USES: tuple[Use, ...] = ("unsubscribe", "answer", "offer")
_LONGEST = 400
_OWN = re.compile(rf"(/m/(?:{'|'.join(USES)})/)[\w-]+")


@dataclass(frozen=True)
class Ticket:
    """What a link stands for.

    Args:
        member: Pseudonym.
        reference: Of the step that it came with.
        issued_on: The day on which it was made.
    """

    member: int
    reference: str
    issued_on: dt.date


class Tokens:
    """Makes and reads the tokens of one association's links.

    A token is the ticket, encrypted and signed in one (AES-SIV, RFC 5297) with a key that follows from the home's. The
    same ticket gives the same token, also after the key of pseudonyms was changed, so that a message that is sent again
    is the same message. A token is good for one use alone: one to unsubscribe opens no survey.

    Args:
        keyed: The association's pseudonyms, for their key.
    """

    def __init__(self, keyed: Pseudonyms) -> None:
        self._keyed = keyed
        key = "".join(keyed.digest("token", part) for part in ("one", "two"))
        self._cipher = AESSIV(bytes.fromhex(key))

    def make(self, use: Use, ticket: Ticket) -> str:
        """The token of *ticket* for *use*, fit to stand in an address."""
        plain = json.dumps([self._keyed.first(ticket.member), ticket.reference, ticket.issued_on.isoformat()]).encode()
        return base64.urlsafe_b64encode(self._cipher.encrypt(plain, [use.encode()])).decode().rstrip("=")

    def read(self, use: Use, token: str) -> Ticket | None:
        """The ticket of *token*; None for one that was not made here, for this use, or was changed."""
        if len(token) > _LONGEST or not token.isascii():
            return None
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            member, reference, issued_on = json.loads(self._cipher.decrypt(sealed, [use.encode()]))
        except (binascii.Error, InvalidTag, ValueError):
            return None
        return Ticket(self._keyed.present(int(member)), str(reference), dt.date.fromisoformat(issued_on))


def link(public_url: str, use: Use, token: str) -> str:
    """Where *token* leads, below the address that members reach; empty where there is none."""
    return f"{public_url.rstrip('/')}/m/{use}/{token}" if public_url else ""


def shown(text: str, instead: str = "…") -> str:
    """*text* for others than its recipient: *instead* stands for each token, so that nobody can act for them."""
    return _OWN.sub(lambda found: found[1] + instead, text)
