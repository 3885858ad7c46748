"""Errors as the outside reads them: RFC 9457 problem+json, listing every wrong field."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from ratings.errors import FieldError

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, errors: Sequence[FieldError] = ()) -> dict[str, Any]:
    """Return the body of an error. `errors` point into the request by JSON pointers (RFC 6901)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in errors]
    return body


def problem_bytes(status: int, detail: str, errors: Sequence[FieldError] = ()) -> bytes:
    """Return the body of an error as JSON."""
    return msgspec.json.encode(problem(status, detail, errors))
