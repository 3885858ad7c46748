"""Reports of desks: tickets closed and reopened."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.metrics import Metrics
from bot.notices import addressed
from bot.zones import zone_of
from ratings.store.closings import PLAIN, DeskReport, Installation, ReopenedResult
from ratings.store.earlier import Decided
from ratings.store.writer import Writer
from ratings.ticket import Reopened, Ticket


class Closings:
    """Decides about closings: exactly once each, whoever reports them and however often."""

    def __init__(
        self,
        writer: Writer,
        accounts: frozenset[str],
        metrics: Metrics,
        link_accounts: frozenset[str] = frozenset(),
        installation: Installation = PLAIN,
    ) -> None:
        self._writer = writer
        self._accounts = accounts
        self._metrics = metrics
        self._link_accounts = link_accounts
        self._installation = installation

    async def close(self, ticket: Ticket) -> Decided:
        """Decide about a closing and store it. Raises StoreBusy."""
        return (await self.close_many([ticket]))[0]

    async def close_many(self, tickets: Sequence[Ticket]) -> list[Decided]:
        """Decide about many closings in the order given. Raises StoreBusy; what was stored by then stays stored."""
        reports = [self._writer.queue(self._report(ticket)) for ticket in tickets]
        decided = [result for result in await asyncio.gather(*reports) if isinstance(result, Decided)]
        self._count(decided)
        return decided

    async def render(self, ticket: Ticket) -> Decided:
        """Decide for a closing notice that the desk is about to send itself. Raises StoreBusy."""
        asked = addressed(ticket, self._link_accounts)
        report = replace(self._report(asked), rendered=True, notices=asked.addresses[0].channel)
        decided = await self._writer.do(report)
        assert isinstance(decided, Decided)
        self._count([decided])
        return decided

    def _report(self, ticket: Ticket) -> DeskReport:
        return DeskReport(ticket, self._accounts, timezone=zone_of(ticket), installation=self._installation)

    def _count(self, decided: Sequence[Decided]) -> None:
        for (decision, reason), many in Counter((each.decision, each.reason) for each in decided if each.new).items():
            self._metrics.decisions.labels(decision, reason or "").inc(many)

    async def reopen(self, report: Reopened) -> ReopenedResult:
        """Cancel what was asked, or was to be asked, about earlier closings and is not answered. Raises StoreBusy."""
        result = await self._writer.do(DeskReport(report, self._accounts))
        assert isinstance(result, ReopenedResult)
        return result
