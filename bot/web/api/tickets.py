"""Tickets closed and reopened, as a desk or a script reports them."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.closings import Closings
from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.errors import log_unexpected, wrong_fields
from bot.web.api.idempotency import Idempotency
from bot.web.api.queries import no_parameters
from bot.web.problems import problem
from ratings.errors import FieldError, InvalidInput
from ratings.store.earlier import Decided
from ratings.store.keys import Scope
from ratings.store.writer import StoreBusy, StoreClosed
from ratings.ticket import Ticket, parse_reopened, parse_ticket
from ratings.times import Instant, format_instant

MAX_TICKETS = 1_000
BATCH_BODIES = 16
"""A batch may have as many bytes as this many single tickets at their limit: 4 MiB by default, 4 KiB for each of 1000."""

_PARSED_AT_ONCE = 100  # tickets parsed before others get the event loop: a tap must not wait for a whole batch
_NEW, _REPEATED = 202, 200


class TicketRoutes:
    """`/v1/tickets`."""

    def __init__(
        self,
        closings: Closings,
        access: Access,
        idempotency: Idempotency,
        max_body: int,
        clock: Callable[[], Instant],
    ) -> None:
        self._closings = closings
        self._access = access
        self._idempotency = idempotency
        self._max_body = max_body
        self._clock = clock

    async def close(self, request: Request) -> Response:
        """Decide about one closing: 202 when this report made the decision, 200 when it stood before."""
        key = await self._access.require(request, Scope.WRITE)
        no_parameters(request)
        body = await read_json_body(request, self._max_body)

        async def act() -> Response:
            decided = await self._closings.close(parse_ticket(decode(body), now=self._clock()))
            return answer(decision(decided), _NEW if decided.new else _REPEATED)

        return await self._idempotency.once(request, key, body, act)

    async def close_batch(self, request: Request) -> Response:
        """Decide about many closings; a bad one gets a problem in its place and harms no other."""
        key = await self._access.require(request, Scope.WRITE)
        no_parameters(request)
        body = await read_json_body(request, self._max_body * BATCH_BODIES)

        async def act() -> Response:
            return answer({"items": await self._close_many(_tickets(decode(body)), request.scope["path"])})

        return await self._idempotency.once(request, key, body, act)

    async def reopen(self, request: Request) -> Response:
        """Cancel what was asked about earlier closings of a ticket and is not answered."""
        key = await self._access.require(request, Scope.WRITE)
        no_parameters(request)
        body = await read_json_body(request, self._max_body)

        async def act() -> Response:
            result = await self._closings.reopen(parse_reopened(decode(body), self._clock()))
            return answer({"cancelled": result.cancelled})

        return await self._idempotency.once(request, key, body, act)

    async def _close_many(self, found: list[Any], path: str) -> list[dict[str, Any]]:
        now = self._clock()
        items: list[dict[str, Any]] = [{}] * len(found)
        places: list[int] = []
        tickets: list[Ticket] = []
        for place, data in enumerate(found):
            try:
                tickets.append(parse_ticket(data, now=now))
                places.append(place)
            except InvalidInput as error:
                items[place] = _refused(place, error)
            if place % _PARSED_AT_ONCE == _PARSED_AT_ONCE - 1:
                await asyncio.sleep(0)
        for place, item in zip(places, await self._decide(tickets, path), strict=True):
            items[place] = item
        return items

    async def _decide(self, tickets: list[Ticket], path: str) -> list[dict[str, Any]]:
        try:
            return [decision(decided) for decided in await self._closings.close_many(tickets)]
        except (StoreBusy, StoreClosed):
            raise  # part of them may be written: sent again, they get the same decisions
        except Exception as error:  # noqa: BLE001 - one that cannot be written must not hide the answers of the others
            log_unexpected(error, path)
        decided = await asyncio.gather(*(self._closings.close(ticket) for ticket in tickets), return_exceptions=True)
        return [
            problem(500, "it could not be stored") if isinstance(it, BaseException) else decision(it) for it in decided
        ]


def decision(decided: Decided) -> dict[str, Any]:
    """Return a decision as it is answered."""
    return {
        "decision": decided.decision,
        "reason": decided.reason,
        "invitation": decided.invitation_id,
        "due_at": None if decided.due_at is None else format_instant(decided.due_at),
    }


def _tickets(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise wrong_fields([FieldError("", "no list; expected a list of tickets")])
    if len(data) > MAX_TICKETS:
        raise wrong_fields([FieldError("", f"{len(data)} tickets; expected at most {MAX_TICKETS}")])
    return data


def _refused(place: int, error: InvalidInput) -> dict[str, Any]:
    """A problem in the place of a ticket; it points into the whole body."""
    errors = [FieldError(f"/{place}{wrong.pointer}", wrong.detail) for wrong in error.errors]
    found = wrong_fields(errors)
    return problem(found.status, found.detail, errors)
