"""The queue: what waits for a person's word, the draft beside it, and files of it. Nothing here changes anything."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.ledger import approvals
from tenure.ledger.models import OutreachStep, Proposal, Staff
from tenure.ledger.rights import Act
from tenure.web import place, queue_draft, queue_list, words
from tenure.web.asked import number
from tenure.web.cells import csv_file
from tenure.web.passed_over import passed_over_by_rule
from tenure.web.queue_list import PAGE_SIZE, Asked, matching, names_of
from tenure.web.roles import may, own
from tenure.web.saved_views import beside_queue, narrowed_queue

State, StepState = Proposal.State, OutreachStep.State


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The work list, and one of its drafts."""
    return show(request, Asked.of(request.GET))


def show(request: HttpRequest, asked: Asked, *, trouble: str = "", status: int = 200) -> HttpResponse:
    """The page that *asked* asks for; with *trouble*, what could not be done and why."""
    found = matching(request, asked)
    paging = Paginator(found.prefetch_related("steps"), PAGE_SIZE)
    part = paging.get_page(asked.page)
    opened = _opened(request, asked, part.object_list)
    today = place.now().date()
    rows = queue_list.rows_of(part.object_list, asked, opened.pk if opened else None, today)
    context: dict[str, Any] = {
        "asked": asked,
        "heading": queue_list.heading(asked, paging.count),
        "sub": _sub(asked),
        "views": (views := queue_list.views(request, asked)),
        "current": next(view for view in views if view.key == asked.view),
        "narrowed": narrowed_queue(asked),
        "beside": beside_queue(request, asked),
        "rules": queue_list.rules(request, asked),
        "passed_over": passed_over_by_rule(request) if asked.view == "held" else [],
        "rows": rows,
        "total": paging.count,
        "first": part.start_index() or 1,
        "number": part.number,
        "last": paging.num_pages,
        "picked": len(asked.picks),
        **_all_here(asked, [row.pk for row in part.object_list]),
        "may_decide": may(request.user, Act.DECIDE),
        "may_export": may(request.user, Act.EXPORT),
        "bulk": asked.view in ("open", "high", "mine", "payments") and may(request.user, Act.DECIDE),
        "files": asked.address(opened=None, picks=(), page=1),
        "back": asked.address(opened=None, picks=()),
        "trouble": trouble,
        "undo": _undo_of(request),
        "next_night": place.settings().night.starts_at,
        **_choices(request),
    }
    if opened is not None:
        context |= {"draft": queue_draft.context_of(request, opened), **_neighbors(asked, rows, opened, part, paging)}
    return render(request, "queue.html", context, status=status)


def _all_here(asked: Asked, here: list[int]) -> dict[str, Any]:
    """The address that ticks what stands on this page besides what is ticked, or takes all ticks away if it is."""
    are_all = set(here) <= set(asked.picks)
    picks = () if are_all else tuple(dict.fromkeys([*asked.picks, *here]))
    return {"all_here": asked.address(picks=picks), "are_all": are_all}


def proposal_or_404(request: HttpRequest, proposal: int) -> Proposal:
    """One proposal, if the reader may see it; another chapter's is as unknown as one that does not exist."""
    row = own(request, Proposal.objects.filter(pk=proposal)).prefetch_related("steps").first()
    if row is None:
        raise Http404
    return row


