"""Keeping an association's stores safe: backups that were tried, restoring them, and knowing a torn store.

`back_up` makes one file of the ledger, the lake, the models and the settings, also while a night writes, and keeps it
only when it could be restored to a place beside it. The key of the pseudonyms and passwords are never in it; the key
is taken along by itself with `export_key`, and changed with `rotate`. `restore` puts a backup into a home. `erase`
takes a member out of all of it, and `take_down` and `lift` keep who objects to being profiled; both hold after a
restore.
"""

from tenure.custody.backup import BackedUp, back_up
from tenure.custody.erasure import Erased, erase
from tenure.custody.keeping import BACKUPS, Backup, backups_in, prune
from tenure.custody.key import export_key
from tenure.custody.objection import lift, take_down
from tenure.custody.restore import Restored, restore, verify
from tenure.custody.rotation import Rotated, rotate
from tenure.custody.seals import require_unbroken, seal

__all__ = [
    "BACKUPS",
    "BackedUp",
    "Backup",
    "Erased",
    "Restored",
    "Rotated",
    "back_up",
    "backups_in",
    "erase",
    "export_key",
    "lift",
    "prune",
    "require_unbroken",
    "restore",
    "rotate",
    "seal",
    "take_down",
    "verify",
]
