"""The receipt of one score: what it was made from, as the night kept it. It shows; `tenure receipt` makes it again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.base.errors import DamagedStore
from tenure.features.plain import in_words
from tenure.lake import Given, given
from tenure.ledger import contacts, runs
from tenure.ledger.models import CurrentScore
from tenure.risk.comparing import CLOSE
from tenure.risk.scoring_code import code_digest
from tenure.web import place, words
from tenure.web.asked import BANDS
from tenure.web.cells import list_file
from tenure.web.manifests import manifests
from tenure.web.member import like_of, member_or_404, seen_or_404
from tenure.web.record import record_of

_SLOW = "="
_COLUMNS = ("group", "name", "sentence", "value")


@dataclass(frozen=True)
class Signal:
    """One value that the model was given; None where it was not known."""

    group: str
    name: str
    sentence: str
    value: float | str | None

    @property
    def said(self) -> str:
        """The value in words."""
        if self.value is None:
            return "unknown"
        if isinstance(self.value, str):
            return self.value
        return f"{self.value:,.0f}" if self.value.is_integer() or abs(self.value) >= 1000 else f"{self.value:.3g}"


@dataclass(frozen=True)
class Check:
    """Whether something that was kept still holds; None where that cannot be told."""

    what: str
    holds: bool | None
    words: str

    @property
    def verdict(self) -> str:
        """In a word."""
        return {True: "Holds", False: "Does not hold", None: "Cannot be told"}[self.holds]


@dataclass(frozen=True)
class Found:
    """All that is kept of one score.

    Args:
        member, member_id: Whose it is.
        nights: Every night that scored the member, oldest first.
        score: The row of the night; empty where the member never had one.
        kept: What the night was made from; None where nothing is kept, or it cannot be read.
        trouble: Why it cannot.
        model: The manifest of the model; empty where that is gone.
    """

    member: int
    member_id: str
    nights: list[dt.date]
    score: dict[str, Any]
    kept: Given | None
    trouble: str
    model: dict[str, Any]

    @property
    def page(self) -> dict[str, Any]:
        """What went in besides the features; empty where nothing is kept."""
        return self.kept.page if self.kept else {}


@require_safe
def page(request: HttpRequest, member_id: str) -> HttpResponse:
    """The receipt of the newest score, or of the `night` that the address names."""
    found = _found(request, member_id)
    name = contacts.names_of(members=[found.member]).get(found.member) or f"Member {member_id}"
    context: dict[str, Any] = {"member_id": member_id, "name": name, "nights": found.nights}
    if not found.score:
        return render(request, "receipt.html", context)
    score, at, told = found.score, found.nights.index(found.score["as_of"]), checks(found)
    context |= {
        "score": score,
        "night": score["as_of"].isoformat(),
        "earlier": found.nights[at - 1].isoformat() if at else "",
        "later": found.nights[at + 1].isoformat() if at + 1 < len(found.nights) else "",
        "band_word": BANDS.get(score["band"], score["band"].capitalize()),
        "span": words.span(score["p_low"], score["p_high"]),
        "reasons": reasons_of(score),
        "facts": facts(found),
        "calibration": _meant(found),
        "checks": told,
        "verdict": _verdict(told),
        "groups": _by_group(signals(found)),
        "trouble": found.trouble,
    }
    return render(request, "receipt.html", context)


@require_safe
def as_file(request: HttpRequest, member_id: str, form: str) -> HttpResponseBase:
    """The values as CSV; as JSON with score, page and checks beside them."""
    found = _found(request, member_id)
    if not found.score:
        raise Http404
    rows = [(one.group, one.name, one.sentence, one.value) for one in signals(found)]
    beside = {
        "member_id": member_id,
        "score": {name: value for name, value in found.score.items() if name != "member"},
        "page": found.page or None,
        "checks": [{"what": one.what, "holds": one.holds, "words": one.words} for one in checks(found)],
    }
    return list_file("features", _COLUMNS, rows, form, **beside)


def _found(request: HttpRequest, member_id: str) -> Found:
    member, lake = member_or_404(member_id), place.lake()
    current = CurrentScore.objects.filter(member=member).first()
    seen_or_404(request, record_of(lake, member, place.now().date()), current)
    course = lake.score_course(member)
    nights = sorted(course["as_of"]) if course.height else []
    wanted = request.GET.get("night") or (nights[-1].isoformat() if nights else "")
    night = next((one for one in nights if one.isoformat() == wanted), None)
    if nights and night is None:
        raise Http404
    score = (lake.score_of(member, night) if night else None) or {}
    kept, trouble = _kept(member, night) if score and night else (None, "")
    models = {one["version"]: one for one in manifests(place.home())} if score else {}
    return Found(member, member_id, nights, score, kept, trouble, models.get(score.get("model_version", ""), {}))


def _kept(member: int, night: dt.date) -> tuple[Given | None, str]:
    """What the night was made from, and why that cannot be read."""
    try:
        return given(place.home().receipts, night, member), ""
    except DamagedStore as error:
        return None, words.trouble(error)


def reasons_of(score: dict[str, Any]) -> list[tuple[str, str]]:
    """The reasons of a kept score, each with its points, which are whole ones, as on the member's page."""
    told = ((score.get(f"reason_{n}"), score.get(f"reason_{n}_points")) for n in (1, 2, 3))
    return [(text, "–" if points is None else words.change(round(points))) for text, points in told if text]


