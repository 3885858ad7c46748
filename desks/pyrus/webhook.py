"""A bot's webhook: is it Pyrus's, and what does it tell? Pure.

https://pyrus.com/en/help/api/webhooks. Signed is the body alone, and no time: a call can be repeated by whoever has seen
it, and Pyrus itself makes it three times. Its key, task and newest comment, is the same every time.
"""

import hashlib
import hmac
import re

import msgspec

from desks.base import TicketClosed, TicketReopened, Told, Unknown, Unreadable
from desks.pyrus.config import PyrusConfig
from desks.pyrus.history import Us, after_the_close, closing_comment, instant, is_closed, ordered
from desks.pyrus.shapes import FINISHED, REOPENED, Call, Comment, Task
from desks.pyrus.tasks import read_ticket
from net.errors import WebhookRejected
from net.hooks import HookRequest
from ratings.errors import InvalidInput
from ratings.ticket import Reopened
from ratings.times import Instant

MAX_BODY = 16 * 1024 * 1024
"""Bytes: a call brings the whole task, and long ones are larger than a megabyte."""

MAX_RAW = 16 * 1024  # bytes that are kept of what could not be read
MAX_ERROR = 500  # characters
SIGNATURE = "x-pyrus-sig"

_TOKEN = re.compile(rb'("access_token"\s*:\s*)"[^"]*"?')
_HEX = re.compile(r"[0-9a-fA-F]{40}")
_EVENT = re.compile(r"[a-z_]{1,40}")
_decode = msgspec.json.Decoder(Call).decode


def verify(request: HookRequest, secret: str) -> None:
    """Compare the HMAC-SHA1 of the raw body, in hex of either case, in constant time. Raises WebhookRejected."""
    signature = request.headers.get(SIGNATURE, "").strip()
    expected = hmac.new(secret.encode(), request.body, hashlib.sha1).hexdigest()
    given = signature.lower() if _HEX.fullmatch(signature) else ""
    if not hmac.compare_digest(expected.encode(), given.encode()) or request.method != "POST":
        raise WebhookRejected("not proven to come from Pyrus")


def read_call(body: bytes, desk: str, config: PyrusConfig, us: Us, now: Instant) -> Told:
    """What a call tells; never raises."""
    try:
        call = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return unreadable(_digest(body), body, f"no call of Pyrus: {type(error).__name__}")
    event = call.event if call.event and _EVENT.fullmatch(call.event) else "call"
    if call.task is None:
        return Unknown(event_id=_digest(body), what=event)
    comments = ordered(call.task)
    newest = comments[-1].id if comments else call.task.last_note_id
    event_id = _digest(body) if newest is None else f"{call.task.id}:{newest}"
    try:
        return _read(call.task, comments, call.user_id, event_id, desk, config, us, now)
    except InvalidInput as error:
        return unreadable(event_id, body, str(error))


def unreadable(event_id: str, body: bytes, error: str) -> Unreadable:
    """Keep what could not be read, without the token in it."""
    return Unreadable(event_id=event_id, raw=_TOKEN.sub(rb'\1"-"', body)[:MAX_RAW], error=error[:MAX_ERROR])


def reopening(task: Task, comments: list[Comment], event_id: str, desk: str, now: Instant) -> TicketReopened:
    """The newest comment opened the task again."""
    at = instant(comments[-1].create_date)
    return TicketReopened(event_id=event_id, report=Reopened(desk, str(task.id), now if at is None else min(at, now)))


def _read(
    task: Task,
    comments: list[Comment],
    user_id: int | None,
    event_id: str,
    desk: str,
    config: PyrusConfig,
    us: Us,
    now: Instant,
) -> Told:
    last = comments[-1] if comments else None
    if us.wrote(last, user_id):
        return Unknown(event_id=event_id, what="own")
    if not config.hears(task.form_id):
        return Unknown(event_id=event_id, what="other_form")
    if last is not None and last.action == REOPENED:
        return reopening(task, comments, event_id, desk, now)
    if not is_closed(task, comments):
        # A customer's "thanks" can open a task without being a comment that says so: the one right after the closing.
        after_closing = len(comments) > 1 and comments[-2].action == FINISHED
        return (
            reopening(task, comments, event_id, desk, now)
            if after_closing
            else Unknown(event_id=event_id, what="comment")
        )
    closing = closing_comment(comments)
    if us.wrote(closing, user_id):
        return Unknown(event_id=event_id, what="own")
    if closing is None and last is not None and len(comments) == 1 and after_the_close(task, last):
        # The bot is told the newest comment alone, and this one closed nothing: the closing was told by its own call.
        return Unknown(event_id=event_id, what="comment")
    return TicketClosed(event_id=event_id, ticket=read_ticket(task, desk, config, us, now))


def _digest(body: bytes) -> str:
    return f"body:{hashlib.sha256(body).hexdigest()[:32]}"
