"""What an account signs in with besides a password."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class SecondFactor(models.Model):
    """Codes by time on somebody's telephone. `word` is random; the secret is made of it with the association's key.

    `step` is the last half minute of which a code was taken, so that no code is taken twice.
    """

    person = models.OneToOneField("ledger.Staff", on_delete=models.CASCADE, primary_key=True, related_name="factor")
    word = models.CharField(max_length=64)
    confirmed_at = models.DateTimeField()
    step = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger_second_factor"


class RecoveryCode(models.Model):
    """A code for the day on which the telephone is gone; each is taken once. Its keyed digest alone is kept."""

    person = models.ForeignKey("ledger.Staff", on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_recovery_code"
        ordering: ClassVar = ["pk"]


class OutsideIdentity(models.Model):
    """Whom an identity provider knows by `subject`: the account that they signed in to first, and to no other."""

    person = models.ForeignKey("ledger.Staff", on_delete=models.CASCADE, related_name="outside_identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    at = models.DateTimeField()

    class Meta:
        db_table = "ledger_outside_identity"
        constraints = (
            models.UniqueConstraint(fields=("issuer", "subject"), name="outside_identity_once"),
            models.UniqueConstraint(fields=("person", "issuer"), name="outside_identity_one_a_provider"),
        )
