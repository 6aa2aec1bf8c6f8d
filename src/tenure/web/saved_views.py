"""Views that staff save under names of their own: beside the fixed ones of Today and the queue, and on their page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tenure.base.errors import NotAllowed, TenureError
from tenure.ledger import saved_views
from tenure.ledger.models import SavedView, ScoreSet
from tenure.ledger.rights import Act, chapter_of
from tenure.ledger.saved_views import Room
from tenure.web import place, queue_list, words
from tenure.web.asked import BANDS, CHANGES, SORTS, Asked, number
from tenure.web.cells import list_file
from tenure.web.overview import counts_of
from tenure.web.queue_list import VIEWS, playbook_title, rule_words
from tenure.web.roles import may, reader

_LONGEST_ADDRESS = 4000


@dataclass(frozen=True)
class Tab:
    """One of them beside the fixed views."""

    name: str
    address: str
    count: int
    is_current: bool
    is_shared: bool


@dataclass(frozen=True)
class Beside:
    """What stands beside the fixed views of a list: `tabs`, and the way to save what is shown now."""

    tabs: tuple[Tab, ...]
    saving: str
    is_saved: bool


def beside_today(request: HttpRequest, asked: Asked, score_set: ScoreSet) -> Beside:
    """Those of Today."""
    rows = saved_views.seen_by(reader(request), Room.TODAY)
    wanted = tuple(Asked.of(row.asks) for row in rows)
    counts = counts_of(score_set, wanted, chapter_of(reader(request)))
    return _beside(Room.TODAY, rows, counts, _asks_today(asked), sought=asked.words)


def beside_queue(request: HttpRequest, asked: queue_list.Asked) -> Beside:
    """Those of the queue."""
    rows = saved_views.seen_by(reader(request), Room.QUEUE)
    counts = queue_list.counted(request, [queue_list.Asked.of(_query(row.asks)) for row in rows])
    return _beside(Room.QUEUE, rows, counts, _asks_queue(asked))


def _beside(
    room: str, rows: Sequence[SavedView], counts: Sequence[int], asks: dict[str, str], *, sought: str = ""
) -> Beside:
    tabs = tuple(
        Tab(row.name, address_of(row), count, not sought and row.asks == asks, row.is_shared)
        for row, count in zip(rows, counts, strict=True)
    )
    back = urlencode({**asks, "q": sought} if sought else asks)
    saving = f"{reverse('views')}?{urlencode({'of': room, 'back': back})}"
    return Beside(tabs, saving, any(tab.is_current for tab in tabs))


def address_of(row: SavedView) -> str:
    """Where *row* leads to; the address is the view, and can be mailed."""
    return _address(row.room, row.asks)


def _address(room: str, asks: Mapping[str, str]) -> str:
    if room == Room.TODAY:
        return f"{reverse('today')}?{urlencode(asks)}#work"
    return f"{reverse('queue')}?{urlencode(asks)}".rstrip("?")


def _asks_today(asked: Asked) -> dict[str, str]:
    return {**{name: value for name, value in asked.parameters().items() if name != "q"}, "sort": asked.sort}


def _asks_queue(asked: queue_list.Asked) -> dict[str, str]:
    return dict(parse_qsl(asked.address(page=1, opened=None, picks=())))


def _asks(room: str, back: str) -> dict[str, str]:
    """What the address with the parameters *back* asks a list for, in the one way to say it."""
    given = QueryDict(back[:_LONGEST_ADDRESS])
    return _asks_today(Asked.today(given.dict())) if room == Room.TODAY else _asks_queue(queue_list.Asked.of(given))


def _query(asks: Mapping[str, str]) -> QueryDict:
    return QueryDict(urlencode(asks))


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """All that the reader has or is shown; with `of` and `back`, a form that saves what that list shows."""
    return _shown(request, request.GET)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as CSV or JSON."""
    rows = [
        [row.name, row.room, row.owner.username, row.is_shared, address_of(row), row.saved_at]
        for row in saved_views.seen_by(reader(request))
    ]
    return list_file("views", ("name", "list", "account", "shared", "address", "saved_at"), rows, form)


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Save a view, and go to it."""
    form = request.POST
    room = form.get("of", "")
    try:
        made = saved_views.save(
            by=request.user.get_username(), room=room, name=form.get("name", ""),
            asks=_asks(room, form.get("back", "")), shared=form.get("shared") == "1", clock=place.now,
        )  # fmt: skip
    except TenureError as error:
        return _shown(request, form, trouble=error)
    return redirect(address_of(made))


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Rename, share, withdraw or remove one; what was removed can be put back from the answer."""
    form, by = request.POST, request.user.get_username()
    given: dict[str, Any] = {"view": number(form.get("view", "")) or 0, "by": by, "clock": place.now}
    try:
        match form.get("do"):
            case "rename":
                row = saved_views.rename(name=form.get("name", ""), **given)
            case "share":
                row = saved_views.share(**given)
            case "withdraw":
                row = saved_views.withdraw(**given)
            case "remove":
                return _shown(request, {}, removed=saved_views.remove(**given))
            case _:
                raise Http404
    except TenureError as error:
        return _shown(request, {}, trouble=error)
    return redirect(f"{reverse('views')}#v-{row.pk}")


