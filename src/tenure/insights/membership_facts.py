"""Facts of a membership: since when, until when, at what price, and how it was paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from tenure.insights.evidence import YEAR, Evidence
from tenure.insights.saying import Fact, counted, day, money, of_acts, of_record, of_terms

KEYS = {
    "joined": "of members: since when, `since 2016`; the day of joining, or the first term where that is earlier",
    "years": "of members: whole years since then, from one on",
    "was_member": "of lapsed members: from when to when, `from 2016 to 2024`",
    "renewals": "renewals of the running spell, from one on",
    "paid_through": "last day of the running term",
    "grace_end": "last day on which a payment still renews, once the term has ended",
    "dues": "of the running term",
    "auto_renew": "that the term renews by itself",
    "installments": "that dues are paid in parts",
    "last_payment": "amount of the last payment",
    "last_payment_on": "day of it",
    "invoice_open": "amount of the invoice that no payment has followed",
    "invoice_on": "day of that invoice",
    "card_expiring": "that notice came that the card on file runs out, in the last 90 days and followed by no payment",
    "tier": "the association's own code of the member type; for staff",
    "chapter": "primary chapter; said only where the record has a name and not a code",
    "people": "how many people an organization pays for",
    "payment_failed": "day of a failed payment of the last year that none has followed; for staff",
    "installments_missed": "installments missed in the last year; for staff",
    "payment_history": "terms paid, how many of them in grace, payments that failed; for staff",
}


def of_membership(evidence: Evidence) -> Iterator[Fact]:
    """Facts of *evidence* that follow from record and terms."""
    yield from _of_record(evidence)
    if evidence.terms and evidence.stood:
        yield from _of_length(evidence)
        yield from _of_running_term(evidence)
        yield _payment_history(evidence)
    yield from _of_payments(evidence)


def _of_record(evidence: Evidence) -> Iterator[Fact]:
    record = evidence.record
    if not record:
        return
    if chapter := record["chapter_id"]:
        yield of_record("chapter", chapter, chapter, evidence)
    if people := evidence.people:
        words = counted(people, "person", "people")
        yield of_record("people", words, people, evidence, told=f"{words} of the organization")


def _of_length(evidence: Evidence) -> Iterator[Fact]:
    joined, first = evidence.record.get("join_date"), evidence.stood["first_term_on"]
    by_record = joined is not None and joined <= first
    since = joined if by_record and joined is not None else first
    for key, (words, value, told) in _since(evidence, since).items():
        if by_record:
            yield of_record(key, words, value, evidence, told=told)
        else:
            yield of_terms(key, words, value, [_dict(evidence.terms[0])], told=told)
    renewals = evidence.stood["terms_in_spell"] - 1
    if renewals:
        words = counted(renewals, "renewal")
        began = evidence.stood["spell_began"]
        yield of_terms("renewals", words, renewals, _spell(evidence), told=f"{words} since {day(began)}")


def _since(evidence: Evidence, since: dt.date) -> dict[str, tuple[str, str | int | dt.date, str]]:
    """Words, value and what staff read of how long somebody has been a member, or had been."""
    ends = evidence.stood["renewal_due_on"]
    if not evidence.stood["active"] and ends is not None and ends < evidence.as_of:
        words = f"from {since.year} to {ends.year}" if since.year < ends.year else f"in {ends.year}"
        return {"was_member": (words, ends, f"Member from {day(since)} to {day(ends)}")}
    said: dict[str, tuple[str, str | int | dt.date, str]] = {
        "joined": (f"since {since.year}", since, f"Member since {day(since)}")
    }
    if years := _whole_years(since, evidence.as_of):
        said["years"] = (counted(years, "year"), years, f"{counted(years, 'year')}, since {day(since)}")
    return said


def _of_running_term(evidence: Evidence) -> Iterator[Fact]:
    stood, term = evidence.stood, [_dict(evidence.terms[-1])]
    yield of_terms("tier", stood["member_type"], stood["member_type"], term)
    if (ends := stood["renewal_due_on"]) is not None:
        told = f"Term from {day(stood['starts_on'])} to {day(ends)}"
        yield of_terms("paid_through", day(ends), ends, term, told=told)
        last = ends + dt.timedelta(days=stood["grace"])
        if ends < evidence.as_of <= last:
            told = f"{counted(stood['grace'], 'day')} of grace after {day(ends)}"
            yield of_terms("grace_end", day(last), last, term, told=told)
    if stood["dues"]:
        yield of_terms("dues", money(stood["dues"]), stood["dues"], term, told=f"Dues {money(stood['dues'])} a term")
    if stood["auto_renew"]:
        yield of_terms("auto_renew", "renews automatically", 1, term)
    if stood["installments"]:
        yield of_terms("installments", "in installments", 1, term)


def _of_payments(evidence: Evidence) -> Iterator[Fact]:
    paid = _paid_until(evidence)
    if payment := evidence.last("payment"):
        yield of_acts("last_payment_on", day(payment.day), payment.day, [payment], told="Last payment")
        if payment.value:
            told = f"Last payment, {money(payment.value)}"
            yield of_acts("last_payment", money(payment.value), payment.value, [payment], told=told)
    invoice = evidence.last("invoice_issued")
    if invoice and invoice.day > paid:
        yield of_acts("invoice_on", day(invoice.day), invoice.day, [invoice], told="Invoice, not paid yet")
        if invoice.value:
            told = f"Invoice of {money(invoice.value)}, not paid yet"
            yield of_acts("invoice_open", money(invoice.value), invoice.value, [invoice], told=told)
    card = next(iter(evidence.within(90, "card_expiring")), None)
    if card and card.day > paid:
        yield of_acts("card_expiring", "the card on file", card.day, [card], told="Notice that the card runs out")
    failed = next(iter(evidence.within(YEAR, "payment_failed")), None)
    if failed and failed.day > paid:
        yield of_acts("payment_failed", day(failed.day), failed.day, [failed], told="Payment failed, none since")
    if missed := evidence.within(YEAR, "plan_missed"):
        words = counted(len(missed), "missed installment")
        yield of_acts("installments_missed", words, len(missed), missed)


def _payment_history(evidence: Evidence) -> Fact:
    paid = [term for term in evidence.terms if term["dues"]]
    late = round((evidence.stood["paid_in_grace"] or 0) * (evidence.stood["terms_in_spell"] - 1))
    failed = len(evidence.within(YEAR, "payment_failed"))
    parts = [counted(len(paid), "term") + " paid"]
    parts += [f"{late} in grace"] if late else []
    parts += [f"{counted(failed, 'failed payment')} in a year"] if failed else []
    words = ", ".join(parts)
    return of_terms("payment_history", words, len(paid), [_dict(term) for term in evidence.terms])


def _paid_until(evidence: Evidence) -> dt.date:
    """Day of the last payment, in the activity or of a term."""
    days = [evidence.stood["paid"]] if evidence.stood else []
    payment = evidence.last("payment")
    return max([*days, *([payment.day] if payment else [])], default=dt.date.min)


def _spell(evidence: Evidence) -> list[dict[str, Any]]:
    return [_dict(term) for term in evidence.terms if term["starts_on"] >= evidence.stood["spell_began"]]


def _whole_years(since: dt.date, as_of: dt.date) -> int:
    return as_of.year - since.year - ((as_of.month, as_of.day) < (since.month, since.day))


def _dict(term: Mapping[str, Any]) -> dict[str, Any]:
    return dict(term)
