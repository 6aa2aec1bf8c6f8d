"""Who opens what: the table of `tenure.web.roles`, walked as each role; and what no reading may ever do."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import runpy
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import drafts
import factories
import httpx
import pytest
from manifests import FORMER, MODEL
from sites import MORNING, Site, serving, token_of


def table():
    """The module with the table; it can be read once Django is configured."""
    from tenure.web import roles

    return roles


ROLES = ("viewer", "liaison", "manager", "director", "analyst", "administrator", "auditor")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("roles") / "home", members=120, nights=2)
    for role in ROLES:
        factories.sign_up(role, role, chapter="Gulf" if role == "liaison" else "")
    drafts.propose(world, 40)
    from tenure.ledger import playbooks

    playbooks.seed(texts={"renewal-reminder": 'title = "not readable any more"'})
    with serving(world) as running:
        yield running


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[dict[str, httpx.Client]]:
    with ExitStack() as stack:
        yield {role: stack.enter_context(site.staff(role)) for role in ROLES}


def addresses(site: Site) -> dict[str, str]:
    """An address of every route, of the liaison's own chapter where it is about a member."""
    from tenure.ledger import identities
    from tenure.ledger.models import Proposal

    row = Proposal.objects.filter(chapter_id="Gulf", state="open").exclude(playbook="chapter-drift").first()
    step, member = row.steps.get().pk, identities.ids_of(members=[row.member])[row.member]
    return {
        "today": "/", "today-csv": "/today.csv", "today-json": "/today.json", "months-file": "/months.csv",
        "gone": "/gone/", "gone-file": "/gone.csv",
        "member": f"/members/{member}/", "history-file": f"/members/{member}/history.csv",
        "timeline-file": f"/members/{member}/timeline.csv", "member-call": f"/members/{member}/call",
        "receipt": f"/members/{member}/receipt/", "receipt-file": f"/members/{member}/receipt.json",
        "answer-take-up": "/answers/take-up",
        "queue": f"/queue/?open={row.pk}", "queue-csv": "/queue.csv", "queue-json": "/queue.json",
        "passed-over": "/queue/passed-over/", "passed-over-file": "/queue/passed-over.csv",
        "queue-bulk": f"/queue/bulk?pick={row.pk}", "queue-preview": f"/queue/step/{step}/preview",
        "queue-edit": f"/queue/step/{step}/edit", "queue-reject": f"/queue/{row.pk}/reject",
        "queue-sample": f"/queue/step/{step}/sample",
        "queue-revoke": f"/queue/{row.pk}/revoke", "queue-decide": "/queue/decide", "queue-approve": "/queue/approve",
        "queue-many": "/queue/many",
        "queue-undo": "/queue/undo", "playbooks": "/playbooks/", "playbook": "/playbooks/renewal-reminder/",
        "playbooks-file": "/playbooks.csv", "contacted-file": "/contacted.csv", "audit-json": "/audit.json",
        "playbook-switch": "/playbooks/renewal-reminder/switch", "audit": "/audit/", "audit-csv": "/audit.csv",
        "sending": "/sending/", "sending-pause": "/sending/pause",
        "sending-resume": "/sending/resume", "sending-outcome": "/sending/outcome",
        "sending-replay": "/sending/replay", "reports": "/reports/",
        "report-choose": "/reports/choose", "report-file": "/reports/daily.pdf", "keys": "/keys/", "model": "/model/",
        "membership": "/membership/", "membership-file": "/membership.csv",
        "membership-figure": "/membership/retention.csv",
        "model-file": "/model/calibration.svg", "model-card": f"/model/{MODEL}/card.html",
        "model-promote": f"/model/{FORMER}/promote", "model-rollback": "/model/rollback",
        "runs": "/runs/", "runs-file": "/runs.csv", "run": "/runs/1/",
        "reasons-file": f"/members/{member}/reasons.csv", "member-file": f"/members/{member}/terms.csv",
        "bands-file": "/bands.csv", "contact-file": "/contact.csv",
        "first-year-file": "/first-year.csv", "playbook-file": "/playbooks/renewal-reminder/versions.csv",
        "pauses-file": "/sending/pauses.csv", "mapping-file": "/settings/mapping.csv",
        "runs-list": "/runs/feeds.csv", "run-file": "/runs/1/steps.csv",
        "public-unsubscribe": "/m/unsubscribe/x", "public-answer": "/m/answer/x", "public-offer": "/m/offer/x",
        "sign-in": "/sign-in", "sign-out": "/sign-out",
        "sign-out-everywhere": "/sign-out/everywhere", "health": "/health",
        "oidc": "/sign-in/provider", "oidc-done": "/sign-in/provider/done", "sign-in-code": "/sign-in/code",
        "second-factor": "/settings/second-factor/",
        "second-factor-off": "/settings/second-factor/off",
        "password": "/settings/password/", "people": "/settings/people/", "person": "/settings/people/1/",
        "webhooks": "/settings/webhooks/", "webhook-change": "/settings/webhooks/change",
        "phases": "/settings/phases/", "phase-move": "/settings/phases/move", "mapping": "/settings/mapping/",
        "mapping-keep": "/settings/mapping/keep",
        "left-alone": "/settings/left-alone/", "left-alone-change": "/settings/left-alone/change",
        "people-file": "/settings/people.csv", "webhooks-file": "/settings/webhooks.csv",
        "phases-file": "/settings/phases.csv", "left-alone-file": "/settings/left-alone.csv",
        "tokens-file": "/settings/tokens.csv", "settings": "/settings/",
        "tokens": "/settings/tokens/", "token-revoke": "/settings/tokens/revoke",
        "changes": "/settings/changes/", "changes-file": "/settings/changes.csv",
        "change-enter": "/settings/changes/enter", "change-withdraw": "/settings/changes/withdraw",
        "views": "/settings/views/", "views-file": "/settings/views.csv",
        "view-save": "/settings/views/save", "view-change": "/settings/views/change",
        "api": "/api/", "api-openapi": "/api/v1/openapi.json", "api-members": "/api/v1/members?size=1",
        "api-member": f"/api/v1/members/{member}", "api-proposals": "/api/v1/proposals?size=1",
        "api-proposal": f"/api/v1/proposals/{row.pk}", "api-approve": f"/api/v1/proposals/{row.pk}/approve",
        "api-second": f"/api/v1/proposals/{row.pk}/second", "api-reject": f"/api/v1/proposals/{row.pk}/reject",
        "api-snooze": f"/api/v1/proposals/{row.pk}/snooze", "api-runs": "/api/v1/runs?size=1",
        "api-run": "/api/v1/runs/1", "api-model": "/api/v1/model", "api-webhooks": "/api/v1/webhooks",
        "api-webhook": "/api/v1/webhooks/crm",
    }  # fmt: skip