@require_safe
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Every proposal that the address asks for."""
    found = matching(request, Asked.of(request.GET))
    rows = (list(record.values()) for record in queue_list.records(found))

    def headed() -> Any:
        yield queue_list.COLUMNS
        yield from rows

    return csv_file(headed(), f"tenure-queue-{place.now():%Y-%m-%d}.csv")


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    """One page of what the address asks for."""
    asked = Asked.of(request.GET)
    paging = Paginator(matching(request, asked), PAGE_SIZE)
    part = paging.get_page(asked.page)
    pks = [row.pk for row in part.object_list]
    following = asked.address(page=asked.page + 1, opened=None, picks=())
    records = {record["proposal"]: record for record in queue_list.records(Proposal.objects.filter(pk__in=pks))}
    return JsonResponse(
        {
            "view": asked.view,
            "total": paging.count,
            "page": part.number,
            "next": f"{request.path}?{following}" if part.has_next() else None,
            "proposals": [records[pk] for pk in pks],
        }
    )


@require_safe
def bulk(request: HttpRequest) -> HttpResponse:
    """What approving everything that is ticked would do: whom it reaches, whom it leaves out, and how much it is."""
    asked = Asked.of(request.GET)
    chosen = list(own(request, Proposal.objects.filter(pk__in=asked.picks)).prefetch_related("steps").order_by("pk"))
    names, waiting = names_of([row.member for row in chosen]), set(approvals.awaiting_second())
    inside = [row for row in chosen if row.state in (State.OPEN, State.SNOOZED) and row.pk not in waiting]
    drafts = {row.pk: [s for s in row.steps.all() if s.state == StepState.DRAFT] for row in inside}
    special = approvals.needs_second_in_bulk(inside, drafts, place.settings())
    waits = [row for row in chosen if row.state in (State.OPEN, State.SNOOZED)]
    context = {
        "asked": asked,
        "inside": [(row, names[row.member], drafts[row.pk], row.pk in special) for row in inside],
        "outside": [
            (
                row,
                names[row.member],
                "waits for a second person" if row.pk in waiting else _stands(row),
            )
            for row in chosen
            if row not in inside
        ],
        "unknown": len(asked.picks) - len(chosen),
        "waits": [row.pk for row in waits],
        "waiting_people": len({row.member for row in waits}),
        "left_out": len(asked.picks) - len(waits),
        "staff": queue_draft.assignees(waits),
        "steps": sum(len(steps) for steps in drafts.values()),
        "people": len({row.member for row in inside}),
        "special": len(special),
        "seen": [(step.pk, step.digest) for steps in drafts.values() for step in steps],
        "back": asked.address(opened=None, picks=()),
        "stay": asked.address(opened=None),
        "undo_seconds": place.settings().outreach.undo_seconds,
    }
    return render(request, "queue_bulk.html", context)


def _stands(row: Proposal) -> str:
    return str(row.get_state_display()).lower()


def following(request: HttpRequest, asked: Asked, proposal: int) -> int | None:
    """The proposal after *proposal* in the list, else the one before it; ask before it leaves the list.

    Those that wait for somebody else, since the reader has approved them already, are passed by while there are others.
    """
    order = list(matching(request, asked).values_list("pk", flat=True))
    at = order.index(proposal) if proposal in order else -1
    rest = [*order[at + 1 :], *order[: max(at, 0)][::-1]]
    done = _approved_by(request)
    return next((pk for pk in rest if pk not in done), next(iter(rest), None))


def _approved_by(request: HttpRequest) -> frozenset[int]:
    """What the reader has approved and a second person has not yet."""
    return frozenset(approvals.awaiting_second(first=request.user.get_username()))


def page_of(request: HttpRequest, asked: Asked, proposal: int | None) -> int:
    """On which page of the list *proposal* stands."""
    order = list(matching(request, asked).values_list("pk", flat=True))
    return order.index(proposal) // PAGE_SIZE + 1 if proposal in order else 1


def _opened(request: HttpRequest, asked: Asked, part: Any) -> Proposal | None:
    if asked.opened is not None:
        return proposal_or_404(request, asked.opened)
    rows, done = list(part), _approved_by(request) if asked.view != "second" else frozenset()
    return next((row for row in rows if row.pk not in done), next(iter(rows), None))


def _neighbors(asked: Asked, rows: list[queue_list.Row], opened: Proposal, part: Any, paging: Any) -> dict[str, Any]:
    at = next((i for i, row in enumerate(rows) if row.proposal == opened.pk), None)
    if at is None:
        return {"place_of": None}
    before = rows[at - 1].address if at else ""
    after = rows[at + 1].address if at + 1 < len(rows) else ""
    if not before and part.has_previous():
        before = asked.address(page=part.number - 1, opened=None, picks=())
    if not after and part.has_next():
        after = asked.address(page=part.number + 1, opened=None, picks=())
    return {"place_of": (part.number - 1) * PAGE_SIZE + at + 1, "before": before, "after": after}


def _undo_of(request: HttpRequest) -> dict[str, Any] | None:
    """The bar that takes one's own last decision back, as long as it can be."""
    pk = number(request.GET.get("done", ""))
    row = own(request, Proposal.objects.filter(pk=pk)).prefetch_related("steps").first() if pk else None
    if row is None:
        return None
    steps, mine = list(row.steps.all()), row.decided_by == request.user.get_username()
    name = names_of([row.member])[row.member]
    if row.state == State.OPEN and approvals.waits_by(steps, request.user.get_username()):
        return {"pk": row.pk, "said": "First approval for", "name": name, "then": "It waits for a second person."}
    if not mine or row.state not in (State.APPROVED, State.REJECTED, State.SNOOZED):
        return None
    leaves = min((step.leaves_at for step in steps if step.leaves_at), default=None)
    if row.state == State.APPROVED and (leaves is None or leaves <= place.now()):
        return None
    then = f"Leaves {words.instant(leaves)}." if leaves and row.state == State.APPROVED else ""
    then = f"Back on {words.short_day(row.snoozed_until)}." if row.snoozed_until else then
    return {"pk": row.pk, "said": f"{row.get_state_display()} for", "name": name, "then": then}


def _choices(request: HttpRequest) -> dict[str, Any]:
    rows = own(request, Proposal.objects.filter(state__in=(State.OPEN, State.SNOOZED, State.HELD_BACK)))
    names = rows.order_by("playbook").values_list("playbook").annotate(version=Max("playbook_version"))
    chapters = rows.exclude(chapter_id="").order_by("chapter_id").values_list("chapter_id", flat=True).distinct()
    people = rows.exclude(assignee="").order_by("assignee").values_list("assignee", flat=True).distinct()
    known = {p.username: str(p) for p in Staff.objects.filter(username__in=list(people))}
    return {
        "playbooks": [(name, queue_list.playbook_title(name, version)) for name, version in names],
        "chapters": list(chapters),
        "people": [(name, known.get(name, name)) for name in people if name != request.user.get_username()],
    }


def _sub(asked: Asked) -> str:
    undo = place.settings().outreach.undo_seconds
    return {
        "snoozed": "They come back by themselves on their day.",
        "unknown": "Handed over when the line broke or the machine stopped. Look, then say what became of each.",
        "dropped": "Approved, but a check at the moment of sending said no to a step. That step was not sent.",
        "done": "What has not left yet can be taken back.",
        "held": "Drafts that lack a ground for something they say, or an address. Each says what it lacks.",
        "second": "One person has approved these; what they are asks for two.",
    }.get(
        asked.view,
        f"What is approved leaves {undo} seconds later, and every check is run again then.",
    )
