"""The scores that staff see today."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from tenure.membership.contract import NOTHING, NOTHING_ELSE


class ScoreSet(models.Model):
    """Which scores the current ones are: one row, replaced with them in one transaction.

    `arrived` and `left`: members who have a score and had none the day before, and the other way round. `day` holds
    figures of the night that a page must not reckon itself, kept at `day_at`.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    as_of = models.DateField()
    model_version = models.CharField(max_length=80)
    rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    run = models.ForeignKey("ledger.Run", on_delete=models.SET_NULL, null=True)
    written_at = models.DateTimeField()
    arrived = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    day = models.JSONField(default=dict)
    day_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_score_set"
        constraints = (models.CheckConstraint(name="score_set_is_one", condition=Q(id=1)),)


class CurrentScore(models.Model):
    """One active member's score, and what a list needs to show and sift it by.

    Probabilities run from 0 to 1, `risk_score` and points from 0 to 100; `usual` is the mean probability of the
    member's type. The `previous_…` columns hold the score of the last earlier day.

    The last columns are filled by the night after scoring, from what was known at the start of its day. `worth`: what
    an hour of calls is expected to keep, in dues or in members as the settings say. `payment_trouble`: a payment
    `declined`, or a `card` about to run out, that no payment has followed since `payment_trouble_on`. `joined_on`: of
    members in their first term, and `first_act_days` from then to the first thing done, null while there is none.
    `fell_silent_on`: the last day on which a member who had been active did something of their own accord, once that
    is long ago; null for all others. `engaged_days`: of the last 365, those on which a member who takes part most of
    their type did something of their own accord, null for all others; `engaged_in` what they used on most of them, on
    `engaged_in_days`. `like_…`: of so many past decisions that were scored closest, by a model that did not know them,
    how many lapsed.

    `search` is that of the member's `Contact`: a list that is looked through by name and sorted reads both from one
    index.
    """

    member = models.BigIntegerField(primary_key=True)
    as_of = models.DateField()
    renewal_due_on = models.DateField(null=True)
    p_lapse_30 = models.FloatField()
    p_lapse_60 = models.FloatField()
    p_lapse_90 = models.FloatField()
    p_lapse_renewal = models.FloatField()
    p_low = models.FloatField()
    p_high = models.FloatField()
    risk_score = models.PositiveSmallIntegerField()
    risk_rank = models.FloatField()
    band = models.CharField(max_length=10)
    predicted_lapse_on = models.DateField(null=True)
    lapse_earliest_on = models.DateField(null=True)
    lapse_latest_on = models.DateField(null=True)
    reason_1 = models.CharField(max_length=400, blank=True, default="")
    reason_2 = models.CharField(max_length=400, blank=True, default="")
    reason_3 = models.CharField(max_length=400, blank=True, default="")
    reason_1_points = models.FloatField(null=True)
    reason_2_points = models.FloatField(null=True)
    reason_3_points = models.FloatField(null=True)
    model_version = models.CharField(max_length=80)
    record_type = models.CharField(max_length=20, blank=True, default="")
    member_type = models.CharField(max_length=100, blank=True, default="")
    chapter_id = models.CharField(max_length=200, blank=True, default="")
    dues = models.FloatField(null=True)
    in_grace = models.BooleanField(default=False)
    standing = models.CharField(max_length=20, blank=True, default="")
    against = models.CharField(max_length=400, blank=True, default="")
    usual = models.FloatField(null=True)
    reason_sure = models.BooleanField(default=True)
    reason_kinds = models.CharField(max_length=60, blank=True, default="")
    previous_risk_score = models.PositiveSmallIntegerField(null=True)
    previous_band = models.CharField(max_length=10, blank=True, default="")
    previous_as_of = models.DateField(null=True)
    previous_due_on = models.DateField(null=True)
    worth = models.FloatField(null=True)
    lifetime_value = models.FloatField(null=True)
    is_top_value = models.BooleanField(default=False)
    leaving_reason = models.CharField(max_length=60, blank=True, default="")
    payment_trouble = models.CharField(max_length=10, blank=True, default="")
    payment_trouble_on = models.DateField(null=True)
    joined_on = models.DateField(null=True)
    first_act_days = models.IntegerField(null=True)
    auto_renew = models.BooleanField(default=False)
    like_decided = models.PositiveIntegerField(default=0)
    like_lapsed = models.PositiveIntegerField(default=0)
    like_low = models.FloatField(null=True)
    like_high = models.FloatField(null=True)
    fell_silent_on = models.DateField(null=True)
    engaged_days = models.PositiveSmallIntegerField(null=True)
    engaged_in = models.CharField(max_length=60, blank=True, default="")
    engaged_in_days = models.PositiveSmallIntegerField(null=True)
    search = models.CharField(max_length=600, blank=True, default="")

    class Meta:
        db_table = "ledger_current_score"
        indexes = (
            models.Index(fields=("-p_lapse_renewal", "member", "search"), name="score_by_risk"),
            models.Index(fields=("band", "-p_lapse_renewal"), name="score_by_band"),
            models.Index(fields=("member_type", "-p_lapse_renewal"), name="score_by_type"),
            models.Index(fields=("chapter_id", "-p_lapse_renewal"), name="score_by_chapter"),
            models.Index(fields=("renewal_due_on", "-p_lapse_renewal"), name="score_by_due"),
            models.Index(fields=("-worth", "member"), name="score_by_worth"),
            models.Index(fields=("-risk_rank", "renewal_due_on"), name="score_by_rank"),
            models.Index(fields=("-dues", "member"), condition=~Q(payment_trouble=""), name="score_by_payment"),
            models.Index(fields=("joined_on",), condition=Q(joined_on__isnull=False), name="score_by_joining"),
            models.Index(
                fields=("fell_silent_on",), condition=Q(fell_silent_on__isnull=False), name="score_by_silence"
            ),
            models.Index(
                fields=("-engaged_days", "member"), condition=Q(engaged_days__isnull=False), name="score_by_engagement"
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="score_is_a_chance", condition=Q(p_lapse_renewal__gte=0, p_lapse_renewal__lte=1)
            ),
            models.CheckConstraint(
                name="score_never_falls_with_time",
                condition=Q(p_lapse_30__lte=F("p_lapse_60"), p_lapse_60__lte=F("p_lapse_90")),
            ),
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons that there are, strongest first."""
        three = (self.reason_1, self.reason_2, self.reason_3)
        return tuple(said for said in three if said and said not in (NOTHING, NOTHING_ELSE))
