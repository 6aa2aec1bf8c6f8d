"""Every feature that Tenure computes, by subject. The one place to add a signal: a line here is all it takes.

Protected attributes (birth year, gender) are not here and cannot be: they lie in a file that features never open.
"""

from __future__ import annotations

from tenure.features.definitions import (
    ActivePeople,
    ActiveWeeks,
    Count,
    Feature,
    Group,
    InChapter,
    Recency,
    Share,
    Standing,
    Total,
    Trend,
)
from tenure.features.words import Say, counted, days, either, money, number, share, since, trending

LOGIN = ("login",)
TAKING_PART = ("event_attended", "session_feedback")
COMMUNITY = ("community_post", "community_comment")
COMMITTEE = ("committee_joined", "committee_meeting", "committee_led")
LEARNING = ("resource_download", "learning_started", "learning_completed")

GROUPS: tuple[Group, ...] = (
    Group("timing", "Time to renewal", actionable=False),
    Group("history", "Membership history", actionable=False),
    Group("price", "Dues", actionable=True),
    Group("billing", "Way of paying", actionable=True),
    Group("payments", "Invoices and payments", actionable=True),
    Group("overall", "Engagement as a whole", actionable=True),
    Group("logins", "Logins and pages", actionable=True),
    Group("events", "Events", actionable=True),
    Group("chapter", "Chapter", actionable=True),
    Group("community", "Community", actionable=True),
    Group("committees", "Committees", actionable=True),
    Group("volunteering", "Volunteering", actionable=True),
    Group("learning", "Downloads and learning", actionable=True),
    Group("benefits", "Career center and other benefits", actionable=True),
    Group("email", "Email and messages", actionable=True),
    Group("support", "Support tickets", actionable=True),
    Group("giving", "Gifts", actionable=False),
    Group("profile", "Profile and consent", actionable=True),
    Group("people", "People of the organization", actionable=True),
    Group("type", "Type and place", actionable=False),
)

_PERIOD = {
    30: "the last 30 days",
    90: "the last 90 days",
    180: "the last half year",
    365: "the last year",
    730: "the last two years",
}


def _counts(
    group: str, name: str, kinds: tuple[str, ...], one: str, many: str, windows: tuple[int, ...]
) -> list[Feature]:
    return [Feature(f"{name}_{w}", group, Count(kinds, w), counted(one, many, _PERIOD[w])) for w in windows]


def _recency(group: str, name: str, kinds: tuple[str, ...], what: str, never: str) -> Feature:
    return Feature(f"{name}_since", group, Recency(kinds), since(what, never))


def _fact(group: str, name: str, say: Say) -> Feature:
    return Feature(name, group, Standing(name), say)


def _years(value: float, usual: float | None) -> str:
    year = "first year as a member" if value < 1 else f"Member for {number(value)} years"
    own = year[0].upper() + year[1:]
    return own if usual is None else f"{own}; members like this, {number(usual)}"


def _renewals(value: float, usual: float | None) -> str:
    if value < 0.5:
        return "Has not renewed yet"
    return "Renewed once" if round(value) == 1 else f"Renewed {number(value)} times running"


def _timing(value: float, usual: float | None) -> str:
    if value < 0:
        return f"Has not paid, {days(-value)} after the end of the term"
    return "Has not renewed on the last day of the term" if value < 1 else f"Renewal due in {days(value)}, not paid yet"


def _early(value: float, usual: float | None) -> str:
    if value != value:
        return "Has paid for one term only, so no habit of paying is known"
    own = f"Last paid {days(abs(value))} {'before' if value >= 0 else 'after'} the end of the term"
    if usual is None:
        return own
    return f"{own}; members like this, {days(abs(usual))} {'before' if usual >= 0 else 'after'}"


def _change(what: str) -> Say:
    def say(value: float, usual: float | None) -> str:
        if value != value or abs(value) < 0.005:
            return f"{what} unchanged"
        return f"{what} {'up' if value > 0 else 'down'} by {round(100 * abs(value))} %"

    return say


