"""Set-up lists, and shelves for entities that the association is not about; some are filled by the site itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imis_sandbox.rest import wire
from imis_sandbox.rest.contracts import CERTIFICATION, monetary
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.groups import MEMBER_ROLE
from imis_sandbox.rest.known import KNOWN
from imis_sandbox.rest.listed import Documents, Shelf
from imis_sandbox.rest.panels import Panel
from imis_sandbox.rest.records import Records
from imis_sandbox.world import catalog, names
from imis_sandbox.world.catalog import FAMILIES, SOURCE_CODES

MISCELLANEOUS = "e88e66b1-9516-47f9-88dc-e2eb8a3ef13e"
"""The stock group class."""
_KEYS = {
    "LegacyBillingCycle": "LegacyBillingCycleId", "LegacyBillingItem": "ItemId", "Communication": "DocumentId",
    "vGatewayAccounts": "GatewayAccountId", "GiftItem": "ItemId", "ItemSetItem": "ItemId", "NamePrefix": "Code",
    "NameSuffix": "Code", "NameDesignation": "Code", "InteractionType": "InteractionTypeCode",
    "InteractionAction": "InteractionActionCode", "InstituteTypeRef": "InstituteTypeCode", "Themes": "ThemeId",
    "LegacyOrderType": "OrderTypeCode", "EventResourceType": "ResourceCode", "LegacyVatRule": "RuleId",
    "LegacyVatRuleSet": "RuleSetId", "LegacyItemClassDetail": "ItemClassId", "LegacyCountryDetail": "CountryCode",
    "ImportBatch": "BatchId", "ImportBatchSummary": "BatchId", "ProductTransaction": "TransactionId",
    "ProductTransactionDetail": "TransactionDetailId", "WarehouseSummary": "FacilityId",
    "PartySalutation": "SalutationId",
}  # fmt: skip
_SAID = dict.fromkeys(("NamePrefix", "NameSuffix", "NameDesignation"), "Description")
_SAID |= {"SocialNetwork": "SocialNetworkName", "InstituteTypeRef": "InstituteTypeName"}
"""The member with the words, where it is not `Name`."""
_LEADS = {
    "Item": {"itemclassid": "ItemClass.ItemClassId"}, "ItemSummary": {"itemclassid": "ItemClass.ItemClassId"},
    "ItemPrice": {"pricesheetid": "PriceSheet.PriceSheetId"},
}  # fmt: skip
"""Members within members, by the names that lists filter by."""
Make = Callable[[], Documents]


def shelves(records: Records, panels: dict[str, Panel]) -> list[Entity]:
    """Every shelf; a thing and its summary are one shelf with two names."""
    made = {**_customary(), **_products(), **_scoring(), **_words(), **_set_up(records), **_panels(panels)}
    found: dict[str, Shelf] = {}
    for name, (namespace, verbs) in KNOWN.items():
        asks = ("path", "documentversionkey") if name == "Communication" else ()
        found[name] = Shelf(name, verbs, namespace, key=_KEYS.get(name, ""), items=made.get(name, ()), asks=asks)
        found[name].aliases = _LEADS.get(name, {})
    for name, shelf in found.items():
        whole = found.get(name.removesuffix("Summary"))
        if whole is not None and whole is not shelf:
            shelf.kept = whole.kept
    return [*found.values(), *_fixed(made)]


class LookUps(Shelf):
    """`GenTable`, which also tells the names of its tables."""

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        if operation.lower() != "getgentablenames":
            return super().execute(operation, arguments, call)
        return wire.collection(wire.STRINGS, sorted({str(wire.member(row, "TableName", "")) for row in self.items()}))


def _fixed(made: dict[str, Documents | Make]) -> list[Entity]:
    """Shelves that the association is about; an administrator may still change them."""
    spelled: dict[str, tuple[str, str, str]] = {
        "AddressPurpose": (wire.MEMBERSHIP, "LU", "AddressPurposeId"),
        "CertificationProgram": (CERTIFICATION, "LU", "CertificationProgramId"),
        "CertificationProgramSummary": (CERTIFICATION, "L", "CertificationProgramId"),
        "Country": (wire.MEMBERSHIP, "L", "CountryCode"),
        "EventCategory": (wire.EVENTS, "LU", "EventCategoryId"),
        "GenTable": (wire.CORE, "LCUD", "GenTableId"),
        "GroupClass": (wire.MEMBERSHIP, "L", "GroupClassId"),
        "GroupClassSummary": (wire.MEMBERSHIP, "L", "GroupClassId"),
        "LegacyActivityType": (wire.CORE, "LCUD", "ActivityTypeId"),
        "LegacyCustomerType": (wire.CORE, "LCUD", "CustomerTypeId"),
        "PanelDefinition": (wire.CORE, "LD", "PanelDefinitionId"),
        "PanelDefinitionSummary": (wire.CORE, "L", "PanelDefinitionId"),
        "PanelSourceSummary": (wire.CORE, "L", "Name"),
        "PartyStatus": (wire.MEMBERSHIP, "LU", "PartyStatusId"),
        "Role": (wire.MEMBERSHIP, "L", "RoleId"),
    }
    return [
        (LookUps if name == "GenTable" else Shelf)(name, verbs, namespace, key=key, items=made[name])
        for name, (namespace, verbs, key) in spelled.items()
    ]


def _documents(namespace: str, name: str, rows: list[wire.Json]) -> list[wire.Json]:
    kind = wire.type_name(namespace, f"{name}Data")
    return [{**row, "$type": kind} if next(iter(row)) == "$type" else {"$type": kind, **row} for row in rows]


def _products() -> dict[str, Documents | Make]:
    """Dues and courses as items, with the billing cycles of dues."""
    dues = [(f"DUES_{kind.code}", f"{kind.title} dues", kind.dues, "DUES") for kind in catalog.TYPES[:-1]]
    courses = [(code, catalog.course_title(code), catalog.COURSE_PRICE, "COURSE") for code in catalog.COURSES]
    items = [_item(code, title, of) for code, title, _, of in (*dues, *courses)]
    cycles = [{"LegacyBillingCycleId": name, "Name": name} for name in ("Anniversary Dues", "Calendar Year Dues")]
    programs = [
        {"CertificationProgramId": code, "Name": title, "Description": "", "Status": 0} for code, title, _, _ in courses
    ]
    classes = [{"ItemClassId": name, "Name": name.title()} for name in ("DUES", "COURSE")]
    kind = wire.type_name(wire.COMMERCE, "PriceSheetSummaryData")
    sheet = {"$type": kind, "PriceSheetId": "Standard", "Name": "Standard"}
    prices = [
        {
            "ItemPriceId": code,
            "ItemId": code,
            "Item": _item(code, title, of),
            "PriceSheet": sheet,
            "DefaultPrice": monetary(price),
        }
        for code, title, price, of in (*dues, *courses)
    ]
    made = {
        "Item": items, "ItemSummary": items, "ItemClass": classes, "ItemClassSummary": classes, "ItemPrice": prices,
        "LegacyBillingCycle": cycles, "LegacyBillingItem": [item for item in items if item["ProductType"] == "DUES"],
    }  # fmt: skip
    found: dict[str, Documents | Make] = {
        name: _documents(wire.COMMERCE, name, list(rows)) for name, rows in made.items()
    }
    for name in ("CertificationProgram", "CertificationProgramSummary"):
        found[name] = _documents(CERTIFICATION, name, programs)
    return found


def _item(code: str, title: str, kind: str) -> wire.Json:
    item_class = {"$type": wire.type_name(wire.COMMERCE, "ItemClassSummaryData"), "ItemClassId": kind}
    itself = {"$type": wire.type_name(wire.COMMERCE, "ItemSummaryData"), "ItemId": code, "ItemCode": code}
    return {**itself, "Name": title, "ProductType": kind, "ItemClass": {**item_class, "Name": kind.title()}}


def _scoring() -> dict[str, Documents | Make]:
    """What the association's own engagement score is made of."""
    parts = [("WEB", "Uses the website", 4), ("EVENT", "Attends", 20), ("PART", "Takes part", 15)]
    category = [{"EngagementCategoryId": "DEFAULT", "Name": "Engagement"}]
    components = [
        {"ScoreComponentId": key, "DisplayName": name, "EngagementCategoryId": "DEFAULT", "Points": points}
        for key, name, points in parts
    ]
    return {
        "EngagementCategory": _documents(wire.COMMUNICATIONS, "EngagementCategory", category),
        "ScoreComponent": _documents(wire.COMMUNICATIONS, "ScoreComponent", components),
    }


