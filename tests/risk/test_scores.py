"""What every night's scores promise, whatever the model."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest

from tenure.membership import standing
from tenure.risk import SCHEMA, score
from trained_association import SETTINGS, Trained


def test_every_active_payer_is_scored_once(trained: Trained):
    """Nobody active is left out, nobody else is in."""
    lake, as_of = trained.invented.lake, trained.invented.last
    rows = lake.terms().select("member").unique().with_row_index("row").with_columns(as_of=pl.lit(as_of))
    active = standing(lake.terms(), lake.members(), rows, SETTINGS.membership).filter(pl.col("active"))

    assert sorted(trained.scores["member"].to_list()) == sorted(active["member"].to_list())
    assert trained.scores.schema == pl.Schema(SCHEMA)


def test_the_horizons_never_decrease_and_never_pass_the_renewal(trained: Trained):
    """p30 ≤ p60 ≤ p90, and within the term none exceeds the probability at its renewal."""
    p30, p60, p90, renewal = (trained.scores[f"p_lapse_{h}"].to_numpy() for h in (30, 60, 90, "renewal"))
    ahead = (trained.scores["renewal_due_on"] - trained.invented.last).dt.total_days().to_numpy()

    assert ((p30 <= p60) & (p60 <= p90)).all()
    np.testing.assert_allclose(p90[ahead <= 90], renewal[ahead <= 90])
    assert (p90[ahead > 90] <= renewal[ahead > 90]).all()


def test_a_term_that_ends_in_seven_months_says_so(trained: Trained):
    """In this association nobody resigns early, so nothing can lapse within 90 days of such a member's score."""
    far = trained.scores.filter((pl.col("renewal_due_on") - pl.col("as_of")).dt.total_days() > 200)

    assert len(far) > 50
    assert (far["p_lapse_90"] < 0.01).all()
    assert (far["p_lapse_renewal"] > 0.02).any()
    assert (far["lapse_earliest_on"] >= far["renewal_due_on"]).all()


def test_in_grace_all_horizons_give_the_one_answer_left(trained: Trained):
    """The lapse would be dated by the end of the term, which is past."""
    grace = trained.scores.filter("in_grace")

    assert len(grace) > 3
    assert (grace["renewal_due_on"] < trained.invented.last).all()
    for horizon in (30, 60, 90):
        assert grace[f"p_lapse_{horizon}"].equals(grace["p_lapse_renewal"].rename(f"p_lapse_{horizon}"))


def test_score_rank_band_and_interval_follow_from_the_probability(trained: Trained):
    """100 × p rounded; rank counts those below; the interval holds the estimate."""
    s = trained.scores
    p = s["p_lapse_renewal"].to_numpy()

    assert (s["risk_score"].to_numpy() == np.rint(100 * p)).all()
    np.testing.assert_allclose(s["risk_rank"].to_numpy(), [(p < one).mean() for one in p])
    assert ((s["p_low"].to_numpy() <= p) & (p <= s["p_high"].to_numpy())).all()
    raw = np.where(p >= 0.5, "high", np.where(p >= 0.2, "medium", "low"))
    assert ((s["band"].to_numpy() == raw) | (s["band"].to_numpy() == "new")).all()


def test_lapse_dates_come_in_order_within_ten_years(trained: Trained):
    """Earliest, median, latest; capped."""
    s = trained.scores
    last = trained.invented.last

    assert (s["lapse_earliest_on"] <= s["predicted_lapse_on"]).all()
    assert (s["predicted_lapse_on"] <= s["lapse_latest_on"]).all()
    assert s["lapse_latest_on"].max() <= last.replace(year=last.year + 10)


def test_reasons_are_ranked_by_points_and_carry_the_member_s_own_numbers(trained: Trained):
    """Strongest first; words for all three; different groups say different things; what has no points is none."""
    points = trained.scores.select("reason_1_points", "reason_2_points", "reason_3_points").to_numpy()
    first = trained.scores.filter(pl.col("band") == "high")["reason_1"]

    assert (np.diff(points, axis=1) <= 1e-9).all()
    for place in (1, 2, 3):
        assert (trained.scores[f"reason_{place}"].str.len_chars() > 5).all()
    stands_out = first != "Nothing stands out"
    assert stands_out.mean() > 0.9
    assert first.filter(stands_out).str.contains(r"\d|No |Has ").all()
    assert trained.scores.select((pl.col("reason_1") != pl.col("reason_2")).all()).item()
    for place in range(3):
        nothing = trained.scores[f"reason_{place + 1}"].is_in(["Nothing stands out", "Nothing else stands out"])
        assert ((points[:, place] == 0) == nothing.to_numpy()).all()
        assert 0 < nothing.mean() < 1