def facts(found: Found) -> list[tuple[str, str]]:
    """What was known when, and by which rules, in words."""
    score, kept = found.score, found.page
    rows = [
        ("As of", f"The start of {words.day(score['as_of'])}, UTC: only what was recorded before it was seen"),
        ("Model", _model(found)),
    ]
    if not kept:
        return rows
    bands, grace = kept.get("bands") or {}, (kept.get("membership") or {}).get("grace_days") or {}
    high, medium = (words.in_hundred(bands.get(band)) for band in ("high", "medium"))
    rows += [
        ("Records", f"Version {kept.get('lake_version')} of the lake, last read {_at(kept.get('lake_read_at'))}"),
        ("Scored", f"{words.sentence(_at(kept.get('scored_at')))[:-1]}, by Tenure {kept.get('software')}"),
        ("Code", _code(kept.get("code"))),
        ("Bands", f"High from {high} in 100, medium from {medium}"),
        ("Grace", "; ".join(f"{kind}: {words.days(days)}" for kind, days in grace.items())),
        ("Digest", str(kept.get("receipt"))),
    ]
    return [(name, said) for name, said in rows if said]


def _model(found: Found) -> str:
    learnt = f", learnt from what was known on {words.iso(found.model['as_of'])}" if found.model.get("as_of") else ""
    digest = found.page.get("model_hash") or found.model.get("hash") or ""
    return f"{found.score['model_version']}{learnt}" + (f"; digest {digest[:12]}" if digest else "")


def _code(digest: str | None) -> str:
    """Which code scored, and whether it is the one that this process runs; empty for nights that kept no digest."""
    if not digest:
        return ""
    mine = "the code" if digest == code_digest() else "not the code"
    return f"Digest {digest[:12]}, {mine} that these pages run on"


def _at(text: str | None) -> str:
    """An instant of the page, in words."""
    try:
        return words.instant(dt.datetime.fromisoformat(str(text))) if text else "at a time that is not known"
    except ValueError:
        return str(text)


def _meant(found: Found) -> str:
    """What such a chance has meant: as the member's page tells it, for the night that it shows; else by the model's own
    table, whose steps are coarser."""
    shown = _shown(found)
    like = like_of(shown) if shown else {"is_told": False}
    if not like["is_told"]:
        return calibration(found.model, found.score["p_lapse_renewal"])
    many, lapsed = words.count(like["decided"]), words.count(like["lapsed"])
    return (
        f"Of {many} past decisions scored {like['scored']} in 100, {lapsed} lapsed (range {like['span']} in 100); "
        "each was scored before it was known."
    )