def _shown(
    request: HttpRequest,
    form: Mapping[str, Any],
    *,
    trouble: TenureError | None = None,
    removed: SavedView | None = None,
) -> HttpResponse:
    person, room, back = reader(request), form.get("of", ""), form.get("back", "")
    saved = [_said_of(request, row) for row in saved_views.seen_by(person)]
    context: dict[str, Any] = {
        "saved": saved,
        "may_share": may(person, Act.SHARE),
        "trouble": words.trouble(trouble) if trouble else "",
        "given": form,
        "longest": saved_views.LONGEST,
    }
    if room in Room.values:
        asks = _asks(room, back)
        context |= {
            "of": Room(room), "said": said(room, asks), "back": urlencode(asks), "list_address": _address(room, asks),
            "has_words": "q" in QueryDict(back[:_LONGEST_ADDRESS]),
            "twin": next((one for one in saved if one["is_mine"] and one["address"] == _address(room, asks)), None),
        }  # fmt: skip
    if removed is not None:
        context |= {"removed": removed, "removed_asks": urlencode(removed.asks)}
    status = 200 if trouble is None else 403 if isinstance(trouble, NotAllowed) else 422
    return render(request, "saved_views.html", context, status=status)


def _said_of(request: HttpRequest, row: SavedView) -> dict[str, Any]:
    return {
        "row": row, "address": address_of(row), "said": said(row.room, row.asks),
        "is_mine": row.owner_id == reader(request).pk, "owner": str(row.owner),
    }  # fmt: skip


def said(room: str, asks: Mapping[str, str]) -> str:
    """What a list is asked for, in words: `High risk, chapter Gulf; soonest renewal first`."""
    if room == Room.TODAY:
        asked = Asked.of(asks)
        return f"{words.begun(', '.join(_words_today(asked)) or 'everyone')}; {SORTS[asked.sort]} first"
    return words.begun(", ".join(_words_queue(queue_list.Asked.of(_query(asks)))))


def narrowed_today(asked: Asked) -> list[str]:
    """What Today leaves out, each in words, such as `high risk`."""
    return [*([f"“{asked.words}”"] if asked.words else []), *_words_today(asked)]


def narrowed_queue(asked: queue_list.Asked) -> list[str]:
    """What the queue leaves out of its view, each in words."""
    return _words_queue(asked)[1:]


def _words_today(asked: Asked) -> list[str]:
    given = {
        "to call": asked.now,
        f"{BANDS.get(asked.band, '').lower()} risk": asked.band,
        asked.kind: asked.kind,
        f"chapter {asked.chapter}": asked.chapter,
        "in grace": asked.grace,
        f"due within {asked.due} days": asked.due,
        "call-now mark": asked.call,
        "a payment to fix": asked.payment,
        f"joined {asked.silent} days ago and did nothing": asked.silent,
        "active before, silent now": asked.quiet,
        "takes part most of the type": asked.engaged,
        CHANGES.get(asked.change, ""): asked.change,
    }
    return [text for text, is_asked in given.items() if is_asked]


def _words_queue(asked: queue_list.Asked) -> list[str]:
    given = {
        VIEWS[asked.view].lower(): True,
        f"playbook {playbook_title(asked.playbook)}": asked.playbook,
        f"chapter {asked.chapter}": asked.chapter,
        "assigned to nobody" if asked.who == "nobody" else f"assigned to {asked.who}": asked.who,
        rule_words(asked.rule): asked.rule,
    }
    return [text for text, is_asked in given.items() if is_asked]
