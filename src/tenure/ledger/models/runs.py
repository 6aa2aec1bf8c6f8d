"""Each night, its steps, and the lease that keeps two nights apart."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class State(models.TextChoices):
    """How a run or a step stands. A run was `stopped` because somebody asked, `interrupted` when its process died."""

    RUNNING = "running", "Running"
    DONE = "done", "Done"
    UNCHANGED = "unchanged", "Nothing to do"
    PARTLY_DONE = "partly_done", "Partly done"
    HELD_BACK = "held_back", "Held back"
    STOPPED = "stopped", "Stopped"
    INTERRUPTED = "interrupted", "Interrupted"
    FAILED = "failed", "Failed"


class Run(models.Model):
    """One night, or one step of it asked for by hand. `as_of`: start of that day, UTC, is what was known.

    `local_night`: which night it did by the association's own clock; none for one asked for by its day.
    """

    as_of = models.DateField()
    kind = models.CharField(max_length=40)
    by = models.CharField(max_length=150)
    local_night = models.DateField(null=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    trouble = models.TextField(blank=True, default="")
    mend = models.TextField(blank=True, default="")

    class Meta:
        db_table = "ledger_run"
        indexes = (models.Index(fields=("-started_at",), name="run_started"),)
        constraints = (
            models.CheckConstraint(
                name="run_ends_when_it_is_over",
                condition=Q(state="running", finished_at=None) | (~Q(state="running") & Q(finished_at__isnull=False)),
            ),
            models.CheckConstraint(name="run_ends_after_it_starts", condition=Q(finished_at__gte=F("started_at"))),
        )

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None


class RunStep(models.Model):
    """One step of a run: what it counted, in figures and in a sentence, and what went wrong."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    state = models.CharField(max_length=20, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    seconds = models.FloatField(null=True)
    counts = models.JSONField(default=dict)
    words = models.TextField(blank=True, default="")
    notices = models.JSONField(default=list)
    trouble = models.TextField(blank=True, default="")
    mend = models.TextField(blank=True, default="")

    class Meta:
        db_table = "ledger_run_step"
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("run", "position"), name="run_step_position"),)


class Lease(models.Model):
    """Who may do a thing of which there can be one at a time, and until when; no `holder`: nobody does.

    `token` grows with each holder, so that one who comes back late can be told from the present one.
    """

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=200, blank=True)
    token = models.PositiveBigIntegerField(default=1)
    taken_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_lease"
