"""What desks tell, by hook or when they are asked: tickets closed and reopened, and what nobody could read."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from bot.closings import Closings
from bot.metrics import Metrics
from bot.pollers import Pollers, PollSource
from desks.base import Desk, TicketClosed, TicketReopened, Told, Unknown, Unreadable
from ratings.store import inbound
from ratings.store.inbound import Happening, Receive
from ratings.store.loading import desk_account
from ratings.store.store import Store
from ratings.store.writer import Writer


class DeskReports:
    """Receives what desks tell. An answer to the desk is given only after `receive` returned."""

    def __init__(self, writer: Writer, closings: Closings, metrics: Metrics) -> None:
        self._writer = writer
        self._closings = closings
        self._metrics = metrics

    async def receive(self, desk: Desk, told: Sequence[Told], position: str | None = None) -> None:
        """Store what a desk told in its order, then the polling position; return after the COMMIT. Raises StoreBusy.

        Closings and reopenings are known by themselves when they come again; what was not stored comes again, as the
        position stays.
        """
        account = desk_account(desk.name)
        # Each is queued when its task begins, so in this order; they are written together.
        done = await asyncio.gather(*(self._report(account, each) for each in told), return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result
        others = tuple(found for each in told if (found := _other(each)) is not None)
        if not others and position is None:
            return
        received = await self._writer.do(Receive(account, others, answers=False, position=position))
        for outcome in received.outcomes:
            self._metrics.inbound_of(account, outcome).inc()

    async def _report(self, account: str, told: Told) -> None:
        match told:
            case TicketClosed(ticket=ticket):
                decided = await self._closings.close(ticket)
                self._metrics.inbound_of(account, "closed" if decided.new else "duplicate").inc()
            case TicketReopened(report=report):
                await self._closings.reopen(report)
                self._metrics.inbound_of(account, "reopened").inc()
            case _:
                pass


class DeskPolling(Pollers):
    """A poller a desk that is to be polled."""

    def __init__(self, store: Store, reports: DeskReports, desks: Mapping[str, Desk]) -> None:
        super().__init__(store, [_DeskSource(desk, reports) for desk in desks.values() if desk.polls])


class _DeskSource(PollSource):
    """What a desk tells when it is asked."""

    def __init__(self, desk: Desk, reports: DeskReports) -> None:
        self.account = desk_account(desk.name)
        self._desk = desk
        self._reports = reports

    def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Told], str]]:
        """Ask the desk."""
        return self._desk.listen(position)

    async def receive(self, events: Sequence[Told], reached: str | None) -> None:
        """Store what it told, and how far we are."""
        await self._reports.receive(self._desk, events, reached)

    def lost(self, event: Told, error: str) -> Told:
        """Keep the event's id."""
        return Unreadable(event_id=event.event_id, raw=b"", error=error)


def _other(told: Told) -> Happening | None:
    """Return what is only kept; None for a closing or a reopening."""
    match told:
        case Unreadable(event_id=event_id, raw=raw, error=error):
            return inbound.Unreadable(event_id=event_id, sender="", raw=raw, error=error)
        case Unknown(event_id=event_id, what=what):
            return inbound.Other(event_id=event_id, sender="", what=what)
        case _:
            return None
