"""Who let which model speak, and who signed by which rules a lapse is told."""

from __future__ import annotations

from django.db import models


class ModelPromotion(models.Model):
    """One change of the model that serves; never changed or deleted.

    From the night of `effective_on` on `version` serves, in place of `replaced`. The latest night rules, and of one
    night the last row.
    """

    class How(models.TextChoices):
        """By what it came about."""

        AUTOMATIC = "automatic", "By rule"
        PERSON = "person", "By a person"
        ROLLBACK = "rollback", "Rolled back"

    at = models.DateTimeField()
    effective_on = models.DateField(db_index=True)
    version = models.CharField(max_length=80)
    replaced = models.CharField(max_length=80, blank=True, default="")
    how = models.CharField(max_length=10, choices=How.choices)
    by = models.CharField(max_length=150)
    why = models.TextField()
    evidence = models.JSONField(default=dict)

    class Meta:
        db_table = "ledger_model_promotion"


class SignedLabels(models.Model):
    """Somebody's word that labels made by some rules are right; never changed or deleted.

    `rules` is the digest of the settings that make labels; `findings` are the inconsistencies that were accepted.
    """

    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    why = models.TextField(blank=True, default="")
    as_of = models.DateField()
    rules = models.CharField(max_length=64, db_index=True)
    findings = models.JSONField(default=list)
    summary = models.JSONField(default=dict)

    class Meta:
        db_table = "ledger_signed_labels"
