"""The language model of one association, as its settings say; without one, drafts are the templates' own."""

from __future__ import annotations

import os

from tenure.app.house import House
from tenure.base.home import Home
from tenure.outreach.language_model import Smoother
from tenure.outreach.spending import Spending

VARIABLE = "TENURE_LANGUAGE_MODEL_KEY"


def smoother_of(house: House) -> Smoother:
    """What drafts in smoother words; its `draft` gives the template's own where no model is set."""
    spending = Spending(house.home.root / "language_model", house.clock)
    return Smoother(house.settings.language_model, spending, key_of(house.home))


def key_of(home: Home) -> str:
    """The key of the account at the endpoint: from the environment first, then from the home's secrets; else empty."""
    path = home.root / "secrets" / "language_model.key"
    kept = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    return os.environ.get(VARIABLE) or kept
