"""Entities that the vendor's published collections have and nothing in the association is about.

Their names by area (which names the contract's namespace), and by the verbs that each offers: L lists and finds, C
adds, U updates, D deletes. What is not offered is answered with 501.
"""

from __future__ import annotations

_AREAS: dict[str, dict[str, str]] = {
    "Certification": {
        "L": "CertificationProgramComponent CertificationProgramGroup ExperienceGrade",
        "LCUD": "ExperienceLocation",
    },
    "Membership": {
        "": "PartyMerge",
        "L": """
            CommitteeMinutes ContactInteraction InstituteTypeRef InteractionAction InteractionType
            InteractionTypeAction NameDesignation PartyDuplicate PartySalutation SocialNetwork
        """,
        "LCUD": "AddressFormat LegacyCountryDetail PartyImage PartyNote",
        "LU": "NamePrefix NameSuffix PartySalutationMethodSummary ProrateSchedule",
    },
    "Communications": {
        "": "TaskSubscription",
        "L": """
            CommunicationLogAttachment CommunicationType TaskActionLog TaskActionLogDetail TaskCommonTable TaskQueue
            TaskQueuePublishDetail
        """,
        "LC": "AppealSummary SolicitationSummary SourceCodeSummary",
        "LCD": "CampaignSummary FormDefinition FormResponse",
        "LCUD": """
            Communication CommunicationLogRecipientAttachment NotificationSet NotificationSetDetail TaskDefinition
            TaskLog TaskLogDetail Template
        """,
        "LD": "Campaign Solicitation SourceCode",
        "LUD": "Appeal EngagementCategory FormDefinitionSection ScoreComponent",
    },
    "Commerce": {
        "": "AutoPayProcessor GiftPremium ItemSale LegacyBilling LegacyOrder LegacyProductItem"
        " PartyItemAvailability PartyPledgeScheduledPayment ProductItem",
        "C": "ComboOrder",
        "LC": "Order",
        "L": """
            BillingIssueNotificationLog BillingIssueNotificationLogDetail CreditInvoiceExport CreditInvoiceExportItem
            DataVaultAttempt DataVaultLogDetail DeferralMatrix GLAccount GLExport ItemClass ItemClassSummary
            ItemSummary OrderStageProcessingNotificationLog OrderStageProcessingNotificationLogDetail PartyItemPrice
            PaymentMethod PaymentTermsMethodSet PriceSheet ProductInventory ProductTransactionDetail
            ScheduledPayment SoftCreditType TaxCategory TaxCategorySummary vGatewayAccounts
        """,
        "LCD": "Cart ProductTransaction",
        "LCU": "Item",
        "LCUD": """
            BatchSummary BillingLogItem ChapterZipCode DataVaultLog FinancialEntity GatewayAccount ItemPrice
            ItemSetItem LegacyBillingCycle LegacyBillingItem LegacyDueToDueFrom LegacyFreightRate LegacyFreightZone
            LegacyItemClassDetail LegacyVatRule LegacyVatRuleSet PaymentMethodSet PaymentMethodSetDetail Promotion
            TaxAuthority
        """,
        "LD": "FinancialEntitySummary PaymentTerms PaymentTermsSummary ReceiptLine",
        "LU": """
            BillingLog DeliveryMethod DeliveryMethodSet LegacyCashAccount PriceSheetSummary TaxAuthoritySummary
            TaxSchedule TaxScheduleSummary UomGroup WarehouseSummary
        """,
        "LUD": "LegacyOrderType",
    },
    "Core": {
        "": "ContentItem LogMessage",
        "L": "CultureFormat Tag",
        "LCUD": """
            ImportBatch LocalizationControlProperty LocalizationControlType LocalizationPhrase
            RedirectRule Themes
        """,
        "LD": "ImportBatchSummary Note",
        "LU": "ImportFileType LocalizationCulture",
    },
    "Fundraising": {
        "L": "GiftAidClaim GiftPremiumSet",
        "LCD": "GiftItem",
        "LCUD": "DonationPremium ExpectedPaymentSet GiftInformationBatch TributeType",
        "LD": "GiftAidClaimDetail",
        "LU": "DonationCommitment ExpectedPayment",
        "LUD": "GiftPremiumRule",
    },
    "Events": {
        "LCUD": "EventRelatedFunction EventResource EventResourceType",
        "LD": "PartyEventAvailability",
        "LUD": "ProgramGroup",
    },
}
_DEEPER = {
    "Billing": "ChapterZipCode", "Groups": "CommitteeMinutes InstituteTypeRef",
    "ContactInteraction": "ContactInteraction InteractionAction InteractionType InteractionTypeAction",
    "Autopay": "DataVaultAttempt DataVaultLog DataVaultLogDetail", "Person": "NameDesignation",
    "Order": "LegacyOrder OrderStageProcessingNotificationLogDetail", "Invoice": "PartyPledgeScheduledPayment",
    "Product": "ProductTransactionDetail",
}  # fmt: skip
"""Contracts that stand one deeper in their area's namespace."""
_WITHIN = {name: f".{inner}" for inner, names in _DEEPER.items() for name in names.split()}
OPERATIONS = {
    "Cart": "Submit", "Order": "UpdatePricing", "TaskDefinition": "TaskAdhocRequest",
    "LegacyBilling": "RunDefaultDateGeneration", "ProductTransaction": "AddProductTransactionByGroup",
}  # fmt: skip
"""Operations that collections and live clients ask of shelves: they are taken, and nothing comes of them."""
KNOWN: dict[str, tuple[str, str]] = {
    name: (f"Asi.Soa.{area}.DataContracts{_WITHIN.get(name, '')}", verbs)
    for area, kinds in _AREAS.items()
    for verbs, names in kinds.items()
    for name in names.split()
}
"""Name to (namespace, verbs)."""
