"""What members say of their leaving is read as the reason that they mean, or not at all."""

from __future__ import annotations

import polars as pl
import pytest

from tenure.insights import REASONS, is_about_leaving, noted_reason, stated_reason
from tenure.membership.contract import UNPAID


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Dues", "price"),
        ("Too expensive for what I get out of it", "price"),
        ("Something else: the membership fee went up again", "price"),
        ("I can’t afford it this year", "price"),
        ("Lost the early-career discount", "price"),
        ("My employer no longer pays the dues", "employer stopped paying"),
        ("The company does not cover memberships any more, too costly", "employer stopped paying"),
        ("My card was declined", "payment failure"),
        ("I retired in June", "left the field or retired"),
        ("I have left the profession", "left the field or retired"),
        ("I forgot", "forgot"),
        ("I forgot to pay the dues", "forgot"),
        ("I did not use it enough", "disengaged"),
        ("No time", "disengaged"),
        ("Dues: too much for me", "price"),
        ("Lower dues", "price"),
        ("Your fees doubled", "price"),
        ("Not worth the money", "price"),
        ("The dues are not worth it", "price"),
        ("I could no longer afford the dues", "price"),
        ("I did not renew because of the price", "price"),
        ("No, too expensive", "price"),
        ("I could not pay the high dues", "price"),
        ("It isn't too expensive, I retired", "left the field or retired"),
        ("Not the dues; I retired", "left the field or retired"),
        ("I didn't forget, I had no interest", "disengaged"),
        ("Affordable, I just had no time", "disengaged"),
        ("The payment did not go through", "payment failure"),
        ("My employer did not pay the dues", "employer stopped paying"),
        ("My work changed", None),
        ("My boss retired", None),
        ("Something else", None),
        ("Yes", None),
        ("", None),
        (None, None),
    ],
)
def test_words_are_read_as_the_reason_that_they_name(words: str | None, reason: str | None):
    assert stated_reason(pl.Series([words], dtype=pl.String)).to_list() == [reason]
    assert reason is None or reason in REASONS


@pytest.mark.parametrize(
    "words",
    [
        "It is not about the price",
        "the dues are fine, I just moved",
        "It was never a question of the price",
        "Dues are OK with me",
        "Price: not an issue",
        "The price was not the reason",
        "The dues had nothing to do with it",
        "I have no problem with the dues",
        "I don't have a problem with the fees",
        "I do not think it is too expensive",
        "It is not that I can’t afford it",
        "I can easily afford it",
        "It wasnt the money",
        "Regardless of the price, I moved",
        "The dues did not increase, I moved",
        "I paid the dues already",
        "The conference was too expensive",
        "I never paid the dues",
        "Because of unpaid dues",
        "I have not retired",
        "I shall stay until I retire",
        "My card has not expired",
        "My membership card expired",
        "My employer has not stopped paying",
        "No complaint about the benefits",
    ],
)
def test_what_is_denied_or_said_beside_is_no_reason(words: str):
    assert stated_reason(pl.Series([words])).to_list() == [None]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (UNPAID, "payment failure"),
        ("card_expired", "payment failure"),
        ("CardDeclined", "payment failure"),
        ("EXPIRED_CARD", "payment failure"),
        ("direct-debit-failed", "payment failure"),
        ("Dues payment failed", "payment failure"),
        ("too_expensive", "price"),
        ("DUES_TOO_HIGH", "price"),
        ("dues-increase", "price"),
        ("cannot_afford", "price"),
        ("Price", "price"),
        ("retired", "left the field or retired"),
        ("left_profession", "left the field or retired"),
        ("resigned", None),
        ("not_retired", None),
        ("member_type_retired", None),
        ("membership_card_expired", None),
        (None, None),
    ],
)
def test_codes_of_the_source_are_read_as_words(code: str | None, reason: str | None):
    assert noted_reason(pl.Series([code], dtype=pl.String)).to_list() == [reason]


@pytest.mark.parametrize(
    "code",
    [
        "Nonpayment of dues", "Dues not paid", "nonpayment", "non_payment", "NON-PAYMENT", "NonPayment", "unpaid dues",
        "dropped for nonpayment", "Removed for failure to pay dues", "Cancelled due to non-payment of membership fees",
        "Suspended because of unpaid annual dues", "Dues in arrears", "dues_delinquent", "Dues payment not received",
        "invoice_not_paid", "dues", "DUES", "fees", "due to dues", "dues_lapsed", "lapsed", "expired", "did_not_renew",
        "failed to make payment",
    ],
)  # fmt: skip
def test_dues_that_were_not_paid_are_no_reason(code: str):
    """So every lapse looks; somebody to whom it says «price» would be offered money for having left."""
    assert noted_reason(pl.Series([code])).to_list() == [None]


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("What was the main reason that your membership ended?", True),
        ("What would make you renew?", True),
        ("What would make you stay?", True),
        ("Why did you leave us?", True),
        ("Why didn’t you renew this year?", True),
        ("What was your reason for not renewing?", True),
        ("What keeps you from renewing your membership?", True),
        ("Why did you cancel your membership?", True),
        ("Are you thinking about leaving?", True),
        ("Have you found here what you joined for?", False),
        ("Which fee would be fair for the gala?", False),
        ("How was your stay at the conference hotel?", False),
        ("How long will you stay?", False),
        ("Which session did you like in the end?", False),
        ("What should we stop doing?", False),
        ("How would you like to renew your skills?", False),
        ("Why did you leave the webinar early?", False),
        ("Why did you cancel your registration?", False),
        ("Why did you renew?", False),
        ("What do you value most in your membership?", False),
        (None, False),
    ],
)
def test_only_answers_about_leaving_count(question: str | None, about: bool):
    assert is_about_leaving(pl.Series([question], dtype=pl.String)).to_list() == [about]
