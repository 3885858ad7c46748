"""Every number leads to its rows: what the dashboard and the agents' page count is what the registry finds, on a random history."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from ratings.reports.agents import agents
from ratings.reports.dashboard import dashboard
from ratings.reports.figures import Counts, Days
from ratings.reports.filters import Filters, parse_filters
from ratings.reports.registry import Total, count_registry, list_registry, parse_wanted, read_chunk
from ratings.reports.registry_hours import pieces_of
from ratings.reports.summary import summarise
from ratings.store.store import Store
from tests.reports.history import ZONE, add_second_survey, fill
from tests.store.counted import keep_roll_up

NEW_YORK = ZoneInfo(ZONE)
SPRING = Days(date(2026, 3, 1), date(2026, 4, 15))
"""New York's clocks go forward in it."""

Links = dict[str, str]


@pytest.fixture
def counted(store: Store, store_url: str) -> Store:
    fill(store_url, 600, seed=7)
    add_second_survey(store_url)
    keep_roll_up(store, ZONE)
    return store


def rows(connection: Connection, links: Links, more: Links) -> int:
    """Count what an address finds; every page of it together has as many rows."""
    wanted = parse_wanted({name: [value] for name, value in (links | more).items()}, NEW_YORK)
    total = count_registry(connection, wanted)
    assert total.many == len(list_registry(connection, wanted, limit=1000).rows), links | more
    return total.many


def _of(name: str) -> Links:
    return {f"{name}_from": SPRING.first.isoformat(), f"{name}_to": SPRING.last.isoformat()}


def _numbers(counts: Counts) -> Iterator[tuple[int, Links]]:
    closed, asked = {"show": "all"} | _of("closed"), {"show": "all"} | _of("asked")
    yield counts.closed, closed
    yield counts.decided_to_ask, closed | {"decision": "ask"}
    yield counts.closed - counts.decided_to_ask, closed | {"decision": "skip"}
    yield counts.answered_of_closed, closed | {"state": "answered"}
    yield counts.first_responses, closed | {"has_first_response": "true"}
    yield counts.closed - counts.first_responses, closed | {"has_first_response": "false"}
    yield counts.handlings, closed | {"has_handling": "true"}
    yield counts.asked, asked
    yield counts.delivered, asked | {"delivered": "true"}
    yield counts.answered, _of("asked")
    yield counts.commented, _of("asked") | {"has_comment": "true"}
    yield counts.ratings, _of("rated") | {"scale": "Five"}


@pytest.mark.parametrize("filters", [{}, {"form": "sales"}, {"channel": "telegram.support", "group": "first"}])
def test_every_number_is_that_of_its_rows(counted: Store, filters: Links) -> None:
    def compare(connection: Connection) -> None:
        given = parse_filters({name: [value] for name, value in filters.items()}, NEW_YORK)
        found = dashboard(connection, given, SPRING, SPRING, NEW_YORK, scale="Five")
        parts: list[tuple[Counts, Links]] = [(found.now, {})]
        for dimension, each in found.parts.items():
            parts += [
                (part.counts, {dimension: part.id} if part.id is not None else {"without": dimension})
                for part in each
                if dimension not in filters
            ]
        parts += [(agent.counts, {"agent": agent.id}) for agent in agents(connection, given, SPRING, NEW_YORK)]
        assert any("without" in more for _, more in parts)
        for counts, more in parts:
            for many, links in _numbers(counts):
                if counts.by_value or "scale" not in links:
                    assert rows(connection, links, filters | more) == many, (links, more)
        for hour in found.hours:
            links = _of("rated") | {"scale": "Five", "weekday": str(hour.weekday + 1), "hour": str(hour.hour)}
            assert rows(connection, links, filters) == hour.ratings, links
        assert len(found.hours) > 50 or filters

    counted.read_now(compare)


def test_what_has_none_is_found_beside_what_has(counted: Store) -> None:
    def compare(connection: Connection) -> None:
        closed = {"show": "all"} | _of("closed")
        one, none, all_ = (
            rows(connection, closed, {"group": "first"}),
            rows(connection, closed, {"without": "group"}),
            rows(connection, closed, {}),
        )
        assert rows(connection, closed, {"group": "first", "without": "group"}) == one + none < all_
        assert none > 0
        both = rows(connection, closed, {"without": "group,agent"})
        assert 0 < both < none

    counted.read_now(compare)


