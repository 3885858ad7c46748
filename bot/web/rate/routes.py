"""The addresses of the rating page. Following a link never votes; only what is posted from the page does."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.web.asgi import BodyTooLarge, read_body
from bot.web.rate.guard import Endpoint, come_again, plain_page, soon, trying
from bot.web.rate.limits import Limit
from bot.web.rate.nonces import Nonces, linked_value
from bot.web.rate.pages import Pages
from bot.web.rate.requests import (
    MAX_COMMENT,
    MULTIPART,
    ONE_CLICK,
    URLENCODED,
    WISHES,
    Act,
    NotUnderstood,
    Posted,
    is_one_click,
    media_type,
    parse_form,
    value_of,
    visit_of,
)
from bot.web.rate.responses import HEADERS, page, problem
from bot.web.rate.view import Screen, View, refused_view, visit_view
from bot.web.static_files import StaticFile
from ratings.lifecycle import TEST_INVITATION, Outcome
from ratings.links import Timings
from ratings.store.link_votes import PageResult, PageVote, RecordHit, Withdraw
from ratings.store.pages import Page, SetAsking, load_page
from ratings.store.store import Store
from ratings.times import Instant
from ratings.tokens import Tokens
from ratings.votes import VoteState

_STALE = "page_stale"
_CLOSED = {Outcome.STANDS: 409, Outcome.EXPIRED: 410, Outcome.IGNORED: 410}
"""What a vote is answered with that is not taken any more."""


def rate_routes(
    store: Store,
    tokens: Tokens,
    nonces: Nonces,
    timings: Timings,
    clock: Callable[[], Instant],
    *,
    max_body: int,
    base: str = "",
) -> list[BaseRoute]:
    """Return the routes of page, opt-out and their files. `base` is the path of the public address ("" or "/tapfive")."""
    css, js = StaticFile("bot.web.rate", "rate.css"), StaticFile("bot.web.rate", "rate.js")
    pages = Pages(base, css.address(base), js.address(base))
    rating = _RatingPage(store, tokens, nonces, timings, clock, pages, max_body)
    stopping = _StopPage(store, tokens, nonces, clock, pages, max_body)
    addresses = (
        ("/r/{token}", Endpoint("/r", pages, rating.get, rating.post)),
        ("/r/{token}/{value}", Endpoint("/r", pages, rating.get)),
        ("/u/{token}", Endpoint("/u", pages, stopping.get, stopping.post)),
    )
    return [
        # Programs that pass mails on add a slash. It is answered, not led away from: RFC 8058 forbids that for /u.
        *(Route(path + slash, endpoint) for path, endpoint in addresses for slash in ("", "/")),
        css.route(),
        js.route(),
    ]


class _RatingPage:
    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        nonces: Nonces,
        timings: Timings,
        clock: Callable[[], Instant],
        pages: Pages,
        max_body: int,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._nonces = nonces
        self._timings = timings
        self._clock = clock
        self._pages = pages
        self._max_body = max_body
        self._limit = Limit()

    async def get(self, request: Request) -> Response:
        """Show the page, and keep that it was opened."""
        return await soon(self._show(request))

    async def _show(self, request: Request) -> Response:
        token = request.path_params["token"]
        shown = await _load(self._store, self._tokens, token, self._clock())
        if shown is None:
            return _nobodys(request, self._pages, self._tokens, token)
        value = value_of(request.path_params.get("value", ""))
        hit = RecordHit(shown.invitation_id, value, request.method, visit_of(request.headers), self._timings)
        await self._store.writer.do(hit)
        query = request.query_params
        posted = value_of(query.get("chose", ""))
        linked = value if value is not None and shown.scale.get(value) is not None else None
        view = visit_view(shown, token, self._nonce(token, linked), value, query.get("lang", ""), posted)
        return self._page(view, 410 if view.screen is Screen.EXPIRED else 200)

    async def post(self, request: Request) -> Response:
        """Do what a form asks for."""
        token = request.path_params["token"]
        number = self._tokens.read(token)
        if number is None:
            return _nobodys(request, self._pages, self._tokens, token)
        body = await _body(request, self._pages, self._max_body, (URLENCODED,))
        if isinstance(body, Response):
            return body
        try:
            posted = parse_form(body)
        except NotUnderstood:
            return plain_page(request, self._pages, 422, "page_not_understood")
        again = _fields(posted)
        if seconds := self._limit.wait_s(number, self._clock()):
            return come_again(request, self._pages, 429, "page_too_often", seconds, again, by_script=posted.by_script)
        taken = soon(self._take(request, token, posted))
        return await trying(request, self._pages, taken, "/r", again, by_script=posted.by_script)

    async def _take(self, request: Request, token: str, posted: Posted) -> Response:
        shown = await _load(self._store, self._tokens, token, self._clock())
        if shown is None:
            return _nobodys(request, self._pages, self._tokens, token)
        if not self._nonces.holds(posted.nonce, token, self._clock()):
            return self._refuse(shown, token, posted, 403, _STALE)
        if posted.act is Act.RATE:
            return await self._rate(request, shown, token, posted)
        if posted.act is Act.WITHDRAW:
            result = await self._store.writer.do(Withdraw(shown.invitation_id))
            if result.outcome is Outcome.STANDS:
                return await self._closed(shown, token, posted, result.outcome)
        else:
            await self._store.writer.do(SetAsking(shown.invitation_id, WISHES[posted.act]))
        return self._see_page(token, posted)

    async def _rate(self, request: Request, shown: Page, token: str, posted: Posted) -> Response:
        if not shown.open:
            return await self._closed(shown, token, posted, Outcome(shown.reason))
        if posted.value is None or shown.scale.get(posted.value) is None:
            return self._refuse(shown, token, posted, 422, "page_choose")
        if len(posted.comment) > MAX_COMMENT:
            return self._refuse(shown, token, posted, 422, "page_too_long")
        result = await self._store.writer.do(
            PageVote(
                shown.invitation_id,
                posted.value,
                posted.comment or None,
                posted.kind,
                replace(visit_of(request.headers), page=linked_value(posted.nonce)),
                self._timings,
            )
        )
        if result.outcome in _CLOSED:
            return await self._closed(shown, token, posted, result.outcome)
        return _state(result) if posted.by_script else self._see_page(token, posted, result)

    async def _closed(self, shown: Page, token: str, posted: Posted, outcome: Outcome) -> Response:
        """Answer a vote that is not taken any more: it was not (shown is old by then), or has just ceased to be."""
        status = _CLOSED[outcome]
        if posted.by_script:
            return problem(status, "no vote is taken any more")
        now = await self._store.read(load_page, shown.invitation_id, self._clock())
        return self._page(visit_view(now or shown, token, self._nonce(token), None, posted.language), status)

    def _refuse(self, shown: Page, token: str, posted: Posted, status: int, alert: str) -> Response:
        """Show the form again, with everything that was in it and a fresh nonce."""
        if posted.by_script:
            return problem(status, "not stored; the form's button says why")
        # A nonce that does not hold tells nothing of the page it says that it is from.
        linked = linked_value(posted.nonce) if alert != _STALE else None
        return self._page(refused_view(shown, token, self._nonce(token, linked), posted, alert), status)

    def _see_page(self, token: str, posted: Posted, result: PageResult | None = None) -> Response:
        """Lead to the page by GET, so that reloading it sends nothing again."""
        query = {"lang": posted.language} if posted.language else {}
        if result is not None and result.state is not VoteState.CONFIRMED and posted.value is not None:
            query["chose"] = str(posted.value)  # the one that counts may be another
        address = self._pages.address(token) + (f"?{urlencode(query)}" if query else "")
        return Response(status_code=303, headers={**HEADERS, "location": address})

    def _nonce(self, token: str, linked: int | None = None) -> str:
        return self._nonces.issue(token, self._clock(), linked)

    def _page(self, view: View, status: int) -> Response:
        return page(self._pages.rate(view), view.speech.language, status)


class _StopPage:
    """RFC 8058: the mail provider's POST has one field and no cookies, and must succeed without a redirect."""

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        nonces: Nonces,
        clock: Callable[[], Instant],
        pages: Pages,
        max_body: int,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._nonces = nonces
        self._clock = clock
        self._pages = pages
        self._max_body = max_body

    async def get(self, request: Request) -> Response:
        """Show one button. Programs follow this link, too: it changes nothing."""
        return await soon(self._show(request, 200))

    async def post(self, request: Request) -> Response:
        """Ask this address no more. Doing so again changes nothing."""
        token = request.path_params["token"]
        if self._tokens.read(token) in {None, TEST_INVITATION}:
            return _nobodys(request, self._pages, self._tokens, token)
        body = await _body(request, self._pages, self._max_body, (URLENCODED, MULTIPART))
        if isinstance(body, Response):
            return body
        if not is_one_click(request.headers.get("content-type", ""), body):
            return await soon(self._show(request, 400))
        return await trying(request, self._pages, soon(self._stop(request)), "/u", (ONE_CLICK,))

    async def _stop(self, request: Request) -> Response:
        shown = await _load(self._store, self._tokens, request.path_params["token"], self._clock())
        if shown is not None:
            await self._store.writer.do(SetAsking(shown.invitation_id, "never_here"))
        return await self._show(request, 200)

    async def _show(self, request: Request, status: int) -> Response:
        token = request.path_params["token"]
        shown = await _load(self._store, self._tokens, token, self._clock())
        if shown is None:
            return _nobodys(request, self._pages, self._tokens, token)
        nonce = self._nonces.issue(token, self._clock())
        view = visit_view(shown, token, nonce, None, request.query_params.get("lang", ""))
        return page(self._pages.stop(view), view.speech.language, status)


