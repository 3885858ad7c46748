"""Running the demo from end to end: the only module of it that knows all others."""

import asyncio
import secrets
import signal
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import tomli_w
import typer

from bot import assembly, clock
from bot.demo.history import prepare
from bot.demo.places import DEADLINE, LOOK_AGAIN
from bot.demo.result import (
    Decision,
    Stored,
    is_as_played,
    is_refuted,
    print_line,
    print_scanned,
    print_stored,
    read_scanned,
    read_stored,
)
from bot.demo.story import PEOPLE, SCENES, SKIP_RULE
from bot.demo.telling import Places, explain
from bot.demo.world import World
from bot.logs import configure_logging, redact_text
from bot.running import CannotListen, listen, url_of
from bot.settings import Settings, SettingsError, load_settings
from channels.base import Mode
from net.errors import DeliveryError, Rejected
from net.http import HttpClient, raise_for_status
from ratings.conditions import parse_condition
from ratings.store.keys import CreateKey, Scope, new_key
from ratings.store.migrate import DatabaseTooNew, migrate
from ratings.store.positions import load_position
from ratings.store.reach import OutOfReach, reaching
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.times import format_instant

HOST = "127.0.0.1"
PORT, PHONES_PORT = 8000, 8001

SETTLE, SETTLE_ONCE = 20, 2
"""`[votes] settle` for a person and for `--once`: the one setting that is not as in earnest, since nobody waits 15 minutes here."""

KNOWN = 200
"""What the API answers to a closing that it knows; a new one is 202."""


class Unusable(Exception):
    """The demo cannot use what it was given. The text says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. `port` None: 8000 or a free one; `store` None: a throw-away SQLite."""

    port: int | None = None
    once: bool = False
    mode: str = "webhook"
    store: str | None = None


async def demonstrate(options: Options) -> int:
    """Run the demo until SIGINT or SIGTERM, or `once`; return the exit code. Raises CannotListen, Unusable."""
    configure_logging("warning", "auto")
    with tempfile.TemporaryDirectory(prefix="tapfive-demo-") as folder:
        listener = _listen(options)
        world = World(Mode(options.mode), PEOPLE)
        try:
            await world.start(HOST, 0 if options.once else _free(PHONES_PORT))
            return await _Demo(options, world, listener, Path(folder)).run()
        finally:
            listener.close()
            await world.stop()


