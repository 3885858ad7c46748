"""Alerts: whom was told of bad ratings, and the secret by which a receiver knows that it is us."""

from collections.abc import Collection, Sequence

from starlette.requests import Request
from starlette.responses import Response

from bot.alerts import hook_secret
from bot.web.api.access import Access
from bot.web.api.bodies import answer
from bot.web.api.queries import PAGING, Query, page
from net.guard import MAX_URL, ForbiddenUrl, Guard
from ratings.errors import FieldError
from ratings.reports.alerts import list_alerts
from ratings.store.keys import Scope
from ratings.store.store import Store


class AlertRoutes:
    """`/v1/alerts`. All of it needs the scope admin: destinations are addresses of staff. `secrets` are the server's."""

    def __init__(
        self, store: Store, access: Access, accounts: Collection[str], secrets: Sequence[bytes], guard: Guard
    ) -> None:
        self._store = store
        self._access = access
        self._accounts = accounts
        self._secrets = secrets
        self._guard = guard

    async def list(self, request: Request) -> Response:
        """List alerts, the newest first."""
        await self._access.require(request, Scope.ADMIN)
        query = Query(request)
        query.only(PAGING)
        limit, cursor = query.limit(), query.text("cursor")
        query.finish()
        found = await self._store.read(list_alerts, self._accounts, limit=limit, cursor=cursor)
        return answer(page(found.items, found.next))

    async def secret(self, request: Request) -> Response:
        """Show the secret that signs what is posted to a URL."""
        await self._access.require(request, Scope.ADMIN)
        query = Query(request)
        query.only(("url",))
        url = query.text("url")
        if not url:
            query.errors.append(FieldError("/url", "missing; expected the URL of a destination"))
        else:
            try:
                self._guard.check(url[: MAX_URL + 1])
            except ForbiddenUrl as error:
                query.errors.append(FieldError("/url", str(error)))
        query.finish()
        return answer({"url": url, "secret": hook_secret(self._secrets[0], url or "")})
