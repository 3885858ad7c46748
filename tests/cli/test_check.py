import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import create_engine, update

from bot import check
from bot.assembly import make_channels
from bot.running import listen, url_of
from bot.settings import Settings, build_settings
from channels.base import Channel
from ratings.store.schema import ratings
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey
from ratings.survey import DEFAULT_SURVEY, parse_survey
from sandbox.phones.serving import LoopbackServer
from sandbox.telegram import TelegramSandbox
from tests.cli.conftest import TOKEN, Tapfive, write_config
from tests.reports.history import fill
from tests.store.counted import keep_roll_up


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSandbox]:
    sandbox = TelegramSandbox()
    await sandbox.start()
    sandbox.add_bot(TOKEN)
    yield sandbox
    await sandbox.stop()


def files(folder: Path, pattern: str = "*") -> list[Path]:
    return list(folder.glob(pattern))


def settings_of(store: str) -> Settings:
    values = {"server": {"secret": "env:SECRET"}, "store": {"url": "env:STORE"}}
    return build_settings(values, environ={"SECRET": "s" * 40, "STORE": store})


async def levels(store: str, *, public_url: str = "", redis: str = "", **account: str) -> dict[str, str]:
    """The level of every finding; `account` are the keys of the one bot."""
    environ = {"SECRET": "s" * 40, "TOKEN": TOKEN, "STORE": store}
    channels = {"telegram": {"support": {"token": "env:TOKEN", **account}}} if account else {}
    values = {
        "server": {"secret": "env:SECRET", "public_url": public_url},
        "store": {"url": "env:STORE"},
        "redis": {"url": redis},
        "channels": channels,
    }
    found = await check.check_settings(build_settings(values, environ=environ))
    assert all(finding.text for finding in found)
    assert all(finding.hint for finding in found if finding.level == "error" and finding.id != "store.migrations")
    return {finding.id: finding.level for finding in found}


async def test_a_set_up_that_is_well(store_url: str, telegram: TelegramSandbox) -> None:
    found = await levels(store_url, mode="relay", api_url=telegram.url)
    assert found == dict.fromkeys(found, "ok")
    assert {"config", "store.migrations", "public_url.missing", "telegram.token", "telegram.webhook"} <= set(found)


async def test_without_a_public_url_a_webhook_cannot_be(sqlite_url: str, telegram: TelegramSandbox) -> None:
    found = await levels(sqlite_url, mode="webhook", api_url=telegram.url)
    assert (found["public_url.missing"], found["telegram.webhook"]) == ("error", "error")


async def test_links_need_an_address_that_they_lead_to(sqlite_url: str) -> None:
    values = {
        "server": {"secret": "env:SECRET"},
        "store": {"url": "env:STORE"},
        "channels": {"email": {"support": {"smtp": "smtp://127.0.0.1:1", "from": "rate@example.com"}}},
    }
    environ = {"SECRET": "s" * 40, "STORE": sqlite_url}
    found = await check.check_settings(build_settings(values, environ=environ))
    (missing,) = [finding for finding in found if finding.id == "public_url.links"]
    assert (missing.level, missing.about) == ("error", "email.support")


@pytest.mark.parametrize(
    ("destination", "problem"),
    [
        ("telegram.support:-100", ""),
        ("https://crm.example.com/alerts", ""),
        ("email.head:head@example.org", "email.head, which is not configured"),
        ("https://10.0.0.1/alerts", "a private address"),
        ("http://crm.example.com/alerts", "https://"),
    ],
)
async def test_alerts_that_nobody_would_get(store: Store, destination: str, problem: str) -> None:
    change = {"alerts": {"value_max": 2, "to": [destination]}}
    store.writer.do_now(SaveSurvey(parse_survey(change, base=DEFAULT_SURVEY), None, "test"))
    values = {
        "server": {"secret": "env:SECRET"},
        "store": {"url": "env:STORE"},
        "channels": {
            "telegram": {"support": {"token": "env:TOKEN", "mode": "send-only", "api_url": "http://127.0.0.1:1"}}
        },
    }
    environ = {"SECRET": "s" * 40, "TOKEN": TOKEN, "STORE": store.url}
    found = await check.check_settings(build_settings(values, environ=environ))
    told = [finding for finding in found if finding.id == "alerts.destination"]
    assert [finding.level for finding in told] == (["error"] if problem else [])
    assert all(problem in finding.text and "head@" not in finding.text for finding in told)