def _nobodys(request: Request, pages: Pages, tokens: Tokens, token: str) -> Response:
    """Answer a token that is no invitation's: that of a test message says so, anything else is unknown."""
    if tokens.read(token) == TEST_INVITATION:
        return plain_page(request, pages, 200, "test")
    return _unknown(request, pages)


async def _load(store: Store, tokens: Tokens, token: str, now: Instant) -> Page | None:
    number = tokens.read(token)
    return None if number is None else await store.read(load_page, number, now)


async def _body(request: Request, pages: Pages, limit: int, types: tuple[str, ...]) -> bytes | Response:
    """Return the body of a form, or the page that refuses it."""
    if media_type(request.headers) not in types:
        return plain_page(request, pages, 415, "page_not_understood")
    try:
        return await read_body(request.receive, limit)
    except BodyTooLarge:
        return plain_page(request, pages, 413, "page_too_long", more={"connection": "close"})


def _unknown(request: Request, pages: Pages) -> Response:
    """One and the same page for a token that nobody issued and for one whose invitation is gone."""
    return plain_page(request, pages, 404, "page_unknown", "page_unknown_hint")


def _fields(posted: Posted) -> list[tuple[str, str]]:
    """Return a form's fields, to send them again."""
    fields = {
        "act": posted.act.value,
        "value": "" if posted.value is None else str(posted.value),
        "comment": posted.comment,
        "nonce": posted.nonce,
        "lang": posted.language,
    }
    return [(name, value) for name, value in fields.items() if value]


def _state(result: PageResult) -> Response:
    state = result.state.value if result.state is not None else None
    return Response(msgspec.json.encode({"state": state}), 200, dict(HEADERS), "application/json")
