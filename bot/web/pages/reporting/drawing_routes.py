"""The script that draws charts in browsers, and charts as pictures: with the filters and the rights of their page."""

import gzip

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.charts.painter import CannotDraw
from bot.charts.rendering import Drawing

_MAX_AGE_S = 31_536_000
_log = structlog.get_logger("tapfive.charts")

PICTURE_HEADERS = {
    # A browser may keep it, and asks each time whether it still is what the page shows, and still may be seen.
    "cache-control": "private, no-cache",
    "x-content-type-options": "nosniff",
    # An SVG is a document: it may do nothing.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
TYPES = {"svg": "image/svg+xml", "png": "image/png"}


class BundleScript:
    """Vega and vega-embed as one script of our own; its address changes with what is in it."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing

    def address(self, base: str) -> str:
        """Return where it is."""
        return f"{base}/static/vega.js?v={self._drawing.bundle_digest}"

    def route(self) -> BaseRoute:
        """Return the route that serves it."""
        return Route("/static/vega.js", self._serve)

    async def _serve(self, request: Request) -> Response:
        etag = f'"{self._drawing.bundle_digest}"'
        headers = {
            "etag": etag,
            "cache-control": f"public, max-age={_MAX_AGE_S}, immutable",
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
        }
        if is_known(request, etag):
            return Response(status_code=304, headers=headers)
        try:
            script = await self._drawing.bundle()
        except CannotDraw as error:
            _log.error("the script of charts could not be made", problem=str(error))
            return Response("charts cannot be drawn now", 503, {"retry-after": "60"}, "text/plain")
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
        else:
            script = gzip.decompress(script)
        return Response(script, headers=headers, media_type="text/javascript; charset=utf-8")


def is_known(request: Request, etag: str) -> bool:
    """Return whether the browser has what it asks for already."""
    return etag in request.headers.get("if-none-match", "")
