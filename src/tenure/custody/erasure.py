"""Taking a member out of everything that Tenure keeps, for good, and saying what stays.

The tombstone comes first: whatever is cut off after it, no sync brings anything back, and the same command goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import DamagedStore, UsageError
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.signing import Signer
from tenure.base.tombstones import NAME, Tombstones
from tenure.custody.keeping import BACKUPS, backups_in
from tenure.custody.seals import require_unbroken, seal
from tenure.lake import Lake
from tenure.risk import Registry
from tenure.risk.receipts import Receipts

STAYS = (
    "The audit log keeps that something was done about a pseudonym, when, and by which of your staff. What was said is "
    "unreadable, since the key is destroyed.",
    f"{NAME} keeps a keyed digest, so that neither a sync nor an older backup brings the member back.",
    "An opt-out of an address stays as a keyed digest of the address.",
    "Models keep what they learnt from all members together, until they are made anew.",
    "Counts in reports and runs stay; they name nobody.",
    "iMIS keeps its own record and what Tenure wrote into it: delete it there.",
    "What has left this home stays where it went: exports, messages, backups elsewhere.",
)
"""What an erasure leaves, whatever it finds."""

_NAMED_FROM = 3
"""Words of a reason shorter than this are not taken for a member's name."""


@dataclass(frozen=True)
class Erased:
    """What was taken away.

    Args:
        members: How many members.
        rows: How many rows, by where they were.
        stays: What stays and why, in sentences.
    """

    members: int
    rows: dict[str, int]
    stays: tuple[str, ...]


def erase(home: Home, ids: Collection[str], *, by: str, why: str, clock: Clock = system_clock) -> Erased:
    """Erase the members whose ids at the source are *ids*. The ledger must be open.

    Args:
        home: The home.
        ids: To the letter.
        by: Who erases.
        why: In words that name no member: they stay in the audit log.
        clock: Gives the present instant.

    Raises:
        UsageError: One of them is not known, or *why* names one of them.
        DamagedStore: A store cannot be read, so that nobody could be taken out of it. Nothing was erased.
        HeldBack: A night is under way.
    """
    from tenure.ledger import lease, witness

    pseudonyms = Pseudonyms.of(home)
    members = {pseudonyms.one(member_id): member_id for member_id in ids}
    witness.require_whole(home)
    require_unbroken(home)
    with lease.take("night", clock=clock):
        _require_known(home, members)
        _require_unnamed(members, why)
        _require_readable_past(home)
        rows = _erase(home, members, by, why, clock)
        left = _tidy(home)
    return Erased(len(members), rows, (*STAYS, *left, *_older(home)))


def erase_again(home: Home, *, by: str, clock: Clock = system_clock) -> int:
    """Erase whoever came back with a store that was restored; how many there were. The ledger must be open.

    Past decisions of a damaged model out of which nobody can be taken go as a whole, where somebody is to be erased.
    """
    from tenure.ledger import identities

    known = identities.ids_of()
    in_lake = Lake.open(home.lake).members()["member"].unique().to_list()
    back = Tombstones(home).erased({*known, *in_lake})
    if back:
        # Nobody can be taken out of what cannot be read, and what is not there no longer hinders the rest.
        _models(home).drop_torn_past()
        members = {member: known.get(member, "") for member in back}
        _erase(home, members, by, "a backup from before the erasure was put back", clock)
        _tidy(home)
    return len(back)


def _erase(home: Home, members: dict[int, str], by: str, why: str, clock: Clock) -> dict[str, int]:
    from django.db import transaction

    from tenure.ledger import audit, belonging, seals
    from tenure.ledger.anchors import ERASED

    Tombstones(home).add("erased", members, clock().date())
    Tombstones(home).copy_to(home.root / BACKUPS)
    rows = {
        "lake": Lake.open(home.lake).erase(members, at=clock()),
        "receipts": Receipts(home.receipts).erase(members),
        "past predictions": _models(home).erase(members),
    }
    shutil.rmtree(home.root / "spool", ignore_errors=True)
    for member, member_id in members.items():
        with transaction.atomic():
            gone = belonging.erase(member=member, member_id=member_id)
            gone["sealed texts"] = seals.destroy(member=member)
            audit.record(ERASED, by=by, member=member, clock=clock, why=why, rows=sum(gone.values()))
        for name, count in gone.items():
            rows[name] = rows.get(name, 0) + count
    return {name: count for name, count in rows.items() if count}


