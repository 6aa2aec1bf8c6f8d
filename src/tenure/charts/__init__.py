"""Figures as SVG, a table and a sentence; pure functions of numbers.

Each chart is a function that takes plain values and gives a `Figure`: its finding in words, what is drawn and of how
many, the SVG, and the same numbers as a table. Colors are classes, never attributes, so that one SVG serves the light
theme, the dark one and print. The small marks of a list (`strip`, `hundred`, `effects`) give their SVG alone.
"""

from tenure.charts.calibration import Bin, calibration
from tenure.charts.figure import Column, Figure, Table
from tenure.charts.gains import Gain, gains
from tenure.charts.history import Event, Scored, history
from tenure.charts.marks import Effect, effects, hundred, strip
from tenure.charts.months import Month, months

__all__ = [
    "Bin",
    "Column",
    "Effect",
    "Event",
    "Figure",
    "Gain",
    "Month",
    "Scored",
    "Table",
    "calibration",
    "effects",
    "gains",
    "history",
    "hundred",
    "months",
    "strip",
]
