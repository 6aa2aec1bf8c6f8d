"""Rules that hold for the whole house, each of which a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenure.base import errors
from tenure.base.settings import Settings

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for path in (ROOT / "src").rglob("*.py") if path.parent.name != "migrations")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_packages_import_only_from_the_floors_below():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_files_stay_small_and_say_what_they_are_for(path: Path):
    text = path.read_text(encoding="utf-8")

    assert text.count("\n") <= 600
    assert not text.strip() or path.name == "__init__.py" or ast.get_docstring(ast.parse(text))


def _undocumented(tree: ast.Module) -> Iterator[str]:
    """Public functions and classes of a module without a docstring."""
    public = (
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    )
    yield from (node.name for node in public if not ast.get_docstring(node))


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_public_things_say_what_they_do(path: Path):
    assert list(_undocumented(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_every_setting_has_its_line_in_the_page():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    for name, section in Settings.model_fields.items():
        part = page.split(f"## `[{name}]`")[1].split("\n## ")[0]
        for key in section.annotation.model_fields:  # type: ignore[union-attr]
            assert f"| `{key}` |" in part, f"{name}.{key}"


def test_the_page_of_exit_codes_is_true():
    rows = re.findall(r"^\| (\d) \| ([\w ]+) \|", (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8"), re.M)

    assert dict(rows) == {
        str(errors.DONE): "done",
        str(errors.FAILED): "failed",
        str(errors.USAGE): "usage",
        str(errors.HELD_BACK): "held back",
        str(errors.PARTLY_DONE): "partly done",
    }


def test_every_error_ends_with_one_of_those_codes():
    kinds = [errors.TenureError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())

    done = {kind for kind in kinds if kind.exit_code == errors.DONE}
    assert done == {errors.Stopped}  # what was asked to end early is no fault
    assert {kind.exit_code for kind in kinds} - {errors.DONE} <= {errors.FAILED, errors.USAGE, errors.HELD_BACK}


def test_the_glossary_has_one_entry_per_word_in_order():
    text = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    words = [word.casefold() for word in re.findall(r"^\*\*(.+?)\*\*", text, re.M)]

    assert words == sorted(set(words))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)

    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize(("contents", "folder"), [("docs/index.md", "docs"), ("docs/adr/README.md", "docs/adr")])
def test_every_page_is_in_the_contents(contents: str, folder: str):
    text = (ROOT / contents).read_text(encoding="utf-8")

    pages = {path.name for path in (ROOT / folder).glob("*.md")} - {Path(contents).name}
    assert {name for name in pages if f"({name})" not in text} == set()


@pytest.mark.parametrize("name", ["app", "dev"])
def test_locked_dependencies_name_no_place_but_versions_and_hashes(name: str):
    lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()

    known = re.compile(r"#|[a-z0-9._-]+(\[[a-z,]+\])?==\S+( ; .+)? \\$|    --hash=sha256:[0-9a-f]{64}( \\)?$")
    assert [line for line in lines if line and not known.match(line)] == []


def test_every_version_is_locked_for_running_as_for_testing():
    app, dev = (
        set(re.findall(r"^(\S+==\S+)", (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8"), re.M))
        for name in ("app", "dev")
    )

    assert app <= dev


OWN_ERRORS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.TenureError)
}


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_every_error_says_what_to_do_about_it(path: Path):
    """UX-5: whoever raises one of the errors of `tenure.base.errors` gives its mend, and not an empty one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ours = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "tenure.base.errors"
        for alias in node.names
    } & OWN_ERRORS
    silent = [
        f"line {node.lineno}: {ast.unparse(node)[:80]}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ours
        if not any(
            key.arg is None or (key.arg == "mend" and ast.unparse(key.value) not in ("''", "None"))
            for key in node.keywords
        )
    ]
    assert silent == []
