"""Events out: each endpoint gets every event that it wants, strictly in order, signed by Standard Webhooks, until it takes it.

A worker claims an endpoint by a lease and delivers to it one event after another. What comes of a try is recorded before
the next one goes out; what failed holds those behind it, and only of its own endpoint. A receiver can be sent an event twice
(its answer was lost, or the worker died before it was recorded): the id is the same, and so tells.
"""

import asyncio
import base64
import random
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog

from bot.restarts import keep_running, told
from net.errors import DeliveryError
from net.http import HttpClient, retry_after
from net.signatures import sign_standard, standard_key
from ratings.deliveries import MAX_REPLY, EndpointState, Reply, SigningSecret, alive
from ratings.reports.lists import list_events
from ratings.store.deliveries import ClaimEndpoint, PassOver, RecordDelivery, due_endpoints
from ratings.store.endpoints import Endpoint, load_endpoint
from ratings.store.store import Store
from ratings.store.writer import StoreClosed
from ratings.times import SECOND, Instant, format_instant

TIMEOUT_SECONDS = 20.0
"""How long a receiver may take, all in all."""

LOOK_EVERY_SECONDS = 1.0
"""Between two looks for endpoints that are due."""

PAGE = 200
"""Events that are read at once."""

_log = structlog.get_logger("tapfive.events")


def new_secret() -> str:
    """Return a new secret: 256 bits, as Standard Webhooks writes them."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def event_id(number: int) -> str:
    """Return the id of an event's message: the same for every endpoint and every try."""
    return f"evt_{number}"


def message(event: dict[str, Any]) -> bytes:
    """Return the body of an event, as `GET /api/v1/events` shows it."""
    return msgspec.json.encode({"type": event["type"], "timestamp": event["at"], "data": event})


class EventSender:
    """Sends one signed message and says what came of it. Never raises for what the receiver does."""

    def __init__(self, client: HttpClient, clock: Callable[[], Instant]) -> None:
        self._client = client
        self._clock = clock

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def send(self, url: str, signed_by: Sequence[SigningSecret], message_id: str, body: bytes) -> Reply:
        """Send a message, signed now with every secret that is not over."""
        now = self._clock()
        keys = [standard_key(each.secret) for each in alive(signed_by, now)]
        headers = {"Content-Type": "application/json", **sign_standard(keys, message_id, body, now)}
        started = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await self._client.request("POST", url, data=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except DeliveryError as error:
            return Reply(None, problem=error.text, duration=_since(started))
        except TimeoutError:
            return Reply(None, problem=f"no answer within {TIMEOUT_SECONDS:.0f} s", duration=_since(started))
        wait = answer.headers.get("Retry-After")
        return Reply(
            answer.status,
            _readable(answer.body),
            retry_after=None if wait is None else int(retry_after(wait, now=self._clock() / SECOND) * SECOND),
            duration=_since(started),
        )

    async def test(self, endpoint: Endpoint) -> Reply:
        """Send a message of the type `endpoint.test`, which is no event."""
        at = format_instant(self._clock())
        body = {"type": "endpoint.test", "timestamp": at, "data": {"endpoint": endpoint.id}}
        message_id = f"test_{secrets.token_hex(8)}"
        return await self.send(endpoint.url, endpoint.secrets, message_id, msgspec.json.encode(body))


class EventDelivery:
    """The worker. Several processes may run it. `stop` lets it come to its end; `finish` waits for that."""

    def __init__(
        self,
        store: Store,
        sender: EventSender,
        clock: Callable[[], Instant],
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._jitter = jitter
        self._stopping = asyncio.Event()
        self._in_hand: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look for what is due until `stop`."""
        await keep_running("event delivery", self._look)

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()

    async def finish(self, seconds: float) -> None:
        """Stop, and wait for the requests that are out: their results belong into the store."""
        self.stop()
        if self._in_hand:
            await asyncio.wait(self._in_hand.values(), timeout=seconds)
        for task in tuple(self._in_hand.values()):
            task.cancel()

    async def look_once(self) -> None:
        """Begin to deliver to every endpoint that is due, and wait until nothing more can be delivered now."""
        await self._begin()
        while self._in_hand:
            await asyncio.wait(self._in_hand.values())

    async def _look(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._begin()
            except StoreClosed:
                return
            except Exception as error:  # noqa: BLE001 - the store may be away for a while; the worker must outlive it
                _log.warning("could not look for endpoints", error=type(error).__name__)
            try:
                async with asyncio.timeout(LOOK_EVERY_SECONDS):
                    await self._stopping.wait()
            except TimeoutError:
                pass

    async def _begin(self) -> None:
        for endpoint_id in await self._store.read(due_endpoints, self._clock()):
            if endpoint_id not in self._in_hand:
                task = asyncio.create_task(self._deliver(endpoint_id))
                self._in_hand[endpoint_id] = task
                task.add_done_callback(partial(self._done, endpoint_id))

    def _done(self, endpoint_id: int, _task: asyncio.Task[None]) -> None:
        del self._in_hand[endpoint_id]

    async def _deliver(self, endpoint_id: int) -> None:
        """Deliver to one endpoint until it has everything, or takes no more now."""
        lease = secrets.token_hex(8)
        try:
            endpoint = await self._store.writer.do(ClaimEndpoint(endpoint_id, lease))
            while endpoint is not None:
                endpoint = await self._deliver_page(endpoint, lease)
        except StoreClosed:
            pass
        except Exception as error:  # noqa: BLE001 - the store may be away; the lease ends by itself, and all goes on from the position
            _log.error("a delivery was interrupted", endpoint=endpoint_id, **told(error))

    async def _deliver_page(self, endpoint: Endpoint, lease: str) -> Endpoint | None:
        """Deliver what can be read at once. Returns the endpoint as it is then, while it is ours and there is more."""
        position = endpoint.standing.position
        page = await self._store.read(list_events, since=position, limit=PAGE)
        for event in page.items:
            if self._stopping.is_set():
                break
            if endpoint.wants(event["type"]):
                current = await self._deliver_event(endpoint, lease, event)
                if current is None:
                    return None
                endpoint = current
            position = event["number"]
        over = self._stopping.is_set() or len(page.items) < PAGE
        return await self._store.writer.do(PassOver(endpoint.id, lease, position, release=over))

    async def _deliver_event(self, endpoint: Endpoint, lease: str, event: dict[str, Any]) -> Endpoint | None:
        number, at = event["number"], self._clock()
        reply = await self._sender.send(endpoint.url, endpoint.secrets, event_id(number), message(event))
        record = RecordDelivery(endpoint.id, lease, number, reply, at, self._jitter())
        current = await self._store.writer.do(record)
        if not reply.ok:
            _log.warning("an event was not taken", endpoint=endpoint.id, event=number, status=reply.status)
            now = await self._store.read(load_endpoint, endpoint.id)
            if now is not None and now.standing.state is EndpointState.DISABLED:
                _log.error("an endpoint is disabled", endpoint=endpoint.id, reason=now.standing.reason)
        return current


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * SECOND)


def _readable(body: bytes) -> str:
    """Return the beginning of an answer as a text that every engine can hold."""
    return body[: 4 * MAX_REPLY].decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")[:MAX_REPLY]
