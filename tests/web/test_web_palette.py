"""Colors can be told apart and read by everyone, in both themes: WCAG contrasts, and bands under simulated color sight.

Sight is simulated by the methods of Brettel (tritan) and Viénot (protan, deutan), as coloraide has them; differences
are CIEDE2000.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from coloraide import Color

TOKENS = Path(__file__).parents[2] / "src" / "tenure" / "web" / "static" / "tokens.css"
PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
THEMES = ("light", "dark")
GROUNDS = ("surface", "paper", "sunken", "accent-wash", "note-wash", "danger-wash")
SIGHTS = ("normal", "protan", "deutan", "tritan", "grayscale")
BANDS = ("high", "medium", "low")


def palette(theme: str) -> dict[str, Color]:
    """Every color of the design, by its name."""
    found = {name: pair for name, *pair in PAIR.findall(TOKENS.read_text())}
    assert len(found) > 25
    return {name: Color(pair[THEMES.index(theme)]) for name, pair in found.items()}


def contrast(one: Color, other: Color) -> float:
    return float(one.contrast(other, method="wcag21"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("names", "least"),
    [(("ink", "ink-2", "ink-3", "accent", "note", "danger"), 4.5), (("edge", *BANDS, "prior"), 3.0)],
)
def test_text_and_marks_stand_out_from_every_ground(theme: str, names: tuple[str, ...], least: float):
    colors = palette(theme)
    faint = {
        (name, ground): contrast(colors[name], colors[ground])
        for name, ground in itertools.product(names, GROUNDS)
        if contrast(colors[name], colors[ground]) < least
    }
    assert faint == {}
    assert contrast(colors["on-accent"], colors["accent"]) >= 4.5


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", THEMES)
def test_bands_are_told_apart_by_color_alone_however_colors_are_seen(theme: str, sight: str):
    """Word, shape and place tell them too; this is for a glance at a long list."""
    colors = palette(theme)
    seen = [colors[name] if sight == "normal" else colors[name].filter(sight) for name in BANDS]
    for one, other in itertools.combinations(seen, 2):
        assert one.delta_e(other, method="2000") >= 15, (theme, sight)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", THEMES)
def test_this_year_and_last_year_are_told_apart(theme: str, sight: str):
    """One line is dashed as well; its color alone has to differ by more than a glance can overlook."""
    colors = palette(theme)
    now, then = (colors[name] if sight == "normal" else colors[name].filter(sight) for name in ("accent", "prior"))
    assert now.delta_e(then, method="2000") >= 10, (theme, sight)
