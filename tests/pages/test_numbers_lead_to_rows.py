"""Every number of the dashboard and of agents that is a link leads to as many rows of the registry, under any filter bar."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from ratings.reports.registry import count_registry
from ratings.reports.registry_query import parse_wanted
from ratings.rights import Sight
from ratings.sample.plan import Plan
from ratings.store.sample import count_days, fill
from tests.api.service import ZONE
from tests.pages.office import Office

MOST = 120
"""Links of a page that are followed; those of a kind that few have are always among them."""

BARS = (
    "",
    "?form=billing&period=90d",
    "?group=first-line&channel=telegram.sample&period=90d",
    "?period=365d&unit=week&survey=default",
)
NUMBERS = ("told", "many", "closed")
"""The fields of a mark's row that may hold the number of its rows, as it is written."""

Link = tuple[str, str, int | None]
"""Of which kind it is, where it leads, and the number that stands on it; None: a share, a mean or a time, which is of some rows."""


@pytest.fixture
async def sampled(local: Office) -> Office:
    """A year of a sample behind the pages."""
    fill(local.parts.store.writer, Plan(1_500, 5, local.clock.now, zone=ZONE), by="test")
    count_days(local.parts.store, ZONE)
    return local


@pytest.mark.parametrize("bar", BARS)
async def test_as_many_rows_as_the_number_says(sampled: Office, bar: str) -> None:
    wrong: list[str] = []
    for path in ("/", "/agents"):
        page = await sampled.owner.get(f"{path}{bar}")
        assert page.status_code == 200, page.text
        links = list(links_of(page.text))
        assert len({kind for kind, *_ in links}) > 8, sorted({kind for kind, *_ in links})
        wrong += sampled.parts.store.read_now(faults, some(links))
    assert wrong == []


def faults(connection: Connection, links: list[Link]) -> list[str]:
    """Return the links that lead to another number of rows than they say."""
    found = []
    for kind, address, many in links:
        wanted = parse_wanted(parse_qs(urlsplit(address).query), ZoneInfo(ZONE), also=("lang",), seen_by=Sight())
        rows = count_registry(connection, wanted).many
        if rows != many if many is not None else not rows:
            found.append(f"{kind}: {many} on the page, {rows} in the registry: {address}")
    return found


def some(links: list[Link]) -> list[Link]:
    """Return a part of them: of each kind the first three, the rest by chance."""
    by_kind: dict[str, list[Link]] = {}
    for link in dict.fromkeys(links):
        by_kind.setdefault(link[0], []).append(link)
    first = [link for each in by_kind.values() for link in each[:3]]
    rest = [link for each in by_kind.values() for link in each[3:]]
    chance = random.Random(len(rest))
    return [*first, *chance.sample(rest, min(MOST, len(rest)))]


def links_of(page: str) -> Iterator[Link]:
    """Return the links to the registry: of cards, of tables and of the marks of charts."""
    place = "page"
    for found in re.finditer(
        r'data-card="(\w+)"|<section[^>]*title-(\w+)"|data-name="([^"]+)"|<a href="([^"]*)"[^>]*>([^<]*)</a>', page
    ):
        card, chart, column, address, text = found.groups()
        place = card or chart or column or place
        if address and urlsplit(unescape(address)).path == "/ratings" and "?" in address:
            yield place, unescape(address), number(unescape(text))
    for name, told in re.findall(r'id="chart-(\w+)">(.*?)</script>', page, flags=re.DOTALL):
        if name != "settings":
            for row in json.loads(told)["spec"]["data"]["values"]:
                if row.get("rows"):
                    yield f"mark of {name}", row["rows"], number_of(row, name)


def number_of(row: Mapping[str, Any], chart: str) -> int | None:
    """Return the number of a mark: what its tooltip says of its rows."""
    field = (
        "closed"
        if chart in {"performance", "speed"}
        else "many"
        if chart in {"csat", "mean"} or "rate" in row
        else "told"
    )
    return number(row[field])


def number(text: str) -> int | None:
    bare = text.replace(",", "")
    return int(bare) if bare.isdigit() else None
