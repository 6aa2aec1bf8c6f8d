"""Views of Today and of the queue that staff keep under a name: for themselves, or for the team.

A view holds what an address asks for, and no words that somebody looked for, since they may be a member's name. The
audit log, which keeps what it has for good, goes by the number of a view for the same reason, and not by its name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import NotAllowed, UsageError
from tenure.ledger import audit, rights
from tenure.ledger.models import SavedView, Staff
from tenure.ledger.rights import Act

Room = SavedView.Room
MOST = 24
"""Of one account for one list; and as many that the team shares."""

LONGEST = 60
_LONGEST_VALUE = 200
_MOST_PARAMETERS = 20


def save(
    *, by: str, room: str, name: str, asks: Mapping[str, str], shared: bool = False, clock: Clock = system_clock
) -> SavedView:
    """Keep what a list is asked for under *name*, for the account *by*, and for the team if it is *shared*.

    Args:
        by: A sign-in name.
        room: Of `SavedView.Room`.
        name: At most `LONGEST` letters; another than those of one's own views there, whatever the case.
        asks: Parameters of an address by their names.
        shared: Show it to everyone who sees the list.
        clock: Gives the present instant.

    Raises:
        UsageError: The name will not do or is taken, that is kept already, or there are as many as there may be.
        NotAllowed: *by* may see no lists, or share nothing with the team.
    """
    name, asks = _name(name), _asks(asks)
    if room not in Room.values:
        raise UsageError("there is no such list", mend=f"choose one of {', '.join(Room.values)}")
    with transaction.atomic():
        owner = _locked(rights.require(by, Act.SHARE if shared else Act.SEE))
        mine = list(SavedView.objects.filter(owner=owner, room=room))
        _require_free(name, mine)
        twin = next((view for view in mine if view.asks == asks), None)
        if twin is not None:
            raise UsageError(f"that is saved already, as “{twin.name}”", mend="rename that one")
        if len(mine) >= MOST:
            raise UsageError(f"{MOST} views of one list are as many as there may be", mend="remove one first")
        if shared:
            _require_room(room, name)
        told = {"owner": owner, "room": room, "name": name, "asks": asks}
        made = SavedView.objects.create(**told, is_shared=shared, saved_at=clock())
        _note("save", made, by, clock)
    return made


def rename(*, view: int, name: str, by: str, clock: Clock = system_clock) -> SavedView:
    """Call one's own view *name* from now on.

    Raises:
        UsageError: There is none, or the name will not do or is taken.
        NotAllowed: It is somebody else's.
    """
    name = _name(name)
    with transaction.atomic():
        row = _own(view, by)
        _require_free(name, SavedView.objects.filter(owner=row.owner, room=row.room).exclude(pk=row.pk))
        if row.is_shared:
            _require_free(name, _shared(row.room).exclude(pk=row.pk))
        row.name = name
        row.save(update_fields=["name"])
        _note("rename", row, by, clock)
    return row


def share(*, view: int, by: str, clock: Clock = system_clock) -> SavedView:
    """Show one's own view to the team from now on.

    Raises:
        UsageError: There is none, its name is taken, or the team has as many as it may have.
        NotAllowed: It is somebody else's, or the role of *by* shares nothing.
    """
    with transaction.atomic():
        row = _own(view, by)
        rights.require(by, Act.SHARE)
        if not row.is_shared:
            _require_room(row.room, row.name)
            _set_shared(row, True, by, clock)
    return row


def withdraw(*, view: int, by: str, clock: Clock = system_clock) -> SavedView:
    """Show a view to its owner alone again; whoever may share withdraws also those of others.

    Raises:
        UsageError: There is none that *by* sees.
        NotAllowed: It is somebody else's, and the role of *by* shares nothing.
    """
    with transaction.atomic():
        row = _seen(view, by)
        if row.owner.username != by:
            rights.require(by, Act.SHARE)
        if row.is_shared:
            _set_shared(row, False, by, clock)
    return row


def remove(*, view: int, by: str, clock: Clock = system_clock) -> SavedView:
    """Forget one's own view; gives what it was.

    Raises:
        UsageError: There is none.
        NotAllowed: It is somebody else's.
    """
    with transaction.atomic():
        row = _own(view, by)
        _note("remove", row, by, clock)
        SavedView.objects.filter(pk=row.pk).delete()
    return row


def seen_by(person: Staff, room: str | None = None) -> list[SavedView]:
    """The views that *person* has, then those that others share; of one *room* or all, by name.

    Who sees one chapter alone is not shown those that ask for another one.
    """
    found = _visible(person).select_related("owner")
    rows = list(found if room is None else found.filter(room=room))
    chapter = rights.chapter_of(person)
    rows = [row for row in rows if chapter is None or row.asks.get("chapter", chapter) == chapter]
    return sorted(rows, key=lambda row: (row.room != Room.TODAY, row.owner_id != person.pk, row.name.casefold()))


def _visible(person: Staff) -> QuerySet[SavedView]:
    return SavedView.objects.filter(Q(owner=person) | Q(is_shared=True))


def _shared(room: str) -> QuerySet[SavedView]:
    return SavedView.objects.filter(room=room, is_shared=True)


def _locked(person: Staff) -> Staff:
    """So that two requests of one account do not pass the limits together."""
    return Staff.objects.select_for_update().get(pk=person.pk)


def _seen(view: int, by: str) -> SavedView:
    person = _locked(rights.require(by, Act.SEE))
    row = _visible(person).select_related("owner").filter(pk=view).first()
    if row is None:
        raise UsageError("there is no such view any more", mend="look at the list as it is now")
    return row


def _own(view: int, by: str) -> SavedView:
    row = _seen(view, by)
    if row.owner.username != by:
        raise NotAllowed("that view is somebody else’s", mend="save it under a name of your own")
    return row


def _require_free(name: str, others: QuerySet[SavedView] | list[SavedView]) -> None:
    if any(view.name.casefold() == name.casefold() for view in others):
        raise UsageError("a view of that name is there already", mend="choose another name")


def _require_room(room: str, name: str) -> None:
    """The team has no view of that *name*, and room for one more."""
    shared = list(_shared(room).select_for_update())
    _require_free(name, shared)
    if len(shared) >= MOST:
        raise UsageError(f"the team shares {MOST} views of that list, and no more", mend="withdraw one first")


def _name(given: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", given).split())
    if not name or len(name) > LONGEST:
        raise UsageError("a view needs a name", mend=f"give it one of at most {LONGEST} letters")
    # Signs that cannot be seen can make two names look alike, or turn the words after them around.
    if any(unicodedata.category(letter).startswith("C") for letter in name):
        raise UsageError("a name has letters that can be seen", mend="write it anew instead of pasting it")
    return name


def _asks(given: Mapping[str, str]) -> dict[str, str]:
    if len(given) > _MOST_PARAMETERS or any(len(value) > _LONGEST_VALUE for value in given.values()):
        raise UsageError("that filter is too long to be kept", mend="choose less")
    return {name: value.replace("\0", "") for name, value in given.items() if name != "q"}


def _set_shared(row: SavedView, shared: bool, by: str, clock: Clock) -> None:
    row.is_shared = shared
    row.save(update_fields=["is_shared"])
    _note("share" if shared else "withdraw", row, by, clock)


def _note(verb: str, view: SavedView, by: str, clock: Clock) -> None:
    told: dict[str, Any] = {"room": view.room, "owner": view.owner.username, "shared": view.is_shared}
    audit.record(f"view:list:{verb}", by=by, subject=str(view.pk), clock=clock, **told)
