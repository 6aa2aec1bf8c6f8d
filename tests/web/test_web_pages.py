"""The staff pages over HTTP."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from pathlib import Path

import factories
import httpx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifests import MONTHS
from sites import MORNING, Site, read_csv

from tenure.web.asked import BANDS, SORTS, Asked


@pytest.fixture(scope="module")
def scores(site: Site) -> pl.DataFrame:
    return site.world.scores


def rows(html: str) -> list[str]:
    return re.findall(r'<h3><a href="/members/([^"]+)/">', html)


def total(html: str) -> int:
    return int(re.search(r'<h2 id="work">([\d,]+)', html).group(1).replace(",", ""))


def routes(site: Site) -> list[str]:
    member = site.world.id_of_rank()
    return [
        "/", "/today.csv", "/today.json", "/months.csv", "/months.svg", f"/members/{member}/",
        f"/members/{member}/history.csv", f"/members/{member}/history.svg", "/model/", "/model/calibration.svg",
        "/model/gains.csv", "/runs/", "/runs.csv", "/runs.json", "/runs/1/", "/queue/", "/queue.csv", "/queue.json",
        "/queue/bulk", "/sending/", "/keys/", "/playbooks/",
    ]  # fmt: skip


def test_nothing_opens_without_signing_in(site: Site):
    with site.visitor() as visitor:
        for route in routes(site):
            answer = visitor.get(route)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (302, "/sign-in"), route
        assert visitor.get("/health").text == "ok\n"
        assert visitor.post("/sign-out").status_code == 403


def test_every_page_opens_and_keeps_its_headers(site: Site, staff: httpx.Client):
    """Also errors and the style sheet; nothing personal may be stored."""
    sheet = re.search(r'href="(/static/[^"]+tenure.css)"', staff.get("/").text).group(1)
    for route in [*routes(site), "/nowhere", "/sign-in", sheet]:
        answer = staff.get(route)
        assert answer.status_code == (404 if route == "/nowhere" else 302 if route == "/sign-in" else 200), route
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        for rule in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert rule in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-frame-options"] == "DENY"
        assert ("immutable" if route == sheet else "no-store") in answer.headers["cache-control"]
        assert "server" not in answer.headers


def due_to_call(scores: pl.DataFrame, site: Site) -> pl.DataFrame:
    """Of the top tenth, those in grace or within 45 days of the end who do not renew by themselves."""
    from tenure.ledger.models import CurrentScore

    alone = list(CurrentScore.objects.filter(auto_renew=True).values_list("member", flat=True))
    soon = pl.col("renewal_due_on").is_between(factories.DAY, factories.DAY + pl.duration(days=45))
    marked = (pl.col("risk_rank") >= 0.9) & pl.col("renewal_due_on").is_not_null()
    return scores.filter(marked, pl.col("in_grace") | soon, ~pl.col("member").is_in(alone))


def test_today_opens_with_what_the_day_holds(staff: httpx.Client, site: Site, scores: pl.DataFrame):
    from tenure.ledger.models import CurrentScore

    html = staff.get("/").text
    calls = due_to_call(scores, site)
    payments = CurrentScore.objects.exclude(payment_trouble="")
    assert calls.height
    assert f">{calls.height} to call</a>" in html
    assert f">{payments.count()} payments to fix</a>" in html
    assert "draft" not in re.search(r"<h1.*?</h1>", html, re.DOTALL).group(0), "there is none, so none is named"
    assert "Scored on Mar 1, 2025 at 02:10" in html or "Scored at 02:10" in html
    assert "records read at 02:10" in html
    assert total(html) == calls.height
    worth = dict(CurrentScore.objects.values_list("member", "worth"))
    ordered = sorted(calls["member"], key=lambda member: -worth[member])
    assert rows(html) == [site.world.members[member] for member in ordered]


def test_whom_contact_harms_and_who_is_measured_is_not_to_be_called(
    staff: httpx.Client, site: Site, scores: pl.DataFrame
):
    from tenure.ledger.models import Assignment, DoNotWake

    asleep, drawn = due_to_call(scores, site)["member"].sort()[:2]
    row = {"member": drawn, "stratum": "", "share": 0.1, "as_of": factories.DAY, "at": MORNING, "arm": "control"}
    DoNotWake.objects.create(member=asleep, why="asked for it", by="test", at=MORNING)
    Assignment.objects.create(experiment="one-that-is-over", **row)
    try:
        shown = rows(staff.get("/").text)
        assert site.world.members[drawn] in shown
        assert site.world.members[asleep] not in shown
        Assignment.objects.create(experiment="holdout", **row)
        assert set(shown) - set(rows(staff.get("/").text)) == {site.world.members[drawn]}
        assert staff.get("/today.json?now=1").json()["total"] == len(shown) - 1
    finally:
        DoNotWake.objects.all().delete()
        Assignment.objects.all().delete()


def test_those_to_call_are_gone_through_one_after_another(staff: httpx.Client, site: Site):
    """In the order of the list, from each member's page to the next; nobody else has a turn."""
    order = [one["member_id"] for one in staff.get("/today.json?now=1&sort=worth").json()["members"]]
    assert len(order) > 1
    walked, html = [order[0]], staff.get(f"/members/{order[0]}/").text
    while following := re.search(r'href="/members/([^"]+)/" rel="next"', html):
        walked.append(following.group(1))
        html = staff.get(f"/members/{walked[-1]}/").text
        assert f"{len(walked)} of {len(order)}" in html
    assert walked == order
    others = {one["member_id"] for one in staff.get("/today.json").json()["members"]} - set(order)
    assert "Members to call" not in staff.get(f"/members/{others.pop()}/").text


