"""Whether it works: who is left out to compare with, what reached whom, and what came of it."""

from tenure.impact.arms import (
    CONTROL,
    HOLDOUT,
    TREATED,
    Candidate,
    Draw,
    SplitCheck,
    arms,
    check_split,
    is_held_out,
)

__all__ = [
    "CONTROL",
    "HOLDOUT",
    "TREATED",
    "Candidate",
    "Draw",
    "SplitCheck",
    "arms",
    "check_split",
    "is_held_out",
]
