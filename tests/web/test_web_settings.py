"""Settings: people and roles, passwords, webhooks, phases, who is left alone, the mapping; each change with its row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import factories
import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import RULES, visit
from playwright.sync_api import Browser
from sites import MORNING, Site, send, serving, sign_in

from tenure.base.settings import Source, Webhooks
from tenure.membership.scope import Scope


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Its source is said to be an iMIS, read by the mapping that ships with Tenure."""
    world = factories.world(tmp_path_factory.mktemp("settings") / "home", members=60, nights=1)
    webhooks = Webhooks(networks=("127.0.0.0/8",))
    source = Source(kind="imis", url="https://imis.example", username="tenure")
    world.settings = world.settings.model_copy(update={"webhooks": webhooks, "source": source})
    for role in ("administrator", "director", "manager", "liaison"):
        factories.sign_up(role, role, chapter="Gulf" if role == "liaison" else "")
    factories.sign_up()
    with serving(world) as running:
        yield running


@pytest.fixture(scope="module")
def administrator(site: Site) -> Iterator[httpx.Client]:
    with site.staff("administrator") as client:
        yield client


def shown_once(answer: httpx.Response) -> str:
    return unescape(re.search(r'readonly value="([^"]+)"', answer.text).group(1))


def acts_since(number: int) -> list[tuple[str, str, str]]:
    from tenure.ledger.models import AuditEvent

    rows = AuditEvent.objects.filter(number__gt=number).exclude(act__startswith="staff:session").order_by("number")
    return [(row.act, row.by, row.subject) for row in rows]


def last() -> int:
    from tenure.ledger.models import AuditEvent

    return AuditEvent.objects.latest("number").number


def test_an_administrator_makes_accounts_gives_roles_and_closes_them_at_once(site: Site, administrator: httpx.Client):
    from tenure.ledger.models import Staff

    before = last()
    wrong = send(administrator, "/settings/people/", username="ida", role="liaison")
    assert (wrong.status_code, "A liaison has one chapter" in wrong.text) == (422, True)
    made = send(administrator, "/settings/people/", username="ida", role="manager", full_name="Ida Berg")
    password = shown_once(made)
    assert password not in administrator.get("/settings/people/").text
    page = f"/settings/people/{Staff.objects.get(username='ida').pk}/"
    with site.visitor() as ida:
        assert sign_in(ida, "ida", password).status_code == 302
        assert ida.get("/queue.csv").status_code == 200
        assert send(administrator, page, do="role", role="viewer").status_code == 302
        assert ida.get("/queue.csv").status_code == 403
        assert ida.get("/settings/people/").status_code == 403
        assert send(administrator, page, do="close").status_code == 302
        assert ida.get("/").status_code == 302
        assert "password is not right" in sign_in(ida, "ida", password).text
        assert send(administrator, page, do="open").status_code == 302
        again = shown_once(send(administrator, page, do="password"))
        assert sign_in(ida, "ida", again).status_code == 302
    assert acts_since(before) == [
        ("staff:account:create", "administrator", "ida"),
        ("staff:role:change", "administrator", "ida"),
        ("access:page:deny", "ida", "queue-csv"),
        ("access:page:deny", "ida", "people"),
        ("staff:account:close", "administrator", "ida"),
        ("staff:account:open", "administrator", "ida"),
        ("staff:password:change", "administrator", "ida"),
    ]


def test_nobody_changes_the_role_of_their_own_account_or_closes_it(site: Site, administrator: httpx.Client):
    from tenure.ledger.models import Staff

    own = f"/settings/people/{Staff.objects.get(username='administrator').pk}/"
    assert send(administrator, own, do="close").status_code == 403
    assert send(administrator, own, do="role", role="viewer").status_code == 403
    assert send(administrator, own, do="nonsense").status_code == 422
    person = Staff.objects.get(username="administrator")
    assert (person.is_active, person.role) == (True, "administrator")


