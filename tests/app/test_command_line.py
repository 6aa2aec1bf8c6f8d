"""The commands as a newcomer meets them."""

from __future__ import annotations

import sqlite3
import stat
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from calls import PASSWORD, imis_sandbox, tenure

from tenure.app.cli import COMMANDS
from tenure.app.reference import page
from tenure.base.settings import Settings

EARLY = "2019-12-01"
"""A day by which too few renewals are known to learn from."""
DOCS = Path(__file__).parents[2] / "docs"


def test_help_answers_in_half_a_second():
    import subprocess
    import time

    from calls import BIN

    took = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([BIN / "tenure", "--help"], check=True, capture_output=True)
        took.append(time.perf_counter() - began)

    assert min(took) < 0.5


def test_help_lists_every_command_and_the_exit_codes():
    done = tenure("--help")

    assert done.code == 0
    assert all(name in done.out for name in COMMANDS)
    assert "0 done, 1 failed, 2 usage, 3 held back by a gate, 4 partly done" in done.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str):
    done = tenure(name, "--help")

    assert done.code == 0
    assert len(done.out.split()) > 25
    assert f"Usage: tenure {name}" in done.out


def test_the_page_of_commands_is_made_from_the_commands():
    """`make docs` writes it anew."""
    assert (DOCS / "command-line.md").read_text(encoding="utf-8") == page()


def test_a_mistyped_command_is_named_with_the_nearest():
    done = tenure("rum")

    assert done.code == 2
    assert "hint: did you mean `run`?" in done.err


@pytest.mark.parametrize("command", ["doctor", "sync", "train", "score", "run", "serve", "evaluate"])
def test_a_directory_that_is_no_home_is_a_matter_of_usage(command: str, tmp_path: Path):
    done = tenure(command, "--home", tmp_path)

    assert done.code == 2
    assert "no tenure.toml" in done.err
    assert "hint: run `tenure init" in done.err


def test_init_writes_settings_that_hold_every_key(tmp_path: Path, exports: Path):
    home = tmp_path / "home"

    done = tenure("init", "--home", home, "--source", "files", "--path", exports, "--grace-days", 45)

    assert done.code == 0
    text = (home / "tenure.toml").read_text()
    assert tomllib.loads(text)["membership"]["grace_days"] == {"default": 45}
    for name, section in Settings.model_fields.items():
        fields = section.annotation.model_fields if hasattr(section.annotation, "model_fields") else {}
        for key in fields:
            imis_only = name == "source" and key not in ("kind", "path")
            assert imis_only or key in text, f"{name}.{key}"


@pytest.mark.parametrize("table", ["default = -4", "default = 30\nSTU = -1"])
def test_grace_of_fewer_than_no_days_is_refused_with_its_key(table: str, tmp_path: Path, exports: Path):
    """Lapses would be dated before they can be known."""
    assert tenure("init", "--home", tmp_path, "--source", "files", "--path", exports).code == 0
    path = tmp_path / "tenure.toml"
    path.write_text(path.read_text().replace("default = 30", table))

    done = tenure("labels", "--home", tmp_path)

    assert done.code == 2
    key = table.rpartition("\n")[2].partition(" ")[0]
    assert f"`membership.grace_days.{key}`: input should be greater than or equal to 0" in " ".join(done.err.split())


def test_without_a_model_the_hint_says_what_training_was_held_back_for(tmp_path: Path, exports: Path):
    """Until something was tried it names the data floor; afterwards, what was found."""
    home = ("--home", tmp_path)
    assert tenure("init", *home, "--source", "files", "--path", exports).code == 0
    assert tenure("sync", *home).code == 0
    floor = "makes one once enough is known: 20 lapses and 20 renewals"
    assert f"`tenure train --as-of {EARLY}` {floor}" in " ".join(tenure("score", *home, "--as-of", EARLY).err.split())
    assert f"`tenure train` {floor}" in " ".join(tenure("evaluate", *home).err.split())

    trained = tenure("train", *home, "--as-of", EARLY)
    assert trained.code == 3, trained.told

    for command in (("score", *home, "--as-of", EARLY), ("evaluate", *home)):
        told = " ".join(tenure(*command).err.split())
        assert f"the training of {EARLY} was held back: " in told
        assert "at least 20 of each are needed to score; read more years of terms" in told
        assert "tenure train" not in told
    findings = tenure("doctor", *home, "--json").json["findings"]
    (model,) = [one for one in findings if one["check"] == "model"]
    assert f"the training of {EARLY} was held back" in model["mend"]


