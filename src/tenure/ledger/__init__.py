"""What was decided: runs, current scores, who is who, contacts, the outbox, staff accounts.

Everything that cannot be rebuilt from the source lies here, in one transactional database: SQLite in the home
directory, or PostgreSQL by one setting. Call `setup` before anything else of this package (it configures Django),
then `migrate` once per installation and after each upgrade.

The rooms: `tenure.ledger.runs`, `lease`, `identities`, `contacts`, `scores`, `outbox`, `staff`, `promotions`,
`signatures`, `audit`. Functions take keyword arguments; where a person or a program acts, `by` says who, and the
change and its audit row are one transaction.
"""

from tenure.ledger.configuration import migrate, setup

__all__ = ["migrate", "setup"]
