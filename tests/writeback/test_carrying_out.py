"""What write-back does to an iMIS: makes the table, writes what differs, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from panel_imis import PanelImis
from scored_members import TABLE, score, states

from tenure.base.errors import HeldBack, UsageError
from tenure.imis import ColumnsMissing, ImisClient, ImisRefused, NotAllowed, NotFound, values_of
from tenure.writeback import RISK_COLUMNS, LedgerOutbox, carry_out

Plan = Callable[..., None]


def members(n: int, **changes: object) -> list[dict[str, object]]:
    return [score(f"{number:05}", **changes) for number in range(n)]


def test_the_first_night_makes_the_table_and_its_rows(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(*members(3))
    report = carry_out(client, outbox, TABLE)
    assert (report.installed, report.created, report.updated, report.complete) == (True, 3, 0, True)
    assert states() == {"done": 3}
    held = client.get(TABLE, "00001")
    assert held is not None
    assert values_of(held) == {
        "PartyId": "00001", "RiskScore": 32, "RiskBand": "medium", "Probability": 0.3171, "ProbabilityLow": 0.21,
        "ProbabilityHigh": 0.44, "Lapse30": 0.01, "Lapse60": 0.02, "Lapse90": 0.11,
        "RenewalDueOn": "2025-06-30T00:00:00", "PredictedLapseOn": "2027-01-30T00:00:00",
        "Reason1": "No login for 41 days", "Reason2": "Two events fewer than last year", "Reason3": None,
        "ModelVersion": "2025-03-01-3f2a91", "ScoredOn": "2025-03-01T00:00:00",
    }  # fmt: skip


def test_the_table_is_defined_as_imis_wants_it(imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan):
    plan(score("1"))
    carry_out(client, outbox, TABLE)
    definition = imis.definitions[TABLE]
    assert next(iter(definition)) == "$type"
    assert (definition["ObjectTypeName"], definition["PrimaryParentEntityTypeName"]) == ("Single", "Party")
    properties = definition["Properties"]["$values"]
    assert [p["Name"] for p in properties if p.get("IsIdentity")] == ["PartyId"]
    kinds = {p["Name"]: p["PropertyTypeName"] for p in properties}
    assert kinds["RiskScore"] == "Integer"
    assert kinds["Probability"] == "Decimal"
    assert kinds["ScoredOn"] == "Date"
    assert {p["Name"]: p.get("MaxLength") for p in properties}["Reason1"] == 255


def test_the_same_night_again_asks_and_writes_nothing(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(*members(3))
    carry_out(client, outbox, TABLE)
    imis.server.asked.clear()
    plan(*members(3))
    report = carry_out(client, outbox, TABLE)
    assert (report.written, report.requests, imis.server.asked) == (0, 0, [])


def test_only_rows_that_differ_are_written(imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan):
    plan(*members(100))
    carry_out(client, outbox, TABLE)
    imis.server.asked.clear()
    changed = members(100)
    for at in (3, 50, 77, 99):
        changed[at] |= {"risk_score": 40, "p_lapse_renewal": 0.4}
    plan(*changed)
    report = carry_out(client, outbox, TABLE)
    assert (report.updated, len(imis.writes)) == (4, 4)
    assert {change.member_id for change in report.changes} == {"00003", "00050", "00077", "00099"}
    assert report.changes[0].fields == {"RiskScore": (32, 40), "Probability": (0.3171, 0.4)}


def test_time_alone_is_no_reason_to_write(imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan):
    """A day later: 42 days in place of 41, and every probability a hair away."""
    plan(*members(3))
    carry_out(client, outbox, TABLE)
    drift = {"as_of": "2025-03-02", "p_lapse_renewal": 0.3172, "reason_1": "No login for 42 days"}
    plan(*members(3, **drift))
    assert carry_out(client, outbox, TABLE).written == 0


def test_a_row_that_imis_holds_already_is_not_written(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    """As after the ledger was restored from a backup."""
    plan(*members(3))
    carry_out(client, outbox, TABLE)
    for row in outbox._ledger.OutboxRow.objects.all():
        row.delete()
    plan(*members(3))
    imis.server.asked.clear()
    report = carry_out(client, outbox, TABLE)
    assert (report.unchanged, imis.writes, states()) == (3, [], {"done": 3})


def test_columns_that_are_not_ours_stay(imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan):
    plan(score("1"))
    carry_out(client, outbox, TABLE)
    imis.rows[TABLE]["1"]["CallerNote"] = "spoke in May"
    plan(score("1", risk_score=50))
    carry_out(client, outbox, TABLE)
    assert imis.rows[TABLE]["1"]["CallerNote"] == "spoke in May"


def test_many_rows_are_compared_by_the_page(imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan):
    plan(*members(600))
    carry_out(client, outbox, TABLE)
    imis.server.asked.clear()
    plan(*members(600, risk_score=33))
    report = carry_out(client, outbox, TABLE)
    reads = [asked for asked in imis.server.asked if asked.method == "GET"]
    assert (report.updated, len(reads)) == (600, 3), "the definition and two pages"


def test_an_older_table_gets_the_columns_it_lacks(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(score("1"))
    carry_out(client, outbox, TABLE, RISK_COLUMNS[:5])
    plan(score("1", risk_score=50))
    report = carry_out(client, outbox, TABLE)
    assert report.columns_added == tuple(column.name for column in RISK_COLUMNS[5:])
    assert len(imis.definitions[TABLE]["Properties"]["$values"]) == 1 + len(RISK_COLUMNS)
    assert report.complete


def test_without_leave_to_install_the_missing_columns_are_named(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(score("1"))
    carry_out(client, outbox, TABLE, RISK_COLUMNS[:-1])
    plan(score("1", risk_score=50))
    with pytest.raises(ColumnsMissing, match="`ScoredOn`"):
        carry_out(client, outbox, TABLE, may_install=False)
    assert states() == {"pending": 1}


def test_without_leave_to_install_a_missing_table_is_named(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(score("1"))
    with pytest.raises(NotFound, match="the table AI_Member_Risk is not in iMIS") as caught:
        carry_out(client, outbox, TABLE, may_install=False)
    assert "install_table" in caught.value.mend
    assert (imis.writes, states()) == ([], {"pending": 1})


def test_an_account_that_may_not_make_the_table_is_told_what_to_do(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    imis.may_define = False
    plan(score("1"))
    with pytest.raises(ImisRefused, match="may not make it") as caught:
        carry_out(client, outbox, TABLE)
    assert "administrator" in caught.value.mend
    assert states() == {"pending": 1}


def test_an_account_without_definitions_writes_to_a_table_made_for_it(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    imis.may_define = False
    imis.rows[TABLE] = {}
    plan(score("1"))
    assert carry_out(client, outbox, TABLE).created == 1


def test_a_dry_run_asks_only_by_get_and_tells_what_the_real_run_does(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(*members(3))
    dry = carry_out(client, outbox, TABLE, dry_run=True)
    assert (imis.writes, dry.installed, dry.written) == ([], True, 0)
    assert states() == {"pending": 3}
    real = carry_out(client, outbox, TABLE)
    assert real.changes == dry.changes
    plan(*members(4, risk_score=50))
    imis.server.asked.clear()
    dry = carry_out(client, outbox, TABLE, dry_run=True)
    assert imis.writes == []
    real = carry_out(client, outbox, TABLE)
    assert real.changes == dry.changes
    assert (real.created, real.updated, len(imis.writes)) == (1, 3, 4)


def test_too_many_changed_bands_hold_it_back_before_the_first_write(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(*members(100))
    carry_out(client, outbox, TABLE)
    imis.server.asked.clear()
    plan(*members(30, band="high", risk_score=70))
    for dry_run in (True, False):
        with pytest.raises(HeldBack, match=r"30 of 100 members to another risk band \(30%; the cap is 25%\)") as caught:
            carry_out(client, outbox, TABLE, dry_run=dry_run)
    assert imis.writes == []
    assert states() == {"done": 70, "pending": 30}
    assert "--approve-writeback" in caught.value.mend
    assert carry_out(client, outbox, TABLE, max_band_changes=0.5).updated == 30


def test_the_cap_counts_few_rows_against_the_whole_table(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(*members(100))
    carry_out(client, outbox, TABLE)
    plan(*members(20, band="high", risk_score=70))
    assert carry_out(client, outbox, TABLE).updated == 20


def test_one_bad_record_does_not_stop_the_rest(imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan):
    bad = {"00007", "00042"}
    imis.fault = lambda asked: "invalid" if any(f'"{member}"' in asked.body.decode() for member in bad) else ""
    plan(*members(100))
    report = carry_out(client, outbox, TABLE)
    assert (report.created, states()) == (98, {"done": 98, "rejected": 2})
    assert {(r.member_id, r.faults, r.fields) for r in report.rejected} == {
        (member, ("Reason is not allowed.",), ("Reason1",)) for member in bad
    }
    assert not report.complete


def test_a_table_that_may_not_be_written_stops_at_the_first_row(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    imis.rows[TABLE] = {}
    imis.fault = lambda asked: "forbidden" if TABLE in asked.path else ""
    plan(*members(50))
    with pytest.raises(NotAllowed, match="no right"):
        carry_out(client, outbox, TABLE)
    tried = [asked for asked in imis.writes if asked.path == f"/api/{TABLE}"]
    assert (len(tried), states()) == (1, {"pending": 50})


@pytest.mark.parametrize("table", ["Party", "Activity", "CsContact", "Name_Demo", "", "AI/../Party", "AI Risk", "A?I"])
def test_no_table_of_imis_itself_is_ever_written_to(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan, table: str
):
    plan(score("1"))
    with pytest.raises(UsageError, match="no name for a table"):
        carry_out(client, outbox, table)
    assert imis.server.asked == []


def test_every_write_goes_to_the_table_or_its_definition(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(*members(5), score("a b/../Party"))
    carry_out(client, outbox, TABLE)
    plan(*members(5, risk_score=50), score("a b/../Party", risk_score=50))
    carry_out(client, outbox, TABLE)
    targets = {(asked.method, asked.path) for asked in imis.writes}
    assert targets <= {("POST", "/api/BOEntityDefinition"), ("POST", f"/api/{TABLE}"), ("PUT", f"/api/{TABLE}")} | {
        ("PUT", f"/api/{TABLE}/{number:05}") for number in range(5)
    }


def test_a_runner_that_lost_its_lease_writes_no_more(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    calls = iter(range(1000))

    def lease() -> None:
        if next(calls) >= 10:
            raise HeldBack("another night took over")

    plan(*members(50))
    with pytest.raises(HeldBack, match="another night"):
        carry_out(client, outbox, TABLE, before_write=lease)
    written = len(imis.rows[TABLE])
    assert 0 < written < 10
    assert states() == {"sending": 25, "pending": 25}, "what was begun is the next runner's to look at"
    imis.server.asked.clear()
    report = carry_out(client, outbox, TABLE)
    assert (report.unchanged, report.created, report.complete) == (written, 50 - written, True)
