"""A report as an email: plain words, and HTML that shows the same with its charts as pictures.

HTML is built as a tree, so that whatever a member is called stays text. Styles stand at each element, since mail
programs drop style sheets.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from textwrap import wrap
from xml.etree import ElementTree as ET

from tenure.briefing.brief import Brief, Link, Part, spoken
from tenure.briefing.paper import as_png
from tenure.charts import Column, Figure, Table

_WIDTH = 76
_LONG_WORD = 20
_MANY_COLUMNS = 4
_SANS = "font-family:'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_STYLES = {
    "body": f"margin:0;padding:24px 16px;background:#ffffff;color:#1a1f1d;{_SANS};font-size:15px;line-height:22px",
    "opening": "margin:0 0 8px;font-size:24px;line-height:32px;font-weight:500",
    "fresh": "margin:0 0 8px;color:#4a524f;font-size:13px;line-height:20px",
    "h2": "margin:24px 0 8px;padding-top:16px;border-top:1px solid #e3e4de;"
    "font-size:16px;line-height:24px;font-weight:600",
    "p": "margin:0 0 8px",
    "about": "margin:0 0 8px;color:#4a524f;font-size:13px;line-height:20px",
    "table": "border-collapse:collapse;width:100%;margin:0 0 8px;font-size:14px;line-height:20px",
    "caption": "text-align:left;color:#4a524f;font-size:13px;line-height:20px;padding:0 0 4px",
    "left": "text-align:left;padding:4px 8px 4px 0;vertical-align:top",
    "right": "text-align:right;padding:4px 8px 4px 0;vertical-align:top;white-space:nowrap;"
    "font-variant-numeric:tabular-nums",
    "th": "border-bottom:1px solid #7d847f;color:#4a524f;font-size:12px;font-weight:400",
    "last": "padding-right:0",
    "td": "border-bottom:1px solid #e3e4de;font-weight:400",
    "upper": "font-weight:400;padding-bottom:0",
    "lower": "padding-top:0;color:#4a524f;font-size:13px",
    "breaks": "overflow-wrap:anywhere;word-break:break-word",
    "img": "display:block;width:100%;height:auto;border:0;margin:0 0 8px",
    "a": "color:#0d5a5f",
}


def as_text(brief: Brief, root: str, ending: str = "") -> str:
    """The report in plain words.

    Args:
        brief: What it says.
        root: Where the staff pages are, such as `https://tenure.example.org`; empty leaves links out.
        ending: Why the reader gets it, and how to end that.
    """
    lines = [*_wrapped(brief.opening), *_wrapped(brief.fresh)]
    for part in brief.parts:
        lines += ["", "", part.heading, "-" * min(_WIDTH, len(part.heading)), *_part_lines(part)]
        if part.link and root:
            lines += ["", f"{part.link.words}: {_address(root, part.link)}"]
    if ending:
        lines += ["", "", *_wrapped(ending)]
    return "\n".join(lines) + "\n"


def as_html(brief: Brief, root: str, pictures: Mapping[str, str], ending: str = "") -> str:
    """The report as HTML.

    Args:
        brief: What it says.
        root: Where the staff pages are; empty leaves links out.
        pictures: For each chart's key, where its picture is, such as `cid:months`. A chart without one shows its table.
        ending: Why the reader gets it, and how to end that.
    """
    html = ET.Element("html", lang="en")
    head = ET.SubElement(html, "head")
    ET.SubElement(head, "meta", charset="utf-8")
    ET.SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    ET.SubElement(head, "meta", name="color-scheme", content="light")
    ET.SubElement(head, "title").text = brief.subject
    body = ET.SubElement(html, "body", style=_STYLES["body"])
    main = ET.SubElement(body, "div", role="main", style="max-width:760px;margin:0 auto")
    _say(main, "h1", brief.opening, "opening")
    _say(main, "p", brief.fresh, "fresh")
    for part in brief.parts:
        _add_part(main, part, root, pictures)
    if ending:
        _say(main, "p", ending, "fresh").set("style", f"{_STYLES['fresh']};margin-top:32px")
    return "<!doctype html>\n" + ET.tostring(html, encoding="unicode", method="html")


def _add_part(main: ET.Element, part: Part, root: str, pictures: Mapping[str, str]) -> None:
    _say(main, "h2", part.heading, "h2")
    for paragraph in part.words:
        _say(main, "p", paragraph, "p")
    if part.figure is not None:
        _add_figure(main, part.figure, pictures.get(part.figure.key))
    if part.table is not None:
        _add_table(main, part.table)
    if part.link and root:
        line = ET.SubElement(main, "p", style=_STYLES["p"])
        ET.SubElement(line, "a", href=_address(root, part.link), style=_STYLES["a"]).text = part.link.words


def _add_figure(main: ET.Element, figure: Figure, picture: str | None) -> None:
    _say(main, "p", figure.about, "about")
    if picture is None:
        _add_table(main, figure.table)
    else:
        wide = f"{_STYLES['img']};max-width:{figure.units}px"
        ET.SubElement(main, "img", src=picture, alt=spoken(figure), width=str(figure.units), style=wide)


def _add_table(main: ET.Element, table: Table) -> None:
    grid = ET.SubElement(main, "table", style=_STYLES["table"])
    _say(grid, "caption", table.caption, "caption")
    # On a telephone a sentence in the last of many columns would stand a word to a line: it gets a line of its own.
    is_tall = _is_tall(table)
    columns = table.columns[:-1] if is_tall else table.columns
    top = ET.SubElement(ET.SubElement(grid, "thead"), "tr")
    sides = [["right" if column.is_number else "left"] for column in columns]
    sides[-1].append("last")
    for side, column in zip(sides, columns, strict=True):
        _say(top, "th", column.name, *side, "th").set("scope", "col")
    body = ET.SubElement(grid, "tbody")
    for row in table.rows:
        line, last = ET.SubElement(body, "tr"), row[-1] if is_tall else ""
        for i, (side, text) in enumerate(zip(sides, row, strict=False)):
            cell = _say(line, "td" if i else "th", text, *side, "upper" if last else "td")
            if i == 0:
                cell.set("scope", "row")
        if last:
            said = f"{table.columns[-1].name}: {last}"
            _say(ET.SubElement(body, "tr"), "td", said, "left", "td", "lower").set("colspan", str(len(columns)))


def _is_tall(table: Table) -> bool:
    return len(table.columns) >= _MANY_COLUMNS and not table.columns[-1].is_number


def _say(parent: ET.Element, tag: str, text: str, *styles: str) -> ET.Element:
    # A word that may be broken makes its column narrow: only one that is wider than a telephone may.
    breaks = ("breaks",) if max(map(len, text.split()), default=0) > _LONG_WORD else ()
    element = ET.SubElement(parent, tag, style=";".join(_STYLES[name] for name in (*styles, *breaks)))
    element.text = text
    return element


def inlined(brief: Brief) -> dict[str, str]:
    """The charts' pictures within the page itself, for a page that stands alone."""
    return {figure.key: f"data:image/png;base64,{b64encode(as_png(figure)).decode()}" for figure in brief.figures()}


