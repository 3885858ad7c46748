"""Both ways of counting give the same figures, on random histories, for any filters and any days; on both engines."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from ratings.reports.agents import agents
from ratings.reports.dashboard import dashboard
from ratings.reports.directory import Entry, list_directory
from ratings.reports.figures import Counts, Dashboard, Days
from ratings.reports.filters import Filters, Range, day_end, day_start
from ratings.reports.summary import summarise
from ratings.reports.tallied import ALL, DAY, HOURS, MONTH, WITH_OTHERS, Tallies
from ratings.rights import Sight
from ratings.store.schema import invitations, ratings
from ratings.store.store import Store
from ratings.tallies import DIMENSIONS
from tests.conftest import Clock
from tests.reports.history import DAYS, FIRST, ZONE, fill
from tests.store.counted import keep_roll_up
from tests.store.world import World

NEW_YORK = ZoneInfo(ZONE)
START = datetime.fromtimestamp(FIRST / 1000, NEW_YORK).date()
ALL_DAYS = Days(START - timedelta(days=3), START + timedelta(days=DAYS + 40))


@pytest.fixture
def counted(store: Store, store_url: str) -> Store:
    """A store with a history of which half is folded and half still stands among the changes."""
    fill(store_url, 500)
    keep_roll_up(store, ZONE)
    return store


def _filters(source: random.Random, names: tuple[str, ...] = DIMENSIONS) -> Filters:
    choices = {
        "survey": ("default", "second"),
        "channel": ("telegram.support", "email.help", "vk.old"),
        "form": ("support", "sales"),
        "group": ("first", "second"),
        "agent": ("anna", "boris"),
        "priority": ("low", "high"),
    }
    chosen = source.sample(names, source.choice((0, 0, 1, 1, 2, 3)))
    equal = {name: tuple(source.sample(choices[name], source.randint(1, 2))) for name in chosen}
    return Filters(equal, sight=source.choice((Sight(), Sight(), Sight(("support",)))))


def _days(source: random.Random) -> Days:
    first = ALL_DAYS.first + timedelta(days=source.randrange(DAYS))
    return Days(first, first + timedelta(days=source.choice((0, 6, 40, 90))))


def test_what_is_read_of_days_is_what_is_counted_row_by_row(counted: Store) -> None:
    source = random.Random(4)

    def compare(connection: Connection) -> None:
        for _ in range(40):
            filters, days = _filters(source), _days(source)
            by = tuple(source.sample(DIMENSIONS, source.choice((0, 1, 2))))
            step = source.choice((ALL, DAY, MONTH))
            fast, slow = Tallies(connection, filters, NEW_YORK), Tallies(connection, filters, NEW_YORK)
            slow.counted = False
            hours = fast.knows(by, hours=True)
            kinds = WITH_OTHERS | {HOURS} if hours else WITH_OTHERS
            found, expected = fast.read(days, by, step=step, kinds=kinds), slow.read(days, by, step=step)
            for tallied in (*found.values(), *expected.values()):
                tallied.hours = tallied.hours if hours else {}
                tallied.tickets = {name: many for name, many in tallied.tickets.items() if many}
            assert {key: each for key, each in found.items() if each.tickets or each.values or each.others} == expected
            assert expected or not found

    counted.read_now(compare)


def test_the_summary_is_the_same_either_way(counted: Store) -> None:
    source = random.Random(6)

    def compare(connection: Connection) -> None:
        for _ in range(40):
            ranges = {
                name: source.choice((Range(), _range(_days(source)), Range(FIRST + 12_345_678, None)))
                for name in ("rated", "asked", "closed")
            }
            filters = replace(
                _filters(source),
                ranges=ranges,
                values=source.choice(((), (), (5,))),
                tags=source.choice(((), (), ("vip",))),
            )
            found = summarise(connection, filters)
            assert found == summarise(connection, filters, row_by_row=True)

    counted.read_now(compare)
    assert counted.read_now(summarise, Filters())["closed"]["closed"] == 500


def test_the_dashboard_is_what_the_rows_say(counted: Store) -> None:
    """Counted here once more from the rows, by other means."""
    days, before = Days(date(2026, 3, 1), date(2026, 3, 31)), Days(date(2026, 2, 1), date(2026, 2, 28))
    found = counted.read_now(dashboard, Filters(), days, before, NEW_YORK)
    start, end = day_start(days.first, NEW_YORK), day_end(days.last, NEW_YORK)

    def rows(connection: Connection) -> tuple[int, int, list[int]]:
        closed = connection.execute(select(invitations).where(invitations.c.closed_at.between(start, end - 1))).all()
        rated = connection.execute(
            select(ratings.c.value).where(
                ratings.c.rated_at.between(start, end - 1), ratings.c.state == "confirmed", ratings.c.scale == "Five"
            )
        ).scalars()
        return len(closed), sum(row.handling_s or 0 for row in closed), list(rated)

    closed, handling_s, values = counted.read_now(rows)
    assert (found.now.closed, found.now.handling_s) == (closed, handling_s)
    assert found.scale == "Five"
    assert found.scales == ("Five", "Two")
    assert found.now.ratings == len(values)
    assert found.now.by_value == {value: values.count(value) for value in range(1, 6)}
    assert found.now.mean == pytest.approx(sum(values) / len(values))
    assert found.now.csat == pytest.approx(sum(value >= 4 for value in values) / len(values))
    assert 0 < found.earlier.closed < closed
    assert found.csat_change is not None
    assert found.bounds is not None
    assert found.bounds[0] <= found.bounds[1]
    assert sum(found.now.skips.values()) == found.now.closed - found.now.decided_to_ask
    _adds_up(found)


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_every_part_of_the_dashboard_adds_up(counted: Store, unit: str) -> None:
    days = Days(date(2026, 2, 26), date(2026, 4, 15))
    found = counted.read_now(dashboard, Filters(), days, days, NEW_YORK, unit=unit, scale="Two")
    assert found.now == found.earlier
    assert set(found.parts) == {"survey", "channel", "form", "group", "priority"}
    _adds_up(found)
    starts = [point.start for point in found.trend]
    match unit:
        case "day":
            assert len(starts) == 49
            assert all(point.complete for point in found.trend)
        case "week":
            assert all(start.weekday() == 0 for start in starts)
            assert [point.complete for point in found.trend] == [False, *[True] * 6, False]
        case _:
            assert starts == [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]
            assert [point.complete for point in found.trend] == [False, True, False]


def _adds_up(found: Dashboard) -> None:
    for parts in found.parts.values():
        _sums(found.now, [part.counts for part in parts])
    _sums(found.now, [point.counts for point in found.trend])
    assert sum(hour.ratings for hour in found.hours) == found.now.ratings
    assert sum(hour.satisfied for hour in found.hours) == found.now.satisfied


def _sums(whole: Counts, parts: list[Counts]) -> None:
    for name in ("closed", "asked", "delivered", "answered", "answered_of_closed", "commented", "ratings", "satisfied"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name


def test_a_period_without_anything_has_no_values(counted: Store) -> None:
    days = Days(date(2020, 1, 1), date(2020, 12, 31))
    found = counted.read_now(dashboard, Filters(), days, days, NEW_YORK)
    assert found.now == Counts()
    assert (found.now.csat, found.now.mean, found.now.response_rate, found.bounds) == (None, None, None, None)
    assert (found.scale, found.csat_change, found.unit) == (None, None, "month")
    assert [point.counts for point in found.trend] == [Counts()] * 12
    assert counted.read_now(agents, Filters(), days, NEW_YORK) == ()


def test_a_point_is_complete_when_all_had_their_time_to_answer(counted: Store) -> None:
    days = Days(date(2026, 3, 1), date(2026, 3, 31))
    now = day_start(date(2026, 3, 20), NEW_YORK)
    found = counted.read_now(dashboard, Filters(), days, days, NEW_YORK, unit="day", now=now)
    complete = [point.start for point in found.trend if point.complete]
    assert complete == [date(2026, 3, day) for day in range(1, len(complete) + 1)]
    assert 0 < len(complete) < 20


def test_nobody_sees_in_the_figures_what_they_may_not_see(counted: Store) -> None:
    all_ = counted.read_now(dashboard, Filters(), ALL_DAYS, ALL_DAYS, NEW_YORK)
    theirs = counted.read_now(dashboard, Filters().seen_by(Sight(("support",))), ALL_DAYS, ALL_DAYS, NEW_YORK)
    (form,) = theirs.parts["form"]
    assert form == next(part for part in all_.parts["form"] if part.id == "support")
    assert theirs.now.closed == form.counts.closed < all_.now.closed
    listed = counted.read_now(list_directory, Sight(()))
    assert not any(listed.values())


def test_agents_by_the_rules(counted: Store) -> None:
    found = counted.read_now(agents, Filters(), ALL_DAYS, NEW_YORK)
    assert {agent.id for agent in found} == {"anna", "boris", "clara"}
    assert {agent.name for agent in found} == {"Anna", "Boris", "Clara"}
    assert all(agent.counted for agent in found)
    assert {agent.rank for agent in found} == {1}, "they rate at random: nobody is better"
    won = [award for agent in found for award in agent.awards]
    assert sorted(won) == ["handling", "mean", "most_closed", "reaction", "response"]
    most = max(found, key=lambda agent: agent.counts.closed)
    assert "most_closed" in most.awards
    everything = counted.read_now(dashboard, Filters(), ALL_DAYS, ALL_DAYS, NEW_YORK)
    nobody_s = counted.read_now(dashboard, Filters(), ALL_DAYS, ALL_DAYS, NEW_YORK).now.closed - sum(
        agent.counts.closed for agent in found
    )
    assert 0 < nobody_s < everything.now.closed


def test_the_directory_knows_whom_closings_named(store: Store, clock: Clock) -> None:
    world = World(store, clock)
    agent = {"id": "a1", "name": "Anna"}
    world.close("T-1", agent=agent, form={"id": "f1", "name": "Support"})
    world.close(
        "T-2", agent={"id": "a1", "name": "Anna Berg"}, form={"id": "f2"}, address={"channel": "x.y", "id": "2"}
    )
    world.close("T-3", agent={"id": "a1"}, address={"channel": "x.y", "id": "3"})
    found = world.store.read_now(list_directory)
    seen = int(datetime.fromtimestamp(clock.now / 1000, UTC).strftime("%Y%m%d"))
    assert found["agent"] == (Entry("a1", "Anna Berg", seen),)
    assert [entry.id for entry in found["form"]] == ["f2", "f1"]
    assert {entry.id for entry in found["channel"]} == {"telegram.support", "x.y"}
    keep_roll_up(world.store, ZONE)
    theirs = world.store.read_now(list_directory, Sight(("f1",)))
    assert [entry.id for entry in theirs["form"]] == ["f1"]
    assert [entry.id for entry in theirs["channel"]] == ["telegram.support"]


def _range(days: Days) -> Range:
    return Range(day_start(days.first, NEW_YORK), day_end(days.last, NEW_YORK))
