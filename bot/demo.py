"""The demo: service, stand-in of Telegram and customers in one process, over loopback, with a store that is thrown away.

Everything goes the way it goes in earnest: tickets over the HTTP API, prompts and taps over the Bot API, a config.toml that
the other commands can be pointed at. Only the messenger is a stand-in.
"""

import asyncio
import json
import os
import secrets
import shlex
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import tomli_w
import typer

from bot import assembly, clock
from bot.cli.common import console, print_table
from bot.demo_players import Players
from bot.demo_story import ACCOUNT, ANNA, PEOPLE, SCENES, SKIP_RULE, Scene
from bot.logs import configure_logging, redact_text
from bot.running import CannotListen, listen, url_of
from bot.settings import Settings, SettingsError, load_settings
from net.errors import DeliveryError
from net.http import HttpClient, raise_for_status
from ratings.conditions import parse_condition
from ratings.reports.filters import Filters
from ratings.reports.lists import list_invitations, list_ratings
from ratings.store.keys import CreateKey, Scope, new_key
from ratings.store.migrate import DatabaseTooNew, migrate
from ratings.store.reach import OutOfReach, reaching
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.texts import reason_text
from ratings.times import format_instant
from sandbox.telegram import TelegramSandbox

HOST = "127.0.0.1"
PORT, PHONES_PORT = 8000, 8001
DEADLINE = 60.0
"""Seconds that `--once` may take for all that the customers do and for what must be stored."""

LOOK_AGAIN = 0.05
Item = dict[str, Any]


