"""What the rollout permits: each by a named person who may, with a reason, in the log; nothing by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tenure.base.errors import HeldBack, NotAllowed, UsageError
from tenure.base.home import Home
from tenure.base.settings import Settings

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
TODAY = NOW.date()
pytestmark = pytest.mark.usefixtures("home")


def clock() -> dt.datetime:
    return NOW


@pytest.fixture
def people(home: object) -> None:
    """One account of each role that matters here, called as the role is."""
    from tenure.ledger import staff

    for role in ("administrator", "director", "manager", "viewer"):
        staff.create(username=role, password="four or five words", by="test", role=role)


def allowed(**given: Any) -> Any:
    from tenure.ledger import rollout

    usual = {
        "template": "personal-reminder@1#1", "kind": "email", "bands": ["low", "medium"], "daily_cap": 2,
        "until": dt.date(2026, 3, 31), "by": "administrator", "why": "looked at 200 of them",
    }  # fmt: skip
    return rollout.allow_auto_send(**{**usual, **given}, clock=clock)


def acts(prefix: str) -> list[tuple[str, str]]:
    from tenure.ledger.models import AuditEvent

    rows = AuditEvent.objects.filter(act__startswith=prefix).order_by("id")
    return list(rows.values_list("act", "by"))


def test_nothing_leaves_by_itself_on_a_fresh_installation() -> None:
    from tenure.ledger import rollout

    assert rollout.auto_sends() == []
    assert rollout.auto_send_for(template="personal-reminder@1#1", band="low", is_top_value=False, today=TODAY) is None


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"by": "director"}, NotAllowed),
        ({"by": "manager"}, NotAllowed),
        ({"by": "nobody"}, NotAllowed),
        ({"why": "  "}, UsageError),
        ({"bands": []}, UsageError),
        ({"bands": ["everyone"]}, UsageError),
        ({"daily_cap": 0}, UsageError),
        ({"until": dt.date(2026, 3, 1)}, UsageError),
        ({"until": dt.date(2027, 3, 31)}, UsageError),
        ({"kind": "offer"}, UsageError),
        ({"kind": "group"}, UsageError),
    ],
)
def test_a_permission_needs_administrator_reason_scope_cap_and_end(given: dict[str, Any], refusal: type) -> None:
    from tenure.ledger import rollout

    with pytest.raises(refusal):
        allowed(**given)
    assert rollout.auto_sends() == []
    assert acts("auto-send") == []


@pytest.mark.usefixtures("people")
def test_a_permission_holds_for_its_template_bands_cap_and_days_and_never_for_top_value() -> None:
    from tenure.ledger import rollout

    row = allowed()
    asked = {"template": row.template, "band": "low", "is_top_value": False, "today": TODAY}

    assert rollout.auto_send_for(**asked).pk == row.pk
    for other in (
        {"template": "personal-reminder@2#1"}, {"band": "high"}, {"band": ""}, {"is_top_value": True},
        {"today": dt.date(2026, 4, 1)},
    ):  # fmt: skip
        assert rollout.auto_send_for(**{**asked, **other}) is None
    with pytest.raises(UsageError, match="already"):
        allowed()
    assert rollout.end_auto_send(permission=row.pk, by="manager", clock=clock)
    assert rollout.auto_send_for(**asked) is None
    assert not rollout.end_auto_send(permission=row.pk, by="manager", clock=clock)
    assert acts("auto-send") == [("auto-send:template:allow", "administrator"), ("auto-send:template:end", "manager")]


@pytest.mark.usefixtures("people")
def test_the_daily_cap_counts_what_went_by_the_permission_that_day() -> None:
    from tenure.ledger import rollout
    from tenure.ledger.models import Approval

    row = allowed(daily_cap=2)
    steps = [step for member in (1, 2, 3) for step in proposed(member)]
    asked = {"template": row.template, "band": "low", "is_top_value": False, "today": TODAY}

    for step, day in zip(steps, (0, 0, -1), strict=True):
        at = NOW + dt.timedelta(days=day)
        Approval.objects.create(step=step, digest=step.digest, at=at, by="rule", rule=rollout.auto_send_rule(row))

    assert rollout.auto_send_for(**asked) is None
    assert rollout.auto_send_for(**{**asked, "today": TODAY + dt.timedelta(days=1)}).pk == row.pk


def proposed(member: int, **given: Any) -> list[Any]:
    """The steps of a proposal about *member*."""
    from tenure.ledger import proposals
    from tenure.ledger.models import OutreachStep

    usual = {
        "member": member, "playbook": "personal-reminder", "playbook_version": 1, "occasion": "renewal:2026-04-12",
        "cause": "medium", "as_of": TODAY, "stage": "before", "band": "medium", "minutes": 2, "member_type": "REG",
        "chapter_id": "NORTH", "region": "West", "record_type": "individual",
        "steps": (proposals.NewStep("email", "personal-reminder@1#1", recipient="a@example.org", body="B"),),
    }  # fmt: skip
    proposals.propose(proposals=[proposals.NewProposal(**{**usual, **given})], by="night", clock=clock)
    return list(OutreachStep.objects.filter(proposal__member=member).order_by("id"))


@pytest.mark.usefixtures("people")
def test_a_phase_is_moved_by_a_director_with_a_reason_and_its_evidence_is_kept() -> None:
    from tenure.ledger import rollout

    asked = {"segment": "member_type=STU", "number": 2, "why": "looked at it", "evidence": {"gate": [1]}}
    for wrong, refusal in (({"by": "manager"}, NotAllowed), ({"by": "director", "why": " "}, UsageError)):
        with pytest.raises(refusal):
            rollout.set_phase(**{**asked, **wrong}, clock=clock)
    rollout.set_phase(**asked, by="director", clock=clock)
    rollout.set_phase(**{**asked, "number": 1}, by="director", clock=clock)

    rows = rollout.phases()
    assert {segment: row.number for segment, row in rows.items()} == {"member_type=STU": 1}
    assert rows["member_type=STU"].evidence == {"gate": [1]}
    assert acts("phase:") == [("phase:segment:set", "director")] * 2


@pytest.mark.usefixtures("people")
def test_a_member_is_left_alone_until_a_day_or_until_it_is_lifted() -> None:
    from tenure.ledger import rollout

    rollout.leave_alone(member=1, by="manager", why="asked for it", clock=clock)
    rollout.leave_alone(member=2, by="manager", why="on leave", until=TODAY, clock=clock)
    with pytest.raises(NotAllowed):
        rollout.leave_alone(member=3, by="viewer", why="no", clock=clock)

    assert [row.member for row in rollout.left_alone(TODAY)] == [1, 2]
    assert [row.member for row in rollout.left_alone(TODAY + dt.timedelta(days=1))] == [1]
    assert rollout.wake(member=1, by="manager", clock=clock)
    assert not rollout.wake(member=1, by="manager", clock=clock)
    assert acts("do-not-wake") == [("do-not-wake:member:add", "manager")] * 2 + [("do-not-wake:member:lift", "manager")]


def test_what_was_proposed_and_done_lately_takes_room() -> None:
    from tenure.ledger.models import OutreachStep, Proposal
    from tenure.ledger.workload import overrides, workload

    proposed(1)
    proposed(2, occasion="renewal:2026-05-01")
    proposed(3, playbook="renewal-notice")
    ended = proposed(4)[0]
    OutreachStep.objects.filter(pk=ended.pk).update(state="done", done_at=NOW - dt.timedelta(days=29))
    Proposal.objects.filter(member=4).update(state="done", decided_at=NOW)
    Proposal.objects.filter(member=2).update(state="rejected", decided_at=NOW)

    found = workload(now=NOW, as_of=NOW.date(), besides=["renewal-notice"])

    assert found.open == {1}
    assert found.this_week == {"personal-reminder": 2}
    assert found.tonight["personal-reminder"] == 3, "a decided one was proposed all the same"
    assert (found.minutes, found.members) == (4, 2)
    assert found.contacts == {4: 1}
    assert found.kinds == {4: ["email"]}
    assert workload(now=NOW, as_of=NOW.date(), besides=["renewal-notice"], lately=dt.timedelta(days=20)).kinds == {}
    assert (3, "renewal-notice", "renewal:2026-04-12") in found.known
    assert workload(now=NOW + dt.timedelta(days=8), as_of=NOW.date()).this_week == {}
    assert workload(now=NOW + dt.timedelta(days=2), as_of=NOW.date()).contacts == {}
    assert overrides() == (2, 1, 0)
    OutreachStep.objects.filter(pk=ended.pk).update(edited_by="manager")
    assert overrides(column="member_type", value="REG") == (2, 1, 1)
    assert overrides(column="member_type", value="STU") == (0, 0, 0)
    for column, value in (("chapter_id", "NORTH"), ("region", "West"), ("record_type", "individual")):
        assert overrides(column=column, value=value) == (2, 1, 1)
        assert overrides(column=column, value="another") == (0, 0, 0)
    with pytest.raises(UsageError, match="no segment"):
        overrides(column="band", value="high")


def test_the_gate_to_the_last_phase_looks_at_how_messages_were_taken(home: Home, settings: Settings) -> None:
    """By the ledger, of the segment's own messages; one that went wrong is let pass, two of forty are not."""
    from tenure.ledger import permissions, responses
    from tenure.ledger.models import OutreachStep
    from tenure.outreach.gates import Gates

    def gate(segment: str) -> list[tuple[str, str, bool, dict[str, int]]]:
        found = Gates(home, settings, None).evidence(segment, 3)
        return [(one.of, one.code, one.holds, one.figures) for one in found if one.code in ("few-sent", "unwelcome")]

    def note(kind: str, step: Any) -> None:
        told = responses.News(step.proposal.member, kind, "mail", f"{step.reference}:{kind}", NOW, step.pk)
        responses.note(news=told, by="test", clock=clock)

    def complain(member: int) -> None:
        permissions.suppress(why="complaint", source="mail", by="test", member=member, clock=clock)

    few = proposed(1, member_type="STU", region="East")
    sent = [step for member in range(2, 42) for step in proposed(member)]
    OutreachStep.objects.update(state="done", done_at=NOW)
    came = {"delivered": sent, "renewed": sent[:9], "replied": sent[5:12], "unsubscribed": sent[:1]}
    for kind, steps in came.items():
        for step in steps:
            note(kind, step)
    complain(2)

    one = {"sent": 40, "bounced": 0, "unsubscribed": 1, "complained": 1, "answered": 12}
    of_all = ("everyone", "unwelcome", True, one | {"sent": 41})
    assert gate("") == [of_all]
    for segment in ("member_type=REG", "region=West"):
        assert gate(segment) == [(segment, "unwelcome", True, one)]
    for segment in ("member_type=STU", "region=East"):
        assert gate(segment) == [(segment, "few-sent", False, dict.fromkeys(one, 0) | {"sent": len(few)}), of_all]
    complain(3)
    assert [one[2] for one in gate("region=West")] == [False]
    assert [one[2] for one in gate("region=East")] == [False, False], "beside too few of its own, everyone's speak"


