"""Which row of the audit log tells of which command and which page that changes something; read off the code itself.

From each command and each view, the names that its code mentions are followed through the package, as far as they can
be told from the text: functions, classes with their methods, constants. Acts are the texts of the form
`thing:subject:verb` that are met on the way to `tenure.ledger.audit`. What is reached by a variable's own methods alone
is not seen, so the map errs by missing an act rather than by making one up for an unlike command.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click

import tenure

READS = {
    "init": "there is no ledger yet; the first row of the log is that of the first run",
    "doctor": "changes nothing",
    "serve": "changes nothing by itself; its pages are listed, and its worker is that of `work`",
    "evaluate": "changes nothing",
    "receipt": "changes nothing",
    "labels show": "changes nothing",
    "extraction show": "changes nothing",
    "model list": "changes nothing",
    "model drift": "changes nothing",
    "model fairness": "changes nothing",
    "model card": "changes nothing",
    "insight chapters": "changes nothing",
    "insight displacement": "changes nothing",
    "insight hardship": "changes nothing",
    "insight winback": "changes nothing",
    "webhook describe": "changes nothing",
    "webhook list": "changes nothing",
    "audit verify": "changes nothing",
    "playbook check": "changes nothing",
    "phase show": "changes nothing",
    "playbook wordings": "changes nothing",
    "autosend list": "changes nothing",
    "donotwake list": "changes nothing",
    "change list": "changes nothing",
    "consent show": "changes nothing",
    "experiment list": "changes nothing",
    "audit grants": "changes nothing",
    "audit map": "changes nothing",
    "webhook secret": "changes nothing",
    "audit show": "changes nothing",
    "token list": "changes nothing",
    "audit anchor": "adds a file and leaves the ledger as it is",
}
"""Commands that need no row of the log, and why. A new command that is not here and tells of nothing fails a test."""

_ACT = re.compile(r"[a-z_-]+:[a-z_*-]+(?: [a-z_*-]+)*:[a-z_*-]+")
_WRITERS = frozenset({"tenure.ledger.audit:record", "tenure.ledger.audit:record_all"})
_CHANGES = frozenset(
    {"create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "save"}
)
_SAFE = frozenset({"require_GET", "require_safe"})


@dataclass(frozen=True)
class Entry:
    """One command, or one address of the pages.

    Args:
        name: Of the command, or the route.
        changes: Whether it may change something: a command that does more than read, an address that takes POST.
        acts: What the log says of it.
        why: Why it needs no row.
    """

    name: str
    changes: bool
    acts: tuple[str, ...]
    why: str = ""

    @property
    def is_told(self) -> bool:
        """Whether the log tells of it, where it has to."""
        return bool(self.acts) or not self.changes

    def __str__(self) -> str:
        return f"{self.name}: {', '.join(self.acts) or self.why or ('NOTHING' if self.changes else 'only reads')}"


def commands() -> list[Entry]:
    """Every command of `tenure`."""
    from tenure.app.cli import cli

    entries = []
    for name, command in _leaves(cli, ""):
        acts = acts_of(command.callback) if command.callback else ()
        entries.append(Entry(name, name not in READS, acts if name not in READS else (), READS.get(name, "")))
    return entries


def endpoints() -> list[Entry]:
    """Every address of the staff pages; the pages must be set up (`tenure.web.configuration.setup`)."""
    from django.urls import get_resolver

    entries = []
    for route, view in _views(get_resolver("tenure.web.urls").url_patterns, ""):
        changes = not _only_reads(view)
        entries.append(Entry(f"/{route}", changes, acts_of(view) if changes else ()))
    return entries


def acts_of(start: Callable[..., Any]) -> tuple[str, ...]:
    """What the log says when *start*, a function of this package, has done its work."""
    reached = _reached(start)
    if not reached & _WRITERS:
        return ()
    return tuple(sorted({act for name in reached for act in _parts()[name].acts}))


def writes_of(start: Callable[..., Any]) -> tuple[str, ...]:
    """Where *start* comes to change rows of the ledger."""
    parts = _parts()
    return tuple(sorted(name for name in _reached(start) if parts[name].writes))


@dataclass
class _Part:
    """A function, a class or a constant of a module: what it mentions, by full name; which acts; does it write."""

    mentions: set[str] = field(default_factory=set)
    acts: set[str] = field(default_factory=set)
    writes: bool = False


@dataclass
class _Module:
    name: str
    tree: ast.Module
    imported: dict[str, str] = field(default_factory=dict)
    own: dict[str, ast.AST] = field(default_factory=dict)


def _reached(start: Callable[..., Any]) -> set[str]:
    parts, view = _parts(), inspect.unwrap(start)
    waiting = [f"{view.__module__}:{view.__qualname__}"]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen and name in parts:
            seen.add(name)
            waiting += parts[name].mentions
    return seen


@cache
def _parts() -> dict[str, _Part]:
    """Every part of the package by `module:name`."""
    modules = {module.name: module for module in _modules()}
    parts: dict[str, _Part] = {}
    for module in modules.values():
        for name, node in module.own.items():
            for inner, each in _units(name, node):
                parts[f"{module.name}:{inner}"] = _part(each, inner, module, modules)
            if isinstance(node, ast.ClassDef):
                methods = {f"{module.name}:{inner}" for inner, _ in _units(name, node)}
                parts[f"{module.name}:{name}"].mentions |= methods
    return parts


def _modules() -> Iterator[_Module]:
    root = Path(tenure.__file__).parent
    for path in sorted(root.rglob("*.py")):
        names = path.relative_to(root.parent).with_suffix("").parts
        name = ".".join(names[:-1] if names[-1] == "__init__" else names)
        yield _read(name, ast.parse(path.read_text(encoding="utf-8")))


def _read(name: str, tree: ast.Module) -> _Module:
    module = _Module(name, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            module.imported |= {a.asname or a.name: f"{node.module}:{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            module.imported |= {a.asname or a.name.partition(".")[0]: a.name for a in node.names}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            module.own[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            module.own |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return module


def _units(name: str, node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The part itself, and a class's methods as parts of their own."""
    yield name, node
    if isinstance(node, ast.ClassDef):
        for each in node.body:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name}.{each.name}", each


