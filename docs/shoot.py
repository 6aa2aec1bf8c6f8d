"""Pictures of the staff pages for the documents: a demo after some weeks, in light and dark, at two widths.

    python docs/shoot.py --home .shots [--out docs/img] [--only today,queue] [--weeks 6]

The home is made when it is not there, which takes some minutes; a second time its pages are shot as they are. Each
picture is a PNG of at most 256 colors, as pages of flat colors need no more. Needs Chromium.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import json
import shutil
import struct
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tenure.app import demo as demos
from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.night import run_night
from tenure.app.worker import work
from tenure.base.clock import system_clock
from tenure.base.home import Home
from tenure.base.settings import read_settings

MEMBERS = 600
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = {"wide": (1440, 1000), "narrow": (390, 844)}
THEMES = ("light", "dark")
PAGES = {
    "today": "/", "queue": "/queue/?view=high", "member": "{member}", "gone": "/gone/?days=30",
    "membership": "/membership/", "model": "/model/",
    "runs": "/runs/", "playbooks": "/playbooks/", "settings": "/settings/",
}  # fmt: skip
_APPROVED_A_WEEK = 12


def lived(home: Home, weeks: int) -> None:
    """A demo in *home* after some *weeks*, in which a person has approved drafts and they were sent."""
    console = Console()
    demo = demos.find_or_make(home, MEMBERS, system_clock)
    with demos.opened(home, demo, console, demos.free_port(8000)) as (house, days):
        demos.night(house, demo, console)
        for _ in range(weeks):
            _approve(house)
            work(house, once=True)
            httpx.post(f"{days.address}/_sandbox/advance", json={"days": 7}, timeout=300).raise_for_status()
            days.has_moved()
            demos.note_lived(home, days.lived)
            run_night(house, console, as_of=house.today, dry_run=False, by="tenure demo")


def _approve(house: House) -> None:
    house.open_ledger()
    from tenure.ledger import approvals
    from tenure.ledger.models import OutreachStep, Proposal

    wanted = list(Proposal.objects.filter(state="open").order_by("-worth").values_list("pk", flat=True))
    some = wanted[:_APPROVED_A_WEEK]
    seen = dict(OutreachStep.objects.filter(proposal__in=some).values_list("pk", "digest"))
    earlier = house.clock() - dt.timedelta(minutes=5)
    approvals.approve(proposals=some, by=demos.USER, seen=seen, settings=house.settings, clock=lambda: earlier)


@contextmanager
def served(home: Home) -> Iterator[tuple[str, str]]:
    """The pages of *home* on the morning of its scores; gives their address and the password of its first account."""
    from tenure import web

    settings = read_settings(home)
    House.open(home.root).open_ledger()
    from tenure.ledger.models import ScoreSet

    morning = dt.datetime.combine(ScoreSet.objects.get().as_of, dt.time(14), tzinfo=dt.UTC)
    server = web.create_server(home, settings, "127.0.0.1", 0, clock=lambda: morning)
    stopping = threading.Event()
    thread = threading.Thread(target=web.run_until, args=(server, stopping), daemon=True)
    thread.start()
    try:
        password = json.loads((home.root / "secrets" / "demo.json").read_text())["password"]
        yield f"http://127.0.0.1:{server.effective_port}", password
    finally:
        stopping.set()
        thread.join(timeout=10)


def shoot(browser: Browser, address: str, password: str, out: Path, only: set[str]) -> int:
    """Shoot the pages; gives how many bytes the pictures have."""
    total = 0
    for theme in THEMES:
        with browser.new_context(color_scheme=theme) as context:
            page = context.new_page()
            _sign_in(page, address, password)
            member = page.locator(".work h3 a").first.get_attribute("href") or "/"
            for width, (across, down) in WIDTHS.items():
                page.set_viewport_size({"width": across, "height": down})
                for name, path in PAGES.items():
                    if only and name not in only:
                        continue
                    answer = page.goto(address + path.format(member=member))
                    if answer is None or answer.status != 200:
                        sys.exit(f"{path} answered {answer.status if answer else 'nothing'}")
                    picture = few_colors(page, page.screenshot())
                    (out / f"{name}-{theme}-{width}.png").write_bytes(picture)
                    total += len(picture)
    return total


def _sign_in(page: Page, address: str, password: str) -> None:
    page.goto(f"{address}/sign-in")
    page.get_by_label("Name").fill(demos.USER)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


_INDEXED = """async (source) => {
  const image = await createImageBitmap(await (await fetch(source)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  const far = (a, b) => a.reduce((sum, part, i) => sum + (part - b[i]) ** 2, 0);
  const ordered = [...counts].sort((a, b) => b[1] - a[1]).map(([pixel]) => ({ pixel, color: parts(pixel) }));
  const palette = [], nearest = ordered.map(() => 0), gap = ordered.map(() => Infinity);
  const keep = (color) => {
    ordered.forEach((one, i) => {
      const distance = far(one.color, color);
      if (distance < gap[i]) { gap[i] = distance; nearest[i] = palette.length; }
    });
    palette.push(color);
  };
  // Most of a page is a few colors; a mark of ten pixels must not lose its own for being small.
  for (const one of ordered.slice(0, 160)) keep(one.color);
  while (palette.length < Math.min(256, ordered.length)) keep(ordered[gap.indexOf(Math.max(...gap))].color);
  const place = new Map(ordered.map((one, i) => [one.pixel, nearest[i]]));
  let text = "";
  for (let i = 0; i < pixels.length; i += 32768) {
    text += String.fromCharCode(...pixels.subarray(i, i + 32768).map((pixel) => place.get(pixel)));
  }
  return { width: image.width, height: image.height, palette, indexes: btoa(text) };
}"""


def few_colors(page: Page, picture: bytes) -> bytes:
    """*picture*, a PNG, with a palette of 256 colors: those that it has most of, and those farthest from these."""
    blank = page.context.new_page()
    found = blank.evaluate(_INDEXED, f"data:image/png;base64,{base64.b64encode(picture).decode()}")
    blank.close()
    width, height = found["width"], found["height"]
    indexes = base64.b64decode(found["indexes"])
    rows = b"".join(b"\0" + indexes[i * width : (i + 1) * width] for i in range(height))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(part for color in found["palette"] for part in color)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main() -> None:
    """Make the demo where there is none, and shoot its pages."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--home", type=Path, required=True, help="home of the demo; made when it is not there")
    asked.add_argument("--out", type=Path, default=Path(__file__).parent / "img", help="where the pictures go")
    asked.add_argument("--only", default="", help=f"some of {', '.join(PAGES)}, with commas between")
    asked.add_argument("--weeks", type=int, default=6, help="for how long a new demo lives")
    given = asked.parse_args()
    home = Home(given.home.resolve())
    if not home.ledger.exists():
        lived(home, given.weeks)
    given.out.mkdir(parents=True, exist_ok=True)
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    with served(home) as (address, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        total = shoot(browser, address, password, given.out, {name for name in given.only.split(",") if name})
        browser.close()
    sys.stdout.write(f"{total / 1e6:.1f} MB in {given.out}\n")


if __name__ == "__main__":
    main()
