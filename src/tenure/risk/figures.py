"""Figures of a back-test as people read them."""

from __future__ import annotations

from typing import Any

_MONTH = 30


def ahead(report: dict[str, Any]) -> str:
    """How far ahead past renewals are foretold in *report*: about a month, but where terms are no longer than that."""
    days = report.get("days_ahead")
    if days is None or days >= _MONTH:
        return "about a month ahead"
    return f"{round(days)} day{'' if round(days) == 1 else 's'} ahead" if round(days) else "on the day they came due"


def before(report: dict[str, Any]) -> str:
    """How long before renewal that was, as part of a sentence."""
    days = report.get("days_ahead")
    if days is None or days >= _MONTH:
        return "a month before renewal"
    return f"{round(days)} day{'' if round(days) == 1 else 's'} before renewal" if round(days) else "when renewal came"


def decimal(value: float, digits: int = 0, *, signed: bool = False) -> str:
    """A number with a true minus, and nought without a sign: `−0.7`, `0`; *signed* it has a plus above nought.

    Args:
        value: The number.
        digits: Behind the point.
        signed: Whether it is a difference.
    """
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def less_or_more(low: float, high: float, what: str, digits: int = 0) -> str:
    """A range of shares saved as what is left: `2 to 5 % less log loss`, `8 % more to 2 % less log loss`.

    Args:
        low: The lower share saved; below 0 where more is left.
        high: The higher.
        what: Of what.
        digits: Behind the point.
    """
    least, most = (f"{abs(100 * share):.{digits}f}" for share in (low, high))
    if float(least) == float(most) == 0:
        return f"neither more nor less {what}"
    if low < 0 < high and float(least) and float(most):
        return f"{least} % more to {most} % less {what}"
    if least == most:
        return f"{least} % {'more' if high <= 0 else 'less'} {what}"
    return f"{most} to {least} % more {what}" if not float(most) or high <= 0 else f"{least} to {most} % less {what}"
