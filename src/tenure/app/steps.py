"""The steps of a night, each told to the ledger and to the console while it is taken."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any

import tenure
from tenure.app import card, day, labels, promotion, receipts, shadow, standstill, watching
from tenure.app.handup import hand_up
from tenure.app.house import House
from tenure.app.models import is_due, is_due_by_age, model_for, note_rules
from tenure.app.proposing import propose
from tenure.app.situation import lookup
from tenure.app.walk import Teller, Walk
from tenure.lake import digest_of

_STALE_DAYS = 14
_FRESH_DAYS = 14

if TYPE_CHECKING:
    import polars as pl

    from tenure.features import FeatureMatrix
    from tenure.intake import SyncReport
    from tenure.risk import Model


def sync(house: House, walk: Walk) -> SyncReport:
    """Bring what is new at the source into the lake, and ids and contacts into the ledger."""
    from tenure import intake
    from tenure.app.source import open_source

    with walk.step("sync", "Sync") as tell, open_source(house) as source:
        report = intake.sync(
            house.home,
            house.settings,
            house.lake,
            clock=house.clock,
            source=source,
            progress=tell,
            hand_up=partial(hand_up, walk.run.fence),
        )
        _tell_sync(tell, report)
    return report


def _tell_sync(tell: Teller, report: SyncReport) -> None:
    tell.count(**report.counts)
    for words in (*report.notices, *report.warnings):
        tell.notice(words)
    if report.unchanged:
        tell.unchanged("nothing new at the source")
        return
    new = {name: table.new + table.changed for name, table in report.tables.items() if table.new or table.changed}
    removed = sum(table.removed for table in report.tables.values())
    parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in new.items()]
    parts += [f"{removed:,} rows gone"] if removed else []
    tell.say("new or changed: " + ", ".join(parts) if parts else "contacts brought up to date")


class Lookout:
    """The drift watch of one night: taken once, before whatever first depends on it.

    Args:
        house: The association's.
        walk: The run.
        as_of: The night.
        model: The model that served before this night made another: drift is looked for with it, since the other has
            learnt what has drifted. None where there was none.
        dry_run: Nothing is kept, and nothing held back.
        despite: Who has looked at the drift of this night, and lets it be scored.
    """

    def __init__(
        self, house: House, walk: Walk, as_of: dt.date, model: Model | None, *, dry_run: bool = False, despite: str = ""
    ) -> None:
        self._house, self._walk, self._as_of, self._model = house, walk, as_of, model
        self._dry_run, self._despite = dry_run, despite
        self._is_taken = False

    def take(self, model: Model) -> None:
        """Look, with the model that served before or else with *model*, unless that was done.

        Raises:
            HeldBack: The watch is red, nobody has looked, and there are scores to keep.
        """
        if not self._is_taken:
            self._found = _watch(self._house, self._walk, self._as_of, self._model or model, self._despite)
            self._is_taken = True

    def forbids_training(self) -> bool:
        """Whether the watch is red and nobody has looked, so that no model is made merely because one is due.

        Raises:
            HeldBack: As `take`.
        """
        from tenure.risk.drift import is_red

        house, as_of, model = self._house, self._as_of, self._model
        if model is None:
            return False
        if self._dry_run or _is_replay(as_of):
            found = watching.watched(house, as_of, model)
        elif _kept_scores(house, as_of, receipt_of(house, as_of, model)) is not None:
            found = watching.kept_of(house, as_of, model) or watching.watched(house, as_of, model)
            if self._despite:
                watching.gate(house, found, despite=self._despite)
        else:
            self.take(model)
            found = self._found
        return is_red(found) and not self._despite


def train_when_due(house: House, walk: Walk, as_of: dt.date, lookout: Lookout) -> Model:
    """The model for the night *as_of*, made now when there is none yet or one is due.

    While the drift watch is red and nobody has looked, none is made for its age alone: it would learn what may be a
    broken feed.

    Raises:
        HeldBack: The drift watch is red, and there are scores to keep.
    """
    why = is_due(house, as_of)
    waits = bool(why) and is_due_by_age(house, as_of) and lookout.forbids_training()
    if why and not waits:
        train(house, walk, as_of, why)
        return serving(house, as_of)
    with walk.step("train", "Model") as tell:
        model = serving(house, as_of)
        tell.unchanged(f"the model of {model.manifest['as_of']} serves")
        if waits:
            tell.notice(
                f"another model is due, since {why}, but none is made by itself while the drift watch is red; see "
                "`tenure model drift`, and where the change is real, `tenure train` makes one"
            )
    return model


def serving(house: House, as_of: dt.date) -> Model:
    """The model that serves on the night *as_of*; there is one."""
    model = model_for(house, as_of)
    assert model is not None
    return model


def train(house: House, walk: Walk, as_of: dt.date, why: str) -> str:
    """Learn a model from what was known on *as_of*, and let it serve or wait; gives its version."""
    from tenure import risk

    with walk.step("train", f"Train, since {why}") as tell:
        unsigned = labels.check(house, as_of)
        manifest = risk.train(
            house.lake,
            house.settings,
            as_of,
            house.registry,
            clock=house.clock,
            progress=lambda stage, share: tell(stage, share, 1.0),
        )
        note_rules(house, manifest["version"])
        data, grade = manifest["data"], manifest["grade"]
        tell.count(
            version=manifest["version"], decisions=data["decisions"], lapses=data["lapses"], grade=grade["letter"]
        )
        tell.say(f"learnt from {data['decisions']:,} decisions. Grade {grade['letter']}. {grade['sentence']}")
        for note in data.get("notes", []):
            tell.notice(note)
        if unsigned:
            tell.notice(unsigned)
        admission = promotion.admit(house, manifest, as_of)
        tell.count(serves=admission.serves)
        card.keep(house, manifest["version"])
        if not admission.serves:
            tell.notice(admission.words)
    return str(manifest["version"])


def score_and_write_back(
    house: House,
    walk: Walk,
    as_of: dt.date,
    model: Model,
    *,
    dry_run: bool,
    lookout: Lookout,
    approved_by: str = "",
) -> None:
    """Score every active member, keep the scores, and put into iMIS what changed.

    Args:
        house: The association's.
        walk: The run.
        as_of: The night.
        model: Which model scores.
        dry_run: Keep nothing.
        lookout: The drift watch of the night.
        approved_by: Who has let a write-back of any size pass.

    Raises:
        HeldBack: The drift watch is red; yesterday's scores stay.
    """
    receipt = receipt_of(house, as_of, model)
    frame = _kept_scores(house, as_of, receipt)
    if frame is None:
        if not dry_run and not _is_replay(as_of):
            lookout.take(model)
        frame = _score(house, walk, as_of, model, receipt, dry_run=dry_run)
    else:
        with walk.step("score", "Score") as tell:
            tell.unchanged(f"the {frame.height:,} scores of {as_of} stand")
            tell.count(members=frame.height, receipt=receipt)
    if _is_replay(as_of):
        walk.console.say(f"  note: {as_of} is before the latest night, so pages and iMIS stay as they are")
        return
    situation = lookup(house, as_of, frame)
    if not dry_run:
        day.look(house, walk, as_of, model, frame, situation)
    _write_back(house, walk, as_of, frame, dry_run=dry_run, approved_by=approved_by)
    if not dry_run:
        propose(house, walk, as_of, situation)
        shadow.follow(house, walk, as_of, model, frame)


def _score(house: House, walk: Walk, as_of: dt.date, model: Model, receipt: str, *, dry_run: bool) -> pl.DataFrame:
    from tenure import risk
    from tenure.app.handover import make_current

    with walk.step("score", "Score") as tell:
        given: list[FeatureMatrix] = []
        frame = risk.score(
            house.lake, house.settings, as_of, model, keep=given.append,
            progress=lambda share: tell("members", share, 1.0),
        )  # fmt: skip
        bands = dict(frame.group_by("band").len().iter_rows())
        tell.count(members=frame.height, bands=bands)
        tell.say(f"{frame.height:,} members" + _band_words(bands))
        _note_age(house, tell, as_of)
        _note_outages(house, tell, as_of)
        if not dry_run:
            replay = _is_replay(as_of)
            walk.run.fence.look()
            house.lake.write_scores(as_of, frame)
            page = receipts.page_of(house, as_of, model, receipt)
            receipts.store(house).keep(as_of, given[0] if given else None, page)
            if not replay:
                make_current(house, frame, walk.run)
            tell.count(receipt=receipt)
    return frame


def _watch(house: House, walk: Walk, as_of: dt.date, model: Model, despite: str) -> dict[str, Any]:
    """See whether the world still is as the model learnt it. One alarm stops nothing; a red watch holds the night back
    unless somebody, *despite*, has looked. Gives what was found."""
    with walk.step(watching.STEP, "Look for drift") as tell:
        found = watching.watched(house, as_of, model)
        watching.keep(house, found)
        tell.count(members=found.get("members", 0), alarms=len(found["alarms"]))
        quiet = found.get("too_young") or "members and scores are as they were before the model was made"
        tell.say(f"{len(found['alarms'])} alarms" if found["alarms"] else quiet)
        for words in found["alarms"]:
            tell.notice(words)
        if _has_fresh_scores(as_of):
            watching.gate(house, found, despite=despite)
    return found


def _has_fresh_scores(as_of: dt.date) -> bool:
    """Whether there are scores to keep for another night: those of more than two weeks ago mislead more than scores of
    a world that has changed, and where there are none yet nothing is to be kept."""
    from tenure.ledger import scores

    current = scores.current()
    return current is not None and (as_of - current.as_of).days <= _FRESH_DAYS


def require_recorded(house: House, walk: Walk, as_of: dt.date, *, despite: str = "") -> None:
    """Hold the night back, before anything is learnt or scored, where the record stopped long before *as_of*.

    Raises:
        HeldBack: It did, and nobody, *despite*, has looked.
    """
    stopped = standstill.found(house, as_of)
    if stopped is not None:
        with walk.step(standstill.STEP, "Look how far the record goes") as tell:
            standstill.gate(house, stopped, despite=despite)
            tell.say(f"let pass by {despite}")
            tell.notice(stopped.words)


def _band_words(bands: dict[str, int]) -> str:
    words = ", ".join(f"{bands[band]:,} {band}" for band in ("high", "medium", "low", "new") if band in bands)
    return f": {words}" if words else ""


def _note_age(house: House, tell: Teller, as_of: dt.date) -> None:
    """Say so when nothing was recorded for long before *as_of*: members then look lapsed who may have renewed."""
    newest = house.lake.newest_record(as_of)
    age = (as_of - newest).days if newest is not None else 0
    if age > _STALE_DAYS:
        tell.notice(f"nothing was recorded in the {age} days before {as_of}; see whether the source is up to date")


def _note_outages(house: House, tell: Teller, as_of: dt.date) -> None:
    """Name the feeds that stopped for everyone: their silence is no member's."""
    from tenure.app.outages import outages

    found = list(outages(house, as_of))
    for outage in found:
        tell.notice(str(outage))
    if found:
        tell.count(stopped_feeds=[outage.feed for outage in found])


