"""Who may sign in, and guesses at it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

_SESSION_SALT = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"


class Role(models.TextChoices):
    """What a member of staff may do; pages ask for the role they need."""

    VIEWER = "viewer", "Viewer"
    LIAISON = "liaison", "Chapter liaison"
    MANAGER = "manager", "Membership manager"
    DIRECTOR = "director", "Director"
    ANALYST = "analyst", "Analyst"
    ADMINISTRATOR = "administrator", "Administrator"
    AUDITOR = "auditor", "Auditor"


class StaffManager(BaseUserManager["Staff"]):
    """Finds people by the name they sign in with, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> Staff:
        return self.get(username__iexact=username)


class Staff(AbstractBaseUser):
    """A member of staff. Create and change them by `tenure.ledger.staff`, which leaves an audit row.

    A liaison sees the members of `chapter_id` alone. `session_round` counts how often all sessions were ended at once.
    """

    username = models.CharField(max_length=150, unique=True)
    full_name = models.CharField(max_length=200, blank=True, default="")
    email = models.CharField(max_length=320, blank=True, default="")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    chapter_id = models.CharField(max_length=200, blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    session_round = models.PositiveIntegerField(default=0)

    objects: ClassVar[StaffManager] = StaffManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "ledger_staff"

    def __str__(self) -> str:
        return self.full_name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session has to hold to stand: it changes with the password, and with each round."""
        key = f"{self.password}:{self.session_round}" if self.session_round else self.password
        return salted_hmac(_SESSION_SALT, key, secret=secret, algorithm="sha256").hexdigest()


class SignInGuess(models.Model):
    """One attempt to sign in. The name is kept as a keyed digest, since people type passwords into it."""

    name_digest = models.CharField(max_length=64)
    address = models.CharField(max_length=64)
    at = models.DateTimeField()
    right = models.BooleanField()

    class Meta:
        db_table = "ledger_sign_in_guess"
        indexes = (
            models.Index(fields=("name_digest", "at"), name="guess_by_name"),
            models.Index(fields=("address", "at"), name="guess_by_address"),
            models.Index(fields=("at",), name="guess_by_time"),
        )
