"""The only code that changes iMIS. It carries out what the ledger's outbox holds, into one table and no other.

`carry_out` looks at the table (makes it if it may), compares, holds back when too much would change at once, and
writes row by row; `risk_rows` says what the table shall hold of each score.
"""

from tenure.writeback.carry import carry_out
from tenure.writeback.outbox import LedgerOutbox, Outbox, OutboxRow
from tenure.writeback.panel import RISK_COLUMNS, Column, Wanted, digest_of, risk_rows
from tenure.writeback.readback import SAMPLE, ReadBack, read_back
from tenure.writeback.report import Change, Rejection, WritebackReport

__all__ = [
    "RISK_COLUMNS",
    "SAMPLE",
    "Change",
    "Column",
    "LedgerOutbox",
    "Outbox",
    "OutboxRow",
    "ReadBack",
    "Rejection",
    "Wanted",
    "WritebackReport",
    "carry_out",
    "digest_of",
    "read_back",
    "risk_rows",
]
