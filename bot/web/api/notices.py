"""Closing notices that a desk sends itself: the question is put into them here."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot import wording
from bot.closings import Closings
from bot.notices import VARIABLE, Notice, fill, read_parts
from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.errors import wrong_fields
from bot.web.api.idempotency import Idempotency
from bot.web.api.queries import no_parameters
from bot.web.api.tickets import decision
from ratings.errors import FieldError, InvalidInput, found, step
from ratings.store.keys import Scope
from ratings.store.pages import Page, load_page
from ratings.store.store import Store
from ratings.ticket import Ticket, parse_ticket
from ratings.times import Instant, format_instant
from ratings.tokens import Tokens

PARTS = ("notice", "html", "text")
_KEYS = (*PARTS, "ticket")
MAX_VARIABLES = 10
"""Places of the variable in one part: each becomes two kilobytes."""


class RenderRoutes:
    """`/v1/render`."""

    def __init__(
        self,
        store: Store,
        closings: Closings,
        access: Access,
        idempotency: Idempotency,
        tokens: Tokens,
        public_url: str,
        max_body: int,
        clock: Callable[[], Instant],
    ) -> None:
        self._store = store
        self._closings = closings
        self._access = access
        self._idempotency = idempotency
        self._tokens = tokens
        self._public_url = public_url
        self._max_body = max_body
        self._clock = clock

    async def render(self, request: Request) -> Response:
        """Decide, and put the links, or nothing, in the place of the variable. Without the variable nobody is asked."""
        key = await self._access.require(request, Scope.WRITE)
        no_parameters(request)
        body = await read_json_body(request, self._max_body)

        async def act() -> Response:
            parts, ticket = _read(decode(body), self._clock())
            if not any(part.asks for part in parts):
                nothing = {"decision": None, "reason": None, "invitation": None, "due_at": None}
                return answer({**nothing, **{part.key: part.content for part in parts}})
            if not self._public_url:
                raise wrong_fields([FieldError("", "[server] public_url is empty; the links would lead nowhere")])
            decided = await self._closings.render(ticket)
            page = None
            if decided.decision == "ask":
                page = await self._store.read(load_page, decided.invitation_id, self._clock())
            filled = await asyncio.to_thread(self._fill, parts, decided.invitation_id, page)
            return answer({**decision(decided), **filled})

        return await self._idempotency.once(request, key, body, act)

    def _fill(self, parts: list[Notice], invitation_id: int, page: Page | None) -> dict[str, str]:
        if page is None:
            return {part.key: fill(part, (), None) for part in parts}
        site = wording.Site(self._tokens.issue(invitation_id), self._public_url)
        links = wording.links(page.survey, page.language, site)
        choices = wording.choices(page.scale, page.language, reverse=page.reverse)
        return {part.key: fill(part, choices, links) for part in parts}


def _read(data: Any, now: Instant) -> tuple[list[Notice], Ticket]:
    """Read a request. Raises InvalidInput with every wrong field; a ticket that does not say when it is closed is, now."""
    if not isinstance(data, dict):
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object with a ticket and its notice")])
    errors = [
        FieldError(step("", key), f"unknown key; expected {', '.join(_KEYS)}") for key in data if key not in _KEYS
    ]
    given: dict[str, str] = {}
    for key in PARTS:
        value = data.get(key)
        if isinstance(value, str):
            given[key] = value
            if value.count(VARIABLE) > MAX_VARIABLES:
                detail = f"the variable {value.count(VARIABLE)} times; expected at most {MAX_VARIABLES}"
                errors.append(FieldError(step("", key), detail))
        elif value is not None:
            errors.append(FieldError(step("", key), f"{found(value)}; expected a string"))
    if not given and not errors:
        errors.append(FieldError("/notice", "missing; expected the notice (or html, or text, or both)"))
    told = data.get("ticket")
    ticket = None
    if isinstance(told, dict):
        told = {"closed_at": format_instant(now), **told}
    try:
        ticket = parse_ticket(told, now=now)
    except InvalidInput as wrong:
        errors.extend(FieldError(f"/ticket{error.pointer}", error.detail) for error in wrong.errors)
    if errors or ticket is None:
        raise InvalidInput(errors)
    return read_parts(given), ticket
