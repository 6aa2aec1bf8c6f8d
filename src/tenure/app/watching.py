"""The drift watch of a night: kept with its run, shown when asked for."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tenure.app.house import House
from tenure.app.models import model_for
from tenure.base.errors import HeldBack, TenureError
from tenure.base.home import write_atomically
from tenure.risk.figures import decimal

if TYPE_CHECKING:
    from tenure.risk import Model
    from tenure.risk.drift import Reference

STEP = "drift"
_REFERENCE = "reference.json"
_MOST_NIGHTS = 24
_APART = dt.timedelta(days=28)


def watched(house: House, as_of: dt.date, model: Model) -> dict[str, Any]:
    """Hold the night *as_of* against the months before *model*, and past nights against what came of them."""
    from tenure.risk.drift import watch

    found = watch(_reference(house, model), house.lake, house.settings.membership, model, as_of)
    came = came_true(house, as_of)
    if came["alarm"]:
        found["alarms"].append(_of_matured(came))
    return {"model": model.version, **found, "matured": came}


def came_true(house: House, as_of: dt.date) -> dict[str, Any]:
    """What became of those whom nights up to *as_of* scored, as `tenure.risk.drift.matured` returns it."""
    house.open_ledger()
    from tenure.ledger import experiments
    from tenure.risk.drift import matured

    lake = house.lake
    kinds = {"member": pl.Int64, "on": pl.Date, "held": pl.Boolean, "share": pl.Float64}
    selected = pl.DataFrame(experiments.selected(until=as_of), schema=kinds, orient="row")
    nights = [frame for day in _nights(lake.score_dates(), as_of) if (frame := lake.scores(day)) is not None]
    members, rules = lake.members_and_absences(), house.settings.membership
    return matured(nights, lake.terms(), members, rules, as_of, selected=selected)


def _reference(house: House, model: Model) -> Reference:
    """The months before the model, looked at once and kept beside it."""
    from tenure.risk.drift import Reference, learn_reference

    path = house.home.models / model.version / _REFERENCE
    if path.is_file():
        try:
            return Reference.from_bytes(path.read_bytes())
        except (ValueError, TypeError):
            pass  # it is only a copy of what the lake says, and is made anew
    reference = learn_reference(house.lake, house.settings.membership, model)
    write_atomically(path, reference.as_bytes())
    return reference


def _nights(days: list[dt.date], as_of: dt.date) -> list[dt.date]:
    """Past nights about a month apart, the newest first: one score a month says enough of a renewal."""
    chosen: list[dt.date] = []
    for day in reversed([day for day in days if day <= as_of]):
        if not chosen or chosen[-1] - day >= _APART:
            chosen.append(day)
    return chosen[:_MOST_NIGHTS]


def _of_matured(came: dict[str, Any]) -> str:
    return (
        f"of {came['decisions']:,} renewals scored on past nights{_whose(came)} {100 * came['lapsed']:.0f} in 100 "
        f"lapsed, where {100 * came['said']:.0f} were said ({decimal(came['z'], 1, signed=True)} standard errors)"
    )


def _whose(came: dict[str, Any]) -> str:
    """For which others some of the renewals stand."""
    left_out = came.get("selected")
    return f", the holdout standing for {left_out:,} that playbooks selected," if left_out else ""


def keep(house: House, found: dict[str, Any]) -> None:
    """Keep what the watch of a night found, beside what its scores were made from."""
    write_atomically(_place(house, found["as_of"]), json.dumps(found, indent=1).encode())


def gate(house: House, found: dict[str, Any], *, despite: str) -> None:
    """Hold a night back whose watch is red, unless *despite* names who has looked; the audit log keeps who that was.

    Raises:
        HeldBack: It is red, and nobody has looked.
    """
    from tenure.risk.drift import is_red

    if not is_red(found):
        return
    if not despite:
        raise HeldBack(
            f"the world is not as the model learnt it: {len(found['alarms'])} alarms, such as: {found['alarms'][0]}",
            mend="see `tenure model drift`, and mend the feed or mapping that changed; if the change is real, "
            "`tenure run --despite-drift --by NAME`, and train anew",
        )
    from tenure.ledger import audit

    audit.record(
        "drift:gate:release", by=despite, subject=str(found["as_of"]), clock=house.clock, alarms=len(found["alarms"])
    )


def kept(house: House) -> dict[str, Any]:
    """What the last night's watch found.

    Raises:
        TenureError: No night has looked yet.
    """
    house.open_ledger()
    from tenure.ledger.models import RunStep

    step = RunStep.objects.filter(name=STEP, state__in=("done", "held_back")).order_by("-id").first()
    path = _place(house, step.run.as_of) if step else None
    if path is None or not path.is_file():
        raise TenureError("no night has looked for drift yet", mend="the next `tenure run` does, or pass --as-of")
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def kept_of(house: House, as_of: dt.date, model: Model) -> dict[str, Any] | None:
    """What the watch of the night *as_of* found with *model*; None where none is kept."""
    path = _place(house, as_of)
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found if found["model"] == model.version else None


def _place(house: House, as_of: object) -> Path:
    return house.home.receipts / f"{as_of}.drift.json"


def at(house: House, as_of: dt.date) -> dict[str, Any]:
    """The same for any night, looked at now and kept nowhere.

    Raises:
        TenureError: There is no model that could serve that night.
    """
    model = model_for(house, as_of)
    if model is None:
        raise TenureError(f"there is no model that was made by {as_of}", mend="choose a later night")
    return watched(house, as_of, model)


def words_of(found: dict[str, Any]) -> str:
    """The same for a terminal."""
    return "\n".join(_lines(found))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"Drift on {found['as_of']}, model {found['model']}"
    yield from _of_inflow(found.get("inflow", []))
    if "too_young" in found:
        yield f"Cannot tell: {found['too_young']}."
    else:
        yield (
            f"{found['members']:,} members, against the year before {found['reference'][1]}; how far quiet months "
            f"stray is read from those since {found['reference'][0]}."
        )
        from tenure.risk.drift import of_silence

        yield f"  {'shift':>6} {'usual':>6} {'alarm from':>10}"
        for one in sorted([*found["inputs"], found["scores"]], key=lambda one: -one["shift"] / one["threshold"]):
            mark = "  ALARM" if one["alarm"] else ""
            yield f"  {one['shift']:>6.2f} {one['usual']:>6.2f} {one['threshold']:>10.2f}  {one['title']}{mark}"
        for one in found["missing"]:
            if one["alarm"]:
                yield f"  ALARM: {of_silence(one)}"
        yield "What the scores of those due within 90 days say of their own worth, before any label:"
        for name, one in found["expected"].items():
            span = f"(months before: {_n(one['past_low'])} to {_n(one['past_high'])})"
            yield f"  {_WORTH[name]:<11} {_n(one['now'])}  {span}"
    came = found["matured"]
    if came["decisions"]:
        yield f"Of past nights: {_of_matured(came)}."
    else:
        yield f"Of past nights: no renewal{_whose(came)} is decided yet."
    yield "No alarm." if not found["alarms"] else "Alarms:\n" + "\n".join(f"  {words}" for words in found["alarms"])


_WORTH = {"log_loss": "log loss", "brier": "Brier score", "auc": "AUC", "lapse_rate": "lapse rate"}
_NAMELESS = {"delay": "days from deed to record", "dues": "dues of a term"}


def _of_inflow(came: list[dict[str, Any]]) -> Iterator[str]:
    """Rows of the last fortnight, beside those of the year before it."""
    if came:
        yield "What came in the last fortnight, and the range of the fortnights of two years before:"
    for one in came:
        name = one["name"].replace("_", " ") or _NAMELESS[one["what"]]
        mark = "  ALARM" if one["alarm"] else ""
        yield f"  {one['now']:>9,.0f}  {one['low']:>9,.0f} to {one['high']:<9,.0f}  {name}{mark}"


def _n(value: float | None) -> str:
    return "cannot be told" if value is None else f"{value:.3f}"
