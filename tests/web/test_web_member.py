"""What a member's page says beside the score: its like, what we did, the next step, the organization."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import drafts
import factories
import httpx
import polars as pl
import pytest
from sites import Site, point_at, send, serving

DONE = dt.datetime(2025, 2, 20, 9, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two dozen members, of whom the first four have proposals; the email of the second has left and been answered."""
    world = factories.world(tmp_path_factory.mktemp("web") / "home", members=24)
    factories.sign_up()
    from tenure.ledger.models import Proposal, Response

    drafts.propose(world, 4)
    second = Proposal.objects.get(member=world.member_of_rank(1))
    step = second.steps.get()
    Proposal.objects.filter(pk=second.pk).update(state="done", decided_by="marta", decided_at=DONE)
    second.steps.update(state="done", done_at=DONE)
    Response.objects.create(
        member=second.member, step=step, kind="replied", source="test", reference="r1", at=DONE, noted_at=DONE
    )
    first = Proposal.objects.get(member=world.member_of_rank(0)).steps.get()
    first.details = {**first.details, "talking_points": ["Give thanks for nine years", "Do not mention scores"]}
    first.save()
    with serving(world) as running:
        yield running


def page(staff: httpx.Client, site: Site, place: int, query: str = "") -> str:
    answer = staff.get(f"/members/{site.world.id_of_rank(place)}/{query}")
    assert answer.status_code == 200
    return answer.text.replace("&#x27;", "'")


def test_members_like_this_one_are_counted_not_rounded_from_the_score(staff: httpx.Client, site: Site):
    """The count comes from past decisions, so it need not be the score; with few of them nothing is claimed."""
    from tenure.ledger.models import CurrentScore

    mine = CurrentScore.objects.filter(member=site.world.member_of_rank(0))
    mine.update(like_decided=100, like_lapsed=41, like_low=0.6, like_high=0.64)
    html = page(staff, site, 0)
    assert "<b>41 of 100</b> members like this one lapsed" in html
    assert "scored closest, 60 to 64 in 100" in html
    assert "By chance alone it may be 33–49 in 100" in html
    assert html.count('class="on"') == 41
    mine.update(like_decided=57, like_lapsed=20)
    assert page(staff, site, 0).count('class="on"') == 20
    mine.update(like_decided=7, like_lapsed=3)
    html = page(staff, site, 0)
    assert "Too few to tell: 7 past decisions" in html
    assert 'class="on"' not in html
    mine.update(like_decided=0, like_lapsed=0, like_low=None, like_high=None)
    assert "Too few to tell: 0 past decisions" in page(staff, site, 0)


def test_a_reason_of_no_points_is_no_step_on_the_way_to_a_score(staff: httpx.Client, site: Site):
    """Points are told in steps that the model can tell apart, so a third reason may round to none."""
    from tenure.ledger.models import CurrentScore

    mine = CurrentScore.objects.filter(member=site.world.member_of_rank(5))
    mine.update(reason_3="Renewed once", reason_3_points=1.0)
    assert "Renewed once" in page(staff, site, 5).partition("What stands behind")[2].partition("</table>")[0]
    mine.update(reason_3_points=0.0)
    assert "Renewed once" not in page(staff, site, 5).partition("What stands behind")[2].partition("</table>")[0]


def test_what_we_did_stands_in_the_history_and_the_timeline_with_what_came_of_it(staff: httpx.Client, site: Site):
    html = page(staff, site, 1)
    assert "email on February 20, 2025" in re.search(r"Markers: [^<]*", html).group(0)
    ours = page(staff, site, 1, "?show=ours")
    entries = re.findall(r'<time datetime="([\d-]+)">.*?<p>(.*?)</p>', ours.partition('id="time"')[2], re.DOTALL)
    assert [on for on, _ in entries] == ["2025-02-20"]
    assert entries[0][1].startswith("Email, ")
    assert "Answered." in ours
    assert re.search(r'aria-current="page">Our contacts<span class="count">1<', ours)
    assert "1 of 3 contacts used" in html


def test_the_list_says_when_somebody_was_last_contacted(staff: httpx.Client, site: Site):
    html = staff.get(f"/?q={site.world.id_of_rank(1)}").text
    assert "Last contact: Email, February 20<" in html
    assert "Last contact" not in staff.get(f"/?q={site.world.id_of_rank(0)}").text, "a draft is no contact"


def test_the_list_names_where_a_member_works(staff: httpx.Client, site: Site):
    """As the newest version of the record has it."""
    working = site.world.lake.members().sort("valid_from").unique("member", keep="last", maintain_order=True)
    member, employer = working.filter(pl.col("employer") != "").select("member", "employer").row(0)
    html = unescape(staff.get(f"/?q={site.world.members[member]}").text)
    assert f'<p class="sub">{employer}</p>' in html
    other = working.filter(pl.col("employer").is_null())["member"][0]
    assert (
        "None"
        not in re.search(
            r'<div class="who">.*?</div>', staff.get(f"/?q={site.world.members[other]}").text, re.DOTALL
        ).group()
    )


