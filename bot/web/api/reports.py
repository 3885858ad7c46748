"""What was rated, asked and told: lists by keyset paging, and the summary."""

from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.access import Access
from bot.web.api.bodies import answer
from bot.web.api.queries import PAGING, Query, page
from ratings.errors import FieldError
from ratings.reports.filters import INVITATION_STATES
from ratings.reports.lists import list_events, list_invitations, list_ratings
from ratings.reports.summary import summarise
from ratings.rules import SkipReason
from ratings.store.keys import Scope
from ratings.store.store import Store

REASONS = tuple(reason.value for reason in SkipReason)
MAX_TICKETS = 100


class ReportRoutes:
    """`/v1/ratings`, `/v1/invitations`, `/v1/summary` and `/v1/events`."""

    def __init__(self, store: Store, access: Access, timezone: str) -> None:
        self._store = store
        self._access = access
        self._timezone = timezone
        self._zone = ZoneInfo(timezone)

    async def ratings(self, request: Request) -> Response:
        """List ratings, the newest first."""
        await self._access.require(request, Scope.READ)
        query = Query(request)
        filters = query.filters(self._zone, also=PAGING)
        limit, cursor = query.limit(), query.text("cursor")
        query.finish()
        found = await self._store.read(list_ratings, filters, limit=limit, cursor=cursor)
        return answer(page(found.items, found.next))

    async def invitations(self, request: Request) -> Response:
        """List decisions and what became of them, the newest first."""
        await self._access.require(request, Scope.READ)
        query = Query(request)
        filters = query.filters(self._zone, states=INVITATION_STATES, also=(*PAGING, "reason", "ticket"))
        limit, cursor = query.limit(), query.text("cursor")
        # A ticket's id may hold commas: this one is only repeated.
        reasons, tickets = query.words("reason", REASONS), query.texts("ticket")
        if len(tickets) > MAX_TICKETS:
            query.errors.append(FieldError("/ticket", f"{len(tickets)} values; at most {MAX_TICKETS}"))
        query.finish()
        found = await self._store.read(
            list_invitations, filters, reasons=reasons, tickets=tickets, limit=limit, cursor=cursor
        )
        return answer(page(found.items, found.next))

    async def summary(self, request: Request) -> Response:
        """Summarise a period."""
        await self._access.require(request, Scope.READ)
        query = Query(request)
        filters = query.filters(self._zone)
        query.finish()
        found = await self._store.read(summarise, filters)
        return answer({"timezone": self._timezone, **found})

    async def events(self, request: Request) -> Response:
        """List the events after a number, in order. `cursor` is another name for `since`, as every list has one."""
        await self._access.require(request, Scope.READ)
        query = Query(request)
        query.only(("since", *PAGING))
        if "since" in query.parameters and "cursor" in query.parameters:
            query.errors.append(FieldError("/cursor", "it is another name for since; give one of them"))
        since, limit = query.number("cursor" if "cursor" in query.parameters else "since"), query.limit()
        query.finish()
        found = await self._store.read(list_events, since=since, limit=limit)
        return answer(page(found.items, found.next))
