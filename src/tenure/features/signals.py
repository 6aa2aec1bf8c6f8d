"""Which features stand for each signal that an association keeps of its members: the list to add to when one is new."""

from __future__ import annotations

SIGNALS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Logins: recency, frequency", (
        "login_since", "logins_30", "logins_90", "logins_180", "logins_365", "logins_trend")),
    ("Logins: depth and session length", ("login_minutes_90", "session_minutes_180", "pages_per_login_180")),
    ("Pages and the portal", ("pages_90", "pages_365", "pages_per_login_180")),
    ("Event invitations and declines", ("events_invited_365", "events_declined_365")),
    ("Registrations, attendance, no-shows", (
        "events_registered_90", "events_registered_365", "events_attended_180", "events_attended_365",
        "events_attended_730", "attended_share_730", "attended_trend", "event_since", "no_shows_365")),
    ("Session feedback", ("feedback_mean",)),
    ("Chapter against national events", (
        "chapter_events_730", "national_events_730", "in_chapter_90", "in_chapter_365", "chapter_changed")),
    ("Committee work and leadership", (
        "committee_180", "committee_365", "committee_since", "led_730", "committee_left_365")),
    ("Volunteer shifts and completion", ("assigned_365", "volunteered_365", "volunteered_730", "volunteer_share_730")),
    ("Email sent, opened, clicked, bounced, unsubscribed", (
        "emails_sent_90", "open_share_180", "emails_clicked_90", "emails_clicked_365", "click_since",
        "emails_bounced_180", "unsubscribed_365")),
    ("Response rate, apart from what members begin themselves", ("click_share_365", "prompted_share_365")),
    ("Community posts and comments", ("posts_90", "posts_365", "post_since", "posts_trend")),
    ("Downloads and on-demand education", (
        "downloads_90", "downloads_365", "courses_365", "completed_730", "learning_since")),
    ("Career center and other benefits", ("career_365", "career_since", "other_365", "breadth_365")),
    ("Support tickets", ("tickets_90", "tickets_365", "tickets_open")),
    ("Invoices and notices", ("invoices_90", "invoice_since", "invoice_open_days", "notices_90")),
    ("Payments, days late", (
        "transaction_since", "paid_late", "paid_late_mean", "paid_early", "paid_early_mean", "paid_in_grace")),
    ("Transactions in the membership year", ("transactions_cycle",)),
    ("Failed payments, expiring cards, missed installments", (
        "payments_failed_90", "payments_failed_365", "card_expiring_90", "card_expiring_365", "plan_missed_365",
        "installments", "auto_renew")),
    ("Length of membership, first-year status", ("years", "years_joined", "renewals", "reinstatements")),
    ("Tier history, upgrades and downgrades", ("type_changed", "upgrades", "downgrades")),
    ("Member type, industry, region", ("organization",)),
    ("Dues and their change", ("dues", "dues_change", "invoice_change", "term_days")),
    ("Profile completeness and consent", ("profile_completeness", "profile_updates_365", "email_allowed")),
    ("Job title, employer and address changes", ("title_changed", "employer_changed", "address_changes_180")),
    ("Gifts", ("gifts_730",)),
    ("Organization roll-up: breadth, depth, key person gone", (
        "people", "people_share_365",
        "people_active_90", "people_active_365", "people_trend", "days_per_person_365",
        "key_person_share_365",
        "key_person_silent_days")),
    ("Regularity and decay", (
        "active_weeks_90", "active_weeks_365", "active_weeks_730", "active_weeks_trend", "active_months_365",
        "gap_variation", "silence_ratio", "decayed_days")),
    ("Place in the billing cycle", ("days_to_renewal", "cycle_active_days", "cycle_trend", "cycle_trend_90")),
    ("Price and program changes, outside events", ("change_since", "changes_cycle")),
    ("Intention on record", ("resigned", "has_chapter")),
)  # fmt: skip
"""What is meant, and the features that stand for it; every feature of the catalogue is in at least one line."""
