"""What the contract suite must know of each kind of desk: one row a kind."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from desks import registry
from desks.base import Desk, Result, Verb
from net.errors import Misconfigured, Unreachable
from net.hooks import HookRequest
from ratings.times import format_instant
from sandbox.desk import DeskSandbox
from tests.channels.platform import Answer
from tests.desks import pyrus_row
from tests.desks.row import ADDRESS, NOW, WORDS, KindCase, World, with_header, without_each

__all__ = ["ADDRESS", "KINDS", "NOW", "WORDS", "KindCase", "World"]

# --- the row of each kind

GENERIC_SECRET = "whsec_" + base64.b64encode(b"a-secret-of-the-generic-desk-001").decode()
GENERIC_CALLBACK = "whsec_" + base64.b64encode(b"a-secret-of-the-callback-000-002").decode()


class _GenericWorld(World):
    def __init__(self, sandbox: DeskSandbox) -> None:
        self.ticket_id = "T-1"
        self.ticket = sandbox.add_ticket(self.ticket_id)
        self.ticket.status, self.ticket.tags = "closed", ["vip", "rated-2"]
        self.ticket.score, self.ticket.comment = 2, "an earlier comment"
        self.desk = _generic(sandbox.url, 30)

    def done(self, verb: Verb, result: Result) -> bool:
        ticket = self.ticket
        return {
            Verb.SCORE: ticket.score == result.value,
            Verb.COMMENT: ticket.comment == result.comment,
            Verb.RATED_AT: ticket.rated_at == (result.rated_at and format_instant(result.rated_at)),
            Verb.TAG: result.tag in ticket.tags and "vip" in ticket.tags,
            Verb.UNTAG: "vip" in ticket.tags and not set(result.untag) & set(ticket.tags),
            Verb.REOPEN_KEEP: (ticket.status, ticket.assignee) == ("open", "ann"),
            Verb.REOPEN_CLEAR: (ticket.status, ticket.assignee) == ("open", ""),
            Verb.CLOSE: ticket.status == "closed",
            Verb.CLOSE_UNRATED: ticket.status == "closed unrated",
            Verb.NOTE: result.note in ticket.notes,
            Verb.SUPPRESS_NATIVE: not ticket.native_survey,
        }[verb]

    def snapshot(self) -> Any:
        return repr(self.ticket)


@asynccontextmanager
async def _generic_world() -> AsyncIterator[World]:
    sandbox = DeskSandbox([GENERIC_SECRET], [GENERIC_CALLBACK])
    await sandbox.start()
    world = _GenericWorld(sandbox)
    try:
        yield world
    finally:
        await world.desk.close()
        await sandbox.stop()


def _generic(url: str, timeout: float) -> Desk:
    keys = {"secret": [SecretStr(GENERIC_SECRET)], "callback_secret": [SecretStr(GENERIC_CALLBACK)]}
    config = registry.config_class("generic").model_validate(
        {**keys, "callback_url": f"{url}/callbacks", "timeout": timeout}
    )
    return registry.load("generic")("generic.main", config)


def _generic_closing(now: int) -> HookRequest:
    ticket = {
        "id": "T-1",
        "closed_at": format_instant(now),
        "subject": WORDS,
        "desk": "somebody.else",
        "addresses": [{"channel": "telegram.support", "id": ADDRESS}],
    }
    body = json.dumps({"type": "ticket.closed", "timestamp": format_instant(now), "data": ticket}).encode()
    return standard_hook(GENERIC_SECRET, body, now)


def standard_hook(secret: str, body: bytes, now: int, message_id: str = "msg_1") -> HookRequest:
    """A hook that is signed by Standard Webhooks; not by the code that verifies it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{now // 1000}.".encode() + body
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(now // 1000),
        "webhook-signature": "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode(),
    }
    return HookRequest("POST", headers, body)


def _generic_forged(request: HookRequest) -> list[HookRequest]:
    return [
        *without_each(request, "webhook-id", "webhook-timestamp", "webhook-signature"),
        *with_header(request, "webhook-signature", "v1,wrong", "v1,ü", "", request.headers["webhook-signature"][3:]),
        *with_header(request, "webhook-id", "msg_2"),
        *with_header(request, "webhook-timestamp", str(NOW // 1000 + 1), "now"),
        standard_hook(GENERIC_CALLBACK, request.body, NOW),
        standard_hook(GENERIC_SECRET, request.body, NOW - 301_000),
    ]


KINDS = (
    KindCase(
        kind="generic",
        world=_generic_world,
        make=_generic,
        secrets=(GENERIC_SECRET[6:30], GENERIC_CALLBACK[6:30], "a-secret-of-the"),
        closing=_generic_closing,
        forged=_generic_forged,
        troubles={"refused_credentials": Answer(401, WORDS.encode())},
        declared={"garbage": None},  # a 2xx is success, whatever its body says
    ),
    KindCase(
        kind="pyrus",
        world=pyrus_row.world,
        make=pyrus_row.make,
        secrets=(pyrus_row.KEY,),
        closing=pyrus_row.closing,
        forged=pyrus_row.forged,
        declared={  # each write begins with a login and a look at the task: whatever is unclear about them, nothing was written
            "timeout": Unreachable,
            "hang-up": Unreachable,
            "no http": Unreachable,
            "garbage": Misconfigured,
        },
    ),
)