def test_ones_own_password_is_changed_by_whoever_knows_it_and_ends_other_sessions(site: Site):
    with site.staff("marta") as here, site.staff("marta") as there:
        new = {"new": "harbor-otter-violet-28", "again": "harbor-otter-violet-28"}
        assert send(here, "/settings/password/", password="guess", **new).status_code == 422
        differ = {**new, "again": "x", "password": factories.PASSWORD}
        assert send(here, "/settings/password/", **differ).status_code == 422
        weak = {"new": "password12", "again": "password12"}
        assert "will not do" in send(here, "/settings/password/", password=factories.PASSWORD, **weak).text
        assert "Changed." in send(here, "/settings/password/", password=factories.PASSWORD, **new).text
        assert here.get("/").status_code == 200
        assert there.get("/").status_code == 302


def test_signing_out_everywhere_ends_every_session_of_the_account(site: Site, administrator: httpx.Client):
    from tenure.ledger.models import Staff

    with site.staff("manager") as here, site.staff("manager") as there, site.staff("director") as other:
        assert send(here, "/sign-out/everywhere").headers["location"] == "/sign-in"
        assert here.get("/").status_code == there.get("/").status_code == 302
        assert other.get("/").status_code == 200
        page = f"/settings/people/{Staff.objects.get(username='director').pk}/"
        assert send(administrator, page, do="sessions").status_code == 302
        assert other.get("/").status_code == 302
        assert sign_in(other, "director", factories.PASSWORD).status_code == 302


def test_webhooks_are_added_switched_and_removed(site: Site, administrator: httpx.Client):
    from tenure.ledger.models import Endpoint

    before, page, change = last(), "/settings/webhooks/", "/settings/webhooks/change"
    assert send(administrator, page, name="crm", url="http://10.0.0.1/").status_code == 422
    made = send(administrator, page, name="crm", url="https://127.0.0.1/x", event=["step.done", "step.dropped"])
    secret = shown_once(made)
    assert secret.startswith("whsec_")
    assert secret not in administrator.get(page).text
    assert Endpoint.objects.get(name="crm").events == ["step.done", "step.dropped"]
    assert shown_once(send(administrator, change, name="crm", do="rotate")) != secret
    for do in ("off", "replay", "remove"):
        assert send(administrator, change, name="crm", do=do).status_code == 302
    assert send(administrator, change, name="crm", do="remove").status_code == 422
    verbs = ("add", "rotate", "disable", "replay", "remove")
    assert acts_since(before) == [(f"webhook:endpoint:{verb}", "administrator", "crm") for verb in verbs]


def test_a_gate_says_why_it_stays_shut_and_what_can_be_passed(site: Site):
    from tenure.ledger.models import Phase

    move = {"segment": "", "number": "3", "why": "the board asked"}
    with site.staff("director") as director, site.staff("manager") as manager:
        assert send(manager, "/settings/phases/move", **move).status_code == 403
        assert "Directors move phases" in manager.get("/settings/phases/?segment=&number=3").text
        shut = send(director, "/settings/phases/move", **move)
        assert shut.status_code == 409
        offered = re.findall(r'name="despite" value="([\w-]+)"', shut.text)
        assert {"few-decided", "few-sent"} <= set(offered)
        assert not {"audit-broken", "no-model"} & set(offered)
        assert not Phase.objects.exists()
        silent = send(director, "/settings/phases/move", **{**move, "why": " "}, despite="few-sent")
        assert (silent.status_code, 'value="few-sent" checked' in silent.text) == (422, True)
        only = {**move, "segment": "member_type=Student"}
        own = director.get("/settings/phases/?segment=member_type%3DProfessional&number=3").text
        assert "The gate to phase 3 as it is now" in own
        assert re.search(
            r"Member type Professional alone: in the back-test of [^<]* 7,400 past renewals, 0.4 in 100 more lapsed",
            own,
        )
        assert 'value="few-past"' not in own
        assert director.get("/settings/phases/?segment=band%3Dhigh&number=2").status_code == 422
        offers = re.findall(r'<option value="([\w=]+)"', director.get("/settings/phases/").text)
        assert {"member_type=Student", "chapter_id=Gulf", "record_type=organization"} <= set(offers)
        few = send(director, "/settings/phases/move", **only).text
        assert "Member type Student alone: too few to tell: of 31 past renewals" in few
        assert re.search(r"Everyone: in the back-test of [^<]* 9,021 past renewals, 0.4 in 100 more lapsed", few)
        despite = [*offered, "few-past"]
        assert send(director, "/settings/phases/move", **only, despite=despite).status_code == 302
        passed = "0 messages were sent; 30 at least tell something. Passed in spite of it."
        page = director.get("/settings/phases/").text
        assert f"Member type Student alone: too few to tell: {passed}" in page
        assert passed in director.get("/settings/phases.json").json()["phases"][1]["found"]
    row = Phase.objects.get()
    assert (row.segment, row.number, row.by) == ("member_type=Student", 3, "director")
    assert row.evidence["despite"] == sorted(despite)
    assert {one["of"] for one in row.evidence["gate"]} == {"everyone", "member_type=Student"}


