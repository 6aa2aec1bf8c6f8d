"""No member reads a word of risk, scores, prediction, profiling or of being watched; ordinary words are let by."""

from __future__ import annotations

import pytest

from tenure.outreach.plain_words import refused

REFUSED = """
You are at risk of losing access.
at-risk members
Your membership is at high risk.
It is risky to let it lapse.
Members who churn
We fear you may be churning.
attrition is rising
You seem likely to leave.
You are unlikely to renew.
Your engagement score is 32.
You scored low this year.
Our scoring shows it.
You are ranked among the least active.
Your probability of staying is small.
Your likelihood of renewal
Your lifetime value is high.
We predict that you will leave.
We predicted this.
Our predictive tools
a prediction about you
The algorithm picked you.
machine learning told us
Our model suggests that you need help.
Our AI thinks so.
the data shows that you are leaving
We expect you to leave.
You have been profiled.
profiling of members
You belong to a segment we care for: your segment
segmentation
You were flagged by our team.
We flagged your account.
You have been identified as somebody who may leave.
We selected you as a candidate.
our member retention team
retention campaign
a win-back offer
in our control group
financial hardship
We know of your financial difficulties.
We monitor your use.
monitoring your membership
under surveillance
You are on our watch list.
We have been watching you.
We track what you open.
We have tracked your visits.
We noticed that you stopped coming.
We've noticed you have been away.
I noticed you missed two events.
Our records show that you skipped it.
Our records indicate a drop.
Your engagement has dropped.
Your recent activity has declined.
a decline in your participation
You seem disengaged.
Because of your inactivity
You have not logged in for 94 days.
You haven't opened our messages.
You never clicked
your last login
the number of logins
You opened our last newsletter
your engagement level
""".strip().splitlines()

ORDINARY = """
Log in to renew in a minute.
Sign in with your login details.
Your profile can be completed here.
Please update your profile.
Join the risk management webinar.
A risk-free trial for a colleague.
There is no risk in asking.
Enterprise risk management for small firms
The standard has a long track record.
Track your order
the career track of the conference
The score sheet and the rules
Underscore the point
Cybersecurity risk management
Monte Carlo methods, modeled well
Our business model workshop
the flag at the harbor
Retention of records: what the law asks
Retaining walls
Open the library
Click the link below
the open day
a high-value conversation with peers
Your membership ended on March 4.
It lapsed on March 4.
You attended the spring conference.
You have been with us since 2016.
We would like to keep you.
Watch the recording.
The observation deck
a notice of renewal
This is a required notice.
See you in the fall.
Let us know what we can do better.
Members active in the chapter
The risk management standard
Rank and file
the forecast of the market
low water level in the estuary
your use of the library is yours to keep
""".strip().splitlines()


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_word_of_watching_is_refused(sentence: str):
    assert refused(sentence)


@pytest.mark.parametrize("sentence", ORDINARY)
def test_an_ordinary_word_is_let_by(sentence: str):
    assert refused(sentence) == ()


def test_the_title_of_a_program_that_is_a_fact_is_let_by_and_the_same_word_elsewhere_is_not():
    text = "You came to Predicting Scour Risk. You are at risk."
    title = (12, 12 + len("Predicting Scour Risk"))
    assert [word.word for word in refused(text, within_facts=[title])] == ["at risk"]


def test_a_refused_word_says_what_it_is_a_word_of():
    (word,) = refused("We are monitoring it.")
    assert (word.word, word.of, word.start) == ("monitoring", "monitoring", 7)
    assert "no member is to read" in str(word)
