"""A plausible association: a lake, a ledger and a model, small or large, the same for the same seed."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
from manifests import FORMER, MODEL, drift_found, manifest, write_card, write_manifest

from tenure import ledger
from tenure.base.home import Home, write_atomically
from tenure.base.settings import Association, Settings, Source, Web
from tenure.lake import Lake

DAY = dt.date(2025, 3, 1)
PASSWORD = "harbor-otter-violet-27"

_FIRST = [
    "Padmavathi",
    "Tomasz",
    "Kwabena",
    "María Fernanda",
    "Jun",
    "Aleksandra",
    "Hinemoa",
    "Ngozi",
    "Søren",
    "Leila",
]
_LAST = [
    "Venkataramanan Iyer", "Bielak", "Asiedu-Larbi", "Villanueva-Castellanos de la Torre", "Odagiri",
    "Wiśniewska-Grabarczyk", "Tairua-Bell", "Okonkwo", "Lindqvist", "Rahmanzai", "O'Brien", "Nguyen",
]  # fmt: skip
_WORKS = [
    "Castellane Marine Works",
    "Tidewater Consulting Engineers LLP",
    "Port of Ellery Authority",
    "Hask Geotechnical",
]
_TYPES = [
    ("Professional", 320.0, 0.62),
    ("Academic", 180.0, 0.2),
    ("Student", 40.0, 0.12),
    ("Organization", 4200.0, 0.06),
]
_CHAPTERS = ["Gulf", "Great Lakes", "Pacific", "Northeast", ""]
_REASONS = [
    "No login for {n} days; members like this log in every 12",
    "Missed both spring events; came to {m} in the two years before",
    "Invoice {m} days late; usually paid 20 days early",
    "No download for {n} days; members like this, every 21",
    "Opened {m} of the last 40 emails; members like this open 11",
    "Left the Tidal Modeling committee in November",
    "Card on file declined twice",
    "Has not joined a chapter",
]
_AGAINST = ["Renewed {m} years running", "Presented at the October summit", "Pays by automatic renewal", ""]
_KINDS = [
    ("login", 30), ("page_view", 40), ("email_sent", 35), ("email_opened", 12), ("event_invited", 5),
    ("event_registered", 3), ("event_attended", 3), ("event_no_show", 1), ("resource_download", 8),
    ("community_post", 2), ("invoice_issued", 1), ("ticket_opened", 1), ("payment_failed", 1),
]  # fmt: skip


@dataclass
class World:
    """What the factory made.

    Args:
        home, settings: Of the association, its ledger set up and migrated.
        members: Pseudonym to source id.
        scores: The last night's scores.
    """

    home: Home
    settings: Settings
    members: dict[int, str] = field(default_factory=dict)
    scores: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def lake(self) -> Lake:
        return Lake.open(self.home.lake)

    def member_of_rank(self, place: int = 0) -> int:
        """The pseudonym of the member at a *place* of the list by risk."""
        return int(self.scores.sort(["p_lapse_renewal", "member"], descending=[True, False])["member"][place])

    def id_of_rank(self, place: int = 0) -> str:
        """The source id of the same."""
        return self.members[self.member_of_rank(place)]


def empty_world(root: Path, **web: Any) -> World:
    """A home with an empty ledger."""
    settings = Settings(
        source=Source(kind="files"),
        association=Association(name="Harbor and Estuary Engineers Association"),
        web=Web(**web),
    )
    world = World(Home(root), settings)
    ledger.setup(world.home, settings)
    ledger.migrate()
    return world


def sign_up(username: str = "marta", role: str = "manager", chapter: str = "") -> None:
    """An account whose password is `PASSWORD`."""
    from tenure.ledger import staff

    given = {"username": username, "password": PASSWORD, "role": role, "chapter": chapter}
    staff.create(**given, full_name="Marta Lindqvist", by="factory")


def world(root: Path, *, members: int = 240, nights: int = 3, seed: int = 7, **web: Any) -> World:
    """An association after *nights* nights with *members* active members."""
    made, dice = empty_world(root, **web), random.Random(seed)
    made.members = {dice.getrandbits(62) - 2**61: f"{i:05d}" for i in range(1, members + 1)}
    people = _people(made.members, dice)
    _fill_lake(made.lake, people, dice)
    _fill_contacts(made, people)
    for night in range(nights):
        made.scores = _a_night(made, people, DAY - dt.timedelta(days=7 * (nights - 1 - night)), seed)
    _keep_day(made, people, seed)
    _keep_models(made)
    keep_figures(made)
    _keep_receipt(made)
    return made


def keep_figures(made: World, day: dt.date = DAY) -> None:
    """What a night reckons for the Membership page."""
    from tenure.app import counting
    from tenure.app.house import House

    counting.keep_figures(House(made.home, made.settings), day)
    if made.scores.width:  # before the first night there are none to speak of
        counting.keep_dues(made.scores, day)


def _keep_receipt(made: World) -> None:
    """What the last night was made from, as a night keeps and notes it."""
    from tenure.app import receipts, steps
    from tenure.app.house import House
    from tenure.features import CATEGORIES, FeatureMatrix
    from tenure.ledger.models import RunStep

    house, told = House(made.home, made.settings, clock=lambda: _morning_of(DAY)), manifest()
    model: Any = SimpleNamespace(version=MODEL, manifest=told)
    names, rows = tuple(one["name"] for one in told["features"]), made.scores.select("member")
    x = np.arange(rows.height * len(names), dtype=np.float32).reshape(rows.height, len(names)) / 4
    x[:, 1] = np.nan
    kinds = dict.fromkeys(CATEGORIES, pl.lit(None, pl.String)) | {"member_type": pl.col("member_type")}
    digest = steps.receipt_of(house, DAY, model)
    receipts.store(house).keep(
        DAY, FeatureMatrix(rows, names, x, made.scores.select(**kinds)), receipts.page_of(house, DAY, model, digest)
    )
    noted = RunStep.objects.filter(run__as_of=DAY, name="score").get()
    noted.counts["receipt"] = digest
    noted.save()


def _keep_models(made: World) -> None:
    """Two models, of which the second took over, with what the last night's watch found."""
    from tenure.ledger import promotions

    write_manifest(made.home.models, FORMER, as_of="2025-01-01", trained_at="2025-01-01T02:14:07Z")
    write_manifest(made.home.models)
    write_card(made.home.models)
    for version, replaced, on in ((FORMER, "", dt.date(2025, 1, 1)), (MODEL, FORMER, dt.date(2025, 1, 31))):
        promotions.record(
            version=version, replaced=replaced, effective_on=on, how=promotions.How.AUTOMATIC, by="tenure train",
            why="no worse than the one before it", clock=lambda: _morning_of(DAY),
        )  # fmt: skip
    for night in (DAY - dt.timedelta(days=7), DAY):
        found = drift_found(str(night), is_quiet=night != DAY)
        write_atomically(made.home.receipts / f"{night}.drift.json", json.dumps(found).encode())


