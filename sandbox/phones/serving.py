"""One HTTP server on loopback for any number of stand-ins: a table of path prefixes, and no more work than that."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class LoopbackServer:
    """Serves each path by the handler of the longest prefix that fits. Nothing is logged: paths hold tokens."""

    def __init__(self, routes: Mapping[str, Handler]) -> None:
        self._routes = sorted(routes.items(), key=lambda route: -len(route[0]))
        self._runner: web.ServerRunner | None = None
        self.url = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen. Port 0 takes a free one; `url` then names it."""
        # A client that hung up ends its handler: a dead poller must not hold the place of a living one.
        server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound = self._runner.addresses[0]
        self.url = f"http://{bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path
        for prefix, handler in self._routes:
            if path.startswith(prefix):
                return await handler(request)
        return web.Response(status=404, text="Not Found")
