"""Every feature that Tenure computes, by subject. The one place to add a signal: a line here is all it takes.

Protected attributes (birth year, gender) are not here and cannot be: they lie in a file that features never open.
"""

from __future__ import annotations

from dataclasses import replace

from tenure.features.activity import RESPONSES
from tenure.features.definitions import (
    ActivePeople,
    ActiveWeeks,
    Count,
    Feature,
    Group,
    InChapter,
    Mean,
    Ratio,
    Reason,
    Recency,
    Share,
    Standing,
    Total,
    Trend,
)
from tenure.features.words import (
    Say,
    against_last_term,
    by_people,
    counted,
    days,
    either,
    hundredths,
    lately,
    many,
    money,
    moved,
    number,
    share,
    since,
    times,
    trending,
    valued,
)

LOGIN = ("login",)
TAKING_PART = ("event_attended", "session_feedback")
COMMUNITY = ("community_post", "community_comment")
COMMITTEE = ("committee_joined", "committee_meeting", "committee_led")
TRANSACTIONS = ("payment", "gift")
LEARNING = ("resource_download", "learning_started", "learning_completed")

GROUPS: tuple[Group, ...] = (
    Group("timing", "Time to renewal", actionable=False, singular=True),
    Group("history", "Membership history", actionable=False, singular=True),
    Group("price", "Dues", actionable=True),
    Group("changes", "Changes by the association", actionable=False),
    Group("billing", "Way of paying", actionable=True, singular=True),
    Group("payments", "Invoices and payments", actionable=True),
    Group("overall", "Logins and activity as a whole", actionable=True),
    Group("events", "Events", actionable=True),
    Group("chapter", "Chapter", actionable=True, singular=True),
    Group("community", "Community", actionable=True, singular=True),
    Group("committees", "Committees", actionable=True),
    Group("volunteering", "Volunteering", actionable=True, singular=True),
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


def _recency(group: str, name: str, kinds: tuple[str, ...], what: str) -> Feature:
    return Feature(f"{name}_since", group, Recency(kinds), since(what))


def _fact(group: str, name: str, meaning: str, say: Say, kinds: tuple[str, ...] = ()) -> Feature:
    return Feature(name, group, Standing(name, meaning, kinds), say)


def _years(value: float, usual: float | None) -> str:
    if value != value:
        return "Length of membership not known"
    # The record may begin later than the membership, and a member may have been one before.
    own = "In the first year, or the first since coming back"
    if value >= 1:
        own = f"Member for {many(value, 'year', 'years')} on record"
    return own if usual is None or usual != usual else f"{own}; members like this, {many(usual, 'year', 'years')}"


def _joined(value: float, usual: float | None) -> str:
    if value != value:
        return "Date of joining not known"
    own = "Joined within the last year" if value < 1 else f"Joined {many(value, 'year', 'years')} ago"
    return own if usual is None or usual != usual else f"{own}; members like this, {many(usual, 'year', 'years')} ago"


def _renewals(value: float, usual: float | None) -> str:
    if not value >= 0.5:
        return "Has not renewed yet in this stretch of membership"
    return "Renewed once" if round(value) == 1 else f"Renewed {number(value)} times running"


def _timing(value: float, usual: float | None) -> str:
    if value != value:
        return "No renewal to come"
    if value < 0:
        return f"Has not paid, {days(-value)} after the end of the term"
    return "Has not renewed on the last day of the term" if value < 1 else f"Renewal due in {days(value)}, not paid yet"


def _before_or_after(what: str, edge: str, day: str, unknown: str) -> Say:
    """«Last paid 12 days before the end of the term; members like this, 3 days after»; positive is before.

    *day* is how the day of the *edge* itself is said.
    """

    def side(value: float, at: str) -> str:
        return f"{days(abs(value))} {'before' if value > 0 else 'after'}{at}" if round(value) else f"on {day}"

    def say(value: float, usual: float | None) -> str:
        if value != value:
            return unknown
        own = f"{what} {side(value, f' {edge}')}"
        return own if usual is None or usual != usual else f"{own}; members like this, {side(usual, '')}"

    return say


def _early(what: str) -> Say:
    unknown = "Has paid for one term only, so no habit of paying is known"
    return _before_or_after(what, "the end of the term", "the last day of the term", unknown)


def _late(what: str, unknown: str) -> Say:
    """The same for days late: positive is after."""
    say = _before_or_after(what, "the due date", "the due date", unknown)
    return lambda value, usual: say(-value, None if usual is None else -usual)


def _change(what: str, unknown: str) -> Say:
    def say(value: float, usual: float | None) -> str:
        if value != value:
            return unknown
        if abs(value) < 0.005:
            return f"{what} unchanged"
        return f"{what} {'up' if value > 0 else 'down'} by {round(100 * abs(value))} %"

    return say


def _since_change(value: float, usual: float | None) -> str:
    if value != value:
        return "No change at the association is on record"
    if value >= 730:
        return "No change at the association concerned the member in two years"
    return f"The last change at the association that concerns the member came {days(value)} ago"


def _open_invoice(value: float, usual: float | None) -> str:
    if value != value or value <= 0:
        return "No invoice open"
    return "Invoice sent today" if value < 1 else f"Invoice open for {days(value)}"


def _silence(value: float, usual: float | None) -> str:
    if value != value:
        return "Too few active days to know a rhythm"
    return f"Quiet for {number(value)} times the member's own usual gap"


def _regularity(value: float, usual: float | None) -> str:
    if value != value:
        return "Too few active days to know a rhythm"
    return "Takes part at regular intervals" if value < 1 else "Takes part in bursts with long gaps between"


def _feedback(value: float, usual: float | None) -> str:
    return "No feedback on sessions is on record" if value != value else f"Rated sessions {round(100 * value)} of 100"


def _key_person(value: float, usual: float | None) -> str:
    if value != value:
        return "Nobody was active up to three months ago"
    return f"The person who used to be the most active was last seen {days(value)} ago"


def _tickets(value: float, usual: float | None) -> str:
    if not value >= 0.5:
        return "No open ticket"
    return f"{number(value)} open {'ticket' if number(value) == '1' else 'tickets'}"


def _profile(value: float, usual: float | None) -> str:
    return "Profile not assessed" if value != value else f"Profile {round(100 * value)} % complete"


_DEFINED: tuple[Feature, ...] = (
    _fact("timing", "days_to_renewal", "days from the day to the end of the running term; negative in grace", _timing),
    # Membership history
    _fact("history", "years", "years since the spell began", _years),
    _fact("history", "years_joined", "years since joining, or since the first term on record where that is earlier", _joined),
    _fact("history", "renewals", "terms in the spell, less one; 0 is a first-year member", _renewals),
    _fact("history", "reinstatements", "spells, less one", times("Came back after a lapse", "Has never lapsed before")),
    _fact("history", "resigned", "1 when the running term was ended by resignation", either("Resignation on record", "No resignation on record")),
    _fact("history", "type_changed", "1 when the running term's type differs from that of the term before", either("Member type changed with this term", "Same member type as before", "First term, so no earlier type")),
    _fact("history", "upgrades", "changes to a type with higher dues, over all terms", times("Moved to a higher type", "Has never moved to a higher type")),
    _fact("history", "downgrades", "changes to a type with lower dues, over all terms", times("Moved to a lower type", "Has never moved to a lower type")),
    # Dues
    _fact("price", "dues", "dues of the running term", money("Dues")),
    _fact("price", "dues_change", "dues of the running term over those of the one before, less 1", _change("Dues of this term", "No earlier dues to compare with")),
    _fact("price", "invoice_change", "amount of the open invoice over the dues last paid, less 1", moved("Latest invoice", "the last dues", "No open invoice to set against the last dues"), ("invoice_issued",)),
    # Changes by the association
    _fact("changes", "change_since", "days since the last entry of the change ledger whose scope names the member, 999 beyond two years; entries that concern everybody are left out", _since_change),
    _fact("changes", "changes_cycle", "entries that concern the member since the term that holds the day began", counted("change at the association that concerns the member", "changes at the association that concern the member", "this term")),
    # Way of paying
    _fact("billing", "auto_renew", "1 when the running term renews by itself", either("Renews automatically", "Does not renew automatically", "Way of renewing not known")),
    _fact("billing", "installments", "1 when the running term is paid in installments", either("Pays in installments", "Pays at once", "Way of paying not known")),
    _fact("billing", "paid_early", "days by which the running term was paid before the end of the one before it", _early("Last paid")),
    _fact("billing", "paid_early_mean", "mean of the same over the renewals of the spell", _early("On average paid")),
    _fact("billing", "paid_in_grace", "share of the renewals of the spell that were paid in grace", hundredths("renewals paid after the end of the term", "Has not renewed yet")),
    _fact("billing", "term_days", "length of the running term in days", lambda value, usual: f"Term of {days(value)}"),
    # Invoices and payments
    *_counts("payments", "invoices", ("invoice_issued",), "invoice", "invoices", (90,)),
    *_counts("payments", "notices", ("notice_sent",), "renewal notice", "renewal notices", (90,)),
    *_counts("payments", "payments_failed", ("payment_failed",), "failed payment", "failed payments", (90, 365)),
    *_counts("payments", "plan_missed", ("plan_missed",), "missed installment", "missed installments", (365,)),
    *_counts("payments", "card_expiring", ("card_expiring",), "expiring card", "expiring cards", (90, 365)),
    _recency("payments", "invoice", ("invoice_issued",), "invoice"),
    _recency("payments", "transaction", TRANSACTIONS, "transaction"),
    _fact("payments", "transactions_cycle", "days with a payment or gift in the term that holds the day", counted("transaction", "transactions", "this membership year"), TRANSACTIONS),
    _fact("payments", "invoice_open_days", "days since the latest invoice if it came after the payment of the running term, else 0", _open_invoice, ("invoice_issued",)),
    _fact("payments", "paid_late", "days from due to paid, of the running term", _late("Last payment", "No due date known")),
    _fact("payments", "paid_late_mean", "mean of the same over all terms", _late("On average paid", "No due date known")),
    # Engagement as a whole
    Feature("active_weeks_90", "overall", ActiveWeeks(90), counted("active week", "active weeks", _PERIOD[90])),
    Feature("active_weeks_365", "overall", ActiveWeeks(365), counted("active week", "active weeks", _PERIOD[365])),
    Feature("active_weeks_730", "overall", ActiveWeeks(730), counted("active week", "active weeks", _PERIOD[730])),
    _fact("overall", "active_weeks_trend", "active weeks of 90 days against the year before", trending("active weeks")),
    _fact("overall", "breadth_365", "kinds of benefit used in a year, of eight", counted("kind of benefit used", "kinds of benefit used", _PERIOD[365])),
    _fact("overall", "active_months_365", "of the last twelve 31 days, those with an active day", counted("active month", "active months", _PERIOD[365])),
    _fact("overall", "decayed_days", "active days of two years, each worth half after 60 days", lately("active", "Activity not recorded long enough")),
    _fact("overall", "gap_variation", "standard deviation over mean of the gaps between active days of a year", _regularity),
    _fact("overall", "silence_ratio", "days since the last active day over the mean gap of the year, at most 30", _silence),
    _fact("overall", "cycle_active_days", "active days in the term that holds the day", counted("active day", "active days", "this term so far")),
    _fact("overall", "cycle_trend", "(now − then) / (now + then): active days of this term so far against the same stretch of the term before", against_last_term("this term so far")),
    _fact("overall", "cycle_trend_90", "the same for the last 90 days against the same 90 days of the term before", against_last_term("the last 90 days")),
    _fact("overall", "prompted_share_365", "share of active days that fall on the day of a click in a message, or the day after", hundredths("active days follow a message from us", "No active day in the last year"), tuple(sorted(RESPONSES))),
    # Logins and pages
    *_counts("overall", "logins", LOGIN, "login", "logins", (30, 90, 180, 365)),
    *_counts("overall", "pages", ("page_view",), "page viewed", "pages viewed", (90, 365)),
    Feature("login_minutes_90", "overall", Total(LOGIN, 90), counted("minute online", "minutes online", _PERIOD[90], none="time online")),
    Feature("session_minutes_180", "overall", Mean(LOGIN, 180), valued("Stays signed in for", " minutes on average", "Length of sessions not known")),
    Feature("pages_per_login_180", "overall", Ratio(("page_view",), LOGIN, 180), valued("Views", " pages a login", "Pages of a login not known")),
    Feature("logins_trend", "overall", Trend(LOGIN, 90), trending("logins")),
    _recency("overall", "login", LOGIN, "login"),
    # Events
    *_counts("events", "events_attended", ("event_attended",), "event attended", "events attended", (180, 365, 730)),
    *_counts("events", "events_registered", ("event_registered",), "event registration", "event registrations", (90, 365)),
    *_counts("events", "events_invited", ("event_invited",), "event invitation", "event invitations", (365,)),
    *_counts("events", "events_declined", ("event_declined", "event_cancelled"), "event declined", "events declined", (365,)),
    *_counts("events", "no_shows", ("event_no_show",), "no-show", "no-shows", (365,)),
    Feature("attended_share_730", "events", Share(("event_attended",), ("event_registered",), 730), hundredths("event registrations attended", "No event registration in the last two years")),
    Feature("attended_trend", "events", Trend(("event_attended",), 365), trending("attendance", 365)),
    _recency("events", "event", TAKING_PART, "event attended"),
    Feature("feedback_mean", "events", Mean(("session_feedback",), 365), _feedback),
    _fact("events", "national_events_730", "days at events of no chapter in two years", counted("national event attended", "national events attended", _PERIOD[730]), ("event_attended",)),
    # Chapter
    Feature("in_chapter_365", "chapter", InChapter(365), counted("chapter activity", "chapter activities", _PERIOD[365])),
    Feature("in_chapter_90", "chapter", InChapter(90), counted("chapter activity", "chapter activities", _PERIOD[90])),
    _fact("chapter", "chapter_events_730", "days at events of a chapter, by the record or by its program, in two years", counted("chapter event attended", "chapter events attended", _PERIOD[730]), ("event_attended",)),
    _fact("chapter", "chapter_changed", "1 when the chapter differs from that of a year ago", either("Chapter changed in the last year", "Same chapter as a year ago", "Chapter a year ago not known")),
    _fact("chapter", "has_chapter", "1 for a member of a chapter", either("Belongs to a chapter", "Belongs to no chapter", "Chapter not known")),
    # Community
    *_counts("community", "posts", COMMUNITY, "community post", "community posts", (90, 365)),
    _recency("community", "post", COMMUNITY, "community post"),
    Feature("posts_trend", "community", Trend(COMMUNITY, 180), trending("community posts", 180)),
    # Committees
    *_counts("committees", "committee", COMMITTEE, "committee activity", "committee activities", (180, 365)),
    *_counts("committees", "led", ("committee_led",), "turn at leading a committee", "turns at leading a committee", (730,)),
    *_counts("committees", "committee_left", ("committee_left",), "committee left", "committees left", (365,)),
    _recency("committees", "committee", COMMITTEE, "committee activity"),
    # Volunteering
    *_counts("volunteering", "volunteered", ("volunteer_completed",), "volunteer shift", "volunteer shifts", (365, 730)),
    *_counts("volunteering", "assigned", ("volunteer_assigned",), "volunteer assignment", "volunteer assignments", (365,)),
    Feature("volunteer_share_730", "volunteering", Share(("volunteer_completed",), ("volunteer_assigned",), 730), hundredths("volunteer assignments completed", "No volunteer assignment in the last two years")),
    # Downloads and learning
    *_counts("learning", "downloads", ("resource_download",), "download", "downloads", (90, 365)),
    *_counts("learning", "courses", ("learning_started", "learning_completed"), "step in a course", "steps in courses", (365,)),
    *_counts("learning", "completed", ("learning_completed",), "course completed", "courses completed", (730,)),
    _recency("learning", "learning", LEARNING, "download or course"),
    # Benefits
    *_counts("benefits", "career", ("career_center_used",), "visit to the career center", "visits to the career center", (365,)),
    _recency("benefits", "career", ("career_center_used",), "visit to the career center"),
    *_counts("benefits", "other", ("other",), "other activity", "other activities", (365,)),
    # Email
    *_counts("email", "emails_sent", ("email_sent", "sms_sent"), "message sent", "messages sent", (90,)),
    *_counts("email", "emails_clicked", ("email_clicked", "sms_replied"), "message answered by a click", "messages answered by a click", (90, 365)),
    *_counts("email", "emails_bounced", ("email_bounced",), "bounced message", "bounced messages", (180,)),
    *_counts("email", "unsubscribed", ("email_unsubscribed",), "unsubscription", "unsubscriptions", (365,)),
    _fact("email", "open_share_180", "share of messages opened in 180 days; unknown where nearly all were opened and none was clicked in a year, since a mail program opens all", share("opened"), ("email_opened",)),
    Feature("click_share_365", "email", Share(("email_clicked",), ("email_sent",), 365), share("clicked")),
    _recency("email", "click", ("email_clicked", "sms_replied"), "click in a message"),
    # Support
    *_counts("support", "tickets", ("ticket_opened",), "support ticket", "support tickets", (90, 365)),
    _fact("support", "tickets_open", "tickets opened less tickets closed in a year", _tickets, ("ticket_opened", "ticket_closed")),
    # Giving
    *_counts("giving", "gifts", ("gift",), "gift", "gifts", (730,)),
    # Profile
    _fact("profile", "profile_completeness", "share of the key profile fields filled", _profile),
    *_counts("profile", "profile_updates", ("profile_updated",), "profile update", "profile updates", (365,)),
    *_counts("profile", "address_changes", ("address_changed",), "address change", "address changes", (180,)),
    _fact("profile", "email_allowed", "1 where the source says that email is allowed", either("Accepts email", "Does not accept email", "Consent to email not known")),
    _fact("profile", "employer_changed", "1 when the employer differs from that of a year ago", either("Employer changed in the last year", "Same employer as a year ago", "Employer a year ago not known")),
    _fact("profile", "title_changed", "1 when the job title differs from that of a year ago", either("Job title changed in the last year", "Same job title as a year ago", "Job title a year ago not known")),
    # People of an organization
    Feature("people_active_90", "people", ActivePeople(90), counted("active person", "active people", _PERIOD[90])),
    Feature("people_active_365", "people", ActivePeople(365), counted("active person", "active people", _PERIOD[365])),
    _fact("people", "people", "people who were known to belong to the organization on the day: whoever moved on, died, was merged or deleted, or whose place on the list that it is billed by is over, is left out", lambda value, usual: "No people of the organization on record" if not value >= 0.5 else f"{number(value)} {'person' if number(value) == '1' else 'people'} on record for the organization"),
    _fact("people", "people_share_365", "share of the organization's people who took part in a year", hundredths("people of the organization took part in the last year", "Too little is on record to tell how many people of the organization took part")),
    _fact("people", "people_trend", "the organization's people who were active in 90 days, against the year before", trending("active people")),
    _fact("people", "key_person_silent_days", "days since the last active day of the person who was active on most days of the year up to three months ago; also where that person belongs to the organization no longer", _key_person),
    _fact("people", "key_person_share_365", "share of the active days in a year of the organization's people that are those of the most active one", hundredths("active days are those of one person", "Nobody of the organization was active in the last year")),
    _fact("people", "days_per_person_365", "active days in a year of each of the organization's people who was active", valued("Active days a year of each active person:", "", "Nobody of the organization was active in the last year")),
    # Type and place: the model takes these as codes learnt in training, see `tenure.features.facts`
    _fact("type", "organization", "1 for an organization", either("An organization", "An individual")),
)  # fmt: skip

_BY_PEOPLE = frozenset({
    "overall", "events", "community", "committees", "volunteering", "learning", "benefits", "email", "support",
})  # fmt: skip
"""Subjects whose signals are what people do; an organization acts by them alone. What is billed and given is its own."""

_ALSO_BY_PEOPLE = frozenset({"in_chapter_365", "in_chapter_90", "chapter_events_730"})
_DONE_TO_PEOPLE = frozenset({"emails_sent_90", "emails_bounced_180", "events_invited_365", "assigned_365"})
"""What the association did, which is none of its people's doing."""
_OF_ITS_OWN_TOO = frozenset({"profile_updates_365", "address_changes_180"})
"""What is done to records, of which an organization has one itself."""


def _told_of_people(feature: Feature) -> Feature:
    if feature.name in _DONE_TO_PEOPLE:
        return replace(feature, say_of_people=by_people(feature.say, "To its people"))
    if feature.name in _OF_ITS_OWN_TOO:
        return replace(feature, say_of_people=by_people(feature.say, "It and its people"))
    by_them = feature.group in _BY_PEOPLE or feature.name in _ALSO_BY_PEOPLE
    return replace(feature, say_of_people=by_people(feature.say)) if by_them else feature


FEATURES: tuple[Feature, ...] = tuple(map(_told_of_people, _DEFINED))

GROUP_OF: dict[str, Group] = {group.name: group for group in GROUPS}


def _alone(name: str) -> Reason:
    group = GROUP_OF[name]
    return Reason(name, group.title, group.actionable, (name,))


REASONS: tuple[Reason, ...] = (
    Reason(
        "engagement",
        "Taking part",
        actionable=True,
        groups=("overall", "events", "community", "committees", "volunteering", "learning", "benefits"),
    ),
    *map(_alone, ("payments", "billing", "chapter", "email", "support", "price", "profile", "people")),
    *map(_alone, ("history", "giving", "changes", "timing", "type")),
)
"""What makes one reason. Active weeks hold an evening at an event as well as a login, so those who take part more do so
in all of it, and the model can hand the weight of one to the other: two models of the same members would name another
of them first. Where two reasons weigh the same as far as a model can tell, the one that stands first here is named
first: what staff can act on before what they cannot.
"""
