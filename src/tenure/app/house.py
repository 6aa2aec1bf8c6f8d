"""One association's home, opened: its settings, and its stores when they are first asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import DamagedStore
from tenure.base.home import Home
from tenure.base.settings import Settings, read_settings

if TYPE_CHECKING:
    from tenure.lake import Lake
    from tenure.risk import Registry


@dataclass
class House:
    """What commands work on.

    Args:
        home: The home directory.
        settings: Its settings.
        clock: Gives the present instant.
    """

    home: Home
    settings: Settings
    clock: Clock = field(default=system_clock)
    _ledger_is_open: bool = field(default=False, init=False, repr=False)

    @classmethod
    def open(cls, root: Path, *, clock: Clock = system_clock) -> House:
        """The house in *root*.

        Raises:
            UsageError: There is no tenure.toml in it, or it holds what cannot be.
        """
        home = Home(root.resolve())
        return cls(home, read_settings(home), clock)

    @classmethod
    def with_ledger(cls, root: Path) -> House:
        """The house in *root*, its ledger ready for use.

        Raises:
            UsageError: As `open` does.
            DamagedStore: As `open_ledger` does.
        """
        house = cls.open(root)
        house.open_ledger()
        return house

    @property
    def today(self) -> dt.date:
        """The present day, UTC."""
        return self.clock().date()

    @cached_property
    def lake(self) -> Lake:
        """The lake, created when missing."""
        from tenure.lake import Lake

        return Lake.open(self.home.lake)

    @cached_property
    def registry(self) -> Registry:
        """The models on disk."""
        from tenure.base.pseudonym import Pseudonyms
        from tenure.base.signing import Signer
        from tenure.risk import Registry

        return Registry(self.home.models, Signer(Pseudonyms.of(self.home).secret("models")))

    def open_ledger(self) -> None:
        """Make the ledger ready for use, with the newest tables; import its rooms after this, never before.

        Raises:
            DamagedStore: It knows less than it did.
        """
        from tenure import ledger

        if self._ledger_is_open:
            return
        ledger.setup(self.home, self.settings)
        from tenure.ledger import witness

        try:
            witness.require_what_it_knew(self.home)
            ledger.migrate()
        except UnicodeDecodeError as error:
            # SQLite names what it cannot read, and torn names are no text.
            raise DamagedStore(f"{self.home.ledger} is damaged", mend=witness.mend_of(self.home)) from error
        self._ledger_is_open = True
