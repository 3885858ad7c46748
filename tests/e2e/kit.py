"""What the end-to-end tests share: a running service, and a look at what it has stored."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Table, select

from bot import clock as system_clock
from bot.assembly import Parts
from net.http import HttpAnswer, HttpClient
from ratings.reports.filters import Filters
from ratings.reports.lists import list_invitations, list_ratings
from ratings.store.loading import desk_account
from ratings.store.schema import inbound_events
from ratings.store.surveys import SaveSurvey
from ratings.survey import DEFAULT_SURVEY, parse_survey
from ratings.times import MINUTE, Instant, format_instant

Found = TypeVar("Found")


class GoingClock:
    """The service's clock: it goes by itself, and leaps forward when it is told to."""

    def __init__(self) -> None:
        self._ahead = 0

    def __call__(self) -> Instant:
        return system_clock.now() + self._ahead

    def seconds(self) -> float:
        """The same, as the stand-ins count."""
        return self() / 1000

    def forward(self, milliseconds: int) -> None:
        """Let time pass."""
        self._ahead += milliseconds


@dataclass
class Service:
    """A running service. `account` is where its tickets' customers are asked, `customer` whom they are about."""

    parts: Parts
    client: HttpClient
    clock: GoingClock
    url: str
    key: str
    account: str
    customer: str = ""

    async def post(self, path: str, json: Any) -> HttpAnswer:
        """POST to the API."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return await self.client.request("POST", f"{self.url}/api/v1{path}", json=json, headers=headers)

    async def close(
        self, ticket_id: str = "T-1", customer: int | str = "", person: Mapping[str, Any] | None = None, **more: Any
    ) -> HttpAnswer:
        """Report a closing a minute old. `customer` is their address, `person` what the desk knows of them."""
        ticket = {
            "id": ticket_id,
            "closed_at": format_instant(self.clock() - MINUTE),
            "subject": "Printer <b>&",
            "customer": {"language": "en", **(person or {})},
            "address": {"channel": self.account, "id": str(customer or self.customer)},
            **more,
        }
        return await self.post("/tickets/closed", ticket)

    async def change_survey(self, **change: Any) -> None:
        """Save a new version of the only survey."""
        await self.parts.store.writer.do(SaveSurvey(parse_survey(change, base=DEFAULT_SURVEY), None, "test"))

    def forward(self, milliseconds: int) -> None:
        """Let time pass, and let the workers see that it did."""
        self.clock.forward(milliseconds)
        self.parts.wake.hint({*self.parts.channels, *(desk_account(name) for name in self.parts.desks)})

    async def rows(self, table: Table, *columns: str) -> list[dict[str, Any]]:
        """Return what a table holds of these columns."""
        query = select(*(table.c[name] for name in columns))
        found = await self.parts.store.read(lambda connection: connection.execute(query).mappings().all())
        return [dict(row) for row in found]


async def until(look: Callable[[], Awaitable[Found | None]], seconds: float = 60) -> Found:
    """Look again until there is something to see."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):  # noqa: ASYNC110 - what is looked at is in a database: it sets no event
            await asyncio.sleep(0.01)
    return found


async def ratings_of(service: Service) -> list[dict[str, Any]]:
    """Return the ratings that count."""
    return list((await service.parts.store.read(list_ratings, Filters())).items)


async def the_rating(service: Service, *, of: int | None = None, **wanted: Any) -> dict[str, Any]:
    """Wait for a rating with these members."""

    async def look() -> dict[str, Any] | None:
        for item in await ratings_of(service):
            if all(item[name] == value for name, value in wanted.items()) and of in {None, item["id"]}:
                return item
        return None

    return await until(look)


async def the_invitation(service: Service, **wanted: Any) -> dict[str, Any]:
    """Wait for an invitation with these members."""

    async def look() -> dict[str, Any] | None:
        page = await service.parts.store.read(list_invitations, Filters())
        return next((item for item in page.items if all(item[name] == wanted[name] for name in wanted)), None)

    return await until(look)


async def outcomes(service: Service) -> list[str]:
    """What became of everything that came in."""
    query = select(inbound_events.c.outcome).order_by(inbound_events.c.at, inbound_events.c.event_id)
    return list(await service.parts.store.read(lambda connection: connection.execute(query).scalars().all()))


async def heard(service: Service, outcome: str, times: int = 1) -> None:
    """Wait until so many events came to this."""

    async def look() -> bool:
        return (await outcomes(service)).count(outcome) >= times

    await until(look)