def _shown(found: Found) -> CurrentScore | None:
    """What the lists show of the member, where that is this night's score."""
    return CurrentScore.objects.filter(member=found.member, as_of=found.score["as_of"]).first()


def calibration(model: dict[str, Any], chance: float) -> str:
    """What became of past members whom the back-test scored alike; empty where the model does not say."""
    bins = [one for one in (model.get("backtest") or {}).get("calibration") or [] if one.get("n")]
    if not bins:
        return ""
    near = min(bins, key=lambda one: abs(one["predicted"] - chance))
    return (
        f"Of {words.count(near['n'])} past decisions scored about {words.in_hundred(near['predicted'])} in 100, "
        f"{words.in_hundred(near['observed'])} in 100 lapsed (range {words.span(near['low'], near['high'])}); "
        "each was scored before it was known."
    )


def checks(found: Found) -> list[Check]:
    """What can be compared without making the score again."""
    return [*_digests(found), _same_model(found), *_same_score(found)]


def _verdict(told: list[Check]) -> tuple[str, str]:
    """All checks in a word, and how many there were."""
    asked, good = [one for one in told if one.holds is not None], sum(one.holds is True for one in told)
    if not asked:
        return "Cannot be told", "Nothing is kept to compare with"
    return "Yes" if good == len(asked) else "No", f"{good} of {len(told)} comparisons hold"


def _digests(found: Found) -> list[Check]:
    if found.kept is None:
        return [Check("What went in", None, found.trouble or "That night kept nothing of it.")]
    kept, again = found.page.get("receipt"), found.kept.counted_again
    noted = runs.scored_from(found.score["as_of"])
    told = f"Version and code of Tenure, day, version of the lake, model and rules make {again or 'another one'}."
    unsure = "Made by another version of Tenure, whose rules may have been written otherwise."
    run = f"The run that made the scores noted {noted}." if noted else "No run on record noted a digest."
    return [
        Check("Digest, counted again", None if again is None else again == kept, unsure if again is None else told),
        Check("Digest, in the run’s log", noted == kept if noted else None, run),
    ]


def _same_model(found: Found) -> Check:
    kept, now = found.page.get("model_hash"), found.model.get("hash")
    if not kept or not now:
        gone = "The model is no longer kept here." if not now else "That night kept no digest of it."
        return Check("Model", None, gone)
    return Check("Model", kept == now, f"The model that is kept, and signed, has digest {now[:12]}.")


def _same_score(found: Found) -> list[Check]:
    """Of the newest night: whether the lists show what the night kept."""
    shown = _shown(found)
    if shown is None:
        return []
    holds = abs(shown.p_lapse_renewal - found.score["p_lapse_renewal"]) <= CLOSE
    holds = holds and shown.model_version == found.score["model_version"]
    return [Check("Score", holds, f"The lists show {100 * shown.p_lapse_renewal:.2f} in 100.")]


def signals(found: Found) -> list[Signal]:
    """The values that the model was given, by group as its card names them; none where they are no longer kept."""
    features = found.kept.features if found.kept else None
    if features is None or features.is_empty():
        return []
    row = features.row(0, named=True)
    titles = {one.get("name"): one.get("title") or "" for one in found.model.get("groups") or []}
    told = [
        Signal(
            titles.get(one["group"]) or one["group"].capitalize(),
            one["name"],
            in_words(one["sentence"]),
            _plain(row[one["name"]]),
        )
        for one in found.model.get("features") or []
        if one["name"] in row
    ]
    slow = [name for name in features.columns if name.startswith(_SLOW)]
    fields = [
        Signal("Record", name[1:], name[1:].removesuffix("_id").replace("_", " ").capitalize(), row[name])
        for name in slow
    ]
    return told + fields


def _plain(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)


def _by_group(found: list[Signal]) -> list[tuple[str, list[Signal]]]:
    groups: dict[str, list[Signal]] = {}
    for one in found:
        groups.setdefault(one.group, []).append(one)
    return list(groups.items())
