"""A call that staff log on a member's page: kept once, counted as contact, and never of a control group unawares."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import drafts
import factories
import httpx
import polars as pl
import pytest
from sites import MORNING, Site, serving, token_of

PROMISED = MORNING.date() + dt.timedelta(days=3)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Twenty members, the first with a draft; a playbook wanted the first two, and the lot left the second out."""
    world = factories.world(tmp_path_factory.mktemp("call") / "home", members=20)
    factories.sign_up()
    factories.sign_up("vera", "viewer")
    from tenure.ledger import experiments

    drafts.propose(world, 1)
    drawn = [experiments.Drawn(world.member_of_rank(place), arm, "high, before") for place, arm in
             enumerate(("treated", "control"))]  # fmt: skip
    day = MORNING.date() - dt.timedelta(days=9)
    experiments.keep(experiment="call-trial", drawn=drawn, share=0.5, as_of=day, by="tenure run")
    experiments.expose(
        experiment="call-trial", occasions={one.member: "renewal:x" for one in drawn}, kind="eligible", as_of=day
    )
    with serving(world) as running:
        yield running


def tell(client: httpx.Client, site: Site, place: int, **form: Any) -> httpx.Response:
    address = f"/members/{site.world.id_of_rank(place)}/call"
    return client.post(address, data={**form, "csrfmiddlewaretoken": token_of(client)})


def logged(site: Site, place: int) -> list[Any]:
    from tenure.ledger.models import OutreachStep

    return list(OutreachStep.objects.filter(template="logged-call", proposal__member=site.world.member_of_rank(place)))


def test_a_call_is_kept_once_counts_as_contact_and_takes_the_draft_off_the_queue(staff: httpx.Client, site: Site):
    from tenure.ledger.models import AuditEvent, Exposure, Proposal

    mine = site.world.member_of_rank(0)
    address = f"/members/{site.world.id_of_rank(0)}/"
    assert "0 of 3 contacts used" in staff.get(address).text
    assert "Log a call" in staff.get(address).text
    waiting = Proposal.objects.get(member=mine)
    form = staff.get(f"{address}call").text
    key = re.search(r'name="key" value="(\w+)"', form).group(1)
    assert "Left out to compare with" not in form
    given = {"outcome": "spoke", "key": key, "words": "Moved to Gulf; wants the spring event", "take_off": waiting.pk,
             "follow_up": PROMISED.isoformat()}  # fmt: skip
    for _ in range(2):
        answer = tell(staff, site, 0, **given)
        assert (answer.status_code, answer.headers["location"]) == (302, f"{address}?show=ours#time")
    (step,) = logged(site, 0)
    assert [(one.kind, one.source) for one in step.responses.all()] == [("replied", "staff")]
    waiting.refresh_from_db()
    assert (waiting.state, waiting.rule) == ("rejected", "rejected:touch")
    (event,) = AuditEvent.objects.filter(act="call:member:log")
    assert (event.by, event.member, event.details["outcome"]) == ("marta", mine, "spoke")
    assert "Gulf" not in str(event.details)
    assert Exposure.objects.filter(assignment__member=mine, kind="reached").count() == 1
    shown = staff.get(f"{address}?show=ours").text
    assert "Call, spoke with the member, marta" in shown
    assert "Moved to Gulf; wants the spring event. To follow up on March" in shown
    assert "1 of 3 contacts used" in shown


def test_a_promise_stands_on_the_page_of_its_day_until_somebody_is_in_touch(staff: httpx.Client, site: Site):
    name = site.world.id_of_rank(3)
    assert tell(staff, site, 3, outcome="no-answer", key="1", follow_up=MORNING.date().isoformat()).status_code == 302
    assert ('id="promised"' in staff.get("/").text, f"/members/{name}/" in _promised(staff)) == (True, True)
    assert logged(site, 3)[0].responses.count() == 0
    assert tell(staff, site, 3, outcome="message", key="2").status_code == 302
    assert 'id="promised"' not in staff.get("/").text


