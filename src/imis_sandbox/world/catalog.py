"""The association's fixed points: types, chapters, committees, vocabulary of activity and what befell it."""

from __future__ import annotations

from dataclasses import dataclass

KINDS: tuple[str, ...] = (
    "login", "page_view", "resource_download", "community_post", "community_comment", "career_center_used",
    "email_sent", "email_opened", "email_clicked", "email_bounced", "email_unsubscribed",
    "event_invited", "event_declined", "event_registered", "event_cancelled", "event_attended", "event_no_show",
    "session_feedback",
    "invoice_issued", "notice_sent", "payment", "payment_failed", "card_expiring", "plan_missed",
    "committee_joined", "committee_left", "committee_meeting", "committee_led", "volunteer_assigned",
    "volunteer_completed", "sms_sent", "sms_replied", "learning_started", "learning_completed", "address_changed",
    "profile_updated", "ticket_opened", "ticket_closed", "gift", "call", "task", "letter", "retention", "offer", "note",
)  # fmt: skip
KIND = {name: code for code, name in enumerate(KINDS)}
"""From `call` on the kinds are what staff and clients write; members do none of them."""

SOURCE_CODES = {
    "login": "LOGIN", "page_view": "PAGE", "resource_download": "DOWNLOAD", "community_post": "POST",
    "community_comment": "COMMENT", "career_center_used": "CAREER",
    "email_sent": "Delivered", "email_opened": "Open", "email_clicked": "Click", "email_bounced": "Bounce",
    "email_unsubscribed": "Unsubscribe",
    "event_invited": "INVITED", "event_declined": "DECLINED", "event_registered": "REGISTERED",
    "event_cancelled": "CANCELLED", "event_attended": "ATTENDED", "event_no_show": "NOSHOW",
    "session_feedback": "FEEDBACK",
    "invoice_issued": "INVOICE", "notice_sent": "NOTICE", "payment": "PAYMENT", "payment_failed": "FAILED",
    "card_expiring": "CARDEXP", "plan_missed": "PLANMISS",
    "committee_joined": "COMJOIN", "committee_left": "COMLEFT", "committee_meeting": "COMMEET",
    "committee_led": "COMLEAD", "volunteer_assigned": "VOLASSIGN", "volunteer_completed": "VOLDONE",
    "sms_sent": "SMSSENT", "sms_replied": "SMSREPLY", "learning_started": "LRNSTART",
    "learning_completed": "LRNDONE", "address_changed": "ADDRESS", "profile_updated": "PROFILE",
    "ticket_opened": "TKTOPEN", "ticket_closed": "TKTCLOSE", "gift": "GIFT",
    "call": "CALL", "task": "TASK", "letter": "LETTER", "retention": "RETENTION", "offer": "OFFER", "note": "NOTE",
}  # fmt: skip
"""How the association's own tables spell each kind: action codes, event types and activity types."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "web": KINDS[0:6],
    "email": KINDS[6:11],
    "registrations": KINDS[11:18],
    "money": KINDS[18:24],
    "activities": KINDS[24:],
}
FAMILY_OF = {kind: family for family, kinds in FAMILIES.items() for kind in kinds}


@dataclass(frozen=True)
class MemberType:
    """A member type.

    Args:
        code: At most five characters.
        title: For people.
        share: Of the first population of payers.
        dues: A year's dues in dollars.
        calendar: Whether terms end on 31 December.
        company: Whether it is for organizations.
        leaning: Added to the log odds of lapsing.
    """

    code: str
    title: str
    share: float
    dues: float
    calendar: bool = False
    company: bool = False
    leaning: float = 0.0


TYPES: tuple[MemberType, ...] = (
    MemberType("REG", "Regular", 0.470, 245.0),
    MemberType("PRO", "Fellow", 0.130, 395.0, leaning=-0.35),
    MemberType("EAR", "Early career", 0.120, 125.0, leaning=0.2),
    MemberType("STU", "Student", 0.080, 45.0, leaning=0.35),
    MemberType("RET", "Retired", 0.055, 85.0, calendar=True, leaning=-0.1),
    MemberType("INT", "International", 0.070, 190.0, calendar=True, leaning=0.1),
    MemberType("LIFE", "Lifetime", 0.018, 0.0),
    MemberType("HON", "Complimentary", 0.012, 0.0, calendar=True),
    MemberType("CORP", "Corporate", 0.025, 2800.0, calendar=True, company=True, leaning=-0.6),
    MemberType("SMB", "Small organization", 0.020, 950.0, company=True, leaning=-0.35),
    MemberType("EMP", "Employee of a member organization", 0.0, 0.0),
    MemberType("NM", "Former member", 0.0, 0.0),
)
TYPE = {kind.code: number for number, kind in enumerate(TYPES)}

COMMITTEES = (
    "EDUC", "ETHICS", "MEMBER", "PROGRAM", "PUBS", "ADVOC", "AWARDS", "FINANCE", "STANDARD", "YOUNGPRO",
)  # fmt: skip
COURSES = tuple(f"CRS{number:02d}" for number in range(1, 13))
COURSE_PRICE = 90.0
BENEFITS = {"MENTORING": "Mentoring program", "CAREER": "Career center"}
DOCUMENTS = 120


def course_title(code: str) -> str:
    """What a course is called."""
    return f"Course {code.removeprefix('CRS')}"


CHAPTER_NAMES = [
    "Bay", "Lone Star", "Empire", "Gulf", "Prairie", "Keystone", "Buckeye", "Peach", "Carolina", "Lakes", "Cascade",
    "Front Range", "Commonwealth", "Dominion", "Desert", "North Star", "Rose", "Gateway", "Badger", "Volunteer",
    "Harbor", "Summit", "Delta", "Pioneer", "Canyon", "Coastal", "Valley", "Highland", "Island", "Meridian",
]  # fmt: skip


def chapter_codes(members: int) -> list[str]:
    """Chapter ids for an association of so many members: one for about 250."""
    return [f"CH{number + 1:02d}" for number in range(min(30, max(5, members // 250)))]


@dataclass(frozen=True)
class Shocks:
    """What befell the association, as days before today."""

    extension: int = 1_240
    dues_rise: int = 800
    rise: float = 1.12
    program_end: int = 520
    outage_from: int = 330
    outage_days: int = 12
    chapter_trouble: int = 610
