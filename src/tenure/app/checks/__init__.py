"""What `tenure doctor` looks at, one module per subject; each check says what it found and how to mend it."""

from tenure.app.checks.finding import FAULT, NOTE, OK, Check, Finding, examine

__all__ = ["FAULT", "NOTE", "OK", "Check", "Finding", "examine"]
