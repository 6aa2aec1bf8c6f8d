"""The queue as a list: what an address asks for, its views with their counts, the rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings as django_settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest, QueryDict

from tenure.base.toml_reading import NotToml, read_toml
from tenure.ledger import approvals, contacts, identities
from tenure.ledger.models import OutreachStep, PlaybookVersion, Proposal
from tenure.web import place, words
from tenure.web.asked import BANDS, number
from tenure.web.roles import own

PAGE_SIZE = 12
State = Proposal.State
VIEWS = {
    "open": "Open",
    "high": "High risk",
    "mine": "Mine",
    "payments": "Payments",
    "second": "Second person",
    "snoozed": "Snoozed",
    "unknown": "Outcome unknown",
    "dropped": "Dropped at sending",
    "done": "Done today",
    "held": "Held back",
}
_WAITING = (State.OPEN, State.SNOOZED, State.HELD_BACK)
_OF_EVERY_STATE = ("unknown", "dropped", "done")
"""Views that may hold proposals of any state; those of the others wait."""

_NOUNS = {
    "open": "to approve",
    "high": "of high risk to approve",
    "mine": "to approve, yours",
    "payments": "about payments to approve",
    "second": "waiting for a second person",
    "snoozed": "snoozed",
    "unknown": "of which nobody knows whether they arrived",
    "dropped": "dropped at sending in a week",
    "done": "decided today",
    "held": "held back",
}
_DROPPED_SHOWN = dt.timedelta(days=7)
_LONGEST = 150


@dataclass(frozen=True)
class Asked:
    """What an address asks the queue for; whatever cannot be understood counts as not asked.

    Args:
        view: A key of `VIEWS`.
        playbook, chapter, rule: As in the proposals; empty for all.
        who: A sign-in name, `nobody`, or empty for anyone.
        page: From 1.
        opened: The proposal that is shown beside the list.
        picks: Proposals that are ticked.
    """

    view: str = "open"
    playbook: str = ""
    chapter: str = ""
    rule: str = ""
    who: str = ""
    page: int = 1
    opened: int | None = None
    picks: tuple[int, ...] = ()

    @classmethod
    def of(cls, query: Any) -> Asked:
        """Read an address (or a form, which sends one back)."""
        view = query.get("view", "")
        return cls(
            view=view if view in VIEWS else "open",
            playbook=query.get("playbook", "")[:60],
            chapter=query.get("chapter", "")[:200],
            rule=query.get("rule", "")[:60],
            who=query.get("who", "")[:_LONGEST],
            page=number(query.get("page", "")) or 1,
            opened=number(query.get("open", "")),
            picks=tuple(pk for text in query.getlist("pick")[:1000] if (pk := number(text))),
        )

    @property
    def narrows(self) -> bool:
        """Whether it leaves out something of its view."""
        return bool(self.playbook or self.chapter or self.rule or self.who)

    def address(self, **changes: Any) -> str:
        """The parameters of the address that asks for this, with *changes*."""
        asked = replace(self, **changes)
        given: list[tuple[str, Any]] = [
            ("view", "" if asked.view == "open" else asked.view),
            ("playbook", asked.playbook),
            ("chapter", asked.chapter),
            ("rule", asked.rule),
            ("who", asked.who),
            ("page", asked.page if asked.page > 1 else ""),
            ("open", asked.opened or ""),
        ]
        return urlencode([(name, value) for name, value in given if value] + [("pick", pk) for pk in asked.picks])


def asked_back(request: HttpRequest) -> Asked:
    """The list from which the reader came."""
    given = request.POST.get("back") if request.method == "POST" else request.GET.get("back")
    return Asked.of(QueryDict(given[:4000])) if given is not None else Asked.of(request.GET)


@dataclass(frozen=True)
class View:
    """A view: a tab with its count."""

    key: str
    title: str
    address: str
    count: int
    is_current: bool


def matching(request: HttpRequest, asked: Asked) -> QuerySet[Proposal]:
    """The proposals that *asked* asks for, as far as the reader may see them, most worth an hour first."""
    found = own(request, Proposal.objects.all()).filter(conditions(request)[asked.view], narrowing(asked))
    if asked.view in ("done", "dropped"):
        return found.order_by("-changed_at", "pk")
    return found.order_by(F("worth").desc(nulls_last=True), F("risk_score").desc(nulls_last=True), "pk")


def narrowing(asked: Asked) -> Q:
    """What an address leaves of its view."""
    exact = {"playbook": asked.playbook, "chapter_id": asked.chapter}
    wanted = Q(**{name: value for name, value in exact.items() if value})
    if asked.rule:
        steps = OutreachStep.objects.filter(proposal=OuterRef("pk"), rule=asked.rule)
        wanted &= Q(rule=asked.rule) | Q(Exists(steps))
    if asked.who:
        wanted &= Q(assignee="" if asked.who == "nobody" else asked.who)
    return wanted


def conditions(request: HttpRequest) -> dict[str, Q]:
    """What belongs into each view, for this reader."""
    steps = OutreachStep.objects.filter(proposal=OuterRef("pk"))
    payment = Exists(steps.filter(Q(kind="offer") | Q(details__purpose="payment")))
    ended = OutreachStep.objects.order_by().values("proposal")
    dropped = ended.filter(state="dropped", changed_at__gte=place.now() - _DROPPED_SHOWN)
    is_open = Q(state=State.OPEN)
    return {
        "open": is_open,
        "high": is_open & Q(band="high"),
        "mine": is_open & Q(assignee=request.user.get_username()),
        "payments": is_open & Q(payment),
        "second": is_open & Q(pk__in=approvals.awaiting_second()),
        "snoozed": Q(state=State.SNOOZED),
        "unknown": Q(pk__in=ended.filter(state="unknown")),
        "dropped": Q(pk__in=dropped),
        "done": Q(decided_at__gte=midnight()) & ~Q(state__in=(State.OPEN, State.HELD_BACK)),
        "held": Q(state=State.HELD_BACK),
    }


def midnight() -> dt.datetime:
    """When today began, by the association's clock."""
    here = ZoneInfo(place.settings().association.time_zone)
    return place.now().astimezone(here).replace(hour=0, minute=0, second=0, microsecond=0)


