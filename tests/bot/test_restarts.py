"""Parts that fail begin again, and say so without quoting anybody."""

import asyncio
import gc
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import restarts
from bot.outbox import Outbox
from bot.restarts import keep_running
from channels.base import ChoicePicked
from ratings.store.schema import jobs, ratings
from ratings.times import Instant
from tests.bot.kit import Office, until
from tests.store.world import ANN


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "AGAIN_SECONDS", 0)


async def test_a_part_that_fails_begins_again_until_it_returns() -> None:
    runs: list[int] = []

    async def part() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("words of a customer")

    with capture_logs() as told:
        await keep_running("the part", part)
    assert len(runs) == 3
    assert [(each["part"], each["error"]) for each in told] == [("the part", "ValueError")] * 2
    assert "words of a customer" not in str(told)


async def test_a_part_that_is_cancelled_ends() -> None:
    running = asyncio.create_task(keep_running("the part", asyncio.Event().wait))  # type: ignore[arg-type] # it waits for ever
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_worker_that_dies_begins_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = Outbox._claim
    deaths: list[int] = []

    async def dies_once(self: Outbox, *arguments: Any) -> tuple[Sequence[Any], Instant | None]:
        if not deaths:
            deaths.append(1)
            raise ValueError("a defect")
        return await claim(self, *arguments)

    monkeypatch.setattr(Outbox, "_claim", dies_once)
    await office.close(ANN)
    outbox = office.outbox()
    running = asyncio.create_task(outbox.run())

    async def sent() -> bool:
        return [row["state"] for row in await office.rows(jobs, kind="prompt")] == ["done"]

    await until(sent)
    await outbox.finish(10)
    await running


async def test_an_acknowledgment_that_fails_is_told_and_left_to_its_job(office: Office) -> None:
    async def fail() -> None:
        raise ValueError("words of a customer")

    lost: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: lost.append(context))
    office.channel.acts["acknowledge"] = fail
    number = await asyncio.to_thread(office.world.asked)
    token = office.tokens.issue(number)
    answers = office.answers()
    with capture_logs() as told:
        event = ChoicePicked(event_id="1", address=ANN, at=0, token=token, value=5, tap="tap")
        await answers.receive(office.channel, [event])
        await answers.finish(10)
        gc.collect()
        await asyncio.sleep(0)
    assert office.channel.calls == ["acknowledge"]
    assert [each["error"] for each in told] == ["ValueError"]
    assert "words of a customer" not in str(told)
    assert lost == []
    assert [row["state"] for row in await office.rows(jobs, kind="acknowledge")] == ["due"]
    assert len(await office.rows(ratings)) == 1
