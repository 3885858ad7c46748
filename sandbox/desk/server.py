"""The desk itself: tickets that people close, a hook that it tells, and a callback that takes results."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from sandbox.changes import Changes
from sandbox.faults import Fault, hang_up, let_through
from sandbox.phones.serving import Handler
from sandbox.stand_in import ApiStandIn

from .delivery import Attempt, Delivery
from .signing import RefusedError, open_message
from .state import VERBS, Json, Ticket, apply_result, read_result

PATH = "/callbacks"
MAX_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Callback:
    """One request to the callback. `data` is empty where it was refused; `repeated`: its id was known already."""

    method: str
    message_id: str
    status: int
    data: Json
    repeated: bool = False

    @property
    def passed(self) -> bool:
        """Whether it was not refused."""
        return 200 <= self.status < 300


class DeskSandbox(ApiStandIn[Callback]):
    """A helpdesk by Standard Webhooks, for the demo, the tests and the benchmarks.

    `secrets` sign its events and `callback_secrets` prove results, newest first; `clock` gives seconds since the epoch.
    A callback is taken once: another one under its id is answered as the first, and changes nothing.
    """

    def __init__(
        self,
        secrets: list[str],
        callback_secrets: list[str] | None = None,
        *,
        clock: Callable[[], float] = time.time,
        keep_log: int | None = None,
        hook_timeout: float = 15.0,
    ) -> None:
        changes = Changes()
        self.clock = clock
        self.tickets: dict[str, Ticket] = {}
        self.callback_secrets = callback_secrets or secrets
        self.events = Delivery(changes, clock, hook_timeout, secrets=secrets, attempts=deque(maxlen=keep_log))
        self._answers: dict[str, tuple[bytes, bytes]] = {}
        self._refusals: dict[str, tuple[str, str]] = {}
        self._posted = 0
        super().__init__(changes, self.events, keep_log)

    @property
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler, to be mounted beside others in one LoopbackServer."""
        return {PATH: self.handle}

    async def _end(self) -> None:
        await self.events.close()

    @property
    def callback_url(self) -> str:
        """Where results go."""
        return self.url + PATH

    @property
    def attempts(self) -> deque[Attempt]:
        """Every event that was posted, with its status."""
        return self.events.attempts

    # --- what people do in the desk -------------------------------------------------------------------------------

    def connect(self, hook: str) -> None:
        """Tell closings to this hook from now on."""
        self.events.hook = hook
        self.events.disabled = False

    def add_ticket(self, ticket_id: str, **told: object) -> Ticket:
        """A ticket. `told` is what its events say of it, as our API writes tickets."""
        self.tickets[ticket_id] = Ticket(ticket_id, dict(told))
        return self.tickets[ticket_id]

    def close(self, ticket_id: str, closed_at: str | None = None) -> str:
        """An agent closes the ticket. Returns the id of the event. Raises LookupError for an unknown ticket."""
        ticket = self._ticket(ticket_id)
        ticket.status = "closed"
        return self._tell("ticket.closed", {**ticket.told, "id": ticket.id, "closed_at": closed_at or self._time()})

    def reopen(self, ticket_id: str) -> str:
        """An agent opens the ticket again. Returns the id of the event. Raises LookupError for an unknown ticket."""
        ticket = self._ticket(ticket_id)
        ticket.status = "open"
        return self._tell("ticket.reopened", {"id": ticket.id, "reopened_at": self._time()})

    def tell(self, kind: str, data: Json) -> str:
        """Post any other event. Returns its id."""
        return self._tell(kind, data)

    # --- knobs ----------------------------------------------------------------------------------------------------

    def refuse(self, verb: str, code: str, text: str) -> None:
        """Take results from now on, but not this verb of them. Raises ValueError for a verb that is none."""
        if verb not in VERBS:
            raise ValueError(f"{verb} is no verb")
        self._refusals[verb] = (code, text)

    def fail_next(
        self, status: int = 500, *, times: int = 1, body: bytes = b"", retry_after: int | None = None
    ) -> None:
        """Answer the next callbacks so, without carrying them out."""
        self._faults.add(PATH, Fault("answer", status, body, retry_after=retry_after), times)

    # --- the callback ---------------------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one callback."""
        fault = self._faults.take(PATH)
        if fault is not None and fault.kind == "drop_before":
            return hang_up(request)
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        message_id = headers.get("webhook-id", "")
        try:
            if fault is not None and fault.kind == "answer":
                self._log(Callback(PATH, message_id, fault.status, {}))
                return fault.replacement
            answer = self._take(request.method, headers, body)
        except RefusedError as refused:
            self._log(Callback(PATH, message_id, refused.status, {}))
            return web.Response(
                status=refused.status,
                text=json.dumps({"title": refused.title}),
                content_type="application/problem+json",
            )
        return await let_through(fault, request, web.Response(body=answer, content_type="application/json"))

    def _take(self, method: str, headers: Mapping[str, str], body: bytes) -> bytes:
        """Prove, read and carry out. Returns the answer. Raises RefusedError."""
        if method != "POST":
            raise RefusedError(405, "POST alone")
        if len(body) > MAX_BODY:
            raise RefusedError(413, "too long")
        message_id = open_message(self.callback_secrets, headers, body, self.clock())
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            raise RefusedError(415, "application/json alone")
        try:
            content = json.loads(body)
        except ValueError:
            raise RefusedError(400, "no JSON") from None
        data = read_result(content)
        if message_id in self._answers:
            answer, known = self._answers[message_id]
            if known != _essence(data):
                raise RefusedError(409, "another result under a known id")
            self._log(Callback(PATH, message_id, 200, data, repeated=True))
            return answer
        ticket = self.tickets.get(data["ticket"].get("id"))
        if ticket is None:
            raise RefusedError(404, "no such ticket")
        refused = [
            {"verb": verb, "code": code, "text": text}
            for verb, (code, text) in self._refusals.items()
            if verb in data["verbs"]
        ]
        apply_result(ticket, data, frozenset(self._refusals))
        answer = json.dumps({"refused": refused}).encode()
        self._answers[message_id] = (answer, _essence(data))
        self._log(Callback(PATH, message_id, 200, data))
        return answer

    def _log(self, callback: Callback) -> None:
        if self.requests.maxlen != 0:
            self.requests.append(callback)
        self._changes.notify()

    def _tell(self, kind: str, data: Json) -> str:
        self._posted += 1
        message_id = f"msg_{self._posted:06d}"
        body = json.dumps({"type": kind, "timestamp": self._time(), "data": data}, ensure_ascii=False).encode()
        self.events.post(message_id, body)
        return message_id

    def _ticket(self, ticket_id: str) -> Ticket:
        if ticket_id not in self.tickets:
            raise LookupError("no such ticket in the sandbox")
        return self.tickets[ticket_id]

    def _time(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _essence(data: Json) -> bytes:
    return json.dumps(data, sort_keys=True).encode()
