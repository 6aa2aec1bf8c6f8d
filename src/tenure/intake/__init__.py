"""Intake: bringing a source into the lake.

A source delivers tables of the contract (`tenure.membership.contract`); they are typed and judged row by row, bad
rows are set aside and counted, gates stop a night that looks wrong, and what is left becomes the lake in one batch.
Source ids and contact details are handed up for the ledger and never enter the lake.

The public face: `sync`, its `SyncReport`, and the sources: `FilesSource` for a folder of exports,
`ImisSource` for an iMIS read through a mapping (`read_mapping`), `SqlSource` for its database (`read_sql_mapping`).
"""

from tenure.intake._codes import activity_types, known_codes
from tenure.intake._files import FilesSource
from tenure.intake._imis import ImisSource
from tenure.intake._mapping import Feed, Mapping, mapping_path, read_mapping
from tenure.intake._report import Fault, SyncReport, TableReport
from tenure.intake._source import Delivery, Errand, FeedCount, Given, Source
from tenure.intake._sql import SqlSource
from tenure.intake._sql_mapping import SqlMapping, check_mapping, read_sql_mapping
from tenure.intake._sync import sync

__all__ = [
    "Delivery",
    "Errand",
    "Fault",
    "Feed",
    "FeedCount",
    "FilesSource",
    "Given",
    "ImisSource",
    "Mapping",
    "Source",
    "SqlMapping",
    "SqlSource",
    "SyncReport",
    "TableReport",
    "activity_types",
    "check_mapping",
    "known_codes",
    "mapping_path",
    "read_mapping",
    "read_sql_mapping",
    "sync",
]
