"""Endpoints that events go to: made, changed, given new secrets, tried, and looked at."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.event_delivery import EventSender, new_secret
from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.endpoint_bodies import read_change, read_new, read_rotation
from bot.web.api.errors import NO_STORE, ApiProblem, wrong_fields
from bot.web.api.idempotency import Idempotency
from bot.web.api.queries import MAX_NUMBER, PAGING, Query, no_parameters, page
from bot.web.api.waiting import clock_stopped
from net.guard import ForbiddenUrl, Guard
from ratings.deliveries import alive
from ratings.errors import FieldError
from ratings.reports.deliveries import list_deliveries
from ratings.store.endpoints import (
    ChangeEndpoint,
    CreateEndpoint,
    DeleteEndpoint,
    Endpoint,
    Keep,
    RotateSecret,
    TooMany,
    list_endpoints,
    load_endpoint,
)
from ratings.store.keys import Scope
from ratings.store.store import Store
from ratings.store.writer import Operation
from ratings.times import Instant, format_instant


class EndpointRoutes:
    """`/v1/endpoints`. All of it needs the scope admin: where events go, customers' words go."""

    def __init__(
        self,
        store: Store,
        access: Access,
        idempotency: Idempotency,
        sender: EventSender,
        guard: Guard,
        max_body: int,
        clock: Callable[[], Instant],
    ) -> None:
        self._store = store
        self._access = access
        self._idempotency = idempotency
        self._sender = sender
        self._guard = guard
        self._max_body = max_body
        self._clock = clock

    async def list(self, request: Request) -> Response:
        """List all endpoints."""
        await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        found = await self._store.read(list_endpoints)
        return answer(page([self._shown(endpoint) for endpoint in found], None))

    async def create(self, request: Request) -> Response:
        """Make an endpoint; its secret is in this answer alone."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        body = await read_json_body(request, self._max_body)

        async def act() -> Response:
            new = read_new(decode(body))
            await self._check(new.url)
            secret = new_secret()
            operation = CreateEndpoint(new.url, secret, key.by, new.types, new.description, new.state, new.since)
            endpoint = await self._do(operation)
            return answer({**self._shown(endpoint), "secret": secret}, 201)

        return await self._idempotency.once(request, key, body, act)

    async def get(self, request: Request) -> Response:
        """Show one endpoint."""
        await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        return answer(self._shown(await self._find(request)))

    async def change(self, request: Request) -> Response:
        """Change what the body names."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        body = await read_json_body(request, self._max_body)
        change = read_change(decode(body))
        if not isinstance(change.url, Keep):
            await self._check(change.url)
        operation = ChangeEndpoint(
            _number(request), key.by, change.url, change.types, change.description, change.state, change.since
        )
        return answer(self._shown(_there(await self._do(operation))))

    async def delete(self, request: Request) -> Response:
        """Delete an endpoint."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        if not await self._do(DeleteEndpoint(_number(request), key.by)):
            raise _missing()
        return Response(status_code=204, headers=NO_STORE)

    async def rotate(self, request: Request) -> Response:
        """Give an endpoint a new secret; it is in this answer alone."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        body = await read_json_body(request, self._max_body)

        async def act() -> Response:
            keep = read_rotation(decode(body))
            secret = new_secret()
            endpoint = _there(await self._do(RotateSecret(_number(request), key.by, secret, keep)))
            return answer({**self._shown(endpoint), "secret": secret})

        return await self._idempotency.once(request, key, body, act)

    async def test(self, request: Request) -> Response:
        """Send a signed test message, and say what came of it."""
        await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        endpoint = await self._find(request)
        with clock_stopped(request):  # the receiver's time is not the store's
            reply = await self._sender.test(endpoint)
        return answer(
            {
                "ok": reply.ok,
                "status": reply.status,
                "reply": reply.text or None,
                "problem": reply.problem or None,
                "duration_ms": reply.duration,
            }
        )

    async def deliveries(self, request: Request) -> Response:
        """List the tries to deliver there, the newest first."""
        await self._access.require(request, Scope.ADMIN)
        query = Query(request)
        query.only(PAGING)
        limit, cursor = query.limit(), query.text("cursor")
        query.finish()
        endpoint = await self._find(request)
        found = await self._store.read(list_deliveries, endpoint.id, limit=limit, cursor=cursor)
        return answer(page(found.items, found.next))

    def _shown(self, endpoint: Endpoint) -> dict[str, Any]:
        standing = endpoint.standing
        failing = standing.failing_since
        return {
            "id": endpoint.id,
            "url": endpoint.url,
            "types": None if endpoint.types is None else list(endpoint.types),
            "description": endpoint.description,
            "state": standing.state.value,
            "reason": standing.reason,
            "position": standing.position,
            "waiting": max(0, endpoint.last - standing.position),
            "failing_since": None if failing is None else format_instant(failing),
            "tries": standing.tries,
            "next_at": None if failing is None else format_instant(standing.next_at),
            "old_secrets_until": [
                format_instant(each.until) for each in alive(endpoint.secrets, self._clock()) if each.until is not None
            ],
            "created_at": format_instant(endpoint.created_at),
            "created_by": endpoint.created_by,
        }

    async def _find(self, request: Request) -> Endpoint:
        return _there(await self._store.read(load_endpoint, _number(request)))

    async def _check(self, url: str) -> None:
        try:
            await self._guard.check_resolved(url)
        except ForbiddenUrl as error:
            raise wrong_fields([FieldError("/url", str(error))]) from None

    async def _do(self, operation: Operation[Any]) -> Any:
        try:
            return await self._store.writer.do(operation)
        except TooMany as error:
            raise ApiProblem(409, str(error)) from None


def _there(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise _missing()
    return endpoint


def _missing() -> ApiProblem:
    return ApiProblem(404, "there is no such endpoint")


def _number(request: Request) -> int:
    told = request.path_params["endpoint_id"]
    if not (told.isascii() and told.isdigit() and 0 < int(told[:20]) <= MAX_NUMBER):
        raise _missing()
    return int(told)
