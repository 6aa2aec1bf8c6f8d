"""A mapping that states only how it differs from one that ships with Tenure."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

from tenure.base.errors import UsageError

Tree = dict[str, Any]


def whole(own: Tree, label: str) -> Tree:
    """*own* laid over the profile that it names as `base`, less what it lists in `without`; itself without a base.

    Sections are laid over each other key by key. A column is replaced as one, except that `values` alone adds codes.

    Args:
        own: As read from the file.
        label: What messages call it.

    Raises:
        UsageError: There is no such profile, or it has no such section.
    """
    name, without = own.get("base"), own.get("without", [])
    if name is None:
        if "without" in own:
            raise UsageError(f"{label}: `without` needs a `base`", mend='write `base = "stock"` above it')
        return own
    tree = profile(str(name), label)
    if not isinstance(without, list):
        raise UsageError(f"{label}: `without` is no list", mend='write it as ["programs"]')
    for path in without:
        _remove(tree, str(path), label)
    rest = {key: value for key, value in own.items() if key not in ("base", "without")}
    return _laid_over(tree, rest, ())


def profile(name: str, label: str) -> Tree:
    """The mapping called *name* that ships with Tenure.

    Raises:
        UsageError: There is none.
    """
    folder = resources.files("tenure.intake") / "profiles"
    if "/" in name or not (folder / f"{name}.toml").is_file():
        known = sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml"))
        raise UsageError(f"{label}: there is no profile `{name[:40]}`", mend=f"`base` is one of {', '.join(known)}")
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


def _remove(tree: Tree, path: str, label: str) -> None:
    *above, last = path.split(".")
    at: Any = tree
    for part in above:
        at = at.get(part, {}) if isinstance(at, dict) else {}
    if not isinstance(at, dict) or last not in at:
        mend = 'write sections as the base has them, such as "contacts", "activity.web" or "terms.columns.dues"'
        raise UsageError(f"{label}: `without` names {path}, which the base has not", mend=mend)
    del at[last]


def _laid_over(base: Tree, own: Tree, path: tuple[str, ...]) -> Tree:
    merged = dict(base)
    for key, value in own.items():
        before = base.get(key)
        # Half of one column's recipe and half of another's would be neither.
        is_column = path[-1:] == ("columns",)
        if isinstance(before, dict) and isinstance(value, dict) and (not is_column or set(value) == {"values"}):
            merged[key] = _laid_over(before, value, (*path, key))
        else:
            merged[key] = value
    return merged
