"""Models on disk: a folder each, a manifest in JSON, and nothing in it that could run when it is loaded.

The manifest names every file with its digest, and is itself signed by the association's key; the signature is checked
before the manifest is read, and each file's digest before the file is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.base.errors import DamagedStore
from tenure.base.home import write_atomically
from tenure.base.signing import Signer
from tenure.risk.calibration import Calibrator
from tenure.risk.causes import Causes
from tenure.risk.encoding import Encoding
from tenure.risk.fitting import load_learner
from tenure.risk.hazard import Hazard
from tenure.risk.intervals import Spread
from tenure.risk.learners import BLEND, BOOSTER, Columns, Floats, Learner, sigmoid
from tenure.risk.timing import Timing

Manifest = dict[str, Any]
FORMAT = 1
MANIFEST, SIGNATURE, DECISIONS = "manifest.json", "manifest.sig", "decisions.parquet"
_PARTS = "parts.json"
_MOST_BYTES = 256 * 1024 * 1024
"""A file larger than that is none of a model's, and is not read."""


@dataclass(frozen=True)
class Aligned:
    """What all members teach, or half of them, brought into line.

    Args:
        learner: Gives log-odds.
        calibrator: Brings them into line; that of the whole model.
        days: Which column holds the days to the end of the term; None where none does.
    """

    learner: Learner
    calibrator: Calibrator
    days: int | None

    def probability(self, x: Columns) -> Floats:
        """Calibrated probability of not renewing at the next renewal, shape (n_rows,)."""
        return sigmoid(self.calibrator(self.learner.margin(x), _days(x, self.days)))

    def grouped(self, x: Columns, usual: Columns, kind: NDArray[np.int64], groups: list[list[int]]) -> Floats:
        """The same when one group of columns alone is as is usual, shape (n_rows, n_groups)."""
        margin = self.learner.grouped(x, usual, kind, groups)
        return sigmoid(self.calibrator(margin, _days_of_groups(x, usual, kind, groups, self.days)))


def _days(x: Columns, place: int | None) -> Floats | None:
    """Days to the end of the term of each row of *x*, if one of its columns says so."""
    return None if place is None else x[:, place].astype(np.float64)


def _days_of_groups(
    x: Columns, usual: Columns, kind: NDArray[np.int64], groups: list[list[int]], place: int | None
) -> Floats | None:
    """The same when one group of columns alone is as is usual, shape (n_rows, n_groups)."""
    if place is None:
        return None
    own, other = x[:, place].astype(np.float64), usual[kind, place].astype(np.float64)
    return np.column_stack([other if place in columns else own for columns in groups])


@dataclass(frozen=True)
class Model:
    """All that it takes to score.

    Args:
        manifest: What it is, what it learnt from and what it is worth.
        encoding: The columns it takes.
        learner: Gives log-odds.
        calibrator: Brings them into line, by the days to the end of the term.
        spread: How unsure they are.
        timing: When lapses fall.
        hazard: Who leaves before the term ends; None where counted shares serve.
        causes: How endings divide by their causes; None for models from before that was asked.
    """

    manifest: Manifest
    encoding: Encoding
    learner: Learner
    calibrator: Calibrator
    spread: Spread
    timing: Timing
    hazard: Hazard | None = None
    causes: Causes | None = None

    @property
    def version(self) -> str:
        """Its name."""
        return str(self.manifest["version"])

    def probability(self, x: Columns) -> Floats:
        """Calibrated probability of not renewing at the next renewal, shape (n_rows,)."""
        return self._whole.probability(x)

    def grouped(self, x: Columns, usual: Columns, kind: NDArray[np.int64], groups: list[list[int]]) -> Floats:
        """The same when one group of columns alone is as is usual, shape (n_rows, n_groups); see `Learner.grouped`."""
        return self._whole.grouped(x, usual, kind, groups)

    @property
    def _whole(self) -> Aligned:
        return Aligned(self.learner, self.calibrator, self.encoding.days)

    @property
    def halves(self) -> tuple[Aligned, ...]:
        """Models of either half of the members, for how sure a reason is."""
        return tuple(Aligned(learner, self.calibrator, self.encoding.days) for learner in self.spread.pairs[0])

    @property
    def reason_step(self) -> int:
        """Points of a reason that it can tell apart; 1 for models from before that was asked."""
        return int(self.manifest.get("reasons", {}).get("step", 1))

    def interval(self, x: Columns) -> tuple[Floats, Floats]:
        """A nominal 90 % interval for it."""
        margin = self.learner.margin(x)
        days = _days(x, self.encoding.days)
        slope = self.calibrator.slope_at(np.zeros(margin.size) if days is None else days)
        return self.spread.interval(x, margin, self.calibrator(margin, days), slope)


