"""What the doctor sees of the machine and of the stores, where a whole command could not be brought to show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenure.app.checks import NOTE, OK, Finding
from tenure.app.checks.machine import SHARES, file_system_of


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
