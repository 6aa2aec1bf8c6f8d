"""Members go by a keyed pseudonym in the lake, in features and in models.

A pseudonym is the first eight bytes of HMAC-SHA-256 over the source's own id, as a signed 64-bit integer: small
enough to sort and join by, and useless without the key. With five million members the chance that any two share
one is about one in a million; the ledger's unique constraint would name it at once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from tenure.base.errors import DamagedStore
from tenure.base.home import Home, write_atomically

_PURPOSE = b"tenure:member:"


class Pseudonyms:
    """Turns a source's member ids into pseudonyms.

    Args:
        key: At least 32 random bytes, one key per association.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise DamagedStore("the pseudonym key is shorter than 32 bytes", mend="restore secrets/pseudonym.key")
        self._key = key

    @classmethod
    def of(cls, home: Home) -> Pseudonyms:
        """The association's own, creating its key on first use (mode 600)."""
        if not home.key_file.exists():
            write_atomically(home.key_file, secrets.token_hex(32).encode(), mode=0o600)
        try:
            return cls(bytes.fromhex(home.key_file.read_text().strip()))
        except ValueError as error:
            raise DamagedStore(
                f"{home.key_file} does not hold a key in hexadecimal",
                mend="restore it from your backup; a new key would cut every member off from the past",
            ) from error

    def one(self, member_id: str) -> int:
        """The pseudonym of *member_id*, which is taken to the letter (leading zeros, case)."""
        digest = hmac.digest(self._key, _PURPOSE + member_id.encode(), hashlib.sha256)
        return int.from_bytes(digest[:8], "big", signed=True)

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
