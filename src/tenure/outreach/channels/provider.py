"""Text and in-app messages through a service that speaks the few words of docs/providers.md.

Each message is a signed request whose id is the step's reference. The service takes one id once, however often it is
sent, and can be asked for an id; so what was lost on the way is looked up, and then sent again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import orjson

from tenure.outreach.channels.outside import Answer, Outside
from tenure.outreach.channels.parcel import Handing, NotTaken, Parcel, Refused, Unsure, one_line
from tenure.outreach.channels.webhooks import signed, verdict

_BUSY = frozenset({408, 425, 429, 503})
_NO_SUCH_ADDRESS = frozenset({404, 410, 422})


class Provider:
    """A service that delivers messages of one channel.

    Args:
        url: Where it listens.
        channel: `sms` or `in_app`.
        key: What requests are signed with.
        outside: Sends requests.
        clock: Gives the present instant.
    """

    looks_up = True

    def __init__(self, url: str, channel: str, key: bytes, outside: Outside, clock: Callable[[], dt.datetime]) -> None:
        self._url, self._channel, self._key, self._outside, self._clock = url, channel, key, outside, clock

    def ready(self) -> None:
        """See that the address of the service is known and may be reached.

        Raises:
            NotTaken: It is not; with what to do about it.
        """
        try:
            self._outside.check(self._url)
        except Refused as error:
            raise NotTaken(f"`{self._channel}.url` cannot be reached: {error.message}", mend=error.mend) from error

    def look(self, parcel: Parcel) -> str | None:
        """Ask for a message by its reference; the receipt is the reference.

        Raises:
            NotTaken: The service does not answer, or neither yes nor no.
        """
        mark = "&" if urlsplit(self._url).query else "?"
        url = f"{self._url}{mark}reference={quote(parcel.reference, safe='')}"
        answer = self._outside.request("GET", url, signed(parcel.reference, self._clock(), b"", [self._key]))
        if answer.status == 404:
            return None
        if 200 <= answer.status < 300:
            return parcel.reference
        raise NotTaken(f"the {self._channel} service answers {answer.status} when asked")

    def send(self, parcel: Parcel, handing: Handing) -> str:
        """Hand one message over; the receipt is its reference.

        Raises:
            Refused: The service refuses it for good.
            NotTaken: The service is busy, and took nothing.
            Unsure: It did not answer, or failed.
        """
        body = orjson.dumps(self._said(parcel), option=orjson.OPT_SORT_KEYS)
        headers = signed(parcel.reference, self._clock(), body, [self._key])
        handing()
        try:
            answer = self._outside.post(self._url, headers, body)
        except NotTaken as error:
            raise Unsure(f"the {self._channel} service did not answer: {error.message}") from error
        self._judge(answer)
        return parcel.reference

    def _said(self, parcel: Parcel) -> dict[str, str]:
        return {
            "reference": parcel.reference,
            "channel": self._channel,
            "to": one_line(parcel.recipient, "recipient"),
            "subject": one_line(parcel.subject, "subject"),
            "text": parcel.body,
        }

    def _judge(self, answer: Answer) -> None:
        if 200 <= answer.status < 300:
            return
        words = f"the {self._channel} service answers {answer.status}"
        if answer.status in _BUSY:
            raise NotTaken(words, after=verdict(answer, self._clock()).after)
        if 400 <= answer.status < 500:
            raise Refused(words, bounced=answer.status in _NO_SUCH_ADDRESS)
        raise Unsure(words)
