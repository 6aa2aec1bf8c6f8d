"""Figures as SVG, a table and a sentence; pure functions of numbers.

Each chart is a function that takes plain values and gives a `Figure`: its finding in words, what is drawn and of how
many, the SVG, and the same numbers as a table. Colors are classes, never attributes, so that one SVG serves the light
theme, the dark one and print. The small marks of a list (`strip`, `hundred`, `effects`) give their SVG alone.
"""

from tenure.charts.calibration import Bin, calibration
from tenure.charts.class_days import ClassDays, class_days
from tenure.charts.dues import Horizon, dues
from tenure.charts.figure import Column, Figure, Table
from tenure.charts.forest import Compared, forest
from tenure.charts.gains import Gain, gains
from tenure.charts.heat import Cell, heat
from tenure.charts.history import Event, Scored, history
from tenure.charts.marks import Effect, dumbbell, effects, hundred, interval, strip
from tenure.charts.months import Month, months
from tenure.charts.movement import movement
from tenure.charts.retention import retention
from tenure.charts.watch import Watched, watch
from tenure.charts.waterfall import Signal, Way, waterfall

__all__ = [
    "Bin",
    "Cell",
    "ClassDays",
    "Column",
    "Compared",
    "Effect",
    "Event",
    "Figure",
    "Gain",
    "Horizon",
    "Month",
    "Scored",
    "Signal",
    "Table",
    "Watched",
    "Way",
    "calibration",
    "class_days",
    "dues",
    "dumbbell",
    "effects",
    "forest",
    "gains",
    "heat",
    "history",
    "hundred",
    "interval",
    "months",
    "movement",
    "retention",
    "strip",
    "watch",
    "waterfall",
]
