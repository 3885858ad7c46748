"""The page with the customers' phones: static files that speak to the JSON of the stand-ins, and know no server code.

Each stand-in shows its customers under its own path (Telegram: `/customers`); kinds.js lists them. How that JSON is
asked for and answered is the same for all: customers_api.py.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from aiohttp import web

from .serving import Handler

_FILES = {
    "/": ("phones.html", "text/html"),
    "/phones.css": ("phones.css", "text/css"),
    "/phones.js": ("phones.js", "text/javascript"),
    "/words.js": ("words.js", "text/javascript"),
    "/kinds.js": ("kinds.js", "text/javascript"),
    "/mail.js": ("mail.js", "text/javascript"),
    "/mail.css": ("mail.css", "text/css"),
}
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def routes() -> Mapping[str, Handler]:
    """Path prefix to handler, to be mounted in a LoopbackServer."""
    return {"/": _page}


async def _page(request: web.BaseRequest) -> web.StreamResponse:
    path = request.raw_path.partition("?")[0]
    known = _FILES.get(path)
    if path.endswith("/customers"):  # of a kind that nobody mounted: no error, which a browser would report
        return web.Response(status=204)
    if known is None:
        return web.Response(status=404, text="Not Found")
    name, content_type = known
    headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return web.Response(text=_text(name), content_type=content_type, charset="utf-8", headers=headers)


@cache
def _text(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")
