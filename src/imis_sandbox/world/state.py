"""The shapes of the association's columns and the state that every part of the simulation works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imis_sandbox.world import catalog, names
from imis_sandbox.world.config import DAY, Config, day_number
from imis_sandbox.world.store import Array, Columns, Log, Spec

INDIVIDUAL, ORGANIZATION, EMPLOYEE = 0, 1, 2
ACTIVE, LAPSED, DECEASED, MERGED, TRANSFERRED = 0, 1, 2, 3, 4
UNBILLED, BILLED, DECLINED = 0, 1, 2
ENDED_BY = ("", "resigned", "deceased", "merged", "transferred")
NEVER = -1

PEOPLE: Spec = {
    # who they are
    "number": (np.int32, 0), "style": (np.uint8, 0), "kind": (np.uint8, 0), "status": (np.uint8, 0),
    "type": (np.uint8, 0), "join": (np.int32, 0), "chapter": (np.int16, 0), "industry": (np.uint8, 0),
    "state": (np.uint8, 0), "country": (np.uint8, 0), "employer": (np.int32, 0), "title": (np.uint8, 0),
    "birth": (np.int32, NEVER), "gender": (np.uint8, 0), "profile": (np.uint8, 0), "first": (np.int16, 0),
    "last": (np.int16, 0), "zone": (np.uint8, 0), "language": (np.uint8, 0), "org": (np.int32, NEVER),
    "email_ok": (np.uint8, 1), "sms_ok": (np.uint8, 0), "phone_ok": (np.uint8, 1), "objects": (np.uint8, 0),
    "deceased": (np.int32, NEVER), "updated": (np.int64, 0), "created": (np.int64, 0), "login": (np.int64, 0),
    "previous_type": (np.uint8, 0), "type_changed": (np.int32, NEVER), "version": (np.int32, NEVER),
    # how they live
    "theta": (np.float32, 0), "x": (np.float32, 0), "fading": (np.uint8, 0), "mentored": (np.uint8, 0),
    "web": (np.float32, 0), "event": (np.float32, 0), "part": (np.float32, 0), "bad": (np.float32, 0),
    "apple": (np.uint8, 0), "committee": (np.int8, NEVER), "leads": (np.uint8, 0),
    # how they pay
    "ends": (np.int32, NEVER), "term": (np.int32, NEVER), "stage": (np.uint8, 0), "decide": (np.int32, NEVER),
    "auto": (np.uint8, 0), "plan": (np.uint8, 0), "card": (np.int32, NEVER), "hard": (np.uint8, 0),
    "employer_pays": (np.uint8, 0), "employer_stopped": (np.uint8, 0), "left_field": (np.uint8, 0),
    "price": (np.float32, 0), "hidden": (np.float32, 0), "renewals": (np.int16, 0), "invoice": (np.int32, NEVER),
    "effect": (np.float32, 0), "contacted": (np.int32, NEVER), "reach": (np.float32, 0),
}  # fmt: skip
"""One row per person or organization. Days and seconds count from 1970; `NEVER` is an empty date or reference.

