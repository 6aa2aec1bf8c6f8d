"""The lake: what was known when, as Parquet files under the home directory.

Members go by pseudonym here (`tenure.base.pseudonym`), and so do their organizations; neither source ids nor contact
details ever enter. Everything arrives in a batch that becomes visible as a whole, together with the watermark that
says how far its source was read; a batch that was killed leaves nothing. Activity lies in one file per month, sorted
by member inside it. Birth year and gender lie apart, in a table that no view shows.

The public face: `Lake`, its `Batch`, the `Change` that a table underwent, `Sql` for rows that need not come through
Python, what a night was `given`, and `NOT_GIVEN`, the instant that stands for "valid since nobody knows when".
"""

from tenure.lake._batch import Batch, Change
from tenure.lake._duck import Sql
from tenure.lake._given import Given, digest_of, given, unreadable
from tenure.lake._lake import Lake
from tenure.lake._shape import NOT_GIVEN, SHAPES

__all__ = ["NOT_GIVEN", "SHAPES", "Batch", "Change", "Given", "Lake", "Sql", "digest_of", "given", "unreadable"]
