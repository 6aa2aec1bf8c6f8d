"""From features and outcomes to calibrated probabilities with intervals, lapse dates and reasons.

`train` learns a model and judges it on the past; `score` applies one to a night; `Registry` keeps them.
"""

from tenure.risk.registry import Manifest, Model, Registry
from tenure.risk.score import SCHEMA, score
from tenure.risk.train import train

__all__ = ["SCHEMA", "Manifest", "Model", "Registry", "score", "train"]