def bearers() -> dict[str, dict[str, str]]:
    """By role: the header of a token that was made for everything."""
    from tenure.ledger import tokens
    from tenure.ledger.models import Staff

    found = {}
    for role in ROLES:
        # A viewer may have none; one who became a viewer keeps the one they had.
        Staff.objects.filter(username=role, role="viewer").update(role="analyst")
        text = tokens.make(owner=role, name="all", scopes=list(tokens.Scope), by=role, clock=lambda: MORNING)[1]
        found[role] = {"Authorization": f"Bearer {text}"}
        Staff.objects.filter(username=role).update(role=role)
    return found


def test_every_route_is_declared_and_every_declaration_is_a_route(site: Site):
    """WA-5: a route that is not in the table fails here, and opens for nobody."""
    from tenure.web.urls import urlpatterns

    assert {pattern.name for pattern in urlpatterns} == set(table().ROUTES) == set(addresses(site))
    assert set(table().SCOPES) == {name for name in table().ROUTES if name.startswith("api-")} - {"api-openapi"}
    assert not any(table().opens(role, "a-new-page") for role in ROLES)


def test_each_role_opens_what_the_table_says_and_each_refusal_is_written_down(
    site: Site, people: dict[str, httpx.Client]
):
    """WA-5, over GET: posted forms have a test of their own."""
    from tenure.ledger.models import AuditEvent

    walked = {
        name: address
        for name, address in addresses(site).items()
        if table().ROUTES[name] not in ("public", "signed in")
    }
    refused, keys = 0, bearers()
    for role, client in people.items():
        for name, address in walked.items():
            answer = client.get(address, headers=keys[role] if name.startswith("api-") else {})
            if table().opens(role, name):
                missing = 404 if name == "api-webhook" else 200
                assert answer.status_code in (missing, 405), (role, name, answer.status_code)
            else:
                refused += 1
                assert answer.status_code == 403, (role, name, answer.status_code)
                assert "Your role does not open this page" in answer.text or address.endswith(".json")
    denials = AuditEvent.objects.filter(act="access:page:deny")
    assert denials.count() == refused > 20
    assert {row.by for row in denials} <= set(ROLES)
    assert {row.subject for row in denials} >= {"queue-edit", "today-csv", "model"}


