"""The floor of a start: uvicorn, Starlette and one route."""

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.sides.common import serve_asgi


async def health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


if __name__ == "__main__":
    uvloop.run(serve_asgi(Starlette(routes=[Route("/healthz", health)])))
