"""Callbacks on their way to a bot: signed, in the order of things per customer, and again until one is answered 200.

https://developers.viber.com/docs/api/rest-bot-api/#callbacks. Whatever is not answered by a 200 in time is posted
again with the same bytes and the same `message_token`, overtaken by what happens meanwhile, for an hour; then it is
gone, and there is no way to ask for it.
"""

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from .state import HOUR, Bot, Chat, Event, Json, World

PAUSES = (5.0, 30.0, 60.0, 300.0, 600.0, 1200.0, 1200.0)  # seconds before the next tries: all within the hour
HOSTNAME = "SN-CALLBACK-03_"
MANDATORY = frozenset({"message", "subscribed", "unsubscribed"})
OPTIONAL = frozenset({"delivered", "seen", "failed", "conversation_started"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One callback that was posted. `status` is 0 where no answer came, `again_in` the pause before the next try."""

    kind: str
    message_token: int
    status: int
    again_in: float | None


@dataclass(slots=True, eq=False)
class _Line:
    """What one customer did at one bot, first tries only."""

    events: deque[Event] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


@dataclass(slots=True, eq=False)
class _Retry:
    """An event that waits for its next try."""

    task: asyncio.Task[None] | None = None
    pause: asyncio.Event | None = None
    tries: int = 0
    over: bool = False


class Delivery:
    """Posts the callbacks of all bots that have a webhook. `welcome` gets what a bot answers to an opened chat."""

    def __init__(
        self, world: World, welcome: Callable[[Bot, Event, bytes], None], *, timeout: float, keep_log: int | None
    ) -> None:
        self.attempts: deque[Attempt] = deque(maxlen=keep_log)
        self.twice = False
        self._world = world
        self._welcome = welcome
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._held: dict[str, list[tuple[Bot, Event]]] = {}
        self._lines: dict[tuple[str, str], _Line] = {}
        self._retries: set[_Retry] = set()
        self._session: aiohttp.ClientSession | None = None

    def tell(self, chat: Chat, kind: str, content: Json, *, token: int | None = None) -> Event | None:
        """Let the bot know, if it wants to hear of this kind. `token` is the message that a receipt is about."""
        self._world.changes.notify()
        webhook = chat.bot.webhook
        if webhook is None or kind not in webhook.events:
            return None
        token = self._world.next_token() if token is None else token
        body: Json = {"event": kind, "timestamp": self._world.now_ms, "chat_hostname": HOSTNAME, "message_token": token}
        event = Event(kind, chat.user_id, token, encode({**body, **content}), self._world.clock())
        self.add(chat.bot, event)
        return event

    def add(self, bot: Bot, event: Event) -> None:
        """Post an event, new or once more."""
        if event.kind in self._held:
            self._held[event.kind].append((bot, event))
            return
        event.copies = 2 if self.twice else 1
        key = (bot.token, event.user_id)
        line = self._lines.setdefault(key, _Line())
        line.events.append(event)
        if line.task is None:
            line.task = asyncio.get_running_loop().create_task(self._run(bot, key, line))

    def hold(self, kind: str) -> None:
        """Keep the events of this kind back."""
        self._held.setdefault(kind, [])

    def release(self, kind: str) -> None:
        """Let them go."""
        for bot, event in self._held.pop(kind, []):
            self.add(bot, event)

    async def probe(self, bot: Bot, url: str) -> str:
        """Ask a URL whether it will take callbacks. Returns what is wrong with it, or ""."""
        token = self._world.next_token()
        content = {
            "event": "webhook",
            "timestamp": self._world.now_ms,
            "chat_hostname": HOSTNAME,
            "message_token": token,
        }
        status, _, problem = await self._post(bot, url, encode(content))
        self.attempts.append(Attempt("webhook", token, status, None))
        return problem

    @property
    def idle(self) -> bool:
        """Whether no request is under way: everything is taken, held back, gone, or waits for its next try."""
        return all(line.task is None for line in self._lines.values()) and all(
            retry.pause is not None and not retry.pause.is_set() for retry in self._retries
        )

    async def redeliver(self, limit: float) -> None:
        """Try again at once whatever waits for its next try; return when each was tried or is gone."""
        waiting = {retry: retry.tries for retry in self._retries if retry.pause is not None}
        for retry in waiting:
            assert retry.pause is not None
            retry.pause.set()
        await self._world.changes.wait_for(
            lambda: all(retry.tries > tries or retry.over for retry, tries in waiting.items()), limit
        )

    async def close(self) -> None:
        """Stop delivering."""
        workers: list[_Line | _Retry] = [*self._lines.values(), *self._retries]
        tasks = [worker.task for worker in workers if worker.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lines.clear()
        self._retries.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _run(self, bot: Bot, key: tuple[str, str], line: _Line) -> None:
        try:
            while line.events:
                event = line.events.popleft()
                if not await self._attempt(bot, event, PAUSES[0]):
                    retry = _Retry()
                    self._retries.add(retry)
                    retry.task = asyncio.get_running_loop().create_task(self._again(bot, event, retry))
                    retry.pause = asyncio.Event()  # before its task runs: nobody shall find us idle in between
        finally:
            line.task = None
            if not line.events:
                self._lines.pop(key, None)
            self._world.changes.notify()

    async def _again(self, bot: Bot, event: Event, retry: _Retry) -> None:
        try:
            for number, seconds in enumerate(PAUSES, 1):
                retry.pause = retry.pause or asyncio.Event()
                self._world.changes.notify()
                try:
                    async with asyncio.timeout(seconds):
                        await retry.pause.wait()
                except TimeoutError:
                    pass
                retry.pause = None
                if self._world.clock() - event.at >= HOUR:
                    return
                taken = await self._attempt(bot, event, PAUSES[number] if number < len(PAUSES) else None)
                retry.tries += 1
                if taken:
                    return
        finally:
            retry.over = True
            self._retries.discard(retry)
            self._world.changes.notify()

    async def _attempt(self, bot: Bot, event: Event, next_pause: float | None) -> bool:
        """Post once, or twice where everything comes twice. Returns whether it needs no further try."""
        while event.copies:
            if bot.webhook is None:
                return True
            status, reply, problem = await self._post(bot, bot.webhook.url, event.body)
            self.attempts.append(Attempt(event.kind, event.message_token, status, next_pause if problem else None))
            if problem:
                return False
            event.copies -= 1
            if event.kind == "conversation_started" and reply:
                self._welcome(bot, event, reply)
        return True

    async def _post(self, bot: Bot, url: str, body: bytes) -> tuple[int, bytes, str]:
        """Returns the HTTP status (0: none came), the reply, and what went wrong ("": nothing)."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
            )
        headers = {"Content-Type": "application/json", "X-Viber-Content-Signature": sign(bot.token, body)}
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False, timeout=self._timeout
            ) as response:
                reply = await response.read()
        except TimeoutError:
            return 0, b"", "Result code: timeout"
        except (aiohttp.ClientError, ValueError):  # ValueError: an address that no socket takes
            return 0, b"", "Result code: no connection"
        return response.status, reply, "" if response.status == 200 else f"Result code: hc:{response.status}"


def encode(content: Json) -> bytes:
    """The bytes that are signed and sent; whoever writes the same JSON anew gets others."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def sign(token: str, body: bytes) -> str:
    """The value of `X-Viber-Content-Signature`: HMAC-SHA256 of the raw body under the token, in lower-case hex."""
    return hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
