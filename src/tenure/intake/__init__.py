"""Intake: bringing a source into the lake.

A source delivers tables of the contract (`tenure.membership.contract`); they are typed and judged row by row, bad
rows are set aside and counted, gates stop a night that looks wrong, and what is left becomes the lake in one batch.
Source ids and contact details are handed up for the ledger and never enter the lake.

The public face: `sync`, its `SyncReport`, and the sources: `FilesSource` for a folder of exports.
"""

from tenure.intake._files import FilesSource
from tenure.intake._report import Fault, SyncReport, TableReport
from tenure.intake._source import Delivery, Given, Source
from tenure.intake._sync import sync

__all__ = ["Delivery", "Fault", "FilesSource", "Given", "Source", "SyncReport", "TableReport", "sync"]
