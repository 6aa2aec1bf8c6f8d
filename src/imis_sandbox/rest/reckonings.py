"""Business objects that sum up: engagement by month, campaigns, gifts, expirations, who sits in which group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from imis_sandbox.rest.columns import Coded, Column, Flag, Number, Text, Whole
from imis_sandbox.rest.entities import Entity, SourceEntity
from imis_sandbox.rest.ledger import CODES, Subset
from imis_sandbox.rest.records import Records, reference
from imis_sandbox.rest.sources import Maker, Source, constant
from imis_sandbox.rest.zone import Zone, text_of
from imis_sandbox.world import catalog
from imis_sandbox.world.catalog import KIND, KINDS
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import NEVER, State
from imis_sandbox.world.store import Array

POINTS = {
    "login": 4.0, "resource_download": 4.0, "event_attended": 20.0, "volunteer_completed": 15.0,
    "learning_completed": 10.0, "committee_meeting": 8.0, "community_post": 6.0, "community_comment": 6.0,
}  # fmt: skip
"""What the association's engagement score gives for each thing done."""


class Reckonings:
    """Makes these entities.

    Args:
        records: Of people.
        zone: The site's.
    """

    def __init__(self, records: Records, zone: Zone) -> None:
        self._records, self._zone, self._state = records, zone, records.state
        self._people = Maker(records, zone, lambda: records.state.people)

    def entities(self) -> list[Entity]:
        """All of them."""
        return [
            self._engagement("EngagementScoreMonthlyData", 12), self._engagement("EngagementScoreYearlyData", 1),
            self._campaigns(), self._messages(), self._preferences(), self._gifts(), self._runs(), self._seats(),
            self._seat_details(), self._volunteers(), self._billing(),
            *(self._transactions(name) for name in ("TransactionSummary", "TransactionDetail")),
            self._opportunities(),
        ]  # fmt: skip

    def _opportunities(self) -> SourceEntity:
        """`Opportunity`: a module that this association does not use."""
        columns = [constant("OpportunityKey", ""), constant("ContactKey", "")]
        return SourceEntity(Source("Opportunity", columns, lambda: range(0), key=("OpportunityKey",)))

    def _person(self, name: str, who: Callable[[Array], Array]) -> Column:
        people = self._people.person(name, None)
        fetch = people.fetch
        people.fetch = lambda rows: fetch(who(rows))
        return people

    def _engagement(self, name: str, parts: int) -> SourceEntity:
        """Points of each member in each month or year in which there were any."""
        sums = Sums(self._state, parts)
        key = Text("ContactKey", lambda rows: [self._records.key_of(row) for row in sums.who(rows).tolist()])
        columns: list[Column] = [
            key, constant("EngagementScoreKey", "DEFAULT"), self._person("IMISID", sums.who),
            Whole("ScoreYear", lambda rows: sums.period(rows) // parts), Number("Score", sums.points),
        ]  # fmt: skip
        identity: tuple[str, ...] = ("IMISID", "ScoreYear")
        if parts > 1:
            columns.append(Whole("ScoreMonth", lambda rows: sums.period(rows) % parts + 1))
            identity = (*identity, "ScoreMonth")
        return SourceEntity(Source(name, columns, sums.rows, key=identity, party="IMISID", aliases={"id": "IMISID"}))

    def _campaigns(self) -> SourceEntity:
        """`InteractionLogEventSummary`: what became of each campaign."""
        tally = Tally(self._state)

        def count(name: str, kind: str) -> Whole:
            return Whole(name, lambda rows: tally.of(kind)[rows])

        def rate(name: str, kind: str) -> Number:
            return Number(name, lambda rows: tally.of(kind)[rows] / np.maximum(tally.of("email_sent")[rows], 1), 4)

        key = Text(
            "CommunicationLogKey", lambda rows: [reference(self._records, "email_sent", r) for r in rows.tolist()]
        )
        columns: list[Column] = [
            key, count("TotalDelivered", "email_sent"), count("UniqueOpens", "email_opened"),
            count("UniqueClicks", "email_clicked"), count("TotalBounces", "email_bounced"),
            rate("OpenRate", "email_opened"), rate("ClickRate", "email_clicked"),
        ]  # fmt: skip
        return SourceEntity(Source("InteractionLogEventSummary", columns, tally.rows, key=("CommunicationLogKey",)))

    def _messages(self) -> SourceEntity:
        """`InteractionLog`: each message to each recipient."""
        log = Maker(self._records, self._zone, lambda: self._state.logs["email"])

        def campaign(row: int) -> str:
            return reference(self._records, "email_sent", int(self._state.logs["email"]["ref"][row]))

        columns: list[Column] = [
            log.sequence("InteractionLogKey"), log.text("CommunicationLogKey", campaign),
            log.person("ContactId", "who"),
            log.text("ContactKey", lambda row: self._records.key_of(int(self._state.logs["email"]["who"][row]))),
            log.text("Address", lambda row: self._records.email(int(self._state.logs["email"]["who"][row]))),
            constant("MessageType", "Email"), log.moment("CreatedOn", "recorded"),
        ]  # fmt: skip
        rows = Subset(self._records, "email", ("email_sent",))
        source = Source("InteractionLog", columns, rows, key=("InteractionLogKey",), party="ContactId")
        return SourceEntity(source)

    def _preferences(self) -> SourceEntity:
        """`ContactCommunicationReasonPreferences`: who opted out of email."""
        people = self._people
        opted = Flag("OptInFlag", lambda rows: self._state.people["email_ok"][rows] == 1)
        columns: list[Column] = [
            people.person("ID", None), people.text("ContactKey", self._records.key_of),
            constant("CommunicationReason", "Membership"), opted,
        ]  # fmt: skip
        rows = lambda: np.flatnonzero(self._state.people["email_ok"] == 0)  # noqa: E731
        key = ("ID", "CommunicationReason")
        return SourceEntity(Source("ContactCommunicationReasonPreferences", columns, rows, key=key, party="ID"))

    def _gifts(self) -> SourceEntity:
        """`GiftHistorySummary`: first, last and all gifts of each giver."""
        given = Subset(self._records, "activities", ("gift",))

        def log(column: str) -> Array:
            return np.asarray(self._state.logs["activities"][column][given()])

        def total(weights: Array | None) -> Array:
            return np.bincount(log("who"), weights, minlength=len(self._state.people))

        def edge(name: str, pick: Any, start: int) -> Text:
            def make(rows: Array) -> list[str | None]:
                ends = np.full(len(self._state.people), start, np.int64)
                pick.at(ends, log("who"), log("at").astype(np.int64))
                return list(text_of(self._zone.local(ends[rows])))

            return Text(name, make)

        columns: list[Column] = [
            self._people.person("ID", None), edge("FirstGiftDate", np.minimum, 2**40),
            edge("LastGiftDate", np.maximum, 0), Number("LifetimeGiftValue", lambda rows: total(log("value"))[rows]),
            Whole("NumberofGifts", lambda rows: total(None)[rows]),
        ]  # fmt: skip
        rows = lambda: np.unique(log("who")).astype(np.int64)  # noqa: E731
        return SourceEntity(Source("GiftHistorySummary", columns, rows, key=("ID",), party="ID"))

    def _runs(self) -> SourceEntity:
        """`ExpiredMemberUpdateLog`: the days on which members were dropped."""
        state, former = self._state, catalog.TYPE["NM"]

        def days() -> Array:
            changes = state.changes
            mine = (changes["field"] == 0) & (changes["new"] == former)
            return np.unique(changes["recorded"][mine] // DAY).astype(np.int64)

        columns: list[Column] = [
            Whole("RunNumber", lambda rows: rows), Text("RunDate", lambda rows: text_of(rows * DAY)),
            constant("UpdatedBy", "SYSTEM"),
        ]  # fmt: skip
        return SourceEntity(Source("ExpiredMemberUpdateLog", columns, days, key=("RunNumber",)))

    def _seats(self) -> SourceEntity:
        """`SoaGroupMember`: who sits on a committee today."""
        group = Coded("GroupId", lambda rows: self._state.people["committee"][rows].astype(np.int64), _committees)
        columns: list[Column] = [
            group, Text("GroupMemberId", lambda rows: [f"S{row + 1}" for row in rows.tolist()]),
            self._people.person("PartyId", None), self._since("JoinDate"),
            Flag("IsActive", lambda rows: np.ones(len(rows), bool)),
        ]  # fmt: skip
        source = Source("SoaGroupMember", columns, self._seated, key=("GroupMemberId",), party="PartyId")
        return SourceEntity(source)

    def _seat_details(self) -> SourceEntity:
        """`SoaGroupMemberDetail`: in which role."""
        lead = Text(
            "RoleName", lambda rows: ["Chair" if one else "Member" for one in self._state.people["leads"][rows]]
        )
        columns: list[Column] = [
            Text("GroupMemberDetailId", lambda rows: [f"D{row + 1}" for row in rows.tolist()]),
            Text("GroupMemberId", lambda rows: [f"S{row + 1}" for row in rows.tolist()]),
            self._people.person("PartyId", None), lead, self._since("EffectiveDate"),
        ]  # fmt: skip
        source = Source("SoaGroupMemberDetail", columns, self._seated, key=("GroupMemberDetailId",), party="PartyId")
        return SourceEntity(source)

    def _seated(self) -> Array:
        return np.flatnonzero(self._state.people["committee"] != NEVER)

    def _since(self, name: str) -> Text:
        return Text(name, lambda rows: text_of(self._records.seated_since(rows) * DAY))

    def _volunteers(self) -> SourceEntity:
        """`VolunteerInformation`: who ever volunteered."""
        done = Subset(self._records, "activities", ("volunteer_assigned",))
        columns: list[Column] = [self._people.person("ID", None), constant("Status", "Active"), constant("Skills", "")]
        rows = lambda: np.unique(self._state.logs["activities"]["who"][done()]).astype(np.int64)  # noqa: E731
        return SourceEntity(Source("VolunteerInformation", columns, rows, key=("ID",), party="ID"))

    def _billing(self) -> SourceEntity:
        """`BillingLogByParty`: what was billed."""
        log = self._money()
        columns: list[Column] = [
            log.sequence("BillingLogKey"), log.person("BillingParty", "who"), log.number("Amount", "value"),
            log.moment("BillDate", "at"),
        ]  # fmt: skip
        rows = Subset(self._records, "money", ("invoice_issued",))
        source = Source(
            "BillingLogByParty", columns, rows, key=("BillingLogKey",), party="BillingParty",
            aliases={"id": "BillingParty"},
        )  # fmt: skip
        return SourceEntity(source)

    def _transactions(self, name: str) -> SourceEntity:
        """`TransactionSummary` and `TransactionDetail`: invoices and payments."""
        log = self._money()
        codes = ["IN" if kind == "invoice_issued" else "PAY" for kind in KINDS]
        columns: list[Column] = [
            log.sequence("TransactionNumber"), log.person("ID", "who"), log.moment("TransactionDate", "at"),
            log.coded("JournalType", "kind", lambda: codes), log.coded("Kind", "kind", lambda: CODES),
            constant("SourceSystem", "DUES"), log.number("Amount", "value"),
        ]  # fmt: skip
        rows = Subset(self._records, "money", ("invoice_issued", "payment"))
        return SourceEntity(Source(name, columns, rows, key=("TransactionNumber",), party="ID"))

    def _money(self) -> Maker:
        return Maker(self._records, self._zone, lambda: self._state.logs["money"])


class Sums:
    """Points by member and month (*parts* 12) or year (1), reckoned anew when the logs have grown."""

    def __init__(self, state: State, parts: int) -> None:
        self._state, self._parts, self._seen = state, parts, -1
        self._keys: Array = np.empty(0, np.int64)
        self._points: Array = np.empty(0, np.float64)

    def rows(self) -> range:
        """One row for each member and period."""
        seen = sum(len(log) for log in self._state.logs.values())
        if seen != self._seen:
            self._seen = seen
            self._reckon()
        return range(len(self._keys))

    def who(self, rows: Array) -> Array:
        return self._keys[rows] // 100_000

    def period(self, rows: Array) -> Array:
        """The year, or its months counted through."""
        return self._keys[rows] % 100_000

    def points(self, rows: Array) -> Array:
        return self._points[rows]

    def _reckon(self) -> None:
        keys, points = [], []
        for log in self._state.logs.values():
            weights = np.array([POINTS.get(kind, 0.0) for kind in KINDS])
            rows = np.flatnonzero(weights[log["kind"]])
            months = log["at"][rows].astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
            period = months if self._parts > 1 else months // 12
            keys.append(log["who"][rows].astype(np.int64) * 100_000 + period)
            points.append(weights[log["kind"][rows]])
        self._keys, place = np.unique(np.concatenate(keys), return_inverse=True)
        self._points = np.bincount(place, np.concatenate(points), minlength=len(self._keys)).astype(np.float64)


class Tally:
    """Recipients of each campaign by what they did, each counted once."""

    def __init__(self, state: State) -> None:
        self._state, self._seen = state, -1
        self._counts: dict[str, Array] = {}

    def rows(self) -> range:
        """One row for each campaign."""
        return range(self._state.campaigns)

    def of(self, kind: str) -> Array:
        """How many recipients of each campaign did that."""
        log = self._state.logs["email"]
        if self._seen != len(log):
            self._seen, self._counts = len(log), {}
        if kind not in self._counts:
            rows = np.flatnonzero(log["kind"] == KIND[kind])
            campaigns = np.maximum(log["ref"][rows], 0).astype(np.int64)
            if kind == "email_opened":  # the one thing that a recipient does more than once
                campaigns = np.unique(campaigns << 32 | log["who"][rows]) >> 32
            self._counts[kind] = np.bincount(campaigns, minlength=self._state.campaigns)
        return self._counts[kind]


def _committees() -> list[str]:
    return [f"COMMITTEE/{code}" for code in catalog.COMMITTEES]
