"""What goes in and out of the API: names, types, and what they mean."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field

from tenure.ledger.proposals import LONGEST_WHY

MOST = 200
"""Rows of one answer, at most."""


Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f]*$")]
"""One line of text."""


def _whole(given: Any) -> Any:
    """3.0 is a whole number in JSON, and no other kind of text or number is."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = Annotated[int, BeforeValidator(_whole)]


class Given(Schema):
    """What a program sends; a name that is not known is refused, since it would be meant to do something."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Pages(Schema):
    """Which part of a list."""

    page: int = Field(1, ge=1, le=100_000, description="From 1")
    size: int = Field(50, ge=1, le=MOST, description="Rows a page")


class MembersAsked(Pages):
    """As the addresses of Today take it."""

    q: Text = Field("", max_length=100, description="All of these words in the name, or the beginning of the id")
    band: Literal["", "high", "medium", "low", "new"] = ""
    type: Text = Field("", max_length=100, description="The member type, as in the records")
    chapter: Text = Field("", max_length=200, description="The chapter, as in the records")
    due: int | None = Field(None, ge=1, le=3650, description="The term ends within so many days")
    grace: bool = Field(False, description="In grace only")
    call: bool = Field(False, description="The top 10 % only")
    now: bool = Field(False, description="Those to be called now, as Today opens on them")
    change: Literal["", "high", "recovered", "renewed", "odd"] = Field("", description="Since the scores before")
    payment: bool = Field(False, description="With a payment to put right only")
    silent: Literal["", "30", "60", "90"] = Field("", description="First-year members who did nothing for so many days")
    quiet: bool = Field(False, description="Who had been active and has done nothing for 90 days only")
    engaged: bool = Field(False, description="Who takes part most, at most a twentieth of each type, only")
    sort: Literal["worth", "rank", "date", "dues", "rise", "days"] = "rank"


class ProposalsAsked(Pages):
    """As the addresses of the queue take it."""

    view: Literal[
        "open", "high", "mine", "payments", "second", "snoozed", "unknown", "dropped", "done", "held"
    ] = "open"  # fmt: skip
    playbook: Text = Field("", max_length=60)
    chapter: Text = Field("", max_length=200, description="The chapter, as in the records")
    rule: Text = Field("", max_length=60)
    who: Text = Field("", max_length=150, description="A sign-in name, or `nobody`")


class Reason(Schema):
    """One reason of a score."""

    text: str
    points: float | None = Field(description="By how much the score would fall if this were as is usual")
    kind: str = Field(description="`actionable`, `context`, or empty where that is not known")


class Score(Schema):
    """A member's current score. Probabilities run from 0 to 1."""

    as_of: dt.date
    band: str
    risk_score: int = Field(description="0 to 100")
    risk_rank: float
    p_lapse_renewal: float
    p_low: float = Field(description="Lower end of the 90 % range")
    p_high: float
    p_lapse_30: float
    p_lapse_60: float
    p_lapse_90: float
    predicted_lapse_on: dt.date | None
    lapse_earliest_on: dt.date | None
    lapse_latest_on: dt.date | None
    renewal_due_on: dt.date | None
    in_grace: bool
    call_now: bool
    reasons: list[Reason]
    against: str = Field(description="The strongest evidence against")
    model_version: str


class Member(Schema):
    """A member who is scored."""

    member_id: str
    name: str
    member_type: str
    chapter_id: str
    dues: float | None
    engaged_days: int | None = Field(
        description="Days of the last year on which they did something of their own accord; of those who take part "
        "most of their type, else null"
    )
    engaged_in: str = Field(description="What they used on most of those days")
    score: Score


class Members(Schema):
    """A page of the work list."""

    as_of: dt.date | None
    total: int
    page: int
    size: int
    next: str | None = Field(description="The address of the next page")
    members: list[Member]


class Night(Schema):
    """What one night said of a member."""

    as_of: dt.date
    risk_score: int | None
    band: str | None
    p_lapse_renewal: float
    p_low: float
    p_high: float


class OneMember(Schema):
    """A member with the score of each night; one who is not active has none now."""

    member_id: str
    name: str
    member_type: str
    chapter_id: str
    score: Score | None
    history: list[Night] = Field(description="Oldest first")


