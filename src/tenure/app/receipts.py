"""Scores checked long after: a night made again from what was known then, and the receipt of one score."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import polars as pl

import tenure
from tenure.app.house import House
from tenure.base.errors import TenureError, UsageError
from tenure.base.settings import Bands, Membership, Settings

if TYPE_CHECKING:
    from tenure.features import FeatureMatrix
    from tenure.lake import Given
    from tenure.risk import Model
    from tenure.risk.receipts import Receipts


def store(house: House) -> Receipts:
    """What nights were made from."""
    from tenure.risk.receipts import Receipts

    return Receipts(house.home.receipts)


def page_of(house: House, as_of: dt.date, model: Model, receipt: str) -> dict[str, Any]:
    """What went into the scores of a night besides the features."""
    from tenure.risk.scoring_code import code_digest, libraries

    log = house.lake.log
    return {
        "as_of": as_of.isoformat(),
        "receipt": receipt,
        "software": tenure.__version__,
        "code": code_digest(),
        "libraries": libraries(),
        "model": model.version,
        "model_hash": model.manifest["hash"],
        "lake_version": house.lake.version,
        "lake_read_at": log[-1]["at"] if log else None,
        "scored_at": house.clock().isoformat(timespec="seconds"),
        "membership": json.loads(house.settings.membership.model_dump_json()),
        "bands": json.loads(house.settings.bands.model_dump_json()),
    }


def replay(house: House, as_of: dt.date) -> dict[str, Any]:
    """Make the scores of *as_of* again from what was known then, and compare them with those that were kept.

    Model and rules are those of that night; the lake has what it had and whatever came since.

    Returns:
        `members`, `same` (of them, every number within 1e-9 and every word and date the same), `farthest` (largest
        difference of a probability), `columns` (those that differ: `column`, `members`, `greatest`, as
        `tenure.risk.comparing.Difference` has them), `only_then`, `only_now`, `features` (those that are not as they
        were kept), `notes` (in what the code or a library is not that which scored; the scores may be the same for all
        that), `page`.

    Raises:
        TenureError: That night has no scores, or its model is gone.
    """
    from tenure.risk.comparing import compare
    from tenure.risk.receipts import differing, features_of

    kept = _kept(house, as_of)
    given = store(house).read(as_of)
    model = house.registry.load(kept["model_version"][0], threads=house.settings.model.threads)
    frame, matrix = _again(house, _settings_of(house, given), as_of, model)
    found = compare(kept, frame)
    features: list[str] = []
    if given is not None and given.features is not None and matrix is not None:
        features = differing(given.features, features_of(matrix))
    return {
        "as_of": as_of.isoformat(),
        "model": model.version,
        "members": kept.height,
        "same": found.same,
        "farthest": found.farthest,
        "columns": [{**vars(one), "words": one.words} for one in found.columns],
        "only_then": kept.height - found.members,
        "only_now": frame.height - found.members,
        "features": features,
        "notes": _notes(given),
        "page": given.page if given else None,
    }


def _notes(given: Given | None) -> list[str]:
    """In what the code of now is not that which scored; nothing of nights that kept no digest of it."""
    from tenure.risk.scoring_code import made_otherwise

    return made_otherwise(given.page.get("code"), given.page.get("libraries")) if given else []


def words_of_replay(found: dict[str, Any]) -> str:
    """The same for a terminal."""
    words = (
        f"{found['same']:,} of the {found['members']:,} scores of {found['as_of']} are the same when made again "
        f"(model {found['model']}; largest difference of a probability {found['farthest']:.1e})"
    )
    rest = [
        f"{found[key]:,} members were scored {key.split('_')[1]} alone"
        for key in ("only_then", "only_now")
        if found[key]
    ]
    if found["columns"]:
        rest.append("what differs: " + "; ".join(one["words"] for one in found["columns"]))
    if found["features"]:
        rest.append(
            "what reached Tenure since, but is dated before that night, changes " + ", ".join(found["features"][:8])
        )
    return "\n".join([words, *rest, *(f"note: {note}" for note in found["notes"])])


def receipt(house: House, member_id: str, as_of: dt.date | None) -> dict[str, Any]:
    """What one score was made from, and whether it still comes out.

    Returns:
        `score` (the row that was kept), `page`, `notes` (as `replay`), `features` (name, group, sentence, value then,
        value now), `from_kept` and `from_lake` (the probability made again from the features that were kept, and from
        the lake as it is now).

    Raises:
        UsageError: There is no such member, or the member had no score.
        TenureError: That night has no scores.
    """
    house.open_ledger()
    from tenure.ledger import identities
    from tenure.risk.receipts import features_of

    member = identities.required(member_id=member_id)
    day = as_of or _latest(house)
    mine = _kept(house, day).filter(pl.col("member") == member)
    if mine.is_empty():
        raise UsageError(f"that member had no score on {day}", mend="only active members are scored")
    given = store(house).read(day, member)
    model = house.registry.load(mine["model_version"][0])
    frame, matrix = _again(house, _settings_of(house, given), day, model, member)
    anew = features_of(matrix) if matrix is not None else None
    row = mine.drop("member").to_dicts()[0]
    return {
        "member_id": member_id,
        "score": row,
        "page": given.page if given else None,
        "notes": _notes(given),
        "features": _listed(model, given.features if given else None, anew),
        "from_kept": _spoken(model, given),
        "from_lake": frame["p_lapse_renewal"][0] if frame.height else None,
    }


def _spoken(model: Model, given: Given | None) -> float | None:
    from tenure.risk.receipts import matrix_of, spoken_again

    if given is None or given.features is None or given.features.is_empty():
        return None
    return float(spoken_again(model, matrix_of(given.features))[0])


def _listed(model: Model, kept: pl.DataFrame | None, anew: pl.DataFrame | None) -> list[dict[str, Any]]:
    """Each feature that the model takes, with its value then and now."""
    then, now = (frame.row(0, named=True) if frame is not None and frame.height else {} for frame in (kept, anew))
    return [
        {**feature, "then": _plain(then.get(feature["name"])), "now": _plain(now.get(feature["name"]))}
        for feature in model.manifest["features"]
    ]


def _plain(value: float | None) -> float | None:
    return None if value is None or value != value else value


def words_of_receipt(found: dict[str, Any]) -> str:
    """The same for a terminal."""
    from tenure.features.plain import in_words
    from tenure.risk.causes import words_of

    score, page = found["score"], found["page"]
    failed = words_of(score["p_lapse_renewal"], score.get("p_payment"))
    lines = [
        f"Member {found['member_id']} on {score['as_of']}: {100 * score['p_lapse_renewal']:.1f} in 100 "
        f"({100 * score['p_low']:.0f} to {100 * score['p_high']:.0f}), band {score['band']}",
        *([f"  {failed}"] if failed else []),
        *(f"  {score[f'reason_{n}_points']:+.1f}  {score[f'reason_{n}']}" for n in (1, 2, 3) if score[f"reason_{n}"]),
        f"Model {score['model_version']}",
    ]
    if page:
        lines[-1] += f" ({page['model_hash'][:12]}), Tenure {page['software']}, receipt {page['receipt']}"
        if page.get("code"):
            lines.append(f"Code {page['code'][:12]}, {', '.join(map(' '.join, page.get('libraries', {}).items()))}")
        lines.append(f"The lake was at version {page['lake_version']}, read {page['lake_read_at']}.")
    lines.append(_check("From the features kept that night", found["from_kept"], score["p_lapse_renewal"]))
    lines.append(_check("From the lake as it is now", found["from_lake"], score["p_lapse_renewal"]))
    lines += [f"note: {note}" for note in found["notes"]]
    lines.append(f"{'then':>12} {'now':>12}  what the model was given")
    lines += [
        f"{_shown(one['then']):>12} {_shown(one['now']):>12}  {in_words(one['sentence'])}" for one in found["features"]
    ]
    return "\n".join(lines)


def _check(whence: str, p: float | None, then: float) -> str:
    from tenure.risk.comparing import CLOSE

    if p is None:
        return f"{whence}: not kept."
    same = "the same" if abs(p - then) <= CLOSE else f"{100 * p:.2f} in 100, which is not what was said"
    return f"{whence}: {same}."


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.4g}"


def _kept(house: House, as_of: dt.date) -> pl.DataFrame:
    frame = house.lake.scores(as_of)
    if frame is None or frame.is_empty():
        days = house.lake.score_dates()
        raise TenureError(
            f"there are no scores of {as_of}",
            mend=f"the nights with scores are {', '.join(map(str, days[-5:]))}" if days else "run `tenure run`",
        )
    return frame


def _latest(house: House) -> dt.date:
    days = house.lake.score_dates()
    if not days:
        raise TenureError("there are no scores yet", mend=f"run `tenure run --home {house.home.root}`")
    return days[-1]


def _settings_of(house: House, given: Given | None) -> Settings:
    """The settings with the rules of that night."""
    if given is None:
        return house.settings
    rules = {"membership": Membership(**given.page["membership"]), "bands": Bands(**given.page["bands"])}
    return house.settings.model_copy(update=rules)


def _again(
    house: House, settings: Settings, as_of: dt.date, model: Model, member: int | None = None
) -> tuple[pl.DataFrame, FeatureMatrix | None]:
    from tenure import risk

    caught: list[FeatureMatrix] = []
    frame = risk.score(house.lake, settings, as_of, model, keep=caught.append)
    matrix = caught[0] if caught else None
    if member is not None:
        frame = frame.filter(pl.col("member") == member)
        matrix = matrix.take((matrix.rows["member"] == member).to_numpy()) if matrix else None
    return frame, matrix