class Unusable(Exception):
    """The demo cannot use what it was given. The text says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. `port` None: 8000 or a free one; `store` None: a throw-away SQLite."""

    port: int | None = None
    once: bool = False
    mode: str = "webhook"
    store: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the service answered to a ticket that was closed."""

    scene: Scene
    invitation: int
    decision: str
    reason: str | None


async def demonstrate(options: Options) -> int:
    """Run the demo until SIGINT or SIGTERM, or `once`; return the exit code. Raises CannotListen, Unusable."""
    configure_logging("warning", "auto")
    with tempfile.TemporaryDirectory(prefix="tapfive-demo-") as folder:
        listener = _listen(options)
        sandbox = TelegramSandbox(keep_log=100)
        await sandbox.start(HOST, 0 if options.once else _free(PHONES_PORT))
        try:
            return await _Demo(options, sandbox, listener, Path(folder)).run()
        finally:
            listener.close()
            await sandbox.stop()


class _Demo:
    def __init__(self, options: Options, sandbox: TelegramSandbox, listener: socket.socket, folder: Path) -> None:
        self.options = options
        self.sandbox = sandbox
        self.listener = listener
        self.url = url_of(listener)
        self.config = folder / "config.toml"
        self.settings = _write_settings(options, sandbox, self.url, self.config)
        self.parts = assembly.assemble(self.settings)
        self.ready = asyncio.Event()

    @property
    def store(self) -> Store:
        return self.parts.store

    async def run(self) -> int:
        for person in PEOPLE:
            self.sandbox.add_customer(person.user_id, person.name, person.language)
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
                await self._set_rule()
                decisions = await self._close_tickets(key)
                if self.options.once:
                    await Players(self.sandbox, DEADLINE).play(SCENES)
                    return await self._compare(decisions)
            self._explain(key, decisions)
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
        await self.store.writer.do(CreateKey(key_id, name, Scope.ADMIN, key_hash))
        return key

    async def _set_rule(self) -> None:
        surveys = {survey.id: survey for survey in await self.store.read(load_surveys)}
        survey = replace(surveys["default"], skip_when=parse_condition(SKIP_RULE, "/skip_when"))
        await self.store.writer.do(SaveSurvey(survey, None, "demo"))

    async def _close_tickets(self, key: str) -> list[Decision]:
        decisions = []
        async with HttpClient(connections=1) as client:
            for scene in SCENES:
                answer = await client.request(
                    "POST",
                    f"{self.url}/api/v1/tickets/closed",
                    json=scene.closed(format_instant(clock.now())),
                    headers={"Authorization": f"Bearer {key}"},
                )
                raise_for_status(answer)
                told = msgspec.json.decode(answer.body)
                decisions.append(Decision(scene, told["invitation"], told["decision"], told["reason"]))
        return decisions

    # --- afterwards

    async def _compare(self, decisions: Sequence[Decision]) -> int:
        """Wait until what was tapped is stored; print what is, as a table and as one line of JSON."""
        expected = {
            decision.invitation: (decision.scene.taps[-1], decision.scene.comment)
            for decision in decisions
            if decision.scene.taps
        }
        ids = {decision.invitation for decision in decisions}
        found: list[Item] = []
        same = False
        try:
            async with asyncio.timeout(DEADLINE / 2):
                while not same:
                    found = [item for item in await self._ratings() if item["id"] in ids]
                    same = {item["id"]: (item["value"], item["comment"]) for item in found} == expected
                    if not same:
                        await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError:
            typer.echo("tapfive: what is stored is not what was tapped", err=True)
        invitations = [item for item in await self._invitations() if item["id"] in ids]
        asked = sum(item["asked_at"] is not None for item in invitations)
        skipped = sum(item["decision"] == "skip" for item in invitations)
        counted = same and asked == len(expected) and skipped == len(ids) - len(expected)
        self._print_stored(decisions, found)
        told = [
            {"ticket": item["ticket"]["id"], **{key: item[key] for key in ("channel", "value", "comment", "state")}}
            for item in sorted(found, key=lambda item: item["id"])
        ]
        typer.echo(json.dumps({"asked": asked, "skipped": skipped, "ratings": told}, ensure_ascii=False))
        return 0 if counted else 1

    async def _ratings(self) -> list[Item]:
        page = await self.store.read(list_ratings, Filters(), limit=100)
        return page.items

    async def _invitations(self) -> list[Item]:
        page = await self.store.read(list_invitations, Filters(), limit=100)
        return page.items

    def _print_stored(self, decisions: Sequence[Decision], found: Sequence[Item]) -> None:
        by_id = {item["id"]: item for item in found}
        rows = []
        for each in decisions:
            item: Mapping[str, Any] = by_id.get(each.invitation, {})
            state = item.get("state") or each.reason or "no rating"
            rows.append(
                [
                    each.scene.ticket,
                    each.scene.subject,
                    each.scene.channel,
                    item.get("value"),
                    item.get("comment"),
                    state,
                ]
            )
        print_table("Stored", ["ticket", "subject", "channel", "value", "comment", "state"], rows)

    def _explain(self, key: str, decisions: Sequence[Decision]) -> None:
        """Print where everything is and what to try next."""
        rows = [
            [
                each.scene.ticket,
                each.scene.person.name,
                each.scene.subject,
                each.scene.priority,
                "asked" if each.reason is None else f"not asked: {reason_text(each.reason, 'en')}",
            ]
            for each in decisions
        ]
        out = console(stderr=False)
        out.print("\nTapfive runs beside a stand-in of Telegram. Nothing leaves this machine.\n")
        for name, value in (
            ("Phones", f"{self.sandbox.url}/"),
            ("Service", f"{self.url}/"),
            ("API", f"{self.url}/api/docs"),
            ("API key", key),
        ):
            out.print(f"  {name:<9}{value}", soft_wrap=True)
        out.print()
        print_table(
            "A helpdesk has just closed these tickets", ["ticket", "customer", "subject", "priority", "decision"], rows
        )
        out.print("\nTry next")
        for text, command in self._next_steps(key):
            out.print(f"\n  {text}")
            if command:
                out.print(f"    {command}", soft_wrap=True)
        out.print("\nCtrl-C ends both; the data are thrown away.\n")

    def _next_steps(self, key: str) -> list[tuple[str, str]]:
        tapfive = f"{shlex.quote(_python())} -m bot"
        config = f"--config {shlex.quote(str(self.config))}"
        ticket = {
            "id": "T-201",
            "subject": "Где мой заказ",
            "customer": {"name": ANNA.name, "language": ANNA.language},
            "address": {"channel": ACCOUNT, "id": str(ANNA.user_id)},
        }
        body = json.dumps(ticket, ensure_ascii=False)[:-1] + ', "closed_at": "\'$(date -u +%Y-%m-%dT%H:%M:%SZ)\'"}'
        authorization = f"-H 'Authorization: Bearer {key}'"
        return [
            ("Open the phones, tap an emoji, then write a few words.", ""),
            ("See what is stored:", f"{tapfive} ratings list {config}"),
            ("The same by the API:", f"curl -s {authorization} {self.url}/api/v1/ratings"),
            (
                f"Close another ticket of {ANNA.name}'s (send it twice: the second is answered as the first):",
                f"curl -s {authorization} -H 'Content-Type: application/json' {self.url}/api/v1/tickets/closed -d '{body}'",
            ),
            ("Stop asking (`survey on default` starts again):", f"{tapfive} survey off default {config}"),
        ]


# --- making the set-up -------------------------------------------------------------------------------------------


def _write_settings(options: Options, sandbox: TelegramSandbox, url: str, config: Path) -> Settings:
    """Write a config.toml with its secrets beside it, prepare the store, and read the settings back."""
    folder = config.parent
    token = f"{secrets.randbelow(10**9) + 10**8}:{secrets.token_urlsafe(26)}"
    sandbox.add_bot(token, "tapfive_demo_bot", "Tapfive demo")
    store = options.store or f"sqlite:///{folder / 'tapfive.db'}"
    for name, secret in (("secret", secrets.token_hex(32)), ("token", token), ("store", store)):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(secret, encoding="utf-8")
    kind, _, account = ACCOUNT.partition(".")
    values = {
        "server": {"host": HOST, "port": int(url.rpartition(":")[2]), "public_url": url, "secret": "file:secret"},
        "store": {"url": "file:store"},
        "log": {"level": "warning"},
        "channels": {kind: {account: {"token": "file:token", "mode": options.mode, "api_url": sandbox.url}}},
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


def _python() -> str:
    """Return how this Python is called from here, the short way where there is one."""
    relative = os.path.relpath(sys.executable)
    return sys.executable if relative.startswith("..") else relative


def _why(error: Exception) -> str:
    if isinstance(error, ExceptionGroup):
        return "; ".join(dict.fromkeys(_why(one) for one in error.exceptions if isinstance(one, Exception)))
    return str(error) or "something expected did not happen in time"
