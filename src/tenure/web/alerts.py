"""What somebody must know before working through a list: stopped feeds, drift, drafts that run out of time, caps."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest

from tenure.ledger import answering
from tenure.ledger.models import ModelPromotion, OutreachStep, Proposal, RunStep, ScoreSet
from tenure.ledger.rights import Act, chapter_of
from tenure.outreach.capacity import RULES
from tenure.web import place, words
from tenure.web.roles import may, of_chapter, reader

_SOON = dt.timedelta(days=3)
_NEW_MODEL = dt.timedelta(days=7)
_CAPS = ("staff hours", "week cap", "playbook cap")


@dataclass(frozen=True)
class Alert:
    """One thing to know: in a few words, why, and where to look; `is_data` for what casts doubt on the scores."""

    title: str
    text: str
    link: str = ""
    is_data: bool = False


def alerts(
    score_set: ScoreSet | None, chapter: str | None, now: dt.datetime, answers: list[answering.Answer] | None = None
) -> list[Alert]:
    """The alerts of the day, those about data first.

    Args:
        score_set: Which scores the current ones are.
        chapter: The one whose drafts count, and caps and models do not; None for everyone's.
        now: The present instant.
        answers: Those of members that wait, where they have been looked up.
    """
    steps = _last_steps("drift", "propose")
    found = [*_outages(score_set), *_drift(steps.get("drift"))]
    open_now = of_chapter(Proposal.objects.all(), chapter)
    found += [*_running_out(open_now, now.date()), *_unknown(open_now)]
    found += _taken_up(answering.waiting(now=now, chapter=chapter) if answers is None else answers, now)
    if chapter is None:
        found += [*_caps(steps.get("propose")), *_new_model(score_set)]
    return found


def shown(
    request: HttpRequest, score_set: ScoreSet | None, answers: list[answering.Answer] | None = None
) -> list[Alert]:
    """The alerts for the reader, as `alerts` gives them; without links to pages that the role does not open."""
    found = alerts(score_set, chapter_of(reader(request)), place.now(), answers)
    if may(request.user, Act.MODEL):
        return found
    return [replace(one, link="") if one.is_data else one for one in found]


def _last_steps(*names: str) -> dict[str, RunStep]:
    """The last step of each of *names*, of a night that is over."""
    rows = RunStep.objects.filter(name__in=names, run__kind="night").exclude(state="running").order_by("-id")
    found: dict[str, RunStep] = {}
    for row in rows[: 4 * len(names)]:
        found.setdefault(row.name, row)
    return found


def _outages(score_set: ScoreSet | None) -> Iterator[Alert]:
    for one in score_set.day.get("outages", []) if score_set else ():
        since = words.day(dt.date.fromisoformat(one["since"]), near=score_set.as_of) if score_set else ""
        leaning = (
            f" Scores that lean on it ({', '.join(one['leaning'])}) stand on old signals." if one["leaning"] else ""
        )
        text = f"Nothing has come for anybody since {since}.{leaning} Nothing is proposed until it runs again."
        yield Alert(f"{one['feed'].replace('_', ' ').capitalize()} stopped", text, "/runs/", is_data=True)


def _drift(step: RunStep | None) -> Iterator[Alert]:
    count = int(step.counts.get("alarms") or 0) if step else 0
    if step is not None and count:
        said = words.sentence(step.notices[0]) if step.notices else ""
        title = words.plural(count, "drift warning")
        yield Alert(title, said, f"/runs/{step.run_id}/", is_data=True)


def _running_out(proposals: QuerySet[Proposal], today: dt.date) -> Iterator[Alert]:
    """Drafts that will be withdrawn soon, since nobody has decided."""
    waiting = proposals.filter(state=Proposal.State.OPEN, expires_on__lte=today + _SOON)
    found = waiting.aggregate(count=Count("pk"), first=Min("expires_on"))
    if found["count"]:
        text = f"Withdrawn undecided from {words.day(found['first'], near=today)} on."
        yield Alert(f"{words.plural(found['count'], 'approval')} overdue", text, "/queue/")


def _unknown(proposals: QuerySet[Proposal]) -> Iterator[Alert]:
    lost = proposals.filter(pk__in=OutreachStep.objects.order_by().filter(state="unknown").values("proposal")).count()
    if lost:
        text = "Nobody knows whether they arrived; look, then say so."
        yield Alert(f"{words.plural(lost, 'step')} of unknown outcome", text, "/queue/?view=unknown")


def _taken_up(answers: list[answering.Answer], now: dt.datetime) -> Iterator[Alert]:
    """Offers that members took up on their own pages, which nobody has set up yet."""
    found = [one for one in answers if one.kind == "accepted"]
    if found:
        first = words.day(min(one.at for one in found).date(), near=now.date())
        text = f"The members were told that somebody sets it up and writes to them. The first: {first}."
        yield Alert(f"{words.plural(len(found), 'offer')} taken up", text, "/#answered")


def _caps(step: RunStep | None) -> Iterator[Alert]:
    """Whom the last night selected and could not list, for want of hours or for a cap."""
    counted: Counter[str] = Counter()
    for name, members in (step.counts.get("held_back") or {} if step else {}).items():
        rule = name.partition(": ")[2]
        if rule in _CAPS:
            counted[rule] += members
    if counted:
        rule, most = counted.most_common(1)[0]
        text = f"Most of all ({most:,}): {RULES[rule]}."
        title = f"Cap reached: {words.plural(sum(counted.values()), 'member')} wait"
        yield Alert(title, text, "/queue/?view=held")


def _new_model(score_set: ScoreSet | None) -> Iterator[Alert]:
    if score_set is None:
        return
    since = score_set.as_of - _NEW_MODEL
    row = ModelPromotion.objects.filter(effective_on__gt=since).exclude(replaced="").order_by("-id").first()
    if row is not None:
        text = f"In place of {row.replaced}. {words.sentence(row.why)}"
        day = words.day(row.effective_on, near=score_set.as_of)
        yield Alert(f"Another model serves since {day}", text, "/model/")
