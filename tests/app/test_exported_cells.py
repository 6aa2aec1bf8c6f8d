"""No cell of a file for a spreadsheet computes, whoever wrote what stands in it."""

from __future__ import annotations

import ast
import csv
import datetime as dt
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.app import exports
from tenure.base.spreadsheets import FORMULA, safe
from tenure.web import cells

SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
PAYLOADS = [
    *(
        f'{lead}{sign}HYPERLINK("http://evil.example","x")'
        for sign in "=+-@＝＋－＠"
        for lead in ("", " ", "\0", "\u00a0")
    ),
    *(f"{sign}x" for sign in SIGNS),
]

CUT = [
    f"Ada{before}{sign}1+1{after}"
    for before in (";", "\t", "\r\n", "; ", ';"', '";', ";\u00a0", "\n\t ", ";;")
    for sign in "=+-@＝"
    for after in ("", ";", '"', "\t")
]
"""Texts of which a spreadsheet that parts columns in another way sees a part as a cell."""


def test_no_cell_of_an_exported_file_begins_a_formula(tmp_path: Path):
    frame = pl.DataFrame({"member_id": PAYLOADS, "reason_1": [*PAYLOADS[1:], None], "p": [-0.5] * len(PAYLOADS)})
    exports.write(frame, tmp_path / "scores.csv")
    exports.write(frame, tmp_path / "scores.parquet")
    with (tmp_path / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(PAYLOADS)
    assert all(row["member_id"].startswith("'") and "\0" not in row["member_id"] for row in rows)
    assert all(not row["reason_1"] or row["reason_1"].startswith("'") for row in rows)
    assert rows[-1]["reason_1"] == ""
    assert {row["p"] for row in rows} == {"-0.5"}
    assert pl.read_parquet(tmp_path / "scores.parquet").equals(frame)


def test_ordinary_ids_and_words_stay_as_they_are(tmp_path: Path):
    frame = pl.DataFrame({"member_id": ["000123", "M-7", "ü 9"], "reason_1": ["No login for 94 days", "5 = five", ""]})
    exports.write(frame, tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == frame.to_dicts()


@given(st.text(alphabet=st.sampled_from([*SIGNS, " ", "a", ";", '"', "\u00a0", "'", "\u3000"]), max_size=6))
def test_cells_of_pages_and_of_exports_are_made_safe_alike(text: str):
    column = pl.DataFrame({"x": [text]}).select(exports._without_formulas("x"))["x"]
    assert column[0] == safe(text)
    assert pl.Series([text]).str.contains(FORMULA)[0] == str(safe(text)).startswith("'") or text.startswith("'")


def test_text_stands_in_quotes_and_what_a_spreadsheet_counts_with_does_not():
    """So that it can be told to keep the zeros of an id, and reads days, times and numbers however they are written."""
    at = dt.datetime(2025, 3, 4, 1, 30, 5, 250_000, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    row = ["00012", "1E5", "MAR1", 'Zo"ë', "", -0.5, 12, True, None, at, at.date(), Decimal("1.10"), ["=1", "b"]]
    (line,) = cells.lines([row])
    said = '"00012","1E5","MAR1","Zo""ë","",-0.5,12,True,,2025-03-03 23:30:05,2025-03-04,1.10,"[\'=1\', \'b\']"\r\n'
    assert line == said


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice Calc is not installed")
def test_a_spreadsheet_program_keeps_ids_and_counts_with_days_times_and_numbers(tmp_path: Path):
    """LibreOffice, told that what is quoted is text."""
    at = dt.datetime(2025, 3, 4, 1, 30, 5, tzinfo=dt.UTC)
    row = ["00012", "12345678901234567890", "1E5", "Ní Bhriain", -0.5, at.date(), at]
    (tmp_path / "today.csv").write_text("".join(cells.lines([row])), encoding="utf-8-sig", newline="")
    opened_in_libreoffice(tmp_path, "44,34,76,1,,1033,true")
    kind = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value-type"
    sheet = ET.parse(tmp_path / "today.fods")
    found = [(cell.get(kind), "".join(cell.itertext()).strip()) for cell in sheet.iter() if kind in cell.attrib]
    assert [one for one, _ in found] == ["string"] * 4 + ["float", "date", "date"]
    assert [text for _, text in found[:4]] == row[:4]


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice Calc is not installed")
@pytest.mark.parametrize("parted_by", ["44/59/9", "59", "9"], ids=["comma-semicolon-tab", "semicolon", "tab"])
def test_a_spreadsheet_program_computes_nothing_however_it_parts_the_columns(parted_by: str, tmp_path: Path):
    """LibreOffice itself opens the files and says of each cell what it made of it."""
    texts = [*PAYLOADS, *CUT]
    exports.write(pl.DataFrame({"member_id": texts, "name": texts, "p": -0.5}), tmp_path / "scores.csv")
    (tmp_path / "today.csv").write_text("".join(cells.lines([text, text, -0.5] for text in texts)), newline="")
    with (tmp_path / "as-it-was-said.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([text.replace("\0", ""), text, -0.5] for text in texts)
    opened = opened_in_libreoffice(tmp_path, f"{parted_by},34,76")

    assert {name: len(formulas) for name, formulas in opened.items() if name != "as-it-was-said"} == {
        "scores": 0,
        "today": 0,
    }
    assert opened["as-it-was-said"]  # or this would find none anywhere


def opened_in_libreoffice(folder: Path, options: str) -> dict[str, list[str]]:
    """The formulas that it sees in each CSV file of *folder*, read as UTF-8 by *options* of its filter."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", "--headless", "--norestore", profile, f"--infilter=CSV:{options}", "--convert-to", "fods"]
    files = sorted(folder.glob("*.csv"))
    subprocess.run([*command, "--outdir", folder, *files], check=True, capture_output=True, timeout=120)
    key = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}formula"
    found = {}
    for path in files:
        sheet = ET.parse(path.with_suffix(".fods"))
        found[path.stem] = [cell.get(key, "") for cell in sheet.iter() if key in cell.attrib]
    return found


def test_every_file_for_spreadsheets_is_written_by_one_of_the_two():
    """Whoever writes CSV anywhere else has to come here, and no room writes a workbook. The other is `cells.lines`."""
    root = Path(exports.__file__).parents[1]
    writing = {"csv.writer", "csv.DictWriter", "frame.write_csv"}
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                call = f"{ast.unparse(node.func)}"
                to_file = call.endswith(".write_csv") and node.args
                if call in writing - {"frame.write_csv"} or to_file or call.endswith((".write_excel", ".to_excel")):
                    found.add(str(path.relative_to(root)))
    assert found == {"app/exports.py"}
