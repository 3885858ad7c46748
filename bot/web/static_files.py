"""Styles and scripts of pages: read once, and known by what is in them."""

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MAX_AGE_S = 86_400
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


class StaticFile:
    """One file under /static; it lies in the folder `static` of a package."""

    def __init__(self, package: str, name: str) -> None:
        self._path = f"/static/{name}"
        self._body = files(package).joinpath("static", name).read_bytes()
        self._digest = hashlib.sha256(self._body).hexdigest()[:16]
        self._type = _TYPES[name.rpartition(".")[2]]

    def address(self, base: str) -> str:
        """Return the path below `base`; it changes with the file, so that no cache mixes an old one with a new page."""
        return f"{base}{self._path}?v={self._digest}"

    def route(self) -> Route:
        """Return the route that serves it."""
        return Route(self._path, self._serve)

    async def _serve(self, request: Request) -> Response:
        etag = f'"{self._digest}"'
        headers = {
            "etag": etag,
            "cache-control": f"public, max-age={MAX_AGE_S}",
            "x-content-type-options": "nosniff",
        }
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if etag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        body = b"" if request.method == "HEAD" else self._body
        headers["content-length"] = str(len(self._body))
        return Response(body, headers=headers, media_type=self._type)
