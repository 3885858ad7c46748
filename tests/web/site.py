"""The service with one customer who has been asked, and what a visitor of the rating page does."""

import re
from typing import Any

import httpx
from markupsafe import escape
from sqlalchemy import Connection, Table, select

from bot.assembly import Parts
from ratings.store.pages import Page, load_page
from ratings.store.schema import hits, votes
from ratings.store.surveys import SaveSurvey
from ratings.survey import DEFAULT_SURVEY, parse_survey
from ratings.times import SECOND
from tests.conftest import Clock
from tests.store.world import World

HOME = "http://tapfive.test"
FORM = "application/x-www-form-urlencoded"
WILD = '<img src=x onerror="document.title=1"> & </textarea><b>bold</b>'
SECRET_SUBJECT = "Invoice of Anna Petrova"


class Site:
    """A visitor of a started service. `token` is of an invitation whose prompt was accepted a minute ago."""

    def __init__(self, parts: Parts, clock: Clock) -> None:
        self.parts = parts
        self.clock = clock
        self.world = World(parts.store, clock)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(parts.application), base_url=HOME)
        self.token = ""
        self.invitation = 0

    def ask(self, ticket: str = "T-1", **more: Any) -> str:
        """Close a ticket, send its prompt and let a minute pass; return the token."""
        more.setdefault("customer", {"id": "c-1", "name": "Anna Petrova", "language": "en"})
        self.invitation = self.world.asked(ticket, subject=SECRET_SUBJECT, **more)
        self.token = self.parts.tokens.issue(self.invitation)
        self.clock.forward(60 * SECOND)
        return self.token

    def change_survey(self, **change: Any) -> None:
        """Save a new version of the only survey."""
        survey = parse_survey(change, base=DEFAULT_SURVEY)
        self.parts.store.writer.do_now(SaveSurvey(survey, None, "test"))

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """Follow a link: `/r` and `/u` stand before the token."""
        return await self.client.get(path.replace("TOKEN", self.token), **more)

    async def nonce(self) -> str:
        """Open the page and take its nonce."""
        return nonce_of(await self.get("/r/TOKEN"))

    async def post(self, nonce: str | None = None, **fields: Any) -> httpx.Response:
        """Send the page's form."""
        fields = {"nonce": await self.nonce() if nonce is None else nonce, **fields}
        return await self.client.post(f"/r/{self.token}", data=fields)

    def page(self) -> Page:
        """What the store says."""
        page = self.parts.store.read_now(load_page, self.invitation, self.clock.now)
        assert page is not None
        return page

    def votes(self) -> list[tuple[int, str, str]]:
        """Every vote: value, state, kind."""
        return [(row["value"], row["state"], row["link_kind"]) for row in self._rows(votes)]

    def hits(self) -> list[tuple[int | None, str]]:
        """Every hit: value, method."""
        return [(row["value"], row["method"]) for row in self._rows(hits)]

    def _rows(self, table: Table) -> list[dict[str, Any]]:
        def query(connection: Connection) -> list[dict[str, Any]]:
            wanted = select(table).where(table.c.invitation_id == self.invitation).order_by(table.c.at, table.c.id)
            return [dict(row) for row in connection.execute(wanted).mappings()]

        return self.parts.store.read_now(query)


def nonce_of(response: httpx.Response) -> str:
    """The nonce that a page carries."""
    found = re.search(r'name="nonce" value="([^"]+)"', response.text)
    assert found, response.text
    return found[1]


def checked_of(response: httpx.Response) -> list[int]:
    """The values that are chosen on a page."""
    return [int(value) for value in re.findall(r'value="(\d+)" required checked', response.text)]


def values_of(response: httpx.Response) -> list[int]:
    """The values that can be chosen on a page, in their order."""
    return [int(value) for value in re.findall(r'type="radio" name="value" value="(\d+)"', response.text)]


def says(response: httpx.Response, *texts: str) -> bool:
    """True when a page says all of this."""
    return all(escape(text) in response.text for text in texts)
