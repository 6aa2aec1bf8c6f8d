"""Endpoints as people and programs add them: looked at before they are kept, with their secret in words."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Settings
from tenure.ledger import endpoints
from tenure.ledger.models import Endpoint
from tenure.outreach.channels.events import EVENTS
from tenure.outreach.channels.outside import Outside
from tenure.outreach.channels.parcel import NotTaken, Refused
from tenure.outreach.channels.webhooks import written


def subscribe(
    home: Home,
    settings: Settings,
    *,
    name: str,
    url: str,
    events: Sequence[str],
    is_full: bool,
    by: str,
    clock: Clock = system_clock,
) -> tuple[Endpoint, str]:
    """A new endpoint that could be reached just now, and what its messages are signed with.

    Args:
        home, settings: Of the association; `settings.webhooks.networks` are the private networks it may lie in.
        name, url: What it is called, and where messages go.
        events: What it hears of; of everything, where none is named.
        is_full: Whether it is told name, address, score and reason too.
        by: Who adds it.
        clock: Gives the present instant.

    Raises:
        UsageError: The name is taken, an event is not known, or messages could not go there.
    """
    chosen = known_events(events)
    try:
        Outside(settings.webhooks.networks).check(url)
    except (NotTaken, Refused) as error:
        raise UsageError(
            f"the endpoint cannot be told: {error.message}", mend=error.mend or "see the address"
        ) from error
    made = endpoints.add(name=name, url=url, events=chosen, is_full=is_full, by=by, clock=clock)
    return made, secret_of(home, made, clock=clock)


def secret_of(home: Home, endpoint: Endpoint, *, clock: Clock = system_clock) -> str:
    """What the messages to *endpoint* are signed with now, as receivers want it."""
    purpose = endpoints.keys_of(endpoint, clock())[0]
    return written(Pseudonyms.of(home).secret(purpose))


def known_events(names: Sequence[str]) -> list[str]:
    """*names*, each of which is an event.

    Raises:
        UsageError: One is not.
    """
    for name in names:
        if name not in EVENTS:
            raise UsageError(f"there is no event {name!r}", mend=f"it is one of {', '.join(EVENTS)}")
    return list(names)
