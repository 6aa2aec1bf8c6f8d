"""Bring what a source gave into typed, judged rows in the scratch database: one `staged_TABLE` per table.

Every staged table has its `row` number, the lake's columns, and `reason`: null for a good row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import polars as pl

from tenure.base.errors import BadInput, TenureError
from tenure.base.pseudonym import Pseudonyms
from tenure.base.tombstones import Tombstones
from tenure.intake._lines import require_every_line
from tenure.intake._rules import DUPLICATE, REPEATED, RULES, Rule, not_given, unreadable
from tenure.intake._source import Delivery, Given
from tenure.intake._values import WORDS, can_fail, given, parse
from tenure.membership.contract import TABLES, Column

_EXTRA = {
    "terms": ("member", "left(md5({salt} || term_id), 16) AS term_digest"),
    "activity": ("member", "(md5_number({salt} || activity_id) >> 65)::BIGINT AS activity_key"),
    "contacts": ("member",),
}
"""What each staged table has beside its typed columns."""

_KEYS = {
    "members": ("member_id", "valid_from"),
    "terms": ("term_digest", "recorded_at"),
    "activity": ("activity_key",),
    "programs": ("ref",),
    "program_changes": ("changed_on", "change", "scope"),
    "contacts": ("member_id",),
}
_DROPPED = {"terms": ("term_id",), "activity": ("activity_id", "member_id")}


@dataclass(frozen=True)
class Stage:
    """Stages one delivery.

    Args:
        db: The scratch database.
        delivery: What the source gave.
        pseudonyms: The association's own.
        at: The instant of the sync, aware.
        tombstones: Who was erased, and so does not come in again.
    """

    db: duckdb.DuckDBPyConnection
    delivery: Delivery
    pseudonyms: Pseudonyms
    at: dt.datetime
    tombstones: Tombstones

    def members(self, present: pl.Series) -> None:
        """Stage members, and make `tenure_ids`: the pseudonym of every id that is a known member's.

        Args:
            present: Pseudonyms of the members that the lake has; they count as known where the delivery is partial.
        """
        self._name_erased()
        if "members" in self.delivery.tables:
            self.table("members")
        else:
            self.db.execute(
                "CREATE TEMP TABLE staged_members (member_id VARCHAR, organization_id VARCHAR, reason VARCHAR)"
            )
        given_members = self.delivery.tables.get("members")
        whole = given_members is not None and given_members.whole
        self._name_ids(None if whole else present)

    def table(self, name: str) -> None:
        """Stage one table; all but members need `members()` before them."""
        table = self.delivery.tables[name]
        try:
            self.db.execute("SET preserve_insertion_order = true")
            # Only what goes by pseudonym may touch the disk; a killed sync leaves its scratch file until the next.
            kind = "TABLE" if name == "activity" else "TEMP TABLE"
            self.db.execute(f"CREATE {kind} staged_{name} AS {self._select(table)}")
        except duckdb.Error as error:
            raise _trouble(table, error) from None
        finally:
            self.db.execute("SET preserve_insertion_order = false")
        if table.lines:
            require_every_line(self.db, table)
        self._mark_duplicates(name)

    def everybody(self) -> set[int] | None:
        """Pseudonyms of everybody whom the source has, bad rows included; None when it was not asked."""
        table = self.delivery.tables.get("members")
        whole = table.relation if table is not None and table.whole else ""
        relation = self.delivery.everybody or whole
        if not relation:
            return None
        ids = self._texts(f"SELECT DISTINCT member_id::VARCHAR FROM {relation} WHERE member_id IS NOT NULL")
        return set(self.pseudonyms.many(ids))

    def members_given(self) -> set[int]:
        """Pseudonyms of the members of whom this delivery has a good row."""
        return set(
            self.pseudonyms.many(self._texts("SELECT DISTINCT member_id FROM staged_members WHERE reason IS NULL"))
        )

    def count(self, query: str) -> int:
        """The one number that *query* gives."""
        return int(self.db.execute(query).fetchall()[0][0])

    def frame(self, query: str) -> pl.DataFrame:
        """The rows that *query* gives."""
        return pl.DataFrame(pl.from_arrow(self.db.sql(query).to_arrow_table()))

    def pseudonyms_of(self, ids: Iterable[str]) -> pl.DataFrame:
        """`member_id` and `member` for distinct *ids*."""
        listed = list(ids)
        return pl.DataFrame(
            {"member_id": listed, "member": self.pseudonyms.many(listed)},
            schema={"member_id": pl.String, "member": pl.Int64},
        )

    def _name_ids(self, present: pl.Series | None) -> None:
        own = self._texts("SELECT DISTINCT member_id FROM staged_members WHERE reason IS NULL")
        named = self.pseudonyms_of(own)
        if present is not None:
            others = self.pseudonyms_of(sorted(set(self._foreign_ids()) - set(own)))
            named = pl.concat([named, others.filter(pl.col("member").is_in(present.implode()))])
        self._register("tenure_ids", named)
        organizations = self._texts(
            "SELECT DISTINCT organization_id FROM staged_members WHERE reason IS NULL AND organization_id IS NOT NULL"
        )
        named = self.pseudonyms_of(organizations)
        gone = self.tombstones.erased(named["member"])
        self._register("tenure_organizations", named.filter(~pl.col("member").is_in(gone)))

    def _name_erased(self) -> None:
        """Make `tenure_erased`: the ids in this delivery of members who were erased, as the source writes them."""
        parts = [
            f"SELECT DISTINCT {self._typed(TABLES[name].column('member_id'), table)} FROM {table.relation}"
            for name, table in self.delivery.tables.items()
            if self.tombstones.any and "member_id" in table.columns
        ]
        ids = self._texts(" UNION ".join(parts)) if parts else []
        named = self.pseudonyms_of(text for text in ids if text)
        gone = self.tombstones.erased(named["member"])
        self._register("tenure_erased", named.filter(pl.col("member").is_in(gone)))

    def _foreign_ids(self) -> list[str]:
        tables = [table for name, table in self.delivery.tables.items() if name in _EXTRA]
        if not tables:
            return []
        parts = " UNION ".join(f"SELECT DISTINCT member_id FROM {table.relation}" for table in tables)
        return [text for text in self._texts(parts) if text]

    def _texts(self, query: str) -> list[str]:
        return [text for (text,) in self.db.execute(query).fetchall()]

    def _register(self, name: str, frame: pl.DataFrame) -> None:
        self.db.register("tenure_given", frame.to_arrow())
        self.db.execute(f"CREATE TEMP TABLE {name} AS SELECT member_id::VARCHAR AS member_id, member FROM tenure_given")
        self.db.unregister("tenure_given")

    def _select(self, table: Given) -> str:
        """The query that types and judges a table's rows."""
        columns = TABLES[table.table].columns
        typed = [f'{self._typed(column, table)} AS "{column.name}"' for column in columns]
        was_given = [
            f'{given(column, table.columns[column.name])} AS "given_{column.name}"'
            for column in columns
            if column.name in table.columns and self._judged(column, table)
        ]
        inner = f'SELECT "row", {", ".join(typed + was_given)} FROM {table.relation}'
        if "member_id" in table.columns and self.tombstones.any:
            inner = f"SELECT * FROM ({inner}) ANTI JOIN tenure_erased USING (member_id)"
        if table.table in _EXTRA:
            inner = f"SELECT g.*, i.member FROM ({inner}) g LEFT JOIN tenure_ids i ON g.member_id = i.member_id"
        kept = [f'"{c.name}"' for c in columns if c.name not in _DROPPED.get(table.table, ())]
        extra = [text.format(salt=self._salt) for text in _EXTRA.get(table.table, ())]
        return f'SELECT "row", {", ".join([*extra, *kept])}, {self._reason(table)} AS reason FROM ({inner})'

    def _typed(self, column: Column, table: Given) -> str:
        if column.name not in table.columns:
            if column.name == "recorded_at" and table.table == "activity":
                return parse(TABLES["activity"].column("occurred_at"), table.columns["occurred_at"], table.label)
            return parse(column, '"NULL"', table.label)
        expression = parse(column, table.columns[column.name], table.label)
        if column.name == "recorded_at" and not column.required:
            was = given(column, table.columns[column.name])
            occurred = parse(TABLES["activity"].column("occurred_at"), table.columns["occurred_at"], table.label)
            return f"CASE WHEN {was} THEN {expression} ELSE {occurred} END"
        return expression

    def _judged(self, column: Column, table: Given) -> bool:
        return column.required or can_fail(column, table.columns[column.name])

    def _reason(self, table: Given) -> str:
        rules = [rule for column in TABLES[table.table].columns for rule in self._value_rules(column, table)]
        rules += RULES[table.table]
        if not rules:
            return "NULL::VARCHAR"
        moment = f"TIMESTAMP '{self.at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=' ')}'"
        cases = " ".join(f"WHEN {_broken(rule, moment)} THEN {_literal(rule.words)}" for rule in rules)
        return f"CASE {cases} END"

    def _value_rules(self, column: Column, table: Given) -> list[Rule]:
        if column.name not in table.columns:
            return []
        rules = [not_given(column)] if column.required else []
        if can_fail(column, table.columns[column.name]):
            rules.append(unreadable(column, WORDS[column.type]))
        return rules

    @property
    def _salt(self) -> str:
        # Keyed, so that an id which was built from a member's id cannot be guessed back.
        return f"'{self.pseudonyms.one(chr(0) + 'one'):x}{self.pseudonyms.one(chr(0) + 'two'):x}'"

    def _mark_duplicates(self, name: str) -> None:
        """Keep the last row of each key; rows before it are repeats if they say the same, else bad."""
        staged, keys = f"staged_{name}", _KEYS[name]
        listed = ", ".join(f'"{key}"' for key in keys)
        same_key = " AND ".join(f's."{key}" IS NOT DISTINCT FROM d."{key}"' for key in keys)
        self.db.execute(f"""
            CREATE OR REPLACE TEMP TABLE tenure_twice AS
            SELECT {listed} FROM {staged} WHERE reason IS NULL GROUP BY {listed} HAVING count(*) > 1""")
        if not self.count("SELECT count(*) FROM tenure_twice"):
            return
        self.db.execute(f"""
            CREATE OR REPLACE TEMP TABLE tenure_twice AS
            SELECT {", ".join(f's."{key}"' for key in keys)}, max(s."row") AS last,
                count(DISTINCT hash({self._content(staged)})) AS variants
            FROM {staged} s JOIN tenure_twice d ON {same_key} WHERE s.reason IS NULL GROUP BY ALL""")
        bad = REPEATED if self.delivery.tables[name].paged else DUPLICATE
        self.db.execute(f"""
            UPDATE {staged} AS s SET reason = CASE WHEN d.variants = 1 THEN '{REPEATED}' ELSE '{bad}' END
            FROM tenure_twice d WHERE {same_key} AND s."row" < d.last AND s.reason IS NULL""")

    def _content(self, staged: str) -> str:
        names = [row[0] for row in self.db.execute(f"DESCRIBE {staged}").fetchall()]
        return ", ".join(f's."{name}"' for name in names if name not in ("row", "reason"))


def _trouble(table: Given, error: duckdb.Error) -> TenureError:
    """What to say of an error whose own words may hold values of a row, and so go no further."""
    if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
        return TenureError(
            f"{table.label} needs more memory or disk than there is for the time of the sync",
            mend="free some space on the disk that the home lies on, about three times the size of the file",
        )
    return BadInput(
        f"{table.label} cannot be read to its end",
        mend="it is damaged, cut short or still being written; export it again",
    )


def _broken(rule: Rule, moment: str) -> str:
    return f"({rule.broken.replace('{at}', moment)})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
