"""Desks that results are written to: what waits, what failed, trying that anew, and holding them."""

from collections.abc import Callable, Collection
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.access import Access
from bot.web.api.bodies import answer
from bot.web.api.errors import ApiProblem
from bot.web.api.queries import no_parameters, page
from ratings.reports.desks import list_desks
from ratings.store.holds import HoldAccount
from ratings.store.keys import Scope
from ratings.store.loading import desk_account
from ratings.store.replays import ReplayJobs
from ratings.store.store import Store
from ratings.store.writer import Operation


class DeskRoutes:
    """`/v1/desks`. `names` are the desks that are set up."""

    def __init__(self, store: Store, access: Access, names: Collection[str]) -> None:
        self._store = store
        self._access = access
        self._names = sorted(names)

    async def list(self, request: Request) -> Response:
        """List all desks."""
        await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        return answer(page(await self._store.read(list_desks, self._names), None))

    async def retry(self, request: Request) -> Response:
        """Put failed writes back; answers what is so now."""
        key = await self._access.require(request, Scope.ADMIN)
        return await self._then(request, lambda account: ReplayJobs(key.by, account=account))

    async def hold(self, request: Request) -> Response:
        """Write nothing more to a desk; answers what is so now."""
        key = await self._access.require(request, Scope.ADMIN)
        return await self._then(request, lambda account: HoldAccount(account, held=True, by=key.by))

    async def release(self, request: Request) -> Response:
        """Write to it again; answers what is so now."""
        key = await self._access.require(request, Scope.ADMIN)
        return await self._then(request, lambda account: HoldAccount(account, held=False, by=key.by))

    async def _then(self, request: Request, act: Callable[[str], Operation[Any]]) -> Response:
        no_parameters(request)
        name = request.path_params["name"]
        if name not in self._names:
            raise ApiProblem(404, "there is no such desk")
        await self._store.writer.do(act(desk_account(name)))
        (desk,) = await self._store.read(list_desks, [name])
        return answer(desk)
