"""The world as a folder of files, in the form in which an association's staff would hand exports over.

`members`, `terms`, `activity`, `programs`, `program_changes` and `contacts`, one file each; apart from them
`truth.parquet`, which no learner may read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from imis_sandbox.rest.programs import program_changes
from imis_sandbox.rest.queries import GENDERS
from imis_sandbox.rest.records import Records, reference
from imis_sandbox.truth import past_decisions, pending_decisions
from imis_sandbox.world import catalog, names
from imis_sandbox.world.association import Association
from imis_sandbox.world.catalog import KINDS
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import COLUMN_OF_FIELD, ENDED_BY, NEVER, ORGANIZATION, State
from imis_sandbox.world.store import Array, Log

_WRITTEN = KINDS[: KINDS.index("call")]


def write(association: Association, folder: Path, form: str = "parquet") -> dict[str, int]:
    """Write every table into *folder* (made when missing) and return how many rows each has.

    Args:
        association: The world.
        folder: Where the files go; files of the same names are replaced.
        form: `parquet` or `csv`; the truth is Parquet always.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records = Records(association)
    ids = pl.Series(records.ids(), dtype=pl.String)
    makers = {
        "members": _members, "terms": _terms, "activity": _activity, "programs": _programs,
        "program_changes": _program_changes, "contacts": _contacts,
    }  # fmt: skip
    counts = {}
    for name, make in makers.items():
        frame = make(records, ids)
        counts[name] = len(frame)
        _save(frame, folder / f"{name}.{form}", form)
    truth = pl.concat([pending_decisions(records), past_decisions(records)], how="diagonal")
    truth.write_parquet(folder / "truth.parquet")
    return {**counts, "truth": len(truth)}


def _save(frame: pl.DataFrame, path: Path, form: str) -> None:
    if form == "parquet":
        frame.write_parquet(path, compression="zstd", compression_level=1)
    else:
        frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")


def words(codes: Array, vocabulary: list[str] | tuple[str, ...]) -> pl.Series:
    """Codes as text; a negative code is null."""
    lookup = pl.Series([*vocabulary, None], dtype=pl.String)
    places = np.where(codes < 0, len(vocabulary), codes).astype(np.uint32)
    return lookup.gather(places)


def days(numbers: Array) -> pl.Series:
    """Day numbers as dates; `NEVER` and the absurd are null."""
    none = (numbers == NEVER) | (numbers < -200_000)
    series = pl.Series(np.where(none, 0, numbers).astype(np.int32)).cast(pl.Date)
    return series.zip_with(pl.Series(~none), pl.Series([None], dtype=pl.Date).new_from_index(0, len(series)))


def moments(seconds: Array) -> pl.Series:
    """Seconds as timestamps of UTC, naive."""
    return (pl.Series(seconds.astype(np.int64)) * 1_000_000).cast(pl.Datetime("us"))


def _members(records: Records, ids: pl.Series) -> pl.DataFrame:
    """One row per change, from each person's first day on."""
    state = records.state
    versions = _versions(state)
    who, since = versions.pop("who"), versions.pop("since")
    people = state.people
    born = people["birth"][who]
    year = (days(born).dt.year()).cast(pl.Int64)
    companies = [*state.employers]
    own = people["kind"][who] == ORGANIZATION
    employer = words(versions["employer"], companies)
    return pl.DataFrame(
        {
            "member_id": ids.gather(who),
            "valid_from": moments(since),
            "record_type": words(own.astype(np.int64), ("individual", "organization")),
            "organization_id": _ids_or_null(ids, versions["org"]),
            "member_type": words(versions["type"], [kind.code for kind in catalog.TYPES]),
            "join_date": days(people["join"][who]),
            "chapter_id": words(versions["chapter"], state.chapters),
            "industry": words(people["industry"][who], names.INDUSTRIES),
            "region": words(versions["state"], names.STATES),
            "country": words(people["country"][who], names.COUNTRIES),
            "employer": employer,
            "job_title": words(versions["title"], names.TITLES),
            "birth_year": year,
            "gender": words(np.where(people["gender"][who] == 0, -1, people["gender"][who].astype(np.int64)), GENDERS),
            "profile_completeness": versions["profile"] / 100.0,
            "email_allowed": versions["email_ok"] == 1,
            "sms_allowed": people["sms_ok"][who] == 1,
            "phone_allowed": people["phone_ok"][who] == 1,
            "objects_to_profiling": people["objects"][who] == 1,
            "deceased_on": days(versions["deceased"]),
        }
    )


def _ids_or_null(ids: pl.Series, rows: Array) -> pl.Series:
    lookup = pl.concat([ids, pl.Series([None], dtype=pl.String)])
    return lookup.gather(np.where(rows < 0, len(ids), rows).astype(np.uint32))


def _versions(state: State) -> dict[str, Array]:
    """The changing columns as they stood after each change, oldest version first per person.

    Today's values are rolled back through the log: before its first change a column had that change's old value.
    """
    changes, people = state.changes, state.people
    moments_ = np.unique(np.stack([changes["who"].astype(np.int64), changes["recorded"].astype(np.int64)]), axis=1)
    everybody = np.arange(len(people))
    who = np.concatenate([everybody, moments_[0]])
    since = np.concatenate([people["created"][everybody], moments_[1]])
    order = np.lexsort((since, who))
    who, since = who[order], since[order]
    found = {"who": who, "since": since}
    for code, column in enumerate(COLUMN_OF_FIELD):
        found[column] = _rolled(state.changes, code, people[column].astype(np.int64), who, since)
    return found