def test_members_are_left_alone_by_whoever_decides_about_them(site: Site):
    from tenure.ledger import identities
    from tenure.ledger.models import AuditEvent, CurrentScore

    ids = identities.ids_of()
    gulf = ids[CurrentScore.objects.filter(chapter_id="Gulf").first().member]
    pacific = ids[CurrentScore.objects.filter(chapter_id="Pacific").first().member]
    page, change = "/settings/left-alone/", "/settings/left-alone/change"
    with site.staff("manager") as manager, site.staff("liaison") as liaison:
        past = send(manager, change, do="add", member=pacific, why="in hospital", until="2025-02-01")
        assert (past.status_code, "That day is past" in past.text) == (422, True)
        for member in (gulf, pacific):
            given = {"member": member, "why": "in hospital", "until": "2025-06-01"}
            assert send(manager, change, do="add", **given).status_code == 302
        assert "2 members left alone" in manager.get(page).text
        assert "1 member left alone" in liaison.get(page).text
        assert f"/members/{pacific}/" not in liaison.get(page).text
        unknown = send(liaison, change, do="lift", member=pacific)
        assert unknown.status_code == send(liaison, change, do="lift", member="nobody").status_code == 422
        assert send(liaison, change, do="lift", member=gulf).status_code == 302
        assert "1 member left alone" in manager.get(page).text
    rows = AuditEvent.objects.filter(act__startswith="do-not-wake").order_by("number")
    assert [(row.act, row.by) for row in rows] == [
        ("do-not-wake:member:add", "manager"), ("do-not-wake:member:add", "manager"),
        ("do-not-wake:member:lift", "liaison"),
    ]  # fmt: skip
    assert "hospital" not in str([row.details for row in rows])


def test_the_mapping_is_shown_as_its_file_says_and_what_is_wrong_with_it(site: Site, administrator: httpx.Client):
    page = unescape(administrator.get("/settings/mapping/").text)
    assert "feeds by the mapping stock" in page
    assert "$/Tenure/" in page
    assert "2 extra columns in members.csv were ignored" in page
    assert "next version" not in page
    with mapped(site, 'base = "stock"\nwithout = ["nothing.of.the.kind"]\n'):
        page = administrator.get("/settings/mapping/")
    assert page.status_code == 200
    assert "The mapping cannot be read" in page.text
    assert "nothing.of.the.kind" in page.text


@contextmanager
def mapped(site: Site, text: str) -> Iterator[Path]:
    """The association reads its source by a file of its own that says *text*."""
    from django.conf import settings as django_settings

    path, kept = site.world.home.root / "ours.toml", django_settings.TENURE_SETTINGS
    path.write_text(text)
    own = kept.source.model_copy(update={"mapping": "ours.toml"})
    django_settings.TENURE_SETTINGS = kept.model_copy(update={"source": own})
    try:
        yield path
    finally:
        django_settings.TENURE_SETTINGS = kept