def views(request: HttpRequest, asked: Asked) -> list[View]:
    """Every fixed view with its count; those without anything in them stay, with a 0."""
    counts = counted(request, [Asked(view=key) for key in VIEWS])
    return [
        View(key, title, f"?{Asked(view=key).address()}", count, key == asked.view and not asked.narrows)
        for (key, title), count in zip(VIEWS.items(), counts, strict=True)
    ]


def counted(request: HttpRequest, wanted: Sequence[Asked]) -> list[int]:
    """How many proposals each of *wanted* asks for."""
    of, mine = conditions(request), own(request, Proposal.objects.all())
    found: dict[int, int] = {}
    for i, asked in enumerate(wanted):
        if asked.view in _OF_EVERY_STATE:
            found[i] = mine.filter(of[asked.view], narrowing(asked)).count()
    # Those of a year ago are not looked through for the few that wait.
    waiting = {f"n{i}": of[asked.view] & narrowing(asked) for i, asked in enumerate(wanted) if i not in found}
    if waiting:
        counts = mine.filter(state__in=_WAITING).aggregate(
            **{name: Count("pk", filter=condition) for name, condition in waiting.items()}
        )
        found |= {int(name[1:]): count for name, count in counts.items()}
    return [found[i] for i in range(len(wanted))]


def heading(asked: Asked, total: int) -> str:
    """The page's finding, such as `31 drafts to approve`."""
    return f"{words.plural(total, 'draft')} {_NOUNS[asked.view]}"


@dataclass(frozen=True)
class Row:
    """One proposal in the list, in words."""

    proposal: int
    name: str
    when: str
    playbook: str
    band: str
    risk: str
    note: str
    picked: bool
    is_open: bool
    address: str


def rows_of(proposals: Iterable[Proposal], asked: Asked, opened: int | None, today: dt.date) -> list[Row]:
    """*proposals* in words, with one look-up for names however many there are."""
    found = list(proposals)
    names = names_of({row.member for row in found})
    return [
        Row(
            proposal=row.pk,
            name=names[row.member],
            when=left(row.renewal_due_on, today),
            playbook=playbook_title(row.playbook, row.playbook_version),
            band=row.band,
            risk=risk_words(row),
            note=_noted(row, asked.view),
            picked=row.pk in asked.picks,
            is_open=row.pk == opened,
            address=asked.address(opened=row.pk, picks=()),
        )
        for row in found
    ]


