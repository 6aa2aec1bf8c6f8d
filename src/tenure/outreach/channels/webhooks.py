"""Outgoing webhooks in the form of Standard Webhooks: what is signed and how, and what an answer means."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import random
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

from tenure.outreach.channels.outside import Answer

PREFIX = "whsec_"
ATTEMPTS = 10
_WAITS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
_LONGEST = dt.timedelta(days=1)


@dataclass(frozen=True)
class Verdict:
    """What an answer means.

    Args:
        state: Taken, to be tried again, or the receiver wants no more at all.
        words: For staff.
        after: How long to wait before the next attempt, where the receiver says so.
    """

    state: Literal["taken", "again", "gone"]
    words: str = ""
    after: dt.timedelta | None = None


def written(key: bytes) -> str:
    """A secret as receivers want it."""
    return PREFIX + base64.b64encode(key).decode()


def signed(message_id: str, at: dt.datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of one attempt.

    Args:
        message_id: The same for every attempt at one message.
        at: When this attempt is made.
        body: Just as it is sent.
        keys: The secrets that hold now: the newest, and during a rotation the one before.
    """
    stamp = int(at.timestamp())
    said = f"{message_id}.{stamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        "content-type": "application/json",
    }


def verdict(answer: Answer, now: dt.datetime) -> Verdict:
    """What *answer* means. A redirect is a failure: a receiver that moved is given its new address by a person."""
    if 200 <= answer.status < 300:
        return Verdict("taken")
    if answer.status == 410:
        return Verdict("gone", "the receiver wants no more (410)")
    after = _retry_after(answer.retry_after, now) if answer.status in (429, 503) else None
    return Verdict("again", f"the receiver answers {answer.status}", after)


def wait_before(attempt: int, dice: random.Random) -> dt.timedelta | None:
    """How long to wait after the failed *attempt* (from 1 on), spread by a tenth; None when it was the last."""
    if attempt >= ATTEMPTS:
        return None
    return dt.timedelta(seconds=_WAITS[attempt - 1] * dice.uniform(0.9, 1.1))


def _retry_after(text: str, now: dt.datetime) -> dt.timedelta | None:
    """What `Retry-After` asks for, a day at most; None where it says nothing that can be read."""
    if text.strip().isdigit():
        return min(dt.timedelta(seconds=int(text.strip()[:9])), _LONGEST)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return min(max(at.astimezone(dt.UTC) - now, dt.timedelta(0)), _LONGEST)
