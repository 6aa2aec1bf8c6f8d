"""The labels shown, signed, and refused where the record contradicts the rules."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from tenure.app import standstill
from tenure.app.house import House
from tenure.app.models import rules_now
from tenure.base.errors import HeldBack, UsageError

if TYPE_CHECKING:
    from tenure.risk.label_table import Labels

_SUMMED = ("due", "renewed", "undated", "lapsed", "returned", "in_grace", "to_come", "competing", "removed")


def made(house: House, as_of: dt.date) -> Labels:
    """The labels of *as_of* by the settings as they are."""
    from tenure.risk.label_table import label

    lake = house.lake
    return label(lake.terms(), lake.members_and_absences(), house.settings.membership, as_of=as_of)


def digest_of_rules(house: House) -> str:
    """The rules in one word; a signature holds for one word."""
    return hashlib.sha256(json.dumps(rules_now(house), sort_keys=True).encode()).hexdigest()


def check(house: House, as_of: dt.date) -> str:
    """Whether a model may learn from the labels of *as_of*; gives words where nobody has signed them.

    Raises:
        HeldBack: The record contradicts the rules, and nobody has signed in spite of it.
    """
    house.open_ledger()
    from tenure.ledger import signatures

    signed = signatures.valid(digest_of_rules(house))
    accepted = set(signed.findings) if signed else set()
    against = [finding for finding in made(house, as_of).hard if finding.code not in accepted]
    if against:
        words = "; ".join(f"{finding.words} ({finding.code})" for finding in against)
        raise HeldBack(
            f"the labels contradict the record: {words}",
            mend=f"{against[0].mend}; or let somebody who knows sign in spite of it: "
            f"`tenure labels sign --by NAME --why WORDS --despite {against[0].code}`",
        )
    if signed:
        return ""
    before = signatures.latest()
    if before:
        return f"what {before.by} signed is void, since the rules changed; `tenure labels` shows what counts now"
    return "nobody has signed the labels yet; `tenure labels` shows what counts as a lapse"


def sign(house: House, as_of: dt.date, *, by: str, why: str, despite: tuple[str, ...]) -> dict[str, Any]:
    """Keep somebody's word that the labels of *as_of* are right.

    Args:
        house: The association's.
        as_of: The day of the labels that were looked at.
        by: Who signs.
        why: Why in spite of hard findings.
        despite: The codes of those findings.

    Raises:
        UsageError: A hard finding is not among *despite*, one of *despite* is no hard finding, or *despite* has no
            reason.
    """
    labels = made(house, as_of)
    refused = sorted({finding.code for finding in labels.hard})
    strange = sorted(set(despite) - set(refused))
    if strange:
        raise UsageError(
            f"nothing is refused by the name of {', '.join(strange)}",
            mend=f"--despite takes what is refused now: {', '.join(refused)}"
            if refused
            else "leave --despite out: nothing is refused now",
        )
    left = [finding for finding in labels.hard if finding.code not in despite]
    if left:
        raise UsageError(
            f"the record contradicts the rules: {left[0].words}",
            mend=f"{left[0].mend}; or add --despite {left[0].code} and --why",
        )
    if despite and not why.strip():
        raise UsageError("signing in spite of a finding needs a reason", mend="add --why WORDS")
    house.open_ledger()
    from tenure.ledger import signatures

    body = summary(labels)
    signatures.sign(
        by=by, why=why, rules=digest_of_rules(house), as_of=as_of, summary=body, clock=house.clock,
        findings=sorted({finding.code for finding in labels.findings}), despite=sorted(set(despite)),
    )  # fmt: skip
    return body


def day_to_sign(house: House, day: dt.date) -> dt.date:
    """The day whose labels are signed where nobody named one: *day*, or the one after the newest record where nothing
    was recorded for so long that many would look lapsed who may have renewed."""
    newest = house.lake.newest_record(day)
    is_silent = newest is not None and (day - newest).days > standstill.LONG
    return newest + dt.timedelta(days=1) if newest is not None and is_silent else day


def summary(labels: Labels) -> dict[str, Any]:
    """The table in one line, and a digest of it."""
    totals = {name: int(labels.table[name].sum()) for name in _SUMMED}
    decided = totals["renewed"] + totals["lapsed"]
    digest = hashlib.sha256(labels.table.write_csv().encode()).hexdigest()
    return totals | {"lapse_rate": totals["lapsed"] / decided if decided else None, "digest": digest}


def signature(house: House) -> dict[str, Any] | None:
    """The last signature, and whether it still holds."""
    house.open_ledger()
    from tenure.ledger import signatures

    rules = digest_of_rules(house)
    row = signatures.valid(rules) or signatures.latest()
    if row is None:
        return None
    return {"by": row.by, "at": row.at.isoformat(timespec="seconds"), "as_of": row.as_of.isoformat(), "why": row.why,
            "accepted": row.findings, "valid": row.rules == rules, "summary": row.summary}  # fmt: skip


def body_of(house: House, labels: Labels, as_of: dt.date) -> dict[str, Any]:
    """All of it, for programs. `silent_days` are those since anything was recorded, where they are many; else 0."""
    from tenure.risk.label_table import rules_in_words

    newest = house.lake.newest_record(as_of)
    silent = (as_of - newest).days if newest else 0
    return {
        "as_of": as_of.isoformat(),
        "rules": rules_in_words(house.settings.membership),
        "rules_digest": digest_of_rules(house),
        "table": labels.table.to_dicts(),
        "by_grace": labels.by_grace,
        "findings": [vars(finding) for finding in labels.findings],
        "summary": summary(labels),
        "terms": house.lake.terms().filter(pl.col("recorded_at") < pl.lit(as_of).cast(pl.Datetime("us"))).height,
        "newest_record": newest.isoformat() if newest else None,
        "silent_days": silent if silent > standstill.LONG else 0,
        "signature": signature(house),
    }


def words_of(body: dict[str, Any]) -> str:
    """The same for a terminal."""
    if not body["table"]:
        return "\n\n".join("\n".join(part) for part in (_rules(body), _nothing(body), _signed(body)))
    parts = [
        _rules(body), _silence(body), _table(body["table"]), _notes(), _graces(body["by_grace"]),
        _findings(body["findings"]), _signed(body),
    ]  # fmt: skip
    return "\n\n".join(text for part in parts if (text := "\n".join(part)))


def _nothing(body: dict[str, Any]) -> Iterator[str]:
    if body["terms"]:
        yield f"Of {body['terms']:,} terms on record by {body['as_of']} none has a renewal, so there are no labels."
    else:
        yield f"No terms are on record by {body['as_of']}, so there are no labels; a later --as-of may have some."


def _silence(body: dict[str, Any]) -> Iterator[str]:
    if body["silent_days"]:
        known = dt.date.fromisoformat(body["newest_record"]) + dt.timedelta(days=1)
        yield f"Nothing was recorded in the {body['silent_days']} days before {body['as_of']}."
        yield "  Who has renewed since counts as lapsed here."
        yield f"  For what was known when the newest record came in: --as-of {known}"


def _rules(body: dict[str, Any]) -> Iterator[str]:
    yield f"What counts as a lapse, as of {body['as_of']}:"
    yield from (f"  {sentence}" for sentence in body["rules"])


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    heads = ("renewed", "undated", "lapsed", "returned", "in grace", "to come", "competing", "removed", "lapse rate")
    yield f"{'type':<12} {'year':>4} " + " ".join(f"{head:>10}" for head in heads)
    for row in rows:
        counts = [row[name] for name in _SUMMED[1:]]
        yield f"{row['member_type']:<12} {row['year']:>4} " + " ".join(f"{n:>10,}" for n in counts) + _rate(row)


def _notes() -> Iterator[str]:
    yield "undated: renewed, without a date of payment. returned: lapsed, and back within a year after grace."
    yield "competing: died, merged or transferred."
    yield "removed: not in the source any more before grace was over. What became of them is not known."


def _rate(row: dict[str, Any]) -> str:
    return f"{'–':>11}" if row["lapse_rate"] is None else f"{100 * row['lapse_rate']:>9.1f} %"


def _graces(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"If grace were other, of {rows[0]['decisions']:,} renewals the lapse rate would be:"
    yield "  " + "   ".join(f"{row['grace']} days:{_rate(row)}" for row in rows)


def _findings(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "Nothing in the record speaks against these labels."
        return
    yield "What speaks against these labels:"
    for one in found:
        yield f"  {'REFUSED' if one['hard'] else 'look'}  {one['words']} ({one['code']})"
        yield f"           {one['mend']}"


def _signed(body: dict[str, Any]) -> Iterator[str]:
    row = body["signature"]
    if row is None:
        yield "Not signed. When this is how you count: tenure labels sign --by NAME"
    elif row["valid"]:
        yield f"Signed by {row['by']} on {row['at'][:10]}."
    else:
        yield f"The signature of {row['by']} of {row['at'][:10]} is void: the rules have changed since."
