"""Courses: who registered for which program, and the units that were earned."""

from __future__ import annotations

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column, Flag, Moment, Number, Numbered, Text
from imis_sandbox.rest.contracts import CERTIFICATION, References
from imis_sandbox.rest.entities import Entity, SourceEntity, Tabled
from imis_sandbox.rest.ledger import Subset, typed
from imis_sandbox.rest.records import Records, reference
from imis_sandbox.rest.sources import Maker, Source, constant
from imis_sandbox.rest.zone import Zone
from imis_sandbox.world import catalog
from imis_sandbox.world.catalog import KIND
from imis_sandbox.world.store import Array


class Learning:
    """Makes the entities about courses.

    Args:
        records: Of people.
        zone: The site's.
    """

    def __init__(self, records: Records, zone: Zone) -> None:
        self._records, self._zone, self._state = records, zone, records.state
        self._log = Maker(records, zone, lambda: records.state.logs["activities"])
        self._seen, self._ends = -1, np.empty(0, np.int64)

    def entities(self) -> list[Entity]:
        """All of them."""
        return [self.registrations(), self.units(), self.experiences()]

    def registrations(self) -> Tabled:
        """`CertificationProgramRegistration`: a course begun, and whether it was completed since."""
        log = self._log
        stage = Text("CurrentStageName", lambda rows: ["Completed" if done else "Started" for done in self._done(rows)])
        columns: list[Column] = [
            Numbered("CertificationProgramRegistrationId"),
            Text("CertificationProgramId", self._courses), log.person("PartyId", "who"),
            log.text("ContactKey", lambda row: self._records.key_of(int(self._state.logs["activities"]["who"][row]))),
            log.moment("RegistrationDate", "at"), Moment("CompletionDate", self._completed, self._zone), stage,
            Text("RegistrationStatusCode", lambda rows: ["C" if done else "A" for done in self._done(rows)]),
        ]  # fmt: skip
        key = ("CertificationProgramRegistrationId",)
        rows = Subset(self._records, "activities", ("learning_started",))
        source = Source("CertificationProgramRegistration", columns, rows, key=key, aliases={"id": "PartyId"})
        kind, shape = wire.type_name(CERTIFICATION, "CertificationProgramRegistrationData"), References(self._records)
        return Tabled(source, kind, lambda chosen: [shape.learner(one) for one in typed(kind, source, chosen)])

    def units(self) -> Tabled:
        """`ExperienceUnit`: one for each course completed."""
        log = self._log
        columns: list[Column] = [
            Numbered("ExperienceUnitId"), log.person("PartyId", "who"),
            Text("CertificationProgramId", self._courses), log.moment("ExperienceDate", "at"),
            Number("Units", lambda rows: np.ones(len(rows))),
        ]  # fmt: skip
        source = Source("ExperienceUnit", columns, self._finished(), key=("ExperienceUnitId",))
        kind = wire.type_name(CERTIFICATION, "ExperienceUnitData")
        return Tabled(source, kind, lambda chosen: typed(kind, source, chosen))

    def experiences(self) -> SourceEntity:
        """`CustomerExperience`: the same as a business object."""
        log = self._log
        columns: list[Column] = [
            log.sequence("CustomerExperienceKey"), log.person("ID", "who"), Text("ProgramCode", self._courses),
            Text("ProgramName", lambda rows: [catalog.course_title(code) for code in self._courses(rows)]),
            log.moment("ExperienceDate", "at"), Number("Units", lambda rows: np.ones(len(rows))),
            constant("Grade", ""), Flag("IsVerified", lambda rows: np.ones(len(rows), bool)),
        ]  # fmt: skip
        source = Source("CustomerExperience", columns, self._finished(), key=("CustomerExperienceKey",), party="ID")
        return SourceEntity(source)

    def _finished(self) -> Subset:
        return Subset(self._records, "activities", ("learning_completed",))

    def _courses(self, rows: Array) -> list[str]:
        refs = self._state.logs["activities"]["ref"][rows].tolist()
        return [reference(self._records, "learning_started", ref) for ref in refs]

    def _done(self, rows: Array) -> list[bool]:
        return list((self._completed(rows) > 0).tolist())

    def _completed(self, rows: Array) -> Array:
        """The second at which the same person completed the same course, at or after each beginning; 0 if not yet."""
        log = self._state.logs["activities"]
        ends = self._sorted_ends()
        keys = self._key(rows)
        place = np.minimum(np.searchsorted(ends, keys), max(len(ends) - 1, 0))
        if len(ends) == 0:
            return np.zeros(len(rows), np.int64)
        same = (ends[place] >> 32 == keys >> 32) & (ends[place] >= keys)
        return np.where(same, ends[place] & 0xFFFFFFFF, 0) if len(log) else keys

    def _sorted_ends(self) -> Array:
        log = self._state.logs["activities"]
        if self._seen != len(log):
            self._seen = len(log)
            self._ends = np.sort(self._key(np.flatnonzero(log["kind"] == KIND["learning_completed"])))
        return self._ends

    def _key(self, rows: Array) -> Array:
        """Person, course and moment in one number, so that sorting brings a beginning before its end."""
        log = self._state.logs["activities"]
        person = log["who"][rows].astype(np.int64) * 16 + log["ref"][rows]
        return np.asarray(person << 32 | log["at"][rows].astype(np.int64))
