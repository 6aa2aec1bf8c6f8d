"""Commands as people call them: as processes, with what they print and how they end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import forking

BIN = Path(sys.executable).parent
PASSWORD = "sandbox-password"
AS_OF = "2025-03-01"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def told(self) -> str:
        """All that was printed."""
        return self.out + self.err


def tenure(*arguments: object, timeout: float = 280, **environment: str) -> Done:
    """Call `tenure` with *arguments* and *environment* besides this process's own; nobody sits at the terminal."""
    around = {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")} | environment
    if around.get("PYTHONPATH") == forking.PATH:
        return Done(*forking.tenure(list(map(str, arguments)), around, timeout))
    return _call("tenure", arguments, timeout, around)


def faults_of(home: Path) -> set[str]:
    """The checks of `tenure doctor` that find a fault in *home*."""
    found = tenure("doctor", "--home", home, "--json").json["findings"]
    return {one["check"] for one in found if one["state"] == "fault"}


def imis_sandbox(*arguments: object, timeout: float = 120) -> Done:
    """Call `imis-sandbox` with *arguments*."""
    return _call("imis-sandbox", arguments, timeout, dict(os.environ))


def _call(program: str, arguments: tuple[object, ...], timeout: float, environment: dict[str, str]) -> Done:
    command = [BIN / program, *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
    )
    return Done(done.returncode, done.stdout, done.stderr)


def kill_at(words: str, *arguments: object) -> None:
    """Call `tenure` with *arguments*, and end it without warning as soon as it prints *words*."""
    process = subprocess.Popen(
        [BIN / "tenure", *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    seen = any(words in line for line in process.stderr)
    process.kill()
    process.wait(timeout=20)
    process.stderr.close()
    assert seen, f"it ended without saying {words!r}"


def set_(home: Path, **settings: object) -> None:
    """Give settings in *home*'s tenure.toml another value; `mail__host` is `host` of `[mail]`."""
    path = home / "tenure.toml"
    text = path.read_text()
    for name, value in settings.items():
        section, _, key = name.rpartition("__")
        head, mark, rest = text.partition(f"[{section}]\n") if section else ("", "", text)
        part, bracket, tail = rest.partition("\n[") if section else (rest, "", "")
        line = f"{key} = {json.dumps(value)}  "
        part, count = re.subn(rf"^(# )?{key} = [^#\n]*", lambda _, line=line: line, part, flags=re.MULTILINE)
        assert count == 1, name
        text = head + mark + part + bracket + tail
    path.write_text(text)


@contextmanager
def serving(*arguments: object) -> Iterator[str]:
    """Run `imis-sandbox serve` for the length of the block, and give its address."""
    command = [BIN / "imis-sandbox", "serve", "--port", "0", "--password", PASSWORD, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield line.split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=20)


class Site:
    """The sandbox as seen by somebody who is not Tenure."""

    def __init__(self, url: str) -> None:
        self.url = url
        token = httpx.post(
            f"{url}/token", data={"grant_type": "password", "username": "tenure", "password": PASSWORD}, timeout=30
        ).json()["access_token"]
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Every row of an entity, property → value."""
        found: list[dict[str, Any]] = []
        while True:
            params = {"Limit": "500", "Offset": str(len(found))}
            page = self._client.get(f"/api/{name}", params=params).json()
            items = page["Items"]["$values"]
            found += [_flat(item) for item in items]
            if not items or len(found) >= page["TotalCount"]:
                return found

    def change(self, name: str, key: str, property_: str, value: Any) -> None:
        """Give one property of one row another value, as staff would."""
        entity = self._client.get(f"/api/{name}/{key}").json()
        for pair in entity["Properties"]["$values"]:
            if pair["Name"] == property_:
                pair["Value"] = value
        self._client.put(f"/api/{name}/{key}", json=entity).raise_for_status()

    def empty(self, name: str, key: str) -> None:
        """Delete every row of an entity that is there; *key* is the property that names a row."""
        if self._client.get(f"/api/{name}", params={"Limit": "1"}).status_code != 404:
            for row in self.rows(name):
                self._client.delete(f"/api/{name}/{row[key]}").raise_for_status()

    def forget(self) -> None:
        """Count requests from nothing."""
        self._client.delete("/_sandbox/usage")

    def writes(self, *, sign_ins: int) -> int:
        """How many requests since `forget` changed something, when so many of them were sign-ins."""
        return sum(count for method, count in self.methods().items() if method not in ("GET", "HEAD")) - sign_ins

    def methods(self) -> dict[str, int]:
        """How many requests since `forget`, by method."""
        found: dict[str, int] = self._client.get("/_sandbox/usage").json()["by_method"]
        return found

    def fault(self, **faults: Any) -> None:
        """Switch faults on, and all others off."""
        self._client.post("/_sandbox/faults", json={"faults": faults})


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    pairs = item["Properties"]["$values"]
    return {pair["Name"]: _plain(pair.get("Value")) for pair in pairs}


def _plain(value: Any) -> Any:
    return value["$value"] if isinstance(value, dict) and "$value" in value else value
