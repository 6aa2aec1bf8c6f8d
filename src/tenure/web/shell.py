"""What stands around every page: the menu, how old the data is, who is signed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest

from tenure.ledger import pausing, runs
from tenure.ledger.models import Proposal, Run, ScoreSet
from tenure.ledger.rights import Act, chapter_of
from tenure.web import place, words
from tenure.web.roles import may, own

Answer = TypeVar("Answer")

TROUBLED = ("failed", "interrupted", "held_back", "partly_done")
STALE_AFTER = dt.timedelta(hours=36)
SILENT_AFTER = dt.timedelta(hours=26)


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context of every page; nothing but the association's name before sign-in."""
    association = place.settings().association.name
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"association": association}
    score_set, run = current_scores(request), latest_run(request)
    view = request.resolver_match.view_name if request.resolver_match else ""
    return {
        "association": association,
        "scores": score_set,
        "scores_day": words.day(score_set.as_of) if score_set else "",
        "latest": run,
        "run_trouble": run is not None and run.state in TROUBLED,
        "room": view,
        "notice": notice(score_set, run),
        "queue": waiting(request),
        "paused": pausing.current(),
        "keys": "off" if request.COOKIES.get("tenure-keys") == "off" else "",
        "own_chapter": chapter_of(user),
        **{f"may_{act.name.lower()}": may(user, act) for act in Act},
    }


def waiting(request: HttpRequest) -> int:
    """How many drafts wait for a word; asked once a request."""
    return _once(request, "waiting", lambda: own(request, Proposal.objects.filter(state=Proposal.State.OPEN)).count())


def current_scores(request: HttpRequest) -> ScoreSet | None:
    """Which scores are shown; asked once a request."""
    return _once(request, "scores", ScoreSet.objects.first)


def latest_run(request: HttpRequest) -> Run | None:
    """The run that began last; asked once a request."""
    return _once(request, "run", runs.latest)


def _once(request: HttpRequest, what: str, ask: Callable[[], Answer]) -> Answer:
    kept: dict[str, Answer] = vars(request).setdefault("_asked_once", {})
    if what not in kept:
        kept[what] = ask()
    return kept[what]


def notice(score_set: ScoreSet | None, run: Run | None) -> dict[str, Any] | None:
    """What a reader of scores must know first: the night was held back, has failed or is long ago."""
    still = f"The scores shown are still those of {words.day(score_set.as_of)}." if score_set else ""
    if run is not None and run.state == "held_back":
        return {
            "kind": "stale",
            "title": "Held back.",
            "text": f"{words.sentence(run.trouble)} {still}".strip(),
            "run": run,
        }
    if run is not None and run.state in ("failed", "interrupted"):
        return {
            "kind": "error",
            "title": "The last run failed.",
            "text": f"{words.sentence(run.trouble)} {still}".strip(),
            "run": run,
        }
    if run is not None and run.state == "running":
        text = f"A run is under way since {run.started_at:%H:%M} UTC; its scores appear when it ends."
        return {"kind": "", "title": "Running.", "text": text, "run": run}
    silence = _silence(run)
    if score_set is not None and silence > SILENT_AFTER:
        hours = f"{silence.total_seconds() / 3600:,.0f} hours"
        gone = words.age(score_set.as_of, place.now().date())
        text = f"No night ended well for {hours}. The scores are of {words.day(score_set.as_of)}, {gone}."
        return {"kind": "error", "title": "Old scores.", "text": text, "run": None}
    if score_set is not None and (place.now() - _end_of(score_set.as_of)) > STALE_AFTER:
        gone = words.age(score_set.as_of, place.now().date())
        text = f"The scores are of {words.day(score_set.as_of)}, {gone}. Dates are counted from that day."
        return {"kind": "stale", "title": "Old scores.", "text": text, "run": None}
    return None


def _silence(latest: Run | None) -> dt.timedelta:
    """How long ago a night last ended well; no time at all when there was never one, as after `tenure score`."""
    is_it = latest is not None and latest.kind == "night" and latest.state in runs.WHOLE
    last = latest.finished_at if latest and is_it else runs.last_whole_night()
    return place.now() - last if last else dt.timedelta()


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC) + dt.timedelta(days=1)
