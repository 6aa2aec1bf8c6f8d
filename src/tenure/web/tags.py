"""Template filters: how numbers and dates are said, and pictures of our own making."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenure.web import words

register = template.Library()

for _name in ("in_hundred", "count", "money", "duration", "day", "short_day", "sentence", "percent"):
    register.filter(_name, getattr(words, _name))


@register.filter
def picture(svg: str) -> SafeString:
    """SVG from `tenure.charts`, which escapes every word in it."""
    return SafeString(svg)


@register.filter
def mailbox(address: str) -> SafeString:
    """An email address that breaks before its domain, where a narrow column has to break it."""
    name, at, domain = address.rpartition("@")
    return format_html("{}<wbr>{}", name, at + domain)


@register.filter
def iso_day(text: str | None) -> str:
    """A date of a manifest, such as `2025-03-01`, in words."""
    try:
        return words.day(dt.date.fromisoformat(str(text)[:10]))
    except ValueError:
        return "–"


@register.simple_tag(takes_context=True)
def address(context: template.Context, **changes: object) -> str:
    """This page's address with some of its parameters changed; an empty value takes one away."""
    query = {**context["request"].GET.dict(), **changes}
    return f"?{urlencode({name: value for name, value in query.items() if value not in ('', None)})}"
