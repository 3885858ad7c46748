"""The workers: a stop loses nothing, an outage loses no result, and what was never sent is not called unknown."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot import wording
from bot.outbox import Outbox
from bot.workers import LEASE_MARGIN
from net.errors import NotEditable, OutcomeUnknown, Unreachable
from ratings.store.inbound import Refused
from ratings.store.schema import attempts, invitations, jobs
from ratings.store.writer import Operation, StoreAway
from ratings.times import HOUR, MINUTE, SECOND
from tests.bot.kit import Office, until
from tests.conftest import Clock
from tests.store.test_writer import Block
from tests.store.world import ANN


def fails_with(error: Exception) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


@asynccontextmanager
async def working(office: Office) -> AsyncIterator[Outbox]:
    outbox = office.outbox()
    running = asyncio.create_task(outbox.run())
    yield outbox
    await outbox.finish(10)
    await running


async def job(office: Office, kind: str, *states: str) -> dict[str, Any]:
    """Wait for the job of a kind to be in one of the states."""

    async def look() -> dict[str, Any] | None:
        return next((row for row in await office.rows(jobs, kind=kind) if row["state"] in states), None)

    found: dict[str, Any] = await until(look)
    return found


async def tapped(office: Office) -> None:
    """Ann was asked, and has tapped: a render is due."""
    number = await asyncio.to_thread(office.world.asked)
    await asyncio.to_thread(office.world.tap, number, 5)


async def test_a_stop_while_a_claim_waits_for_the_writer_loses_no_prompt(office: Office) -> None:
    await office.close(*(str(number) for number in range(1, 21)))
    entered, release = threading.Event(), threading.Event()
    blocking = asyncio.create_task(office.store.writer.do(Block(entered, release)))
    await asyncio.to_thread(entered.wait, 10)
    outbox = office.outbox()
    running = asyncio.create_task(outbox.run())

    async def claiming() -> bool:
        return office.store.writer.waiting > 0

    await until(claiming)
    finishing = asyncio.create_task(outbox.finish(10))
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(blocking, finishing)
    async with asyncio.timeout(60):
        await running
    rows = await office.rows(jobs, kind="prompt")
    assert {row["state"] for row in rows} <= {"done", "due"}
    assert len([row for row in rows if row["state"] == "done"]) == len(office.channel.calls) > 0
    assert [row for row in await office.rows(attempts) if row["result"] is None] == []


async def test_a_stop_waits_for_a_request_that_is_out(office: Office) -> None:
    out, answer = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        out.set()
        await answer.wait()

    office.channel.acts["prompt"] = slow
    await office.close(ANN)
    async with working(office) as outbox:
        await out.wait()
        finishing = asyncio.create_task(outbox.finish(10))
        await asyncio.sleep(0)
        answer.set()
        await finishing
        assert [row["state"] for row in await office.rows(jobs, kind="prompt")] == ["done"]


class AwayWriter:
    """The store's writer behind a wire that a test can cut."""

    def __init__(self, office: Office) -> None:
        self._writer = office.store.writer
        self.away = False
        self.refused: list[str] = []

    async def do(self, operation: Operation[Any]) -> Any:
        if self.away:
            self.refused.append(type(operation).__name__)
            raise StoreAway
        return await self._writer.do(operation)


