"""Members go by a keyed pseudonym in the lake, in features and in models.

A pseudonym is the first eight bytes of HMAC-SHA-256 over the source's own id, as a signed 64-bit integer: small
enough to sort and join by, and useless without the key. With five million members the chance that any two share
one is about one in a million; the ledger's unique constraint would name it at once.

The key can be changed. Its file then has further lines, each a later key; the last of them turns a member's *first*
pseudonym, the one by the first line, into the *present* one. Turning is a keyed permutation (Luby and Rackoff's, of
four rounds), so that nobody's id is needed to change the key, and the first pseudonym can be had back from the present
one. The first is what may never change: what is hashed, signed, sealed or sent goes by it (the audit log, digests of
content, tombstones, links in messages). The first line stays the one for all secrets.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from tenure.base import key_change
from tenure.base.errors import DamagedStore
from tenure.base.home import Home, write_atomically

_PURPOSE = b"tenure:member:"
_HALF, _ROUNDS = 0xFFFFFFFF, 4


class Pseudonyms:
    """Turns a source's member ids into pseudonyms.

    Args:
        key: At least 32 random bytes, one key per association.
        turn: The key that turns first pseudonyms into present ones; none where it was never changed.
    """

    def __init__(self, key: bytes, turn: bytes = b"") -> None:
        if len(key) < 32 or (turn and len(turn) < 32):
            raise DamagedStore("the pseudonym key is shorter than 32 bytes", mend="restore secrets/pseudonym.key")
        self._key, self._turn = key, turn

    @classmethod
    def read(cls, text: str) -> Pseudonyms:
        """By the *text* of a key file.

        Raises:
            ValueError: It is not in hexadecimal.
        """
        first, *later = (bytes.fromhex(line) for line in text.split())
        return cls(first, later[-1] if later else b"")

    @classmethod
    def of(cls, home: Home) -> Pseudonyms:
        """The association's own, creating its key on first use (mode 600).

        Raises:
            KeyIsChanging: The key is being changed, or that was cut off, and this thread does not hold off its end.
            DamagedStore: The file holds no key.
        """
        if home.next_key_file.exists() and not key_change.is_steady(home):
            raise key_change.changing()
        if not home.key_file.exists():
            write_atomically(home.key_file, secrets.token_hex(32).encode(), mode=0o600)
        try:
            return cls.read(home.key_file.read_text())
        except ValueError as error:
            raise DamagedStore(
                f"{home.key_file} does not hold a key in hexadecimal",
                mend="restore it from your backup; a new key would cut every member off from the past",
            ) from error

    def one(self, member_id: str) -> int:
        """The pseudonym of *member_id*, which is taken to the letter (leading zeros, case)."""
        return self.present(self.first_of(member_id))

    def first_of(self, member_id: str) -> int:
        """The first pseudonym of *member_id*."""
        digest = hmac.digest(self._key, _PURPOSE + member_id.encode(), hashlib.sha256)
        return int.from_bytes(digest[:8], "big", signed=True)

    def present(self, first: int) -> int:
        """The present pseudonym of whoever's *first* it is."""
        if not self._turn:
            return first
        left, right = _halves(first)
        for number in range(_ROUNDS):
            left, right = right, left ^ self._round(number, right)
        return _whole(left, right)

    def first(self, present: int) -> int:
        """The first pseudonym of whoever's *present* one it is."""
        if not self._turn:
            return present
        left, right = _halves(present)
        for number in reversed(range(_ROUNDS)):
            left, right = right ^ self._round(number, left), left
        return _whole(left, right)

    def _round(self, number: int, half: int) -> int:
        told = b"tenure:turn:%d:%d" % (number, half)
        return int.from_bytes(hmac.digest(self._turn, told, hashlib.sha256)[:4], "big")

    def share(self, purpose: str) -> float:
        """A number from 0 to below 1 that is the association's own for *purpose*, and tells nothing of the key."""
        digest = hmac.digest(self._key, b"tenure:share:" + purpose.encode(), hashlib.sha256)
        return int.from_bytes(digest[:6], "big") / 2**48

    def secret(self, purpose: str) -> bytes:
        """32 bytes that are the association's own for *purpose*, and tell nothing of the key or of other purposes."""
        return hmac.digest(self._key, b"tenure:secret:" + purpose.encode(), hashlib.sha256)

    def digest(self, purpose: str, text: str) -> str:
        """64 hexadecimal digits that stand for *text*, for one *purpose*, and tell nothing of it without the key."""
        return hmac.digest(self._key, f"tenure:{purpose}:".encode() + text.encode(), hashlib.sha256).hex()

    def many(self, member_ids: Iterable[str]) -> list[int]:
        """Pseudonyms in the order of *member_ids*; give distinct ids, since each costs two hashes."""
        return [self.one(member_id) for member_id in member_ids]


def _halves(number: int) -> tuple[int, int]:
    whole = number & (1 << 64) - 1
    return whole >> 32, whole & _HALF


def _whole(left: int, right: int) -> int:
    return int.from_bytes((left << 32 | right).to_bytes(8, "big"), "big", signed=True)