_CUSTOMARY = {
    "Campaign": "RENEWAL=Renewal of dues", "Appeal": "RENEWAL=Renewal of dues", "Solicitation": "RENEWAL=First notice",
    "SourceCode": "WEB=Website; MAIL=Mail", "TaskDefinition": "NOTICES=Send renewal notices",
    "NotificationSet": "STAFF=Staff", "FormDefinition": "CONTACT=Contact us", "Template": "NOTICE1=First notice",
    "GLAccount": "1000=Cash; 4000=Dues; 4100=Events", "TaxAuthority": "NONE=None", "TaxCategory": "EXEMPT=Exempt",
    "TaxSchedule": "NONE=None", "DeliveryMethod": "EMAIL=Email; POST=Mail", "DeliveryMethodSet": "ALL=All",
    "PaymentMethodSet": "ALL=All", "PaymentTerms": "NET30=Net 30 days", "FinancialEntity": "MAIN=The association",
    "PriceSheet": "STANDARD=Standard", "UomGroup": "EACH=Each", "WarehouseSummary": "MAIN=Main",
    "LegacyOrderType": "REGULAR=Regular; MEETING=Event", "LegacyCashAccount": "BANK=Bank",
    "Promotion": "EARLY=Early bird",
    "CultureFormat": "en-US=English (United States)", "LocalizationCulture": "en-US=English (United States)",
    "Tag": "SPEAKER=Speaker; MENTOR=Mentor", "Themes": "DEFAULT=Default", "ImportFileType": "CSV=Comma separated",
    "GatewayAccount": "TEST=Test gateway", "vGatewayAccounts": "TEST=Test gateway",
    "InteractionType": "CALL=Call; MEETING=Meeting", "InteractionAction": "FOLLOWUP=Follow up",
    "AddressFormat": "US=US",
    "ProrateSchedule": "CALENDAR=Calendar year", "PartySalutationMethodSummary": "FORMAL=Formal",
    "TributeType": "MEMORY=In memory of; HONOR=In honor of", "GiftItem": "GENERAL=General fund",
    "ProgramGroup": "TRACKA=Track A", "EventResourceType": "ROOM=Room",
}  # fmt: skip
"""What every site has of these, as id and name."""


