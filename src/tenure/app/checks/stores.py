"""The lake, the model and the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tenure.app import extraction as terms_of_extraction
from tenure.app import labels, promotion, standstill
from tenure.app.checks.finding import FAULT, NOTE, OK, Finding
from tenure.app.handover import without_values
from tenure.app.house import House
from tenure.app.models import is_due, loaded, manifest_for
from tenure.app.outages import outages
from tenure.base.errors import HeldBack, TenureError

_SILENCE = dt.timedelta(hours=26)
_BY_PEOPLE = frozenset({"erasure", "objection", "change ledger", "doctor"})
"""What the lake's log calls its sources where nothing was read."""

_DURABLE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""What a SQLite ledger must be set to, lest a power cut or a stray row harm it."""


def lake(house: House) -> Iterator[Finding]:
    """Whether the lake is whole and has what a model needs."""
    from tenure import custody

    custody.require_unbroken(house.home)
    counts = {table: house.lake.rows(table) for table in ("members", "terms", "activity")}
    if not counts["members"] or not counts["terms"]:
        yield Finding("lake", NOTE, "nothing has been brought in yet", f"run `tenure run --home {house.home.root}`")
        return
    yield Finding("lake", OK, ", ".join(f"{count:,} {table}" for table, count in counts.items()))
    if not counts["activity"]:
        mend = "add activity to the source: without it a model knows terms alone"
        yield Finding("activity", NOTE, "there is none", mend)


def _last_sync(house: House) -> dt.datetime | None:
    """When something of the source last came in; what people did to the lake themselves is none of it."""
    synced = (entry["at"] for entry in reversed(house.lake.log) if entry["source"] not in _BY_PEOPLE)
    return next(map(dt.datetime.fromisoformat, synced), None)


def freshness(house: House) -> Iterator[Finding]:
    """How long ago something new came in."""
    last = _last_sync(house)
    if last is None:
        return
    age = house.clock() - last
    words = f"something new last came in {age.days} days ago" if age.days else "something new came in today"
    mend = "see whether the exports are made, or the site's records still change"
    yield Finding("freshness", NOTE if age.days > 7 else OK, words, mend if age.days > 7 else "")


def record(house: House) -> Iterator[Finding]:
    """Whether the record stopped so long ago that the next night is held back, by the rule of the night itself.

    Raises:
        HeldBack: It did.
    """
    stopped = standstill.found(house, house.today)
    if stopped is not None:
        words = f"the next night is held back unless it brings in something newer: {stopped.words}"
        raise HeldBack(words, mend=stopped.mend)
    newest = house.lake.newest_record(house.today)
    if newest is not None:
        yield Finding("record", OK, f"the newest is of {newest}, which holds no night back")


def feeds(house: House) -> Iterator[Finding]:
    """Feeds that stopped for everyone, though they used to come often."""
    last = _last_sync(house)
    if last is None or not house.lake.rows("activity"):
        return
    # A home that merely was not synced for long is the business of `freshness`.
    stopped = list(outages(house, last.date()))
    for outage in stopped:
        mend = "see whether the query or export still gives it; if the thing itself has ended, nothing need be done"
        yield Finding("feeds", NOTE, str(outage), mend)
    if not stopped:
        yield Finding("feeds", OK, "no kind of activity has stopped coming")


def ahead(house: House) -> Iterator[Finding]:
    """Whether this machine's clock stands before the last sync."""
    log = house.lake.log
    if not log:
        return
    gap = dt.datetime.fromisoformat(log[-1]["at"]) - house.clock()
    if gap > dt.timedelta(minutes=5):
        hours = gap.total_seconds() / 3600
        words = f"the last sync lies {hours:,.1f} hours ahead of this machine's clock"
        yield Finding("machine's clock", FAULT, words, "set the clock; a night must not believe it is yesterday")
    else:
        yield Finding("machine's clock", OK, "stands after the last sync")


def member_types(house: House) -> Iterator[Finding]:
    """Whether the member types that the settings name occur among the terms."""
    rules = house.settings.membership
    named = {*rules.grace_days, *rules.lifetime_types, *rules.complimentary_types} - {"default"}
    if house.lake.is_empty("terms"):
        return
    known = set(house.lake.terms()["member_type"].unique().to_list())
    strange = sorted(named - known)
    if strange:
        words = f"`[membership]` names {', '.join(strange)}, which no term has"
        there = ", ".join(sorted(map(str, known))[:20])
        yield Finding("member types", NOTE, words, f"correct the name in tenure.toml; terms have {there}")
    else:
        yield Finding("member types", OK, f"{len(known)} occur, and the settings name no other")