def _models(home: Home) -> Registry:
    return Registry(home.models, Signer(Pseudonyms.of(home).secret("models")))


def _require_readable_past(home: Home) -> None:
    """Found only on the way, an erasure would stop by half."""
    torn = _models(home).torn_past()
    if torn:
        raise DamagedStore("; ".join(error.message for error in torn.values()), mend=_way_past(home, list(torn)))


def _way_past(home: Home, torn: list[str]) -> str:
    """What to do about models out of which nobody can be taken. One that serves is not deleted before another does, or
    nothing would be scored."""
    from tenure.ledger import serving

    registry, folders = _models(home), " and ".join(str(home.models / version) for version in torn)
    delete = f"delete {folders}, out of which nobody can be taken, and give the command again"
    champion = serving.serves(registry)
    if champion not in torn:
        return delete
    way = serving.way_to_another(registry, champion)
    if way:
        return f"{champion} is the model that serves: {way}; then {delete}"
    return (
        f"{champion} is the model that serves: `tenure restore BACKUP` brings it back; or, where there is no backup, "
        f"{delete}, then `tenure train`"
    )


def _require_known(home: Home, members: dict[int, str]) -> None:
    from tenure.ledger import identities

    known = {*identities.ids_of(members=members), *Lake.open(home.lake).members()["member"]}
    strange = set(members) - known - Tombstones(home).erased(members)
    if strange:
        raise UsageError(
            f"{len(strange)} of the {len(members)} ids are of nobody that Tenure knows; nothing was erased",
            mend="give ids to the letter, as the source has them, with their leading zeros",
        )


def _require_unnamed(members: dict[int, str], why: str) -> None:
    """The reason stays in the log for good, so it must not say who it was."""
    from tenure.ledger.models import Contact

    said = {word.strip(".,;:!?()").casefold() for word in why.split()}
    named = {member_id.casefold() for member_id in members.values()}
    for contact in Contact.objects.filter(member__in=list(members)):
        parts = (contact.first_name, contact.last_name, contact.email, contact.phone)
        named |= {word.casefold() for part in parts for word in part.split() if len(word) >= _NAMED_FROM}
    if said & named:
        raise UsageError(
            "the reason names the member, and it stays in the audit log", mend="say why without saying who"
        )


def _tidy(home: Home) -> list[str]:
    """Leave no trace in free pages of the database, and note anew what the stores say; what could not be done."""
    from tenure.ledger import witness

    is_clean = _rewrite_database()
    seal(home)
    witness.note(home)
    told = (
        "Free pages of the ledger's file may still hold what was deleted, since somebody was reading it: stop `tenure "
    )
    return [] if is_clean else [f"{told}serve` and give the command again."]


def _rewrite_database() -> bool:
    from django.db import OperationalError, connection

    with connection.cursor() as cursor:
        try:
            cursor.execute("VACUUM")
            if connection.vendor != "sqlite":
                return True
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except OperationalError:
            return False
    return not busy


def _older(home: Home) -> Iterator[str]:
    backups = backups_in(home.root / BACKUPS)
    if backups:
        yield (
            f"{len(backups)} backups in {home.root / BACKUPS} hold the member; a restore erases again. They go by "
            "rotation, the last of them within a year, or when you delete them."
        )
    for path in _set_aside(home):
        yield f"{path} holds what a restore set aside, the member too: delete it when you no longer need it."


def _set_aside(home: Home) -> list[Path]:
    return sorted(path for path in home.root.glob("replaced-*") if path.is_dir())
