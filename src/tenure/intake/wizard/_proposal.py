"""From what an installation has to a mapping that states only how it differs from the profile, and says why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tenure.intake._mapping import Feed, Past
from tenure.intake._mapping import Mapping as Plan
from tenure.intake.wizard._fit import Fit, Spec, fit, written
from tenure.intake.wizard._names import KINDS, OBJECTS, PLACES, bare
from tenure.intake.wizard._survey import CHANGE_LOG, Sight, Survey

AS_USUAL, DIFFERS, ELSEWHERE, ABSENT, FURTHER = "as in the profile", "differs", "elsewhere", "not found", "further"


@dataclass(frozen=True)
class FeedFound:
    """Where a feed would come from.

    Args:
        name: Such as `activity.web`.
        state: How it stands to the profile: one of the states above.
        words: What is there, in one line.
        section: Lines of the mapping that this takes; empty where the profile does.
        without: Sections of the profile that go.
        hints: What somebody should look at.
        kinds: Of activity, those that it gives.
    """

    name: str
    state: str
    words: str
    section: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """A mapping that would fit an installation.

    Args:
        label: What was looked at.
        profile: What it stands on.
        feeds: In the order in which they would be read.
        notes: On the whole, such as types of members and activities.
        requests: How many it took to look.
        extra: Further lines of the mapping.
    """

    label: str
    profile: str
    feeds: tuple[FeedFound, ...]
    notes: tuple[str, ...] = ()
    requests: int = 0
    extra: tuple[str, ...] = field(default=())

    @property
    def fits(self) -> bool:
        """Whether all that is needed was found."""
        return not [one for one in self.feeds if one.state == ABSENT and one.name in ("members", "terms")]

    @property
    def differs(self) -> bool:
        """Whether the profile alone does not do."""
        return bool(self.extra) or any(one.section or one.without for one in self.feeds)

    @property
    def text(self) -> str:
        """The mapping file."""
        return "\n".join(_file(self)) + "\n"

    def lines(self) -> Iterator[str]:
        """The same for people, one finding a line."""
        width = max((len(one.name) for one in self.feeds), default=0)
        for one in self.feeds:
            mark = "" if one.state in (AS_USUAL, FURTHER) else f" ({one.state})"
            yield f"{one.name:<{width}}  {one.words}{mark}"
            yield from (f"{'':<{width}}  {hint}" for hint in one.hints)
        yield from self.notes

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        feeds = [{"name": f.name, "state": f.state, "words": f.words, "hints": list(f.hints)} for f in self.feeds]
        return {"feeds": feeds, "notes": list(self.notes), "requests": self.requests, "fits": self.fits}


def propose(survey: Survey, plan: Plan) -> Proposal:
    """The mapping that follows from *survey*, standing on *plan*, the profile that ships."""
    codes = {
        code: kind for feed in plan.activity.values() if "kind" in feed.columns
        for code, kind in feed.columns["kind"].values.items()
    }  # fmt: skip
    found = [_feed(survey, table, name, feed, codes) for table, name, feed in plan.feeds()]
    past = plan.members.past
    if past is not None and past.query not in survey.sights:
        found.append(_other_past(survey, past))
    elif past is not None and found[0].state == ELSEWHERE:
        found[0] = replace(found[0], section=(*found[0].section, "", *_past_section(past)))
    used = {feed.place for _, _, feed in plan.feeds()} | {one.words.partition(": ")[0] for one in found}
    used |= {past.query} if past is not None else set()
    kinds = {kind: one.name for one in found if one.state != ABSENT for kind in one.kinds}
    further = [
        _further(survey, sight, codes, kinds) for place, sight in survey.sights.items()
        if place not in used and _is_new(sight)
    ]  # fmt: skip
    notes, extra = _types(survey, plan, codes)
    feeds = (*found, *(one for one in further if one is not None))
    return Proposal(survey.label, survey.profile, feeds, notes, survey.requests, extra)


def _feed(survey: Survey, table: str, name: str, feed: Feed, codes: Mapping[str, str]) -> FeedFound:
    sight = survey.sights.get(feed.place)
    if sight is not None:
        return _at_its_place(survey, table, name, feed, sight, codes)
    names = [bare(known) for known in (*PLACES.get(name, ()), *OBJECTS.get(name, ()))]
    known = [one for one in survey.sights.values() if bare(one.place.rpartition("/")[2]) in names]
    known.sort(key=lambda one: names.index(bare(one.place.rpartition("/")[2])))
    for other in known:
        suited = fit(table, other, feed, codes)
        if suited.serves:
            return _elsewhere(survey, name, feed, other, suited)
    why = survey.absent.get(feed.place, "not there")
    if name in ("members", "terms"):
        hint = "it is needed: install it as docs/imis.md says, or name a query that has it with --query"
        return FeedFound(name, ABSENT, f"{feed.place}: {why}", hints=(hint,))
    hint = f"left out; once it is there, take `{name}` out of `without`"
    return FeedFound(name, ABSENT, f"{feed.place}: {why}", without=(name,), hints=(hint,))


def _at_its_place(
    survey: Survey, table: str, name: str, feed: Feed, sight: Sight, codes: Mapping[str, str]
) -> FeedFound:
    words = _words(survey, sight, feed.columns.get("kind"), feed.columns.get("occurred_at"))
    strange = _strange(feed, sight, survey)
    kinds = _seen(written(feed.columns["kind"]), sight) if table == "activity" else ()
    hints = [f"codes without a kind yet: {_listed(strange)}; give them one in the file"] if strange else []
    if not sight.columns or not set(feed.wanted) - set(sight.columns):
        hints += [f"`{feed.place}` has no prompt `{feed.since}`: every sync would read all rows"] * _lacks(feed, sight)
        lines = tuple(_codes_section(name, strange))
        return FeedFound(name, AS_USUAL, words, lines, hints=tuple(hints), kinds=kinds)
    suited = fit(table, sight, feed, codes)
    changed = {
        column: spec for column, spec in suited.columns.items()
        if column not in feed.columns or spec != written(feed.columns[column])
    }  # fmt: skip
    section = [f"[{name}.columns]", *(f"{column} = {toml(spec)}" for column, spec in changed.items())]
    if feed.by and feed.by not in sight.columns:
        by = next((_column(suited.columns[c]) for c in ("recorded_at", "valid_from") if c in suited.columns), "")
        section = [f"[{name}]", f"by = {toml(by)}", "", *section]
    hints += [f"{column}: `{_column(spec)}` is taken for it" for column, spec in changed.items()]
    hints += [f"{column}: no column is like it; name one in the mapping" for column in suited.lacking]
    without = [f"{name}.columns.{column}" for column in suited.spared]
    lacking = f", without {', '.join(suited.spared)}" if suited.spared else ""
    return FeedFound(
        name, DIFFERS, words + lacking, tuple(section) if changed else (), tuple(without), tuple(hints), kinds
    )


def _lacks(feed: Feed, sight: Sight) -> bool:
    return bool(sight.is_query and feed.since and sight.prompts and feed.since not in sight.prompts)


def _strange(feed: Feed, sight: Sight, survey: Survey) -> dict[str, int]:
    """Codes in the sample that the profile does not know; types of activity are told apart, with all their rows."""
    kind = feed.columns.get("kind")
    if kind is None or not kind.values or kind.column not in sight.columns:
        return {}
    known = {*kind.values, *feed.ignore, *survey.activity_types}
    return {code: count for code, count in sight.codes(kind.column).items() if code not in known}


def _codes_section(name: str, strange: Mapping[str, int]) -> Iterator[str]:
    if strange:
        yield f"# [{name}.columns.kind.values]"
        yield from (f'# {toml_key(code)} = "…"     # {count:,} rows in the sample' for code, count in strange.items())


def _elsewhere(survey: Survey, name: str, feed: Feed, sight: Sight, suited: Fit) -> FeedFound:
    hints = [f"{column}: nothing fills it" for column in suited.spared]
    if suited.unknown:
        hints.append("codes without a kind yet: " + ", ".join(f"{c} ({n:,})" for c, n in suited.unknown.items()))
    since, by = _news(sight, suited, feed)
    if not since:
        hints.append("nothing says when a row was entered, so every sync would read all rows")
    words = _words(survey, sight, None, None, suited)
    section = tuple(_section(name, sight, suited, since, by))
    kinds = _seen(suited.columns.get("kind"), sight)
    return FeedFound(name, ELSEWHERE, words, section, (name,), tuple(hints), kinds)


def _section(name: str, sight: Sight, suited: Fit, since: str, by: str) -> Iterator[str]:
    yield f"[{name}]"
    yield f"{'query' if sight.is_query else 'entity'} = {toml(sight.place)}"
    if not sight.is_query and sight.key:
        yield f"order_by = {toml(','.join(sight.key))}"
    if since:
        yield f"since = {toml(since)}"
        yield f"by = {toml(by)}"
    yield ""
    yield f"[{name}.columns]"
    yield from (f"{column} = {toml(spec)}" for column, spec in suited.columns.items())
    yield from (
        f'# {toml_key(code)} = "…"     # {count:,} rows in the sample' for code, count in suited.unknown.items()
    )


def _news(sight: Sight, suited: Fit, feed: Feed | None) -> tuple[str, str]:
    """By which prompt or property what is new can be asked for, and the column it is about; empty for none."""
    spec = suited.columns.get("recorded_at") or suited.columns.get("valid_from")
    by = _column(spec) if spec else ""
    if not by or not sight.is_query:
        return by, by
    if feed is not None and feed.since in sight.prompts:
        return feed.since, by
    alike = [
        prompt for prompt in sight.prompts if bare(prompt) in (bare(by), bare(by) + "since") or "since" in bare(prompt)
    ]
    return (alike[0], by) if alike else ("", "")


def _further(survey: Survey, sight: Sight, codes: Mapping[str, str], kinds: Mapping[str, str]) -> FeedFound | None:
    """A place that looks like activity: read when its name is known and its kinds come from nowhere else."""
    suited = fit("activity", sight, None, codes)
    if not suited.serves:
        return None
    bare_name = bare(sight.place.rpartition("/")[2])
    name = f"activity.{bare_name or 'further'}"
    section = tuple(_section(name, sight, suited, *_news(sight, suited, None)))
    words = _words(survey, sight, None, None, suited)
    twice = sorted({kinds[kind] for kind in _given(suited.columns["kind"]) if kind in kinds})
    known = bare_name in KINDS or any(bare_name == bare(other) for names in PLACES.values() for other in names)
    if known and not twice:
        return FeedFound(name, FURTHER, words, section)
    why = f"{', '.join(twice)} gives some of the same" if twice else "nobody knows whether it is activity of members"
    hint = f"left out, since {why}; its section stands in the file, to be switched on"
    lead = "# Left out for now. Take the `# ` away to have it read."
    return FeedFound(name, FURTHER, words, (lead, *(f"# {line}".rstrip() for line in section)), hints=(hint,))


def _seen(spec: Spec | None, sight: Sight) -> tuple[str, ...]:
    """The kinds whose codes stand in the sample; all that the recipe gives where there is no sample."""
    values = spec.get("values", {}) if isinstance(spec, dict) else {}
    seen = [values[code] for code in sight.codes(_column(spec or "")) if code in values] if values else []
    return tuple(seen or _given(spec))


def _given(spec: Spec | None) -> list[str]:
    """The kinds that a recipe for `kind` gives."""
    if spec is None or isinstance(spec, str):
        return []
    return [*spec.get("values", {}).values(), *([spec["value"]] if "value" in spec else [])]


def _is_new(sight: Sight) -> bool:
    known = {bare(name) for names in OBJECTS.values() for name in names}
    return bare(sight.place) not in known and bool(sight.sample)


def _other_past(survey: Survey, past: Past) -> FeedFound:
    """The change log of iMIS itself where the profile's query of it is not served; else none."""
    name, without, log = "members.past", ("members.past",), survey.sights.get(CHANGE_LOG)
    if log is not None and log.sample:
        columns = {"member_id": "PartyId", "at": "CreatedOn", "field": "PropertyName", "old": "OriginalValue"}
        other = Past(entity=CHANGE_LOG, fields=past.fields, **columns)
        words = f"{CHANGE_LOG}: {log.rows:,} entries"
        return FeedFound(name, ELSEWHERE, words, tuple(_past_section(other)), without)
    hint = "what records said before the first night stays unknown; once it is there, take `members.past` out"
    words = f"{past.query}: {survey.absent.get(past.query, 'not there')}"
    return FeedFound(name, ABSENT, words, without=without, hints=(hint,))