class Registry:
    """The models of one association.

    Args:
        root: Their directory.
        signer: Signs those that are kept here, and tells them from those that were made elsewhere.
    """

    def __init__(self, root: Path, signer: Signer) -> None:
        self._root = root
        self._signer = signer

    def names(self) -> list[str]:
        """Names of all models that there are, damaged ones too, in alphabetical order: none of them is looked at."""
        found = (path for mark in (MANIFEST, SIGNATURE, _PARTS) for path in self._root.glob(f"[!.]*/{mark}"))
        return sorted({path.parent.name for path in found})

    def manifests(self) -> list[Manifest]:
        """What the models say of themselves whose manifest this home has signed, in the order of the day as of which,
        and then the time at which, they were trained. `damaged` has the others."""
        return self._sorted_out()[0]

    def versions(self) -> list[str]:
        """The names of `manifests`, in that order."""
        return [str(manifest["version"]) for manifest in self.manifests()]

    def damaged(self) -> dict[str, DamagedStore]:
        """Of each version whose manifest cannot be believed, what is the matter. None of them is ever loaded."""
        return self._sorted_out()[1]

    def _sorted_out(self) -> tuple[list[Manifest], dict[str, DamagedStore]]:
        whole: list[Manifest] = []
        damaged: dict[str, DamagedStore] = {}
        for name in self.names():
            try:
                whole.append(self.manifest(name))
            except DamagedStore as error:
                damaged[name] = error
        return sorted(whole, key=lambda one: (one["as_of"], one["trained_at"])), damaged

    def trouble(self, version: str) -> DamagedStore | None:
        """What is the matter with *version*, by its signature and the digests of its files; None where nothing is."""
        try:
            manifest = self.manifest(version)
            self._checked(version, DECISIONS, manifest.get("decisions_sha256", ""))
            for name, digest in manifest["files"].items():
                self._checked(version, name, digest)
        except DamagedStore as error:
            return error
        return None

    def manifest(self, version: str) -> Manifest:
        """The manifest of *version*.

        Raises:
            DamagedStore: It is missing, was changed, or was not signed by this association's key.
        """
        if not (self._root / version).is_dir():
            raise DamagedStore(
                f"model {version} is no longer there",
                mend=f"bring {self._root / version} back, or let another one serve",
            )
        data = self._read(version, MANIFEST)
        if not self._is_signed(version, data):
            raise DamagedStore(
                f"model {version} was changed, or was not signed by the key of this home ({SIGNATURE})",
                mend=self._away(version),
            )
        return self._parsed(version, data)

    def _is_signed(self, version: str, data: bytes) -> bool:
        """Whether the signature of *version* is this association's, of the manifest *data*."""
        signature = self._read(version, SIGNATURE).decode("ascii", "replace").strip()
        return self._signer.is_good(version, data, signature)

    def _parsed(self, version: str, data: bytes) -> Manifest:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise DamagedStore(f"the manifest of model {version} cannot be read", mend=self._away(version)) from error
        if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != version:
            raise DamagedStore(
                f"model {version} was written in a form that this version does not know", mend=self._away(version)
            )
        return found

    def _away(self, version: str) -> str:
        """How a model that must not serve is put out of the way."""
        return (
            f"`tenure restore BACKUP` with this home's key; or move {self._root / version} away and run "
            "`tenure train`; or let somebody who knows where it comes from vouch for it: "
            f"`tenure model sign {version} --by NAME --why WORDS`"
        )

    def latest(self, *, until: dt.date | None = None) -> Model | None:
        """The newest model trained as of *until* or earlier; None if there is none."""
        for version in reversed(self.versions()):
            if until is None or self.manifest(version)["as_of"] <= until.isoformat():
                return self.load(version)
        return None

    def load(self, version: str, *, threads: int = 1) -> Model:
        """Load *version*.

        Raises:
            DamagedStore: A file is missing or is not the one that the manifest describes.
        """
        manifest = self.manifest(version)
        self._checked(version, DECISIONS, manifest.get("decisions_sha256", ""))
        return self._put_together(version, manifest, threads)

    def _put_together(self, version: str, manifest: Manifest, threads: int) -> Model:
        try:
            files = {name: self._checked(version, name, digest) for name, digest in manifest["files"].items()}
            return _assembled(manifest, files, threads)
        except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
            raise DamagedStore(f"model {version} cannot be put together", mend=_RETRAIN) from error

    def _checked(self, version: str, name: str, digest: str) -> bytes:
        data = self._read(version, name)
        if _sha256(data) != digest:
            raise DamagedStore(f"file {name} of model {version} is missing or was changed", mend=_RETRAIN)
        return data

    def _read(self, version: str, name: str) -> bytes:
        """The bytes of a file; none where it is missing, lies elsewhere, or is larger than any part of a model is."""
        path = self._root / version / name
        inside = path.parent == self._root / version and path.is_file() and path.stat().st_size <= _MOST_BYTES
        return path.read_bytes() if inside else b""

    def decisions(self, version: str) -> pl.DataFrame:
        """What *version*'s back-test said on past days: `member`, `ends_on`, `as_of`, `p_lapse_renewal`, `lapsed`.

        Raises:
            DamagedStore: They are missing or are not those that the manifest describes.
        """
        return pl.read_parquet(
            io.BytesIO(self._checked(version, DECISIONS, self.manifest(version)["decisions_sha256"]))
        )

    def sign(self, version: str) -> None:
        """Sign *version*, for which somebody vouches, if its files are those that its manifest describes.

        Raises:
            DamagedStore: They are not.
        """
        data = self._read(version, MANIFEST)
        manifest = self._parsed(version, data)
        self._checked(version, DECISIONS, manifest.get("decisions_sha256", ""))
        self._put_together(version, manifest, 1)
        write_atomically(self._root / version / SIGNATURE, self._signer.sign(version, data).encode())

    def erase(self, members: Collection[int]) -> int:
        """Take *members* (pseudonyms) out of what models said of past days; how many rows went.

        What a model learnt from them stays in it, as part of its weights; the next one is made without them.

        Raises:
            DamagedStore: What a model said cannot be read, so that nobody can be found in it.
        """
        removed = 0
        for version, data, past in self._past():
            rest = past.filter(~pl.col("member").is_in(list(members)))
            if rest.height < past.height:
                self._replace_decisions(version, rest, before=data)
                removed += past.height - rest.height
        return removed

    def rename(self, turned: Callable[[pl.Series], pl.Series]) -> None:
        """Let what models said of past days go by other pseudonyms: *turned* gives those for a column of them.

        Raises:
            DamagedStore: What a model said cannot be read.
        """
        for version, data, past in self._past():
            self._replace_decisions(version, past.with_columns(member=turned(past["member"])), before=data)

    def drop_torn_past(self) -> None:
        """Take away the past decisions of `torn_past`. Such a model is damaged, and nobody could vouch for it."""
        for version in self.torn_past():
            (self._root / version / DECISIONS).unlink()

    def torn_past(self) -> dict[str, DamagedStore]:
        """Models out of whose past decisions nobody can be taken, and why: they or the manifest that has their digest
        cannot be read."""
        torn: dict[str, DamagedStore] = {}
        for version in self._with_past():
            try:
                self._past_of(version)
                self._parsed(version, self._read(version, MANIFEST))
            except DamagedStore as error:
                torn[version] = error
        return torn

    def _with_past(self) -> list[str]:
        """Each version that has a file of past decisions."""
        return sorted(path.parent.name for path in self._root.glob(f"[!.]*/{DECISIONS}"))

    def _past(self) -> Iterator[tuple[str, bytes, pl.DataFrame]]:
        """Each version that has them, its file of past decisions, and what is in it."""
        for version in self._with_past():
            yield version, *self._past_of(version)

    def _past_of(self, version: str) -> tuple[bytes, pl.DataFrame]:
        """The file of past decisions of *version*, and what is in it.

        Raises:
            DamagedStore: It cannot be read.
        """
        data = self._read(version, DECISIONS)
        try:
            # Without that column it is another table, and nobody could be looked for in it either.
            return data, pl.read_parquet(io.BytesIO(data)).with_columns("member")
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DamagedStore(f"past decisions of model {version} cannot be read", mend=self._away(version)) from error

    def _replace_decisions(self, version: str, decisions: pl.DataFrame, *, before: bytes) -> None:
        """Put *decisions* in place of those of *version*. What was good until then is signed anew, and nothing else:
        an erasure is nobody's word for a model that was changed."""
        data = self._read(version, MANIFEST)
        manifest = self._parsed(version, data)
        was_good = self._is_signed(version, data) and _sha256(before) == manifest.get("decisions_sha256")
        files, _ = _told(manifest, decisions)
        if was_good:
            files[SIGNATURE] = self._signer.sign(version, files[MANIFEST]).encode()
        others = {path.name: path.read_bytes() for path in (self._root / version).iterdir()}
        self._put(version, others | files)

    def keep(self, model: Model, decisions: pl.DataFrame) -> Manifest:
        """Write *model* so that it is there whole or not at all; its manifest, completed."""
        files = _files(model)
        digests = {name: _sha256(data) for name, data in files.items()}
        whole = _sha256(json.dumps(digests, sort_keys=True).encode())
        version = f"{model.manifest['as_of']}-{whole[:6]}"
        told, manifest = _told(
            {"format": FORMAT, **model.manifest, "version": version, "files": digests, "hash": whole}, decisions
        )
        signature = self._signer.sign(version, told[MANIFEST]).encode()
        self._put(version, files | told | {SIGNATURE: signature})
        return manifest

    def _put(self, version: str, files: dict[str, bytes]) -> None:
        """Let *version* be made of *files* and no others."""
        building, target = self._root / f".{version}.building", self._root / version
        shutil.rmtree(building, ignore_errors=True)
        for name, data in files.items():
            write_atomically(building / name, data)
        shutil.rmtree(target, ignore_errors=True)
        building.rename(target)


