"""The page of all features, made from the catalogue: `python -m tenure.features.page > docs/features.md`."""

from __future__ import annotations

from collections.abc import Iterator

from tenure.features.catalogue import FEATURES, GROUPS, REASONS
from tenure.features.definitions import Feature
from tenure.features.direction import DIRECTIONS, SENSES
from tenure.features.signals import SIGNALS

_HEAD = """# Features

Made from the catalogue by `python -m tenure.features.page`; a test keeps it so.

Every feature holds for the start of a day, from what was **recorded** before it, whatever the records say about when
things happened. A count is unknown, not zero, while nothing of its kind was being recorded, but for who joined since:
they can have done nothing before. A feed that was switched on midway is left out of comparisons with the time before.
Birth year and gender are not here and cannot be read from here. Member type, chapter, industry, region and country go
into the model as categories of their own.

`Count(event_attended; 365)` counts the last 365 days; `Total` and `Mean` add up or average the values (minutes,
money, ratings); `Ratio` and `Share` set one kind against another; `Recency` is days since the last one, 999 beyond
two years; `Trend` sets the rate of the window against that of the year before, from −1 (ceased) to 1 (new).
↑ means that more can only raise the risk, ↓ that it can only lower it, as the model is made to learn. Of those with ↗
or ↘ it may learn either, but more sounds like trouble (↗) or sounds good (↘) to whoever reads it: neither is told as a
reason for leaving, or for staying, where its words would say the opposite.

Of an organization all that its people did counts, from when on it was known to pay for them. What staff read says so:
*Its people: 3 logins in the last 90 days; members like this, 9*; of what was sent to them *To its people: 3 messages
sent in the last 90 days*, and of changes to records, of which it has one too, *It and its people: 3 profile updates in
the last year*. How many of its people take part, and on how many days, is told of who belongs to it on the day, without
what is done under its own record; so `ActivePeople` counts. Only the key person, whose silence is told of, may be one
who has left.

The composite score by points that many associations use (logins in 90 days, events attended, community posts) is no
feature: it is the baseline that a model has to beat, and stands beside it in every back-test.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD, *_signals(), *_reasons(), *_groups()]) + "\n"


def _signals() -> Iterator[str]:
    yield "## What stands for what\n"
    yield "| signal | features |\n|---|---|"
    for words, names in SIGNALS:
        yield f"| {words} | {', '.join(f'`{name}`' for name in names)} |"
    yield ""


def _reasons() -> Iterator[str]:
    yield "## What makes one reason\n"
    yield (
        "Subjects whose signals are counted in one another make one reason; its words are those of its most telling "
        "signal.\nReasons that weigh the same stand in this order.\n"
    )
    titles = {group.name: group.title for group in GROUPS}
    yield "| reason | | subjects |\n|---|---|---|"
    for reason in REASONS:
        kind = "can be acted on" if reason.actionable else "context"
        yield f"| {reason.title} | {kind} | {', '.join(titles[name] for name in reason.groups)} |"
    yield ""


def _groups() -> Iterator[str]:
    yield "## All features\n"
    yield "By subject; what is marked as context is not for staff to change.\n"
    for group in GROUPS:
        own = [feature for feature in FEATURES if feature.group == group.name]
        if own:
            yield f"### {group.title}{'' if group.actionable else ' (context)'}\n"
            yield "| feature | | how it is computed | as staff may read it |\n|---|---|---|---|"
            yield from map(_line, own)
            yield ""


def _line(feature: Feature) -> str:
    arrow = {1: "↑", -1: "↓", 0: ""}[DIRECTIONS[feature.name]] or {1: "↗", -1: "↘", 0: ""}[SENSES[feature.name]]
    return f"| `{feature.name}` | {arrow} | {feature.definition} | {feature.say(*_example(feature))} |"


def _example(feature: Feature) -> tuple[float, float | None]:
    """A value and a usual one that such a feature could have."""
    share = any(part in feature.name for part in ("share", "trend", "mean", "change", "completeness", "grace"))
    if (feature.name.startswith("paid_") and not share) or feature.name in ("paid_early_mean", "paid_late_mean"):
        return 12.0, 3.0
    if feature.name in ("dues", "term_days"):
        return 365.0, 320.0
    if feature.name.endswith(("_since", "_days", "to_renewal")):
        return 94.0, 12.0
    return (0.25, 0.5) if share else (3.0, 9.0)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