LONGEST = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
"""The last name of the first member: one word that fits no column."""


def _people(members: dict[int, str], dice: random.Random) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = []
    for member in members:
        kind, dues, _ = dice.choices(_TYPES, weights=[weight for *_, weight in _TYPES])[0]
        years = dice.randint(1, 12)
        begins = DAY - dt.timedelta(days=dice.randint(-5, 389))
        people.append(
            {
                "member": member,
                "kind": kind,
                "dues": dues,
                "years": years,
                "ends_on": begins + dt.timedelta(days=364),
                "lifetime": dice.random() < 0.02,
                "renewed": begins > DAY - dt.timedelta(days=25) and years > 1,
                "chapter": dice.choice(_CHAPTERS),
                "first": "" if kind == "Organization" else dice.choice(_FIRST),
                "last": dice.choice(_WORKS if kind == "Organization" else _LAST),
                "risk": dice.betavariate(0.8, 3.6),
            }
        )
    people[0]["last"] = LONGEST
    return people


def _fill_lake(lake: Lake, people: list[dict[str, Any]], dice: random.Random) -> None:
    with lake.batch(source="factory", at=dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)) as batch:
        batch.replace("members", pl.DataFrame([_member(p, people, dice) for p in people], infer_schema_length=None))
        batch.add_versions("terms", pl.DataFrame([t for p in people for t in _terms(p)], infer_schema_length=None))
        batch.replace(
            "programs",
            pl.DataFrame(
                {
                    "ref": [f"EV{i}" for i in range(4)],
                    "kind": ["event"] * 4,
                    "title": ["Coastal Structures Seminar", "Winter Meeting", "Scour at bridge piers", "Harbor Days"],
                }
            ),
        )
        # Many thousands of members need no activity of their own to be listed.
        activity = [row for i, p in enumerate(people[:300]) for row in _activity(p, i, dice)]
        batch.upsert("activity", pl.DataFrame(activity, infer_schema_length=None))
        batch.commit()


