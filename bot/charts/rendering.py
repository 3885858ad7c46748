"""Pictures of charts, and the script that draws them in browsers: both made by a process of their own, which then ends.

vl-convert brings a JavaScript engine and stays at 150 MB once it has drawn; the service is to run in less than that.
"""

import asyncio
import gzip
import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from bot.charts.chart import Chart, Spec
from bot.charts.locales import locales
from bot.charts.theme import PICTURE_FONT, Theme, config

Format = Literal["svg", "png"]

SECONDS = 20.0
"""How long one picture may take; it takes about one."""

AT_ONCE = 2
"""Pictures that are drawn at the same time; others wait."""

WIDTH = 720
"""Pixels of a picture without its axes' words: two of them stand side by side on paper."""

SCALE = 2.0
"""Dots of a PNG for each pixel."""

_PROGRAM = Path(__file__).with_name("render_process.py")
_SNIPPET = "window.vegaEmbed = vegaEmbed;"


class CannotDraw(Exception):
    """No picture came: drawing took too long, or failed. The text is the drawing process's last line."""


class Drawing:
    """Draws pictures. One of it a service: it bounds how many are drawn at once."""

    def __init__(self, seconds: float = SECONDS, at_once: int = AT_ONCE) -> None:
        self._seconds = seconds
        self._free = asyncio.Semaphore(at_once)
        self._bundle: asyncio.Future[bytes] | None = None
        release = f"{version('vl-convert-python')} {_SNIPPET}"
        self.bundle_digest = hashlib.sha256(release.encode()).hexdigest()[:16]
        """Names the script that browsers draw with: it changes with the library's version."""

    async def picture(self, chart: Chart, theme: Theme, language: str, kind: Format) -> bytes:
        """Draw a chart that is not empty. Raises CannotDraw."""
        assert chart.spec is not None, "there is nothing to draw"
        return await self._run(picture_request(chart, theme, language, kind))

    async def bundle(self) -> bytes:
        """Return the script with Vega, Vega-Lite and vega-embed, compressed by gzip. Made once. Raises CannotDraw."""
        if self._bundle is None:
            made: asyncio.Future[bytes] = asyncio.ensure_future(self._make_bundle())
            self._bundle = made
        try:
            # A reader who goes away must not take it from the others who wait.
            return await asyncio.shield(self._bundle)
        except CannotDraw:
            self._bundle = None
            raise

    async def _make_bundle(self) -> bytes:
        script = await self._run({"kind": "bundle", "snippet": _SNIPPET})
        return await asyncio.to_thread(gzip.compress, script, 9, mtime=0)

    async def _run(self, request: dict[str, Any]) -> bytes:
        async with self._free:
            # -I: neither the working folder nor the environment decides what is imported.
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(_PROGRAM),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(self._seconds):
                    made, complaints = await process.communicate(json.dumps(request).encode())
            except TimeoutError:
                raise CannotDraw(f"it took more than {self._seconds:g} s") from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            if process.returncode != 0:
                lines = complaints.decode(errors="replace").strip().splitlines()
                raise CannotDraw(lines[-1][:300] if lines else f"it ended with {process.returncode}")
            return made


def picture_request(chart: Chart, theme: Theme, language: str, kind: Format) -> dict[str, Any]:
    """Return what the drawing process is asked for: the specification at a fixed width, with its colours."""
    spec = without_links(chart.spec or {})
    spec |= {
        "width": WIDTH,
        "config": config(theme, chart.values, PICTURE_FONT),
        "title": {"text": chart.title},
        "padding": 12,
    }
    return {"kind": kind, "spec": spec, "scale": SCALE, **locales(language)}


def without_links(spec: Spec) -> Spec:
    """Return a specification without the links of its marks: a picture is looked at elsewhere, where they lead nowhere."""
    bare = dict(spec)
    if "encoding" in spec:
        bare["encoding"] = {name: part for name, part in spec["encoding"].items() if name != "href"}
    if "layer" in spec and isinstance(spec["layer"], list):
        bare["layer"] = [without_links(layer) for layer in spec["layer"]]
    return bare
