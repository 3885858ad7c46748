"""Takes pictures of every page over a sampled store: `python -m tests.pages.shots OUT [--only ratings,agents] [--looks ru-dark-390]`.

A new page in `places.PLACES` is taken as well. Pictures have few colours, so that they are small enough for the repository.
"""

import argparse
import asyncio
import base64
import re
import socket
import struct
import tempfile
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page
from rich.progress import track
from sqlalchemy import Connection, select

from bot.assembly import listening, running
from ratings.sample.plan import Plan
from ratings.store.endpoints import CreateEndpoint
from ratings.store.migrate import migrate
from ratings.store.sample import count_days, fill
from ratings.store.schema import invitations
from tests.api.service import ZONE, make_parts
from tests.browser import chromium
from tests.conftest import Clock
from tests.pages.office import Office
from tests.pages.places import EVERYBODY, PLACES

LANGUAGES, THEMES, WIDTHS = ("ru", "en"), ("light", "dark"), (390, 1280)
LOOKS = ["-".join(map(str, each)) for each in product(LANGUAGES, THEMES, WIDTHS)]
TALLEST = 2_400
"""Pixels: what stands below is more of the same."""

COLOURS, MOST_BYTES = (128, 48, 24, 12), 150_000
"""How many colours a picture has: the first of these with which it is small enough."""

MORE = {
    "ratings-bad": "/ratings?value_max=2&has_comment=true",
    "dashboard-year": "/?period=365d",
    "ratings-none": "/ratings?q=nobodysaidthis",
}
"""Further addresses that are worth a look."""

_SHRINK = """async ([png, most]) => {
  const bytes = Uint8Array.from(atob(png), (each) => each.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, image.width, image.height).data;
  const rough = (at) => ((data[at] >> 3) << 10) | ((data[at + 1] >> 3) << 5) | (data[at + 2] >> 3);
  const many = new Map(), first = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const key = rough(at);
    many.set(key, (many.get(key) || 0) + 1);
    if (!first.has(key)) first.set(key, [data[at], data[at + 1], data[at + 2]]);
  }
  const kept = [...many].sort((one, other) => other[1] - one[1]).slice(0, most).map(([key]) => first.get(key));
  const nearest = new Map();
  for (const key of many.keys()) {
    const [r, g, b] = first.get(key);
    let best = 0, least = Infinity;
    kept.forEach(([R, G, B], place) => {
      const far = (r - R) ** 2 + (g - G) ** 2 + (b - B) ** 2;
      if (far < least) { least = far; best = place; }
    });
    nearest.set(key, best);
  }
  const points = new Uint8Array(data.length / 4);
  for (let at = 0; at < data.length; at += 4) points[at / 4] = nearest.get(rough(at));
  let text = "";
  for (let at = 0; at < points.length; at += 32768) text += String.fromCharCode(...points.subarray(at, at + 32768));
  return { width: image.width, height: image.height, colours: kept.flat(), points: btoa(text) };
}"""


@asynccontextmanager
async def sampled(folder: str, rows: int) -> AsyncIterator[tuple[Office, str]]:
    """The service on a port of loopback, over a year of a sample."""
    clock = Clock()
    url = f"sqlite:///{folder}/tapfive.db"
    migrate(url)
    parts = make_parts(url, clock, max_body=65_536)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        async with running(parts, work=False), listening(parts, [bound]):
            fill(parts.store.writer, Plan(rows, 1, clock.now, zone=ZONE), by="shots")
            count_days(parts.store, ZONE)
            office = Office(parts, clock)
            yield office, f"http://127.0.0.1:{bound.getsockname()[1]}"
            await office.close()


def addresses(office: Office) -> Mapping[str, str]:
    """Return the name of every picture with its address."""
    recovered, ticket = office.parts.store.read_now(_recovered)
    hook = office.parts.store.writer.do_now(CreateEndpoint("https://bi.example/hook", f"whsec_{'d' * 44}", "test"))
    filled = {"user": office.ids["manager"], "ticket": recovered, "view": 1, "webhook": hook.id}
    found: dict[str, str] = {}
    for path, place in PLACES.items():
        if place.get is None or place.endless or place.unseen or place.status != 200:
            continue
        at = f"/tickets/{ticket}" if path.startswith("/tickets/") else (place.at or path)
        found[_name(path)] = re.sub(r"{(\w+)[^}]*}", lambda key: str(filled.get(key[1], "default")), at)
    return {**found, **MORE}