def test_what_changed_since_the_night_before_is_counted_and_listed(
    staff: httpx.Client, site: Site, scores: pl.DataFrame
):
    before = site.world.lake.scores(factories.DAY - dt.timedelta(days=7))
    both = scores.join(before, on="member", suffix="_before")
    risen = pl.col("risk_score").cast(pl.Int64) - pl.col("risk_score_before").cast(pl.Int64)
    wanted = {
        "high": both.filter(pl.col("band") == "high", pl.col("band_before") != "high"),
        "recovered": both.filter(pl.col("band") != "high", pl.col("band_before") == "high"),
        "renewed": both.filter(pl.col("renewal_due_on") > pl.col("renewal_due_on_before")),
        "odd": both.filter(risen.abs() >= 30),
    }
    html = staff.get("/").text
    assert wanted["renewed"].height
    assert "Since February 22" in html
    for change, frame in wanted.items():
        assert staff.get(f"/today.json?change={change}").json()["total"] == frame.height
        if frame.height:
            assert re.search(rf'change={change}#work">[^<]+</a><span class="n">{frame.height}<', html)
    assert f"${wanted['renewed']['dues'].sum():,.0f} of dues; 0 had been contacted" in html


def test_from_which_band_to_which_members_went_is_counted_whole(staff: httpx.Client, site: Site, scores: pl.DataFrame):
    before = site.world.lake.scores(factories.DAY - dt.timedelta(days=7)).select("member", was="band")
    pairs = scores.join(before, on="member", how="left").with_columns(pl.col("was").fill_null(""))
    wanted = {(was, now): n for was, now, n in pairs.group_by("was", "band").len().iter_rows()}
    rank = {"low": 0, "medium": 1, "high": 2}
    steps = [(rank[now] - rank[was], n) for (was, now), n in wanted.items() if was in rank and now in rank]
    rose, fell = (sum(n for step, n in steps if step * sign > 0) for sign in (1, -1))

    told = staff.get("/bands.json").json()
    assert {(row["was"], row["now"]): row["members"] for row in told["bands"]} == wanted
    assert sum(wanted.values()) == scores.height
    html = staff.get("/").text
    assert rose, "somebody did"
    assert f"{rose} rose to a higher band and {fell} fell to a lower one, of {sum(n for _, n in steps)}</h2>" in html
    matrix = html.partition('aria-label="From band to band"')[2].partition("</table>")[0]
    cells = [int(n) for n in re.findall(r'<td class="n[^"]*">(\d+)</td>', matrix)]
    assert cells[-1] == scores.height == sum(cells[-5:-1])


