"""Every error of the API as problem+json, whoever raised it; what is not expected is logged by its kind and place alone."""

import traceback
from collections.abc import Mapping, Sequence

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.problems import CONTENT_TYPE, problem_bytes
from ratings.errors import FieldError, InvalidInput
from ratings.store.writer import StoreAway, StoreBusy, StoreClosed

NO_STORE = {"cache-control": "no-store"}
"""Answers hold people's names and words: no cache on the way may keep them."""

_log = structlog.get_logger("tapfive.api")


class ApiProblem(Exception):
    """An answer that is an error."""

    def __init__(
        self, status: int, detail: str, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def wrong_fields(errors: Sequence[FieldError]) -> ApiProblem:
    """Return the 422 that lists every wrong field."""
    count = len(errors)
    return ApiProblem(422, "one field is wrong" if count == 1 else f"{count} fields are wrong", errors)


def respond(problem: ApiProblem) -> Response:
    """Return the response of a problem."""
    body = problem_bytes(problem.status, problem.detail, problem.errors)
    return Response(body, problem.status, {**NO_STORE, **problem.headers}, CONTENT_TYPE)


def as_problem(error: Exception) -> ApiProblem | None:
    """Return the problem that an expected error is; None when nobody expected it."""
    match error:
        case ApiProblem():
            return error
        case InvalidInput():
            return wrong_fields(error.errors)
        case StoreAway():
            return ApiProblem(503, "the store is away; come again", headers={"retry-after": "2"})
        case StoreBusy():
            return ApiProblem(
                503, "more waits to be written than can be in time; come again", headers={"retry-after": "1"}
            )
        case StoreClosed():
            return ApiProblem(503, "the service is stopping; come again", headers={"retry-after": "5"})
        case HTTPException():
            return ApiProblem(error.status_code, _DETAILS.get(error.status_code, error.detail), headers=error.headers)
        case RequestValidationError():
            return ApiProblem(422, "the request is not as the API describes it")
    return None


_DETAILS = {404: "there is no such resource", 405: "this resource does not take that method"}


def handle_errors(api: FastAPI) -> None:
    """Make every error of the application a problem."""

    async def handle(_request: Request, error: Exception) -> Response:
        problem = as_problem(error)
        assert problem is not None
        return respond(problem)

    for kind in (ApiProblem, InvalidInput, StoreBusy, StoreClosed, HTTPException, RequestValidationError):
        api.add_exception_handler(kind, handle)
    api.add_middleware(LastResort)


class LastResort:
    """Answers what nobody expected with 500, and logs where it happened: its text may hold a row, and so a customer.

    Starlette's own handler of `Exception` would raise it once more, for the server to log with all its text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            if scope["type"] != "http":
                raise
            log_unexpected(error, scope["path"])
            # What has begun stays without its end: the server closes the connection, and no reader takes half for the whole.
            if not started:
                await respond(ApiProblem(500, "the service failed; its log says where"))(scope, receive, send)


def log_unexpected(error: Exception, path: str) -> None:
    """Log an error by its kind and where it was raised, without its text."""
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    _log.error("a request failed", path=path, error=type(error).__name__, where=where[-6:])
