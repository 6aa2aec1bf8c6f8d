"""Members' own pages: what the holder of a link can do, and that looking does nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import drafts
import factories
import httpx
import pytest
from sites import Site, send, serving

QUESTION = {"question": "What would make you stay?", "answers": ["Lower dues", "More events"], "valid_days": 30}
PLAN = {"installments": 4, "grace_days": 60, "purpose": "payment"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("public") / "home", members=40, nights=1)
    from tenure.ledger.models import OutreachStep

    drafts.propose(world, 12, dues=320.0)
    for number, step in enumerate(OutreachStep.objects.order_by("pk")):
        step.kind, step.details = ("survey", QUESTION) if number % 2 else ("offer", PLAN)
        step.state = "done"
        step.save()
    factories.sign_up()
    factories.sign_up("vera", "viewer")
    with serving(world) as running:
        yield running


@pytest.fixture
def visitor(site: Site) -> Iterator[httpx.Client]:
    with site.visitor() as client:
        yield client


def steps(kind: str):
    from tenure.ledger.models import OutreachStep

    return OutreachStep.objects.filter(kind=kind).order_by("pk")


def link(site: Site, use: str, step, issued_on: dt.date = factories.DAY) -> str:
    from tenure.base.pseudonym import Pseudonyms
    from tenure.outreach.tokens import Ticket, Tokens
    from tenure.outreach.tokens import link as made

    ticket = Ticket(step.proposal.member, step.reference, issued_on)
    return made("https://x", use, Tokens(Pseudonyms.of(site.world.home)).make(use, ticket)).removeprefix("https://x")


def fill_in(client: httpx.Client, address: str, **form: str) -> httpx.Response:
    """Send the form that *address* itself shows."""
    return send(client, address, page=address, **form)


def suppressions() -> int:
    from tenure.ledger.models import Suppression

    return Suppression.objects.count()


def test_one_click_unsubscribes_and_looking_does_not(site: Site, visitor: httpx.Client):
    """RFC 8058: a POST without cookie or token of ours, as mail programs send it; a GET shows one button."""
    from tenure.ledger.models import AuditEvent, Response, Suppression

    step = steps("survey")[0]
    address, before = link(site, "unsubscribe", step), suppressions()
    for _ in range(3):
        page = visitor.get(address)
        assert (page.status_code, page.text.count("<button")) == (200, 1)
        visitor.head(address)
    assert suppressions() == before
    for _ in range(2):
        done = httpx.post(site.url + address, data={"List-Unsubscribe": "One-Click"})
        assert (done.status_code, "no more" in done.text) == (200, True)
    row = Suppression.objects.get()
    assert (row.member, row.channel, row.why) == (step.proposal.member, "email", "unsubscribe")
    assert Response.objects.filter(kind="unsubscribed", step=step).count() == 1
    assert AuditEvent.objects.filter(act="suppression:member:add").count() == 1


def test_an_answer_is_taken_once_and_only_one_of_those_offered(site: Site, visitor: httpx.Client):
    from tenure.ledger.models import Response

    address = link(site, "answer", steps("survey")[1])
    page = visitor.get(address)
    assert "What would make you stay?" in page.text
    assert fill_in(visitor, address, answer="Free beer").status_code == 422
    assert fill_in(visitor, address, words="only words").status_code == 422
    assert not Response.objects.filter(kind="answered").exists()
    assert "Thank you" in fill_in(visitor, address, answer="Lower dues", words="a  little\n help").text
    assert Response.objects.get(kind="answered").value == "Lower dues: a little help"
    assert "Thank you" in visitor.get(address).text
    assert visitor.post(address, data={"answer": "More events"}).status_code == 403


@pytest.mark.parametrize(("use", "kind"), [("answer", "survey"), ("offer", "offer")])
def test_a_link_out_of_a_draft_opens_nothing_and_is_not_shown_to_staff(
    site: Site, visitor: httpx.Client, use: str, kind: str
):
    """Whoever reads drafts can neither answer nor take an offer up in the member's name."""
    from tenure.ledger.models import Response

    step, known = steps(kind)[5], Response.objects.count()
    address = link(site, use, step)
    for state in ("draft", "approved", "cancelled"):
        type(step).objects.filter(pk=step.pk).update(state=state, body=f"Dear member,\n\nhttps://x{address} is yours")
        assert "not open yet" in visitor.get(address).text
        assert "not open yet" in send(visitor, address, page="/sign-in", answer="Lower dues").text
    assert Response.objects.count() == known
    with site.staff() as client:
        for page in (f"/queue/?open={step.proposal_id}", f"/queue/step/{step.pk}/preview"):
            text = client.get(page).text
            assert f"https://x/m/{use}/… is yours" in text
            assert address not in text
    type(step).objects.filter(pk=step.pk).update(state="unknown")
    assert "not open yet" not in visitor.get(address).text


def test_a_question_stops_on_renewal_and_a_link_ends(site: Site, visitor: httpx.Client):
    from tenure.ledger.models import CurrentScore

    third, fourth = steps("survey")[2], steps("survey")[3]
    CurrentScore.objects.filter(member=third.proposal.member).update(
        renewal_due_on=third.proposal.renewal_due_on + dt.timedelta(days=365)
    )
    assert "closed" in visitor.get(link(site, "answer", third)).text
    assert "closed" in visitor.get(link(site, "answer", fourth, dt.date(2025, 1, 20))).text
    assert "stay?" in visitor.get(link(site, "answer", fourth, dt.date(2025, 1, 31))).text


