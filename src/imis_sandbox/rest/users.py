"""`UserSecurity`: user names, passwords and roles, by `_execute`."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.accounts import Account, Accounts
from imis_sandbox.rest.dialect import window
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.records import Records
from imis_sandbox.world.state import ORGANIZATION

_USER = f"{wire.MEMBERSHIP}.User"
_ROLES = {
    "SysAdmin": "May do everything", "RemoteService": "Calls from other systems", "Member": "A member",
    "Everyone": "Everybody",
}  # fmt: skip


class UserSecurity(Entity):
    """`UserSecurity`. A user is a login's name, or a contact.

    Args:
        records: Of people.
        accounts: Of staff, and of the contacts who have one.
    """

    def __init__(self, records: Records, accounts: Accounts) -> None:
        super().__init__("UserSecurity")
        self._records, self._accounts = records, accounts
        self._changed: dict[str, dict[str, bool]] = {}
        """Roles that clients gave (true) or took, by contact, or by user name of staff."""

    def page(self, call: Call) -> wire.Json:
        wanted = next((value for name, value in call.params if name.lower() in ("userid", "usersecurityid")), None)
        offset, limit = window(call.params)
        every = [wanted.removeprefix("eq:")] if wanted is not None else self._records.ids()
        known = [party for party in every if self._records.row_of(party) >= 0]
        items = [self.get([party], call) for party in known[offset : offset + limit]]
        return wire.page(wire.type_name(_USER, "UserSecurityData"), items, offset=offset, limit=limit, total=len(known))

    def get(self, elements: list[str], call: Call) -> wire.Json:
        party, name, roles = self._user(elements[0])
        for role, given in self._changed.get(party or name, {}).items():
            roles = [*roles, role] if given else [one for one in roles if one != role]
        found = {"UserSecurityId": party or name, "UserId": party or name, "UserName": name}
        kind = wire.type_name(_USER, "UserSecurityData")
        return {"$type": kind, **found, "Roles": _roles(list(dict.fromkeys(roles)))}

    def _user(self, asked: str) -> tuple[str, str, list[str]]:
        """The contact (empty for staff), the user name and the roles that come by themselves; 404 for nobody."""
        account = self._accounts.find(asked)
        party = account.party if account else asked
        if account and not party:
            return "", account.name.lower(), ["Everyone", "RemoteService", *(["SysAdmin"] if account.master else [])]
        row = self._records.row_of(party)
        if row < 0:
            raise wire.not_found(f"UserSecurity {asked} was not found.")
        return party, self._records.user_name(row), ["Everyone", *self._of_member(row)]

    def _of_member(self, row: int) -> list[str]:
        company = self._records.people["kind"][row] == ORGANIZATION
        return [] if company or not self._records.is_member(np.array([row]))[0] else ["Member"]

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        """GetUserRoles, FindByName, GetUserClaims and ValidateUser read; the rest only an administrator may."""
        name, texts = operation.lower(), [one for one in arguments if isinstance(one, str)]
        if name == "getuserroles" and texts:
            return self.get(texts[:1], call)["Roles"]
        account = self._accounts.find(texts[0]) if texts else None
        if name == "findbyname" and texts:
            return self.get(texts[:1], call) if account else None
        if name == "getuserclaims" and texts:
            return wire.collection(
                f"System.Collections.Generic.List`1[[{wire.type_name(_USER, 'ClaimData')}]], mscorlib", []
            )
        if name == "validateuser" and len(texts) > 1:
            return account is not None and secrets.compare_digest(account.password.encode(), texts[1].encode())
        if name not in _WRITES or not texts:
            return super().execute(operation, arguments, call)
        if not call.master:
            raise wire.forbidden(f"do {operation} on UserSecurity")
        return self._write(name, account, texts, arguments) if account else None

    def _write(self, name: str, account: Account, texts: list[str], arguments: list[Any]) -> bool:
        if name == "unlockuser":
            account.failures, account.locked = 0, False
        elif name == "updatepassword":
            if len(texts) < 2:
                raise wire.Refusal(400, "ArgumentFault: A new password is required.")
            account.password = texts[-1]
        elif name == "updateusername":
            self._rename(account, texts[1] if len(texts) > 1 else "")
        else:
            roles = [*texts[1:], *(str(role) for listed in arguments[1:] for role in wire.values(listed))]
            self._changed.setdefault(account.party or account.name.lower(), {}).update(
                dict.fromkeys(roles, name == "adduserroles")
            )
        return True

    def _rename(self, account: Account, new: str) -> None:
        if not new.strip() or self._accounts.find(new) is not None:
            raise wire.invalid(("UserName", "The user name is empty, or another user has it."))
        del self._accounts.accounts[account.name.lower()]
        account.name = new.strip().lower()
        self._accounts.accounts[account.name] = account
        if account.party:
            self._records.learn_login(self._records.row_of(account.party), new.strip())


_WRITES = {"unlockuser", "updatepassword", "updateusername", "adduserroles", "removeuserroles"}


def _roles(given: list[str]) -> wire.Json:
    kind = wire.type_name(_USER, "RoleData")
    roles = [
        {
            "$type": kind, "RoleKey": str(uuid.uuid5(uuid.NAMESPACE_URL, f"role {name}")),
            "Description": _ROLES.get(name, ""), "RoleName": name,
        }
        for name in given
    ]  # fmt: skip
    return wire.collection(f"System.Collections.Generic.List`1[[{kind}]], mscorlib", roles)
