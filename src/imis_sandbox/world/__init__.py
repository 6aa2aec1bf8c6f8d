"""The simulated association.

`Association` is built from a `Config` and a seed, has lived until the evening before `Config.today`, and lives on
when `Association.advance` tells it to. What happened is kept in `store.Log` columns ordered by the moment at which
the office recorded it; the truth (probabilities, effects) is in `truth` and never in a log.
"""

from imis_sandbox.world.association import Association
from imis_sandbox.world.config import Config

__all__ = ["Association", "Config"]
