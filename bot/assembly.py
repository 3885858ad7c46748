"""Putting the service together: the only module that constructs its parts."""

import asyncio
import hashlib
import hmac
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
import uvicorn

from bot import clock as system_clock
from bot.account_checks import Finding, check_channel, check_desk
from bot.alerts import AlertHooks
from bot.answers import Answers
from bot.charts.rendering import Drawing
from bot.closings import Closings
from bot.desk_outbox import DeskOutbox
from bot.desk_reports import DeskPolling, DeskReports
from bot.digests import Digests
from bot.event_delivery import EventDelivery, EventSender
from bot.metrics import Metrics
from bot.oidc import Provider
from bot.outbox import Outbox
from bot.polling import Polling
from bot.releasing import Releases
from bot.restarts import keep_running
from bot.settings import Settings
from bot.upkeep import keep_up
from bot.wake import Wake
from bot.web.api import make_api
from bot.web.api.survey_trials import Surroundings
from bot.web.app import Application, make_rest
from bot.web.desk_hooks import DeskHooks
from bot.web.hooks import Hooks, hook_path
from bot.web.live import Live
from bot.web.pages import AdminTools, Shell, page_routes
from bot.web.rate import rate_routes
from bot.web.rate.nonces import Nonces
from channels import registry
from channels.base import Channel, ChannelConfig, Mode
from desks import registry as desk_registry
from desks.base import Desk
from net.errors import DeliveryError
from net.guard import Guard
from net.http import HttpClient
from ratings.links import Timings
from ratings.store.alerts import SayAlerts
from ratings.store.closings import Installation
from ratings.store.engine import is_sqlite
from ratings.store.migrate import migrate, migration_state
from ratings.store.store import Store
from ratings.times import SECOND, Instant
from ratings.tokens import Tokens

FINISH_SECONDS = 20.0
"""How long a stop waits for the work in hand."""

INSTALL_AGAIN_SECONDS = 60.0
PAGE_SECONDS = 15.0
"""How long an account may take to look at itself while somebody waits for the page."""

_log = structlog.get_logger("tapfive.service")


class NotMigrated(Exception):
    """The PostgreSQL database is not where this program wants it."""


class WriterEnded(Exception):
    """The writer failed in a way that nobody foresaw: nothing can be stored until the process is started again."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that the service consists of."""

    settings: Settings
    store: Store
    channels: Mapping[str, Channel]
    desks: Mapping[str, Desk]
    tokens: Tokens
    metrics: Metrics
    wake: Wake
    answers: Answers
    closings: Closings
    outbox: Outbox
    polling: Polling
    desk_outbox: DeskOutbox
    desk_polling: DeskPolling
    guard: Guard
    event_sender: EventSender
    event_delivery: EventDelivery
    alert_hooks: AlertHooks
    releases: Releases
    live: Live
    drawing: Drawing
    application: Application


def hook_secrets(settings: Settings, account: str, config: ChannelConfig) -> tuple[str, ...]:
    """Return the secrets that an account's hook requests may carry: its own, or one derived from each of the server's."""
    if config.hook_secret is not None:
        return (config.hook_secret.get_secret_value(),)
    return tuple(
        hmac.digest(secret.get_secret_value().encode(), b"tapfive hook " + account.encode(), hashlib.sha256).hex()
        for secret in settings.server.secret
    )


def make_channels(settings: Settings) -> dict[str, Channel]:
    """Return the configured accounts. Only the kinds that are used are imported."""
    return {
        account: registry.load(account.partition(".")[0])(account, config, hook_secrets(settings, account, config))
        for account, config in settings.channels.items()
    }


def make_desks(settings: Settings) -> dict[str, Desk]:
    """Return the configured desks. Only the kinds that are used are imported. Raises ValueError as a desk does."""
    return {name: desk_registry.load(name.partition(".")[0])(name, config) for name, config in settings.desks.items()}


def looking_at(settings: Settings) -> Callable[[str], Awaitable[list[Finding]]]:
    """Return what lets one account or desk look at itself, by its name: by an adapter of its own, so that none in use is closed."""
    base = settings.server.public_url

    async def look(name: str) -> list[Finding]:
        kind = name.partition(".")[0]
        if name in settings.desks:
            return await check_desk(base, name, desk_registry.load(kind)(name, settings.desks[name]), PAGE_SECONDS)
        config = settings.channels[name]
        channel = registry.load(kind)(name, config, hook_secrets(settings, name, config))
        return await check_channel(base, name, channel, PAGE_SECONDS)

    return look


