"""Why a ticket was asked about or not, and what became of bad ratings that were asked about once more."""

from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.access import Access
from bot.web.api.bodies import answer
from bot.web.api.errors import ApiProblem
from bot.web.api.ledger_operations import RECOVERY_FILTERS
from bot.web.api.queries import PAGING, Query, page
from ratings.reports.recovery import list_recoveries
from ratings.reports.tickets import ticket_ledger
from ratings.store.keys import Scope
from ratings.store.store import Store


class LedgerRoutes:
    """`/v1/tickets/{ticket_id}/ledger` and `/v1/recovery`."""

    def __init__(self, store: Store, access: Access, zone: ZoneInfo) -> None:
        self._store = store
        self._access = access
        self._zone = zone

    async def ticket(self, request: Request) -> Response:
        """Show every closing of a ticket with its decision and what followed."""
        await self._access.require(request, Scope.READ)
        query = Query(request)
        query.only(("desk",))
        desk = query.text("desk") or "api"
        query.finish()
        found = await self._store.read(ticket_ledger, desk, request.path_params["ticket_id"])
        if found is None:
            raise ApiProblem(404, "no closing of such a ticket was reported by this desk")
        return answer(found)

    async def recoveries(self, request: Request) -> Response:
        """List bad ratings that were asked about once more, with the second rating and the time to it."""
        await self._access.require(request, Scope.READ)
        query = Query(request)
        query.only((*RECOVERY_FILTERS, *PAGING))
        filters = query.filters(self._zone, also=PAGING)
        limit, cursor = query.limit(), query.text("cursor")
        query.finish()
        found = await self._store.read(list_recoveries, filters, limit=limit, cursor=cursor)
        return answer(page(found.items, found.next))
