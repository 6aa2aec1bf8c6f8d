"""The figures of the Membership page are replaced as a whole, part by part, by whoever has the right to write."""

from __future__ import annotations

import datetime as dt

import pytest

from tenure.base.errors import HeldBack

DAY = dt.date(2025, 3, 1)
NOW = dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)
pytestmark = pytest.mark.usefixtures("home")


def test_a_part_is_replaced_as_a_whole_and_leaves_the_other_alone():
    from tenure.ledger import figures

    figures.replace(part=figures.RECORD, bodies={("", ""): {"n": 2}, ("Gulf", "REG"): {"n": 1}}, as_of=DAY, receipt="a")
    figures.replace(part=figures.SCORES, bodies={("", ""): [{"due": 1.5}]}, as_of=DAY)
    figures.replace(part=figures.RECORD, bodies={("", ""): {"n": 3}}, as_of=DAY + dt.timedelta(1), receipt="b")

    everyone = figures.kept(part=figures.RECORD)
    assert (everyone.body, everyone.as_of, everyone.receipt) == ({"n": 3}, dt.date(2025, 3, 2), figures.formed("b"))
    assert figures.kept(part=figures.RECORD, chapter="Gulf", member_type="REG") is None
    assert figures.kept(part=figures.SCORES).body == [{"due": 1.5}]


def test_what_was_kept_in_another_form_is_not_shown():
    from tenure.ledger import figures
    from tenure.ledger.models import MembershipFigures

    figures.replace(part=figures.RECORD, bodies={("", ""): {"n": 2}}, as_of=DAY, receipt="a")
    MembershipFigures.objects.update(receipt=f"{figures.FORM + 1}:a")

    assert figures.kept(part=figures.RECORD) is None


def test_who_lost_the_right_to_write_leaves_what_was_kept():
    from tenure.ledger import figures, runs
    from tenure.ledger.models import Lease

    figures.replace(part=figures.RECORD, bodies={("", ""): {"n": 2}}, as_of=DAY)
    asleep = runs.start(as_of=DAY, kind="night", by="test", clock=lambda: NOW)
    Lease.objects.update(token=asleep.fence.token + 1)
    with pytest.raises(HeldBack):
        figures.replace(part=figures.RECORD, bodies={("", ""): {"n": 9}}, as_of=DAY, fence=asleep.fence)

    assert figures.kept(part=figures.RECORD).body == {"n": 2}
