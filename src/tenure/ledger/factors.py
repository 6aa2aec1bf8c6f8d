"""The second factor: six figures that change each half minute (TOTP, RFC 6238), and codes for when they are lost.

No secret is kept: the ledger holds a random word, and the secret is made from it with the association's key, as those
of endpoints are. So neither the ledger nor a copy of it signs anybody in.
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from typing import Literal

import pyotp
from django.conf import settings as django_settings
from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.base.pseudonym import Pseudonyms
from tenure.ledger import audit, rights
from tenure.ledger.models import RecoveryCode, SecondFactor, Staff
from tenure.ledger.rights import Act

CODES = 10
_SECONDS = 30
_AROUND = 1
"""Half minutes by which a clock may be off, either way."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_USE = "recovery code"


def is_wanted(person: Staff, rule: Literal["optional", "approvers", "everyone"]) -> bool:
    """Whether *rule* (`web.second_factor`) asks *person* for a second factor: who approves, or manages accounts."""
    if rule == "approvers":
        return any(rights.may(person, act) for act in (Act.DECIDE, Act.AUTO_SEND, Act.STAFF))
    return rule == "everyone"


def has(person: Staff) -> bool:
    """Whether *person* signs in with a second factor."""
    return SecondFactor.objects.filter(person=person).exists()


def new_word() -> str:
    """A random word for a new secret; nothing is kept of it before it was confirmed."""
    return secrets.token_hex(16)


def secret_of(person: Staff, word: str) -> str:
    """The secret that *word* stands for, in base 32, as a telephone takes it."""
    return base64.b32encode(_keyed().secret(f"second-factor:{person.pk}:{word}")[:20]).decode()


def address(secret: str, person: Staff, association: str) -> str:
    """The `otpauth://` address by which a telephone takes *secret*, for a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=person.username, issuer_name=f"Tenure, {association}"[:60])


def confirm(*, person: Staff, word: str, code: str, now: dt.datetime, clock: Clock = system_clock) -> list[str]:
    """Ask for the second factor from now on; gives the recovery codes, which are not shown again.

    Args:
        person: Whose.
        word: Of `new_word`.
        code: What the telephone shows, which proves that it has the secret.
        now: The machine's own instant, by which codes change.
        clock: Gives the instant that the log bears.

    Raises:
        UsageError: The code is not right, or they have a second factor already.
    """
    with transaction.atomic():
        if has(person):
            raise UsageError("this account has a second factor", mend="turn that one off first")
        step = _step_of(secret_of(person, word), code, now)
        if step is None:
            raise UsageError("that code is not right", mend="see that the telephone's clock is, and try the next code")
        SecondFactor.objects.create(person=person, word=word, confirmed_at=clock(), step=step)
        codes = _fresh_codes(person)
        audit.record("staff:factor:begin", by=person.username, subject=person.username, clock=clock)
    return codes


def is_right(*, person: Staff, code: str, now: dt.datetime, clock: Clock = system_clock) -> bool:
    """Whether *code* is the telephone's, or a recovery code; either is taken once. Arguments as for `confirm`."""
    with transaction.atomic():
        row = SecondFactor.objects.select_for_update().filter(person=person).first()
        if row is None:
            return False
        step = _step_of(secret_of(person, row.word), code, now)
        if step is not None and step > row.step:
            row.step = step
            row.save(update_fields=["step"])
            return True
        return step is None and _recovered(person, code, clock)


def end(*, person: Staff, by: str, clock: Clock = system_clock) -> bool:
    """Ask *person* for a second factor no more; whether there was one.

    Whoever calls has asked for it, or manages accounts.
    """
    with transaction.atomic():
        RecoveryCode.objects.filter(person=person).delete()
        count, _ = SecondFactor.objects.filter(person=person).delete()
        if count:
            audit.record("staff:factor:end", by=by, subject=person.username, clock=clock)
    return bool(count)


def codes_left(person: Staff) -> int:
    """How many recovery codes were not used yet."""
    return RecoveryCode.objects.filter(person=person, used_at=None).count()


def _step_of(secret: str, code: str, now: dt.datetime) -> int | None:
    """The half minute whose code *code* is, of those around *now*; None where it is none of theirs."""
    given, totp = "".join(code.split()), pyotp.TOTP(secret)
    here = int(now.timestamp()) // _SECONDS
    found = None
    for step in range(here - _AROUND, here + _AROUND + 1):
        if pyotp.utils.strings_equal(given, totp.generate_otp(step)):
            found = step
    return found


def _fresh_codes(person: Staff) -> list[str]:
    RecoveryCode.objects.filter(person=person).delete()
    codes = ["-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(CODES)]
    RecoveryCode.objects.bulk_create([RecoveryCode(person=person, digest=_digest(person, code)) for code in codes])
    return codes


def _recovered(person: Staff, code: str, clock: Clock) -> bool:
    used = RecoveryCode.objects.filter(person=person, digest=_digest(person, code), used_at=None)
    if not used.update(used_at=clock()):
        return False
    left = codes_left(person)
    audit.record("staff:factor:recover", by=person.username, subject=person.username, clock=clock, left=left)
    return True


def _digest(person: Staff, code: str) -> str:
    return _keyed().digest(_USE, f"{person.pk}:{code.strip().lower().replace('-', '').replace(' ', '')}")


def _keyed() -> Pseudonyms:
    return Pseudonyms.of(django_settings.TENURE_HOME)