async def test_a_result_outlives_an_outage_that_is_longer_than_its_lease(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.workers.IDLE_SECONDS", 0.01)
    await office.close(ANN)
    wire = AwayWriter(office)

    async def cut() -> None:
        wire.away = True

    office.channel.acts["prompt"] = cut
    outbox = Outbox(
        wire,  # type: ignore[arg-type] # a wire to the writer: `do` is all that a worker calls
        {office.channel.account: office.channel},
        office.tokens,
        office.wake,
        office.metrics,
        clock,
    )
    running = asyncio.create_task(outbox.run())

    async def refused() -> bool:
        return wire.refused.count("Finish") >= 3

    await until(refused)
    assert "Claim" not in wire.refused  # it would take the job for lost before its result is there
    clock.forward(HOUR)  # the lease has run out meanwhile
    wire.away = False
    await job(office, "prompt", "done")
    await outbox.finish(10)
    await running
    assert office.channel.calls == ["prompt"]
    (invitation,) = await office.rows(invitations)
    assert (invitation["state"], invitation["delivery"]) == ("asked", "accepted")


async def test_words_that_cannot_be_made_are_tried_again_and_nothing_is_in_doubt(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("a text that is gone")

    await office.close(ANN)
    with monkeypatch.context() as broken:
        broken.setattr(wording, "prompt", fail)
        async with working(office):

            async def tried() -> list[dict[str, Any]]:
                return await office.rows(attempts, result="internal")

            (attempt,) = await until(tried)
    assert attempt["text"] == "internal error: KeyError"  # and nothing of what it quotes
    assert [row["state"] for row in await office.rows(jobs, kind="prompt")] == ["due"]
    assert office.channel.calls == []
    clock.forward(MINUTE)
    async with working(office):
        await job(office, "prompt", "done")
    assert office.channel.calls == ["prompt"]


async def test_an_adapter_s_defect_may_have_sent_and_is_not_repeated(office: Office) -> None:
    office.channel.acts["prompt"] = fails_with(ValueError("a defect"))
    await office.close(ANN)
    async with working(office):
        await job(office, "prompt", "unknown")
    assert office.channel.calls == ["prompt"]


@pytest.mark.parametrize("error", [OutcomeUnknown("no answer"), ValueError("a defect")], ids=repr)
async def test_thanks_said_anew_with_an_unknown_outcome_are_not_said_again(
    office: Office, clock: Clock, error: Exception
) -> None:
    await tapped(office)
    office.channel.acts |= {"edit": fails_with(NotEditable("gone")), "text": fails_with(error)}
    async with working(office):
        await job(office, "render", "unknown", "failed")
    clock.forward(HOUR)
    async with working(office):
        await asyncio.sleep(0)
    assert [call for call in office.channel.calls if call != "acknowledge"] == ["edit", "text"]


async def test_thanks_that_certainly_did_not_go_out_are_said_again(office: Office, clock: Clock) -> None:
    await tapped(office)
    office.channel.acts |= {"edit": fails_with(NotEditable("gone")), "text": fails_with(Unreachable("away"))}
    async with working(office):

        async def tried() -> list[dict[str, Any]]:
            return await office.rows(attempts, result="unreachable")

        await until(tried)
    del office.channel.acts["text"]
    clock.forward(MINUTE)
    async with working(office):
        await job(office, "render", "done")


async def test_an_edit_with_an_unknown_outcome_is_done_again(office: Office, clock: Clock) -> None:
    await tapped(office)
    office.channel.acts["edit"] = fails_with(OutcomeUnknown("no answer"))
    async with working(office):

        async def tried() -> list[dict[str, Any]]:
            return await office.rows(attempts, result="outcome_unknown")

        await until(tried)
    del office.channel.acts["edit"]
    clock.forward(MINUTE)
    async with working(office):
        await job(office, "render", "done")


async def test_who_wants_no_messages_gets_no_new_one_for_one_that_is_gone(office: Office) -> None:
    await tapped(office)
    await asyncio.to_thread(office.world.receive, Refused(event_id="stop", sender=ANN, asked=False))
    office.channel.acts["edit"] = fails_with(NotEditable("gone"))
    async with working(office):
        await job(office, "render", "done")
    assert "text" not in office.channel.calls
    assert "not_editable" in [row["result"] for row in await office.rows(attempts)]


async def test_a_lease_covers_both_requests_of_a_job(office: Office, clock: Clock) -> None:
    out, answer = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        out.set()
        await answer.wait()

    office.channel.acts["prompt"] = slow
    await office.close(ANN)
    async with working(office):
        await out.wait()
        (row,) = await office.rows(jobs, kind="prompt")
        requests = 2 * office.channel.config.timeout * SECOND
        assert row["lease_until"] - clock() == requests + LEASE_MARGIN
        answer.set()
