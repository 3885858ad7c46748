"""Delivery by webhook: one request at a time per queue, the same update again until it is taken.

Rules: tdlib/telegram-bot-api, WebhookActor.cpp. A 2xx is "taken"; anything else, a closed connection or silence is
a failure, repeated after 1 s, doubling to 60 s, or after what a `Retry-After` of the receiver says (at most an
hour). A reply may carry a method call, which is carried out and whose result nobody learns.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp

from .parameters import Parameters, parse_body
from .refusals import RefusedError
from .state import Bot, Webhook, World
from .updates import Family, Update

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
LONGEST_RETRY_AFTER = 3600.0
GONE_REMOVES_AFTER = 23 * 3600  # seconds of 410 after which the webhook is removed

Perform = Callable[[Bot, Parameters], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery. `status` is 0 where no answer came, `again_in` the pause before the next try (None: taken)."""

    update_id: int
    kind: str
    status: int
    again_in: float | None


@dataclass(slots=True, eq=False)
class _Line:
    """What waits one after another."""

    bot: Bot
    key: tuple[int, tuple[Family, int]]
    updates: deque[Update] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    pause: asyncio.Event | None = None  # set to end the wait for the next try
    delay: float = FIRST_DELAY
    tries: int = 0

    @property
    def family(self) -> Family:
        return self.key[1][0]


class Delivery:
    """Posts the updates of all bots that have a webhook."""

    def __init__(self, world: World, perform: Perform, *, timeout: float, keep_log: int | None) -> None:
        self.attempts: deque[Attempt] = deque(maxlen=keep_log)
        self.twice = False
        self._world = world
        self._perform = perform
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._lines: dict[tuple[int, tuple[Family, int]], _Line] = {}
        self._session: aiohttp.ClientSession | None = None
        self._slots: dict[tuple[int, int], asyncio.Semaphore] = {}
        self._gone_since: dict[int, float] = {}

    def add(self, bot: Bot, update: Update) -> None:
        """Put an update in its line."""
        update.copies = 2 if self.twice else 1
        key = (bot.bot_id, update.queue)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(bot, key)
        line.updates.append(update)
        self._start(line)

    def resume(self, bot: Bot, *, at_once: bool = False) -> None:
        """Put everything that waits for `bot` in its lines, and start them: it has a webhook now, or a queue was let go.

        `at_once` also ends the waits for a next try, as another webhook does; setting the same one again does not.
        """
        lined = {update for line in self._lines.values() if line.bot is bot for update in line.updates}
        for update in list(bot.inbox.pending.values()):
            if update not in lined:
                self.add(bot, update)
        for line in list(self._lines.values()):
            if line.bot is bot:
                self._start(line)
                if at_once and line.pause is not None:
                    line.delay = FIRST_DELAY
                    line.pause.set()

    def again(self, bot: Bot, update: Update) -> None:
        """Deliver an update that was taken already once more."""
        bot.inbox.pending[update.update_id] = update
        self.add(bot, update)

    @property
    def idle(self) -> bool:
        """Whether no request is under way: everything is taken, held back, or waits for its next try."""
        return all(
            line.task is None or (line.pause is not None and not line.pause.is_set()) for line in self._lines.values()
        )

    async def redeliver(self, limit: float) -> None:
        """Try again at once whatever waits for its next try; return when each was tried."""
        waiting = {line: line.tries for line in self._lines.values() if line.pause is not None}
        for line in waiting:
            assert line.pause is not None
            line.pause.set()
        await self._world.changes.wait_for(
            lambda: all(line.tries > tries or line.task is None for line, tries in waiting.items()), limit
        )

    async def close(self) -> None:
        """Stop delivering."""
        tasks = [line.task for line in self._lines.values() if line.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lines.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _start(self, line: _Line) -> None:
        if line.task is None and line.bot.webhook is not None and line.family not in line.bot.inbox.held:
            line.task = asyncio.get_running_loop().create_task(self._run(line))

    async def _run(self, line: _Line) -> None:
        bot = line.bot
        try:
            while line.updates and line.family not in bot.inbox.held:
                webhook = bot.webhook
                if webhook is None:
                    break
                update = line.updates[0]
                if not bot.inbox.alive(update):
                    line.updates.popleft()
                    continue
                again_in = await self._attempt(line, webhook, update)
                if again_in is None:
                    update.copies -= 1
                    line.delay = FIRST_DELAY
                    if update.copies == 0:
                        line.updates.popleft()
                        bot.inbox.pending.pop(update.update_id, None)
                    self._world.changes.notify()
                else:
                    await self._wait(line, again_in)
        finally:
            line.task = None
            if not line.updates:
                self._lines.pop(line.key, None)
            self._world.changes.notify()

    async def _wait(self, line: _Line, seconds: float) -> None:
        line.pause = asyncio.Event()
        self._world.changes.notify()
        try:
            async with asyncio.timeout(seconds):
                await line.pause.wait()
        except TimeoutError:
            pass
        finally:
            line.pause = None

    async def _attempt(self, line: _Line, webhook: Webhook, update: Update) -> float | None:
        """Post once. Returns None when it was taken, else the seconds until the next try."""
        bot = line.bot
        slot = self._slots.setdefault((bot.bot_id, webhook.max_connections), asyncio.Semaphore(webhook.max_connections))
        async with slot:
            status, problem, retry_after = await self._post(bot, webhook, update)
        line.tries += 1
        again_in: float | None = None
        if problem:
            bot.last_error_at, bot.last_error = int(self._world.clock()), problem
            again_in = line.delay if retry_after is None else min(retry_after, LONGEST_RETRY_AFTER)
            line.delay = min(line.delay * 2, LONGEST_DELAY)
        self._note_gone(bot, status)
        self.attempts.append(Attempt(update.update_id, update.kind, status, again_in))
        return again_in

    async def _post(self, bot: Bot, webhook: Webhook, update: Update) -> tuple[int, str, float | None]:
        """Returns the status (0: none came), what went wrong ("": nothing), and the receiver's Retry-After."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        headers = {"Content-Type": "application/json"}
        if webhook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret_token
        try:
            async with self._session.post(
                webhook.url,
                data=json.dumps(update.body).encode(),
                headers=headers,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                body = await response.read()
        except TimeoutError:
            return 0, "Read timeout expired", None
        except aiohttp.ClientConnectorError:
            return 0, "Connection refused", None
        except aiohttp.ClientError:
            return 0, "Connection closed by the webhook", None
        if 200 <= response.status < 300:
            if body:
                await self._carry_out(bot, body, response.content_type)
            return response.status, "", None
        retry_after = response.headers.get("Retry-After", "")
        return (
            response.status,
            f"Wrong response from the webhook: {response.status} {response.reason or ''}".strip(),
            float(retry_after) if retry_after.isdecimal() else None,
        )

    async def _carry_out(self, bot: Bot, body: bytes, content_type: str) -> None:
        try:
            parameters = parse_body(body, content_type)
        except RefusedError:
            return
        if isinstance(parameters.get("method"), str):
            await self._perform(bot, parameters)

    def _note_gone(self, bot: Bot, status: int) -> None:
        if status != 410:
            self._gone_since.pop(bot.bot_id, None)
            return
        now = self._world.clock()
        if now - self._gone_since.setdefault(bot.bot_id, now) > GONE_REMOVES_AFTER:
            bot.webhook = None
