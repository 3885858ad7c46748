"""One customer: what is known of them, given out or erased. Their names stand in bodies, never in a URL that a proxy logs."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot import customers
from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.errors import ApiProblem
from bot.web.api.queries import no_parameters
from bot.web.api.waiting import clock_stopped
from ratings.reports.customers import Identity, found_to_dict
from ratings.store.keys import ApiKey, Scope
from ratings.store.store import Store
from ratings.times import Instant


class CustomerRoutes:
    """`/v1/customers`. All of it needs the scope admin."""

    def __init__(self, store: Store, access: Access, max_body: int, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._access = access
        self._max_body = max_body
        self._clock = clock

    async def find(self, request: Request) -> Response:
        """Show whom an id or an address belongs to."""
        _, identity = await self._read(request)
        with clock_stopped(request):  # every stored ticket is looked through
            person = await customers.find(self._store, identity)
        return answer(found_to_dict(person, self._clock()))

    async def export(self, request: Request) -> Response:
        """Give out everything that is known of a customer."""
        key, identity = await self._read(request)
        with clock_stopped(request):
            return answer(await customers.export(self._store, identity, key.by))

    async def erase(self, request: Request) -> Response:
        """Erase a customer."""
        key, identity = await self._read(request)
        with clock_stopped(request):
            erased = await customers.erase(self._store, identity, key.by)
        if erased.in_hand:
            detail = "a message to them is on its way; they are asked no more, and nothing is erased yet: come again"
            raise ApiProblem(409, detail, headers={"retry-after": "60"})
        shown: dict[str, Any] = {"tickets": erased.tickets, "cancelled": erased.cancelled}
        return answer(shown)

    async def _read(self, request: Request) -> tuple[ApiKey, Identity]:
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        return key, customers.read_identity(decode(await read_json_body(request, self._max_body)))