def test_an_offer_is_taken_up_by_its_button_alone(site: Site, visitor: httpx.Client):
    from tenure.ledger.models import Response

    address = link(site, "offer", steps("offer")[0])
    page = visitor.get(address).text
    assert "4 payments of $80.00" in page
    assert "60 days" in page
    assert not Response.objects.filter(kind="accepted").exists()
    assert "taken the offer up" in fill_in(visitor, address).text
    assert Response.objects.filter(kind="accepted").count() == 1


def test_an_offer_of_time_is_none_of_dues_in_parts(site: Site, visitor: httpx.Client):
    """As the playbook that ships for members who went to another organization offers it."""
    from tenure.ledger.models import OutreachStep
    from tenure.outreach.reading import read_playbook, shipped

    step = steps("offer")[4]
    plan = read_playbook(shipped()["moved-to-another-organization"], "moved").steps[1]
    OutreachStep.objects.filter(pk=step.pk).update(details=dict(plan.details))
    address = link(site, "offer", step)

    page = visitor.get(address).text
    assert "stays open for you for 30 days beyond its end, with nothing to pay now" in page
    assert ("in parts" in page, "payments" in page) == (False, False)
    assert "keeps your place open" in fill_in(visitor, address).text
    assert "keeps your place open" in visitor.get(address).text


def test_what_a_member_answered_waits_for_somebody_to_see_to_it(site: Site, visitor: httpx.Client):
    """Both pages promise the member that somebody does."""
    from tenure.ledger.models import AuditEvent, OutreachStep

    offer, question = steps("offer")[5], steps("survey")[5]
    sent = dt.datetime(2025, 3, 1, 7, tzinfo=dt.UTC)
    OutreachStep.objects.filter(pk=question.pk).update(state="done", done_at=sent)
    named = [site.world.members[step.proposal.member] for step in (offer, question)]
    fill_in(visitor, link(site, "offer", offer))
    fill_in(visitor, link(site, "answer", question), answer="More events", words="on <b>weekends</b>")
    with site.staff("vera") as vera:
        assert ("Members who answered" in vera.get("/").text, "Seen to" in vera.get("/").text) == (True, False)
        assert send(vera, "/answers/take-up", answer="1").status_code == 403
    with site.staff() as marta:
        page = _waiting(marta)
        assert all(f"/members/{name}/" in page for name in named)
        assert "“More events: on &lt;b&gt;weekends&lt;/b&gt;”" in page
        assert "taken up" in marta.get("/").text.partition('id="alerts"')[2].partition("</section>")[0]
        trail = marta.get(f"/members/{named[1]}/?show=ours").text
        assert "Answered the question: “More events: on &lt;b&gt;weekends" in trail
        for name in named:
            number = page.partition(f"/members/{name}/")[2].partition('name="answer" value="')[2].partition('"')[0]
            for _ in range(2):
                assert send(marta, "/answers/take-up", answer=number).status_code == 302
        left = _waiting(marta)
        assert [f"/members/{name}/" in left for name in named] == [False, False]
        assert send(marta, "/answers/take-up", answer="999999").status_code == 404
    done = AuditEvent.objects.filter(act="response:member:note", by="marta")
    assert {row.details["kind"] for row in done} == {"completed"}
    assert done.count() == 2


def _waiting(client: httpx.Client) -> str:
    return client.get("/").text.partition('id="answered"')[2].partition("</section>")[0]


def test_a_link_opens_its_own_page_and_no_other(site: Site, visitor: httpx.Client):
    step = steps("offer")[1]
    good = link(site, "offer", step)
    token = good.rpartition("/")[2]
    for address in (
        f"/m/answer/{token}", f"/m/unsubscribe/{token}", f"/m/offer/{token[:-1]}", f"/m/offer/{token[::-1]}",
        "/m/offer/x", "/m/offer/%00", f"/m/offer/{'a' * 900}",
    ):  # fmt: skip
        answer = visitor.get(address)
        assert (answer.status_code, "This link does not work" in answer.text) == (404, True), address
        assert visitor.post(address).status_code in (403, 404)
    page = visitor.get(good)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    assert "noindex" in page.headers["x-robots-tag"]


def test_pages_for_members_tell_nothing_of_members(site: Site, visitor: httpx.Client):
    from tenure.ledger.models import Contact

    for use, step in (("unsubscribe", steps("offer")[2]), ("answer", steps("survey")[4]), ("offer", steps("offer")[2])):
        text = visitor.get(link(site, use, step)).text
        contact = Contact.objects.get(member=step.proposal.member)
        for secret in (contact.last_name, contact.email, site.world.members[step.proposal.member], "risk", "score"):
            assert secret not in text


def test_who_tries_out_links_has_to_wait(site: Site, visitor: httpx.Client):
    answers = [visitor.get(f"/m/offer/{i}").status_code for i in range(40)]
    assert answers == sorted(answers)
    assert (answers[0], answers[-10:]) == (404, [429] * 10)
    assert visitor.get("/m/offer/x").headers["retry-after"] == "60"