def test_who_is_gone_is_promised_nothing_and_who_no_longer_wants_calls_is_told_so(staff: httpx.Client, site: Site):
    from tenure.ledger import permissions

    world, at = site.world, dt.datetime(2025, 3, 1, 3, tzinfo=dt.UTC)
    died, merged, objecting, stopped, fine = (world.member_of_rank(place) for place in range(10, 15))
    for place in range(10, 15):
        told = tell(staff, site, place, outcome="no-answer", key="1", follow_up=MORNING.date().isoformat())
        assert told.status_code == 302
    assert _promised(staff).count("Promised by marta") == 5

    with world.lake.batch(source="factory", at=at) as batch:
        batch.add_versions("members", _newer(world, died, at, deceased_on=dt.date(2025, 2, 27)))
        terms = world.lake.versions_of("terms", merged).sort("starts_on").tail(1)
        batch.add_versions(
            "terms", terms.with_columns(ended_by=pl.lit("merged"), recorded_at=pl.lit(at.replace(tzinfo=None)))
        )
        batch.commit()
    world.lake.set_objection(objecting, objects=True, at=at)
    permissions.suppress(why="staff", source="a letter", by="marta", member=stopped, channel="phone", clock=lambda: at)

    shown = _promised(staff)
    assert [world.members[member] in shown for member in (died, merged, objecting, stopped, fine)] == [
        False, False, True, True, True,
    ]  # fmt: skip
    assert "Objects to profiling since: ask first" in shown
    assert "Not to be reached: staff: ask first" in shown
    assert shown.count("ask first") == 2


def _newer(world: Any, member: int, at: dt.datetime, **changes: Any) -> pl.DataFrame:
    """A later version of the member's row, as a sync would bring it."""
    row = world.lake.versions_of("members", member).tail(1)
    return row.with_columns(valid_from=pl.lit(at.replace(tzinfo=None)), **{k: pl.lit(v) for k, v in changes.items()})


def _promised(staff: httpx.Client) -> str:
    return staff.get("/").text.partition('id="promised"')[2].partition("</section>")[0]


def test_whom_the_lot_left_out_is_not_logged_unawares_and_then_counts_in_the_comparison(
    staff: httpx.Client, site: Site
):
    from tenure.ledger import experiments
    from tenure.ledger.models import AuditEvent

    assert "Left out to compare with" in staff.get(f"/members/{site.world.id_of_rank(1)}/call").text
    refused = tell(staff, site, 1, outcome="spoke", key="1", words="She called us")
    assert refused.status_code == 422
    assert ("left this member out" in refused.text, "She called us" in refused.text) == (True, True)
    assert logged(site, 1) == []
    assert tell(staff, site, 1, outcome="spoke", key="1", despite="1").status_code == 302
    assert AuditEvent.objects.filter(act="call:member:log").last().details["left_out_of"] == ["call-trial"]
    reached = {one.arm for one in experiments.wanted(experiment="call-trial") if one.reached_on}
    assert "control" in reached


def test_what_cannot_be_is_sent_back_as_it_was_written(staff: httpx.Client, site: Site):
    for wrong in ({"outcome": "guessed"}, {"follow_up": "soon"}, {"follow_up": "2020-01-01"}):
        answer = tell(staff, site, 5, **{"outcome": "spoke", "key": "1", "words": "kept words", **wrong})
        assert (answer.status_code, "kept words" in answer.text) == (422, True), wrong
    assert logged(site, 5) == []


def test_who_decides_nothing_logs_nothing(site: Site):
    with site.staff("vera") as vera:
        assert "Log a call" not in vera.get(f"/members/{site.world.id_of_rank(5)}/").text
        assert tell(vera, site, 5, outcome="spoke", key="1").status_code == 403
    assert logged(site, 5) == []
