"""Pictures of the staff pages for the documents: a demo after some weeks, in light and dark, at two widths.

    python docs/shoot.py --home .shots [--out docs/img] [--only today,queue] [--weeks 6]

The home is made when it is not there, which takes some minutes; a second time its pages are shot as they are. Each
picture is a PNG of at most 256 colors, as pages of flat colors need no more. Needs Chromium.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import itertools
import json
import shutil
import struct
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tenure.app import demo as demos
from tenure.app.commands.staff import give_account
from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.night import run_night, run_train
from tenure.app.worker import work
from tenure.base.clock import system_clock
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import read_settings
from tenure.outreach.tokens import Use

MEMBERS = 600
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = {"wide": (1440, 1000), "narrow": (390, 844)}
THEMES = ("light", "dark")
PAGES = {
    "today": "/", "gone": "/gone/?days=30", "membership": "/membership/",
    "member": "{member}", "member-call": "{member}call", "receipt": "{member}receipt/",
    "queue": "/queue/?view=high", "passed-over": "/queue/passed-over/", "queue-bulk": "/queue/bulk?{picks}",
    "queue-edit": "/queue/step/{step}/edit", "queue-preview": "/queue/step/{step}/preview",
    "queue-reject": "/queue/{draft}/reject", "queue-revoke": "/queue/{approved}/revoke",
    "playbooks": "/playbooks/", "playbook": "/playbooks/{playbook}/", "sending": "/sending/", "reports": "/reports/",
    "model": "/model/", "model-promote": "/model/{model}/promote",
    "runs": "/runs/", "run": "/runs/{run}/", "audit": "/audit/",
    "settings": "/settings/", "keys": "/keys/", "password": "/settings/password/",
    "second-factor": "/settings/second-factor/", "people": "/settings/people/", "person": "/settings/people/{person}/",
    "tokens": "/settings/tokens/", "webhooks": "/settings/webhooks/", "phases": "/settings/phases/",
    "mapping": "/settings/mapping/", "left-alone": "/settings/left-alone/", "views": "/settings/views/", "api": "/api/",
    "changes": "/settings/changes/",
    "public-unsubscribe": "/m/unsubscribe/{unsubscribe}", "public-answer": "/m/answer/{answer}",
    "sign-in": "/sign-in",
}  # fmt: skip
"""By the name of its route: every page, with what of the home stands in its address."""
LEFT_OUT = frozenset({"model-rollback", "sign-in-code", "public-offer"})
"""Pages that look as another does: that of a model to promote, the sign-in, and the question to a member."""
ADMINISTRATOR = "administrator"
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
        furnish(house, demo, console)


def furnish(house: House, demo: demos.Demo, console: Console) -> None:
    """What pages need that is rare after some weeks: an administrator, a model that waits, and of each kind of step one
    that has left."""
    give_account(house, username=ADMINISTRATOR, password=demo.password, role="administrator", full_name="Ada Admin")
    run_train(house, console, as_of=house.today, by="tenure demo")
    _approve(house)
    work(house, once=True)


def _approve(house: House) -> None:
    """Approve what is worth most, and one draft with each kind of step."""
    house.open_ledger()
    from tenure.ledger import approvals
    from tenure.ledger.models import OutreachStep, Proposal

    drafts = Proposal.objects.filter(state="open").order_by("-worth", "pk")
    some = list(drafts.values_list("pk", flat=True)[:_APPROVED_A_WEEK])
    some += {kind: pk for pk, kind in drafts.values_list("pk", "steps__kind") if pk not in some}.values()
    seen = dict(OutreachStep.objects.filter(proposal__in=some).values_list("pk", "digest"))
    earlier = house.clock() - dt.timedelta(minutes=5)
    for act, who in ((approvals.approve, demos.USER), (approvals.second, demos.COLLEAGUE)):
        act(proposals=some, by=who, seen=seen, settings=house.settings, clock=lambda: earlier)


@contextmanager
def served(home: Home) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The pages of *home* on the morning of its scores; gives their address, the password of its accounts, and what
    stands in the addresses of `PAGES`."""
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
        yield f"http://127.0.0.1:{server.effective_port}", password, _held()
    finally:
        stopping.set()
        thread.join(timeout=10)


