"""Pictures of charts, and the script that draws them in browsers: drawn once, and kept for whoever asks for the same.

vl-convert brings a JavaScript engine and stays at 200 MB once it has drawn; the service is to run in less than that, so that
a process of its own draws (`painter`).
"""

import asyncio
import gzip
import hashlib
import json
from collections import OrderedDict
from importlib.metadata import version
from typing import Any, Literal

from bot.charts.chart import Chart, Spec
from bot.charts.locales import locales
from bot.charts.painter import CannotDraw, Painter
from bot.charts.theme import PICTURE_FONT, Theme, config

Format = Literal["svg", "png"]
Request = dict[str, Any]

SECONDS = 20.0
"""How long one picture may take; the first takes about one, others a tenth of it."""

LINGER_S = 15.0
"""How long the drawing process waits for a next picture."""

KEPT_BYTES = 8 * 1024 * 1024
"""Of pictures that are kept: some hundred. Those that nobody asked for longest make room."""

WIDTHS = {"paper": 720, "page": 520, "phone": 290}
"""Pixels of a picture without its axes' words, by where it stands. On paper and elsewhere it says its title; on our pages that stands above."""

SCALE = 2.0
"""Dots of a PNG for each pixel."""

_WIDER = 1.6
"""Pixels by which a letter of a common wide font (DejaVu Sans) is wider than of the one that vl-convert measures with."""

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_RELEASE = version("vl-convert-python")


class Drawing:
    """Draws pictures. One of it a service: it draws one at a time, and the same thing once, however many ask.

    A picture is known by everything it is made of. So nobody is shown what was drawn for somebody else unless both were
    entitled to every figure and name in it: whoever asks brings the figures, read with their own rights.
    """

    def __init__(self, seconds: float = SECONDS, linger: float = LINGER_S, kept_bytes: int = KEPT_BYTES) -> None:
        self.painter = Painter(seconds, linger)
        self._kept = Kept(kept_bytes)
        self._at_work: dict[str, asyncio.Task[bytes]] = {}
        self._bundle: asyncio.Future[bytes] | None = None
        self.bundle_digest = hashlib.sha256(f"{_RELEASE} {_SNIPPET}".encode()).hexdigest()[:16]
        """Names the script that browsers draw with: it changes with the library's version."""

    async def picture(self, request: Request) -> bytes:
        """Return a picture: kept, being drawn for somebody else already, or drawn now. Raises CannotDraw."""
        key = digest(request)
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        task = self._at_work.get(key)
        if task is None:
            task = self._at_work[key] = asyncio.create_task(self._draw(key, request))
            task.add_done_callback(lambda done: self._over(key, done))
        # Whoever goes away must not take it from the others who wait.
        return await asyncio.shield(task)

    async def bundle(self) -> bytes:
        """Return the script with Vega, Vega-Lite and vega-embed, compressed by gzip. Made once. Raises CannotDraw."""
        if self._bundle is None:
            made: asyncio.Future[bytes] = asyncio.ensure_future(self._make_bundle())
            self._bundle = made
        try:
            return await asyncio.shield(self._bundle)
        except CannotDraw:
            self._bundle = None
            raise

    async def close(self) -> None:
        """End the drawing process."""
        at_work = [*self._at_work.values(), *([] if self._bundle is None else [self._bundle])]
        for each in at_work:
            each.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
        await self.painter.close()

    async def _draw(self, key: str, request: Request) -> bytes:
        made = await self.painter.draw(_line(request))
        self._kept.put(key, made)
        return made

    def _over(self, key: str, task: asyncio.Task[bytes]) -> None:
        del self._at_work[key]
        if not task.cancelled():
            task.exception()  # all who waited may be gone

    async def _make_bundle(self) -> bytes:
        script = await self.painter.draw(_line({"kind": "bundle", "snippet": _SNIPPET}))
        return await asyncio.to_thread(gzip.compress, script, 9, mtime=0)


class Kept:
    """Pictures by their keys, so many bytes of them; those that were not asked for longest leave first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self.size = 0

    def get(self, key: str) -> bytes | None:
        """Return a picture that is kept."""
        found = self._pictures.get(key)
        if found is not None:
            self._pictures.move_to_end(key)
        return found

    def put(self, key: str, picture: bytes) -> None:
        """Keep a picture; one that alone is too large is not kept."""
        self.size += len(picture) - len(self._pictures.pop(key, b""))
        self._pictures[key] = picture
        while self.size > self._most:
            _, gone = self._pictures.popitem(last=False)
            self.size -= len(gone)


def digest(request: Request) -> str:
    """Return what names a picture: it changes with everything that it shows, and with the library that draws it."""
    return hashlib.sha256(_RELEASE.encode() + _line(request)).hexdigest()[:32]


def _line(request: Request) -> bytes:
    return json.dumps(request).encode()


def picture_request(
    chart: Chart, theme: Theme, language: str, kind: Format, place: str = "paper", of_what: str = ""
) -> Request:
    """Return what the drawing process is asked for of a chart that is not empty: its specification at a fixed width, with its colours.

    `place` is one of WIDTHS; `of_what` is said below the title of a picture that leaves our pages: its days and filters.
    """
    assert chart.spec is not None, "there is nothing to draw"
    spec = without_links(chart.spec)
    spec |= {"width": WIDTHS[place], "config": config(theme, chart.values, PICTURE_FONT)}
    around = 12 if place == "paper" else 4
    spec |= {
        "padding": {
            "left": around + (_room(spec) if kind == "svg" else 0),
            "right": around,
            "top": around,
            "bottom": around,
        }
    }
    if place == "paper":
        spec["title"] = {"text": chart.title} | ({"subtitle": of_what} if of_what else {})
    return {"kind": kind, "spec": spec, "scale": SCALE, **locales(language)}


def _room(spec: Spec) -> int:
    """Return the pixels by which the words of an axis may be wider than vl-convert's own font has them: a reader's has wider letters."""
    encodings = [part.get("encoding", {}) for part in (spec, *spec.get("layer", ()))]
    names = {each["y"]["field"] for each in encodings if each.get("y", {}).get("type") == "nominal"}
    rows = spec["data"]["values"]
    return round(_WIDER * max((len(str(row[name])) for name in names for row in rows), default=0))


def without_links(spec: Spec) -> Spec:
    """Return a specification without the links of its marks: a picture is looked at elsewhere, where they lead nowhere."""
    bare = dict(spec)
    if "encoding" in spec:
        bare["encoding"] = {name: part for name, part in spec["encoding"].items() if name != "href"}
    if "layer" in spec and isinstance(spec["layer"], list):
        bare["layer"] = [without_links(layer) for layer in spec["layer"]]
    if "data" in spec and "values" in spec["data"]:
        rows = [{name: field for name, field in row.items() if name != "rows"} for row in spec["data"]["values"]]
        bare["data"] = {"values": rows}
    return bare
