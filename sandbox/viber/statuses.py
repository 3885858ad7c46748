"""How the Viber API refuses: HTTP 200 all the same, with a `status` above 0 and words in `status_message`.

https://developers.viber.com/docs/api/rest-bot-api/#error-codes
"""

import json

from sandbox.faults import Fault

NAMES = {
    0: "ok",
    1: "invalidUrl",
    2: "invalidAuthToken",
    3: "badData",
    4: "missingData",
    5: "receiverNotRegistered",
    6: "receiverNotSubscribed",
    7: "publicAccountBlocked",
    8: "publicAccountNotFound",
    9: "publicAccountSuspended",
    10: "webhookNotSet",
    11: "receiverNoSuitableDevice",
    12: "tooManyRequests",
    13: "apiVersionNotSupported",
    14: "incompatibleWithVersion",
    15: "publicAccountNotAuthorized",
    16: "inchatReplyMessageNotAllowed",
    17: "publicAccountIsNotInline",
    18: "noPublicChat",
    19: "cannotSendBroadcast",
    20: "broadcastNotAllowed",
    21: "unsupportedCountry",
    22: "paymentUnsupported",
    23: "freeMessagesExceeded",
    24: "noBalance",
}
BAD_DATA = 3
MISSING_DATA = 4


class RefusedError(Exception):
    """A request that is not carried out: the `status`, and the `status_message` (by default the status's own name)."""

    def __init__(self, status: int, message: str = "") -> None:
        self.status = status
        self.message = message or NAMES.get(status, "generalError")
        super().__init__(self.message)


def bad_data(text: str) -> RefusedError:
    """3: the request will never pass as it is."""
    return RefusedError(BAD_DATA, text)


def missing_data(name: str) -> RefusedError:
    """4: a field that must be there is not."""
    return RefusedError(MISSING_DATA, f"{NAMES[MISSING_DATA]}: {name}")


def replacement(status: int, http: int, message: str | None, body: bytes | None) -> Fault:
    """A call that is not carried out: Viber's own `status` in a 200, or `http` with a body that is not Viber's."""
    if body is None and http != 200:
        body = f"<html><title>{http}</title></html>".encode()
    if body is not None:
        return Fault("answer", http, body, "text/html")
    if status == 0:
        raise ValueError("name the status, the HTTP status or the body of the refusal")
    answer = {"status": status, "status_message": message or NAMES.get(status, "generalError")}
    return Fault("answer", http, json.dumps(answer).encode())
