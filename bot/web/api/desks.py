"""Desks that results are written to: what waits, what failed, and trying that anew."""

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.access import Access
from bot.web.api.bodies import answer
from bot.web.api.errors import ApiProblem
from bot.web.api.queries import no_parameters, page
from ratings.reports.desks import list_desks
from ratings.store.keys import Scope
from ratings.store.loading import desk_account
from ratings.store.replays import ReplayJobs
from ratings.store.store import Store


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
        no_parameters(request)
        name = request.path_params["name"]
        if name not in self._names:
            raise ApiProblem(404, "there is no such desk")
        await self._store.writer.do(ReplayJobs(key.by, account=desk_account(name)))
        (desk,) = await self._store.read(list_desks, [name])
        return answer(desk)
