"""What can go wrong with a database beyond what can with any iMIS; part of the tree in `tenure.imis.errors`."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from tenure.imis.errors import ColumnsMissing, ImisRefused, NotFound, WriteNotPermitted, WrongCredentials


class NoSuchTable(NotFound):
    """A table or view is not there, or not for this account: a database shows only what may be read."""

    def __init__(self, table: str, schema: str, found: Collection[str]) -> None:
        near = _near(table, found)
        hint = f"`{near}` may be what it is called there; " if near else ""
        super().__init__(
            f"the database shows no table or view `{schema}.{table}`"
            + ("" if found else f", and no other of the schema `{schema}`"),
            mend=hint + "mend its name or `schema` in the mapping, or let the account SELECT it: what an account may "
            "not read, it does not see",
        )
        self.table = table


class NoSuchColumn(ColumnsMissing):
    """A table or view lacks columns that the mapping names, or keeps them from this account."""

    def __init__(self, place: str, columns: Sequence[str], found: Collection[str]) -> None:
        listed = ", ".join(f"`{name}`" for name in columns)
        near = [f"`{close}` may be what `{name}` is called there" for name in columns if (close := _near(name, found))]
        ImisRefused.__init__(
            self,
            f"{place} lacks the column{'s' if len(columns) > 1 else ''} {listed}; it shows {len(found)} others",
            mend="; ".join([*near, "mend the names in the mapping, or let the account SELECT these columns"]),
        )
        self.columns = tuple(columns)


class LoginRefused(WrongCredentials):
    """The database refused the login, or does not let it into this database. Never tried a second time."""


class WouldWrite(WriteNotPermitted):
    """A statement was about to be sent that is no SELECT; it was not."""

    def __init__(self) -> None:
        super().__init__("a statement that is no SELECT was about to be sent to the database", mend="report this fault")


class CannotRead(ImisRefused):
    """The database does not understand a statement, or a value in it cannot be what its column says."""


def _near(name: str, found: Collection[str]) -> str:
    there = {other.lower(): other for other in found}
    close = difflib.get_close_matches(name.lower(), there, n=1, cutoff=0.6)
    return there[close[0]] if close else ""
