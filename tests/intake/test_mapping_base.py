"""A mapping that states only how it differs from the one that ships."""

from __future__ import annotations

import pytest

from tenure.base.errors import UsageError
from tenure.intake._mapping import Mapping, parse_mapping, parsed
from tenure.intake._sql_mapping import SqlMapping

STOCK = parse_mapping(b'base = "stock"', "stock")


def differing(text: str) -> Mapping:
    return parse_mapping(f'base = "stock"\n{text}'.encode(), "own.toml")


def test_a_mapping_without_differences_is_its_base():
    assert differing("") == STOCK
    assert STOCK.name == "stock"


def test_a_code_is_added_to_those_of_the_base():
    """With the codes of the base still there, and every other feed as it was."""
    own = differing('[activity.activities.columns.kind.values]\nCERT = "learning_completed"')
    before = STOCK.activity["activities"].columns["kind"].values
    assert own.activity["activities"].columns["kind"].values == before | {"CERT": "learning_completed"}
    assert own.terms == STOCK.terms


def test_a_column_is_replaced_as_one():
    """Half of one recipe and half of another would be neither."""
    own = differing('[programs.columns]\nkind = { column = "MeetingType", values = { C = "event" } }')
    kind = own.programs.columns["kind"]
    assert (kind.column, kind.value, kind.values) == ("MeetingType", "", {"C": "event"})
    own = differing('[members.columns]\nrecord_type = { column = "Type", values = { C = "organization" } }')
    assert own.members.columns["record_type"].values == {"C": "organization"}


def test_sections_and_columns_of_the_base_may_go():
    own = differing('without = ["activity.web", "members.past", "terms.columns.dues"]')
    assert "web" not in own.activity
    assert own.members.past is None
    assert "dues" not in own.terms.columns


def test_a_feed_may_come_from_elsewhere_altogether():
    own = differing(
        'without = ["contacts"]\n[contacts]\nentity = "CsContactBasic"\n[contacts.columns]\nmember_id = "ID"'
    )
    assert own.contacts.place == "CsContactBasic"
    assert list(own.contacts.columns) == ["member_id"]


def test_a_mapping_of_a_database_has_a_base_too():
    text = b'base = "sql"\nschema = "imis"\nwithout = ["activity.committees"]'
    own = parsed(SqlMapping, text, "own.toml")
    assert own.db_schema == "imis"
    assert "committees" not in own.activity


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'base = "stick"', "no profile `stick`"),
        (b'base = "../secrets"', "no profile"),
        (b'base = "stock"\nwithout = ["activity.wob"]', "without` names activity.wob"),
        (b'name = "own"\nwithout = ["contacts"]', "needs a `base`"),
        (b'base = "stock"\n[terms.columns]\nterm_key = "X"', "terms has no column term_key"),
    ],
)
def test_a_base_that_cannot_be_is_named(text: bytes, words: str):
    with pytest.raises(UsageError, match=words) as caught:
        parse_mapping(text, "own.toml")
    assert "own.toml" in str(caught.value)