def receipt_of(house: House, as_of: dt.date, model: Model) -> str:
    """What the scores of a night depend on, in one word; the same receipt means the same scores."""
    from tenure.risk.scoring_code import code_digest, libraries

    rules = house.settings
    return digest_of(
        tenure.__version__, as_of.isoformat(), house.lake.version, model.version, rules.membership, rules.bands,
        code=code_digest(), libraries=libraries(),
    )  # fmt: skip


def _kept_scores(house: House, as_of: dt.date, receipt: str) -> pl.DataFrame | None:
    """The scores of *as_of* when they were made from just what there is now, and are kept everywhere."""
    from tenure.ledger import runs, scores

    if runs.scored_from(as_of) != receipt:
        return None
    frame = house.lake.scores(as_of)
    if frame is None or _is_replay(as_of):
        return frame
    current = scores.current()
    return frame if current is not None and current.digest == scores.digest_of(frame) else None


def _is_replay(as_of: dt.date) -> bool:
    """Whether a later night was scored already."""
    from tenure.ledger import scores

    current = scores.current()
    return current is not None and current.as_of > as_of


def _write_back(
    house: House, walk: Walk, as_of: dt.date, frame: pl.DataFrame, *, dry_run: bool, approved_by: str
) -> None:
    from tenure.app.handover import write_back

    if not house.settings.writes_into_imis:
        return
    with walk.step("write back", "Write back") as tell:
        write_back(
            house, tell, frame, as_of, walk.run.fence, walk.stopping.check, dry_run=dry_run, approved_by=approved_by
        )