def shoot(browser: Browser, address: str, password: str, held: dict[str, Any], out: Path, only: set[str]) -> int:
    """Shoot the pages; gives how many bytes the pictures have."""
    total = 0
    for theme, (width, (across, down)) in itertools.product(THEMES, WIDTHS.items()):
        with ExitStack() as opened:
            pages: dict[str, Page] = {}
            for name, path in PAGES.items():
                if only and name not in only:
                    continue
                who = _reader(name)
                if who not in pages:
                    looks = {"color_scheme": theme, "viewport": {"width": across, "height": down}}
                    pages[who] = opened.enter_context(browser.new_context(**looks)).new_page()
                    _sign_in(pages[who], address, who, password)
                answer = pages[who].goto(address + path.format(**held))
                if answer is None or answer.status != 200:
                    sys.exit(f"{path} answered {answer.status if answer else 'nothing'}")
                picture = few_colors(pages[who], pages[who].screenshot())
                (out / f"{name}-{theme}-{width}.png").write_bytes(picture)
                total += len(picture)
    return total


def _reader(name: str) -> str:
    """Who looks at a page: nobody in particular, the demo's director, or an administrator."""
    from tenure.web import roles

    if roles.ROUTES[name] == roles.PUBLIC:
        return ""
    return demos.USER if roles.opens("director", name) else ADMINISTRATOR


def _held() -> dict[str, Any]:
    """What stands in the addresses of `PAGES`, of the home that is served."""
    from tenure.ledger import identities, serving
    from tenure.ledger.locking import BEGUN
    from tenure.ledger.models import CurrentScore, OutreachStep, Proposal, Run, Staff
    from tenure.outreach.tokens import Ticket, Tokens
    from tenure.web import manifests, place

    models = manifests.manifests(place.home())
    drafts = Proposal.objects.filter(state="open", steps__kind="email").order_by("-worth", "pk")
    first = drafts[0]
    member = CurrentScore.objects.order_by("-worth", "member")[0].member
    tokens = Tokens(Pseudonyms.of(place.home()))

    def link(use: Use, steps: Any) -> str:
        step = steps.filter(state__in=BEGUN).order_by("-pk")[0]
        return tokens.make(use, Ticket(step.proposal.member, step.reference, place.now().date()))

    steps = OutreachStep.objects.select_related("proposal").exclude(reference="")
    return {
        "member": f"/members/{identities.ids_of(members=[member])[member]}/",
        "draft": first.pk,
        "approved": Proposal.objects.filter(state="approved").latest("pk").pk,
        "step": first.steps.filter(kind="email")[0].pk,
        "picks": "&".join(f"pick={pk}" for pk in drafts.values_list("pk", flat=True)[:6]),
        "playbook": "renewal-notice",
        "model": next(one["version"] for one in models if one is not serving.chosen(models)),
        "run": Run.objects.filter(kind="night").latest("pk").pk,
        "person": Staff.objects.get(username=demos.COLLEAGUE).pk,
        "unsubscribe": link("unsubscribe", steps.filter(kind="email")),
        "answer": link("answer", steps.filter(kind="survey")),
    }


def _sign_in(page: Page, address: str, who: str, password: str) -> None:
    if not who:
        return
    page.goto(f"{address}/sign-in")
    page.get_by_label("Name").fill(who)
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
    with served(home) as (address, password, held), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        total = shoot(browser, address, password, held, given.out, {name for name in given.only.split(",") if name})
        browser.close()
    sys.stdout.write(f"{total / 1e6:.1f} MB in {given.out}\n")


if __name__ == "__main__":
    main()