def link_timings(settings: Settings) -> Timings:
    """Return the `[votes]` settings that decide about links, in milliseconds."""
    votes = settings.votes
    return Timings(votes.min_age * SECOND, votes.sibling_window * SECOND, votes.settle * SECOND)


def say_alerts(settings: Settings) -> SayAlerts:
    """Return what upkeep does to tell staff of bad ratings."""
    delay = settings.votes.outcome_delay * SECOND
    return SayAlerts(delay, settings.server.timezone, frozenset(settings.channels))


def installation(settings: Settings, channels: Mapping[str, Channel], desks: Mapping[str, Desk]) -> Installation:
    """Return what the settings say that decisions depend on."""
    windows = {
        account: channel.capabilities.window
        for account, channel in channels.items()
        if channel.capabilities.window is not None
    }
    writing = frozenset(name for name, desk in desks.items() if desk.writes)
    return Installation(windows=windows, writing=writing, timezone=settings.server.timezone)


def make_store(settings: Settings, clock: Callable[[], Instant] = system_clock.now) -> Store:
    """Return the store for a command that needs nothing else; not started."""
    return Store(settings.store.url.get_secret_value(), clock)


def prepare_store(settings: Settings) -> None:
    """Migrate on SQLite; on PostgreSQL, where other processes may be running, only look. Raises NotMigrated, DatabaseTooNew."""
    url = settings.store.url.get_secret_value()
    if is_sqlite(url):
        migrate(url)
        return
    state = migration_state(url)
    if not state.up_to_date:
        raise NotMigrated(
            f"the database is at revision {state.current or 'none'}, wanted is {state.wanted}: run `tapfive migrate`"
        )


def assemble(settings: Settings, clock: Callable[[], Instant] = system_clock.now) -> Parts:
    """Construct the service. Opens no connection yet."""
    metrics = Metrics()
    wake = Wake(settings.redis.url.get_secret_value())
    store = Store(
        settings.store.url.get_secret_value(),
        clock,
        max_waiting=settings.store.queue_limit,
        on_commit=wake.hint,
        on_batch=metrics.committed,
    )
    channels = make_channels(settings)
    desks = make_desks(settings)
    secrets = [secret.get_secret_value().encode() for secret in settings.server.secret]
    tokens = Tokens(secrets)
    answers = Answers(store.writer, tokens, metrics, clock)
    by_links = frozenset(name for name, channel in channels.items() if channel.capabilities.choices == "links")
    guard = Guard(allow_private=settings.server.allow_private_hooks)
    around = Surroundings(channels, installation(settings, channels, desks), settings.server.public_url, guard)
    closings = Closings(store.writer, frozenset(channels), metrics, by_links, around.installation)
    reports = DeskReports(store.writer, closings, metrics)
    polled = {account: channel for account, channel in channels.items() if channel.config.mode is Mode.POLLING}
    event_sender = EventSender(HttpClient(guard=guard), clock)
    api = make_api(store, closings, tokens, settings, clock, event_sender, guard, around)
    shell = Shell(store, settings, clock)
    provider = Provider(settings, clock) if settings.oidc.issuer else None
    tools = AdminTools(settings, event_sender, guard, looking_at(settings))
    live = Live(store)
    drawing = Drawing()
    digests = Digests(store, drawing, settings.server.timezone, settings.server.public_url, clock)
    for_customers = rate_routes(
        store,
        tokens,
        Nonces(secrets),
        link_timings(settings),
        clock,
        max_body=settings.server.max_body,
        base=urlsplit(settings.server.public_url).path,
    )
    pages = page_routes(shell, around, live, drawing, provider, tools)
    return Parts(
        settings=settings,
        store=store,
        channels=channels,
        desks=desks,
        tokens=tokens,
        metrics=metrics,
        wake=wake,
        answers=answers,
        closings=closings,
        outbox=Outbox(
            store.writer,
            channels,
            tokens,
            wake,
            metrics,
            clock,
            settings.server.public_url,
            settings.server.timezone,
            digests.tell,
        ),
        polling=Polling(store, answers, polled),
        desk_outbox=DeskOutbox(store.writer, desks, wake, metrics, clock, settings.votes.outcome_delay * SECOND),
        desk_polling=DeskPolling(store, reports, desks),
        guard=guard,
        event_sender=event_sender,
        event_delivery=EventDelivery(store, event_sender, clock),
        alert_hooks=AlertHooks(store.writer, event_sender, secrets, wake, clock),
        releases=Releases(store, ZoneInfo(settings.server.timezone), clock),
        live=live,
        drawing=drawing,
        application=Application(
            Hooks(channels, answers, metrics, settings.server.max_body),
            DeskHooks(desks, reports, metrics, clock),
            make_rest(store, metrics, api, clock, [*for_customers, *pages], shell.nowhere),
        ),
    )


