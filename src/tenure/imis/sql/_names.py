"""Names of tables and columns: which can be one, and which must never be asked for."""

from __future__ import annotations

import re

from tenure.base.errors import UsageError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

# Card numbers, their security codes and dates, what is encrypted, passwords and the answers that reset them, and
# numbers of a state. iMIS keeps them in Trans, Orders, Name_Security, aspnet_Membership and panels of its customers.
_SECRET = re.compile(
    r"^(CC_|CSC$|CVV|CVC|PIN$|SSN$|IBAN$)|ENCRYPT|PASSW|PASSPHRASE|SECURITY_?CODE|(CREDIT|DEBIT|PAY)_?CARD|CARD_?(NUM|NO|HOLDER"
    r"|EXP|CODE)|SALT$|SECRET|SOCIAL_?SEC|TAX_?PAYER|BANK_?ACC|ACCOUNT_?NUM|ROUTING_?N|HASH$|TOKEN$",
    re.IGNORECASE,
)  # fmt: skip


def is_secret(column: str) -> bool:
    """Whether *column*, with or without its table in front, may hold what Tenure must not know."""
    return _SECRET.search(column.rpartition(".")[2]) is not None


def check_table(name: str) -> str:
    """*name*, if it can be a table's.

    Raises:
        UsageError: It cannot.
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"`{name[:40]}` is no name of a table", mend="write letters, digits and underscores only")
    return name


def check_column(name: str) -> str:
    """*name*, if it can be a column's, and one that Tenure may ask for.

    Raises:
        UsageError: It cannot, or it may hold a password or the number of a card.
    """
    if any(_NAME.fullmatch(part) is None for part in name.split(".")) or name.count(".") > 1:
        raise UsageError(
            f"`{name[:40]}` is no name of a column", mend='write "COLUMN", or "Table.COLUMN" for a joined table'
        )
    if is_secret(name):
        raise UsageError(
            f"`{name}` may hold a password or the number of a card, and Tenure never asks for one",
            mend="take the column out of the mapping; if it holds something else, offer it in a view by another name",
        )
    return name
