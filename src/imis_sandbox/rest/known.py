"""Entities that real sites have and this one knows of by name only: their lists are empty."""

from __future__ import annotations

UNMODELED = frozenset(
    """
    Address AddressFormat Appeal AppealSummary AutoPayAccount AutoPayInstruction AutoPayProcessor BatchSummary
    BillingIssueNotificationLog BillingIssueNotificationLogDetail BillingLog BillingLogItem Campaign CampaignSummary
    Cart CertificationProgram CertificationProgramComponent CertificationProgramGroup CertificationProgramRegistration
    CertificationProgramSummary ChapterZipCode ComboOrder CommitteeMinutes Communication CommunicationLogAttachment
    CommunicationLogRecipientAttachment CommunicationLogSummary CommunicationType ContactInteraction ContentItem
    CreditInvoiceExport CreditInvoiceExportItem CultureFormat DataVaultAttempt DataVaultLog DataVaultLogDetail
    DeferralMatrix DeliveryMethod DeliveryMethodSet Document DocumentSummary DonationCommitment DonationPremium
    EngagementCategory EventFunction EventRelatedFunction EventResource EventResourceType ExpectedPayment
    ExpectedPaymentSet ExperienceGrade ExperienceLocation ExperienceUnit FinancialEntity FinancialEntitySummary
    FormDefinition FormDefinitionSection FormResponse FullAddress GatewayAccount GiftAidClaim GiftAidClaimDetail
    GiftInformationBatch GiftItem GiftPremium GiftPremiumRule GiftPremiumSet GLAccount GLExport GroupClass
    GroupClassSummary GroupMemberSummary ImportBatch ImportBatchSummary ImportFileType InstituteTypeRef
    InteractionAction InteractionType InteractionTypeAction Item ItemClass ItemClassSummary ItemPrice ItemSale
    ItemSetItem ItemSummary LegacyBilling LegacyBillingCycle LegacyBillingItem LegacyCashAccount LegacyCountryDetail
    LegacyDueToDueFrom LegacyEventFunctionAttendance LegacyFreightRate LegacyFreightZone LegacyItemClassDetail
    LegacyOrder LegacyOrderType LegacyPartyMembership LegacyProductItem LegacySubscription LegacyVatRule
    LegacyVatRuleSet LocalizationControlProperty LocalizationControlType LocalizationCulture LocalizationPhrase
    LogMessage Message NameDesignation NamePrefix NameSuffix Note NotificationSet NotificationSetDetail Order
    OrderStageProcessingNotificationLog OrderStageProcessingNotificationLogDetail PanelDefinition
    PanelDefinitionSummary PartyDeleteLog PartyDuplicate PartyEventAvailability PartyImage PartyItemAvailability
    PartyItemPrice PartyMerge PartyNote PartyPledgeScheduledPayment PartySalutation PartySalutationMethodSummary
    PaymentMethod PaymentMethodSet PaymentMethodSetDetail PaymentTerms PaymentTermsMethodSet PaymentTermsSummary
    PriceSheet PriceSheetSummary ProductInventory ProductItem ProductTransaction ProductTransactionDetail ProgramGroup
    Promotion ProrateSchedule Receipt ReceiptLine RedirectRule ScheduledPayment ScoreComponent SocialNetwork
    SoftCreditType Solicitation SolicitationSummary SourceCode SourceCodeSummary Tag TaskActionLog TaskActionLogDetail
    TaskCommonTable TaskDefinition TaskLog TaskLogDetail TaskQueue TaskQueuePublishDetail TaskSubscription
    TaxAuthority TaxAuthoritySummary TaxCategory TaxCategorySummary TaxSchedule TaxScheduleSummary Template Themes
    TributeType UomGroup UserSecurity vGatewayAccounts vPartyRenewalBillingInformation WarehouseSummary
    """.split()  # noqa: SIM905 - a list of so many names is not readable
)
