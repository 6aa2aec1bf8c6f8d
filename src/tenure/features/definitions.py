"""What a feature is: data that says how it is counted, in which group it stands, and how staff are told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Count:
    """Events of *kinds* in the last *days* days; NaN while nothing of the kind was being recorded."""

    kinds: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Total:
    """Sum of the values of *kinds* in the last *days* days."""

    kinds: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Recency:
    """Days since the last of *kinds*; 999 where there is none in two years, NaN while none were being recorded."""

    kinds: tuple[str, ...]


@dataclass(frozen=True)
class LastValue:
    """Value of the last *kind*."""

    kind: str


@dataclass(frozen=True)
class Mean:
    """Mean of the values of *kinds* in the last *days* days; NaN without any."""

    kinds: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Ratio:
    """Events of *part* for each of *whole* in the last *days* days; NaN without any whole."""

    part: tuple[str, ...]
    whole: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Share:
    """*part* over *whole* in the last *days* days, at most 1; NaN without any whole."""

    part: tuple[str, ...]
    whole: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Trend:
    """Rate of *kinds* in the last *days* days against the rate before: −1 where they ceased, 1 where they are new."""

    kinds: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class ActiveWeeks:
    """Distinct weeks of the last *days* days in which the member initiated anything."""

    days: int


@dataclass(frozen=True)
class ActivePeople:
    """Distinct people who belong to the payer on the day and initiated anything in the last *days* days; what is done
    under the payer's own record is nobody's."""

    days: int


@dataclass(frozen=True)
class InChapter:
    """Things initiated in a chapter, by the record or by its program, in the last *days* days."""

    days: int


@dataclass(frozen=True)
class Standing:
    """A number that follows from the member's terms, record or rhythm, computed under this name by
    `tenure.features.facts`.

    Args:
        name: The name.
        meaning: How it is computed, for the page of features.
        kinds: The kinds of activity that it leans on, if any.
    """

    name: str
    meaning: str = ""
    kinds: tuple[str, ...] = ()


How = (
    Count
    | Total
    | Mean
    | Ratio
    | Recency
    | LastValue
    | Share
    | Trend
    | ActiveWeeks
    | ActivePeople
    | InChapter
    | Standing
)


@dataclass(frozen=True)
class Feature:
    """One column of the matrix.

    Args:
        name: Its name; stable, since models are stored by it.
        group: Its subject.
        how: How it is computed.
        say: Words for staff, from the member's own value and the usual one (`None` where nothing is usual).
        say_of_people: The same for an organization, where what is counted are the acts of its people.
    """

    name: str
    group: str
    how: How
    say: Callable[[float, float | None], str]
    say_of_people: Callable[[float, float | None], str] | None = None

    def words(self, value: float, usual: float | None, *, organization: bool) -> str:
        """What staff are told of a member's *value*, of an *organization* as what its people did where they did it."""
        of_people = self.say_of_people if organization else None
        return (of_people or self.say)(value, usual)

    @property
    def definition(self) -> str:
        """How it is computed, as an analyst would write it: `Count(event_attended; 365)`."""
        if isinstance(self.how, Standing):
            return self.how.meaning or self.how.name
        parts = (", ".join(v) if isinstance(v, tuple) else str(v) for v in astuple(self.how))
        return f"{type(self.how).__name__}({'; '.join(parts)})"


@dataclass(frozen=True)
class Group:
    """Signals of one subject.

    Args:
        name: Its name.
        title: Its name as staff read it.
        actionable: Whether staff can do something about it; else it is context.
        singular: Whether the title is one thing, so that it *is*; else they *are*.
    """

    name: str
    title: str
    actionable: bool
    singular: bool = False


@dataclass(frozen=True)
class Reason:
    """Subjects whose signals move together, and so make one reason.

    Args:
        name: Its name.
        title: Its name as staff read it.
        actionable: Whether staff can do something about it; else it is context.
        groups: Names of the subjects.
    """

    name: str
    title: str
    actionable: bool
    groups: tuple[str, ...]
