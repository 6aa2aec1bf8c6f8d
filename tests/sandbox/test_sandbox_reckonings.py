"""Business objects that sum up say what the rows they sum up say."""

from __future__ import annotations

from collections import Counter
from typing import Any

from served_sandbox import Sandbox, properties


def listed(sandbox: Sandbox, entity: str, **params: Any) -> list[dict[str, Any]]:
    answer = sandbox.staff.get(f"/api/{entity}", params={"Limit": 500, **params})
    assert answer.status_code == 200, answer.text
    items = answer.json()["Items"]["$values"]
    return [properties(item) if "Properties" in item else item for item in items]


def test_monthly_engagement_has_a_row_for_each_month_with_points(sandbox: Sandbox, somebody: str) -> None:
    rows = listed(sandbox, "EngagementScoreMonthlyData", IMISID=somebody)
    months = [(row["ScoreYear"], row["ScoreMonth"]) for row in rows]
    assert months == sorted(set(months))
    assert all(1 <= month <= 12 for _, month in months)
    assert {row["IMISID"] for row in rows} == {somebody}
    by_year: Counter[int] = Counter()
    for row in rows:
        by_year[row["ScoreYear"]] += row["Score"]
    yearly = listed(sandbox, "EngagementScoreYearlyData", IMISID=somebody)
    assert {row["ScoreYear"]: row["Score"] for row in yearly} == dict(by_year)
    year, month = months[0]
    address = f"/api/EngagementScoreMonthlyData/~{somebody}|{year}|{month}"
    assert properties(sandbox.staff.get(address).json())["Score"] == rows[0]["Score"]


def test_campaigns_are_counted_once_for_each_recipient(sandbox: Sandbox) -> None:
    row = listed(sandbox, "InteractionLogEventSummary", TotalDelivered="gt:0", OrderBy="CommunicationLogKey:desc")[0]
    events = listed(
        sandbox, "InteractionLogEvent", CommunicationLogKey=row["CommunicationLogKey"], EventTypeCode="Open"
    )
    assert row["UniqueOpens"] == len({event["ContactId"] for event in events})
    assert row["OpenRate"] == round(row["UniqueOpens"] / row["TotalDelivered"], 4)


def test_gifts_add_up(sandbox: Sandbox) -> None:
    row = listed(sandbox, "GiftHistorySummary", NumberofGifts="gt:1")[0]
    gifts = listed(sandbox, "GiftReport", ID=row["ID"])
    assert row["NumberofGifts"] == len(gifts)
    assert row["LifetimeGiftValue"] == round(sum(gift["Amount"] for gift in gifts), 2)
    dates = sorted(gift["GiftDate"] for gift in gifts)
    assert (row["FirstGiftDate"], row["LastGiftDate"]) == (dates[0], dates[-1])


def test_an_invoice_is_owed_until_a_payment_refers_to_it(sandbox: Sandbox) -> None:
    invoices = listed(sandbox, "InvoiceSummary", OrderBy="InvoiceDate:Descending")
    paid = {payment["Description"] for payment in listed(sandbox, "Payment", OrderBy="TransactionDate:Descending")}
    open_, settled = (
        [one for one in invoices if (one["Balance"]["Amount"] == 0) is done] for done in (False, True)
    )  # fmt: skip
    assert open_
    assert settled
    assert not {one["Description"] for one in open_} & paid
    assert all(one["DueDate"] > one["InvoiceDate"] for one in invoices)


def test_seats_on_committees_agree_wherever_they_are_asked_for(sandbox: Sandbox) -> None:
    seats = {row["PartyId"]: row for row in listed(sandbox, "SoaGroupMember")}
    terms = {row["ID"]: row for row in listed(sandbox, "CsCommitteeMember")}
    assert set(seats) == set(terms)
    assert {party: row["JoinDate"] for party, row in seats.items()} == {p: row["TermStart"] for p, row in terms.items()}
    group = sandbox.staff.get("/api/GroupMember", params={"PartyId": next(iter(seats))}).json()["Items"]["$values"][0]
    assert group["JoinDate"] == seats[group["Party"]["PartyId"]]["JoinDate"]
