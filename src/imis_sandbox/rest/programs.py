"""What rows of activity refer to, and what befell the association: the rows behind two queries."""

from __future__ import annotations

from collections.abc import Callable

from imis_sandbox.rest import wire
from imis_sandbox.rest.records import Records
from imis_sandbox.world import catalog
from imis_sandbox.world.config import date_of
from imis_sandbox.world.store import Array


class Programs:
    """Events, courses, committees and benefits, made anew each day.

    Args:
        records: Of people and events.
    """

    def __init__(self, records: Records) -> None:
        self._records, self._day = records, -1
        self._rows: list[wire.Json] = []

    def rows(self) -> list[wire.Json]:
        """All of them."""
        state = self._records.state
        if self._day != state.today:
            self._day, self._rows = state.today, [*self._events(), *_courses(), *_committees(), *_benefits()]
        return self._rows

    def column(self, name: str) -> Callable[[Array], list[str | None]]:
        """What makes the texts of one column."""
        return lambda rows: [self.rows()[row][name] for row in rows.tolist()]

    def _events(self) -> list[wire.Json]:
        state = self._records.state
        known = [e for e in state.events if e.announced < state.today and e.day >= state.start - 30]
        return [
            {
                "Ref": event.code, "Kind": "event", "Title": event.title,
                "StartsAt": f"{date_of(event.day).isoformat()}T15:00:00",
                "Chapter": state.chapters[event.chapter] if event.chapter >= 0 else "", "Format": event.format,
                "Price": event.price,
            }
            for event in known
        ]  # fmt: skip


def _courses() -> list[wire.Json]:
    rest = {"StartsAt": None, "Chapter": "", "Format": "", "Price": catalog.COURSE_PRICE}
    return [{"Ref": code, "Kind": "course", "Title": catalog.course_title(code), **rest} for code in catalog.COURSES]


def _committees() -> list[wire.Json]:
    rest = {"Kind": "committee", "StartsAt": None, "Chapter": "", "Format": "", "Price": float("nan")}
    return [{"Ref": f"COMMITTEE/{code}", "Title": code.title(), **rest} for code in catalog.COMMITTEES]


def _benefits() -> list[wire.Json]:
    rest = {"Kind": "benefit", "StartsAt": None, "Chapter": "", "Format": "", "Price": float("nan")}
    return [{"Ref": f"BENEFIT/{code}", "Title": title, **rest} for code, title in catalog.BENEFITS.items()]


def program_changes(records: Records) -> list[tuple[str, str, str]]:
    """(date, change, scope) of what befell the association within recorded history."""
    state, shocks = records.state, records.state.shocks
    listed = [
        (shocks.extension, "All terms ending soon were extended by 90 days free of charge", "kind=membership"),
        (shocks.dues_rise, "Dues raised by 12 percent", "member_type=REG"),
        (shocks.dues_rise, "Dues raised by 12 percent", "member_type=PRO"),
        (shocks.dues_rise, "Dues raised by 12 percent", "member_type=EAR"),
        (shocks.chapter_trouble, "Chapter lost its staff liaison", f"chapter_id={state.chapters[1]}"),
        (shocks.program_end, "Mentoring program ended", "kind=benefit"),
        (shocks.outage_from, "Website log lost for 12 days", "kind=login"),
    ]
    days = [(state.today0 - ago, change, scope) for ago, change, scope in listed]
    return [(date_of(day).isoformat(), change, scope) for day, change, scope in days if day >= state.start]