def _told(manifest: Manifest, decisions: pl.DataFrame) -> tuple[dict[str, bytes], Manifest]:
    """The files of *decisions* and of the manifest with their digest; and that manifest."""
    past = io.BytesIO()
    decisions.write_parquet(past)
    completed = manifest | {"decisions_sha256": _sha256(past.getvalue())}
    return {DECISIONS: past.getvalue(), MANIFEST: json.dumps(completed, indent=1, allow_nan=False).encode()}, completed


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_RETRAIN = "run `tenure train` to make a new model; scores already written stay as they are"


_HAZARD = "hazard-"


def _hazard(edges: tuple[int, ...], files: dict[str, bytes], threads: int) -> Hazard:
    theirs = {name.removeprefix(_HAZARD): data for name, data in files.items() if name.startswith(_HAZARD)}
    kind = BLEND if "logistic.json" in theirs else BOOSTER
    return Hazard(edges, load_learner(kind, theirs or {"booster.ubj": files["hazard.ubj"]}, threads))


def _files(model: Model) -> dict[str, bytes]:
    files = {**model.learner.files()}
    if model.hazard is not None:
        files |= {f"{_HAZARD}{name}": data for name, data in model.hazard.learner.files().items()}
    for place, pair in enumerate(model.spread.pairs):
        for side, learner in zip("ab", pair, strict=True):
            files |= {f"pair-{place}{side}-{name}": data for name, data in learner.files().items()}
    parts = {
        "encoding": model.encoding.as_json(),
        "calibrator": model.calibrator.as_json(),
        "timing": model.timing.as_json(),
        "hazard": None if model.hazard is None else list(model.hazard.edges),
        "causes": None if model.causes is None else model.causes.as_json(),
        "spread": {
            "multiplier": model.spread.multiplier,
            "shrink": model.spread.shrink,
            "revision": model.spread.revision,
            "scarcity": model.spread.scarcity,
            "pairs": len(model.spread.pairs),
        },
    }
    files[_PARTS] = json.dumps(parts).encode()
    return files


def _assembled(manifest: Manifest, files: dict[str, bytes], threads: int) -> Model:
    parts = json.loads(files[_PARTS])
    kind = manifest["learner"]

    def pair(place: int) -> tuple[Learner, Learner]:
        a, b = (
            load_learner(kind, {n.removeprefix(f"pair-{place}{side}-"): data for n, data in files.items()
                                if n.startswith(f"pair-{place}{side}-")}, threads)
            for side in "ab"
        )  # fmt: skip
        return a, b

    spread = parts["spread"]
    return Model(
        manifest=manifest,
        encoding=Encoding.from_json(parts["encoding"]),
        learner=load_learner(kind, files, threads),
        calibrator=Calibrator(**parts["calibrator"]),
        spread=Spread(
            tuple(pair(i) for i in range(spread["pairs"])),
            spread["multiplier"],
            spread["shrink"],
            spread["revision"],
            spread.get("scarcity", 0.0),
        ),
        timing=Timing.from_json(parts["timing"]),
        hazard=_hazard(tuple(parts["hazard"]), files, threads) if parts.get("hazard") else None,
        causes=Causes.from_json(parts["causes"]) if parts.get("causes") else None,
    )
