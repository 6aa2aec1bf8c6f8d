"""The page of all that the doctor looks at: `python -m tenure.app.checks.page > docs/doctor.md`.

What each check looks at is said here. Its mends are read out of the checks' own source, so that the page can tell no
other than the command, and a check that nobody has described stops the page from being made.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from tenure.app.checks import database, feeds, finding, imis, machine, source, stores

_HEAD = """# What the doctor looks at

Made from the checks by `python -m tenure.app.checks.page`; a test keeps it so.

`tenure doctor --home H` makes these checks in this order and changes nothing, neither here nor in iMIS. A **fault**
stops a night or loses something, and the exit code is then 1; a **note** stops nothing. Each comes with its mend, here
with `…` for what the command fills in. A check that cannot be made is itself a fault, with the mend of the error that
stood in the way; those of iMIS are on [iMIS](imis.md#errors-and-what-to-do-about-each).
"""

_ANY = "what the error itself says, or look again once it is mended"

LOOKS: dict[str, dict[str, str]] = {
    "The machine and the home": {
        "settings": "whether `tenure.toml` can be read and holds what can be",
        "Python": "which interpreter runs Tenure, and on what",
        "home": "whether the home can be written",
        "privacy": "whether others on this machine can look into the home",
        "memory": "how much memory the machine has",
        "time zone": "whether the association's time zone is one, and was chosen",
        "disk": "room on the disk of the home",
        "network share": "whether the home lies on one, where SQLite may be damaged",
        "pseudonym key": "whether the key is there",
        "secrets": "who else on this machine may read the secrets",
    },
    "The source: an iMIS by REST": {
        "password": "whether it is known",
        "address": "whether the password travels encrypted",
        "proxy": "through which proxy requests go",
        "sign-in": "whether iMIS answers and knows the account",
        "certificate": "how long the server's certificate is still good",
        "clock": "how far the server's clock and this machine's lie apart",
        "mapping": "whether the mapping can be read",
        "each query": "each query or business object of the mapping: whether it answers, has its columns, and has rows",
        "prompts": "whether each query can be asked for what is new alone",
        "row limits": "whether a query stops after so many rows",
        "volumes": "whether a query has as many rows as at the last sync, within `intake.volume_gate`",
        "first load": "how many requests reading everything takes, and how long within the hourly budget",
        "activity types": "types of activity in use that the mapping does not know, with how many rows bear them",
        "forbidden": "whether the account may write contacts, dues or money; asked by `_haspermission`, never tried",
        "sign-in to pages": "what iMIS does not tell: whether the account may sign in as a person does",
        "write-back": "whether the table for the scores is there, or may be made",
        "write right": "whether the account may add and update rows of that table",
        "requests": "how many requests looking took, and how many an hour are allowed",
    },
    "The source: a database": {
        "password": "whether it is known",
        "mapping": "whether the mapping can be read",
        "login": "whether the database answers and lets the login in",
        "each table": "each feed of the mapping: whether its tables and columns are there, and how many rows answer",
        "rights": "whether the login may change what Tenure reads",
        "statements": "how many statements looking took; each is a SELECT",
    },
    "The source: a folder of files": {
        "source": "whether the folder can be read and has the files and columns that are needed",
        "each file": "how many columns of the contract it has",
        "columns": "what of a file is not used, or stands in for something",
        "exports": "how old the newest file is",
    },
    "The stores": {
        "lake": "whether every file of the lake is what was written, and how many rows there are",
        "activity": "whether there is any",
        "freshness": "how long ago something new came in",
        "record": "whether it stopped so long ago, as a whole or that of terms, that the next night is held back",
        "feeds": "kinds of activity that used to come often and stopped for everyone",
        "machine's clock": "whether it stands after the last sync",
        "member types": "whether the types that the settings name occur among the terms",
        "rows set aside": "whether a sync of this week set rows aside",
        "unfinished sync": "whether a sync was stopped on its way",
        "model": "whether there is one, and every file of it is what was written",
        "grade": "how well the model foretold past renewals",
        "retraining": "whether the next night trains",
        "other models": "whether every file of the models that do not serve is what was written",
        "labels": "whether somebody has signed what counts as a lapse, and by the rules of now",
        "extraction": "whether somebody has answered for the terms on which records are read",
        "challenger": "whether a newer model waits for a person to let it serve",
        "ledger": "whether it opens, survives a power cut, is whole, and says what was written into it",
        "audit log": "whether the database refuses to change it, and whether it goes on from its last anchor",
        "last night": "how the last night ended, and how long ago",
        "outbox": "what waits to be written into iMIS, and what iMIS refused",
        "staff accounts": "whether anybody can sign in to the staff pages",
        "identity provider": "whether the provider by which staff sign in answers, and by the name that was set",
    },
}  # fmt: skip
"""By subject and check, what it looks at; in the order in which the command tells them."""

BY_ERROR = {
    "settings": "the command ends with exit code 2, and names the key and what it may be",
    "sign-in": "correct the address, the password or the account, as the error says",
    "mapping": "correct the mapping file in the line that the error names",
    "login": "correct the address, the login or its password, or install the driver, as the error says",
    "source": "bring the file or the column that the error names",
    "each file": "bring the columns that the error names",
    "lake": "`tenure restore BACKUP --home H --replace`, or delete the folder, to have it read anew from the source",
    "record": "see whether exports are still made, or the site's records still change, and whether terms are among "
    "them; `--as-of` takes the record as it stood then, and where it is right, `tenure run --despite-drift --by NAME` "
    "goes on",
    "model": "`tenure model rollback` lets the one before it serve again; or run `tenure train` to make a new model",
    "ledger": "stop `tenure serve`, then `tenure restore BACKUP --home H --replace`",
}
"""Mends of checks whose fault is an error on the way to what they look at."""

_MODULES: dict[str, tuple[ModuleType, ...]] = {
    "The machine and the home": (machine,),
    "The source: an iMIS by REST": (imis, feeds),
    "The source: a database": (database,),
    "The source: a folder of files": (source,),
    "The stores": (stores,),
}
_NAMED_BY = {"feed.place": "each query", "name": "each table", "given.label": "each file"}
"""What findings are called whose name is that of a thing of the installation."""


@dataclass(frozen=True)
class Way:
    """One way in which a check can end that is not well.

    Args:
        state: `fault`, `note`, or both.
        mend: What to do about it.
    """

    state: str
    mend: str


def page() -> str:
    """The whole page, as Markdown.

    Raises:
        KeyError: A check is not described here, or what is described is no check.
    """
    return "\n".join([_HEAD, *(line for subject in LOOKS for line in _section(subject))])


def ways(subject: str) -> dict[str, list[Way]]:
    """By check of *subject*, how it can end that is not well, as the source has it; none for one that cannot."""
    found: dict[str, list[Way]] = {}
    for module in _MODULES[subject]:
        for function in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(function, ast.FunctionDef):
                for check, way in _findings(module, function):
                    known = found.setdefault(check, [])
                    known += [way] if way is not None and way not in known else []
    return found


def _section(subject: str) -> Iterator[str]:
    described, found = LOOKS[subject], ways(subject)
    strangers = sorted(set(described) ^ set(found))
    if strangers:
        raise KeyError(f"{subject}: {', '.join(strangers)}")
    yield f"## {subject}\n"
    yield "| check | looks at | when it is not well |\n|---|---|---|"
    for check, words in described.items():
        errors = [Way("fault", BY_ERROR[check])] if check in BY_ERROR else []
        told = "<br>".join(f"**{way.state}**: {way.mend}" for way in (*errors, *found[check]))
        yield f"| {check} | {words} | {told or 'it only tells'} |"
    yield ""


def _findings(module: ModuleType, function: ast.FunctionDef) -> Iterator[tuple[str, Way | None]]:
    """Every finding that *function* can make, in the order of its lines."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    own = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == finding.Finding.__name__]
    for call in sorted(own, key=lambda call: call.lineno):
        name, state, _, *mend = call.args
        check = name.value if isinstance(name, ast.Constant) else _NAMED_BY[ast.unparse(name)]
        states = _states(function, state)
        if not states:
            yield str(check), None
        for words in _texts(module, function, mend[0], call.lineno) if mend and states else ():
            yield str(check), Way(states, words)


def _states(function: ast.FunctionDef, node: ast.expr) -> str:
    """Which states but `ok` an expression can give."""
    values = [node, *(value for name in _names(node) for value in _assigned(function, name))]
    named = {name for value in values for name in _names(value)}
    return " or ".join(word for word, name in (("fault", "FAULT"), ("note", "NOTE")) if name in named)


def _texts(module: ModuleType, function: ast.FunctionDef, node: ast.expr, before: int) -> Iterator[str]:
    """The texts that an expression can give; a name stands for what it was given last before the line *before*."""
    match node:
        case ast.Constant(value=str(text)):
            yield from [" ".join(text.replace("|", r"\|").split())] if text else []
        case ast.JoinedStr(values=parts):
            yield "".join(_part(module, part) for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from (*_texts(module, function, one, before), *_texts(module, function, other, before))
        case ast.BoolOp(values=[ast.Attribute(attr="mend"), ast.Name()]):
            yield _ANY
        case ast.BoolOp(values=values):
            yield from _texts(module, function, values[-1], before)
        case ast.Name(id=name):
            given = [value for value in _assigned(function, name) if value.lineno < before]
            yield from _texts(module, function, given[-1], before)
        case _:
            raise KeyError(f"{module.__name__}, line {node.lineno}: no mend can be read from it")


def _part(module: ModuleType, node: ast.expr) -> str:
    """A piece of a text with gaps; a gap is filled where the module itself says with what."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    gap = ast.unparse(node.value) if isinstance(node, ast.FormattedValue) else ""
    known = {"house.home.root": "H", "house.home.settings_file": "tenure.toml", "house.home.models": "H/models"}
    return known.get(gap) or str(getattr(module, gap, "…"))


def _names(node: ast.expr) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _assigned(function: ast.FunctionDef, name: str) -> list[ast.expr]:
    """What is assigned to *name* in *function*, in the order of its lines."""
    given = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    ]
    return sorted(given, key=lambda value: value.lineno)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
