"""The whole service when something in it, or what a platform sends, is broken."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import assembly, clock, restarts
from bot.assembly import WriterEnded
from bot.settings import build_settings
from channels.telegram.adapter import Telegram
from ratings.store.schema import unreadable_events
from ratings.store.writer import StoreClosed
from sandbox.telegram import TelegramSandbox
from tests.cli.conftest import write_config
from tests.e2e.conftest import ANN, ENVIRON, Start
from tests.e2e.kit import the_rating, until
from tests.e2e.test_telegram import the_prompt
from tests.store.test_away import Do, raise_

ODD = [
    # Half an emoji, and a number that no integer of 64 bits holds.
    b'{"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "\\ud83d"}}',
    b'{"update_id": 2, "message": {"message_id": 123456789012345678901234567890}}',
]


async def test_polled_updates_that_cannot_be_written_are_kept_and_the_next_one_counts(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    sandbox.fail_next("getUpdates", status=200, body=b'{"ok": true, "result": [' + b", ".join(ODD) + b"]}")
    service = await start(sqlite_url, "polling")
    query = select(unreadable_events.c.raw)

    async def kept() -> list[Any]:
        raws = await service.parts.store.read(lambda connection: connection.execute(query).scalars().all())
        return sorted((json.loads(raw) for raw in raws), key=lambda update: update["update_id"])

    assert await until(kept) == [json.loads(odd) for odd in ODD]
    await service.close()
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    await the_rating(service, value=5)


async def test_a_webhook_is_installed_although_the_first_try_met_a_defect(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = Telegram.install
    tries: list[str] = []

    async def fails_once(self: Telegram, url: str) -> None:
        tries.append(url)
        if len(tries) == 1:
            raise ValueError("a defect")
        await install(self, url)

    monkeypatch.setattr(restarts, "AGAIN_SECONDS", 0)
    monkeypatch.setattr(Telegram, "install", fails_once)
    await start(sqlite_url)
    await sandbox.wait_for(lambda: sandbox.calls("setWebhook", ok=True))
    assert len(tries) == 2


async def test_a_service_whose_writer_ended_ends(sqlite_url: str) -> None:
    settings = build_settings(
        {"server": {"secret": "env:TAPFIVE_SECRET"}, "store": {"url": sqlite_url}}, environ=ENVIRON
    )
    parts = assembly.assemble(settings, clock.now)
    ready = asyncio.Event()
    serving = asyncio.create_task(assembly.serve(parts, None, work=True, on_ready=ready.set))
    await ready.wait()
    with pytest.raises(StoreClosed):
        await parts.store.writer.do(Do(lambda _unit: raise_(SystemExit())))
    async with asyncio.timeout(60):
        with pytest.raises(WriterEnded):
            await serving


async def test_a_process_whose_writer_ended_exits_with_1(sqlite_url: str, tmp_path: Path) -> None:
    """So that whoever watches it starts it again."""
    config = write_config(tmp_path, sqlite_url)
    config.write_text(config.read_text().split("[channels")[0])
    program = (
        "import sys\n"
        "from ratings.store.events import NumberEvents\n"
        "def fold(unit, operations): raise SystemExit\n"
        "NumberEvents.fold = fold\n"
        "from bot.cli import main\n"
        f"sys.argv = ['tapfive', 'serve', '--config', {str(config)!r}]\n"
        "main()\n"
    )
    environment = {"PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=PIPE, stderr=PIPE, env=environment, cwd=tmp_path
    )
    async with asyncio.timeout(60):
        _, err = await process.communicate()
    assert process.returncode == 1
    assert "Traceback" not in err.decode()
    assert "start it again" in json.loads(err.splitlines()[-1])["event"]