def _customary() -> dict[str, Documents | Make]:
    found: dict[str, Documents | Make] = {}
    for name, (namespace, _) in KNOWN.items():
        whole = name.removesuffix("Summary")
        listed = _CUSTOMARY.get(name) or _CUSTOMARY.get(whole)
        if listed:
            key = _KEYS.get(name, f"{whole}Id")
            pairs = [entry.strip().split("=") for entry in listed.split(";")]
            found[name] = _documents(namespace, name, [{key: code, "Name": title} for code, title in pairs])
    return found


def _words() -> dict[str, Documents | Make]:
    """Short vocabularies, each word its own id."""
    lists = {
        "NamePrefix": ("Dr.", "Mr.", "Ms.", "Mx.", "Prof."), "NameSuffix": ("Jr.", "Sr.", "III"),
        "NameDesignation": ("PhD", "PE", "CPA"), "SocialNetwork": ("LinkedIn", "Facebook"),
        "InstituteTypeRef": ("Company", "University"),
    }  # fmt: skip
    found: dict[str, Documents | Make] = {
        name: _documents(
            KNOWN[name][0], name, [{_KEYS.get(name, f"{name}Id"): w, _SAID.get(name, "Name"): w} for w in words]
        )
        for name, words in lists.items()
    }
    types = [
        {"CommunicationTypeId": word, "ReasonCode": word.upper(), "CommunicationTypeDisplay": word, "Name": word}
        for word in ("Membership", "Events", "Newsletter")
    ]
    found["CommunicationType"] = _documents(wire.COMMUNICATIONS, "CommunicationType", types)
    methods = [{"PaymentMethodId": word, "Name": word} for word in ("CASH", "CHECK", "VISA", "MC")]
    found["PaymentMethod"] = _documents(wire.COMMERCE, "PaymentMethod", methods)
    return found


