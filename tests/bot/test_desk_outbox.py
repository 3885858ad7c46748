"""Desks' workers, hooks and polls around a desk that does what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from bot.closings import Closings
from bot.desk_outbox import DeskOutbox
from bot.desk_reports import DeskPolling, DeskReports
from bot.web.desk_hooks import DeskHooks, desk_hook_path
from desks.base import (
    Capabilities,
    Desk,
    DeskConfig,
    Result,
    TicketClosed,
    TicketReopened,
    Told,
    Unknown,
    Verb,
    Written,
)
from net.errors import WebhookRejected
from net.findings import Finding
from net.hooks import HookRequest
from ratings.store.schema import accounts, inbound_events, invitations, jobs, unreadable_events
from ratings.store.writer import StoreBusy
from ratings.ticket import Reopened, parse_ticket
from ratings.times import MINUTE, format_instant
from tests.bot.kit import Office, until
from tests.conftest import Clock
from tests.store.desk_office import DELAY, DESK, OUTCOMES, DeskOffice
from tests.store.world import ACCOUNT, ANN

UNSTORABLE = "half an emoji: \ud83d"


class TestDesk(Desk):
    """Takes everything but closing without a rating, unless `acts` says otherwise."""

    __test__ = False
    kind = "pyrus"
    title = "Test"
    Config = DeskConfig
    capabilities = Capabilities(
        verbs={verb: "native" for verb in Verb if verb not in {Verb.COMMENT, Verb.SUPPRESS_NATIVE}},
        hooks=True,
        polls=True,
        max_body=100,
    )

    def __init__(self) -> None:
        super().__init__(DESK, DeskConfig.model_validate({"per_second": 1000}))
        self.results: list[Result] = []
        self.act: Callable[[], Awaitable[Written]] | None = None
        self.told: Sequence[Told] = ()
        self.pages: asyncio.Queue[tuple[Sequence[Told], str]] = asyncio.Queue()

    def verify(self, request: HookRequest, now: int) -> None:
        del now
        if request.headers.get("x-key") != "right":
            raise WebhookRejected

    def parse(self, request: HookRequest, now: int) -> Sequence[Told]:
        del request, now
        return self.told

    async def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Told], str]]:
        del position
        while True:
            yield await self.pages.get()

    @property
    def polls(self) -> bool:
        return True

    async def write(self, result: Result) -> Written:
        self.results.append(result)
        return await self.act() if self.act else Written()

    async def check(self, url: str | None) -> Sequence[Finding]:
        raise NotImplementedError

    async def close(self) -> None:
        pass


@dataclass
class Hall:
    """A desk with its worker, its hook and its poller."""

    office: Office
    tickets: DeskOffice
    desk: TestDesk = field(default_factory=TestDesk)

    @property
    def reports(self) -> DeskReports:
        writer = self.office.store.writer
        return DeskReports(writer, Closings(writer, frozenset({ACCOUNT}), self.office.metrics), self.office.metrics)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        outbox = DeskOutbox(
            self.office.store.writer,
            {DESK: self.desk},
            self.office.wake,
            self.office.metrics,
            self.tickets.clock,
            DELAY,
        )
        running = asyncio.create_task(outbox.run())
        yield
        await outbox.finish(10)
        await running

    async def rated(self, value: int) -> int:
        """Return an invitation that was rated long enough ago."""
        number = await asyncio.to_thread(self.tickets.asked)
        await asyncio.to_thread(self.tickets.world.tap, number, value)
        self.tickets.clock.forward(DELAY)
        return number

    async def job(self, state: str) -> dict[str, Any]:
        """Wait until the only job is in a state."""

        async def look() -> list[dict[str, Any]]:
            return await self.office.rows(jobs, kind="desk", state=state)

        (found,) = await until(look)
        return dict(found)

    def closed(self, ticket_id: str, **more: Any) -> TicketClosed:
        now = self.tickets.clock.now
        data = {
            "id": ticket_id,
            "desk": DESK,
            "closed_at": format_instant(now - MINUTE),
            "address": {"channel": ACCOUNT, "id": ANN},
        }
        return TicketClosed(event_id=f"closed {ticket_id}", ticket=parse_ticket({**data, **more}, now=now))

    async def post(self, method: str = "POST", key: str = "right", body: bytes = b"{}") -> httpx.Response:
        """Send one request to the hook."""
        hooks = DeskHooks({DESK: self.desk}, self.reports, self.office.metrics, self.tickets.clock)
        transport = httpx.ASGITransport(hooks)
        async with httpx.AsyncClient(transport=transport, base_url="http://tapfive.test") as client:
            return await client.request(method, desk_hook_path(DESK), content=body, headers={"x-key": key})


@pytest.fixture
async def hall(office: Office, clock: Clock) -> Hall:
    tickets = DeskOffice(office.world, clock)
    await asyncio.to_thread(tickets.survey, outcomes={**OUTCOMES, "note": True})
    return Hall(office, tickets)


async def test_a_desk_is_asked_for_what_it_can_do_and_the_rest_is_told(hall: Hall) -> None:
    number = await hall.rated(4)
    async with hall.working():
        await hall.job("done")
    (result,) = hall.desk.results
    assert result.verbs == {Verb.SCORE, Verb.CLOSE, Verb.NOTE}
    assert (result.value, result.note, result.ticket["id"]) == (4, "Оценка клиента: 🙂 4 — Хорошо", "T-1")
    row = await asyncio.to_thread(hall.tickets.result, number)
    assert row["outcome"] == "close"
    assert '"verb": "comment", "code": "unsupported"' in row["refused"]
    assert "suppress_native" not in row["refused"]


async def test_an_adapter_s_defect_is_repeated_with_the_same_key(hall: Hall) -> None:
    async def break_down() -> Written:
        raise RuntimeError("anna@example.com")

    hall.desk.act = break_down
    await hall.rated(1)
    async with hall.working():
        await until(lambda: hall.office.rows(jobs, kind="desk", state="due", attempts=1))
        hall.desk.act = None
        hall.tickets.clock.forward(MINUTE)
        job = await hall.job("done")
    first, second = hall.desk.results
    assert first == second
    assert job["error"] is None


async def test_a_hook_answers_when_what_it_was_told_is_stored(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    now = hall.tickets.clock.now
    hall.desk.told = [
        hall.closed("T-1"),
        TicketReopened(event_id="2", report=Reopened(DESK, "T-1", now)),
        Unknown(event_id="3", what="own"),
    ]
    assert (await hall.post(key="wrong")).status_code == 401
    assert (await hall.post(body=b"x" * 101)).status_code == 413
    assert await hall.office.rows(invitations) == []
    for _ in range(2):
        assert (await hall.post()).status_code == 200
        (invitation,) = await hall.office.rows(invitations)
        assert (invitation["state"], invitation["state_reason"]) == ("cancelled", "reopened")
        (kept,) = await hall.office.rows(inbound_events)
        assert (kept["account"], kept["event_id"]) == (f"desk:{DESK}", "3")
    broken = hall.closed("T-2")
    object.__setattr__(broken.ticket, "subject", UNSTORABLE)
    hall.desk.told = [broken, hall.closed("T-3")]
    assert (await hall.post()).status_code == 500
    assert [row["ticket_id"] for row in await hall.office.rows(invitations)] == ["T-1", "T-3"]

    async def busy(*_: object) -> None:
        raise StoreBusy

    monkeypatch.setattr(DeskReports, "receive", busy)
    late = await hall.post()
    assert (late.status_code, late.headers["retry-after"]) == (503, "1")


async def test_polling_commits_its_position_after_what_it_heard_and_sets_aside_what_cannot_be_stored(
    hall: Hall,
) -> None:
    broken = hall.closed("T-2")
    object.__setattr__(broken.ticket, "subject", UNSTORABLE)
    hall.desk.pages.put_nowait(([hall.closed("T-1"), broken, hall.closed("T-3", address=None)], "7"))
    poller = DeskPolling(hall.office.store, hall.reports, {DESK: hall.desk})
    running = asyncio.create_task(poller.run())

    async def reached() -> bool:
        rows = await hall.office.rows(accounts, account=f"desk:{DESK}")
        return [row["position"] for row in rows] == ["7"]

    await until(reached)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert {row["ticket_id"] for row in await hall.office.rows(invitations)} == {"T-1", "T-3"}
    (kept,) = await hall.office.rows(unreadable_events)
    assert kept["event_id"] == "closed T-2"