def test_every_page_is_in_the_pictures_of_the_documents(site: Site, people: dict[str, httpx.Client]):
    """A new page is shot, and so looked at, or is left out by name."""
    shot = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "shoot.py"))
    pages = set()
    for role in ("director", "administrator"):
        for name, address in addresses(site).items():
            if table().ROUTES[name] == "public" or name.startswith("api-") or not table().opens(role, name):
                continue
            answer = people[role].get(address)
            is_file = "content-disposition" in answer.headers
            if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html") and not is_file:
                pages.add(name)
    assert len(pages) > 30
    assert pages <= set(shot["PAGES"]) | shot["LEFT_OUT"] <= set(table().ROUTES)


def test_the_roles_differ_as_they_should():
    decide = {role for role in ROLES if table().opens(role, "queue-decide")}
    assert decide == {"liaison", "manager", "director"}
    assert {role for role in ROLES if table().opens(role, "sending-pause")} == {"manager", "director", "administrator"}
    assert not table().opens("viewer", "queue-csv")
    assert all(table().opens(role, "queue") for role in ROLES)
    assert table().ROUTES["sign-in"] == "public"


def forms(site: Site) -> dict[str, dict[str, object]]:
    """For each route that changes something, a form that would."""
    from tenure.ledger.models import Proposal

    row = Proposal.objects.filter(chapter_id="Gulf", state="open").first()
    step = row.steps.get()
    seen = f"{step.pk}:{step.digest}"
    return {
        "member-call": {"outcome": "spoke", "key": "roles"},
        "answer-take-up": {"answer": "1"},
        "queue-decide": {"proposal": row.pk, "no": "tone", "seen": seen},
        "queue-approve": {"pick": row.pk, "seen": seen},
        "queue-many": {"pick": row.pk, "do": "assign"},
        "queue-undo": {"proposal": row.pk},
        "queue-edit": {"subject": "x", "body": "y", "seen": step.digest},
        "queue-sample": {},
        "sending-pause": {"why": "x"},
        "sending-resume": {},
        "sending-outcome": {"step": step.pk, "it": "arrived"},
        "sending-replay": {"endpoint": "crm"},
        "playbook-switch": {"on": "1"},
        "report-choose": {"kind": "daily"},
        "tokens": {"name": "x", "scope": "scores:read", "days": "30"},
        "token-revoke": {"token": "1"},
        "view-save": {"of": "today", "back": "band=high", "name": "x", "shared": "1"},
        "view-change": {"view": "1", "do": "remove"},
        "password": {"password": factories.PASSWORD, "new": "four-unrelated-words", "again": "four-unrelated-words"},
        "sign-out-everywhere": {},
        "people": {"username": "new", "role": "viewer"},
        "person": {"do": "close"},
        "webhooks": {"name": "x", "url": "https://127.0.0.1/"},
        "webhook-change": {"name": "crm", "do": "off"},
        "phase-move": {"number": "1", "why": "x"},
        "mapping-keep": {"text": "x", "seen": "", "why": "x"},
        "left-alone-change": {"member": "00001", "why": "x", "do": "add"},
        "second-factor": {"code": "000000", "password": factories.PASSWORD},
        "second-factor-off": {"password": factories.PASSWORD},
        "keys": {"keys": "off"},
    }


def test_every_unsafe_route_wants_its_token_and_its_role(site: Site, people: dict[str, httpx.Client]):
    """WA-4: no token, a wrong one, another site's form, JSON as text: 403, and nothing changed."""
    wanted, walked, before = forms(site), addresses(site), snapshot(audit=False)
    for name, form in wanted.items():
        for role, client in people.items():
            token = token_of(client)
            tries = [
                client.post(walked[name], data=form),
                client.post(walked[name], data={**form, "csrfmiddlewaretoken": "a" * 64}),
                client.post(walked[name], content=b'{"do":"approve"}', headers={"Content-Type": "text/plain"}),
                client.post(
                    walked[name],
                    data={**form, "csrfmiddlewaretoken": token},
                    headers={"Origin": "https://evil.example"},
                ),
            ]
            if not table().opens(role, name):
                tries.append(client.post(walked[name], data={**form, "csrfmiddlewaretoken": token}))
            assert {answer.status_code for answer in tries} == {403}, (name, role)
    assert snapshot(audit=False) == before