def _part_lines(part: Part) -> list[str]:
    lines = [line for paragraph in part.words for line in _wrapped(paragraph)]
    if part.figure is not None:
        lines += [*_wrapped(part.figure.about), "", *_table_lines(part.figure.table)]
    if part.table is not None:
        lines += ["", *_table_lines(part.table)] if lines else _table_lines(part.table)
    return lines


def _table_lines(table: Table) -> list[str]:
    rows = [tuple(column.name for column in table.columns), *table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    if sum(widths) + 2 * len(widths) - 2 > _WIDTH and _is_tall(table):
        return [line for row in rows for line in _tall_lines(row, widths, table.columns)]
    return ["  ".join(map(_fitted, row, widths, table.columns)).rstrip() for row in rows]


def _tall_lines(row: tuple[str, ...], widths: list[int], columns: tuple[Column, ...]) -> Iterator[str]:
    """A row without its last cell, which stands beneath it."""
    yield "  ".join(map(_fitted, row[:-1], widths, columns)).rstrip()
    if row[-1] and row[-1] != columns[-1].name:
        yield from wrap(f"{columns[-1].name}: {row[-1]}", _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _fitted(text: str, width: int, column: Column) -> str:
    return text.rjust(width) if column.is_number else text.ljust(width)


def _address(root: str, link: Link) -> str:
    return f"{root.rstrip('/')}{link.path}"


def _wrapped(text: str) -> list[str]:
    return wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False) if text else []
