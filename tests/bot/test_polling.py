"""Polling: one event that cannot be stored is set aside, and the account goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot import pollers
from bot.polling import Polling
from channels.base import ChoicePicked, Inbound, Mode, TextReceived
from ratings.store.schema import accounts, ratings, unreadable_events
from tests.bot.kit import Office, TestChannel, until
from tests.store.world import ACCOUNT, ANN

UNSTORABLE = "half an emoji: \ud83d"


def text(event_id: str, words: str) -> TextReceived:
    return TextReceived(event_id=event_id, address=ANN, at=0, text=words, message_id=event_id)


def tap(office: Office, event_id: str, invitation_id: int, value: int) -> ChoicePicked:
    token = office.tokens.issue(invitation_id)
    return ChoicePicked(event_id=event_id, address=ANN, at=0, token=token, value=value)


@asynccontextmanager
async def polled(office: Office, *events: Inbound) -> AsyncIterator[None]:
    """Poll these events, which end at position 7."""
    office.channel = TestChannel(Mode.POLLING)
    office.channel.updates.put_nowait((events, "7"))
    poller = Polling(office.store, office.answers(), {ACCOUNT: office.channel})
    running = asyncio.create_task(poller.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def position(office: Office) -> str | None:
    return next((row["position"] for row in await office.rows(accounts)), None)


async def test_an_event_that_cannot_be_stored_is_set_aside_and_the_others_count(office: Office) -> None:
    number = await asyncio.to_thread(office.world.asked)
    async with polled(office, text("5", UNSTORABLE), tap(office, "6", number, 4)):

        async def moved_on() -> bool:
            return await position(office) == "7"

        await until(moved_on)
    assert [row["value"] for row in await office.rows(ratings)] == [4]
    (kept,) = await office.rows(unreadable_events)
    assert (kept["event_id"], bytes(kept["raw"])) == ("5", b"")
    assert kept["error"].startswith("not stored: ")
    assert "emoji" not in kept["error"]
    assert len(office.channel.calls) == 1  # it listens on, and need not begin again


async def test_when_nothing_at_all_can_be_stored_the_position_stays(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pollers, "RETRY_SECONDS", 0.01)
    async with polled(office, text(UNSTORABLE, "words")):

        async def came_back() -> bool:
            return len(office.channel.calls) >= 2

        await until(came_back)
    assert await position(office) is None