class _Demo:
    def __init__(self, options: Options, world: World, listener: socket.socket, folder: Path) -> None:
        self.options = options
        self.world = world
        self.listener = listener
        self.url = url_of(listener)
        self.config = folder / "config.toml"
        self.settle = SETTLE_ONCE if options.once else SETTLE
        self.settings = _write_settings(options, world, self.url, self.config, self.settle)
        self.parts = assembly.assemble(self.settings)
        self.ready = asyncio.Event()

    @property
    def store(self) -> Store:
        return self.parts.store

    async def run(self) -> int:
        telling = asyncio.create_task(self._tell())
        try:
            await assembly.serve(self.parts, [self.listener], work=True, on_ready=self.ready.set)
        except BaseException:
            telling.cancel()
            raise
        if not telling.done():  # Ctrl-C came first
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            return 0
        return telling.result()

    async def _tell(self) -> int:
        """Close the tickets, then play the customers or leave the phones to a person. Returns the exit code."""
        await self.ready.wait()
        ends = True
        try:
            async with asyncio.timeout(DEADLINE):
                key = await self._make_key()
                sign_in = None if self.options.once else await prepare(self.store, self.settings.server.timezone)
                await self._set_rule()
                await self.world.ready(self._position)
                decisions = await self._close_tickets(key)
                if self.options.once:
                    await self.world.play(SCENES)
                    return await self._compare(decisions)
            assert sign_in is not None
            explain(Places(self.world.url, self.url, key, self.config, self.settle, sign_in), decisions)
            ends = False
        except (DeliveryError, TimeoutError, ExceptionGroup) as error:
            typer.echo(f"tapfive: the demo did not come to its end: {_why(error)}", err=True)
            return 1
        finally:
            if ends:
                signal.raise_signal(signal.SIGTERM)  # the service stops as it does for an operator
        return 0

    # --- before the customers' turn

    async def _make_key(self) -> str:
        key_id, key, key_hash = new_key()
        name = f"demo {key_id}"
        await self.store.writer.do(CreateKey(key_id, name, Scope.ADMIN, key_hash, "demo"))
        return key

    async def _set_rule(self) -> None:
        surveys = {survey.id: survey for survey in await self.store.read(load_surveys)}
        survey = replace(surveys["default"], skip_when=parse_condition(SKIP_RULE, "/skip_when"))
        await self.store.writer.do(SaveSurvey(survey, None, "demo"))

    async def _position(self, account: str) -> str | None:
        return await self.store.read(load_position, account)

    async def _close_tickets(self, key: str) -> list[Decision]:
        decisions = []
        async with HttpClient(connections=1) as client:
            for scene in SCENES:
                self.world.before(scene)
                answer = await client.request(
                    "POST",
                    f"{self.url}/api/v1/tickets/closed",
                    json=scene.closed(format_instant(clock.now()), self.world.address(scene.person)),
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=DEADLINE,  # the days of a year are being counted meanwhile
                )
                raise_for_status(answer)
                if answer.status == KNOWN:
                    raise Rejected(f"{scene.ticket} is still open from another run: give --store a new store")
                told = msgspec.json.decode(answer.body)
                decisions.append(Decision(scene, told["invitation"], told["decision"], told["reason"]))
        return decisions

    # --- afterwards

    async def _compare(self, decisions: Sequence[Decision]) -> int:
        """Wait until what was done is stored; print what is, as a table and as one line of JSON."""
        stored = Stored((), 0, 0)
        same = False
        try:
            async with asyncio.timeout(DEADLINE / 2):
                while not same:
                    stored = await read_stored(self.store, decisions)
                    same = is_as_played(stored, decisions)
                    if not same:
                        await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError:
            typer.echo("tapfive: what is stored is not what was tapped", err=True)
        scanned = await read_scanned(self.store, decisions)
        print_stored(stored, decisions)
        print_scanned(scanned)
        print_line(stored)
        return 0 if same and is_refuted(scanned) else 1


# --- making the set-up -------------------------------------------------------------------------------------------


def _write_settings(options: Options, world: World, url: str, config: Path, settle: int) -> Settings:
    """Write a config.toml with its secrets beside it, prepare the store, and read the settings back."""
    folder = config.parent

    def keep(name: str, secret: str) -> str:
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(secret, encoding="utf-8")
        return f"file:{name}"

    store = options.store or f"sqlite:///{folder / 'tapfive.db'}"
    values = {
        "server": {
            "host": HOST,
            "port": int(url.rpartition(":")[2]),
            "public_url": url,
            "secret": keep("secret", secrets.token_hex(32)),
        },
        "store": {"url": keep("store", store)},
        "log": {"level": "warning"},
        "votes": {"settle": settle},
        "channels": world.settings(keep),
    }
    config.write_text(tomli_w.dumps(values), encoding="utf-8")
    try:
        settings = load_settings(config, environ={})
    except SettingsError as error:
        raise Unusable(f"--store: {error.lines[0].partition(': ')[2]}") from None
    try:
        with reaching():
            migrate(settings.store.url.get_secret_value())
    except (OutOfReach, DatabaseTooNew) as error:
        raise Unusable(redact_text(f"--store: {error}")) from None
    return settings


def _listen(options: Options) -> socket.socket:
    if options.port is not None:
        return listen(HOST, options.port)
    return listen(HOST, 0 if options.once else _free(PORT))


def _free(port: int) -> int:
    """Return the port when it is free now, else 0."""
    try:
        listen(HOST, port).close()
    except CannotListen:
        return 0
    return port


def _why(error: Exception) -> str:
    if isinstance(error, ExceptionGroup):
        return "; ".join(dict.fromkeys(_why(one) for one in error.exceptions if isinstance(one, Exception)))
    return str(error) or "something expected did not happen in time"