def _past_section(past: Past) -> Iterator[str]:
    """The profile's log of changes, written out for members that come from elsewhere."""
    told = past.model_dump(exclude_defaults=True)
    yield "[members.past]"
    yield from (f"{name} = {toml(value)}" for name, value in told.items() if name != "fields")
    yield "\n[members.past.fields]"
    yield from (f"{toml_key(name)} = {toml(value)}" for name, value in told["fields"].items())


def _types(survey: Survey, plan: Plan, codes: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words on the types of members and activity, and lines for the types that the profile does not know."""
    notes: list[str] = []
    used = {code: count for code, count in survey.member_types.items() if count}
    if used:
        notes.append("member types: " + _listed(used))
    known = set(codes) | {code for feed in plan.activity.values() for code in feed.ignore}
    strange = {code: count for code, count in survey.activity_types.items() if count and code not in known}
    if not strange:
        return tuple(notes), ()
    notes.append(f"activity types without a kind yet: {_listed(strange)}; give them one in the file, or ignore them")
    lines = ["# Types of activity that have no kind yet. Take the `# ` away where one is given;"]
    lines += ["# the words are those of docs/files.md.", "# [activity.activities.columns.kind.values]"]
    lines += [f'# {toml_key(code)} = "…"     # {count:,} rows' for code, count in strange.items()]
    return tuple(notes), tuple(lines)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{code} {count:,}" for code, count in sorted(counts.items(), key=lambda item: -item[1]))


def _words(survey: Survey, sight: Sight, kind: Any, occurred: Any, suited: Fit | None = None) -> str:
    """The place, how many rows it has and how many are recent, its codes and the days that its sample spans."""
    parts = [f"{sight.rows:,} rows"]
    if sight.place in survey.recent:
        parts.append(f"{survey.recent[sight.place]:,} in the last 30 days")
    columns = suited.columns if suited else {}
    when = _column(columns["occurred_at"]) if "occurred_at" in columns else getattr(occurred, "column", "")
    span = sight.span(when) if when in sight.columns else None
    parts += [f"sample from {span[0]} to {span[1]}"] if span else []
    code = _column(columns["kind"]) if "kind" in columns else getattr(kind, "column", "")
    codes = sight.codes(code) if code in sight.columns else {}
    parts += [" ".join(codes)] if codes else []
    return f"{sight.place}: {', '.join(parts)}"


def _column(spec: Spec) -> str:
    return spec if isinstance(spec, str) else str(spec.get("column", ""))


def toml(value: Any) -> str:
    """*value* in TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_key(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def toml_key(name: str) -> str:
    """*name* as a key of TOML."""
    return name if name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name) else json.dumps(name)


def _file(proposal: Proposal) -> Iterator[str]:
    yield f"# How {proposal.label} becomes Tenure's tables: only what differs from the profile"
    yield f"# `{proposal.profile}` that ships with Tenure. Proposed by `tenure init`, and yours to edit."
    yield "# docs/mapping.md explains every key."
    yield "#"
    yield from (f"# {line}".rstrip() for line in proposal.lines())
    yield ""
    yield f"base = {toml(proposal.profile)}"
    named = [path for one in proposal.feeds for path in one.without]
    without = [path for path in named if not any(path.startswith(f"{other}.") for other in named)]
    if without:
        yield f"without = {toml(without)}"
    for one in proposal.feeds:
        if one.section:
            yield ""
            yield from one.section
    if proposal.extra:
        yield ""
        yield from proposal.extra