class Step(Schema):
    """One thing that a proposal would do."""

    step: int
    position: int
    kind: str
    state: str
    recipient: str
    subject: str
    body: str = Field(description="The text; the tokens of the member's own links are left out, `…` stands for them")
    digest: str = Field(description="Stands for all that an approval is about; approving names it")
    leaves_at: dt.datetime | None
    reference: str


class Proposal(Schema):
    """What a playbook proposes about one member."""

    proposal: int
    state: str
    member_id: str
    name: str
    playbook: str
    playbook_version: int
    occasion: str
    cause: str
    rule: str
    band: str
    risk_score: int | None
    renewal_due_on: dt.date | None
    dues: float | None
    worth: float | None = Field(description="Dues that an hour of staff is expected to keep")
    minutes: float
    assignee: str
    snoozed_until: dt.date | None
    expires_on: dt.date | None
    decided_by: str
    decided_at: dt.datetime | None
    waits_for_second: bool
    steps: list[Step]


class Proposals(Schema):
    """A page of the queue."""

    view: str
    total: int
    page: int
    size: int
    next: str | None
    proposals: list[Proposal]


class Seen(Given):
    """A draft as it was looked at."""

    step: Whole = Field(ge=1, le=2**53)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class Approving(Given):
    """Every draft of the proposal, as it was looked at; one that was changed since is not approved."""

    seen: list[Seen] = Field(min_length=1, max_length=50)


class Rejecting(Given):
    """Why nothing shall be done."""

    reason: Literal["touch", "facts", "tone"]
    words: Text = Field("", max_length=LONGEST_WHY)


class RejectingInWords(Given):
    """Why nothing shall be done, in words."""

    reason: Literal["other"]
    words: str = Field(max_length=LONGEST_WHY, pattern=r"^[^\x00-\x1f]*[^\s\x00-\x1f][^\x00-\x1f]*$")


class Snoozing(Given):
    """For how long it is put aside."""

    days: Whole = Field(ge=1, le=365)


class Decided(Schema):
    """What came of a decision."""

    proposal: int
    state: str = Field(description="`approved`, `waits` for a second person, `rejected`, `snoozed`")
    by: str
    at: dt.datetime | None
    leaves_at: dt.datetime | None = Field(description="When its first step leaves")


class RunStep(Schema):
    """One step of a run."""

    name: str
    state: str
    seconds: float | None
    words: str
    trouble: str
    mend: str
    counts: dict[str, Any]


class Run(Schema):
    """One night, or another run."""

    id: int
    as_of: dt.date
    kind: str
    state: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    trouble: str
    mend: str
    steps: list[RunStep]


class Runs(Schema):
    """Runs, newest first."""

    total: int
    page: int
    size: int
    next: str | None
    runs: list[Run]


class Model(Schema):
    """A model, and how good it was on the past that it was not shown."""

    version: str
    in_use: bool
    trained_at: str
    as_of: str
    grade: dict[str, Any]
    data: dict[str, Any]
    measures: dict[str, Any] = Field(description="By model: Tenure's own, and those that it is held against")


class Models(Schema):
    """Models, the one in use named."""

    in_use: str
    models: list[Model]


class Subscribing(Given):
    """Where to send what happens."""

    url: str = Field(max_length=500, description="https, on the public network or in `webhooks.networks`")
    name: Text = Field(
        "", max_length=100, pattern=r"^[A-Za-z0-9._-]*$", description="One is made up where none is given"
    )
    events: list[str] = Field(default_factory=list, max_length=20, description="All, where none is named")
    full: bool = Field(False, description="Score, reason, name and email too; else ids and bands alone")


class Webhook(Schema):
    """An endpoint that is told what happens."""

    name: str
    url: str
    events: list[str]
    full: bool
    disabled: str | None = Field(description="Why it is told nothing; null while it is")
    pending: int
    done: int
    given_up: int


class NewWebhook(Schema):
    """A new endpoint, with what its messages are signed with; the secret is not shown again."""

    name: str
    url: str
    events: list[str]
    full: bool
    secret: str


class Webhooks(Schema):
    """Every endpoint."""

    webhooks: list[Webhook]
