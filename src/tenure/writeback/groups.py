"""Membership of groups in iMIS; of committees and relationships never.

Creating a membership is not idempotent, so it is looked up by group and contact before. Committees and relationships
appear among the groups, and putting a contact into one has removed the contact's other seats: they are refused, by id
and by class, before anything is sent.
"""

from __future__ import annotations

from typing import Any

from tenure.imis import ImisClient, ImisRefused, ImisUnavailable
from tenure.outreach.channels.parcel import Handing, Parcel, Refused
from tenure.writeback.activities import created, not_taken, signed_in

ENTITY = "GroupMember"
_CORE = "Asi.Soa.Membership.DataContracts"
_MEMBER_ROLE = "29aae912-660e-4c53-b884-ad9ee27dee0c"
_NEVER = ("COMMITTEE/", "RELATIONSHIP-", "RELATIONSHIP/")


class Groups:
    """Puts contacts into groups, once.

    Args:
        client: The iMIS.
    """

    looks_up = True

    def __init__(self, client: ImisClient) -> None:
        self._client = client
        self._writer = client.writing_to(ENTITY)
        self._ids: dict[str, str] = {}

    def ready(self) -> None:
        """Be signed in; errors as for `Activities.ready`."""
        signed_in(self._client)

    def look(self, parcel: Parcel) -> str | None:
        """The id of the contact's membership of the group, or None; errors as for `Activities.look`."""
        group = self._group_of(parcel)
        try:
            for page in self._client.entities(ENTITY, {"GroupId": group, "PartyId": parcel.member_id}):
                for row in page:
                    if _is_member(row, group, parcel.member_id):
                        return str(row["GroupMemberId"])
        except (ImisUnavailable, ImisRefused) as error:
            raise not_taken(error) from error
        return None

    def send(self, parcel: Parcel, handing: Handing) -> str:
        """Put the contact into the group, unless it is there; errors as for `Activities.send`."""
        found = self.look(parcel)
        if found is not None:
            return found
        entity = _membership(self._group_of(parcel), parcel)
        handing()
        return created(lambda: self._writer.post(ENTITY, entity))

    def _group_of(self, parcel: Parcel) -> str:
        """The id of the group that a parcel names by its id or its name.

        Raises:
            Refused: There is none, or it is a committee or a relationship.
        """
        wanted = str(parcel.recipient or parcel.details.get("group") or "").strip()
        if not wanted or not parcel.member_id:
            raise Refused("no group is named, or the member's id in iMIS is not known")
        refuse_committee(wanted)
        if wanted not in self._ids:
            self._ids[wanted] = self._found(wanted)
        return self._ids[wanted]

    def _found(self, wanted: str) -> str:
        try:
            named, _ = self._client.first_of("GroupSummary", {"Name": wanted})
            rows = named or self._client.first_of("GroupSummary", {"GroupId": wanted})[0]
        except (ImisUnavailable, ImisRefused) as error:
            raise not_taken(error) from error
        if len(rows) != 1:
            raise Refused(
                f"iMIS has {len(rows) or 'no'} groups by that name or id", mend="name the group's id in the playbook"
            )
        refuse_committee(str(rows[0]["GroupId"]), str((rows[0].get("GroupClass") or {}).get("Name") or ""))
        return str(rows[0]["GroupId"])


def refuse_committee(group: str, group_class: str = "") -> None:
    """See that *group* is neither a committee nor a relationship.

    Raises:
        Refused: It is one.
    """
    if group.strip().upper().startswith(_NEVER) or group_class.strip().lower() in ("committee", "relationship"):
        raise Refused(
            "committees and relationships are never changed by Tenure", mend="name an ordinary group in the playbook"
        )


def _is_member(row: dict[str, Any], group: str, member_id: str) -> bool:
    of_group, of_party = (row.get("Group") or {}).get("GroupId"), (row.get("Party") or {}).get("PartyId")
    return str(of_group).lower() == group.lower() and str(of_party) == member_id and row.get("IsActive") is not False


def _membership(group: str, parcel: Parcel) -> dict[str, Any]:
    since = f"{parcel.at.date().isoformat()}T00:00:00"
    role = {**_typed("GroupRoleData"), "RoleId": _MEMBER_ROLE, "Name": "Member"}
    detail = {**_typed("GroupMemberDetailData"), "EffectiveDate": since, "IsActive": True, "Role": role}
    return {
        **_typed("GroupMemberData"),
        "Group": {**_typed("GroupSummaryData"), "GroupId": group},
        "Party": {**_typed("PartySummaryData"), "PartyId": parcel.member_id},
        "JoinDate": since,
        "IsActive": True,
        "MembershipDetails": {**_typed("GroupMemberDetailDataCollection"), "$values": [detail]},
    }


def _typed(name: str) -> dict[str, Any]:
    return {"$type": f"{_CORE}.{name}, Asi.Contracts"}