def test_init_replaces_nothing_unless_told_to(tmp_path: Path, exports: Path):
    call = ("init", "--home", tmp_path, "--source", "files", "--path", exports)
    tenure(*call)
    (tmp_path / "tenure.toml").write_text("# mine")

    refused = tenure(*call)

    assert refused.code == 2
    assert "is there already" in refused.err
    assert (tmp_path / "tenure.toml").read_text() == "# mine"
    assert tenure(*call, "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--source", "files"), "--source files needs --path"),
        (("--source", "files", "--path", "nowhere"), "there is no folder `nowhere`"),
        (("--source", "imis", "--username", "u"), "--source imis needs --url"),
        (("--source", "imis", "--url", "example", "--username", "u"), "is not the address of a site"),
        (("--source", "imis", "--url", "https://u:p@example.org", "--username", "u"), "holds an account"),
        (("--source", "imis", "--url", "https://example.org"), "--source imis needs --username"),
        (
            ("--source", "imis", "--url", "https://example.org", "--username", "u"),
            "is not set; looked in",
        ),
    ],
)
def test_init_says_what_it_lacks_and_writes_nothing(arguments: tuple[str, ...], words: str, tmp_path: Path):
    done = tenure("init", "--home", tmp_path / "home", *arguments)

    assert done.code == 2
    assert words in done.err
    assert not (tmp_path / "home" / "tenure.toml").exists()


def test_init_keeps_the_password_for_this_account_alone(tmp_path: Path):
    done = tenure(
        "init", "--home", tmp_path, "--source", "imis", "--url", "http://127.0.0.1:9", "--username", "tenure",
        TENURE_IMIS_PASSWORD=PASSWORD,
    )  # fmt: skip

    assert done.code == 0
    assert "warning: " in done.err, "nothing answers there, which is said at once"
    assert PASSWORD not in done.told
    assert PASSWORD not in (tmp_path / "tenure.toml").read_text()
    assert stat.S_IMODE((tmp_path / "secrets" / "imis.password").stat().st_mode) == 0o600


def test_a_setting_that_does_not_exist_is_named(night: Path):
    (night / "tenure.toml").write_text((night / "tenure.toml").read_text().replace("[bands]", "[bands]\nhihg = 0.6"))

    done = tenure("run", "--home", night)

    assert done.code == 2
    assert "`bands.hihg`" in done.err


def test_an_account_is_made_and_given_another_password(night: Path):
    made = tenure("staff", "add", "ana", "--home", night, TENURE_STAFF_PASSWORD="four unrelated words here")
    again = tenure("staff", "add", "ana", "--home", night, "--json")

    assert made.out == "made the account ana\n"
    assert again.json["created"] is False
    assert len(again.json["password"]) >= 12


def test_an_account_is_given_an_address_and_another(night: Path):
    words = {"TENURE_STAFF_PASSWORD": "four unrelated words here"}
    wrong = tenure("staff", "add", "eva", "--email", "Eva <eva@example.org>", "--home", night, **words)
    made = tenure("staff", "add", "eva", "--email", "eva@example.org", "--home", night, **words)
    before = _address_of("eva", night)
    other = tenure("staff", "set-email", "eva", "e.v@example.org", "--home", night)
    nobody = tenure("staff", "set-email", "nobody", "e.v@example.org", "--home", night)

    assert (wrong.code, made.code, other.code, nobody.code) == (2, 0, 0, 2), wrong.told + made.told
    assert "not one plain email address" in wrong.err
    assert (before, _address_of("eva", night)) == ("eva@example.org", "e.v@example.org")
    with closing(sqlite3.connect(night / "ledger.sqlite3")) as ledger:
        rows = ledger.execute("SELECT by, subject, details FROM ledger_audit_event WHERE act = 'staff:email:change'")
        assert [(by, subject, "example" in details) for by, subject, details in rows] == [
            ("tenure staff", "eva", False)
        ]


def _address_of(username: str, home: Path) -> str:
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        return str(ledger.execute("SELECT email FROM ledger_staff WHERE username = ?", (username,)).fetchone()[0])


def test_the_sandbox_is_a_command_of_its_own():
    assert imis_sandbox("serve", "--help").code == 0