`version` is the row of the term version that the office entered last. `web`, `event`, `part` and `bad` are what the
member lately experienced: decaying sums of use, attendance, taking part and disappointments. `effect` is the change of
the log odds of lapsing that a talk with staff brings about, `reach` how far the last contact came near to one.
"""

TERMS: Spec = {
    "term": (np.int32, 0), "who": (np.int32, 0), "type": (np.uint8, 0), "begins": (np.int32, 0),
    "ends": (np.int32, NEVER), "dues": (np.float32, 0), "billed": (np.int32, NEVER), "due": (np.int32, NEVER),
    "paid": (np.int32, NEVER), "auto": (np.uint8, 0), "plan": (np.uint8, 0), "ended_by": (np.uint8, 0),
}  # fmt: skip
CHANGES: Spec = {
    "who": (np.int32, 0), "field": (np.uint8, 0), "old": (np.int32, 0), "new": (np.int32, 0),
}  # fmt: skip
ROWS: Spec = {
    "who": (np.int32, 0), "kind": (np.uint8, 0), "at": (np.uint32, 0), "value": (np.float32, np.nan),
    "ref": (np.int32, NEVER), "chapter": (np.int16, NEVER), "mark": (np.uint8, 0),
}  # fmt: skip
"""`mark` is 1 for an email opened by a machine."""
DECISIONS: Spec = {
    "who": (np.int32, 0), "term": (np.int32, 0), "ends": (np.int32, 0), "decided": (np.int32, 0),
    "p": (np.float32, np.nan), "p_contact": (np.float32, np.nan), "p_reached": (np.float32, np.nan),
    "lapsed": (np.uint8, 0), "reason": (np.uint8, 0),
}  # fmt: skip
REASONS = ("", "disengaged", "price", "payment failed", "employer stopped paying", "left the field", "resigned")

FIELDS = (
    "MemberType", "Chapter", "Company", "FunctionalTitle", "ProfileCompleteness", "CompanyID", "DeceasedOn",
    "StateProvince", "EmailAllowed",
)  # fmt: skip
FIELD = {name: code for code, name in enumerate(FIELDS)}
COLUMN_OF_FIELD = ("type", "chapter", "employer", "title", "profile", "org", "deceased", "state", "email_ok")


@dataclass
class Event:
    """A gathering, from its announcement to its end."""

    number: int
    code: str
    title: str
    kind: str
    day: int
    announced: int
    chapter: int
    price: float
    format: str
    registered: Array | None = None
    registrants: int = 0
    canceled: int = 0


@dataclass
class State:
    """All that the association is at one moment; `today0` is the first of its todays, from which shocks count back."""

    config: Config
    rng: np.random.Generator
    shocks: catalog.Shocks
    chapters: list[str]
    start: int
    today: int
    today0: int
    people: Columns = field(default_factory=lambda: Columns(PEOPLE, 4096))
    employers: list[str] = field(default_factory=lambda: list(names.EMPLOYERS))
    terms: Columns = field(default_factory=lambda: Columns(TERMS, 8192))
    versions: Log = field(default_factory=lambda: Log(TERMS))
    changes: Log = field(default_factory=lambda: Log(CHANGES))
    decisions: Columns = field(default_factory=lambda: Columns(DECISIONS, 8192))
    logs: dict[str, Log] = field(default_factory=lambda: {family: Log(ROWS) for family in catalog.FAMILIES})
    events: list[Event] = field(default_factory=list)
    campaigns: int = 0
    invoices: int = 0
    tickets: int = 0
    flushed: int = 0
    horizon: int = 0
    shown: dict[str, Array] = field(default_factory=dict)

    @property
    def history(self) -> int:
        """The first recorded second."""
        return self.start * DAY

    @property
    def pace(self) -> float:
        """By how much freely scaled activity exceeds the usual."""
        return max(0.05, (self.config.events_per_year - 22.0) / 68.0)

    def put(self, kind: str, who: Array, at: Array, recorded: Array | None = None, **values: Any) -> None:
        """Enter activity of one kind; by default it is recorded as it happens."""
        moment = np.maximum(at if recorded is None else np.maximum(recorded, at), self.flushed)
        log = self.logs[catalog.FAMILY_OF[kind]]
        log.put(moment, who=who, kind=catalog.KIND[kind], at=at, **values)

    def change(self, field_name: str, who: Array, new: Array | int, recorded: Array) -> None:
        """Overwrite a field of some people and note it in the change log.

        What the office learns only after the days being lived stays as it is until then.
        """
        recorded = np.maximum(recorded, self.flushed)
        new = np.broadcast_to(np.asarray(new), len(who))
        code, now = FIELD[field_name], recorded < self.horizon
        self.changes.put(recorded, who=who, field=code, new=new)
        self.people[COLUMN_OF_FIELD[code]][who[now]] = new[now]

    def overwrite(self, field_name: str, who: int, new: int) -> None:
        """Let the record of one say something else from the present moment on, as when a client writes it."""
        code = FIELD[field_name]
        self.changes.append(1, recorded=self.flushed, who=who, field=code, new=new)
        self.learn(len(self.changes) - 1)

    def learn(self, first: int) -> None:
        """Let the records say what the change log, from row *first* on, has just noted, and note what they said."""
        fresh = slice(first, len(self.changes))
        for code, column in enumerate(COLUMN_OF_FIELD):
            self._show(column)
            mine = np.flatnonzero(self.changes["field"][fresh] == code) + first
            if len(mine):
                self._learn(column, mine)

    def _show(self, column: str) -> None:
        known = self.shown.get(column, np.empty(0, np.int32))
        self.shown[column] = np.concatenate([known, self.people[column][len(known) :].astype(np.int32)])

    def _learn(self, column: str, rows: Array) -> None:
        """One field's changes: each one's old value is the new one of the change before it, or what was shown."""
        log, shown = self.changes, self.shown[column]
        rows = rows[np.argsort(log["who"][rows], kind="stable")]
        who, new = log["who"][rows], log["new"][rows]
        again = np.concatenate([[False], who[1:] == who[:-1]])
        old = np.where(again, np.roll(new, 1), shown[who])
        log["old"][rows] = old
        last = np.concatenate([who[1:] != who[:-1], [True]])
        shown[who[last]] = new[last]
        self.people[column][who[last]] = new[last]
        recorded = log["recorded"][rows].astype(np.int64)
        np.maximum.at(self.people["updated"], who, recorded)
        if column == "type":
            self.people["previous_type"][who[last]] = old[last]
            self.people["type_changed"][who[last]] = recorded[last] // DAY

    def version(self, terms: Array, recorded: Array) -> None:
        """Record what some terms now say."""
        recorded = np.maximum(recorded, self.flushed)
        self.versions.put(recorded, **{name: self.terms[name][terms] for name in TERMS})

    def seconds(self, days: Array, center: float = 14.0) -> Array:
        """Moments on given days, mostly in working hours."""
        hour = np.clip(self.rng.normal(center, 3.2, len(days)), 0.05, 23.9)
        return np.asarray(days).astype(np.int64) * DAY + (hour * 3600).astype(np.int64)

    def moments(self, count: int, first: int, last: int) -> Array:
        """Moments anywhere in the days from *first* to before *last*."""
        return self.seconds(first + (self.rng.random(count) * (last - first)).astype(np.int64))


def open_state(config: Config) -> State:
    """The association before anybody has joined."""
    today = day_number(config.today)
    return State(
        config=config,
        rng=np.random.default_rng(config.seed),
        shocks=catalog.Shocks(),
        chapters=catalog.chapter_codes(config.members),
        start=today - round(config.years * 365.25),
        today=today,
        today0=today,
    )
