"""Steps of which nobody knows whether they arrived, and webhooks that are off: where staff see them and decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import drafts
import factories
import httpx
import pytest
from sites import MORNING, Site, serving, token_of

import proposing

HANDED = MORNING - dt.timedelta(hours=2)
APPROVED = HANDED - dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("lost") / "home", members=80, nights=1)
    factories.sign_up()
    factories.sign_up("vera", "viewer")
    factories.sign_up("lia", "liaison", chapter="Gulf")
    drafts.propose(world, 24)
    from tenure.ledger.models import Proposal

    emails = Proposal.objects.filter(steps__kind="email")
    for row in [*emails.filter(chapter_id="Gulf")[:2], *emails.filter(chapter_id="Pacific")[:2]]:
        _lose(world, row.pk)
    with serving(world) as running:
        yield running


@pytest.fixture(scope="module")
def liaison(site: Site) -> Iterator[httpx.Client]:
    with site.staff("lia") as client:
        yield client


def _lose(world: factories.World, proposal: int) -> None:
    """Approve it, and let the line break while it is handed over."""
    from tenure.ledger import approvals, deliveries
    from tenure.ledger.models import OutreachStep

    seen, settings = proposing.seen(proposal), proposing.settings(second_person=())
    (told,) = approvals.approve(
        proposals=[proposal], by="marta", seen=seen, settings=settings, clock=lambda: APPROVED
    )  # fmt: skip
    assert told.state == "approved"
    step = OutreachStep.objects.get(proposal=proposal)
    clock = lambda: HANDED  # noqa: E731
    assert deliveries.begin(step=step, clock=clock)
    deliveries.hand(step=step, clock=clock)
    deliveries.settle(step=step, state="unknown", error="the line broke", clock=clock)


def lost(chapter: str) -> Any:
    from tenure.ledger.models import OutreachStep

    return OutreachStep.objects.filter(state="unknown", proposal__chapter_id=chapter).first()


def form(client: httpx.Client, **fields: object) -> dict[str, object]:
    return {"csrfmiddlewaretoken": token_of(client), **fields}


def test_they_are_listed_and_counted_and_a_liaison_sees_those_of_the_chapter(
    staff: httpx.Client, liaison: httpx.Client
):
    for client, count in ((staff, 4), (liaison, 2)):
        page = client.get("/sending/").text
        assert f"{count} steps of unknown outcome" in page
        assert page.count('value="again"') == count
        assert client.get("/queue.json?view=unknown").json()["total"] == count
        assert f'Outcome unknown<span class="count">{count}<' in client.get("/queue/").text
    assert lost("Gulf").reference in liaison.get("/sending/").text
    assert lost("Pacific").reference not in liaison.get("/sending/").text


def test_the_waiting_are_counted_for_the_chapter_alone(site: Site, staff: httpx.Client, liaison: httpx.Client):
    from tenure.ledger import approvals
    from tenure.ledger.models import Proposal

    other = Proposal.objects.filter(state="open", steps__kind="email").exclude(chapter_id="Gulf").first()
    approvals.approve(
        proposals=[other.pk], by="marta", seen=proposing.seen(other.pk),
        settings=proposing.settings(second_person=()), clock=lambda: MORNING,
    )  # fmt: skip
    assert "1 approved step waits" in staff.get("/sending/").text
    assert "0 approved steps wait" in liaison.get("/sending/").text


def test_what_was_sent_counts_as_done_with_who_said_so(staff: httpx.Client):
    from tenure.ledger.models import AuditEvent, Response

    step = lost("Pacific")
    said = form(staff, step=step.pk, it="arrived")
    assert staff.post("/sending/outcome", data=said).headers["location"] == "/sending/"
    step.refresh_from_db()
    assert (step.state, step.done_at, step.proposal.state) == ("done", MORNING, "done")
    row = AuditEvent.objects.filter(act="step:member:deliver", subject=step.reference).get()
    assert (row.by, row.member) == ("marta", step.proposal.member)
    assert Response.objects.get(step=step).kind == "delivered"

    again = staff.post("/sending/outcome", data={**said, "it": "again"})
    assert again.status_code == 409
    assert "Its outcome is known by now: done." in again.text
    step.refresh_from_db()
    assert step.state == "done"


def test_what_did_not_arrive_is_taken_again_and_one_comes_back_to_the_draft(staff: httpx.Client):
    from tenure.ledger import deliveries

    step = lost("Pacific")
    page = staff.get(f"/queue/?view=unknown&open={step.proposal_id}").text
    assert "Nobody knows whether it arrived." in page
    assert step.pk not in {one.pk for one in deliveries.due(MORNING)}
    said = form(staff, step=step.pk, it="again", back="view=unknown")
    answer = staff.post("/sending/outcome", data=said)
    assert answer.headers["location"] == f"/queue/?view=unknown&open={step.proposal_id}"
    assert step.pk in {one.pk for one in deliveries.due(MORNING)}
    assert "Nobody knows whether it arrived." not in staff.get(answer.headers["location"]).text


def test_only_those_who_decide_about_the_member_may_say_so(site: Site, liaison: httpx.Client):
    from tenure.ledger.models import OutreachStep, Proposal

    mine = lost("Gulf")
    with site.staff("vera") as viewer:
        assert 'value="again"' not in viewer.get("/sending/").text
        assert viewer.post("/sending/outcome", data=form(viewer, step=mine.pk, it="arrived")).status_code == 403
    elsewhere = OutreachStep.objects.filter(proposal__in=Proposal.objects.exclude(chapter_id="Gulf")).first()
    assert liaison.post("/sending/outcome", data=form(liaison, step=elsewhere.pk, it="again")).status_code == 404
    assert liaison.post("/sending/outcome", data=form(liaison, step=mine.pk, it="neither")).status_code == 422
    assert liaison.get("/sending/outcome").status_code == 405
    assert OutreachStep.objects.get(pk=mine.pk).state == "unknown"


def test_what_no_approval_stands_for_any_more_is_cancelled(staff: httpx.Client):
    from tenure.ledger.models import Approval

    step = lost("Gulf")
    Approval.objects.filter(step=step).update(rule="auto")  # a standing permission that does not stand
    assert staff.post("/sending/outcome", data=form(staff, step=step.pk, it="again")).status_code == 302
    step.refresh_from_db()
    assert (step.state, step.last_error) == ("cancelled", "its approval ended")


def test_a_webhook_that_is_off_is_told_again_by_those_who_may_pause(staff: httpx.Client, liaison: httpx.Client):
    from tenure.ledger import endpoints
    from tenure.ledger.models import Endpoint

    one = endpoints.add(name="crm", url="https://crm.example", events=(), is_full=False, by="marta")
    endpoints.queue(endpoint=one, message_id="m1", event="x", body={}, member=None, clock=lambda: MORNING)
    endpoints.disable(endpoint=one, why="answers 410", by="tenure work")
    page = staff.get("/sending/").text
    assert "1 webhook switched off" in page
    assert "1 waiting" in page
    assert "answers 410" in page
    assert "answers 410" not in liaison.get("/sending/").text

    assert liaison.post("/sending/replay", data=form(liaison, endpoint="crm")).status_code == 403
    assert staff.post("/sending/replay", data=form(staff, endpoint="nobody")).status_code == 422
    assert Endpoint.objects.get().disabled_at is not None
    assert staff.post("/sending/replay", data=form(staff, endpoint="crm")).status_code == 302
    assert Endpoint.objects.get().disabled_at is None
    assert "switched off" not in staff.get("/sending/").text