def test_an_organization_has_no_employer_and_no_job(staff: httpx.Client, site: Site):
    from tenure.ledger.models import CurrentScore

    member = CurrentScore.objects.filter(record_type="organization").values_list("member", flat=True).first()
    html = staff.get(f"/members/{site.world.members[member]}/").text
    assert re.search(r'<p class="sub">Organization · ', html)
    assert "engineer" not in html.partition('class="sub"')[2].partition("</p>")[0]


def test_who_left_is_listed_with_what_had_been_said_of_them(staff: httpx.Client, site: Site):
    """Compared with the night before; who objects to being profiled is a member still, and nothing is said of them."""
    lake, frame = site.world.lake, site.world.scores
    left, objects = frame.sort("renewal_due_on", nulls_last=True)["member"][:2].to_list()
    assert staff.get("/gone.json").json()["gone"] == []
    assert "Nobody left since" in staff.get("/gone/").text
    lake.write_scores(factories.DAY, frame.filter(~pl.col("member").is_in([left, objects])))
    lake.set_objection(objects, objects=True, at=DONE)
    try:
        (one,) = staff.get("/gone.json").json()["gone"]
        night = max(day for day in lake.score_dates() if day < factories.DAY)
        then = lake.scores(night).filter(pl.col("member") == left).row(0, named=True)
        assert one["member_id"] == site.world.members[left]
        assert (one["band"], one["p_lapse_renewal"]) == (then["band"], then["p_lapse_renewal"])
        assert one["term_ended_on"] == then["renewal_due_on"].isoformat()
        is_over = then["renewal_due_on"] < factories.DAY
        assert one["how"] == ("Not renewed by the end of grace" if is_over else "No term of their own any more")
        html = staff.get("/gone/").text
        assert "1 member left since" in html
        assert f"/members/{site.world.members[left]}/" in html
        assert site.world.members[objects] not in html
        assert one["member_id"] in staff.get("/gone.csv?days=30").text
        factories.sign_up("next-door", "liaison", chapter="Gulf" if one["chapter_id"] != "Gulf" else "Pacific")
        with site.staff("next-door") as liaison:
            assert one["member_id"] not in liaison.get("/gone/").text
    finally:
        lake.set_objection(objects, objects=None, at=DONE)
        lake.write_scores(factories.DAY, frame)


def test_what_reached_members_and_what_followed_is_counted_by_playbook_each_member_once(
    staff: httpx.Client, site: Site
):
    """The funnel of notices: of 90 days, of one's own chapter; a draft, and what is longer ago, is in no column."""
    from tenure.ledger.models import OutreachStep, Proposal, Response

    row, everyone = staff.get("/contacted.json").json()["contacted"]
    assert (row["contacted"], row["answered"], row["renewed"]) == (1, 1, 0)
    second = Proposal.objects.get(member=site.world.member_of_rank(1))
    step = second.steps.get()
    again = {"member": second.member, "source": "test", "at": DONE, "noted_at": DONE}
    for kind, step_of in (("replied", step), ("renewed", step), ("renewed", None)):
        Response.objects.create(kind=kind, step=step_of, reference=f"more {kind} {step_of}", **again)
    row, everyone = staff.get("/contacted.json").json()["contacted"]
    assert (row["contacted"], row["answered"], row["renewed"]) == (1, 1, 1)
    assert {name: row[name] for name in row if name not in ("playbook", "title")}.items() <= everyone.items()
    assert "1 member written to or called in 90 days; 1 renewed after it" in staff.get("/playbooks/").text
    assert re.search(r'<td class="n"><b>1</b></td>(<td class="n">[01]</td>){6}', staff.get("/playbooks/").text)
    other = "Gulf" if second.chapter_id != "Gulf" else "Pacific"
    factories.sign_up("elsewhere", "liaison", chapter=other)
    with site.staff("elsewhere") as liaison:
        assert liaison.get("/contacted.json").json()["contacted"] == []
    OutreachStep.objects.filter(pk=step.pk).update(done_at=DONE - dt.timedelta(days=120))
    assert staff.get("/contacted.json").json()["contacted"] == []
    OutreachStep.objects.filter(pk=step.pk).update(done_at=DONE)
    Response.objects.filter(reference__startswith="more").delete()


def test_a_member_is_left_alone_from_their_own_page_which_then_says_so(staff: httpx.Client, site: Site):
    from tenure.ledger.models import DoNotWake

    html = page(staff, site, 5)
    form = re.search(r'href="(/settings/left-alone/\?member=[^"#]+)', html).group(1)
    assert f'value="{site.world.id_of_rank(5)}"' in staff.get(form).text
    sent = {"do": "add", "member": site.world.id_of_rank(5), "why": "asked for peace", "until": "2025-05-01"}
    assert send(staff, "/settings/left-alone/change", **sent).status_code == 302
    assert "Until May 1: asked for peace (marta)" in page(staff, site, 5)
    DoNotWake.objects.all().delete()
    assert "asked for peace" not in page(staff, site, 5)