def test_first_year_members_who_did_nothing_are_told_by_how_long_ago_they_joined(staff: httpx.Client):
    from tenure.ledger.models import CurrentScore

    new = list(CurrentScore.objects.exclude(joined_on=None).values_list("joined_on", "first_act_days"))
    html = staff.get("/").text
    for since, until in ((30, 60), (60, 90), (90, 100_000)):
        here = [act for joined, act in new if since <= (factories.DAY - joined).days < until]
        silent = here.count(None)
        assert staff.get(f"/today.json?silent={since}").json()["total"] == silent
        assert re.search(rf"{since} (?:to|days ago).*?</th><td class=\"n\">{len(here)}</td>", html)
    assert "Of 61 members silent for 90 days in past years, 41 in 100 lapsed" in html
    assert "of 212 others, 19" in html


def test_members_who_had_been_active_and_fell_silent_are_a_list_of_their_own(staff: httpx.Client):
    from tenure.ledger.models import CurrentScore

    silent = CurrentScore.objects.exclude(fell_silent_on=None).count()
    assert 0 < silent < CurrentScore.objects.count()
    assert staff.get("/today.json?quiet=1").json()["total"] == silent
    assert f'<a href="?quiet=1#work">{silent} members</a> who had been active' in staff.get("/").text
    assert f'<h2 id="work">{silent} of 240 members: active before, silent now</h2>' in staff.get("/?quiet=1").text


def test_members_who_take_part_most_are_a_list_of_their_own_with_what_they_did(staff: httpx.Client):
    """By days; each with what was used on most of them, where anything was."""
    from tenure.ledger.models import CurrentScore

    days = sorted(CurrentScore.objects.exclude(engaged_days=None).values_list("engaged_days", flat=True), reverse=True)
    assert 0 < len(days) < CurrentScore.objects.count()
    told = staff.get("/today.json?engaged=1&sort=days").json()
    assert [one["engaged_days"] for one in told["members"]] == days
    assert f'<a href="?engaged=1&amp;sort=days#work">{len(days)} members</a> take part most' in staff.get("/").text
    page = staff.get("/?engaged=1&sort=days").text
    assert f'<h2 id="work">{len(days)} of 240 members: those who take part most</h2>' in page
    assert "Took part on 200 days of the last year; used most: committee work, on 12 days</p>" in page
    assert re.search(r"Took part on \d+ days of the last year</p>", page)
    assert 'class="why"' not in page, "why they may leave is not what they are asked about"
    assert "an hour</span>" not in page
    assert "Took part on" not in staff.get("/?all=1").text
    lines = staff.get("/today.csv?engaged=1&sort=days").text.splitlines()
    assert len(lines) == len(days) + 1


def test_the_list_goes_by_rank_and_pages_hold_everyone_once(staff: httpx.Client, site: Site, scores: pl.DataFrame):
    seen: list[str] = []
    for number in range(1, 100):
        html = staff.get(f"/?all=1&page={number}").text
        seen += rows(html)
        if 'rel="next"' not in html:
            break
    assert len(seen) == len(set(seen)) == scores.height
    ordered = scores.sort(["p_lapse_renewal", "member"], descending=[True, False])
    assert seen == [site.world.members[member] for member in ordered["member"]]
    assert rows(staff.get("/?all=1&page=99999").text) == seen[-len(rows(html)) :]


@pytest.mark.parametrize(
    ("query", "keep"),
    [
        ("band=high", pl.col("band") == "high"),
        ("type=Academic", pl.col("member_type") == "Academic"),
        ("chapter=Great+Lakes", pl.col("chapter_id") == "Great Lakes"),
        ("grace=1", pl.col("in_grace")),
        ("due=30", pl.col("renewal_due_on").is_between(factories.DAY, factories.DAY + pl.duration(days=30))),
        ("call=1", (pl.col("risk_rank") >= 0.9) & pl.col("renewal_due_on").is_not_null()),
        ("band=medium&type=Professional", (pl.col("band") == "medium") & (pl.col("member_type") == "Professional")),
        ("band=new", pl.col("band") == "new"),
    ],
)
def test_a_filter_in_the_address_narrows_list_and_files_alike(
    staff: httpx.Client, scores: pl.DataFrame, query: str, keep: pl.Expr
):
    wanted = scores.filter(keep).height
    assert total(staff.get(f"/?{query}").text) == wanted
    assert staff.get(f"/today.json?{query}").json()["total"] == wanted
    assert len(read_csv(staff.get(f"/today.csv?{query}"))) == wanted


