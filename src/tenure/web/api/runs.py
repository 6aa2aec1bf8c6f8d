"""Runs with their steps, and the models."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Path, Query, Router

from tenure.ledger.models import Run
from tenure.ledger.tokens import Scope
from tenure.web import place
from tenure.web.api import shapes
from tenure.web.api.common import needs, part_of
from tenure.web.manifests import manifests
from tenure.web.shell import current_scores

router = Router(tags=["Runs and the model"])
_OF_A_RUN = ("id", "as_of", "kind", "state", "started_at", "finished_at", "trouble", "mend")
_OF_A_STEP = ("name", "state", "seconds", "words", "trouble", "mend", "counts")


@router.get("runs", response=shapes.Runs, url_name="runs", operation_id="listRuns", openapi_extra=needs(Scope.RUNS))
def runs(request: HttpRequest, asked: Query[shapes.Pages]) -> dict[str, Any]:
    """Runs with their steps, newest first."""
    found = Run.objects.prefetch_related("steps").order_by("-started_at", "-id")
    rows, told = part_of(request, asked, found)
    return {**told, "runs": [_run(row) for row in rows]}


@router.get(
    "runs/{number}", response=shapes.Run, url_name="run", operation_id="getRun", openapi_extra=needs(Scope.RUNS)
)
def run(request: HttpRequest, number: Annotated[int, Path(ge=1, le=2**53)]) -> dict[str, Any]:
    """One run."""
    return _run(get_object_or_404(Run.objects.prefetch_related("steps"), pk=number))


@router.get("model", response=shapes.Models, url_name="model", operation_id="getModel", openapi_extra=needs(Scope.RUNS))
def model(request: HttpRequest) -> dict[str, Any]:
    """The model in use and those that are kept, newest first, with how good each was in its back-test."""
    score_set = current_scores(request)
    in_use = score_set.model_version if score_set else ""
    return {"in_use": in_use, "models": [_model(one, in_use) for one in manifests(place.home())]}


def _run(row: Run) -> dict[str, Any]:
    steps = [{name: getattr(step, name) for name in _OF_A_STEP} for step in row.steps.all()]
    return {**{name: getattr(row, name) for name in _OF_A_RUN}, "steps": steps}


def _model(manifest: dict[str, Any], in_use: str) -> dict[str, Any]:
    return {
        "version": manifest["version"],
        "in_use": manifest["version"] == in_use,
        "trained_at": str(manifest.get("trained_at", "")),
        "as_of": str(manifest.get("as_of", "")),
        "grade": manifest.get("grade") or {},
        "data": manifest.get("data") or {},
        "measures": (manifest.get("backtest") or {}).get("models") or {},
    }