def set_aside(house: House) -> Iterator[Finding]:
    """What the last sync that set rows aside did with them."""
    kept = sorted((house.home.lake / "quarantine").glob("*.parquet"))
    if not kept:
        yield Finding("rows set aside", OK, "none so far")
        return
    at = dt.datetime.strptime(kept[-1].stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    days = (house.clock() - at).days
    mend = f"see which and why in {kept[-1]}; they come in by themselves once they are mended at the source"
    state = NOTE if days < 7 else OK
    yield Finding("rows set aside", state, f"some on {at:%Y-%m-%d}", mend if state == NOTE else "")


def unfinished(house: House) -> Iterator[Finding]:
    """Pages of a sync that was stopped."""
    if any((house.home.root / "spool").rglob("*.parquet")):
        mend = f"run `tenure sync --home {house.home.root}`, or wait for the next night: it goes on where it was"
        yield Finding("unfinished sync", NOTE, "a sync was stopped on its way", mend)
    else:
        yield Finding("unfinished sync", OK, "none")


def model(house: House) -> Iterator[Finding]:
    """Whether there is a model, whole and fresh."""
    manifest = manifest_for(house)
    if manifest is None:
        from tenure.ledger import runs, serving

        refused = serving.way_to_one() if runs.last_refusal("train") else ""
        mend = refused or f"run `tenure run --home {house.home.root}`"
        yield Finding("model", NOTE, "there is none yet", mend)
        return
    loaded(house, manifest["version"])
    grade = manifest["grade"]
    yield Finding("model", OK, f"{manifest['version']}, whole, learnt from {manifest['data']['decisions']:,} decisions")
    weak = grade["letter"] not in ("A", "B", "C")
    mend = "see what it learnt from with `tenure evaluate`" if weak else ""
    yield Finding("grade", NOTE if weak else OK, f"{grade['letter']}: {grade['sentence']}", mend)
    why = is_due(house, house.today)
    yield Finding("retraining", OK, f"the next night trains, since {why}" if why else "not due")


def other_models(house: House) -> Iterator[Finding]:
    """Whether models that do not serve are as they were made; one that is not hinders nothing until it is wanted."""
    models = [one for one in promotion.standing(house) if one["part"] != "champion"]
    mend = (
        f"`tenure restore BACKUP`, or move its folder out of {house.home.models}; a rollback or a promotion to it is "
        "refused"
    )
    for one in models:
        if one["damaged"]:
            yield Finding("other models", NOTE, one["damaged"], mend)
    if models and not any(one["damaged"] for one in models):
        yield Finding("other models", OK, f"{len(models):,}, whole")


def signed_labels(house: House) -> Iterator[Finding]:
    """Whether somebody has signed what counts as a lapse."""
    if house.lake.is_empty("terms"):
        return
    row = labels.signature(house)
    mend = "look at `tenure labels`, and let a director sign: `tenure labels sign --by NAME`"
    if row is None:
        yield Finding("labels", NOTE, "nobody has signed what counts as a lapse", mend)
    elif not row["valid"]:
        words = f"the signature of {row['at'][:10]} is void, since the rules changed"
        yield Finding("labels", NOTE, words, mend)
    else:
        yield Finding("labels", OK, f"what counts as a lapse was signed on {row['at'][:10]}")


def extraction(house: House) -> Iterator[Finding]:
    """Whether somebody has answered for the terms on which records are read."""
    rows = terms_of_extraction.checklist(house)
    left = [row["question"] for row in rows if row["reply"] is None]
    against = [row["question"] for row in rows if row["reply"] == "no"]
    if against:
        words = f"somebody answered `no`: {', '.join(against)}"
        yield Finding("extraction", NOTE, words, "put it right, and answer anew: `tenure extraction answer`")
    if left:
        words = f"nobody has answered for these terms of reading the source: {', '.join(left)}"
        yield Finding("extraction", NOTE, words, "look at `tenure extraction`, and let somebody who knows answer")
    if not against and not left:
        yield Finding("extraction", OK, "somebody has answered for each of the terms of reading the source")


def challenger(house: House) -> Iterator[Finding]:
    """Whether a newer model waits for a person's word."""
    models = promotion.standing(house)
    champion = next((place for place, one in enumerate(models) if one["part"] == "champion"), None)
    if champion is None:
        return
    waiting = [one for one in models[champion + 1 :] if one["part"] == "challenger" and not one["damaged"]]
    if not waiting:
        yield Finding("challenger", OK, "no model waits to take over")
        return
    newest = waiting[-1]
    words = f"{newest['version']} waits, grade {newest['grade']}; {models[champion]['version']} serves"
    mend = (
        f"compare them by `tenure evaluate`, and `tenure model promote {newest['version']} --by NAME --why WORDS`; "
        "or leave it until a later training makes a better one"
    )
    yield Finding("challenger", NOTE, words, mend)


def _shown(cursor: Any, name: str) -> str:
    cursor.execute(f"SHOW {name}")
    return str(cursor.fetchone()[0])


def ledger(house: House) -> Iterator[Finding]:
    """Whether the ledger opens, keeps what it is told, and is whole."""
    house.open_ledger()
    from django.db import connection

    from tenure.ledger import witness

    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            weak = [name for name in ("fsync", "synchronous_commit") if _shown(cursor, name) == "off"]
            if weak:
                words = f"commits may be lost when power fails: {' and '.join(weak)} is off"
                yield Finding("ledger", FAULT, words, "switch it on in the settings of the database server")
            else:
                witness.require_whole(house.home)
                yield Finding("ledger", OK, f"{connection.vendor} answers; whole; a commit survives a power cut")
            return
        found = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in _DURABLE}
        waits = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
    witness.require_whole(house.home)
    if found != _DURABLE or not waits:
        yield Finding("ledger", FAULT, "commits may be lost when power fails", "move the home to a local disk")
    else:
        yield Finding("ledger", OK, "whole; a commit survives a power cut")


