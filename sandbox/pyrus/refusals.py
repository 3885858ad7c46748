"""How Pyrus refuses: an HTTP status, and {error_code, error}.

https://pyrus.com/en/help/api/errors-and-limits
"""

import json

from sandbox.faults import Fault

STATUSES = {
    "server_error": 500,
    "authorization_error": 401,
    "token_not_specified": 401,
    "revoked_token": 401,
    "expired_token": 401,
    "invalid_token": 401,
    "account_blocked": 401,
    "invalid_credentials": 401,
    "access_denied_task": 403,
    "access_denied_form": 403,
    "access_denied_person": 403,
    "access_denied_project": 403,
    "access_denied_close_task": 403,
    "access_denied_reopen_task": 403,
    "too_many_requests": 429,
}
"""What is not listed is a 400."""


class RefusedError(Exception):
    """The request was refused and changed nothing."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.status = STATUSES.get(code, 400)
        self.words = words or f"Request failed: {code}."

    @property
    def body(self) -> bytes:
        """What is answered."""
        return json.dumps({"error_code": self.code, "error": self.words}, ensure_ascii=False).encode()


def replacement(code: str, words: str, http: int | None) -> Fault:
    """A refusal to answer instead; with `http` and no code, the answer of something before Pyrus."""
    if not code:
        return Fault("answer", status=http or 502, body=b"<html>Bad gateway</html>", content_type="text/html")
    refused = RefusedError(code, words)
    return Fault("answer", status=http or refused.status, body=refused.body)
