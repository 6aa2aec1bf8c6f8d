"""Text about a member that lies beside the audit log, under a key of the member's own.

The log holds a digest of the sealed text, not the text. Destroying a member's key, as an erasure does, leaves the log
whole and the text unreadable, also in a copy of it. A key is half in the ledger, one random row a member, and half in
`secrets/pseudonym.key`, so that neither a stolen ledger nor a backup opens a seal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenure.base.errors import DamagedStore
from tenure.ledger.chain import plain
from tenure.ledger.first import first_of, pseudonyms
from tenure.ledger.models import AuditSeal, MemberKey

_NONCE = 12


def close(member: int, text: Mapping[str, Any]) -> bytes:
    """*text* about *member*, unreadable without the member's key, which is made when there is none.

    Here, as in the log, a member goes by the first pseudonym.
    """
    row, _ = MemberKey.objects.get_or_create(member=member, defaults={"key": secrets.token_bytes(32)})
    nonce = secrets.token_bytes(_NONCE)
    body = json.dumps(plain(text), sort_keys=True, ensure_ascii=False).encode()
    return nonce + AESGCM(_whole(row.key)).encrypt(nonce, body, str(member).encode())


def digest(closed: bytes) -> str:
    """What the log holds of a sealed text: SHA-256 of it as it lies there, which tells nothing of its words."""
    return hashlib.sha256(closed).hexdigest()


def texts_of(*, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The sealed texts of the log's rows *numbers*, by number; those whose key was destroyed are left out.

    Raises:
        DamagedStore: One was changed, or the key in `secrets/` is another one.
    """
    found = {}
    for part in _batches(numbers):
        seals = AuditSeal.objects.filter(number__in=part)
        keys = _keys({seal.member for seal in seals})
        found.update({seal.number: _opened(seal, keys[seal.member]) for seal in seals if seal.member in keys})
    return found


def destroy(*, member: int) -> int:
    """Destroy the key of *member*, by the present pseudonym, and what it sealed, for good; how many texts."""
    first = first_of(member)
    MemberKey.objects.filter(member=first).delete()
    return AuditSeal.objects.filter(member=first).delete()[0]


def _opened(seal: AuditSeal, key: bytes) -> dict[str, Any]:
    closed = bytes(seal.text)
    try:
        body = AESGCM(_whole(key)).decrypt(closed[:_NONCE], closed[_NONCE:], str(seal.member).encode())
    except InvalidTag as error:
        raise DamagedStore(
            f"the sealed text of row {seal.number} of the audit log does not open",
            mend="run `tenure audit verify`; if it finds nothing, restore secrets/pseudonym.key",
        ) from error
    return dict(json.loads(body))


def _keys(members: set[int]) -> dict[int, bytes]:
    return {row.member: bytes(row.key) for row in MemberKey.objects.filter(member__in=members)}


def _whole(half: bytes | memoryview) -> bytes:
    other = pseudonyms().secret("seal")
    return hmac.digest(other, bytes(half), "sha256")


def _batches(numbers: Iterable[int]) -> Iterable[list[int]]:
    wanted = list(numbers)
    return (wanted[i : i + 900] for i in range(0, len(wanted), 900))