def test_members_are_found_by_name_without_accents_and_by_the_beginning_of_the_id(staff: httpx.Client):
    by_name = staff.get("/", params={"q": "grabarczyk WISNIEWSKA"}).text
    assert rows(by_name)
    assert all("Wiśniewska" in name for name in re.findall(r'<h3><a href="[^"]+">([^<]+)', by_name))
    assert rows(staff.get("/?q=00012").text) == ["00012"]
    nobody = staff.get("/", params={"q": "<script>alert(1)</script>"})
    assert "Nobody in this view has “&lt;script&gt;" in nobody.text


def test_what_is_sought_by_name_comes_in_pages_that_hold_everyone_once(staff: httpx.Client, scores: pl.DataFrame):
    seen: list[str] = []
    first = staff.get("/?q=a&sort=dues&page=1").text
    for number in range(1, -(-total(first) // 20) + 1):
        seen += rows(staff.get(f"/?q=a&sort=dues&page={number}").text)
    asked = [staff.get(f"/today.json?q=a&sort=dues&page={number}").json() for number in range(1, 30)]
    assert 20 < total(first) == len(seen) == len(set(seen)) == asked[0]["total"]
    assert [one["member_id"] for page in asked for one in page["members"]] == seen
    assert asked[-1]["total"] == total(first)
    assert rows(staff.get("/?q=a&sort=dues&page=99999").text) == seen[-(len(seen) % 20 or 20) :]
    assert len(read_csv(staff.get("/today.csv?q=a"))) == len(seen) < scores.height


def test_sorting_by_date_puts_the_next_renewal_first_and_no_renewal_last(staff: httpx.Client, scores: pl.DataFrame):
    found = staff.get("/today.json?sort=date").json()["members"]
    assert [m["renewal_due_on"] for m in found] == sorted(m["renewal_due_on"] for m in found)
    assert found[0]["renewal_due_on"] == str(scores["renewal_due_on"].min())


@settings(max_examples=200, deadline=None)
@given(
    asked=st.builds(
        Asked,
        band=st.sampled_from(["", *BANDS]),
        kind=st.text("abcXYZ &=é", max_size=20).map(str.strip),
        chapter=st.text("abc &=?#", max_size=20).map(str.strip),
        due=st.none() | st.integers(1, 3650),
        grace=st.booleans(),
        call=st.booleans(),
        now=st.booleans(),
        change=st.sampled_from(["", "high", "recovered", "renewed", "odd"]),
        payment=st.booleans(),
        silent=st.sampled_from([None, 30, 60, 90]),
        quiet=st.booleans(),
        engaged=st.booleans(),
        words=st.text("abc'\"%_ü", max_size=20).map(lambda text: " ".join(text.split())),
        sort=st.sampled_from(sorted(SORTS)),
        page=st.integers(1, 1000),
    )
)
def test_any_view_can_be_mailed(asked: Asked):
    """The parameters of a view bring the same view back."""
    again = Asked.of({**asked.parameters(), "sort": asked.sort, "page": str(asked.page)})
    assert again == asked


@pytest.mark.parametrize(
    "query",
    ["page=-1", "page=0", "page=x",
     "page=" + "9" * 40, "due=-3", "due=٣", "due=1e9", "band=nope", "sort=;drop", "q=%00",
     "q=" + "a" * 5000, "type=%27%20OR%201=1", "change=all", "grace=yes", "page=1&page=2"],
)  # fmt: skip
def test_what_cannot_be_understood_counts_as_not_asked(staff: httpx.Client, query: str):
    assert staff.get(f"/?{query}").status_code == 200


def test_csv_has_every_row_with_ids_to_the_letter(staff: httpx.Client, scores: pl.DataFrame, site: Site):
    found = read_csv(staff.get("/today.csv"))
    assert {row["member_id"] for row in found} == set(site.world.members.values())
    top = found[0]
    assert top["member_id"] == site.world.id_of_rank()
    assert float(top["p_low"]) <= float(top["p_lapse_renewal"]) <= float(top["p_high"])
    assert top["as_of"] == "2025-03-01"


def test_json_pages_hold_everyone_once(staff: httpx.Client, scores: pl.DataFrame):
    seen, address = [], "/today.json"
    while address:
        answer = staff.get(address).json()
        seen += [member["member_id"] for member in answer["members"]]
        address = answer["next"]
    assert len(seen) == len(set(seen)) == scores.height


def test_the_member_page_tells_score_reasons_history_and_record(staff: httpx.Client, site: Site, scores: pl.DataFrame):
    top = scores.sort(["p_lapse_renewal", "member"], descending=[True, False]).row(0, named=True)
    html = staff.get(f"/members/{site.world.id_of_rank()}/").text
    assert f"High, {top['risk_score']} in 100" in html
    assert f"What stands behind the {top['risk_score']}" in html
    for i in (1, 2, 3):
        assert top[f"reason_{i}"].partition("; ")[0] in html.replace("&#x27;", "'")
    assert "Associated with lapsing" in html
    assert re.search(r"points? (above|below) the average|As the average", html), "the waterfall begins with its finding"
    assert 'id="history-t"' in html
    assert f"mailto:member{site.world.id_of_rank()}@example.org" in html
    points = [
        int(p.replace("−", "-"))
        for p in re.findall(r'<td class="n">([+−]?\d+)</td>', html.partition("What stands behind")[2])
    ]
    assert abs(sum(points[:-1]) - points[-1]) <= 3, "the waterfall adds up but for rounding"


def test_the_timeline_can_be_filtered_and_paged_to_its_end(staff: httpx.Client, site: Site):
    member = site.world.id_of_rank()
    address, days = f"/members/{member}/?show=use", []
    for _ in range(40):
        html = staff.get(address).text
        days += re.findall(r'<time datetime="([\d-]+)"', html)
        earlier = re.search(r'href="(\?[^"#]+)#time">Earlier', html)
        if not earlier:
            break
        address = f"/members/{member}/{earlier.group(1).replace('&amp;', '&')}"
    assert days == sorted(days, reverse=True)
    key = next(m for m, i in site.world.members.items() if i == member)
    use = site.world.lake.timeline(key, limit=10_000, kinds=["login", "page_view", "resource_download",
                                                             "community_post", "ticket_opened"])  # fmt: skip
    assert set(days) == {str(at.date()) for at in use["occurred_at"]}
    assert staff.get(f"/members/{member}/?show=nonsense&before=soon").status_code == 200


def test_the_timeline_has_twins_that_turn_its_pages(staff: httpx.Client, site: Site):
    base = f"/members/{site.world.id_of_rank()}/"
    first = staff.get(f"{base}timeline.json?show=events").json()
    shown = re.findall(r"<time datetime=\"([^\"]+)\"", staff.get(f"{base}?show=events").text)
    assert [one["on"] for one in first["timeline"]] == shown
    text = staff.get(f"{base}timeline.csv?show=events").text.lstrip("\ufeff")
    assert [row["text"] for row in csv.DictReader(io.StringIO(text))] == [one["text"] for one in first["timeline"]]
    days = [one["on"] for one in first["timeline"]]
    while first["next"]:
        first = staff.get(first["next"]).json()
        days += [one["on"] for one in first["timeline"]]
    assert days == sorted(days, reverse=True)


def test_an_unknown_member_and_an_unknown_run_are_not_found(staff: httpx.Client):
    for address in ("/members/99999/", "/members/12/", "/runs/999/", "/model/?version=../../x", "/model/roc.svg"):
        answer = staff.get(address)
        assert answer.status_code == 404
        assert re.search(r'reference <b class="reference">[A-Z0-9]{8}</b>', answer.text)


def test_runs_show_steps_counts_and_notices(staff: httpx.Client):
    listed = staff.get("/runs/").text
    for words in (
        "The last run, for March 1, 2025, did everything", "How fresh the records are", "Feb 21, 2025", "8 days ago",
        "Activity: web", "9,120", "96 requests: 96 to read, 0 to write, at most 3,600 an hour", "2 held back",
    ):  # fmt: skip
        assert words in listed, words
    html = staff.get("/runs/3/").text
    for words in (
        "Rows of programs",
        "Ref is empty.",
        "96 requests",
        "Sync",
        "Write back",
        "Nothing to do",
        "2 extra columns in members.csv were ignored",
        "16,800",
    ):
        assert words in html
    assert len(staff.get("/runs.json").json()["runs"]) == 3
    assert len(read_csv(staff.get("/runs.csv"))) == 12


def test_the_months_ahead_are_the_scores_with_ranges_and_last_years_lapses(site: Site, staff: httpx.Client):
    """Each month is counted again from the scores, its last year from what is kept for Membership."""
    from tenure.insights.months_ahead import ranges, shared_of
    from tenure.ledger import figures
    from tenure.ledger.models import CurrentScore

    told: dict[dt.date, list[float]] = {}
    for due, p in CurrentScore.objects.filter(renewal_due_on__gte=factories.DAY).values_list(
        "renewal_due_on", "p_lapse_renewal"
    ):
        told.setdefault(due.replace(day=1), []).append(p)
    ended = {one["month"]: one for one in figures.kept(part=figures.RECORD).body["ended"]}
    rows = read_csv(staff.get("/months.csv"))

    assert [row["Month"] for row in rows] == [f"{month:%b %Y}" for month in sorted(told)][:12]
    for row, month in zip(rows, sorted(told), strict=False):
        of = told[month]
        shared = shared_of(MONTHS, (month.replace(day=16) - factories.DAY).days)
        found = ranges(sum(of), sum(p * (1 - p) for p in of), len(of), shared)
        assert [row[f"{part} % range"] for part in (50, 80, 95)] == [f"{low}–{high}" for low, high in found]
        assert (row["Due"], row["May lapse"]) == (str(len(of)), str(round(sum(of))))
        last = ended.get(str(month.replace(year=month.year - 1)))
        assert row["Lapsed last year"] == (str(last["lapsed"]) if last and not last["open"] else "")
    assert sum(row["Lapsed last year"] != "" for row in rows) > 3


def test_charts_as_files_carry_their_own_colors(staff: httpx.Client):
    answer = staff.get("/months.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "attachment" in answer.headers["content-disposition"]
    assert "<style>" in answer.text


def test_the_number_of_queries_does_not_grow_with_the_list(site: Site):
    """Two dozen at most for a page of twenty, whoever is on it."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tenure.ledger import staff as accounts

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(accounts.find(username="marta"))
    session = client.session
    began = int(MORNING.timestamp())
    session.update({"began": began, "seen": began})
    session.save()
    counted = {}
    for address in (
        "/",
        "/?all=1&page=2",
        "/?q=jun&band=medium",
        f"/members/{site.world.id_of_rank()}/",
        "/model/",
        "/runs/",
    ):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        counted[address] = len(queries)
    assert max(counted.values()) <= 24, counted


TEMPLATES = Path(__file__).parents[2] / "src" / "tenure" / "web" / "templates"


@pytest.fixture(params=sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def template(request: pytest.FixtureRequest) -> str:
    return request.param.read_text()


def test_templates_hold_nothing_that_the_policy_forbids(template: str):
    """No inline style or handler, no escaping switched off, no address of another site."""
    for wrong in (
        r"\sstyle\s*=",
        r"\son\w+\s*=",
        r"<style",
        r"javascript:",
        r"\|\s*safe\b",
        r"autoescape off",
        r"hx-on",
    ):
        assert not re.search(wrong, template), wrong
    assert not re.search(r'(src|href|action)="(https?:)?//', template)
