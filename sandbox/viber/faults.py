"""Faults on demand. The kinds of them are those of the other stand-ins; what differs is how Viber words a refusal."""

import json

from sandbox.telegram.faults import Fault, Faults

from .statuses import NAMES

__all__ = ["Fault", "Faults", "replacement"]


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
