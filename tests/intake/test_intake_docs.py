"""The pages say what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenure.intake import _mapping, _rules
from tenure.membership.contract import TABLES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_of_the_contract_is_on_the_page(table):
    """A column that the page on files does not name is one that nobody exports."""
    page = (DOCS / "files.md").read_text()
    assert not [column.name for column in table.columns if f"`{column.name}`" not in page]


@pytest.mark.parametrize("words", [_rules.DUPLICATE, _rules.OVERLAP, _rules.MALFORMED, "ends before it starts"])
def test_every_reason_that_spans_rows_is_on_the_page(words: str):
    """What the report says can be looked up."""
    assert words in (DOCS / "files.md").read_text()


def test_every_key_of_a_mapping_is_on_its_page():
    """A key that is not explained is one that nobody can set."""
    page = (DOCS / "mapping.md").read_text()
    assert not [name for name in _mapping.Feed.model_fields if name not in page]
