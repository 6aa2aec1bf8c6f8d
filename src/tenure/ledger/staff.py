"""Accounts of staff, and the throttling of guesses at their passwords."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit
from tenure.ledger.models import AuditEvent, SignInGuess, Staff
from tenure.ledger.models.staff import Role

GUESSES_PER_NAME_AND_ADDRESS = 5
GUESSES_PER_ADDRESS = 30
GUESSES_PER_NAME = 50
WINDOW = dt.timedelta(minutes=15)
KEPT = dt.timedelta(days=30)
THROTTLED = "staff:session:throttle"


def create(
    *,
    username: str,
    password: str | None,
    by: str,
    role: str = Role.VIEWER,
    full_name: str = "",
    chapter: str = "",
    email: str = "",
    clock: Clock = system_clock,
) -> Staff:
    """Give somebody an account; without a *password* they sign in by an identity provider alone.

    Raises:
        UsageError: The name is taken or empty, there is no such role, the password is too weak, or a liaison comes
            without a chapter, or somebody else with one, or the address is none.
    """
    username = username.strip()
    if not username or Staff.objects.filter(username__iexact=username).exists():
        raise UsageError("that sign-in name is empty or taken", mend="choose another")
    _check_role(role, chapter)
    person = Staff(
        username=username,
        full_name=full_name,
        role=role,
        chapter_id=chapter.strip()[:200],
        created_at=clock(),
        email=_address(email),
    )
    person.set_unusable_password() if password is None else _set_password(person, password)
    with transaction.atomic():
        person.save()
        audit.record("staff:account:create", by=by, subject=username, clock=clock, role=role, chapter=person.chapter_id)
    return person


def set_password(*, username: str, password: str, by: str, clock: Clock = system_clock) -> None:
    """Give *username* another password, which ends their sessions everywhere.

    Raises:
        UsageError: There is no such account, or the password is too weak.
    """
    person = required(username=username)
    _set_password(person, password)
    with transaction.atomic():
        person.save(update_fields=["password"])
        audit.record("staff:password:change", by=by, subject=person.username, clock=clock)


def set_email(*, username: str, email: str, by: str, clock: Clock = system_clock) -> None:
    """Give *username* the address to which letters and tests for them go; empty for none. The log does not hold it.

    Raises:
        UsageError: There is no such account, or that is no address.
    """
    person = required(username=username)
    person.email = _address(email)
    with transaction.atomic():
        person.save(update_fields=["email"])
        audit.record("staff:email:change", by=by, subject=person.username, clock=clock, given=bool(person.email))


def set_role(*, username: str, role: str, by: str, chapter: str = "", clock: Clock = system_clock) -> Staff:
    """Give an account another role, from its next request on.

    Raises:
        UsageError: There is no such account or role, or a liaison comes without a chapter, or somebody else with one.
    """
    _check_role(role, chapter)
    with transaction.atomic():
        person = required(username=username)
        was, person.role, person.chapter_id = person.role, role, chapter.strip()[:200]
        person.save(update_fields=["role", "chapter_id"])
        told: dict[str, Any] = {"was": was, "role": role, "chapter": person.chapter_id}
        audit.record("staff:role:change", by=by, subject=person.username, clock=clock, **told)
    return person


def set_open(*, username: str, is_open: bool, by: str, clock: Clock = system_clock) -> Staff:
    """Close an account, which ends its sessions and stops its tokens at once; or open it again.

    Raises:
        UsageError: There is no such account.
    """
    with transaction.atomic():
        person = required(username=username)
        if person.is_active != is_open:
            person.is_active = is_open
            person.save(update_fields=["is_active"])
            verb = "open" if is_open else "close"
            audit.record(f"staff:account:{verb}", by=by, subject=person.username, clock=clock)
    return person


def end_sessions(*, username: str, by: str, clock: Clock = system_clock) -> Staff:
    """End every session of an account, in all browsers; whoever ends their own may let one stand.

    Raises:
        UsageError: There is no such account.
    """
    with transaction.atomic():
        person = required(username=username)
        Staff.objects.filter(pk=person.pk).update(session_round=F("session_round") + 1)
        person.refresh_from_db()
        audit.record("staff:session:end-all", by=by, subject=person.username, clock=clock)
    return person


def find(*, username: str) -> Staff | None:
    """The account of *username*, whatever its case."""
    return Staff.objects.filter(username__iexact=username.strip()).first()


def required(*, username: str) -> Staff:
    """As `find`, for whoever was given a name.

    Raises:
        UsageError: There is no such account.
    """
    person = find(username=username)
    if person is None:
        raise UsageError("there is no such sign-in name", mend="create the account first")
    return person


def is_throttled(*, username: str, address: str, clock: Clock = system_clock) -> bool:
    """Whether another guess at *username* from *address* has to wait.

    A stranger cannot lock anyone out: guesses count by name and address together and by address; by name alone only
    for addresses from which nobody has signed in under it before.
    """
    since, digest = clock() - WINDOW, _digest(username)
    wrong = SignInGuess.objects.filter(right=False, at__gte=since)
    if wrong.filter(name_digest=digest, address=address).count() >= GUESSES_PER_NAME_AND_ADDRESS:
        return True
    if wrong.filter(address=address).count() >= GUESSES_PER_ADDRESS:
        return True
    if wrong.filter(name_digest=digest).count() < GUESSES_PER_NAME:
        return False
    return not SignInGuess.objects.filter(name_digest=digest, address=address, right=True).exists()


def note_guess(*, username: str, address: str, right: bool, via: str = "", clock: Clock = system_clock) -> None:
    """Remember an attempt to sign in; a right one forgets the wrong ones before it.

    In the audit log a wrong one goes by the account's name where there is such an account, and else by nobody's: people
    type passwords into the field for the name. *via* is the identity provider that was asked, where one was.
    """
    now, digest = clock(), _digest(username)
    with transaction.atomic():
        SignInGuess.objects.filter(at__lt=now - KEPT).delete()
        if right:
            SignInGuess.objects.filter(name_digest=digest, address=address, right=False).delete()
        SignInGuess.objects.create(name_digest=digest, address=address, at=now, right=right)
        person = find(username=username)
        act = "staff:session:begin" if right else "staff:session:refuse"
        told: dict[str, Any] = {"place": place_of(address), **({"via": via} if via else {})}
        audit.record(act, by=person.username if person else "", clock=clock, **told)


def note_throttled(*, username: str, address: str, clock: Clock = system_clock) -> None:
    """Write down that an attempt was not even looked at; once in each quarter of an hour for an address."""
    place = place_of(address)
    recent = AuditEvent.objects.filter(act=THROTTLED, at__gte=clock() - WINDOW)
    with transaction.atomic():
        if not recent.filter(details__place=place).exists():
            person = find(username=username)
            audit.record(THROTTLED, by=person.username if person else "", clock=clock, place=place)


def place_of(address: str) -> str:
    """What the audit log, which is never cleaned, holds of an address: enough to tell two apart."""
    key = salted_hmac("tenure.ledger.staff.place", address, secret=django_settings.SECRET_KEY)
    return key.hexdigest()[:16]


def _check_role(role: str, chapter: str) -> None:
    if role not in Role.values:
        raise UsageError(f"there is no role {role!r}", mend=f"choose one of {', '.join(Role.values)}")
    if (role == Role.LIAISON) != bool(chapter.strip()):
        raise UsageError(
            "a liaison has one chapter, and nobody else has any",
            mend="give a liaison the chapter's id, as in the records, and nobody else one",
        )


def _digest(username: str) -> str:
    key = salted_hmac("tenure.ledger.staff", username.strip().casefold(), secret=django_settings.SECRET_KEY)
    return key.hexdigest()


def _address(given: str) -> str:
    """One plain address, as the channel for email takes it; or none."""
    address = given.strip()
    try:
        if address:
            validate_email(address)
    except ValidationError as error:
        raise UsageError("that is not one plain email address", mend="write it as name@example.org") from error
    if not address.isascii():
        raise UsageError("an address with letters beyond ASCII cannot be written to", mend="use another address")
    return address


def _set_password(person: Staff, password: str) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise UsageError(
            f"that password will not do: {' '.join(error.messages)}",
            mend="four or five unrelated words make a good one",
        ) from error
    person.set_password(password)