def _member(person: dict[str, Any], people: list[dict[str, Any]], dice: random.Random) -> dict[str, Any]:
    return {
        "member": person["member"],
        "valid_from": dt.datetime(2024, 1, 1),
        "plain": False,
        "record_type": "organization" if person["kind"] == "Organization" else "individual",
        "member_type": person["kind"],
        "join_date": _begins(person, 0),
        "chapter_id": person["chapter"] or None,
        "region": "Louisiana",
        "country": "US",
        "employer": None if person["kind"] == "Organization" else dice.choice(_WORKS),
        "job_title": None if person["kind"] == "Organization" else "Principal engineer",
        "profile_completeness": 0.8,
        "email_allowed": True,
        "sms_allowed": False,
    }


def _begins(person: dict[str, Any], year: int) -> dt.date:
    return person["ends_on"] - dt.timedelta(days=365 * (person["years"] - year) - 1)


def _terms(person: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for year in range(person["years"]):
        begins = _begins(person, year)
        last = year == person["years"] - 1
        rows.append(
            {
                "term_id": f"{person['member']}-{year}",
                "member": person["member"],
                "member_type": person["kind"],
                "starts_on": begins,
                "ends_on": None if last and person["lifetime"] else begins + dt.timedelta(days=364),
                "dues": person["dues"],
                "due_on": begins,
                "paid_on": begins - dt.timedelta(days=12),
                "auto_renew": False,
                "recorded_at": dt.datetime.combine(begins, dt.time()) - dt.timedelta(days=12),
            }
        )
    return rows


def _activity(person: dict[str, Any], number: int, dice: random.Random) -> list[dict[str, Any]]:
    rows = []
    for kind, weight in _KINDS:
        for _ in range(dice.randint(0, 2 * weight)):
            at = dt.datetime(2023, 4, 1) + dt.timedelta(minutes=dice.randint(0, 698 * 24 * 60))
            rows.append(
                {
                    "activity_key": number * 10_000 + len(rows),
                    "member": person["member"],
                    "kind": kind,
                    "occurred_at": at,
                    "recorded_at": at + dt.timedelta(hours=1),
                    "value": 4.0 if kind == "login" else person["dues"] if kind in ("invoice_issued",) else None,
                    "ref": f"EV{dice.randrange(4)}" if kind.startswith("event_") else None,
                }
            )
    return rows


def _fill_contacts(made: World, people: list[dict[str, Any]]) -> None:
    from tenure.ledger import contacts, identities

    identities.learn(pairs=made.members.items())
    contacts.replace(
        frame=pl.DataFrame(
            {
                "member": [p["member"] for p in people],
                "first_name": [p["first"] for p in people],
                "last_name": [p["last"] for p in people],
                "email": [f"member{made.members[p['member']]}@example.org" for p in people],
                "phone": ["+1 555 0100"] * len(people),
                "time_zone": ["America/Chicago"] * len(people),
                "language": ["en"] * len(people),
            }
        )
    )


def _a_night(made: World, people: list[dict[str, Any]], day: dt.date, seed: int) -> pl.DataFrame:
    from tenure.ledger import runs, scores

    began = dt.datetime.combine(day, dt.time(2, 10), tzinfo=dt.UTC)
    with runs.start(as_of=day, kind="night", by="tenure run", clock=lambda: began) as run:
        with run.step("sync") as step:
            step.count(members=len(people), terms=4 * len(people), activity=70 * len(people))
            step.say(f"{len(people):,} members, {4 * len(people):,} terms and {70 * len(people):,} entries of activity")
            step.count(
                requests=96,
                feeds={"activity.web": {"source": 9_120, "read": 41, "lake": 9_100}},
                programs={"read": 9, "kept": 7, "quarantined": {"ref is empty": 2}},
            )
            step.notice("2 extra columns in members.csv were ignored")
        with run.step("train") as step:
            step.unchanged("The model of this month is in use; the next is due on March 31")
        with run.step("score") as step:
            frame = scores_frame(people, day, seed)
            made.lake.write_scores(day, frame)
            scores.replace(frame=frame, run=run.row, clock=lambda: began)
            step.count(scores=frame.height, high=frame.filter(pl.col("band") == "high").height)
            step.say(f"{frame.height:,} members scored")
        with run.step("write back") as step:
            step.count(written=frame.height)
            step.say(f"{frame.height:,} rows of AI_Member_Risk written")
    return frame


def _ends(person: dict[str, Any], day: dt.date) -> dt.date:
    """When the running term ended as it was known on *day*: some renewed in the last week."""
    return person["ends_on"] - dt.timedelta(days=365 if person["renewed"] and day < DAY else 0)


def _keep_day(made: World, people: list[dict[str, Any]], seed: int) -> None:
    """What the night reckons beside the scores: payments in trouble, silent newcomers, an outage that is over."""
    from tenure.ledger import scores

    dice, rows = random.Random(f"{seed}day"), []
    for person, chance in zip(people, _chances(made, people), strict=True):
        trouble = dice.choices(["", "declined", "card"], weights=[90, 6, 4])[0]
        new = person["years"] == 1 and not person["lifetime"]
        rows.append(
            {
                "member": person["member"],
                "worth": None if person["lifetime"] else chance * person["dues"] * 0.3,
                "lifetime_value": person["dues"] * 6.5 * (1 - chance),
                "is_top_value": person["kind"] == "Organization",
                "leaving_reason": dice.choice(["disengaged", "price", "payment failure"]),
                "payment_trouble": trouble,
                "payment_trouble_on": DAY - dt.timedelta(days=dice.randint(1, 29)) if trouble else None,
                "auto_renew": dice.random() < 0.1,
                "joined_on": _begins(person, 0) if new else None,
                "first_act_days": dice.choice([None, 3, 40]) if new else None,
                "like_decided": 100,
                "like_lapsed": round(100 * chance),
                "like_low": max(0.0, chance - 0.02),
                "like_high": min(1.0, chance + 0.02),
                "fell_silent_on": None if new or len(rows) % 11 else DAY - dt.timedelta(days=90 + len(rows)),
                "engaged_days": None if len(rows) % 24 else max(1, 200 - len(rows) // 2),
                "engaged_in": "" if len(rows) % 48 else "committee work",
                "engaged_in_days": None if len(rows) % 48 else 12,
            }
        )
    first_year = {"days": 90, "silent": {"decided": 61, "lapsed": 25}, "others": {"decided": 212, "lapsed": 40}}
    newest = {"members": "2025-02-28", "terms": "2025-02-28", "login": "2025-02-28", "community_post": "2025-02-21"}
    arms = {"decided": 412, "reached": 150, "treated": 206, "treated_kept": 180, "control": 206, "control_kept": 142,
            "points": 18.4, "low": 6.2, "high": 30.6}  # fmt: skip
    effects = [
        {"playbook": "Renewal notice", "band": "", "wanted": 500, **arms},
        {"playbook": "Renewal notice", "band": "high", **arms, "points": 2.0, "low": -14.0},
        {"playbook": "Renewal notice", "band": "medium", **arms, "decided": 12, "points": None},
    ]
    figures = {
        "outages": [], "experiments": ["holdout"], "first_year": first_year, "newest": newest, "effects": effects,
    }  # fmt: skip
    scores.keep_day(rows=pl.DataFrame(rows, infer_schema_length=None), figures=figures, clock=lambda: _morning_of(DAY))


def _chances(made: World, people: list[dict[str, Any]]) -> list[float]:
    by_member = dict(made.scores.select("member", "p_lapse_renewal").iter_rows())
    return [by_member[person["member"]] for person in people]


def _morning_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(2, 14), tzinfo=dt.UTC)


def scores_frame(people: list[dict[str, Any]], day: dt.date, seed: int) -> pl.DataFrame:
    """Scores of one night: as the contract's table, with the columns for display."""
    rows = [_score(person, day, random.Random(f"{seed}{person['member']}{day}")) for person in people]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    rank = (pl.col("p_lapse_renewal").rank("min") - 1) / len(people)
    # A quarter of each chance is a failed payment; who has no renewal ahead has no payment either.
    due = pl.when(pl.col("renewal_due_on").is_not_null()).then(0.25 * pl.col("p_lapse_renewal"))
    return frame.with_columns(risk_rank=rank, p_payment=due)


def _score(person: dict[str, Any], day: dt.date, dice: random.Random) -> dict[str, Any]:
    chance = 0.0 if person["lifetime"] else min(0.97, max(0.01, person["risk"] + dice.uniform(-0.06, 0.06)))
    left = (_ends(person, day) - day).days
    within = [chance if left <= days else 0.0 for days in (30, 60, 90)]
    points = sorted((dice.uniform(0.05, 0.35) * chance * 100 for _ in range(3)), reverse=True)
    reasons = dice.sample(_REASONS, 3)
    numbers = {"n": dice.randint(40, 160), "m": dice.randint(2, 9)}
    spread = 0.0 if person["lifetime"] else 0.12 * math.sqrt(chance + 0.05)
    row = {
        "member": person["member"],
        "as_of": day,
        "renewal_due_on": None if person["lifetime"] else _ends(person, day),
        **{f"p_lapse_{days}": p for days, p in zip((30, 60, 90), within, strict=True)},
        "p_lapse_renewal": chance,
        "p_low": max(0.0, chance - spread),
        "p_high": min(1.0, chance + spread),
        "risk_score": round(chance * 100),
        "band": "high" if chance >= 0.5 else "medium" if chance >= 0.2 else "low",
        "predicted_lapse_on": None if person["lifetime"] else person["ends_on"] + dt.timedelta(days=730),
        "lapse_earliest_on": None if person["lifetime"] else person["ends_on"],
        "lapse_latest_on": None if person["lifetime"] else person["ends_on"] + dt.timedelta(days=2190),
        "model_version": MODEL,
        "record_type": "organization" if person["kind"] == "Organization" else "individual",
        "member_type": person["kind"],
        "chapter_id": person["chapter"],
        "dues": person["dues"],
        "in_grace": left < 0 and not person["lifetime"],
        "standing": "lifetime" if person["lifetime"] else "annual",
        "against": dice.choice(_AGAINST).format(**numbers),
        "usual": 0.16,
    }
    for i in range(3):
        row[f"reason_{i + 1}"] = "" if person["lifetime"] else reasons[i].format(**numbers)
        row[f"reason_{i + 1}_points"] = None if person["lifetime"] else points[i]
    return row


def tiny(made: World, day: dt.date = DAY) -> list[int]:
    """Three members in their first year, in an association that has no model yet."""
    dice = random.Random(1)
    people = [
        {"member": member, "kind": "Professional", "dues": 100.0, "years": 1, "lifetime": False, "chapter": "Gulf",
         "ends_on": day + dt.timedelta(days=40 * member)}
        for member in (1, 2, 3)
    ]  # fmt: skip
    with made.lake.batch(source="factory", at=dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)) as batch:
        batch.replace("members", pl.DataFrame([_member(p, people, dice) for p in people], infer_schema_length=None))
        batch.add_versions("terms", pl.DataFrame([t for p in people for t in _terms(p)], infer_schema_length=None))
        batch.commit()
    keep_figures(made, day)
    return [person["member"] for person in people]


