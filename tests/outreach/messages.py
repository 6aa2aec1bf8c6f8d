"""A step of a playbook, a member's facts and an association's settings, for tests of what is said."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tenure.base.settings import Settings
from tenure.insights import facts
from tenure.outreach.playbook import Wording

BODY = """Dear {first_name|or:"colleague"},

[[You have been with us {joined}. ]][[This year you made use of {main_benefit}, with {downloads_year}. ]]Your membership
runs to {paid_through|date}.

{call_to_action}

Kind regards,
{sender_name}"""


class Words(Wording):
    def __init__(self, default: str, by_reason: dict[str, str] | None = None) -> None:
        super().__init__(default=default, by_reason=by_reason or {})


_SUBJECT = Words("Your membership of {association}")
_BODY = Words(BODY)
_CALL = Words("Renew here: {renew_link}", {"price": "Reply, and you can pay {dues|money} in parts."})


@dataclass(frozen=True)
class Plan:
    """A step as a playbook has it."""

    kind: str = "email"
    subject: Words | None = _SUBJECT
    body: Words | None = _BODY
    call_to_action: Words | None = _CALL
    template: str = "reminder@1#1"
    mandatory: bool = False

    @property
    def reaches_member(self) -> bool:
        return self.kind in ("email", "sms", "in_app", "offer", "survey")

    def said(self, reason: str) -> tuple[str, str]:
        chosen = [words.of(reason) if words else "" for words in (self.subject, self.body, self.call_to_action)]
        return chosen[0], chosen[1].replace("{call_to_action}", chosen[2])


@dataclass(frozen=True)
class Fact(facts.Fact):
    """A fact that says only what a test needs."""

    table: str = "activity"
    records: tuple[str, ...] = ("1",)
    recorded_on: dt.date = dt.date(2025, 11, 22)


FACTS = {
    fact.key: fact
    for fact in (
        Fact("joined", "since 2016", dt.date(2016, 5, 9), "Joined May 9, 2016. Member record", "members"),
        Fact("paid_through", "March 4, 2026", dt.date(2026, 3, 4), "Paid through Mar 4, 2026. Terms", "terms"),
        Fact("dues", "320", 320.0, "Dues of 320. Terms", "terms"),
        Fact("main_benefit", "the Quay Wall standard", "Quay Wall standard", "Used on 4 days. Activity"),
        Fact("downloads_year", "4 downloads", 4, "4 downloads, Apr 2 to Nov 21, 2025. Activity"),
        Fact("last_login", "December 6, 2025", dt.date(2025, 12, 6), "Last login Dec 6", sayable=False),
    )
}
CONTACT = {"first_name": "Ada", "last_name": "Byron"}
LINK = "https://harbor.example.org/renew"


def settings(**outreach: object) -> Settings:
    """Those of an association with a renewal page; *outreach* adds to them."""
    return Settings.model_validate({
        "association": {"name": "Harbor Engineers"},
        "source": {"kind": "files"},
        "outreach": {"links": {"renew": LINK}, **outreach},
        "mail": {"sender": "office@harbor.example.org", "sender_name": "Marta Lindqvist", "postal_address": "1 Quay"},
    })  # fmt: skip