def slice_of(by: str, value: str, decisions: int, lapses: int, off: float | None = None) -> dict[str, Any]:
    """What a model's back-test says of a part of the past renewals."""
    told = {} if off is None else dict(zip(("", "_low", "_high"), (off, off - 0.02, off + 0.02), strict=True))
    named = {f"calibration_in_the_large{end}": value for end, value in told.items()}
    return {"by": by, "value": value, "decisions": decisions, "lapses": lapses, **named}


@pytest.mark.usefixtures("people")
def test_a_segment_is_let_on_by_its_own_past_and_told_where_that_is_too_little(home: Home, settings: Settings) -> None:
    """Everyone's past is on the mark here; one region's is not, and of another too few renewals are decided."""
    from tenure.ledger.models import AuditEvent
    from tenure.outreach import gates

    whole = slice_of("", "", 500, 100, 0.01)
    parts = [
        slice_of("region", "West", 300, 60, 0.08), slice_of("region", "East", 150, 30, -0.03),
        slice_of("region", "North", 50, 10), slice_of("chapter_id", "West", 300, 60, 0.0),
    ]  # fmt: skip
    backtest = {"models": {"tenure": whole}, "decisions": 500, "segments": parts}
    manifest = {"version": "2026-03-01-abc", "backtest": backtest}
    looking = gates.Gates(home, settings, manifest)

    def past(segment: str) -> list[tuple[str, str, bool]]:
        found = looking.evidence(segment, 2)
        return [(one.of, one.code, one.holds) for one in found if one.code != "audit-broken"]

    of_all = ("everyone", "calibration-off", True)
    assert past("") == [of_all]
    assert past("region=West") == [("region=West", "calibration-off", False)]
    assert past("region=East") == [("region=East", "calibration-off", True)]
    assert past("region=North") == [("region=North", "few-past", False), of_all]
    assert past("region=South") == [("region=South", "few-past", False), of_all]
    with pytest.raises(
        HeldBack, match=r"West alone: .* of 300 past renewals, 8.0 in 100 more lapsed than expected \(\+6.0 to"
    ):
        gates.move(looking, "region=West", 2, by="director", why="pilot", clock=clock)
    gates.move(looking, "region=North", 2, by="director", why="pilot", despite=["few-past"], clock=clock)

    kept = AuditEvent.objects.get(act="phase:segment:set").details["evidence"]["gate"]
    assert [one["of"] for one in kept] == ["region=North", "everyone", "everyone"]
    assert [one["holds"] for one in kept] == [False, True, True]
    assert kept[0]["words"].startswith("region North alone: too few to tell: of 50 past renewals")
    assert kept[1]["words"].startswith("everyone: in the back-test")


@pytest.mark.usefixtures("people")
def test_a_shipped_text_is_renewed_only_while_nobody_has_edited_it_or_switched_it_on() -> None:
    from tenure.ledger import playbooks

    assert playbooks.seed(texts={"a": "1", "b": "1", "c": "1"}, clock=clock) == ["a", "b", "c"]
    assert playbooks.seed(texts={"a": "1", "b": "1", "c": "1"}, clock=clock) == []
    playbooks.switch(name="b", on=True, by="director", clock=clock)
    playbooks.add(name="c", text="mine", by="administrator", clock=clock)

    assert playbooks.seed(texts={"a": "2", "b": "2", "c": "2"}, clock=clock) == ["a"]

    kept = {one.name: (one.number, one.text, one.is_on) for one in playbooks.every()}
    assert kept == {"a": (2, "2", False), "b": (1, "1", True), "c": (2, "mine", False)}
    with pytest.raises(NotAllowed):
        playbooks.switch(name="a", on=True, by="manager", clock=clock)
    with pytest.raises(UsageError, match="no playbook"):
        playbooks.current("z")
