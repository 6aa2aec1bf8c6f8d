"""By which names installations call things; compared without case, blanks and underscores."""

from __future__ import annotations

import re

PLACES: dict[str, tuple[str, ...]] = {
    "members": ("Members", "MemberSnapshot", "MemberList", "AllMembers"),
    "terms": ("Terms", "MembershipTerms", "MembershipHistory", "MEMBERSHIP_HISTORY", "DuesHistory", "RenewalHistory"),
    "activity.web": (
        "WEB_ACTIVITY_LOG", "Web_Log", "WebActivityLog", "WebActivity", "MemberLoginHistory", "LoginHistory",
        "LOGIN_HISTORY", "PortalActivity",
    ),
    "activity.email": ("EmailEvents", "EmailEngagement", "EMAIL_EVENTS", "EmailHistory", "CampaignEvents"),
    "activity.registrations": (
        "EventAttendance", "Event_Attendance", "EventRegistrations", "EventHistory", "Registrations",
    ),
    "activity.money": ("Money", "PaymentHistory", "DuesPayments", "FinancialHistory", "PAYMENT_HISTORY"),
    "activity.activities": ("Activities", "MemberActivity", "ActivityHistory", "MEMBER_ACTIVITY"),
    "programs": ("Programs", "Events", "Courses", "Committees"),
    "program_changes": ("ProgramChanges", "PROGRAM_CHANGES"),
    "contacts": ("Contacts", "ContactDetails", "MemberContacts"),
}  # fmt: skip
"""By feed of the profile, what else its query or panel source may be called; the likeliest first."""

OBJECTS: dict[str, tuple[str, ...]] = {
    "activity.activities": ("CsActivity", "Activity"),
    "activity.registrations": ("CsRegistration",),
    "programs": ("CsEvent",),
    "members": ("CsContact",),
}
"""Business objects of every iMIS that may serve where the query of a feed is not there."""

KINDS = {
    "memberloginhistory": "login", "loginhistory": "login", "eventattendance": "event_attended",
    "downloads": "resource_download", "downloadhistory": "resource_download", "volunteerhistory": "volunteer_completed",
    "careercenter": "career_center_used", "supporttickets": "ticket_opened", "gifts": "gift",
    "emailopens": "email_opened",
}  # fmt: skip
"""What each row of a place of this name is, where no column says it."""