FEATURES: tuple[Feature, ...] = (
    _fact("timing", "days_to_renewal", _timing),
    # Membership history
    _fact("history", "years", _years),
    _fact("history", "renewals", _renewals),
    _fact("history", "reinstatements", counted("return after a lapse", "returns after a lapse", "all")),
    _fact("history", "resigned", either("Resignation on record", "No resignation on record")),
    _fact("history", "type_changed", either("Member type changed with this term", "Same member type as before")),
    # Dues
    _fact("price", "dues", money("Dues")),
    _fact("price", "dues_change", _change("Dues of this term")),
    _fact("price", "invoice_change", _change("Latest invoice against the last dues")),
    # Way of paying
    _fact("billing", "auto_renew", either("Renews automatically", "Does not renew automatically", "Way of renewing not known")),
    _fact("billing", "installments", either("Pays in installments", "Pays at once", "Way of paying not known")),
    _fact("billing", "paid_early", _early),
    _fact("billing", "term_days", lambda value, usual: f"Term of {days(value)}"),
    # Invoices and payments
    *_counts("payments", "invoices", ("invoice_issued",), "invoice", "invoices", (90,)),
    *_counts("payments", "notices", ("notice_sent",), "renewal notice", "renewal notices", (90,)),
    *_counts("payments", "payments_failed", ("payment_failed",), "failed payment", "failed payments", (90, 365)),
    *_counts("payments", "plan_missed", ("plan_missed",), "missed installment", "missed installments", (365,)),
    *_counts("payments", "card_expiring", ("card_expiring",), "expiring card", "expiring cards", (90,)),
    _recency("payments", "invoice", ("invoice_issued",), "invoice", "No invoice on record"),
    _recency("payments", "payment", ("payment",), "payment", "No payment on record"),
    _fact("payments", "invoice_open_days", lambda value, usual: "No invoice open" if value != value or value <= 0 else f"Invoice open for {days(value)}"),
    _fact("payments", "paid_late", lambda value, usual: "No due date known" if value != value else (
        f"Last payment {days(value)} after it was due" if value > 0 else f"Last payment {days(-value)} before it was due")),
    # Engagement as a whole
    Feature("active_weeks_90", "overall", ActiveWeeks(90), counted("active week", "active weeks", _PERIOD[90])),
    Feature("active_weeks_365", "overall", ActiveWeeks(365), counted("active week", "active weeks", _PERIOD[365])),
    Feature("active_weeks_730", "overall", ActiveWeeks(730), counted("active week", "active weeks", _PERIOD[730])),
    _fact("overall", "active_weeks_trend", trending("active weeks")),
    _fact("overall", "breadth_365", counted("kind of benefit used", "kinds of benefit used", _PERIOD[365])),
    # Logins and pages
    *_counts("logins", "logins", LOGIN, "login", "logins", (30, 90, 180, 365)),
    *_counts("logins", "pages", ("page_view",), "page viewed", "pages viewed", (90, 365)),
    Feature("login_minutes_90", "logins", Total(LOGIN, 90), counted("minute signed in", "minutes signed in", _PERIOD[90])),
    Feature("logins_trend", "logins", Trend(LOGIN, 90), trending("logins")),
    _recency("logins", "login", LOGIN, "login", "Has never logged in"),
    # Events
    *_counts("events", "events_attended", ("event_attended",), "event attended", "events attended", (180, 365, 730)),
    *_counts("events", "events_registered", ("event_registered",), "event registration", "event registrations", (90, 365)),
    *_counts("events", "events_invited", ("event_invited",), "event invitation", "event invitations", (365,)),
    *_counts("events", "events_declined", ("event_declined", "event_cancelled"), "event declined", "events declined", (365,)),
    *_counts("events", "no_shows", ("event_no_show",), "no-show", "no-shows", (365,)),
    Feature("attended_trend", "events", Trend(("event_attended",), 365), trending("attendance")),
    _recency("events", "event", TAKING_PART, "event attended", "Has never attended an event"),
    _fact("events", "feedback_mean", lambda value, usual: "Gave no feedback" if value != value else f"Rated sessions {round(100 * value)} of 100"),
    # Chapter
    Feature("in_chapter_365", "chapter", InChapter(365), counted("chapter activity", "chapter activities", _PERIOD[365])),
    Feature("in_chapter_90", "chapter", InChapter(90), counted("chapter activity", "chapter activities", _PERIOD[90])),
    _fact("chapter", "has_chapter", either("Belongs to a chapter", "Belongs to no chapter", "Chapter not known")),
    # Community
    *_counts("community", "posts", COMMUNITY, "community post", "community posts", (90, 365)),
    _recency("community", "post", COMMUNITY, "community post", "Has never posted in the community"),
    Feature("posts_trend", "community", Trend(COMMUNITY, 180), trending("community posts")),
    # Committees
    *_counts("committees", "committee", COMMITTEE, "committee activity", "committee activities", (180, 365)),
    *_counts("committees", "committee_left", ("committee_left",), "committee left", "committees left", (365,)),
    _recency("committees", "committee", COMMITTEE, "committee activity", "Has never served on a committee"),
    # Volunteering
    *_counts("volunteering", "volunteered", ("volunteer_completed",), "volunteer shift", "volunteer shifts", (365, 730)),
    *_counts("volunteering", "assigned", ("volunteer_assigned",), "volunteer assignment", "volunteer assignments", (365,)),
    # Downloads and learning
    *_counts("learning", "downloads", ("resource_download",), "download", "downloads", (90, 365)),
    *_counts("learning", "courses", ("learning_started", "learning_completed"), "step in a course", "steps in courses", (365,)),
    _recency("learning", "learning", LEARNING, "download or course", "Has never used a download or course"),
    # Benefits
    *_counts("benefits", "career", ("career_center_used",), "visit to the career center", "visits to the career center", (365,)),
    *_counts("benefits", "other", ("other",), "other activity", "other activities", (365,)),
    # Email
    *_counts("email", "emails_sent", ("email_sent", "sms_sent"), "message sent", "messages sent", (90,)),
    *_counts("email", "emails_clicked", ("email_clicked", "sms_replied"), "message answered by a click", "messages answered by a click", (90, 365)),
    *_counts("email", "emails_bounced", ("email_bounced",), "bounced message", "bounced messages", (180,)),
    *_counts("email", "unsubscribed", ("email_unsubscribed",), "unsubscription", "unsubscriptions", (365,)),
    Feature("open_share_180", "email", Share(("email_opened",), ("email_sent",), 180), share("opened")),
    Feature("click_share_365", "email", Share(("email_clicked",), ("email_sent",), 365), share("clicked")),
    _recency("email", "click", ("email_clicked", "sms_replied"), "click in a message", "Has never clicked in a message"),
    # Support
    *_counts("support", "tickets", ("ticket_opened",), "support ticket", "support tickets", (90, 365)),
    _fact("support", "tickets_open", counted("open ticket", "open tickets", _PERIOD[365])),
    # Giving
    *_counts("giving", "gifts", ("gift",), "gift", "gifts", (730,)),
    # Profile
    _fact("profile", "profile_completeness", lambda value, usual: "Profile not assessed" if value != value else f"Profile {round(100 * value)} % complete"),
    *_counts("profile", "profile_updates", ("profile_updated",), "profile update", "profile updates", (365,)),
    *_counts("profile", "address_changes", ("address_changed",), "address change", "address changes", (180,)),
    _fact("profile", "email_allowed", either("Accepts email", "Does not accept email", "Consent to email not known")),
    _fact("profile", "employer_changed", either("Employer changed in the last year", "Same employer as a year ago", "Employer a year ago not known")),
    _fact("profile", "title_changed", either("Job title changed in the last year", "Same job title as a year ago", "Job title a year ago not known")),
    # People of an organization
    Feature("people_active_90", "people", ActivePeople(90), counted("active person", "active people", _PERIOD[90])),
    Feature("people_active_365", "people", ActivePeople(365), counted("active person", "active people", _PERIOD[365])),
    _fact("people", "people_trend", trending("active people")),
    # Type and place: the model takes these as codes learnt in training, see `tenure.features.facts`
    _fact("type", "organization", either("An organization", "An individual")),
)  # fmt: skip

GROUP_OF: dict[str, Group] = {group.name: group for group in GROUPS}
