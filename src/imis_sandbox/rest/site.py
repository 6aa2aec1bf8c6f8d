"""The site: everything that answers, by name."""

from __future__ import annotations

from imis_sandbox.rest.accounts import Account, Accounts
from imis_sandbox.rest.activity import Activity
from imis_sandbox.rest.business_objects import Definitions
from imis_sandbox.rest.documents import Library
from imis_sandbox.rest.entities import Call, Entity, SourceEntity
from imis_sandbox.rest.faults import Faults
from imis_sandbox.rest.gatherings import Gatherings
from imis_sandbox.rest.groups import Group, GroupMember, GroupMemberDetail, Groups
from imis_sandbox.rest.learning import Learning
from imis_sandbox.rest.ledger import Ledger
from imis_sandbox.rest.mail import Mailboxes
from imis_sandbox.rest.notices import Notices
from imis_sandbox.rest.objects import Objects
from imis_sandbox.rest.panels import Panel
from imis_sandbox.rest.party import Party
from imis_sandbox.rest.queries import Catalog, installed
from imis_sandbox.rest.query_definitions import QueryDefinition, QueryParameterDefinition
from imis_sandbox.rest.reckonings import Reckonings
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.setup import ChangeLog, CommunicationLog, Message, User
from imis_sandbox.rest.shelves import shelves
from imis_sandbox.rest.signon import SignOn
from imis_sandbox.rest.standing import Standing
from imis_sandbox.rest.summaries import summaries
from imis_sandbox.rest.tables import Demographics, Units
from imis_sandbox.rest.usage import Usage
from imis_sandbox.rest.written import writable
from imis_sandbox.rest.zone import Zone
from imis_sandbox.world.association import Association


class Site:
    """An iMIS site over an association.

    Args:
        association: What it is about.
        user: The integration account: reads, installs and writes panel sources, activities, groups and
            communications; may not touch contacts or finances.
        password: Of both accounts, and of every contact's login.
        master: The account that may do everything.
    """

    def __init__(
        self,
        association: Association,
        *,
        user: str = "tenure",
        password: str = "sandbox",  # noqa: S107 - a toy's
        master: str = "administrator",
    ) -> None:
        self.association = association
        self.records = Records(association)
        self.zone = Zone(association.config.time_zone)
        self._password = password
        self.accounts = Accounts(
            {user.lower(): Account(user, password), master.lower(): Account(master, password, master=True)},
            contact=self._contact,
        )
        self.sign_on = SignOn(self.accounts)
        self.accounts.refreshed = self.sign_on.complete
        self.notices = Notices()
        self.mail = Mailboxes(self.records)
        self.queries: Catalog = installed(self.records, self.zone)
        self.panels: dict[str, Panel] = {}
        self.groups = Groups(self.records)
        self.faults = Faults()
        self.usage = Usage()
        self.entities: dict[str, Entity] = {}
        self._furnish()
        self.records.ranks()  # so that the first request does not wait for every id to be spelled

    def entity(self, name: str) -> Entity | None:
        """An entity by its name in any case."""
        return self.entities.get(name.lower()) or self.panels.get(name.lower())

    def user_info(self, call: Call) -> dict[str, object]:
        """Who is signed in, as the customary query `$/OAuth2/userInfo` says it."""
        row = self.records.row_of(call.party) if call.party else -1
        staff = {"UserName": call.user, "ID": None, "FullName": call.user, "Email": None, "IsStaff": True}
        if row < 0:
            return {**staff, "IsSystemAdministrator": call.master}
        name, email = self.records.full_name(row), self.records.email(row)
        contact = {"UserName": call.user, "ID": call.party, "FullName": name, "Email": email, "IsStaff": False}
        return {**contact, "IsSystemAdministrator": False}

    def _contact(self, name: str) -> Account | None:
        """The account of a contact whose login has that name; contacts have the password of the staff."""
        user = self.entities["user"]
        party = user.party_of(name) if isinstance(user, User) else None
        return Account(name, self._password, party=party) if party else None

    def _furnish(self) -> None:
        for entity in (*shelves(self.records, self.panels), *self._contacts(), *self._doings(), *self._itself()):
            self._add(entity)
        self._add(Definitions(self.panels, self.records, self.entities))

    def _contacts(self) -> list[Entity]:
        """People and organizations, and what stands about them."""
        objects, records, zone = Objects(self.records, self.zone), self.records, self.zone
        edits: dict[int, dict[str, object]] = {}
        parties = [Party(name, records, zone, edits) for name in ("Party", "Person", "Organization")]
        read = (
            objects.contacts(), objects.contacts_by_key(), objects.basic_contacts(), objects.names(),
            objects.user_data(self.accounts), objects.events(), objects.subscriptions(),
        )  # fmt: skip
        return [
            *parties, *(SourceEntity(source) for source in read), SourceEntity(objects.finances(), writable=True),
            Demographics(objects.demographics()), Units(records, zone),
            *Standing(records, zone, parties[0], self.accounts).entities(),
        ]  # fmt: skip

    def _doings(self) -> list[Entity]:
        """What members and staff do."""
        records, zone = self.records, self.zone
        activity = Activity(records, zone)
        return [
            activity, activity.business_object(), *Ledger(records, zone).entities(), *summaries(records, zone),
            *Learning(records, zone).entities(), *Gatherings(records, zone).entities(),
            *Reckonings(records, zone).entities(),
        ]  # fmt: skip

    def _itself(self) -> list[Entity]:
        """Groups, messages, documents, queries, logins."""
        records, zone, groups = self.records, self.zone, self.groups
        sent: list[dict[str, object]] = []
        edited: dict[str, dict[str, object]] = {}
        written: dict[str, dict[str, object] | None] = {}
        return [
            Group("Group", groups), Group("GroupSummary", groups), GroupMember("GroupMember", groups),
            GroupMember("GroupMemberSummary", groups), GroupMemberDetail(groups), Message(records),
            *(CommunicationLog(f"CommunicationLog{end}", records, zone, sent, edited) for end in ("", "Summary")),
            *(Library(name, self.queries, written) for name in ("Document", "DocumentSummary")),
            QueryDefinition(self.queries), QueryParameterDefinition(self.queries), User(records, zone),
            ChangeLog(records, zone),
        ]  # fmt: skip

    def _add(self, entity: Entity) -> None:
        self.entities[entity.name.lower()] = writable(entity)