PROGRAM_KINDS = {"csevent": "event", "events": "event", "courses": "course", "committees": "committee"}
"""What each row of a place of this name is a program of, where no column says it."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "member_id": ("ID", "PartyId", "MemberId", "iMISId", "ContactId", "UserId", "ST_ID", "BT_ID", "PERSON_ID"),
    "activity_id": ("LogKey", "Key", "EventKey", "ActivityKey", "SEQN", "Sequence", "RowId", "LogId", "RecordId"),
    "kind": (
        "ActionCode", "Action", "ActivityType", "ACTIVITY_TYPE", "EventType", "EventTypeCode", "KindCode", "Kind",
        "StatusCode", "Status", "Type", "ActionType",
    ),
    "occurred_at": (
        "VisitedOn", "OccurredOn", "OccurredAt", "LoginDate", "LoginTime", "LoginOn", "LoggedInOn", "TransactionDate",
        "ActivityDate", "EventDateTime", "AttendedOn", "AttendanceDate", "CheckInTime", "EventDate", "StatusDate",
        "ActionDate", "Timestamp", "DateTime", "Date", "MoneyDate",
    ),
    "recorded_at": (
        "RecordedOn", "RecordedAt", "DateEntered", "EnteredOn", "CreatedOn", "CreatedAt", "DateAdded", "LoadedOn",
        "UpdatedOn", "LastUpdated",
    ),
    "value": ("Minutes", "DurationMinutes", "Duration", "Amount", "Score", "Value", "Rating"),
    "ref": (
        "Reference", "Ref", "EventCode", "EventId", "ProductCode", "Page", "Url", "Document", "DocumentId", "Campaign",
        "CommunicationKey", "PRODUCT_CODE", "Title",
    ),
    "chapter_id": ("Chapter", "ChapterCode", "ChapterId"),
    "valid_from": ("LastUpdated", "UpdatedOn", "LAST_UPDATED", "ModifiedOn"),
    "record_type": ("IsCompany", "RecordType", "IsOrganization", "COMPANY_RECORD"),
    "organization_id": ("CompanyID", "CO_ID", "OrganizationId", "ParentId", "EmployerId"),
    "member_type": ("MemberType", "MEMBER_TYPE", "CustomerType", "CustomerTypeCode", "Type"),
    "join_date": ("JoinDate", "JOIN_DATE", "JoinedOn", "MemberSince"),
    "industry": ("Industry", "Sector"),
    "region": ("StateProvince", "STATE_PROVINCE", "State", "Region", "Province"),
    "country": ("Country", "CountryCode"),
    "employer": ("Company", "Employer", "Organization", "CompanyName"),
    "job_title": ("FunctionalTitle", "Title", "JobTitle", "Position"),
    "birth_year": ("BirthDate", "BIRTH_DATE", "DateOfBirth"),
    "gender": ("Gender",),
    "profile_completeness": ("ProfileCompleteness", "ProfileComplete"),
    "email_allowed": ("EmailAllowed", "EmailOptIn"),
    "sms_allowed": ("SmsAllowed", "SmsOptIn"),
    "phone_allowed": ("PhoneAllowed", "PhoneOptIn"),
    "objects_to_profiling": ("ObjectsToProfiling", "NoProfiling"),
    "deceased_on": ("DeceasedOn", "DateOfDeath"),
    "term_id": ("TermKey", "TermId", "Key", "SubscriptionKey"),
    "starts_on": ("BeginDate", "StartDate", "PaidBegin", "StartsOn"),
    "ends_on": ("PaidThrough", "PaidThru", "PAID_THRU", "EndDate", "ExpirationDate", "RenewedThru", "EndsOn"),
    "dues": ("Dues", "DuesAmount", "BillAmount", "Amount"),
    "billed_on": ("BillDate", "InvoiceDate", "BilledOn"),
    "due_on": ("DueDate", "DueOn"),
    "paid_on": ("PaymentDate", "PaidDate", "PaidOn", "DatePaid"),
    "auto_renew": ("AutoRenew", "AutoRenewal", "AutoPay"),
    "installments": ("Installments", "PaymentPlan"),
    "ended_by": ("EndedBy", "CancelReason", "EndReason"),
    "title": ("Title", "Name", "Description"),
    "starts_at": ("StartsAt", "BeginDate", "StartDate", "BEGIN_DATE"),
    "price": ("StandardPrice", "Price", "Fee"),
    "format": ("Format", "Delivery"),
    "changed_on": ("ChangedOn", "ChangeDate", "Date"),
    "change": ("Change", "Description"),
    "scope": ("Scope",),
    "first_name": ("FirstName", "FIRST_NAME"),
    "last_name": ("LastName", "LAST_NAME"),
    "email": ("Email", "EmailAddress"),
    "phone": ("Phone", "MobilePhone", "WorkPhone", "HomePhone"),
    "time_zone": ("TimeZone",),
    "language": ("Language",),
}  # fmt: skip
"""By column of the contract, what installations call it; the likeliest first."""

CODES = {
    "login": "login", "signin": "login", "logon": "login", "view": "page_view", "pageview": "page_view",
    "visit": "page_view", "download": "resource_download", "post": "community_post", "comment": "community_comment",
    "reply": "community_comment", "attended": "event_attended", "attend": "event_attended",
    "present": "event_attended", "checkedin": "event_attended", "noshow": "event_no_show", "absent": "event_no_show",
    "registered": "event_registered", "cancelled": "event_cancelled", "canceled": "event_cancelled",
    "invited": "event_invited", "declined": "event_declined", "open": "email_opened", "opened": "email_opened",
    "click": "email_clicked", "clicked": "email_clicked", "bounce": "email_bounced", "bounced": "email_bounced",
    "unsubscribe": "email_unsubscribed", "delivered": "email_sent", "payment": "payment", "invoice": "invoice_issued",
}  # fmt: skip
"""What codes mostly mean, where neither the profile nor the vocabulary has them."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _/.&-]{0,23}")
_MOST_CODES = 40


def bare(name: str) -> str:
    """*name* as it is compared."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def are_codes(values: set[str]) -> bool:
    """Whether *values* can be codes of a short list, and not names, addresses or ids of people."""
    return bool(values) and len(values) <= _MOST_CODES and all(_CODE.fullmatch(v) and not v.isdigit() for v in values)