def names_of(members: Iterable[int]) -> dict[int, str]:
    """What to call each of *members*: the name, else the id."""
    wanted = list(members)
    ids, names = identities.ids_of(members=wanted), contacts.names_of(members=wanted)
    return {member: names.get(member) or f"Member {ids.get(member, '')}".strip() for member in wanted}


def playbook_title(name: str, version: int | None = None) -> str:
    """What staff call a playbook: by the text of a *version*, else by its name."""
    said = _title_in(str(django_settings.DATABASES["default"]["NAME"]), name, version) if version else ""
    return said or name.replace("-", " ").replace("_", " ").capitalize()


@lru_cache(maxsize=1024)
def _title_in(database: str, name: str, version: int) -> str:
    """The title in the text of one version, which never changes; empty where there is none."""
    text = PlaybookVersion.objects.filter(playbook=name, number=version).values_list("text", flat=True).first()
    try:
        title = read_toml(text or "").get("title", "")
    except NotToml:
        return ""
    return title if isinstance(title, str) else ""


def risk_words(row: Proposal) -> str:
    """The band and the chance in words, for those who do not see the mark."""
    if not row.band:
        return "No score"
    chance = "" if row.risk_score is None else f", {row.risk_score} in 100"
    return f"{BANDS.get(row.band, row.band.capitalize())} risk{chance}"


def left(due_on: dt.date | None, today: dt.date) -> str:
    """How long until a term ends, in a narrow column: `12 d`, `6 d late`."""
    if due_on is None:
        return "–"
    days = (due_on - today).days
    return f"{days} d" if days >= 0 else f"{-days:,} d late"


def _noted(row: Proposal, view: str) -> str:
    if view in ("held", "dropped"):
        return rule_words(row.rule or next((s.rule for s in row.steps.all() if s.rule), ""))
    if view == "snoozed" and row.snoozed_until:
        return f"until {words.short_day(row.snoozed_until)}"
    return row.get_state_display() if view == "done" else ""


def rule_words(rule: str) -> str:
    """A rule's name as words."""
    kind, _, rest = rule.partition(":")
    return f"{kind}, {rest}".replace("_", " ") if rest else kind.replace("_", " ").replace("-", " ")


def rules(request: HttpRequest, asked: Asked) -> list[tuple[str, str, int]]:
    """For what was held back or dropped: each rule, its words, and how many; the most first."""
    if asked.view not in ("held", "dropped"):
        return []
    counted: QuerySet[Any]
    counted = found = own(request, Proposal.objects.all()).filter(conditions(request)[asked.view])
    if asked.view == "dropped":
        since = place.now() - _DROPPED_SHOWN
        counted = OutreachStep.objects.filter(proposal__in=found, state="dropped", changed_at__gte=since)
    rows = counted.order_by().values("rule").annotate(n=Count("pk")).order_by("-n", "rule")
    return [(row["rule"], rule_words(row["rule"]) or "no rule named", row["n"]) for row in rows]


COLUMNS = (
    "proposal", "member_id", "name", "playbook", "playbook_version", "occasion", "cause", "state", "rule", "band",
    "risk_score", "renewal_due_on", "dues", "worth", "minutes", "assignee", "snoozed_until", "expires_on",
    "decided_by", "decided_at", "steps",
)  # fmt: skip


def records(proposals: QuerySet[Proposal]) -> Iterator[Mapping[str, Any]]:
    """*proposals* with names and ids, for files; read in parts."""
    part: list[Proposal] = []
    for row in proposals.prefetch_related("steps").iterator(chunk_size=500):
        part.append(row)
        if len(part) == 500:
            yield from _records(part)
            part = []
    yield from _records(part)


def _records(part: list[Proposal]) -> Iterator[Mapping[str, Any]]:
    members = {row.member for row in part}
    ids, names = identities.ids_of(members=members), contacts.names_of(members=members)
    for row in part:
        steps = ", ".join(f"{step.get_kind_display()} ({step.get_state_display().lower()})" for step in row.steps.all())
        known = {"proposal": row.pk, "member_id": ids.get(row.member, ""), "name": names.get(row.member, "")}
        known["steps"] = steps
        yield {name: known[name] if name in known else getattr(row, name) for name in COLUMNS}
