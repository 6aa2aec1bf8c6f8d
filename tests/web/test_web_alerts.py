"""What somebody must know before working through a list."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import drafts
import factories
import httpx
import pytest
from sites import Site, serving


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    world = factories.world(tmp_path / "home", members=24, nights=1)
    factories.sign_up()
    factories.sign_up("lia", role="liaison", chapter="Gulf")
    with serving(world) as running:
        yield running


def titles(client: httpx.Client) -> list[str]:
    part = client.get("/").text.partition('id="alerts"')[2].partition("</section>")[0]
    return re.findall(r'<li>(?:<a class="name" href="[^"]*">|<b>)([^<]+)<', part)


def test_a_quiet_day_has_none(site: Site):
    with site.staff() as client:
        assert titles(client) == []
        assert "alert" not in re.search(r"<h1.*?</h1>", client.get("/").text, re.DOTALL).group(0)


def test_each_trouble_is_named_once_with_where_to_look(site: Site):
    from tenure.ledger import promotions, runs
    from tenure.ledger.models import OutreachStep, Proposal, ScoreSet

    outage = {"feed": "community_post", "since": "2025-02-23", "leaning": ["Community"]}
    figures = ScoreSet.objects.get().day
    ScoreSet.objects.update(day={**figures, "outages": [outage]})
    held = {"reminder: staff hours": 9, "reminder: week cap": 2, "other: open proposal": 50}
    with runs.start(as_of=factories.DAY, kind="night", by="test", clock=lambda: drafts_at()) as run:
        with run.step("drift") as step:
            step.count(alarms=2)
            step.notice("email_opened came to half of what is usual")
        with run.step("propose") as step:
            step.count(held_back=held)
    first, second, third, *_ = drafts.propose(site.world, 6)
    Proposal.objects.filter(pk__in=[first, second]).update(expires_on=factories.DAY + dt.timedelta(days=2))
    Proposal.objects.filter(pk=third).update(state="approved")
    OutreachStep.objects.filter(proposal=third).update(state="unknown")
    promotions.record(
        version="2025-02-27-aa", replaced="2025-01-01-bb", effective_on=dt.date(2025, 2, 27), how="person", by="dora",
        why="it is no worse", clock=drafts_at,
    )  # fmt: skip
    with site.staff() as client:
        assert titles(client) == [
            "Community post stopped",
            "2 drift warnings",
            "2 approvals overdue",
            "1 step of unknown outcome",
            "Cap reached: 11 members wait",
            "Another model serves since February 27",
        ]
        html = client.get("/").text
        assert ">6 alerts</a>" in html
        assert "Nothing has come for anybody since February 23. Scores that lean on it (Community)" in html
        assert "there are not enough staff hours for it this week" in html
        for address in set(re.findall(r'href="(/(?:queue|runs|model)[^"]*)"', html.partition('id="alerts"')[2])):
            assert client.get(address.replace("&amp;", "&")).status_code == 200
    with site.staff("lia") as client:
        assert "Cap reached: 11 members wait" not in titles(client)
        assert "Community post stopped" in titles(client)
        assert 'href="/runs/' not in client.get("/").text.partition("<main")[2]


def drafts_at() -> dt.datetime:
    return dt.datetime(2025, 3, 1, 2, 20, tzinfo=dt.UTC)


def test_whether_contact_works_is_answered_as_far_as_the_arms_tell(site: Site):
    from tenure.ledger.models import ScoreSet

    figures = ScoreSet.objects.get().day
    nothing = dict.fromkeys(("decided", "reached", "treated", "treated_kept", "control", "control_kept"), 0)
    counted = {"wanted": 500, "decided": 412, "reached": 150, "treated": 206, "treated_kept": 147, "control": 206,
               "control_kept": 142, "points": 2.4, "low": -6.4, "high": 11.2}  # fmt: skip
    told = {
        "Nothing to compare yet": {**nothing, "wanted": 0},
        "Too early": {**nothing, "wanted": 96, "decided": 12, "treated": 10, "control": 2, "points": None},
        "Cannot tell yet": counted,
        "Yes, it keeps members": {**counted, "low": 0.4},
        "No, it loses members": {**counted, "points": -4.0, "low": -7.0, "high": -1.0},
    }
    with site.staff() as client, site.staff("lia") as lia:
        assert 'id="contact"' not in client.get("/").text
        for answer, contact in told.items():
            ScoreSet.objects.update(day={**figures, "contact": contact})
            page = client.get("/").text
            assert f"Is contact working? {answer}</h2>" in page, answer
            if answer == "Too early":
                assert "12 of 96 renewals decided: 10 wanted, 2 left out by lot" in page
            if answer == "Cannot tell yet":
                assert "+2.4 points, 95 % range −6.4 to +11.2" in page
                assert "71 in 100 of 206" in page
        assert 'id="contact"' not in lia.get("/").text


def test_what_each_playbook_does_is_hidden_with_a_sentence_until_enough_is_decided(site: Site):
    from tenure.ledger.models import ScoreSet

    figures = ScoreSet.objects.get().day
    few = {"playbook": "Renewal notice", "band": "", "wanted": 60, "decided": 31, "reached": 5, "treated": 20,
           "treated_kept": 15, "control": 11, "control_kept": 8, "points": None, "low": None, "high": None}  # fmt: skip
    many = {**few, "decided": 412, "treated": 206, "treated_kept": 180, "control": 206, "control_kept": 142,
            "points": 18.4, "low": 6.2, "high": 30.6}  # fmt: skip
    with site.staff() as client:
        try:
            ScoreSet.objects.update(day={name: told for name, told in figures.items() if name != "effects"})
            assert "oo little is decided" not in client.get("/model/").text
            assert client.get("/model/effects.csv").status_code == 404
            ScoreSet.objects.update(day={**figures, "effects": []})
            assert "No playbook leaves anybody out to compare with" in client.get("/model/").text
            ScoreSet.objects.update(day={**figures, "effects": [few]})
            page = client.get("/model/").text
            assert "What contact does: too early" in page
            assert "Too little is decided of 1 comparison (playbooks, and bands of them), which" in page
            assert "told from 20 renewals of either arm on; 31 are decided in all" in page
            assert client.get("/model/effects.svg").status_code == 404
            ScoreSet.objects.update(day={**figures, "effects": [many, {**few, "band": "high"}]})
            page = client.get("/model/").text
            assert "“Renewal notice” keeps members: +18.4 points" in page
            assert "Too little is decided of 1 of 2 comparisons" in page
            assert "All were fixed before the lot was drawn" in page
            lines = client.get("/model/effects.csv").text.splitlines()
            assert len(lines) == 2
            assert '"Renewal notice","all",18.4,6.2,30.6,206,180,206,142' in lines[1]
        finally:
            ScoreSet.objects.update(day=figures)


def test_newcomers_of_whom_nothing_would_be_known_are_not_said_to_have_done_nothing(site: Site):
    """Where a night found that nothing of the kind is on record; and of those who joined before it began to be."""
    from tenure.ledger.models import CurrentScore, ScoreSet

    figures = ScoreSet.objects.get().day
    CurrentScore.objects.update(joined_on=factories.DAY - dt.timedelta(days=100), first_act_days=None)
    everyone = CurrentScore.objects.count()
    late = CurrentScore.objects.order_by("member").first()
    CurrentScore.objects.filter(pk=late.pk).update(joined_on=factories.DAY - dt.timedelta(days=91))
    begun = (factories.DAY - dt.timedelta(days=95)).isoformat()
    said = {}
    for since in ("2020-01-01", begun, None):
        at = factories.DAY if since is None else dt.date.fromisoformat(since)
        night = dt.datetime.combine(at, dt.time(), dt.UTC)
        ScoreSet.objects.update(day={**figures, "acts_since": since}, day_at=night)
        with site.staff() as client:
            total = client.get("/today.json?silent=90").json()["total"]
            said[since] = total, re.search(r'<h2 id="first-year">([^<]*)<', client.get("/").text).group(1)

    assert said["2020-01-01"] == (everyone, f"{everyone} first-year members have done nothing")
    assert said[begun] == (1, "1 first-year member has done nothing")
    assert said[None] == (0, "Nobody knows which first-year members have done nothing")