def test_hours_of_the_week_narrow_what_was_rated_in_the_summary(counted: Store) -> None:
    def compare(connection: Connection) -> None:
        whole = summarise(connection, Filters())
        mornings = {"hour": [str(hour) for hour in range(6, 12)]}
        found = summarise(connection, parse_filters(mornings, NEW_YORK))
        others = summarise(
            connection, parse_filters({"hour": ["0,1,2,3,4,5", "12,13,14,15,16,17,18,19,20,21,22,23"]}, NEW_YORK)
        )
        assert 0 < found["ratings"] < whole["ratings"] == found["ratings"] + others["ratings"]
        assert found["matching"] == found["ratings"] == sum(each["ratings"] for each in found["scales"])
        assert (found["asked"], found["closed"]) == (whole["asked"], whole["closed"])
        assert found == summarise(connection, parse_filters(mornings, NEW_YORK), row_by_row=True)
        groupless = parse_filters({"without": ["group"]}, NEW_YORK)
        assert summarise(connection, groupless) == summarise(connection, groupless, row_by_row=True)
        assert 0 < summarise(connection, groupless)["closed"]["closed"] < whole["closed"]["closed"]

    counted.read_now(compare)


@pytest.mark.parametrize(
    "more", [{}, {"rated_from": "2026-03-08", "rated_to": "2026-04-30"}, {"form": "sales", "value_max": "4"}]
)
@pytest.mark.parametrize("sort", ["rated", "-rated"])
def test_pages_of_hours_of_the_week_are_the_same_piece_by_piece_and_row_by_row(
    counted: Store, monkeypatch: pytest.MonkeyPatch, sort: str, more: Links
) -> None:
    wanted = parse_wanted(
        {name: [text_] for name, text_ in ({"weekday": "1,3,7", "hour": "1,2,9,10,17", "sort": sort} | more).items()},
        NEW_YORK,
    )

    def ids(connection: Connection) -> list[int]:
        return [row.id for row in list_registry(connection, wanted, limit=1000).rows]

    def pages(connection: Connection) -> tuple[list[int], list[int], list[int]]:
        forth: list[int] = []
        page = list_registry(connection, wanted, limit=4)
        last = page
        while True:
            forth += [row.id for row in page.rows]
            last = page
            if page.next is None:
                break
            page = list_registry(connection, wanted, limit=4, cursor=page.next)
        back = [row.id for row in last.rows]
        while last.previous is not None:
            last = list_registry(connection, wanted, limit=4, cursor=last.previous)
            back = [row.id for row in last.rows] + back
        exported: list[int] = []
        after: Sequence[int] | None = None
        while True:
            chunk = read_chunk(connection, wanted, 5, after)
            exported += chunk.columns.get("id", ())
            after = chunk.after
            if after is None:
                return forth, back, exported

    pieces = counted.read_now(ids)
    assert (pieces, pieces, pieces) == counted.read_now(pages)
    assert counted.read_now(count_registry, wanted).many == len(pieces) > 5
    assert len(counted.read_now(pieces_of, wanted).values) > 20
    monkeypatch.setattr("ratings.reports.registry_hours.MOST", 0)
    assert len(counted.read_now(pieces_of, wanted).values) == 1
    assert counted.read_now(ids) == pieces
    assert counted.read_now(count_registry, wanted).many == len(pieces)
    assert counted.read_now(count_registry, wanted, most=3) == Total(3, exact=False)


@pytest.mark.parametrize("more", [{}, {"sort": "value"}, {"show": "all"}, {"show": "unanswered", "sort": "-asked"}])
def test_a_chunk_has_the_columns_that_are_named_and_reads_no_scale_twice(counted: Store, more: Links) -> None:
    wanted = parse_wanted({name: [value] for name, value in more.items()}, NEW_YORK)
    whole = counted.read_now(read_chunk, wanted, 40, None)
    names = {"comment", "tag", "survey_id", "survey_version"}
    some = counted.read_now(read_chunk, wanted, 40, None, names)
    assert names < set(some.columns) < set(whole.columns)
    assert dict(some.columns) == {name: whole.columns[name] for name in some.columns}
    assert (some.after, some.scales) == (whole.after, whole.scales)
    assert some.scales
    another = replace(next(iter(some.scales.values())))
    known = dict.fromkeys(some.scales, another)
    following = counted.read_now(read_chunk, wanted, 40, some.after, names, known)
    assert all(following.scales[version] is another for version in known)
    assert counted.read_now(read_chunk, wanted, 40, None, {"comment"}).scales == {}