def _part(node: ast.AST, name: str, module: _Module, modules: dict[str, _Module]) -> _Part:
    part, bound = _Part(), _bound(node)
    for each in _within(node):
        if isinstance(each, ast.Attribute | ast.Name) and not bound & set(_chain(each)[:1]):
            part.mentions |= set(_meant(each, name, module, modules))
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in _CHANGES:
            part.writes |= "objects" in ast.unparse(each.func) or each.func.attr == "save"
        if text := _text(each):
            part.acts |= {text} if _ACT.fullmatch(text) else set()
    return part


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """*node* and what is below it; of a class, not its methods."""
    body: Iterable[ast.AST] = [node]
    if isinstance(node, ast.ClassDef):
        body = [each for each in node.body if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
        body = [*body, *node.bases]
    for each in body:
        yield from ast.walk(each)


def _bound(node: ast.AST) -> set[str]:
    """The names that a function gives a meaning of its own."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    inner = list(ast.walk(node))
    stored = {each.id for each in inner if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    return stored | {each.arg for each in inner if isinstance(each, ast.arg)} - {"self", "cls"}


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "*" for each in node.values)
    return ""


def _meant(node: ast.Attribute | ast.Name, within: str, module: _Module, modules: dict[str, _Module]) -> Iterator[str]:
    """What a name, or a chain of names, stands for, as `module:name`."""
    chain = _chain(node)
    if not chain:
        return
    if chain[0] in ("self", "cls") and len(chain) > 1 and "." in within:
        yield f"{module.name}:{within.partition('.')[0]}.{chain[1]}"
        return
    found, rest = _of_module(chain[0], module, modules), chain[1:]
    while found and ":" not in found and rest:
        found, rest = _of_module(rest[0], modules[found], modules) if found in modules else "", rest[1:]
    if found and ":" in found:
        yield f"{found}.{rest[0]}" if rest else found
        yield found


def _chain(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        before = _chain(node.value)
        return [*before, node.attr] if before else []
    return []


def _of_module(name: str, module: _Module, modules: dict[str, _Module], depth: int = 0) -> str:
    """What *name* is in *module*: `module:name` of a part, the name of a module, or empty for what is not ours."""
    if name in module.own:
        return f"{module.name}:{name}"
    if f"{module.name}.{name}" in modules and name not in module.imported:
        return f"{module.name}.{name}"
    target = module.imported.get(name, "")
    place, _, inner = target.partition(":")
    if not inner:
        return place if place in modules else ""
    if f"{place}.{inner}" in modules:
        return f"{place}.{inner}"
    return _of_module(inner, modules[place], modules, depth + 1) if place in modules and depth < 9 else ""


def _leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None:
            yield from _leaves(found, f"{path} {name}".strip())


def _views(patterns: Iterable[Any], before: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _views(pattern.url_patterns, route)
        elif operations := _operations(pattern.callback):
            yield from ((f"{route} {'/'.join(one.methods)}", one.view_func) for one in operations)
        else:
            yield route, getattr(pattern.callback, "view_class", pattern.callback)


def _operations(view: Callable[..., Any]) -> list[Any]:
    """What stands behind an address of the API: one operation a method, each with a function of its own."""
    inside = [cell.cell_contents for cell in getattr(view, "__closure__", None) or ()]
    return next((list(each.operations) for each in inside if hasattr(each, "operations")), [])


def _only_reads(view: Callable[..., Any]) -> bool:
    """Whether a view, or an operation of the API, says that it takes nothing but GET and HEAD."""
    source = ast.parse(inspect.getsource(inspect.unwrap(view)).lstrip())
    decorators = [each for node in source.body for each in getattr(node, "decorator_list", [])]
    names = {each.id for one in decorators for each in ast.walk(one) if isinstance(each, ast.Name)}
    methods = {one.func.attr for one in decorators if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)}
    return bool(names & _SAFE) or methods == {"get"}
