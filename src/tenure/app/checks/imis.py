"""An iMIS: whether it answers, to whom, by which clock, and whether what is forbidden is. Nothing is changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tenure.app.checks import feeds
from tenure.app.checks.finding import FAULT, NOTE, OK, Finding
from tenure.app.house import House
from tenure.app.password import VARIABLE, is_known
from tenure.app.source import open_client
from tenure.base.errors import TenureError

if TYPE_CHECKING:
    from tenure.imis import ImisClient

_LOCAL = {"127.0.0.1", "localhost", "::1"}
_CLOCK_TOLERANCE = dt.timedelta(minutes=2)
_CERTIFICATE_NOTICE = dt.timedelta(days=21)
_FORBIDDEN = (
    ("Party", "Update"),
    ("Party", "Delete"),
    ("Subscription", "Update"),
    ("Invoice", "Add"),
    ("Payment", "Add"),
)
"""What Tenure's account has no business with: contacts, dues and money."""


def look(house: House) -> Iterator[Finding]:
    """The way to the site, the account and its rights, the queries, and the table for the scores."""
    if not is_known(house.home):
        yield Finding("password", FAULT, "it is not set", f"set the environment variable {VARIABLE}")
        return
    yield Finding("password", OK, "is known")
    yield _address(house)
    with open_client(house) as client:
        yield Finding("proxy", OK, f"goes through {client.proxy}" if client.proxy else "none on the way")
        yield Finding("sign-in", OK, f"{house.settings.source.url} knows the account {client.whoami()}")
        yield from _certificate(client, house.clock())
        yield clock(client)
        yield from feeds.look(house, client)
        yield from _forbidden(client)
        yield _pages(house)
        yield from _table(house, client)
        yield _manners(house, client)


def _address(house: House) -> Finding:
    parts = urlsplit(house.settings.source.url)
    if parts.scheme == "https":
        return Finding("address", OK, "is spoken to by https")
    if parts.hostname in _LOCAL:
        return Finding("address", OK, "is this machine's own")
    return Finding("address", FAULT, "the password would travel unprotected", "write the address with https://")


def _certificate(client: ImisClient, now: dt.datetime) -> Iterator[Finding]:
    if client.certificate_ends is None:
        return
    days = (client.certificate_ends - now).days
    if client.certificate_ends - now < _CERTIFICATE_NOTICE:
        yield Finding("certificate", NOTE, f"the server's ends in {days} days", "have whoever runs iMIS renew it")
    else:
        yield Finding("certificate", OK, f"is good for another {days:,} days")


def clock(client: ImisClient) -> Finding:
    """How far the server's clock and ours lie apart, by the `Date` of its last answer."""
    if client.server_ahead is None:
        mend = "compare the two clocks by hand; what iMIS enters later than our now waits for the next night"
        return Finding("clock", NOTE, "the server does not say what time it is", mend)
    seconds = round(client.server_ahead.total_seconds())
    if abs(client.server_ahead) <= _CLOCK_TOLERANCE:
        return Finding("clock", OK, f"the server's and ours are {abs(seconds)} s apart")
    words = f"the server's is {abs(seconds) / 60:,.0f} minutes {'ahead of' if seconds > 0 else 'behind'} ours"
    mend = "set both by a time server; what is entered ahead of our clock comes in a night later, and nothing is lost"
    return Finding("clock", NOTE, words, mend)


def _forbidden(client: ImisClient) -> Iterator[Finding]:
    """Ask, without trying, whether the account may do what it should not be able to."""
    told = {(name, operation): client.may(name, operation) for name, operation in _FORBIDDEN}
    allowed = [f"{operation} {name}" for (name, operation), answer in told.items() if answer]
    if allowed:
        words = f"the account may {', '.join(allowed)}; Tenure never does"
        yield Finding("forbidden", NOTE, words, "take these rights away, as docs/imis.md says under rights")
    elif None in told.values():
        mend = "see the account's roles in iMIS: it should write neither contacts nor dues nor money"
        yield Finding("forbidden", NOTE, "iMIS does not say what the account may do", mend)
    else:
        yield Finding("forbidden", OK, "the account may write neither contacts nor dues nor money")


def _pages(house: House) -> Finding:
    """Nothing in the REST service speaks of it, and trying it out could lock the account."""
    words = "iMIS does not tell whether the account may also sign in to its pages, as a person does"
    mend = (
        f"open {house.settings.source.url} in a private window and sign in as {house.settings.source.username}; "
        "if that lets you in, do as docs/imis.md says under rights"
    )
    return Finding("sign-in to pages", NOTE, words, mend)


def _table(house: House, client: ImisClient) -> Iterator[Finding]:
    from tenure.writeback import RISK_COLUMNS

    rules = house.settings.writeback
    if not rules.enabled:
        yield Finding("write-back", NOTE, "is switched off", "set `writeback.enabled` to true to have scores in iMIS")
        return
    try:
        definition = client.definition(rules.table)
    except TenureError as error:
        mend = "docs/imis.md says which right it takes; scores can be written all the same once the table is there"
        yield Finding("write-back", NOTE, f"the definition of {rules.table} cannot be read: {error.message}", mend)
        return
    if definition is not None:
        yield Finding("write-back", OK, f"{rules.table} is there, for {len(RISK_COLUMNS)} columns")
        yield _right_to_write(client, rules.table)
    elif not rules.install_table:
        mend = "have it made as docs/imis.md says, or set `writeback.install_table` to true"
        yield Finding("write-back", FAULT, f"{rules.table} is not there", mend)
    elif client.may("BOEntityDefinition", "Add") is False:
        mend = "give the account `BOEntityDefinition` for one night, or have the table made as docs/imis.md says"
        yield Finding("write-back", FAULT, f"{rules.table} is not there, and the account may not make it", mend)
    else:
        yield Finding("write-back", OK, f"{rules.table} is not there yet; the first night makes it")


def _right_to_write(client: ImisClient, table: str) -> Finding:
    refused = [operation for operation in ("Add", "Update") if client.may(table, operation) is False]
    if refused:
        mend = f"give the account {' and '.join(refused)} on the panel source {table}, on its Security tab"
        return Finding("write right", FAULT, f"the account may not {' or '.join(refused)} rows of {table}", mend)
    return Finding("write right", OK, f"nothing keeps the account from writing {table}")


def _manners(house: House, client: ImisClient) -> Finding:
    limit = house.settings.source.requests_per_hour
    words = f"{client.requests_used} were needed to look at all this; {limit or 'any number'} an hour are allowed"
    if limit == 0 and urlsplit(house.settings.source.url).hostname not in _LOCAL:
        mend = "set `source.requests_per_hour`, such as 3600: the vendor asks for restraint"
        return Finding("requests", NOTE, words, mend)
    return Finding("requests", OK, words)
