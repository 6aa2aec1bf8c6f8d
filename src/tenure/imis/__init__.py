"""Talking to an iMIS, and nothing else: signing in, paging, queries, entities, panel sources, its errors and manners.

`ImisClient` reads; what it hands to `tenure.writeback` through `writing_to` is the only thing that can write.
"""

from tenure.imis._calls import Exchange
from tenure.imis._manners import Timekeeping
from tenure.imis._paging import Progress
from tenure.imis._values import Row, collection, contract, generic_entity, plain, values_of
from tenure.imis.client import Filter, ImisClient, Writer
from tenure.imis.errors import (
    AlreadyThere,
    Busy,
    CircuitOpen,
    ColumnsMissing,
    Failed,
    Garbled,
    ImisRefused,
    ImisUnavailable,
    Invalid,
    LockedOut,
    NoSuchQuery,
    NotAllowed,
    NotFound,
    NotImis,
    NotOffered,
    OutcomeUnknown,
    PagingBroken,
    Redirected,
    TokenRefused,
    TooLarge,
    TooSlow,
    Unreachable,
    Untrusted,
    WriteNotPermitted,
    WrongCredentials,
    require_columns,
)

__all__ = [
    "AlreadyThere",
    "Busy",
    "CircuitOpen",
    "ColumnsMissing",
    "Exchange",
    "Failed",
    "Filter",
    "Garbled",
    "ImisClient",
    "ImisRefused",
    "ImisUnavailable",
    "Invalid",
    "LockedOut",
    "NoSuchQuery",
    "NotAllowed",
    "NotFound",
    "NotImis",
    "NotOffered",
    "OutcomeUnknown",
    "PagingBroken",
    "Progress",
    "Redirected",
    "Row",
    "Timekeeping",
    "TokenRefused",
    "TooLarge",
    "TooSlow",
    "Unreachable",
    "Untrusted",
    "WriteNotPermitted",
    "Writer",
    "WrongCredentials",
    "collection",
    "contract",
    "generic_entity",
    "plain",
    "require_columns",
    "values_of",
]
