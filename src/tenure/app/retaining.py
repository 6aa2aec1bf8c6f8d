"""The night's part in forgetting: what is older than the settings let it be goes, and the run says how much."""

from __future__ import annotations

import datetime as dt

from tenure.app.house import House
from tenure.app.walk import Walk

STEP = "retain"
_YEAR = dt.timedelta(days=366)
BY = "night"


def retain(house: House, walk: Walk) -> None:
    """Forget what was proposed and said more than `retention.outreach_years` ago; nothing where they are not set."""
    years = house.settings.retention.outreach_years
    if not years:
        return
    from tenure.ledger import retention

    with walk.step(STEP, "Forget") as tell:
        before = house.clock() - years * _YEAR
        gone = retention.forget(before=before, by=BY, clock=house.clock, fence=walk.run.fence)
        tell.count(**{name.replace(" ", "_"): count for name, count in gone.items()})
        if not gone:
            tell.unchanged(f"nothing was over before {before.date()}")
            return
        rows = ", ".join(f"{count:,} {name}" for name, count in sorted(gone.items()))
        tell.say(f"forgot what was over before {before.date()}: {rows}")
