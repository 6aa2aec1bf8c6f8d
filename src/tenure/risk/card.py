"""The model card: one page that says what a model is, what it is worth, who let it speak, and what it is not for.

As JSON for programs, and as one HTML file for people that needs nothing else and can be mailed.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import Any

from tenure.charts import Bin
from tenure.charts import calibration as calibration_chart
from tenure.features.plain import in_words
from tenure.risk import calibration, causes, newcomers
from tenure.risk.figures import ahead, decimal
from tenure.risk.registry import Manifest

Card = dict[str, Any]

PURPOSE = (
    "Says how likely each active member is not to renew, so that staff can decide whom to call and what to offer. "
    "It is made for a list that people work through, and for forecasts of groups."
)
NOT_FOR = (
    "Not for deciding about a member without a person: no membership, price or service may hang on a score alone.",
    "Not for telling why somebody leaves: reasons say what goes with lapsing in past members, and are no causes.",
    "Not for other associations: it has learnt from this one's renewals.",
)
_INTERVALS = (
    "Figures of the back-test: the middle 95 % of 400 redraws of payers, each with all of its decisions. Probability "
    "of a member: what refits on halves of the members disagree about, times {multiplier:.2f}, found by refitting on "
    "labels drawn from the model itself, or what so many decisions tell of so rare an end where that is more; "
    "and by how much estimates of one renewal move while the record comes in."
)
_ALWAYS = (
    "Members who are contacted because of their score may renew because of it; the record does not tell them apart.",
    "A change that no past renewal has seen (a new price, another program) is unknown to it until renewals show it.",
)
_MEASURES = (
    ("auc", "AUC", 3), ("log_loss", "Log loss", 3), ("brier", "Brier score", 3),
    ("calibration_slope", "Calibration slope", 2), ("calibration_intercept", "Calibration intercept", 2),
    ("calibration_in_the_large", "Lapsed − said", 3), ("calibration_error", "Calibration error", 3),
    ("precision_at_10", "Lapsed of its top tenth", 3), ("recall_at_10", "Lapses in its top tenth", 3),
    ("precision_at_calls", "Lapsed of those staff can call", 3), ("recall_at_calls", "Lapses among them", 3),
)  # fmt: skip
_BIN = ("predicted", "observed", "low", "high")
_BY = {
    "age_band": "age", "gender": "gender", "region": "region", "member_type": "type", "chapter_id": "chapter",
    "record_type": "record", "renewal": "renewal", "year": "ended in",
}  # fmt: skip
"""How kinds of groups and slices are called."""

_RIVALS = {"tenure": "This model", "life_table": "Life table", "points_score": "Points score", "base_rate": "Base rate"}


def card_of(
    manifest: Manifest,
    *,
    association: str,
    labels: Card,
    approvals: list[Card],
    feeds: list[Card],
    fairness: Card | None,
) -> Card:
    """The card of the model that *manifest* describes.

    Args:
        manifest: As `Registry.manifest` gives.
        association: Whose model it is.
        labels: `rules` (sentences), `signature` (who signed, or null), `table`.
        approvals: Each time it was let serve: from which night, by whom, how, why.
        feeds: Each kind of activity: `kind`, `since` (first day known, null where nothing was ever recorded), `rows`.
        fairness: As `tenure.risk.fairness.audit` gives; None when it was not made.
    """
    kept = ("version", "as_of", "trained_at", "hash", "learner", "why_learner", "rounds", "rows", "seed", "software")
    return {
        "association": association,
        "purpose": PURPOSE,
        "not_for": list(NOT_FOR),
        **{name: manifest.get(name) for name in kept},
        "grade": manifest["grade"],
        "approvals": approvals,
        "data": manifest["data"],
        "labels": labels,
        "calibrated": list(calibration.sentences_of(manifest.get("calibration"))),
        "new_members": list(newcomers.sentences_of(manifest.get("new_members"))),
        "causes": list(causes.sentences_of(manifest.get("causes"))),
        "features": _by_group(manifest),
        "backtest": manifest["backtest"],
        "fairness": fairness,
        "intervals": _INTERVALS.format(multiplier=manifest["interval"].get("multiplier") or 1.0),
        "limits": _limits(manifest, feeds, labels),
        "feeds": feeds,
        "files": manifest["files"],
    }


def _by_group(manifest: Manifest) -> list[Card]:
    features = manifest["features"]
    return [
        {**group, "features": [in_words(one["sentence"]) for one in features if one["group"] == group["name"]]}
        for group in manifest["groups"]
    ]


def _limits(manifest: Manifest, feeds: list[Card], labels: Card) -> list[str]:
    said = list(manifest["data"].get("notes", []))
    never = [feed["kind"] for feed in feeds if feed["since"] is None]
    if never:
        said.append(f"Never recorded, so unknown to it: {', '.join(kind.replace('_', ' ') for kind in never)}.")
    began = manifest["data"]["first_term_on"]
    late = [feed for feed in feeds if feed["since"] and feed["since"] > began[:4] + "-12-31"]
    if late:
        words = ", ".join(f"{feed['kind'].replace('_', ' ')} ({feed['since']})" for feed in late)
        said.append(f"Recorded only from some day on; before it, silence is unknown and not nought: {words}.")
    small = [f"{one['value']}" for one in manifest["backtest"].get("slices", [])
             if one["by"] == "member_type" and one["verdict"] == "too few to tell"]  # fmt: skip
    if small:
        said.append(f"Types with too few renewals to judge it by: {', '.join(small)}.")
    if not labels.get("signature") or not labels["signature"].get("valid"):
        said.append("Nobody has signed what counts as a lapse here.")
    return [*said, *_ALWAYS]


def page_of(card: Card) -> str:
    """The card as one HTML file that needs nothing else."""
    title = f"Model card: {card['version']}"
    body = "\n".join(_sections(card))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{_text(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{_text(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _sections(card: Card) -> Iterator[str]:
    grade, data, backtest = card["grade"], card["data"], card["backtest"]
    yield _p(f"{card['association']}. Made with what was known on {card['as_of']}.")
    yield f'<p class="grade"><b>Grade {_text(grade["letter"])}.</b> {_text(grade["sentence"])}</p>'
    yield _h("What it is for") + _p(card["purpose"]) + _list(card["not_for"])
    yield _h("Who let it serve") + _approvals(card["approvals"])
    yield _h("What it learnt from")
    yield _p(
        f"{data['decisions']:,} renewals of {data['members']:,} members, of which {data['lapses']:,} lapsed; terms "
        f"from {data['first_term_on']}, the last decision on {data['last_decision_on']}; {data['activity_rows']:,} "
        f"rows of activity; {card['rows']:,} landmarks."
    )
    labels = card["labels"]
    yield _h("What counts as a lapse") + _list(labels["rules"]) + _p(_signed(labels["signature"]))
    yield _h("How good it is") + _p(
        f"On {backtest['decisions']:,} past renewals of {backtest['members']:,} members, {ahead(backtest)}, by "
        "models that had seen nothing later; what was said against what happened, on every day on which they were "
        "still open. In brackets 95 % intervals."
    )
    yield _measures(backtest["models"]) + _list(map(_against, backtest.get("better", {}).items()))
    yield from _calibration(backtest)
    yield _h("Slice by slice") + _slices(backtest.get("slices", []))
    yield from _fairness(card["fairness"])
    yield (
        _h("How it works")
        + _p(card["why_learner"])
        + _p(card["intervals"])
        + _list([*card["calibrated"], *card["new_members"], *card["causes"]])
    )
    yield _h("What it looks at") + _features(card["features"])
    yield _h("What it does not know") + _list(card["limits"])
    yield _h("What it is made of") + _files(card)


def _text(value: object) -> str:
    return html.escape(str(value))


def _p(words: str) -> str:
    return f"<p>{_text(words)}</p>\n"


def _h(words: str) -> str:
    return f"<h2>{_text(words)}</h2>\n"


def _list(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(one)}</li>" for one in sentences)
    return f"<ul>{items}</ul>\n" if items else ""


def _table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f'<th scope="col">{_text(head)}</th>' for head in heads)
    body = []
    for row in rows:
        first, *rest = row
        cells = "".join(f"<td>{_text(cell)}</td>" for cell in rest)
        body.append(f'<tr><th scope="row">{_text(first)}</th>{cells}</tr>')
    head = f"<caption>{_text(caption)}</caption><thead><tr>{top}</tr></thead>"
    return f"<div><table>{head}<tbody>{''.join(body)}</tbody></table></div>\n"


def _approvals(approvals: list[Card]) -> str:
    if not approvals:
        return _p("Nobody yet: it is a challenger.")
    rows = [(one["serves_from"], one["by"], one["how"], one["why"]) for one in approvals]
    return _table("From which night it served", ("From", "By", "How", "Why"), rows)


def _signed(signature: Card | None) -> str:
    if signature is None:
        return "Nobody has signed these rules."
    held = "" if signature["valid"] else " That is void, since the rules have changed."
    return f"Signed by {signature['by']} on {signature['at'][:10]}.{held}"


def figure(one: Card, name: str, digits: int = 3) -> str:
    """A measure with its interval, as a table shows it."""
    value, low, high = (one.get(f"{name}{end}") for end in ("", "_low", "_high"))
    if value is None:
        return "cannot be told"
    span = f" ({decimal(low, digits)} to {decimal(high, digits)})" if low is not None and high is not None else ""
    return f"{decimal(value, digits)}{span}"


def _measures(models: Card) -> str:
    names = [name for name in _RIVALS if name in models]
    rows = [
        (title, *(figure(models[name], key, digits) for name in names))
        for key, title, digits in _MEASURES
        if key in models["tenure"]
    ]
    return _table("Measures", ("", *(_RIVALS[name] for name in names)), rows)


def _against(item: tuple[str, Card]) -> str:
    name, saved = item
    return f"{_RIVALS[name]}: saves {figure(saved, 'share')} of its log loss."


def _calibration(backtest: Card) -> Iterator[str]:
    bins = backtest["calibration"]
    if len(bins) >= 3:
        named = [Bin(**{name: one[name] for name in Bin.__dataclass_fields__}) for one in bins]
        drawn = calibration_chart(named, about="Said against lapsed, with 95 % ranges")
        yield f'<figure class="chart"><figcaption>{_text(drawn.finding)}.</figcaption>{drawn.svg}</figure>'
    rows = [(*(f"{100 * one[name]:.1f}" for name in _BIN), f"{one['n']:,}") for one in bins]
    yield _table(
        "What was said, and what happened, in 100", ("Said", "Lapsed", "at least", "at most", "Renewals"), rows
    )


def _slices(slices: list[Card]) -> str:
    rows = [
        (
            f"{_BY.get(one['by'], one['by'])}: {one['value']}", f"{one['decisions']:,}", f"{one['lapses']:,}",
            f"{100 * one['predicted']:.0f}", f"{100 * one['observed']:.0f}",
            figure(one, "auc") if "auc" in one else "–", one["verdict"],
        )
        for one in slices
    ]  # fmt: skip
    heads = ("", "Renewals", "Lapses", "Said, in 100", "Lapsed, in 100", "AUC", "")
    return _table("Slices of the back-test", heads, rows)


def _fairness(found: Card | None) -> Iterator[str]:
    if found is None:
        return
    yield _h("Whether it treats groups alike")
    if not found["groups"]:
        yield _p(f"{found['why_nothing'][:1].upper()}{found['why_nothing'][1:]}.")
        return
    rows = [
        (
            f"{_BY.get(one['by'], one['by'])}: {one['value']}", f"{one['decisions']:,}",
            figure(one, "calibration_in_the_large") if "auc" in one else "–",
            figure(one, "false_positive_rate", 2) if "auc" in one else "–",
            figure(one, "false_negative_rate", 2) if "auc" in one else "–", one["verdict"],
        )
        for one in found["groups"]
    ]  # fmt: skip
    yield _p(f"On the list: from {100 * found['threshold']:.0f} in 100. Age and gender are never features.")
    heads = ("", "Renewals", "Lapsed − said", "Listed for nothing", "Missed", "Verdict")
    yield _table("Groups of members", heads, rows)
    if found["not_recorded"]:
        yield _p(f"Not recorded: {', '.join(_BY.get(name, name) for name in found['not_recorded'])}.")


def _features(groups: list[Card]) -> str:
    parts = []
    for group in groups:
        about = f"{group['title']} ({group['importance']:.1f} points on average)"
        parts.append(f"<details><summary>{_text(about)}</summary>{_list(group['features'])}</details>")
    return _p("Groups of signals, by how many points each moves a score.") + "".join(parts)


def _files(card: Card) -> str:
    software = ", ".join(f"{name} {version}" for name, version in card["software"].items())
    rows = [(name, digest) for name, digest in sorted(card["files"].items())]
    words = _p(f"Trained {card['trained_at']} with {software}; seed {card['seed']}. Hash of the whole: {card['hash']}.")
    return words + _table("Files and their SHA-256", ("File", "SHA-256"), rows)


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff;margin:0}"
    "main{max-width:60rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}"
    ".grade{background:#f1f4f8;padding:.75rem 1rem;border-radius:.4rem}div{overflow-x:auto}"
    "table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}caption{text-align:left;"
    "color:#50575f;padding:.25rem 0}th,td{text-align:left;padding:.25rem .75rem .25rem 0;"
    "border-bottom:1px solid #d9dee4;"
    "vertical-align:top;overflow-wrap:anywhere}thead th{color:#50575f;font-weight:600}th[scope=row]{font-weight:400}"
    "svg{max-width:34rem;width:100%;height:auto}svg text{font:13px system-ui,sans-serif;fill:#50575f}"
    ".lead{fill:#1b1f24;font-weight:600}.grid{stroke:#e3e7ec}.axis{stroke:#8a929b}.pt{fill:#1f5fa8;stroke:#fff}"
    ".whisk{stroke:#1f5fa8;stroke-width:1.5;fill:none}.iv{fill:#dbe7f5}.bar-soft{fill:#b9cfe8}"
    ".now{fill:none;stroke:#1f5fa8;stroke-width:2.5}.ref,.then{stroke:#6b737c;stroke-dasharray:3 3;fill:none}"
    ".rule{stroke:#1b1f24}figure{margin:1rem 0}figcaption{font-weight:600}"
)