def test_what_people_did_is_told_of_organizations_alone_as_theirs(trained: Trained):
    """A night's reasons of organizations and of everybody else: who signed in."""
    lake = trained.invented.lake
    organizations = lake.members().filter(pl.col("record_type") == "organization")["member"].unique().implode()
    told = trained.scores.select(
        theirs=pl.col("member").is_in(organizations),
        words=pl.concat_list("reason_1", "reason_2", "reason_3", "against"),
    ).explode("words")
    by_people = told.filter(pl.col("words").str.contains("^(Its|To its|It and its) people: "))

    assert len(by_people) > 10
    assert by_people["theirs"].all()
    assert (
        not told.filter("theirs")["words"]
        .str.contains("^(No login|[0-9]+ (login|event attended|community post))")
        .any()
    )


def test_nothing_stands_in_a_members_favor_that_is_a_silence(trained: Trained):
    """«But no login for 94 days» would be no evidence against leaving."""
    favorable = trained.scores.filter(pl.col("against") != "")["against"]

    assert len(favorable) > 100
    assert not favorable.str.contains(
        "^(Its people: )?([Nn]o (login|event|community|committee|download|visit|click|active)|[Ll]ogins stopped)"
    ).any()


def encoded(trained: Trained) -> tuple[np.ndarray, pl.Series]:
    """The columns of everyone active, and their types."""
    from tenure.features import FEATURES, build

    lake, as_of = trained.invented.lake, trained.invented.last
    rows = lake.terms().select("member").unique().sort("member").with_row_index("row").with_columns(as_of=pl.lit(as_of))
    stood = standing(lake.terms(), lake.members(), rows, SETTINGS.membership).filter(pl.col("active"))
    matrix = build(lake, stood, SETTINGS.membership, features=FEATURES)
    return trained.model.encoding.encode(matrix), stood["member_type"]


@pytest.mark.parametrize("step", [1, 4])
def test_points_are_what_the_model_itself_answers(trained: Trained, step: int):
    """Faithful: setting a reason's signals to what is usual for the type and asking again gives the points; of the
    second and third no more than of the first, which may be less by what a step cannot tell."""
    from tenure.risk.reasons import _columns_of_reasons, _usual, _whole, explain

    model = trained.model
    x, types = encoded(trained)
    found = explain(model.encoding, x, types, model, step=step)
    usual, parts = _usual(x, types), _columns_of_reasons(model.encoding)
    columns_of = dict(zip(parts, _whole(parts), strict=True))
    asked = capped = 0
    for row, rank in itertools.product(range(0, len(x), 11), range(3)):
        name, told = found.names[row, rank], found.points[row, rank]
        if not name:
            assert told == 0
            continue
        changed = x[row : row + 1].copy()
        changed[:, columns_of[name]] = usual.table[usual.kind[row], columns_of[name]]
        points = 100 * (model.probability(x[row : row + 1]) - model.probability(changed))[0]
        asked, capped = asked + 1, capped + (round(points) != told)
        if rank == 0:
            assert points >= step
            assert abs(told - points) < 0.5 + 0.001
        else:
            assert told == min(np.rint(points), found.points[row, 0])
            assert points < found.points[row, 0] + step + 0.5
    assert asked > 20
    assert capped < asked / 5


def test_signals_that_are_counted_in_one_another_make_one_reason(trained: Trained):
    """Nobody is given taking part in events and taking part as a whole as two reasons; and some have that one."""
    from tenure.features import GROUPS, REASONS
    from tenure.risk.reasons import explain

    model = trained.model
    x, types = encoded(trained)
    found = explain(model.encoding, x, types, model)
    named = {reason.name for reason in REASONS}

    assert sorted(name for reason in REASONS for name in reason.groups) == sorted(group.name for group in GROUPS)
    assert set(found.names.ravel()) - {""} <= named
    assert all(len(set(filter(None, row))) == np.count_nonzero(row != "") for row in found.names)
    assert (found.names[:, 0] == "engagement").any()