def test_a_liaison_sees_and_decides_for_one_chapter_alone(site: Site, people: dict[str, httpx.Client]):
    from tenure.ledger import identities
    from tenure.ledger.models import CurrentScore, Proposal

    liaison, ids = people["liaison"], identities.ids_of()
    mine = {ids[m] for m in CurrentScore.objects.filter(chapter_id="Gulf").values_list("member", flat=True)}
    assert 0 < len(mine) < 60
    assert f'<h2 id="work">{len(mine)} members</h2>' in liaison.get("/?all=1").text
    assert "chapter Pacific" not in liaison.get("/?all=1").text
    assert {row["chapter_id"] for row in liaison.get("/today.json?chapter=Pacific").json()["members"]} == set()
    listed = list(csv.DictReader(io.StringIO(liaison.get("/today.csv").text.lstrip("\ufeff"))))
    assert {row["member_id"] for row in listed} == mine

    queued = list(csv.DictReader(io.StringIO(liaison.get("/queue.csv").text.lstrip("\ufeff"))))
    assert {row["member_id"] for row in queued} <= mine
    assert len(queued) == Proposal.objects.filter(chapter_id="Gulf", state="open").count() > 0
    other = Proposal.objects.filter(state="open").exclude(chapter_id="Gulf").first()
    step = other.steps.get()
    form = {
        "csrfmiddlewaretoken": token_of(liaison),
        "seen": f"{step.pk}:{step.digest}",
        "proposal": other.pk,
        "pick": other.pk,
    }
    for address in (
        f"/members/{ids[other.member]}/", f"/members/{ids[other.member]}/history.csv", f"/queue/?open={other.pk}",
        f"/members/{ids[other.member]}/receipt/", f"/members/{ids[other.member]}/receipt.json",
        f"/queue/step/{step.pk}/edit", f"/queue/step/{step.pk}/preview", f"/queue/{other.pk}/reject",
    ):  # fmt: skip
        assert liaison.get(address).status_code == 404, address
    assert liaison.post("/queue/decide", data={**form, "do": "approve"}).status_code == 404
    assert "0 approved, 1 left out" in liaison.post("/queue/approve", data=form).text
    assert "Nothing to approve" in liaison.get(f"/queue/bulk?pick={other.pk}").text
    other.refresh_from_db()
    assert other.state == "open"


def test_no_reading_changes_anything(site: Site, people: dict[str, httpx.Client]):
    """AP-7: every link that a page shows, followed as each role, by GET and by HEAD; also with what a scanner adds."""
    before = snapshot()
    for role, client in people.items():
        seen = crawl(client)
        assert len(seen) > 12, (role, seen)
        for address in seen[::3]:
            assert client.head(address).status_code in (200, 302, 405), (role, address)
        for name, address in addresses(site).items():
            if table().opens(role, name) and name not in ("queue-undo", "queue-decide"):
                client.get(f"{address}{'&' if '?' in address else '?'}do=approve&pick=1&proposal=1&why=x")
    for address in addresses(site).values():
        httpx.get(site.url + address, headers={"User-Agent": "LinkScanner"})
    assert snapshot() == before


def crawl(client: httpx.Client, most: int = 30) -> list[str]:
    """Follow links from Today on, one of each kind; every one that is shown opens."""
    waiting, seen, kinds = deque(["/"]), [], {}
    known = {"/"}
    while waiting and len(seen) < most:
        address = waiting.popleft()
        answer = client.get(address)
        assert answer.status_code == 200, address
        seen.append(address)
        if "text/html" not in answer.headers["content-type"]:
            continue
        for href in re.findall(r'<a [^>]*href="([^"]+)"', answer.text):
            target = urldefrag(urljoin(address, unescape(href))).url
            parts = urlsplit(target)
            kind = (re.sub(r"\d+", "N", parts.path), *sorted(re.findall(r"(\w+)=", parts.query)))
            if parts.netloc or parts.scheme in ("mailto", "tel") or target in known or kinds.get(kind, 0) >= 1:
                continue
            kinds[kind] = kinds.get(kind, 0) + 1
            known.add(target)
            waiting.append(target)
    return seen


def snapshot(*, audit: bool = True) -> str:
    """A digest of every row of every table, sessions and their beginnings aside."""
    from django.apps import apps

    digest = hashlib.sha256()
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
        if model._meta.label in ("sessions.Session", "ledger.Staff") or (not audit and "Audit" in model._meta.label):
            continue
        for row in model.objects.order_by("pk").values_list():
            digest.update(repr((model._meta.label, row)).encode())
    return digest.hexdigest()
