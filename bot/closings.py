"""Reports of desks: tickets closed and reopened."""

import asyncio
from collections.abc import Sequence

from bot.metrics import Metrics
from ratings.store.closings import Decided, DeskReport, ReopenedResult
from ratings.store.writer import Writer
from ratings.ticket import Reopened, Ticket


class Closings:
    """Decides about closings: exactly once each, whoever reports them and however often."""

    def __init__(self, writer: Writer, accounts: frozenset[str], metrics: Metrics) -> None:
        self._writer = writer
        self._accounts = accounts
        self._metrics = metrics

    async def close(self, ticket: Ticket) -> Decided:
        """Decide about a closing and store it. Raises StoreBusy."""
        return self._count(await self._writer.do(DeskReport(ticket, self._accounts)))

    async def close_many(self, tickets: Sequence[Ticket]) -> list[Decided]:
        """Decide about many closings in the order given. Raises StoreBusy; what was stored by then stays stored."""
        reports = [self._writer.queue(DeskReport(ticket, self._accounts)) for ticket in tickets]
        return [self._count(decided) for decided in await asyncio.gather(*reports)]

    def _count(self, decided: Decided | ReopenedResult) -> Decided:
        assert isinstance(decided, Decided)
        if decided.new:
            self._metrics.decisions.labels(decided.decision, decided.reason or "").inc()
        return decided

    async def reopen(self, report: Reopened) -> ReopenedResult:
        """Cancel what was asked, or was to be asked, about earlier closings and is not answered. Raises StoreBusy."""
        result = await self._writer.do(DeskReport(report, self._accounts))
        assert isinstance(result, ReopenedResult)
        return result
