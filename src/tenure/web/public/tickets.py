"""What a member's link stands for, and how often an address may ask."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tenure.base.pseudonym import Pseudonyms
from tenure.ledger import deliveries
from tenure.ledger.models import OutreachStep
from tenure.outreach.tokens import Ticket, Tokens, Use
from tenure.web import place

ASKED_AT_MOST = 120
WRONG_AT_MOST = 30
PER_SECONDS = 60
_ADDRESSES_KEPT = 10_000


@dataclass(frozen=True)
class Holder:
    """Who holds a link: its ticket, and the step that it came with (none once that is gone)."""

    ticket: Ticket
    step: OutreachStep | None


def holder_of(use: Use, token: str) -> Holder | None:
    """Whom *token* was made for; None for one that is good for nothing."""
    ticket = Tokens(Pseudonyms.of(place.home())).read(use, token)
    if ticket is None:
        return None
    step = deliveries.by_reference(ticket.reference)
    return Holder(ticket, step if step is not None and step.proposal.member == ticket.member else None)


class Patience:
    """How often one address asked of late; in this process alone, which is the one that serves pages."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def is_over(self, address: str) -> bool:
        """Whether *address* has asked as often as it may."""
        now = time.monotonic()
        with self._lock:
            asked = self._asked.get(address, deque())
            while asked and now - asked[0] > self._seconds:
                asked.popleft()
            return len(asked) >= self._most

    def count(self, address: str) -> None:
        """Count one request of *address*; those that asked longest ago are forgotten first."""
        with self._lock:
            self._asked.setdefault(address, deque(maxlen=self._most)).append(time.monotonic())
            self._asked.move_to_end(address)
            while len(self._asked) > _ADDRESSES_KEPT:
                self._asked.popitem(last=False)


_asked = Patience(ASKED_AT_MOST, PER_SECONDS)
_wrong = Patience(WRONG_AT_MOST, PER_SECONDS)
View = Callable[..., HttpResponse]


def unhurried(view: View) -> View:
    """Let one address ask so often in a minute and no more, less often with links that are none; and keep pages out
    of search machines."""

    @wraps(view)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        address = _address(request)
        if _asked.is_over(address) or _wrong.is_over(address):
            answer = render(request, "public_message.html", _BUSY, status=429)
            answer.headers["Retry-After"] = str(PER_SECONDS)
        else:
            _asked.count(address)
            answer = view(request, *args, **kwargs)
        answer.headers["X-Robots-Tag"] = "noindex, nofollow"
        # The link goes to no other site. Under `no-referrer` browsers send forms with an origin of `null`, which the
        # check of forms refuses.
        answer.headers["Referrer-Policy"] = "same-origin"
        return answer

    return limited


def message(request: HttpRequest, title: str, words: str, *, status: int = 200) -> HttpResponse:
    """A page that says one thing."""
    return render(request, "public_message.html", {"title": title, "words": words}, status=status)


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def unknown(request: HttpRequest) -> HttpResponse:
    """The answer to a link that is good for nothing: the same whatever is wrong with it."""
    _wrong.count(_address(request))
    return message(
        request, "This link does not work", "It may be incomplete, or no longer good. Write to us instead.", status=404
    )


_BUSY = {"title": "One moment", "words": "There were many requests from where you are. Try again in a minute."}
