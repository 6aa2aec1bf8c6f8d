"""Reports to staff: what a day or a week holds, as an email, as words and on paper.

A `Brief` is what a report says; `letter` and `paper` are its forms. Nothing here sends, and nothing asks iMIS.
"""

from __future__ import annotations

from tenure.briefing.brief import Brief, Link, Part

__all__ = ["Brief", "Link", "Part"]