async def test_what_a_process_of_an_older_version_wrote_is_missed_in_the_reports(store: Store) -> None:
    assert (await levels(store.url))["reports.counted"] == "ok", "nothing is counted yet"
    fill(store.url, 40)
    keep_roll_up(store)
    assert (await levels(store.url))["reports.counted"] == "ok"
    engine = create_engine(store.url)
    with engine.begin() as connection:  # as somebody who does not know of counts
        connection.execute(update(ratings).values(value=1, satisfied=False))
    engine.dispose()
    found = await check.check_settings(settings_of(store.url))
    (told,) = [finding for finding in found if finding.id == "reports.counted"]
    assert (told.level, told.hint) == ("error", "run `tapfive recount`")
    keep_roll_up(store, anew=True)
    assert (await levels(store.url))["reports.counted"] == "ok"


async def test_nobody_at_the_public_url(sqlite_url: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        found = await levels(sqlite_url, public_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert (found["public_url.https"], found["public_url.reachable"]) == ("warning", "error")


async def test_no_clock_runs_while_accounts_are_made(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    time, late = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: time() + late)

    def make_slowly(settings: Settings) -> dict[str, Channel]:
        nonlocal late
        late = 60.0
        return make_channels(settings)

    async def healthz(_request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"status": "ok", "version": "1"})

    monkeypatch.setattr(check, "make_channels", make_slowly)
    service = LoopbackServer({"/healthz": healthz})
    await service.start()
    try:
        found = await levels(sqlite_url, public_url=service.url, mode="polling", api_url="http://127.0.0.1:1")
    finally:
        await service.stop()
    assert (late, found["public_url.reachable"]) == (60.0, "ok")


async def test_somebody_else_at_the_public_url(sqlite_url: str) -> None:
    other = LoopbackServer({})
    await other.start()
    try:
        assert (await levels(sqlite_url, public_url=other.url))["public_url.reachable"] == "error"
    finally:
        await other.stop()


async def test_a_platform_out_of_reach_is_a_finding(sqlite_url: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        found = await levels(sqlite_url, mode="polling", api_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert found["telegram.token"] == "error"


async def test_no_account_is_a_warning(sqlite_url: str) -> None:
    assert (await levels(sqlite_url))["channels.none"] == "warning"


async def test_redis_out_of_reach(sqlite_url: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        found = await levels(sqlite_url, redis=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
    assert found["redis.unreachable"] == "error"


async def test_a_store_that_is_not_made_yet_stays_unmade(tmp_path: Path) -> None:
    found = await levels(f"sqlite:///{tmp_path}/new.db")
    assert found["store.migrations"] == "warning"
    assert not files(tmp_path)
    assert (await levels(f"sqlite:///{tmp_path}/none/new.db"))["store.unreachable"] == "error"


async def test_a_server_that_is_not_migrated_is_an_error(postgres_server: str) -> None:
    assert (await levels(postgres_server))["store.migrations"] == "error"


def test_the_command_prints_a_line_each_and_ends_with_1_on_errors(
    tapfive: Tapfive, tmp_path: Path, sqlite_url: str
) -> None:
    with listen("127.0.0.1", 0) as listener:
        url = url_of(listener)
    write_config(tmp_path, sqlite_url, public_url=url)
    (tmp_path / "config.toml").write_text((tmp_path / "config.toml").read_text().split("[channels")[0])
    ended = tapfive("check")
    assert ended.code == 1
    assert {line.split()[1]: line.split()[0] for line in ended.lines} == {
        "config": "ok",
        "store.migrations": "ok",
        "reports.counted": "ok",
        "public_url.https": "warning",
        "public_url.reachable": "error",
        "channels.none": "warning",
    }
    assert all("→" in line for line in ended.lines if not line.startswith("ok"))
    told = json.loads(tapfive("check", "--json").out)
    assert [finding["id"] for finding in told] == [line.split()[1] for line in ended.lines]


def test_settings_that_cannot_be_read_are_the_only_finding(tapfive: Tapfive, config: Path) -> None:
    config.write_text('[server]\nport = "many"\nsecret = "file:none"')
    ended = tapfive("check")
    assert ended.code == 1
    assert [line.split()[:2] for line in ended.lines] == [["error", "config"]] * 2
