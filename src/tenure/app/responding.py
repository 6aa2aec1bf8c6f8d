"""What members did after something was done about them, read after each sync: from the lake, and tasks from iMIS."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tenure.app.house import House
from tenure.app.password import is_known
from tenure.base.errors import TenureError

if TYPE_CHECKING:
    from tenure.app.walk import Teller, Walk
    from tenure.ledger.models import OutreachStep
    from tenure.ledger.responses import News

WITHIN = dt.timedelta(days=90)
"""How long after a step what a member does still counts as coming after it; it is no proof of a cause."""

_KINDS = {
    "event_attended": "attended",
    "payment": "paid",
    "email_bounced": "bounced",
    "email_unsubscribed": "unsubscribed",
    "sms_replied": "replied",
}
_TASKS_AT_ONCE = 200
BY = "tenure sync"

Steps = dict[int, list[tuple[dt.datetime, int]]]
"""By member: when each step was done and which it was, oldest first; instants UTC without a zone, as in the lake."""


def note_responses(house: House, walk: Walk) -> None:
    """Note what came after steps that were done; nothing is told where none was."""
    from tenure.ledger import responses

    steps = done_steps(house)
    if not steps:
        return
    with walk.step("responses", "Look for responses") as tell:
        by_kind: dict[str, list[News]] = defaultdict(list)
        for one in (*renewals(house, steps), *acts(house, steps)):
            by_kind[one.kind].append(one)
        new = Counter[str]()
        for kind, news in by_kind.items():
            new[kind] = responses.note_all(news=news, by=BY, clock=house.clock, fence=walk.run.fence)
        new["completed"] = _tasks(house, walk, tell)
        tell.count(**{kind: count for kind, count in new.items() if count})
        words = ", ".join(f"{count:,} {kind}" for kind, count in sorted(new.items()) if count)
        tell.say(words) if words else tell.unchanged("nothing new came of what was done")


def bar(house: House, step: Any, kind: str, source: str, *, by: str) -> None:
    """Leave alone what a response to *step* says to: the address that bounced, the member who unsubscribed."""
    from tenure.base.pseudonym import Pseudonyms
    from tenure.ledger import permissions
    from tenure.outreach.consent import CHANNEL_OF

    channel = CHANNEL_OF.get(str(step.kind), "")
    if kind == "bounced" and channel in ("email", "sms") and step.recipient:
        keyed = Pseudonyms.of(house.home)
        permissions.suppress(
            why="bounce", source=source, by=by, address=step.recipient, channel=channel, keyed=keyed, clock=house.clock
        )
    if kind == "unsubscribed" and channel:
        why: permissions.Why = "stop" if channel == "sms" else "unsubscribe"
        permissions.suppress(
            why=why, source=source, by=by, member=step.proposal.member, channel=channel, clock=house.clock
        )


def done_steps(house: House) -> Steps:
    """The steps of the last `WITHIN`, by member."""
    from tenure.ledger import responses

    found: Steps = defaultdict(list)
    for step, member, at, _ in responses.done_steps(since=house.clock() - WITHIN):
        found[member].append((at.astimezone(dt.UTC).replace(tzinfo=None), step))
    return found


def renewals(house: House, steps: Steps) -> Iterator[News]:
    """Terms of these members, other than a first one, that were paid and first recorded as paid after a step."""
    known = f"""
        SELECT term_id, member, min(recorded_at) AS known, min(paid_on) AS paid_on, min(starts_on) AS starts_on
        FROM terms WHERE {_among(steps)} AND paid_on IS NOT NULL AND dues > 0 GROUP BY term_id, member
        HAVING min(recorded_at) >= $1"""
    earlier = "SELECT member, min(starts_on) AS first FROM terms GROUP BY member"
    sql = f"SELECT term_id, k.member, known FROM ({known}) k JOIN ({earlier}) e USING (member) WHERE starts_on > first"
    for term, member, at in _rows(house, sql, steps):
        yield from _news(steps, member, "renewed", f"term:{term}", at)


def acts(house: House, steps: Steps) -> Iterator[News]:
    """What these members did after a step."""
    kinds = ", ".join(f"'{kind}'" for kind in _KINDS)
    sql = f"""SELECT kind, activity_key, member, occurred_at FROM activity
        WHERE kind IN ({kinds}) AND {_among(steps)} AND occurred_at >= $1"""
    for kind, key, member, at in _rows(house, sql, steps):
        yield from _news(steps, member, _KINDS[kind], f"activity:{key}", at)


def _among(steps: Steps) -> str:
    """A condition on members; they are whole numbers of our own making."""
    return f"member IN ({', '.join(str(int(member)) for member in steps)})"


def _rows(house: House, sql: str, steps: Steps) -> list[tuple[Any, ...]]:
    first = min(done[0][0] for done in steps.values())
    with house.lake.connect() as lake:
        return list(lake.execute(sql, [first]).fetchall())


def _news(steps: Steps, member: int, kind: str, reference: str, at: dt.datetime) -> Iterator[News]:
    from tenure.ledger.responses import News

    step = step_before(steps[member], at)
    if step is not None:
        yield News(member, kind, "lake", reference, at.replace(tzinfo=dt.UTC), step)


def step_before(done: Sequence[tuple[dt.datetime, int]], at: dt.datetime) -> int | None:
    """The newest step that was done before *at* and not longer than `WITHIN` before."""
    place = bisect_right(done, at, key=lambda one: one[0])
    if place == 0 or at - done[place - 1][0] > WITHIN:
        return None
    return done[place - 1][1]


def _tasks(house: House, walk: Walk, tell: Teller) -> int:
    """Tasks that staff have marked as done in iMIS since the last look; gives how many."""
    if house.settings.source.kind != "imis" or not is_known(house.home):
        return 0
    try:
        return sum(_task(house, walk, step, done) for step, done in _looked_at(house))
    except TenureError as error:
        tell.notice(f"tasks in iMIS were not looked at: {error.message}")
        return 0


def _looked_at(house: House) -> Iterator[tuple[OutreachStep, bool | None]]:
    from tenure.app.noting import tasks_to_look_at
    from tenure.app.source import open_client
    from tenure.writeback.activities import Activities

    steps = tasks_to_look_at(house.clock(), _TASKS_AT_ONCE)
    if not steps:
        return
    with open_client(house) as client:
        activities = Activities(client, house.settings.tasks, house.settings.association.time_zone)
        for step in steps:
            yield step, activities.completed(step.receipt)


def _task(house: House, walk: Walk, step: OutreachStep, done: bool | None) -> bool:
    from tenure.ledger import responses
    from tenure.ledger.responses import News

    if not done:
        return False
    news = News(step.proposal.member, "completed", "imis", f"activity:{step.receipt}", house.clock(), step.pk)
    return responses.note_all(news=[news], by=BY, clock=house.clock, fence=walk.run.fence) == 1
