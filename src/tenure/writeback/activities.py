"""Activities in iMIS: tasks and calls with a follow-up date, calls that were made, and notes of what was said.

iMIS has no task of its own kind: what its users see as tasks are activities with a follow-up date, whose assignee
stands in the source code. Each activity carries the step's reference, and is looked up by it before it is created,
since creating is not idempotent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from tenure.base.settings import Tasks
from tenure.imis import (
    ImisClient,
    ImisRefused,
    ImisUnavailable,
    Invalid,
    OutcomeUnknown,
    WrongCredentials,
    generic_entity,
)
from tenure.outreach.channels.parcel import Handing, NotTaken, Parcel, Refused, Unsure

ENTITY = "Activity"
_RIGHTS = dt.timedelta(hours=1)
_LONGEST = {"DESCRIPTION": 255, "SOURCE_CODE": 40, "CATEGORY": 15}


class Activities:
    """Creates activities, one for each reference.

    Args:
        client: The iMIS.
        rules: The `[tasks]` settings.
        time_zone: The association's, in which iMIS states its times.
    """

    looks_up = True

    def __init__(self, client: ImisClient, rules: Tasks, time_zone: str = "UTC") -> None:
        self._client, self._rules, self._zone = client, rules, ZoneInfo(time_zone)
        self._writer = client.writing_to(ENTITY)

    def ready(self) -> None:
        """Be signed in.

        Raises:
            NotTaken: iMIS does not answer, or does not let us in.
        """
        signed_in(self._client)

    def look(self, parcel: Parcel) -> str | None:
        """The number (SEQN) of the activity with the parcel's reference, or None.

        Raises:
            NotTaken: iMIS cannot be asked now.
        """
        _require_member(parcel)
        wanted = {"PartyId": parcel.member_id, "ACTIVITY_TYPE": self._type_of(parcel)}
        field = self._rules.reference_field
        try:
            for page in self._client.entities(ENTITY, wanted, "SEQN"):
                for row in page:
                    if row.get(field) == parcel.reference:
                        return str(row["SEQN"])
        except (ImisUnavailable, ImisRefused) as error:
            raise not_taken(error) from error
        return None

    def send(self, parcel: Parcel, handing: Handing) -> str:
        """Create the activity, unless it is there already; gives its number.

        Raises:
            Refused: iMIS says that the activity cannot be.
            NotTaken: iMIS does not answer, or the account lacks the right; nothing was created.
            Unsure: It may have been created or not.
        """
        found = self.look(parcel)
        if found is not None:
            return found
        entity = generic_entity(ENTITY, parcel.member_id, self._values(parcel), existing=False)
        handing()
        return created(lambda: self._writer.post(ENTITY, entity))

    def completed(self, number: str) -> bool | None:
        """Whether staff have marked the activity as done; None when it is not there any more.

        Raises:
            NotTaken: iMIS cannot be asked now.
        """
        from tenure.imis import values_of

        try:
            entity = self._client.get(ENTITY, number)
        except (ImisUnavailable, ImisRefused) as error:
            raise not_taken(error) from error
        if entity is None:
            return None
        code = str(values_of(entity).get(self._rules.done_field) or "").upper()
        return code in {given.upper() for given in self._rules.done_codes}

    def _type_of(self, parcel: Parcel) -> str:
        given = parcel.details.get("activity_type")
        if parcel.kind == "log" and given:
            return str(given)
        rules = self._rules
        types = {
            "task": rules.task_type, "callback": rules.call_type, "called": rules.call_type, "log": rules.log_type,
        }  # fmt: skip
        return types.get(parcel.kind, rules.message_type)

    def _values(self, parcel: Parcel) -> dict[str, Any]:
        at = parcel.at.astimezone(self._zone).replace(tzinfo=None, microsecond=0)
        values: dict[str, Any] = {
            "PartyId": parcel.member_id,
            "ACTIVITY_TYPE": self._type_of(parcel),
            "TRANSACTION_DATE": at,
            "DESCRIPTION": parcel.subject or parcel.kind,
            "NOTE": parcel.body,
            "SOURCE_SYSTEM": "TENURE",
            self._rules.reference_field: parcel.reference,
        }
        if parcel.kind in ("task", "callback"):
            days = int(parcel.details.get("due_days") or self._rules.due_days)
            values |= {
                "TICKLER_DATE": at.date() + dt.timedelta(days=days),
                "SOURCE_CODE": self._assignee(parcel),
                "NOTE_2": parcel.subject,
                "CATEGORY": str(parcel.details.get("priority") or ""),
            }
        if parcel.kind == "called":
            values |= self._of_a_call(parcel)
        return {name: _fitting(name, value) for name, value in values.items() if value not in ("", None)}

    def _of_a_call(self, parcel: Parcel) -> dict[str, Any]:
        """Of a call that was made: what is to follow is a task of whoever made it; else it is done."""
        on = str(parcel.details.get("follow_up_on") or "")
        if on:
            return {"TICKLER_DATE": dt.date.fromisoformat(on), "SOURCE_CODE": self._assignee(parcel)}
        done = {self._rules.done_field: self._rules.done_codes[0]} if self._rules.done_codes else {}
        return {"SOURCE_CODE": self._assignee(parcel), **done}

    def _assignee(self, parcel: Parcel) -> str:
        name = parcel.recipient or str(parcel.details.get("assignee") or "")
        return self._rules.assignees.get(name, name)


def signed_in(client: ImisClient) -> None:
    """Be signed in to iMIS.

    Raises:
        NotTaken: It does not answer, or does not let us in.
    """
    try:
        client.whoami()
    except (ImisUnavailable, ImisRefused) as error:
        raise not_taken(error) from error


def not_taken(error: ImisUnavailable | ImisRefused) -> NotTaken:
    """*error* of iMIS as a channel says it: nothing was changed."""
    seconds = getattr(error, "seconds", None)
    after = dt.timedelta(seconds=seconds) if seconds else None
    # A right is given some day; a password, as a rule, within the hour, and the old one is sent to nobody meanwhile.
    lasts = isinstance(error, ImisRefused) and not isinstance(error, WrongCredentials)
    return NotTaken(error.message, mend=error.mend, after=after or (_RIGHTS if lasts else None))


def created(post: Any) -> str:
    """What *post* created, by its number; empty when iMIS did not say.

    Raises:
        Refused, NotTaken, Unsure: As a channel says it.
    """
    try:
        answer: Mapping[str, Any] = post()
    except OutcomeUnknown as error:
        raise Unsure(error.message, mend=error.mend) from error
    except Invalid as error:
        fields = f" ({', '.join(error.fields)})" if error.fields else ""
        raise Refused(
            f"iMIS refuses it as it is{fields}", mend="see that the activity type, group or contact exists"
        ) from error
    except (ImisUnavailable, ImisRefused) as error:
        raise not_taken(error) from error
    elements = ((answer.get("Identity") or {}).get("IdentityElements") or {}).get("$values") or []
    return str(elements[0]) if elements else str(answer.get("GroupMemberId") or "")


def _require_member(parcel: Parcel) -> None:
    if not parcel.member_id:
        raise Refused("the member's id in iMIS is not known")


def _fitting(name: str, value: Any) -> Any:
    return value[: _LONGEST[name]] if name in _LONGEST and isinstance(value, str) else value
