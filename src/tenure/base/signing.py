"""Signatures by the association's own key: what lies on disk is what this home wrote, and not what somebody put there.

A digest beside a file tells that it was torn; whoever changes a file on purpose changes the digest too. A signature
cannot be made without the key in `secrets/`. It covers a name as well as the bytes, so that one signed thing cannot
stand in the place of another.
"""

from __future__ import annotations

import hashlib
import hmac


class Signer:
    """Signs and checks with one key for one purpose.

    Args:
        key: At least 32 bytes, such as `Pseudonyms.secret` gives for a purpose; keys of different purposes differ.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("a key to sign with has at least 32 bytes")
        self._key = key

    def sign(self, name: str, data: bytes) -> str:
        """HMAC-SHA-256 over *name* and *data*, in hexadecimal."""
        length = len(name.encode()).to_bytes(4, "big")
        return hmac.new(self._key, length + name.encode() + data, hashlib.sha256).hexdigest()

    def is_good(self, name: str, data: bytes, signature: str) -> bool:
        """Whether *signature* is that of *data* under *name*; takes as long for a wrong one as for the right one."""
        return hmac.compare_digest(self.sign(name, data).encode(), signature.encode())
