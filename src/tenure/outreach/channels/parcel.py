"""What a channel is given, and the three ways in which it can fail to deliver it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from tenure.base.errors import BadInput, TenureError
from tenure.outreach import values

Handing = Callable[[], None]
"""Called just before the content leaves this machine; raises when it may not leave any more."""


@dataclass(frozen=True)
class Enclosure:
    """A file that goes with a message: a picture that its HTML shows by `cid:` and *name*, or a document."""

    name: str
    kind: Literal["png", "pdf", "calendar"]
    content: bytes


@dataclass(frozen=True)
class Parcel:
    """One step as a channel sees it.

    Args:
        kind: Of the step, such as `email` or `task`.
        reference: What it is known by outside; the same for every attempt.
        recipient: An address, a number, a group's id, or who a task is for, by kind.
        subject: First line; empty where the channel has none.
        body: Plain text.
        details: What else the kind needs.
        member_id: The source's id of the member; empty where it is not known.
        headers: Further headers of a message, such as those of one-click unsubscribing.
        footer: Text that goes below the body.
        html: The same as the body, laid out; for letters to staff alone.
        enclosures: Files that go with the message.
        at: When it leaves, UTC.
    """

    kind: str
    reference: str
    recipient: str
    subject: str
    body: str
    at: dt.datetime
    details: Mapping[str, Any] = field(default_factory=dict)
    member_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    footer: str = ""
    html: str = ""
    enclosures: tuple[Enclosure, ...] = ()


class Channel(Protocol):
    """A way out."""

    looks_up: bool
    """Whether it can be asked what became of a parcel; where not, an unknown outcome waits for a person."""

    def ready(self) -> None:
        """See that something answers at the other end; cheap when it did a moment ago.

        Raises:
            NotTaken: Nothing does. No parcel was touched.
        """

    def look(self, parcel: Parcel) -> str | None:
        """The receipt of a parcel that arrived, or None when it did not.

        Raises:
            NotTaken: It cannot be asked now.
        """

    def send(self, parcel: Parcel, handing: Handing) -> str:
        """Deliver it, calling *handing* before anything leaves; gives the receipt.

        Raises:
            NotTaken, Refused, Unsure: It was not delivered, or may not have been.
        """


class NotTaken(TenureError):
    """Nothing was delivered, and another attempt later may help. `after` is how long to wait, where that is known."""

    retryable = True

    def __init__(self, message: str, *, mend: str = "", after: dt.timedelta | None = None) -> None:
        super().__init__(message, mend=mend)
        self.after = after


class Refused(TenureError):
    """Nothing was delivered, and trying again will not help. `bounced` when the address itself was refused."""

    def __init__(self, message: str, *, mend: str = "", bounced: bool = False) -> None:
        super().__init__(message, mend=mend)
        self.bounced = bounced


class Unsure(TenureError):
    """It was handed over, and whether it was taken is not known."""


def one_line(text: str, what: str) -> str:
    """*text*, when it is one line, as `tenure.outreach.values.one_line` has it.

    Raises:
        Refused: It holds a line break or another control character, which could forge a header.
    """
    try:
        return values.one_line(text, f"the {what}")
    except BadInput as error:
        raise Refused(error.message, mend="edit the draft and approve again") from error
