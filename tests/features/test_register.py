"""PR-9: no input of the model that nobody wrote down a purpose for, and none of health, origin, belief, sex, age,
family, hardship or competitors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenure.features import CATEGORIES, FEATURES
from tenure.features.catalogue import GROUPS
from tenure.features.register import denied_in, entries
from tenure.lake import Lake
from tenure.membership.contract import ACTIVITY, KINDS


def test_every_input_of_the_model_is_in_the_register_with_its_purpose():
    inputs = {feature.name: feature.group for feature in FEATURES} | dict.fromkeys(CATEGORIES, "categories")
    assert {name: entry.subject for name, entry in entries().items()} == inputs
    assert all(len(entry.why.split()) >= 3 for entry in entries().values())
    assert {entry.subject for entry in entries().values()} == {"categories", *(group.name for group in GROUPS)}


def test_no_input_nor_anything_it_is_counted_from_speaks_of_what_is_denied(tmp_path: Path):
    lake = Lake.open(tmp_path / "lake")
    read = {*lake.members().columns, *lake.terms().columns, *lake.programs().columns}
    read |= {column.name for column in ACTIVITY.columns}
    assert denied_in([*entries(), *KINDS, *read]) == {}
    assert denied_in(feature.definition for feature in FEATURES) == {}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("sick_days_365", "health"),
        ("ethnicity_guess", "origin"),
        ("church_events_730", "belief"),
        ("gender", "sex_and_age"),
        ("Marital_status", "family"),
        ("income_band", "hardship"),
        ("competitor_events_365", "competitor"),
    ],
)
def test_a_name_that_speaks_of_what_is_denied_is_found(name: str, what: str):
    assert denied_in([name, "logins_90"]) == {name: what}
