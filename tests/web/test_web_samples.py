"""The button that sends a draft to oneself."""

from __future__ import annotations

from collections.abc import Iterator

import drafts
import factories
import pytest
from sites import Site, send, serving

from tenure.base.settings import Mail


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("samples") / "home", members=60, nights=1)
    factories.sign_up()
    factories.sign_up("nora")
    factories.sign_up("vera", "viewer")
    from tenure.ledger import staff

    staff.set_email(username="marta", email="marta@association.example", by="factory")
    drafts.propose(world, 12)
    mail = Mail(host="127.0.0.1", port=9, sender="office@association.example", postal_address="1 Quay Street, Ellery")
    outreach = world.settings.outreach.model_copy(update={"jurisdictions": {"US": "ca"}})
    world.settings = world.settings.model_copy(update={"mail": mail, "outreach": outreach})
    with serving(world) as running:
        yield running


def test_it_leaves_a_row_for_the_worker_and_the_page_says_so(site: Site):
    from tenure.ledger.models import AuditEvent, OutreachStep, Sample

    step = OutreachStep.objects.filter(kind="email").first()
    address = f"/queue/?open={step.proposal_id}"
    for name, status in (("vera", 403), ("nora", 422), ("marta", 302)):
        with site.staff(name) as client:
            page = client.get(address).text
            assert ("Send a test to me" in page) is (name != "vera")
            answer = send(client, f"/queue/step/{step.pk}/sample", back="")
            assert answer.status_code == status, name
            if status == 422:
                assert "Your account has no address to which a test could go." in answer.text
            if status == 302:
                assert "On its way" in client.get(answer.headers["location"]).text
            assert client.get(f"/queue/step/{step.pk}/sample").status_code == (403 if name == "vera" else 405)
    row = Sample.objects.get()
    assert (row.asked_by, row.step_id, row.state) == ("marta", step.pk, "waiting")
    assert AuditEvent.objects.get(act="step:member:sample").by == "marta"


def test_what_is_no_email_has_no_such_button(site: Site):
    from tenure.ledger.models import OutreachStep

    call = OutreachStep.objects.filter(kind="callback").first()
    with site.staff() as client:
        assert "Send a test to me" not in client.get(f"/queue/?open={call.proposal_id}").text


def test_the_preview_has_the_footer_that_the_law_of_the_member_asks_for(site: Site):
    """The lake knows the country; a way out that no address is set for is not shown, since it would not leave."""
    from tenure.ledger.models import OutreachStep

    step = OutreachStep.objects.filter(kind="email").last()
    step.details = {"purpose": "renewal", "commercial": False}
    step.save()
    with site.staff() as client:
        page = client.get(f"/queue/step/{step.pk}/preview").text
    assert "You receive this because you are a member of" in page
    assert "1 Quay Street, Ellery" in page
    assert "To receive no more messages" not in page
