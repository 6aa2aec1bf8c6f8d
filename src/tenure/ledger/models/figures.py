"""The figures of the Membership page, reckoned by a run so that a page only has to read them."""

from __future__ import annotations

from django.db import models


class MembershipFigures(models.Model):
    """The figures of everyone, a member type, a chapter, or a type of a chapter; nobody's alone, and nobody's id.

    `part` says from what they follow: `record`, or `scores`. All rows of a part are replaced at once.
    """

    class Part(models.TextChoices):
        RECORD = "record", "From terms and members"
        SCORES = "scores", "From the current scores"

    part = models.CharField(max_length=10, choices=Part.choices)
    chapter_id = models.CharField(max_length=200, blank=True, default="")
    member_type = models.CharField(max_length=100, blank=True, default="")
    as_of = models.DateField()
    receipt = models.CharField(max_length=64)
    body = models.JSONField()

    class Meta:
        db_table = "ledger_membership_figures"
        constraints = (
            models.UniqueConstraint(fields=("part", "chapter_id", "member_type"), name="figures_are_one_by_scope"),
        )
