"""What the sandbox's own README shows, done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from served_sandbox import Sandbox

README = Path(__file__).parents[2] / "src" / "imis_sandbox" / "README.md"


def test_every_example_of_the_readme_runs(sandbox: Sandbox) -> None:
    text = README.read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 5
    seen: dict[str, Any] = {}
    for block in blocks:
        exec(block.replace("http://127.0.0.1:8600", sandbox.url), seen)
    assert len(seen["rows"]) > 20
    assert seen["address"].startswith("http://127.0.0.1:")
    assert {"p_lapse", "effect", "quadrant"} <= set(seen["truth"])
    sandbox.control.delete("/notifications")
    sandbox.control.delete("/clients")


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", README.read_text()):
        assert (README.parent / target).exists(), target
