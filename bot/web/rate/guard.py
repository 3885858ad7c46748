"""What stands around every address of the rating page: methods, troubles of the store, and errors that nobody foresaw."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.web.api.errors import log_unexpected
from bot.web.asgi import ClientGone
from bot.web.rate.pages import Pages
from bot.web.rate.requests import language_wanted
from bot.web.rate.responses import page, problem, without_body
from bot.web.rate.view import plain_speech
from ratings.store.writer import StoreBusy, StoreClosed

WAIT_SECONDS = 10.0
"""How long a person is kept waiting for the store."""

Handler = Callable[[Request], Awaitable[Response]]
Fields = Sequence[tuple[str, str]]


class Endpoint:
    """One address. It takes GET, HEAD and, where there is a handler for it, POST."""

    def __init__(self, name: str, pages: Pages, get: Handler, post: Handler | None = None) -> None:
        self._name = name
        self._pages = pages
        self._handlers: dict[str, Handler] = {"GET": get, "HEAD": get} | ({"POST": post} if post else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        handler = self._handlers.get(request.method)
        if handler is None:
            allowed = {"allow": ", ".join(self._handlers)}
            response = problem(405, "this page does not take that method", allowed)
        else:
            try:
                response = await trying(request, self._pages, handler(request), self._name)
            except ClientGone:
                return
        if request.method == "HEAD":
            response = without_body(response)
        await response(scope, receive, send)


async def trying(
    request: Request,
    pages: Pages,
    answer: Awaitable[Response],
    name: str,
    again: Fields = (),
    *,
    by_script: bool = False,
) -> Response:
    """Await an answer that needs the store; a store that is busy, away or slow becomes a page that says so.

    The page has a button that sends `again`, everything that was in the form: nothing is lost, and to send it twice is
    harmless. Errors are logged without the address, which holds a token, and without their text, which may hold a row.
    """
    try:
        return await answer
    except (StoreBusy, StoreClosed, TimeoutError):
        return come_again(request, pages, 503, "page_busy", 2, again, by_script=by_script)
    except ClientGone:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the customer reads a page, and no log reads their token
        log_unexpected(error, name)
        return come_again(request, pages, 500, "page_busy", 60, again, by_script=by_script)


async def soon(answer: Awaitable[Response]) -> Response:
    """Await an answer of the store no longer than a person waits. Raises TimeoutError."""
    async with asyncio.timeout(WAIT_SECONDS):
        return await answer


def come_again(
    request: Request, pages: Pages, status: int, key: str, seconds: int, again: Fields, *, by_script: bool
) -> Response:
    """Return the page (for the script: the problem) that says when to come again."""
    more = {"retry-after": str(seconds)}
    if by_script:
        return problem(status, "not stored; come again", more)
    return plain_page(request, pages, status, key, again=again, more=more)


def plain_page(
    request: Request,
    pages: Pages,
    status: int,
    key: str,
    hint: str = "",
    again: Fields = (),
    more: Mapping[str, str] | None = None,
) -> Response:
    """Return a page that belongs to no invitation, in the language of its address, else of the browser."""
    wanted = request.query_params.get("lang") or dict(again).get("lang") or request.headers.get("accept-language", "")
    speech, say = plain_speech(language_wanted(wanted))
    return page(pages.notice(speech, say, key, hint, again), speech.language, status, more)
