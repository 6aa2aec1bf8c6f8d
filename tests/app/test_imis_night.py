"""A night over an iMIS, known by a URL and an account: scores come, and are written back once."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import polars as pl
from calls import AS_OF, PASSWORD, Site, kill_at, set_, tenure

TABLE = "AI_Member_Risk"


def test_dry_run_then_a_killed_night_then_a_whole_one_then_nothing(imis_home: Path, site: Site, tmp_path: Path):
    """What the dry run shows is what the night writes, also when it was killed; the same night again writes nothing."""
    site.forget()
    dry = tenure("run", "--home", imis_home, "--as-of", AS_OF, "--dry-run", "--json")
    assert dry.code == 0, dry.told
    assert site.writes(sign_ins=2) == 0

    kill_at("Write back", "run", "--home", imis_home, "--as-of", AS_OF)
    done = tenure("run", "--home", imis_home, "--as-of", AS_OF, "--json")
    assert done.code == 0, done.told
    written = site.rows(TABLE)
    tenure("export", "scores", "--home", imis_home, "--out", tmp_path / "s.parquet")
    scores = pl.read_parquet(tmp_path / "s.parquet")
    assert sorted(row["PartyId"] for row in written) == sorted(scores["member_id"])
    by_id = {row["PartyId"]: row["RiskScore"] for row in written}
    assert by_id == dict(scores.select("member_id", "risk_score").iter_rows())
    planned = {change["member_id"] for change in dry.json["steps"][-1]["changes"]}
    assert planned == set(by_id)

    site.forget()
    again = tenure("run", "--home", imis_home, "--as-of", AS_OF, "--json")
    assert again.code == 0, again.told
    assert again.json["unchanged"] is True
    assert site.writes(sign_ins=2) == 0


def findings(home: Path, **environment: str) -> dict[str, dict]:
    """What the doctor finds, by check; the worst of each."""
    done = tenure("doctor", "--home", home, "--json", **environment)
    worst: dict[str, dict] = {}
    for finding in done.json["findings"]:
        assert finding["state"] == "ok" or finding["mend"], finding
        if finding["state"] != "ok" or finding["check"] not in worst:
            worst[finding["check"]] = finding
    return worst


def test_doctor_looks_at_everything_and_changes_nothing(imis_home: Path, site: Site):
    """More than 25 kinds of checks, beside one for each query; of iMIS nothing is asked that could change it."""
    before = site.rows("BOEntityDefinition")
    found = findings(imis_home)

    queries = {name for name in found if name.startswith("$/")}
    assert len(queries) == 10
    assert len(set(found) - queries) >= 25, sorted(found)
    assert not [name for name, finding in found.items() if finding["state"] == "fault"]
    wanted = ["address", "proxy", "sign-in", "clock", "prompts", "volumes", "forbidden", "requests"]
    assert {name: found[name]["state"] for name in wanted} == dict.fromkeys(wanted, "ok")
    assert found["row limits"]["words"] == "no query stops after so many rows"
    assert "requests" in found["first load"]["words"]
    assert found["time zone"]["state"] == "note", "UTC is what nobody chose"
    assert site.rows("BOEntityDefinition") == before


def test_doctor_notes_an_account_that_may_do_too_much(imis_home: Path):
    """An administrator's rights over contacts and money are asked for, and none of them is tried."""
    set_(imis_home, source__username="administrator")

    forbidden = findings(imis_home)["forbidden"]

    assert forbidden["state"] == "note"
    assert "Update Party" in forbidden["words"]
    assert "Add Payment" in forbidden["words"]


def test_doctor_says_what_it_cannot_know_of_the_account_and_how_to_look(imis_home: Path, site: Site):
    """Whether it may sign in to the pages; the REST service does not tell, and no page is asked for."""
    pages = findings(imis_home)["sign-in to pages"]

    assert pages["state"] == "note"
    assert "does not tell" in pages["words"]
    assert f"open {site.url} in a private window" in pages["mend"]


def test_doctor_notes_a_clock_that_is_wrong(imis_home: Path, site: Site):
    site.fault(clock_skew={"seconds": 600})

    clock = findings(imis_home)["clock"]

    assert (clock["state"], clock["words"]) == ("note", "the server's is 10 minutes ahead of ours")


def test_doctor_names_activity_types_that_the_mapping_does_not_know(imis_home: Path):
    """With how many rows bear them, and the line to add."""
    stock = (resources.files("tenure.intake") / "profiles/stock.toml").read_text()
    (imis_home / "own.toml").write_text(stock.replace('GIFT = "gift"\n', ""))
    set_(imis_home, mapping="own.toml")

    types = findings(imis_home)["activity types"]

    assert re.fullmatch(r"the mapping does not know GIFT \([\d,]+ rows\)", types["words"])
    assert '`GIFT = "' in types["mend"]


def test_doctor_names_a_time_zone_that_is_none(imis_home: Path):
    set_(imis_home, time_zone="Mars/Olympus")

    assert findings(imis_home)["time zone"]["state"] == "fault"


def test_a_wrong_password_is_tried_once(imis_home: Path, site: Site):
    site.forget()

    done = tenure("run", "--home", imis_home, TENURE_IMIS_PASSWORD="not-the-password")

    assert done.code == 1
    assert "hint: " in done.err
    assert "not-the-password" not in done.told
    assert site.writes(sign_ins=1) == 0, "one sign-in was sent, and nothing else"


def test_a_query_that_is_not_switched_on_is_named_with_three_causes(imis_home: Path, site: Site):
    site.fault(query_off={"match": "Terms"})

    done = tenure("sync", "--home", imis_home)

    assert done.code == 1
    assert "$/Tenure/Terms" in done.err
    assert "Available via the REST API" in done.err
    assert tenure("doctor", "--home", imis_home).code == 1


def test_a_site_that_does_not_answer(tmp_path: Path):
    home = tmp_path / "home"
    call = ("init", "--home", home, "--source", "imis", "--url", "http://127.0.0.1:9", "--username", "tenure")
    tenure(*call, TENURE_IMIS_PASSWORD=PASSWORD)

    done = tenure("run", "--home", home)

    assert done.code == 1
    assert "127.0.0.1:9" in done.err
    assert "hint: " in done.err


def test_a_column_that_is_gone_is_named(imis_home: Path, site: Site):
    site.fault(lost_column={"match": "Terms", "column": "PaidThrough"})

    done = tenure("sync", "--home", imis_home)

    assert done.code == 1
    assert "PaidThrough" in done.err


def test_write_back_can_be_switched_off(imis_home: Path, site: Site):
    set_(imis_home, writeback__enabled=False)

    done = tenure("doctor", "--home", imis_home)

    assert "write-back: is switched off" in done.out