def test_the_next_step_names_the_draft_and_what_to_speak_about(staff: httpx.Client, site: Site):
    html = page(staff, site, 0)
    assert "Next step: write" in html
    assert "Give thanks for nine years" in html
    assert 'class="btn primary" href="/queue/?open=' in html
    silent = page(staff, site, 20)
    assert "None waits." in silent
    assert "Open the draft" not in silent


def test_a_member_whom_the_night_passed_over_is_told_why(staff: httpx.Client, site: Site):
    from tenure.ledger import passed_over

    held = passed_over.HeldMember(site.world.member_of_rank(20), "a-word", 1, "x", "medium", "staff hours")
    passed_over.keep(members=[held], as_of=factories.DAY)
    said = "Selected last night, and not listed: A word. There are not enough staff hours for it this week."
    assert said in page(staff, site, 20)
    passed_over.keep(members=[], as_of=factories.DAY)
    assert "Selected last night" not in page(staff, site, 20)


def test_a_window_of_years_is_told_by_its_near_end(staff: httpx.Client, site: Site):
    from tenure.ledger.models import CurrentScore

    mine = CurrentScore.objects.filter(member=site.world.member_of_rank(2))
    mine.update(lapse_earliest_on=dt.date(2025, 12, 31), lapse_latest_on=dt.date(2026, 12, 31), in_grace=False)
    assert "8 times in 10 between December 31, 2025 and December 31, 2026" in page(staff, site, 2)
    mine.update(lapse_latest_on=dt.date(2035, 12, 29))
    html = page(staff, site, 2)
    assert "9 times in 10 not before December 31, 2025" in html
    assert "2035" not in html


def test_value_reason_payment_and_control_group_are_said(staff: httpx.Client, site: Site):
    from tenure.ledger.models import Assignment, CurrentScore

    score = CurrentScore.objects.get(member=site.world.member_of_rank(0))
    score.payment_trouble, score.payment_trouble_on, score.leaving_reason = "declined", dt.date(2025, 2, 10), "price"
    score.save()
    Assignment.objects.create(
        experiment="holdout", member=score.member, arm="control", share=0.1, as_of=factories.DAY, at=DONE
    )
    html = page(staff, site, 0)
    assert f"<dd>${score.dues:,.0f} a term</dd>" in html
    assert f"${score.lifetime_value:,.0f} expected over ten years" in html
    assert "<dd>Price</dd>" in html
    assert "Payment failed on February 10, none since" in html
    assert f"about {round(25 * score.p_lapse_renewal)} of them by a failed payment" in html
    assert "Yes (holdout): left alone to compare with" in html


def test_an_organization_lists_its_people_and_a_person_the_others_of_it(staff: httpx.Client, site: Site):
    """Those at risk first; a liaison is told of none, since they may be of another chapter."""
    world = site.world
    company, *people = (world.member_of_rank(place) for place in (23, 5, 9, 12))
    with world.lake.batch(source="test", at=dt.datetime(2025, 3, 1, 3, tzinfo=dt.UTC)) as batch:
        rows = world.lake.members().filter(pl.col("member").is_in([company, *people]))
        batch.add_versions(
            "members",
            rows.with_columns(
                valid_from=pl.lit(dt.datetime(2025, 1, 1)),
                organization=pl.when(pl.col("member") != company).then(pl.lit(company)),
                record_type=pl.when(pl.col("member") == company).then(pl.lit("organization")).otherwise("record_type"),
            ),
        )
        batch.commit()
    html = page(staff, site, 23)
    assert "3 people" in html
    listed = re.findall(r'href="/members/(\d+)/"', html.partition('id="people"')[2])
    assert listed[:3] == [world.members[member] for member in people]
    other = page(staff, site, 9)
    assert f'href="/members/{world.members[company]}/"' in other
    assert "2 others" in other
    factories.sign_up("lia", role="liaison", chapter=_chapter(company))
    with site.staff("lia") as liaison:
        answer = liaison.get(f"/members/{world.members[company]}/")
        assert answer.status_code == (200 if _chapter(company) else 404)
        assert 'id="people"' not in answer.text


def _chapter(member: int) -> str:
    from tenure.ledger.models import CurrentScore

    return CurrentScore.objects.get(member=member).chapter_id


def test_what_an_hour_of_calls_keeps_is_told_in_what_the_settings_count(staff: httpx.Client, site: Site):
    from tenure.ledger.models import CurrentScore

    score = CurrentScore.objects.filter(member=site.world.member_of_rank(0))
    worth = score.get().worth
    outreach = site.world.settings.outreach.model_copy(update={"worth": "members"})
    by_members = site.world.settings.model_copy(update={"outreach": outreach})
    assert f"Keeps ${worth:,.0f} an hour" in page(staff, site, 0)

    point_at(replace(site.world, settings=by_members))
    score.update(worth=0.043)
    try:
        assert "Keeps 0.043 members an hour" in page(staff, site, 0)
    finally:
        point_at(site.world)
        score.update(worth=worth)