def test_a_first_reason_is_sure_where_either_half_of_the_members_teaches_it(trained: Trained):
    """Some are, some are not; of two models of halves, neither contradicts a sure one."""
    from tenure.risk.reasons import explain

    model = trained.model
    x, types = encoded(trained)
    found, *halves = (
        explain(model.encoding, x, types, asked, rest, step=2)
        for asked, rest in ((model, model.halves), *((half, ()) for half in model.halves))
    )

    assert 0.1 < found.sure.mean() < 1
    for half in halves:
        assert (half.names[found.sure, 0] == found.names[found.sure, 0]).all()


def test_points_are_told_apart_as_finely_as_the_halves_allow(trained: Trained):
    """At the step that training chose, about a fifth of the first reasons are less certain, and never more than when
    single points are told apart."""
    from tenure.risk.reasons import explain, finest_step

    model = trained.model
    x, types = encoded(trained)
    step, share = finest_step(model.encoding, x, types, model, model.halves)
    at_one = explain(model.encoding, x, types, model, model.halves, step=1)
    at_step = explain(model.encoding, x, types, model, model.halves, step=step)

    assert trained.manifest["reasons"]["step"] == model.reason_step
    assert at_step.sure.mean() == pytest.approx(share)
    assert at_step.sure.mean() >= at_one.sure.mean()
    assert trained.scores["reason_sure"].mean() >= 0.75
    assert step == 1 or at_one.sure.mean() < 0.85


def test_each_reason_is_marked_as_one_to_act_on_or_as_context(trained: Trained):
    """Of three reasons, three marks, and none where nothing stands out; the time to renewal is context and taking part
    is not."""
    from tenure.features import REASONS

    kinds = trained.scores["reason_kinds"].str.split(",")

    assert (kinds.list.len() == 3).all()
    assert set(kinds.explode()) == {"actionable", "context", ""}
    assert ((kinds.list.get(0) == "") == (trained.scores["reason_1"] == "Nothing stands out")).all()
    assert {reason.name: reason.actionable for reason in REASONS}["engagement"]
    assert not {reason.name: reason.actionable for reason in REASONS}["timing"]


def test_scoring_the_same_night_again_gives_the_same(trained: Trained):
    """To the last bit."""
    again = score(trained.invented.lake, SETTINGS, trained.invented.last, trained.model)

    assert again.equals(trained.scores)


def test_scores_come_near_the_truth(trained: Trained):
    """Thirty days before the end, the model's probabilities are nearer to the truth than the lapse rate is."""
    known = trained.scores.join(trained.invented.truth, on="member").filter(
        (pl.col("ends_on") == pl.col("renewal_due_on"))
        & ((pl.col("ends_on") - pl.col("as_of")).dt.total_days().is_between(0, 60))
    )
    ahead = (known["ends_on"] - known["as_of"]).dt.total_days().to_numpy()
    # Whoever renews pays on one of the forty days before; of those who had not, more leave than had meant to.
    still_open = np.clip((ahead + 1) / 40, 0, 1)
    p, said = known["p"].to_numpy(), known["p_lapse_renewal"].to_numpy()
    truth = p / (p + (1 - p) * still_open)

    assert len(known) > 60
    assert np.abs(said - truth).mean() < 0.5 * np.abs(truth.mean() - truth).mean()
    assert abs(said.mean() - truth.mean()) < 0.05


def test_lifetime_and_complimentary_members_have_no_risk(trained: Trained):
    """Probability 0, interval [0, 0], band low, no dates."""
    from tenure.base.settings import Membership

    rules = Membership(lifetime_types=("ORG",), complimentary_types=("STU",))
    settings = SETTINGS.model_copy(update={"membership": rules})
    free = score(trained.invented.lake, settings, trained.invented.last, trained.model)
    free = free.filter(pl.col("member_type").is_in(["ORG", "STU"]))

    assert len(free) > 20
    assert set(free["standing"]) == {"lifetime", "complimentary"}
    shown = ("p_lapse_30", "p_lapse_90", "p_lapse_renewal", "p_low", "p_high")
    assert free.select(pl.sum_horizontal(shown).sum()).item() == 0
    assert set(free["band"]) == {"low"}
    dates = ("renewal_due_on", "predicted_lapse_on", "lapse_earliest_on", "lapse_latest_on")
    assert all(free[name].null_count() == len(free) for name in dates)


def test_a_score_of_a_past_day_uses_only_what_was_known_then(trained: Trained):
    """The night of a year ago can be made again, and shows members who have left since."""
    past = trained.invented.last - dt.timedelta(days=365)
    then = score(trained.invented.lake, SETTINGS, past, trained.model)

    assert set(then["member"]) - set(trained.scores["member"])
    assert (then["as_of"] == past).all()
