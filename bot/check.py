"""`tapfive check`: what is wrong with a set-up, each finding with a stable id and a hint. Nothing here raises."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.account_checks import Finding, check_channel, check_desk
from bot.assembly import make_channels, make_desks, make_store
from bot.clock import now
from bot.destinations import cannot_tell
from bot.logs import configure_logging, redact_text
from bot.oidc import Provider, SignInRefused
from bot.settings import Settings, SettingsError, load_settings
from channels.base import Mode
from net.errors import DeliveryError
from net.guard import Guard
from net.http import HttpClient
from ratings.reports.summary import counts_equal_rows
from ratings.store.migrate import DatabaseTooNew, MigrationState, migration_state
from ratings.store.reach import OutOfReach, reaching, sqlite_file
from ratings.store.store import Store
from ratings.store.surveys import load_surveys
from ratings.survey import Survey

TIMEOUT = 5.0
_OK = 200
_LOCAL = ("localhost", "127.0.0.1", "::1")

IDS = {
    "config": "whether the settings can be read, and what is wrong with them",
    "store.unreachable": "the database cannot be opened, and why",
    "store.migrations": "whether the database is at the revision that this version wants",
    "redis.unreachable": "Redis is configured and does not answer",
    "oidc.provider": "whether the provider that people sign in at is the one that is set, and has keys",
    "alerts.destination": "whether everybody that a survey wants to be told of bad ratings can be told",
    "reports.counted": "whether the days that reports are read from are counted, and equal a count over all rows",
    "channels.none": "no channel account is configured, so nobody can be asked",
    "channels.failed": "an account cannot be used, or did not answer in time",
    "desks.failed": "a desk cannot be used, or did not answer in time",
    "public_url.missing": "whether there is an address for hooks, where an account needs one",
    "public_url.links": "whether there is an address that links lead to, where an account sends links",
    "public_url.https": "whether that address is https",
    "public_url.reachable": "whether `/healthz` behind that address is answered by a Tapfive",
}
"""Every id of this module; those of an account's kind are on the kind's page."""


async def check(config: Path | None) -> list[Finding]:
    """Look at everything. Settings that cannot be read are the only finding: all else depends on them."""
    try:
        settings = load_settings(config)
    except SettingsError as error:
        return [Finding("config", "error", line) for line in error.lines]
    configure_logging("error", settings.log.format)
    return await check_settings(settings)


async def check_settings(settings: Settings) -> list[Finding]:
    """Look at everything that valid settings lead to."""
    secrets = len(settings.server.secret)
    text = f"the settings are valid: {_count(len(settings.channels), 'channel account')}, "
    text += f"{_count(len(settings.desks), 'desk')}, {_count(secrets, 'secret')}"
    parts = await asyncio.gather(
        asyncio.to_thread(_store, settings), _redis(settings), _public_url(settings), _oidc(settings)
    )
    # After the others: what an account imports can keep a busy machine for seconds, in which their clocks would run.
    channels = await _channels(settings)
    desks = await _desks(settings)
    return [Finding("config", "ok", text), *(finding for part in parts for finding in part), *channels, *desks]


def _store(settings: Settings) -> list[Finding]:
    url = settings.store.url.get_secret_value()
    try:
        with reaching():
            path = sqlite_file(url)
            if path is not None and not path.exists():  # looking at it would make it
                return [_no_file_yet(path)]
            state = migration_state(url)
            contents = _contents(settings) if state.up_to_date else []
    except OutOfReach as error:
        hint = "see [store] url, and whether the database runs"
        return [Finding("store.unreachable", "error", redact_text(str(error)), hint)]
    except DatabaseTooNew as error:
        return [Finding("store.migrations", "error", str(error))]
    if not state.up_to_date:
        return [_not_migrated(sqlite=path is not None, state=state)]
    return [Finding("store.migrations", "ok", f"the database is at revision {state.current}"), *contents]


def _contents(settings: Settings) -> list[Finding]:
    """Look at what a database holds that is up to date."""
    store = make_store(settings)
    try:
        return [*_alerts(settings, store.read_now(load_surveys)), _counts(store)]
    finally:
        store.stop()


def _alerts(settings: Settings, surveys: Sequence[Survey]) -> list[Finding]:
    """Look at whom surveys want to be told of bad ratings. Destinations are addresses of people: only their accounts are named."""
    guard = Guard(allow_private=settings.server.allow_private_hooks)
    findings = []
    for survey in surveys:
        for destination in survey.alerts.to:
            problem = cannot_tell(destination, settings.channels, guard)
            if problem:
                text, hint = f"survey {survey.id} has alerts for {problem}", "they wait; see alerts.to of the survey"
                findings.append(Finding("alerts.destination", "error", text, hint))
    return findings


def _counts(store: Store) -> Finding:
    """Compare the counts of days with the rows. A process of an older version that ran on after an upgrade counted nothing."""
    found = "reports.counted"
    try:
        with reaching():
            equal = store.read_now(counts_equal_rows)
    except OutOfReach:
        return Finding(found, "warning", "the rows could not be counted in time", "look again when there is less to do")
    if equal is None:
        return Finding(
            found, "ok", "days wait to be counted: the service does it, and reports count row by row meanwhile"
        )
    if not equal:
        return Finding(
            found, "error", "the days of reports do not equal a count over all rows", "run `tapfive recount`"
        )
    return Finding(found, "ok", "the days of reports equal a count over all rows")


def _no_file_yet(path: Path) -> Finding:
    folder = path.absolute().parent
    if folder.is_dir():
        return _not_migrated(sqlite=True, state=None)
    return Finding("store.unreachable", "error", f"there is no folder {folder}", "make it, or change [store] url")


def _not_migrated(*, sqlite: bool, state: MigrationState | None) -> Finding:
    current = state.current if state else None
    text = (
        f"the database is at revision {current}, wanted is {state.wanted}"
        if state and current
        else "the database is empty"
    )
    if sqlite:
        return Finding("store.migrations", "warning", text, "`tapfive serve` and `tapfive migrate` bring it up to date")
    return Finding("store.migrations", "error", text, "run `tapfive migrate`")


async def _redis(settings: Settings) -> list[Finding]:
    url = settings.redis.url.get_secret_value()
    if not url:
        return []
    try:
        client = Redis.from_url(url, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT)
        try:
            await client.ping()
        finally:
            await client.aclose()
    except (RedisError, OSError, ValueError) as error:
        hint = "see [redis] url; without it workers look for work once a second"
        return [Finding("redis.unreachable", "error", f"Redis does not answer ({type(error).__name__})", hint)]
    return []


async def _oidc(settings: Settings) -> list[Finding]:
    if not settings.oidc.issuer:
        return []
    try:
        await Provider(settings, now).look()
    except SignInRefused as refused:
        text = f"nobody can sign in by OpenID Connect: {refused.kind.value} ({refused.detail})"
        hint = "see [oidc] issuer: it is written as the provider writes it"
        return [Finding("oidc.provider", "error", text, hint)]
    return [Finding("oidc.provider", "ok", "the provider of OpenID Connect answers, and is the one that is set")]


# --- the address that platforms know us by -----------------------------------------------------------------------


async def _public_url(settings: Settings) -> list[Finding]:
    url = settings.server.public_url
    waiting = sorted(name for name, config in settings.channels.items() if config.mode is Mode.WEBHOOK)
    if not url:
        if not waiting:
            return [Finding("public_url.missing", "ok", "no account needs an address for hooks")]
        hint = "set [server] public_url, or mode = polling where there is no public address"
        return [Finding("public_url.missing", "error", f"no webhook can be installed for {', '.join(waiting)}", hint)]
    parts = urlsplit(url)
    findings = []
    if parts.scheme == "https":
        findings.append(Finding("public_url.https", "ok", "the address is https"))
    else:
        local = parts.hostname in _LOCAL
        text = f"the address is http{', on this machine' if local else ''}: messengers deliver to https alone"
        findings.append(Finding("public_url.https", "warning", text, "put a proxy with a certificate before it"))
    findings.append(await _reachable(url, parts.hostname or ""))
    return findings


async def _reachable(url: str, host: str) -> Finding:
    found = "public_url.reachable"
    try:
        async with HttpClient(connections=1) as client:
            answer = await client.request("GET", f"{url}/healthz", timeout=TIMEOUT)
    except DeliveryError as error:
        hint = "is `tapfive serve` running? If it is, see DNS, firewall and proxy"
        return Finding(found, "error", error.text, hint)
    try:
        told = json.loads(answer.body)
        version = told["version"] if answer.status == _OK and told["status"] == "ok" else None
    except (ValueError, TypeError, KeyError):
        version = None
    if version is None:
        hint = "the proxy must pass every path below the address on, unchanged"
        return Finding(found, "error", f"{host} answers /healthz with {answer.status}, and is no Tapfive", hint)
    return Finding(found, "ok", f"Tapfive {redact_text(str(version))[:40]} answers at {host}")


# --- the accounts ------------------------------------------------------------------------------------------------


async def _channels(settings: Settings) -> list[Finding]:
    if not settings.channels:
        hint = "add a [channels.<kind>.<account>]; see config.toml"
        return [Finding("channels.none", "warning", "no channel account is configured: every closing is skipped", hint)]
    try:
        channels = make_channels(settings)
    except ValueError as error:
        return [Finding("channels.failed", "error", str(error), "see hook_secret")]
    base = settings.server.public_url
    looked = await asyncio.gather(*(check_channel(base, account, channel) for account, channel in channels.items()))
    return [finding for findings in looked for finding in findings]


# --- the desks ---------------------------------------------------------------------------------------------------


async def _desks(settings: Settings) -> list[Finding]:
    try:
        desks = make_desks(settings)
    except ValueError as error:
        return [Finding("desks.failed", "error", str(error), "see the desk's secrets")]
    base = settings.server.public_url
    looked = await asyncio.gather(*(check_desk(base, name, desk) for name, desk in desks.items()))
    return [finding for findings in looked for finding in findings]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
