"""For how long data is kept: the periods, what others would erase, and setting them."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.queries import no_parameters
from bot.web.api.waiting import clock_stopped
from ratings.retention import change_retention
from ratings.store.keys import ApiKey, Scope
from ratings.store.retention import SetRetention, load_retention, would_erase
from ratings.store.store import Store
from ratings.times import Instant


class RetentionRoutes:
    """`/v1/retention`. All of it needs the scope admin."""

    def __init__(self, store: Store, access: Access, max_body: int, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._access = access
        self._max_body = max_body
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """Show the periods."""
        await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        return answer((await self._store.read(load_retention)).to_dict())

    async def preview(self, request: Request) -> Response:
        """Say what other periods would erase; nothing is set."""
        _, changes = await self._read(request)
        periods = change_retention(await self._store.read(load_retention), changes)
        with clock_stopped(request):  # everything that is older is counted
            would = await self._store.read(would_erase, periods, self._clock())
        return answer({"periods": periods.to_dict(), "erases": would})

    async def change(self, request: Request) -> Response:
        """Set those periods that the body names; answers all of them."""
        key, changes = await self._read(request)
        change_retention(await self._store.read(load_retention), changes)
        return answer((await self._store.writer.do(SetRetention(changes, key.by))).to_dict())

    async def _read(self, request: Request) -> tuple[ApiKey, Any]:
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        return key, decode(await read_json_body(request, self._max_body))
