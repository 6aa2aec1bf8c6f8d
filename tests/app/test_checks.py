"""What the doctor sees of the machine and of the stores, where a whole command could not be brought to show it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from calls import set_, tenure

from tenure.app.checks import NOTE, OK, Finding
from tenure.app.checks.machine import SHARES, file_system_of
from tenure.app.checks.page import BY_ERROR, LOOKS, page, ways

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("home", "kind"),
    [
        ("/srv/tenure", "ext4"),
        ("/mnt/office share/tenure", "cifs"),
        ("/mnt/office", "ext4"),
        ("/home/a/tenure", "nfs4"),
    ],
)
def test_the_file_system_of_a_home_is_that_of_the_nearest_mount(tmp_path: Path, home: str, kind: str):
    """Blanks in names are written as `\\040`; a longer name that merely begins alike is another place."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "//office/share /mnt/office\\040share cifs rw 0 0\n"
        "server:/home /home nfs4 rw 0 0\n"
        "tmpfs /run tmpfs rw 0 0\n"
    )
    assert file_system_of(Path(home), mounts) == kind
    assert (kind in SHARES) == (kind != "ext4")


def test_a_machine_that_does_not_tell_its_mounts(tmp_path: Path):
    assert file_system_of(tmp_path, tmp_path / "nothing") == ""


def test_what_is_not_well_has_a_mend():
    """A check cannot be written that finds something and does not say what to do."""
    assert Finding("disk", OK, "free").mend == ""
    with pytest.raises(ValueError, match="mend"):
        Finding("disk", NOTE, "nearly full")


def test_the_page_tells_every_check_and_its_mends():
    """It is made from the source: a check that is not described stops it, and a mend that changed is seen here."""
    assert (DOCS / "doctor.md").read_text(encoding="utf-8") == page()
    told = [(subject, check) for subject in LOOKS for check in LOOKS[subject]]
    assert len(told) >= 40
    only_tells = {check for subject, check in told if not ways(subject)[check]} - set(BY_ERROR)
    assert only_tells == {"Python", "proxy", "retraining", "statements"}


def test_what_the_doctor_finds_is_on_the_page(first_night: Path, exports: Path, tmp_path: Path):
    """Under the same names, in the same order; files have their own."""
    home = Path(shutil.copytree(first_night, tmp_path / "home"))
    set_(home, path=str(exports))

    found = tenure("doctor", "--home", home, "--json").json["findings"]

    files = {path.name for path in exports.iterdir()}
    names = ["each file" if one["check"] in files else one["check"] for one in found]
    told = [name for subject in LOOKS if "iMIS" not in subject and "database" not in subject for name in LOOKS[subject]]
    assert len(set(names)) > 20
    assert list(dict.fromkeys(names)) == [name for name in told if name in names]
    assert not set(names) - set(told)