def nights(house: House) -> Iterator[Finding]:
    """How the last night went."""
    from tenure.ledger import runs

    last = runs.latest("night")
    if last is None:
        yield Finding(
            "last night", NOTE, "there has been none", f"run `tenure run --home {house.home.root}` once a day"
        )
        return
    words = f"{last.get_state_display().lower()}, for {last.as_of}"
    if last.state in ("failed", "interrupted", "held_back", "partly_done"):
        mend = last.mend or f"run `tenure run --home {house.home.root}` again, and see what it says"
        yield Finding("last night", FAULT, f"{words}: {last.trouble}", mend)
    elif house.clock() - last.started_at > _SILENCE:
        hours = (house.clock() - last.started_at).total_seconds() / 3600
        yield Finding("last night", NOTE, f"{words}, {hours:,.0f} hours ago", "see whether the schedule still runs")
    else:
        yield Finding("last night", OK, words)


def outbox(house: House) -> Iterator[Finding]:
    """What still waits to be written into iMIS."""
    from tenure.ledger import outbox as rows

    counts = rows.counts(table=house.settings.writeback.table)
    waiting = counts["pending"] + counts["sending"] + counts["unknown"]
    for state, reason, count in rows.refused(table=house.settings.writeback.table)[:10]:
        then = "tried again the next night" if state == "rejected" else "parked, and tried again after a week"
        mend = f"mend the records in iMIS, or the table's property; they are {then}"
        yield Finding("outbox", NOTE, f"iMIS refused {count:,} rows: {without_values(reason)}", mend)
    if waiting:
        yield Finding("outbox", NOTE, f"{waiting:,} rows wait", "the next night writes them")
    elif not counts["rejected"] + counts["parked"]:
        yield Finding("outbox", OK, f"{counts['done']:,} rows are in iMIS" if counts["done"] else "empty")


def accounts(house: House) -> Iterator[Finding]:
    """Whether anybody can sign in to the staff pages."""
    from tenure.ledger.models import Staff

    count = Staff.objects.filter(is_active=True).count()
    if count:
        yield Finding("staff accounts", OK, f"{count}")
    else:
        yield Finding("staff accounts", NOTE, "there is none", f"run `tenure staff add NAME --home {house.home.root}`")


def identity_provider(house: House) -> Iterator[Finding]:
    """Whether the provider by which staff sign in answers, and is the one that was set."""
    if not house.settings.oidc.issuer:
        return
    from tenure.web import oidc

    try:
        oidc.provider_of(house.settings.oidc)
    except TenureError as error:
        mend = "write `oidc.issuer` as the provider writes it, and see that this machine reaches it"
        yield Finding("identity provider", FAULT, error.message, mend)
    else:
        yield Finding("identity provider", OK, f"{house.settings.oidc.issuer} answers by that name")


def audit_log(house: House) -> Iterator[Finding]:
    """Whether the database refuses to change the log of who did what, and whether it goes on from its last anchor."""
    house.open_ledger()
    from django.db import connection

    from tenure.ledger import anchors, guards

    missing = guards.missing(connection)
    if missing:
        words = f"the database does not refuse to change it: {', '.join(missing)} is missing"
        yield Finding("audit log", FAULT, words, "run `tenure audit verify`, and find out who took it away")
        return
    folder = anchors.folder_of(house.home, house.settings)
    anchors.require_continued(folder)
    newest = anchors.newest_in(folder)
    words = f"goes on from row {newest.number:,}, anchored on {newest.at[:10]}" if newest else "has no anchor yet"
    yield Finding("audit log", OK, words)


CHECKS = (
    ("lake", lake),
    ("freshness", freshness),
    ("record", record),
    ("feeds", feeds),
    ("machine's clock", ahead),
    ("member types", member_types),
    ("rows set aside", set_aside),
    ("unfinished sync", unfinished),
    ("model", model),
    ("other models", other_models),
    ("labels", signed_labels),
    ("extraction", extraction),
    ("challenger", challenger),
    ("ledger", ledger),
    ("audit log", audit_log),
    ("last night", nights),
    ("outbox", outbox),
    ("staff accounts", accounts),
    ("identity provider", identity_provider),
)