def left_and_stayed(made: World, day: dt.date = DAY) -> None:
    """160 members, by turns of Gulf and Pacific, and of low and high dues: of the low every second lapsed, some by
    resigning or by a payment that failed; the high stayed, half of them automatically."""
    with made.lake.batch(source="factory", at=dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)) as batch:
        people, terms, acts = [], [], []
        for member in range(1, 161):
            person = {"member": member, "kind": "Professional", "dues": 80.0 if member % 4 < 2 else 900.0, "years": 2,
                      "lifetime": False, "chapter": ("Gulf", "Pacific")[member % 2],
                      "ends_on": day + dt.timedelta(days=200)}  # fmt: skip
            people.append(person)
            mine = [term | {"ended_by": None} for term in _terms(person)]
            if person["dues"] < 100 and member % 8 < 4:
                way = (member // 8) % 4
                mine = [mine[0] | {"ended_by": (None, "resigned", "payment_failed", None)[way]}]
            terms += [term | {"auto_renew": person["dues"] > 100 and member % 8 < 4} for term in mine]
            if member % 40 == 3:
                at = dt.datetime.combine(day, dt.time()) - dt.timedelta(days=20)
                acts += [{"activity_key": 2 * member + i, "member": member, "kind": kind,
                          "occurred_at": at + dt.timedelta(days=i), "recorded_at": at + dt.timedelta(days=i)}
                         for i, kind in enumerate(("payment_failed", "payment")[: 1 + member % 80 // 40])]  # fmt: skip
        dice = random.Random(1)
        batch.replace("members", pl.DataFrame([_member(p, people, dice) for p in people], infer_schema_length=None))
        batch.add_versions("terms", pl.DataFrame(terms, infer_schema_length=None))
        batch.replace("activity", pl.DataFrame(acts, infer_schema_length=None))
        batch.commit()
    keep_figures(made, day)
