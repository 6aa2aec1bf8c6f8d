"""Who a pseudonym is: the only place where the two meet."""

from __future__ import annotations

from django.db import models


class Identity(models.Model):
    """A member's pseudonym and the source's own id, kept to the letter."""

    member = models.BigIntegerField(primary_key=True)
    member_id = models.CharField(max_length=200, unique=True)

    class Meta:
        db_table = "ledger_identity"


class Contact(models.Model):
    """How a member is named and reached; never in the lake, never in a log.

    `search` is the name in one case and without accents, for finding; in
    `CurrentScore` it lies beside the score.
    """

    member = models.BigIntegerField(primary_key=True)
    first_name = models.CharField(max_length=200, blank=True, default="")
    last_name = models.CharField(max_length=300, blank=True, default="")
    email = models.CharField(max_length=320, blank=True, default="")
    phone = models.CharField(max_length=80, blank=True, default="")
    time_zone = models.CharField(max_length=64, blank=True, default="")
    language = models.CharField(max_length=35, blank=True, default="")
    search = models.CharField(max_length=600, blank=True, default="")

    class Meta:
        db_table = "ledger_contact"

    @property
    def name(self) -> str:
        """First and last name, as staff would say it; empty when neither is known."""
        return f"{self.first_name} {self.last_name}".strip()