def _set_up(records: Records) -> dict[str, Documents | Make]:
    """What clients look into before they write."""
    purposes = [("Address", True), ("Home", False), ("Work", False)]
    classes: list[wire.Json] = [
        {"GroupClassId": MISCELLANEOUS, "Name": "Miscellaneous", "IsReadOnly": True},
        {"GroupClassId": "c7e4a2b0-0c1d-4c55-9b60-7b6a0e1d2f31", "Name": "Committee", "IsReadOnly": True},
    ]
    tables: dict[str, list[wire.Json]] = {
        "AddressPurpose": [
            {"AddressPurposeId": name, "Name": name, "IsDefaultAddress": usual} for name, usual in purposes
        ],
        "Country": [
            {"CountryCode": code, "CountryName": name}
            for code, name in zip(names.COUNTRY_CODES, names.COUNTRIES, strict=True)
        ],
        "PartyStatus": [
            {"PartyStatusId": "A", "Name": "Active", "Description": "Active"},
            {"PartyStatusId": "I", "Name": "Inactive", "Description": "Inactive"},
            {"PartyStatusId": "D", "Name": "Marked for deletion", "Description": "Marked for deletion"},
        ],
        "Role": [{"RoleId": MEMBER_ROLE, "Name": "Member", "Description": "Member"}],
        "EventCategory": [{"EventCategoryId": k, "Name": k} for k in ("CONF", "WEBINAR", "CHAPTER")],
        "GroupClass": classes, "GroupClassSummary": classes,
        "LegacyActivityType": [
            {"ActivityTypeId": code, "ActivityTypeCode": code, "Description": code.title()}
            for code in (SOURCE_CODES[name] for name in FAMILIES["activities"])
        ],
        "LegacyCustomerType": [
            {
                "CustomerTypeCode": kind.code, "CustomerTypeId": kind.code, "Description": kind.title,
                "IsMemberRecord": kind.code != "NM", "IsCompanyRecord": kind.company, "IsMember": kind.code != "NM",
                "IsCompany": kind.company,
            }
            for kind in catalog.TYPES
        ],
        "GenTable": _look_ups(records),
    }  # fmt: skip
    elsewhere = {"EventCategory": wire.EVENTS}
    elsewhere |= dict.fromkeys(("GenTable", "LegacyActivityType", "LegacyCustomerType"), wire.CORE)
    found: dict[str, Documents | Make] = {
        name: _documents(elsewhere.get(name, wire.MEMBERSHIP), name, rows) for name, rows in tables.items()
    }
    return {**found, "Role": _documents(wire.MEMBERSHIP, "GroupRole", tables["Role"])}


def _look_ups(records: Records) -> list[wire.Json]:
    """`GenTable`: look-up lists, by `TableName`."""
    chapters = zip(records.state.chapters, catalog.CHAPTER_NAMES, strict=False)
    rows = [("CHAPTER", code, name) for code, name in chapters]
    rows += [("INDUSTRY", name.upper()[:15], name) for name in names.INDUSTRIES]
    return [
        {"GenTableId": f"{table}|{code}", "TableName": table, "Code": code, "Description": name}
        for table, code, name in rows
    ]


def _panels(panels: dict[str, Panel]) -> dict[str, Documents | Make]:
    """What panel sources there are, and a panel for each."""

    def made(name: str, of: Callable[[Panel], dict[str, Any]]) -> Make:
        kind = wire.type_name(wire.CORE, f"{name}Data")
        return lambda: [{"$type": kind, **of(panel)} for panel in panels.values()]

    def definition(panel: Panel) -> dict[str, Any]:
        named = {"PanelDefinitionId": panel.name, "Name": panel.name, "RelatedEntityName": panel.name}
        return {**named, "SourceName": panel.name}

    def source(panel: Panel) -> dict[str, Any]:
        return {"Name": panel.name, "ObjectTypeName": "Multi" if panel.multi else "Single"}

    return {
        "PanelDefinition": made("PanelDefinition", definition),
        "PanelDefinitionSummary": made("PanelDefinitionSummary", definition),
        "PanelSourceSummary": made("PanelSourceSummary", source),
    }
