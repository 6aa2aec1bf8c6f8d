"""Looking at an iMIS: which queries and panel sources answer, with which columns, codes and numbers of rows."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tenure.base.errors import SourceRefused
from tenure.imis import ImisClient, Row, plain
from tenure.intake._codes import activity_types
from tenure.intake._mapping import Mapping
from tenure.intake.wizard._names import OBJECTS, PLACES, are_codes, bare

CHANGE_LOG = "ChangeLog"
"""The entity in which iMIS itself notes what changed."""
_FOLDER = "$/Tenure"
_MOST_PANELS = 30
_MOST_TYPES = 60
_RECENT = dt.timedelta(days=30)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Sight:
    """A query, panel source or table as it showed itself.

    Args:
        place: Its path or name.
        is_query: Whether it is a query; else an entity.
        rows: How many it has.
        columns: Their names.
        sample: Some of its rows; never shown.
        prompts: Of a query: those that ask for values from one on.
        key: Of a panel source: what tells its rows apart.
    """

    place: str
    is_query: bool
    rows: int
    columns: tuple[str, ...]
    sample: tuple[Row, ...] = field(default=(), repr=False)
    prompts: tuple[str, ...] = ()
    key: tuple[str, ...] = ()

    def codes(self, column: str) -> dict[str, int]:
        """How often each code stands in *column* of the sample; nothing where its values are no codes."""
        counts = Counter(str(row[column]) for row in self.sample if row.get(column) not in (None, ""))
        return dict(counts.most_common()) if are_codes(set(counts)) else {}

    def has_dates(self, column: str) -> bool:
        """Whether *column* of the sample holds dates, or nothing that speaks against it."""
        values = [str(row[column]) for row in self.sample if row.get(column) not in (None, "")]
        return all(_DATE.match(value) for value in values)

    def span(self, column: str) -> tuple[str, str] | None:
        """The first and the last day in *column* of the sample."""
        days = sorted(str(row[column])[:10] for row in self.sample if _DATE.match(str(row.get(column) or "")))
        return (days[0], days[-1]) if days else None


@dataclass
class Survey:
    """What an installation has.

    Args:
        label: What was looked at.
        profile: The mapping that ships for it.
        sights: By place, what answered.
        absent: By place, in a few words why it did not.
        recent: By place, how many rows came within the last thirty days.
        activity_types: By code that iMIS has, how many activities bear it.
        member_types: By code, how many contacts have it.
        requests: How many it took.
    """

    label: str
    profile: str
    sights: dict[str, Sight] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    recent: dict[str, int] = field(default_factory=dict)
    activity_types: dict[str, int] = field(default_factory=dict)
    member_types: dict[str, int] = field(default_factory=dict)
    requests: int = 0


Told = Callable[[str], None]


def survey_imis(
    client: ImisClient,
    plan: Mapping,
    *,
    at: dt.datetime,
    own_table: str,
    queries: Iterable[str] = (),
    told: Told = lambda _: None,
) -> Survey:
    """Look at an iMIS; some dozens of requests, one page of each thing at most, and none that changes anything.

    Args:
        client: Talks to it.
        plan: The mapping that ships: its places are looked for first.
        at: The present instant, in the server's own time.
        own_table: Tenure's own, which is no source.
        queries: Further queries that may hold something.
        told: Told in words what is looked at.

    Raises:
        SourceUnavailable: iMIS did not answer.
    """
    survey = Survey(f"iMIS at {client.url}", "stock")
    eye = _Eye(client, survey, at, told)
    for path in queries:
        eye.query(path)
    for name in eye.panels(own_table):
        eye.panel(name)
    for _, name, feed in plan.feeds():
        if eye.query(feed.query) if feed.query else eye.entity(feed.entity, feed.order_by):
            eye.recent(feed.place, feed.since)
        else:
            eye.elsewhere(name)
    if plan.members.past is not None and not eye.query(plan.members.past.query):
        eye.entity(CHANGE_LOG, "CreatedOn")
    eye.types()
    survey.requests = client.requests_used
    return survey


class _Eye:
    def __init__(self, client: ImisClient, survey: Survey, at: dt.datetime, told: Told) -> None:
        self._client, self._survey, self._told = client, survey, told
        self._month_ago = (at - _RECENT).replace(tzinfo=None).isoformat(timespec="seconds")

    def query(self, path: str) -> bool:
        """Look at a query; whether it answers."""
        if path in self._survey.sights:
            return True
        self._told(path)
        try:
            rows, total = self._client.first_of_query(path)
        except SourceRefused as error:
            self._survey.absent[path] = _why(error)
            return False
        definition = self._client.query_definition(path) or {}
        named = [str(item.get("Alias") or item.get("Name") or "") for item in definition.get("Properties") or []]
        columns = tuple(rows[0]) if rows else tuple(filter(None, named))
        prompts = [
            str(item["PropertyName"])
            for item in definition.get("Parameters") or []
            if str(item.get("Operation", "")).lower() in ("ge", ">=", "greaterthanorequal", "4")
        ]
        self._survey.sights[path] = Sight(
            path, True, max(total or 0, len(rows)), columns, tuple(rows), prompts=tuple(prompts)
        )
        return True

    def entity(self, name: str, order_by: str = "", key: tuple[str, ...] = ()) -> bool:
        """Look at a business object or panel source; whether it answers."""
        if name in self._survey.sights:
            return True
        self._told(name)
        try:
            rows, total = self._client.first_of(name, order_by=order_by)
        except SourceRefused as error:
            self._survey.absent[name] = _why(error)
            return False
        columns = tuple(rows[0]) if rows else ()
        self._survey.sights[name] = Sight(name, False, max(total or 0, len(rows)), columns, tuple(rows), key=key)
        return True

    def panels(self, own_table: str) -> list[str]:
        """The panel sources that iMIS lists, without Tenure's own."""
        try:
            rows, _ = self._client.first_of("PanelSourceSummary")
        except SourceRefused:
            return []
        names = [str(row.get("Name") or "") for row in rows]
        return [name for name in names if name and name.lower() != own_table.lower()][:_MOST_PANELS]

    def panel(self, name: str) -> None:
        """Look at a panel source, and at what tells its rows apart."""
        try:
            definition = plain(self._client.definition(name) or {})
        except SourceRefused:
            definition = {}
        listed = [item for item in definition.get("Properties") or [] if isinstance(item, dict)]
        key = tuple(str(item.get("Name")) for item in listed if item.get("IsIdentity"))
        self.entity(name, ",".join(key), key)

    def elsewhere(self, feed: str) -> None:
        """Look for a feed that is not where the profile has it under its other names."""
        for name in PLACES.get(feed, ()):
            path = f"{_FOLDER}/{name}"
            if path not in self._survey.absent and not self._is_panel(name) and self.query(path):
                return
        for name in OBJECTS.get(feed, ()):
            if self.entity(name):
                return

    def _is_panel(self, name: str) -> bool:
        return any(bare(place) == bare(name) for place in self._survey.sights)

    def recent(self, place: str, since: str) -> None:
        """Count what came within the last thirty days, where that can be asked for."""
        sight = self._survey.sights[place]
        if sight.is_query and since in sight.prompts:
            self._survey.recent[place] = self._client.count_query(place, {since: self._month_ago}) or 0

    def types(self) -> None:
        """Count types of activity and of members."""
        self._survey.activity_types = self._counted("Activity", "ACTIVITY_TYPE", self._activity_types())
        self._survey.member_types = self._counted("CsContact", "MemberType", self._member_types())

    def _activity_types(self) -> Iterator[str]:
        try:
            yield from activity_types(self._client)
        except SourceRefused as error:
            self._survey.absent["LegacyActivityType"] = _why(error)

    def _member_types(self) -> Iterator[str]:
        try:
            rows, _ = self._client.first_of("LegacyCustomerType")
        except SourceRefused as error:
            self._survey.absent["LegacyCustomerType"] = _why(error)
            return
        yield from filter(None, (str(row.get("CustomerTypeCode") or "") for row in rows))

    def _counted(self, entity: str, column: str, codes: Iterator[str]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for code in list(codes)[:_MOST_TYPES]:
            self._told(f"{entity}: {code}")
            try:
                counts[code] = self._client.count(entity, {column: code}) or 0
            except SourceRefused as error:
                self._survey.absent[entity] = _why(error)
                return counts
        return counts


def _why(error: SourceRefused) -> str:
    words = {"NoSuchQuery": "not served", "NotFound": "not there", "NotAllowed": "no right to it"}
    return words.get(type(error).__name__, error.message)