def test_the_mapping_is_changed_by_an_administrator_whole_or_not_at_all(site: Site, administrator: httpx.Client):
    """What cannot be used is sent back with its line; what was there is kept, and can be put back."""
    first = 'base = "stock"\n\n[terms.columns]\nends_on = "PaidThru"\n'
    second = first.replace("PaidThru", "ExpiresOn")
    keep, before = "/settings/mapping/keep", last()
    with mapped(site, first) as path, site.staff("director") as director:
        assert "next version" not in director.get("/settings/mapping/").text
        page = administrator.get("/settings/mapping/").text
        seen = re.search(r'name="seen" value="(\w+)"', page).group(1)
        form = {"seen": seen, "why": "The column has a new name"}
        wrong = {
            "line 4, terms.columns.ends_on": second.replace('"ExpiresOn"', "12"),
            "line 6, nothing": second + "\n[nothing]\n",
            "not valid TOML": second.replace('"', ""), "terms has no column": second + 'color = "Red"\n',
        }  # fmt: skip
        for said, text in wrong.items():
            answer = send(administrator, keep, **form, text=text)
            page = unescape(answer.text)
            assert (answer.status_code, page.count("Not kept."), said in page) == (422, 1, True), (said, page)
        assert send(administrator, keep, seen=seen, why=" ", text=second).status_code == 422
        assert (path.read_text(), acts_since(before)) == (first, [])

        assert send(administrator, keep, **form, text=second.replace("\n", "\r\n")).status_code == 302
        assert path.read_text() == second
        assert send(administrator, keep, **form, text=first).status_code == 409
        (earlier,) = path.parent.glob("ours-until-*.toml")
        assert earlier.read_text() == first
        back = administrator.get("/settings/mapping/", params={"version": earlier.name}).text
        assert "PaidThru" in back.partition("<textarea")[2].partition("</textarea>")[0]
        assert administrator.get("/settings/mapping/?version=../tenure.toml").status_code == 404
        assert "ExpiresOn" in administrator.get("/settings/mapping/").text
    assert acts_since(before) == [("mapping:file:change", "administrator", "ours.toml")]


LISTS = {
    "administrator": (
        *(f"/settings/{room}" for room in ("views", "changes", "people", "webhooks", "tokens")),
        "/audit",
    ),
    "director": ("/settings/phases", "/settings/left-alone", "/playbooks", "/audit"),
}


def test_every_list_has_twins_that_say_the_same(site: Site):
    from tenure.ledger import change_ledger, endpoints, playbooks, rollout, saved_views, tokens

    member = site.world.member_of_rank(3)
    rollout.leave_alone(member=member, by="director", why="=1+1", until=None, clock=lambda: MORNING)
    endpoints.add(name="crm", url="https://crm.example", events=(), is_full=False, by="administrator")
    tokens.make(owner="administrator", name="flow", scopes=["scores:read"], by="administrator", clock=lambda: MORNING)
    saved_views.save(
        by="administrator", room="today", name="Of high risk", asks={"band": "high"}, clock=lambda: MORNING
    )
    change_ledger.enter(
        changed_on=MORNING.date(), change="=1+1", scope=Scope(), by="administrator", clock=lambda: MORNING
    )
    playbooks.seed(texts={"renewal-reminder": 'title = "x"'})
    for who, lists in LISTS.items():
        with site.staff(who) as client:
            for address in lists:
                same_as_twins(client, address)
            assert client.get("/settings/phases.xls").status_code == 404


def same_as_twins(client: httpx.Client, address: str) -> None:
    page = client.get(f"{address}/").text
    assert all(f"{address}.{form}" in page for form in ("csv", "json")), f"{address} leads to its twins"
    (listed,) = [value for value in client.get(f"{address}.json").json().values() if isinstance(value, list)]
    text = client.get(f"{address}.csv").text.lstrip("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) >= len(listed) > 0, address
    assert list(rows[0]) == list(listed[0]), address
    key = next(iter(listed[0]))
    assert [row[key] for row in rows][: len(listed)] == [str(one[key]) for one in listed], address
    assert not [cell for row in rows for cell in row.values() if cell.startswith("=")], "no cell begins a formula"


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_axe_finds_nothing_where_accounts_and_webhooks_are_managed(
    site: Site, browser: Browser, administrator: httpx.Client, theme: str, width: int
):
    cookies = [
        {"name": name, "value": administrator.cookies[name], "url": site.url} for name in ("tenure", "tenure-form")
    ]
    with browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900}) as context:
        context.add_cookies(cookies)
        made = visit(site, context)
        with mapped(site, 'base = "stock"\n'):
            for address in ("/settings/people/", "/settings/people/1/", "/settings/webhooks/", "/settings/mapping/"):
                page = made.go(address)
                found = Axe().run(page, options=RULES)
                assert found.violations_count == 0, f"{address}: {found.generate_report()}"
                assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        made.check()
