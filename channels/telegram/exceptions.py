"""What an exception of aiogram means: its class gives the code, the table of failures the rest."""

from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientConnectorError, ConnectionTimeoutError, InvalidURL

from channels.telegram.failures import NOT_THE_BOT_API, Act, decide, throttled_scope, unsettled
from net.errors import DeliveryError, Misconfigured, Throttled, Unreachable

_CODES: tuple[tuple[type[TelegramAPIError], int], ...] = (
    (TelegramBadRequest, 400),
    (TelegramUnauthorizedError, 401),
    (TelegramForbiddenError, 403),
    (TelegramNotFound, 404),
    (TelegramConflictError, 409),
    (TelegramEntityTooLarge, 413),
    (TelegramServerError, 500),
)
_PREFIXES = {"bad request": 400, "unauthorized": 401, "forbidden": 403, "not found": 404, "conflict": 409}


def classify(error: Exception, act: Act, address: str = "") -> DeliveryError | None:
    """The failure that an exception of aiogram means; None where the exception tells of success."""
    scope = throttled_scope(act, address)
    if isinstance(error, TelegramRetryAfter):
        return Throttled("Telegram asks to wait", retry_after=float(error.retry_after), scope=scope)
    if isinstance(error, TelegramNetworkError) and not isinstance(error, TelegramEntityTooLarge):
        return _of_network(error.__cause__, act)
    if isinstance(error, TelegramAPIError):
        # aiogram hands over the description as it came: it may be missing.
        return decide(_code(error), str(error.message or ""), act, scope)
    # The answer was no Bot API answer (a proxy's page, half a body), or aiogram stumbled over it.
    return unsettled(NOT_THE_BOT_API, act)


def _code(error: TelegramAPIError) -> int:
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    # aiogram has no class for the other codes and drops the number; the text begins with its name.
    said = str(error.message or "").lower()
    return next((code for prefix, code in _PREFIXES.items() if said.startswith(prefix)), 0)


def _of_network(cause: BaseException | None, act: Act) -> DeliveryError:
    name = type(cause).__name__
    if isinstance(cause, InvalidURL):
        return Misconfigured("api_url is no address", platform_code=name)
    if isinstance(cause, ClientConnectorError | ConnectionTimeoutError):
        return Unreachable("no connection to the Bot API", platform_code=name)  # nothing was written yet
    if isinstance(cause, TimeoutError):
        return unsettled("Telegram did not answer in time", act, name)
    return unsettled("the connection broke before the answer", act, name)