def _rolled(changes: Log, code: int, today: Array, who: Array, since: Array) -> Array:
    """One column at given moments: the old value of the first later change, else today's value."""
    mine = np.flatnonzero(changes["field"] == code)
    if len(mine) == 0:
        return np.asarray(today[who])
    key = changes["who"][mine].astype(np.int64) << 33 | changes["recorded"][mine].astype(np.int64)
    order = np.argsort(key, kind="stable")
    key, mine = key[order], mine[order]
    asked = who.astype(np.int64) << 33 | since.astype(np.int64)
    place = np.searchsorted(key, asked, side="right")
    later = np.minimum(place, len(mine) - 1)
    same = (place < len(mine)) & (changes["who"][mine[later]] == who)
    return np.where(same, changes["old"][mine[later]], today[who])


def _terms(records: Records, ids: pl.Series) -> pl.DataFrame:
    log = records.state.versions
    number = pl.Series(log["term"]).cast(pl.String).str.zfill(7)
    return pl.DataFrame(
        {
            "term_id": "T" + number,
            "member_id": ids.gather(log["who"]),
            "member_type": words(log["type"], [kind.code for kind in catalog.TYPES]),
            "starts_on": days(log["begins"]),
            "ends_on": days(log["ends"]),
            "dues": log["dues"].astype(np.float64),
            "billed_on": days(log["billed"]),
            "due_on": days(log["due"]),
            "paid_on": days(log["paid"]),
            "auto_renew": log["auto"] == 1,
            "installments": log["plan"] == 1,
            "ended_by": words(np.where(log["ended_by"] == 0, -1, log["ended_by"].astype(np.int64)), ENDED_BY),
            "recorded_at": moments(log["recorded"]),
        }
    )


def _activity(records: Records, ids: pl.Series) -> pl.DataFrame:
    """Everything that members did; what staff wrote is left out."""
    prefixes = {"web": "W", "email": "E", "registrations": "R", "money": "M", "activities": "A"}
    frames = [_family(records, ids, family, prefixes[family]) for family in catalog.FAMILIES]
    return pl.concat(frames)


def _family(records: Records, ids: pl.Series, family: str, prefix: str) -> pl.DataFrame:
    log = records.state.logs[family]
    kept = np.flatnonzero(log["kind"] < len(_WRITTEN))
    value = pl.Series(log["value"][kept].astype(np.float64)).round(2).fill_nan(None)
    return pl.DataFrame(
        {
            "activity_id": prefix + pl.Series(kept + 1).cast(pl.String),
            "member_id": ids.gather(log["who"][kept]),
            "kind": words(log["kind"][kept], KINDS),
            "occurred_at": moments(log["at"][kept]),
            "recorded_at": moments(log["recorded"][kept]),
            "value": value,
            "ref": _references(records, log["kind"][kept], log["ref"][kept]),
            "chapter_id": words(log["chapter"][kept], records.state.chapters),
        }
    )


def _references(records: Records, kinds: Array, codes: Array) -> pl.Series:
    """References as text, each spelled once."""
    span = int(codes.max(initial=0)) + 2
    keys, place = np.unique(kinds.astype(np.int64) * span + codes + 1, return_inverse=True)
    spelled = [reference(records, KINDS[key // span], key % span - 1) or None for key in keys.tolist()]
    return pl.Series(spelled, dtype=pl.String).gather(place.astype(np.uint32))


def _programs(records: Records, ids: pl.Series) -> pl.DataFrame:
    state = records.state
    rows: list[dict[str, Any]] = [
        {
            "ref": event.code, "kind": "event", "title": event.title, "starts_at": event.day * DAY + 15 * 3600,
            "chapter_id": state.chapters[event.chapter] if event.chapter >= 0 else None, "price": event.price,
            "format": event.format,
        }
        for event in state.events
        if event.announced < state.today and event.day >= state.start - 30
    ]  # fmt: skip
    rows += [
        {"ref": code, "kind": "course", "title": catalog.course_title(code), "price": catalog.COURSE_PRICE}
        for code in catalog.COURSES
    ]
    rows += [{"ref": f"COMMITTEE/{code}", "kind": "committee", "title": code.title()} for code in catalog.COMMITTEES]
    rows += [{"ref": f"BENEFIT/{code}", "kind": "benefit", "title": title} for code, title in catalog.BENEFITS.items()]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns((pl.col("starts_at") * 1_000_000).cast(pl.Datetime("us")))


def _program_changes(records: Records, ids: pl.Series) -> pl.DataFrame:
    rows = program_changes(records)
    schema = {"changed_on": pl.String, "change": pl.String, "scope": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("changed_on").str.to_date())


def _contacts(records: Records, ids: pl.Series) -> pl.DataFrame:
    people, rows = records.people, range(len(records.people))
    return pl.DataFrame(
        {
            "member_id": ids,
            "first_name": [records.first_name(row) for row in rows],
            "last_name": [records.last_name(row) or records.full_name(row) for row in rows],
            "email": [records.email(row) for row in rows],
            "phone": [records.phone(row) for row in rows],
            "time_zone": words(people["zone"], names.ZONES),
            "language": words(people["language"], names.LANGUAGES),
        }
    )
