"""Settings by which mypy's Django plugin comes to know the models; nothing that runs reads them.

Tenure sets Django up in code, once the home directory is known. The plugin wants a module to import, and of all the
settings only those that types hang on: which apps there are, who signs in, and the types of Tenure's own settings.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# Check the models beside this file, whichever Tenure is installed.
sys.path.insert(0, str(Path(__file__).parent / "src"))

from tenure.base.clock import Clock
from tenure.base.home import Home
from tenure.base.settings import Settings
from tenure.ledger.configuration import APPS

INSTALLED_APPS = APPS
AUTH_USER_MODEL = "ledger.Staff"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DATABASES: dict[str, dict[str, Any]] = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

TENURE_HOME: Home
TENURE_SETTINGS: Settings
TENURE_CLOCK: Clock
TENURE_SESSION_CLOCK: Clock
