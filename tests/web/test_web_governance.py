"""The audit log, playbooks and a member's actions on pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html import unescape

import drafts
import factories
import httpx
import pytest
from sites import MORNING, Site, serving, token_of

import proposing

TEXT = """title = "A reminder"
purpose = "Members of medium risk hear from a person early."
cause = "medium risk ({risk_score})"

[trigger]
kind = "renewal"
days = { from = 40, to = 45 }

[[steps]]
kind = "email"
subject = "Your membership"
body = "Dear {first_name},\\n\\nYou can renew here: {renew_link}"
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("audit") / "home", members=60, nights=2)
    from tenure.ledger import approvals, playbooks, proposals

    for role in ("manager", "director", "auditor"):
        factories.sign_up(role, role)
    first, second, *_ = drafts.propose(world, 20)
    seen = proposing.seen

    approvals.approve(proposals=[first], by="manager", seen=seen(first), settings=world.settings, clock=lambda: MORNING)
    proposals.reject(proposal=second, by="manager", reason="other", words="She moved to Oslo", clock=lambda: MORNING)
    playbooks.seed(texts={"renewal-reminder": TEXT}, clock=lambda: MORNING)
    with serving(world) as running:
        yield running


@pytest.fixture(scope="module")
def auditor(site: Site) -> Iterator[httpx.Client]:
    with site.staff("auditor") as client:
        yield client


def member_of(view_state: str) -> tuple[int, str]:
    from tenure.ledger import identities
    from tenure.ledger.models import Proposal

    row = Proposal.objects.get(state=view_state)
    return row.pk, identities.ids_of(members=[row.member])[row.member]


def test_the_log_tells_one_proposal_from_opening_to_decision(auditor: httpx.Client):
    proposal, member_id = member_of("rejected")
    page = auditor.get(f"/audit/?proposal={proposal}").text
    acts = re.findall(r'<th scope="row">([a-z:-]+)</th>', page)
    assert acts == ["proposal:member:reject", "proposal:member:open"]
    assert "sealed: words: She moved to Oslo" in page
    assert f'href="/members/{member_id}/"' in page
    assert auditor.get(f"/audit/?member={member_id}").text.count('<th scope="row">proposal:member') == 2
    assert '<th scope="row">' not in auditor.get("/audit/?member=nobody").text
    for odd in ("?since=x", "?proposal=-1", "?before=0", "?act=%00", "?since=2025-02-30"):
        assert auditor.get(f"/audit/{odd}").status_code == 200


def test_the_log_as_a_file_is_whole_and_tells_no_sealed_word(auditor: httpx.Client):
    from tenure.ledger.models import AuditEvent

    text = auditor.get("/audit.csv").text
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert abs(len(rows) - AuditEvent.objects.count()) <= 1
    assert "Oslo" not in text
    assert {row["act"] for row in csv.DictReader(io.StringIO(auditor.get("/audit.csv?act=proposal").text[1:]))} <= {
        "proposal:member:open", "proposal:member:approve", "proposal:member:reject",
    }  # fmt: skip


def test_a_member_s_page_tells_what_was_proposed_and_decided(auditor: httpx.Client):
    proposal, member_id = member_of("approved")
    page = auditor.get(f"/members/{member_id}/").text
    assert "Proposals and contacts" in page
    assert f'href="/queue/?open={proposal}"' in page
    assert "Approved by manager" in page
    assert re.search(r"Email: approved, leaves at 08:00", page)


def test_a_member_s_page_does_not_call_allowed_what_the_member_ended(auditor: httpx.Client):
    """The source still allows email: an unsubscribing is known to the ledger alone, and so is a withdrawn consent."""
    from tenure.ledger import identities, permissions

    _, member_id = member_of("approved")
    member, address = identities.member_of(member_id=member_id), f"/members/{member_id}/"
    given = {"member": member, "channel": "email", "source": "a letter", "by": "manager", "clock": lambda: MORNING}
    assert '<span class="quiet">Allowed</span>' in auditor.get(address).text
    permissions.withdraw(**given)
    assert '<span class="quiet">Consent withdrawn</span>' in auditor.get(address).text
    permissions.suppress(why="unsubscribe", **given)
    page = auditor.get(address).text
    assert '<span class="quiet">Not to be reached: unsubscribe</span>' in page
    assert '<span class="quiet">Allowed</span>' not in page


def form_of(client: httpx.Client) -> dict[str, str]:
    page = client.get("/playbooks/renewal-reminder/").text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    area = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)
    return {**fields, "text": unescape(area.group(1)) if area else ""}


def test_a_playbook_is_edited_as_a_next_version_and_a_wrong_one_is_sent_back_with_its_line(site: Site):
    from tenure.ledger import playbooks

    with site.staff("director") as director:
        assert "0 of 1 playbooks" in director.get("/playbooks/").text
        form = form_of(director)
        assert form["text"] == TEXT
        wrong = director.post(
            "/playbooks/renewal-reminder/", data={**form, "text": TEXT.replace('kind = "email"', 'kind = "fax"')}
        )
        assert wrong.status_code == 422
        assert "line 10" in wrong.text
        assert playbooks.current("renewal-reminder").number == 1
        better = {**form, "text": TEXT.replace("A reminder", "An early reminder"), "why": "clearer"}
        assert director.post("/playbooks/renewal-reminder/", data=better).status_code == 302
        assert director.post("/playbooks/renewal-reminder/", data=better).status_code == 409
        assert playbooks.current("renewal-reminder").number == 2
        assert "An early reminder" in director.get("/playbooks/").text
        assert director.post("/playbooks/renewal-reminder/switch", data={**form, "on": "1"}).status_code == 302
        assert "1 of 1 playbooks is on" in director.get("/playbooks/").text
        assert director.get("/playbooks/nowhere/").status_code == 404


def test_a_playbook_says_how_its_words_were_taken(site: Site, auditor: httpx.Client):
    """Of the two proposals that were decided, one was approved as it was drafted and one rejected."""
    page = auditor.get("/playbooks/renewal-reminder/").text
    assert "Version 7, step 1 (email)" in page
    assert "1 approved as drafted; 0 edited; 1 rejected (other 1)" in page


def test_a_playbook_is_read_by_all_and_edited_by_few(site: Site, auditor: httpx.Client):
    page = auditor.get("/playbooks/renewal-reminder/").text
    assert "<textarea" not in page
    assert "Switch o" not in page
    form = {"csrfmiddlewaretoken": token_of(auditor), "seen": "2", "text": TEXT, "on": "0"}
    assert auditor.post("/playbooks/renewal-reminder/", data=form).status_code == 403
    assert auditor.post("/playbooks/renewal-reminder/switch", data=form).status_code == 403