def _name(path: str) -> str:
    parts = [part for part in re.sub(r"{[^}]*}", "one", path).split("/") if part]
    return "-".join(parts).replace("_", "") or "dashboard"


def _recovered(connection: Connection) -> tuple[int, str]:
    """A ticket that was rated badly, reopened and asked about once more."""
    statement = select(invitations.c.recovery_of, invitations.c.ticket_id).where(
        invitations.c.recovery_of.is_not(None), invitations.c.comment.is_not(None)
    )
    row = connection.execute(statement.limit(1)).one()
    return row.recovery_of, row.ticket_id


async def take(context: BrowserContext, url: str, path: Path, tool: Page) -> str:
    """Take one picture; return what is wrong ("": nothing)."""
    page = await context.new_page()
    answered = await page.goto(url, wait_until="networkidle" if "live" not in url else "load")
    size = page.viewport_size
    assert size is not None
    height = min(TALLEST, await page.evaluate("document.documentElement.scrollHeight"))
    await page.set_viewport_size({"width": size["width"], "height": max(600, height)})
    await page.evaluate("document.fonts.ready")
    made, small = await page.screenshot(), b""
    await page.close()
    for most in COLOURS:
        shrunk = await tool.evaluate(_SHRINK, [base64.b64encode(made).decode(), most])
        points = base64.b64decode(shrunk["points"])
        small = png(shrunk["width"], shrunk["height"], shrunk["colours"], points)
        if len(small) <= MOST_BYTES:
            break
    await asyncio.to_thread(path.write_bytes, small)
    return "" if answered is not None and answered.status == 200 else f"{url}: {answered and answered.status}"


def png(width: int, height: int, colours: Sequence[int], points: bytes) -> bytes:
    """Return a PNG of at most 256 colours (red, green and blue of each), a byte a point."""
    rows = b"".join(b"\0" + points[at : at + width] for at in range(0, width * height, width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", bytes(colours)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


async def take_all(browser: Browser, office: Office, home: str, out: Path, only: set[str], looks: list[str]) -> int:
    """Take every picture that is wanted; return how many pages were not as they should be."""
    wanted = {name: at for name, at in addresses(office).items() if not only or name in only}
    problems: list[str] = []
    tool = await (await browser.new_context()).new_page()
    for look in looks:
        language, theme, width = look.split("-")
        async with await browser.new_context(
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            viewport={"width": int(width), "height": 900},
        ) as context:
            for name, at in track(wanted.items(), description=look):
                await context.clear_cookies()
                if PLACES.get(at) is None or PLACES[at].get != EVERYBODY:
                    await context.add_cookies([{"name": "tapfive", "value": "secret-of-owner", "url": home}])
                url = f"{home}{at}{'&' if '?' in at else '?'}lang={language}"
                problems.append(await take(context, url, out / f"{name}-{look}.png", tool))
    for problem in filter(None, problems):
        print(problem)  # noqa: T201 - a tool for the terminal
    return len([each for each in problems if each])


async def main() -> int:
    """Read the command line, start a service, and take the pictures."""
    parser = argparse.ArgumentParser(prog="tests.pages.shots", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="", help="names of pages, separated by commas")
    parser.add_argument("--looks", default=",".join(LOOKS), help=f"some of {', '.join(LOOKS)}")
    parser.add_argument("--rows", type=int, default=20_000, help="closings of the sample")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with sampled(folder, given.rows) as (office, home), chromium() as browser:
            only = {name for name in given.only.split(",") if name}
            return await take_all(browser, office, home, given.out, only, given.looks.split(","))


if __name__ == "__main__":
    raise SystemExit(min(1, asyncio.run(main())))