@asynccontextmanager
async def running(parts: Parts, *, work: bool) -> AsyncIterator[None]:
    """Run everything but the web server: writer, and with `work` the outbox, pollers and upkeep. Leaving finishes the work in hand."""
    parts.store.start()
    await parts.wake.start()
    tasks = [asyncio.create_task(_install(parts))]
    outbox = []
    deliveries = []
    if work:
        tasks += [
            asyncio.create_task(parts.polling.run()),
            asyncio.create_task(parts.desk_polling.run()),
            asyncio.create_task(keep_running("releases", parts.releases.run)),
            asyncio.create_task(
                keep_up(
                    parts.store.writer,
                    link_timings(parts.settings),
                    say_alerts(parts.settings),
                    parts.settings.server.timezone,
                )
            ),
        ]
        outbox = [asyncio.create_task(parts.outbox.run()), asyncio.create_task(parts.desk_outbox.run())]
        deliveries = [asyncio.create_task(parts.event_delivery.run()), asyncio.create_task(parts.alert_hooks.run())]
    try:
        yield
    finally:
        await parts.live.stop()
        await _cancel(tasks)
        finishing = (parts.outbox, parts.desk_outbox, parts.event_delivery, parts.alert_hooks)
        await asyncio.gather(*(each.finish(FINISH_SECONDS) for each in finishing))
        await parts.event_sender.close()
        await _cancel([*outbox, *deliveries])  # has ended by itself, but where the store hangs
        await parts.answers.finish(FINISH_SECONDS)
        for channel in parts.channels.values():
            await channel.close()
        for desk in parts.desks.values():
            await desk.close()
        await parts.drawing.close()
        await parts.wake.stop()
        parts.store.stop()


@asynccontextmanager
async def listening(parts: Parts, sockets: list[socket.socket]) -> AsyncIterator[None]:
    """Answer HTTP on sockets that are bound already. Leaving answers what has begun."""
    config = uvicorn.Config(
        parts.application,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here depends on who the client is
        timeout_graceful_shutdown=int(FINISH_SECONDS),
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=sockets))
    try:
        yield
    finally:
        await parts.live.stop()  # pages that listen would keep the server until its patience ends
        server.should_exit = True
        await task


async def serve(parts: Parts, sockets: list[socket.socket] | None, *, work: bool, on_ready: Callable[[], None]) -> None:
    """Run the service until SIGTERM or SIGINT. Without `sockets` it only works (no web).

    Raises WriterEnded, after everything else is put away: whoever started the process has to start it again.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(parts, work=work))
        if sockets is not None:
            await stack.enter_async_context(listening(parts, sockets))
        on_ready()
        stopped = asyncio.create_task(stopping.wait())
        ended = asyncio.wrap_future(parts.store.writer.ended)
        either: set[asyncio.Future[Any]] = {stopped, ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.cancel():
            raise WriterEnded


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling: it would end the process before the store is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _install(parts: Parts) -> None:
    """Point the platforms' webhooks at us, or away from us where we poll."""
    base = parts.settings.server.public_url
    wanted = {
        account: channel
        for account, channel in parts.channels.items()
        if channel.config.mode is Mode.WEBHOOK or (channel.config.mode is Mode.POLLING and base)
    }
    if wanted and not base:
        _log.warning("no webhook is installed: [server] public_url is empty", accounts=sorted(wanted))
        return
    async with asyncio.TaskGroup() as group:
        for account, channel in wanted.items():
            point = partial(_point, channel, base + hook_path(account))
            group.create_task(keep_running(f"webhook {account}", point))


async def _point(channel: Channel, url: str) -> None:
    """Set or remove one webhook. A platform that is away is asked again; a refusal is for a person to solve."""
    hooked = channel.config.mode is Mode.WEBHOOK
    account = channel.account
    while True:
        try:
            await (channel.install(url) if hooked else channel.uninstall(url))
        except DeliveryError as error:
            _log.error("the webhook was not set", account=account, code=error.code, problem=error.text)
            if not error.again:
                return
        else:
            _log.info("the webhook is installed" if hooked else "no webhook of ours is installed", account=account)
            return
        await asyncio.sleep(INSTALL_AGAIN_SECONDS)
