"""How staff took the words of each template: approved as they were, changed and by how much, or rejected and why."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from django.db.models import QuerySet
from rapidfuzz.distance import Levenshtein

from tenure.ledger.models import OutreachStep, Proposal

_State = Proposal.State
_LET = (_State.APPROVED, _State.DONE)
_REJECTED = "rejected:"
_TEMPLATE = re.compile(r"(?P<playbook>.+)@(?P<version>\d+)#(?P<place>\d+)(?::\w+)?")


@dataclass(frozen=True)
class Wording:
    """How one template was taken.

    Args:
        template: Which, as `NAME@VERSION#STEP`, with the kind that stood in for it where another did.
        kind: Of the step.
        unchanged: Steps that a person approved as they were drafted.
        edited: Steps that were approved after somebody changed their words.
        changed: The share of words that differ, from 0 to 1: the median over those edited; None where there are none.
        rejected: Steps of proposals that were rejected.
        reasons: Of those, how many for which reason (see `tenure.ledger.proposals.REASONS`).
    """

    template: str
    kind: str
    unchanged: int
    edited: int
    changed: float | None
    rejected: int
    reasons: dict[str, int]

    @property
    def place(self) -> tuple[str, int, int]:
        """Playbook, version and step."""
        match = _TEMPLATE.fullmatch(self.template)
        return (match["playbook"], int(match["version"]), int(match["place"])) if match else (self.template, 0, 0)


def wordings(*, since: dt.datetime, playbook: str = "", chapter: str | None = None) -> list[Wording]:
    """How each template was taken by whoever decided about it since then; by playbook, newest version first.

    What left by a standing permission is not counted, since nobody looked at it.

    Args:
        since: Decisions from then on.
        playbook: Of this one alone; of all, where empty.
        chapter: Of members of this one; None for everyone's.
    """
    steps = OutreachStep.objects.filter(proposal__decided_at__gte=since).exclude(template="")
    steps = steps.filter(proposal__playbook=playbook) if playbook else steps
    if chapter is not None:
        steps = steps.filter(proposal__chapter_id=chapter).exclude(proposal__chapter_id="")
    let = steps.filter(proposal__state__in=_LET).exclude(approvals__rule__gt="").order_by()
    unchanged = Counter[tuple[str, str]](let.filter(edited_by="").values_list("template", "kind").iterator())
    changes = _changes(let.exclude(edited_by=""))
    reasons = _reasons(steps)
    found = [
        Wording(
            template, kind, unchanged[template, kind], len(shares := changes.get((template, kind), [])),
            median(shares) if shares else None, sum(why.values()), dict(why),
        )
        for template, kind in {*unchanged, *changes, *reasons}
        for why in [reasons.get((template, kind), Counter())]
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.place[0], -one.place[1], one.place[2], one.template))


def _changes(steps: QuerySet[OutreachStep]) -> dict[tuple[str, str], list[float]]:
    """The share of words that was changed, of each step that somebody edited."""
    found: dict[tuple[str, str], list[float]] = {}
    rows = steps.values_list("template", "kind", "first_subject", "first_body", "subject", "body")
    for template, kind, *texts in rows.iterator(chunk_size=500):
        found.setdefault((template, kind), []).append(share_changed(texts[:2], texts[2:]))
    return found


def share_changed(first: Iterable[str], now: Iterable[str]) -> float:
    """The share of words by which two texts differ: edit distance by words, over the longer of the two."""
    return Levenshtein.normalized_distance(" ".join(first).split(), " ".join(now).split())


def _reasons(steps: QuerySet[OutreachStep]) -> dict[tuple[str, str], Counter[str]]:
    found: dict[tuple[str, str], Counter[str]] = {}
    rows = steps.filter(proposal__state=_State.REJECTED, proposal__rule__startswith=_REJECTED).order_by()
    for template, kind, rule in rows.values_list("template", "kind", "proposal__rule").iterator():
        found.setdefault((template, kind), Counter())[rule.removeprefix(_REJECTED)] += 1
    return found
