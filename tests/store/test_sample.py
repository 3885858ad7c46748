"""A sample in a real store, on each engine: what is told is what is stored, marked, and only where nothing else is."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, func, select, text

from ratings.lifecycle import EventType
from ratings.links import Timings
from ratings.reports.filters import Filters
from ratings.reports.lists import list_events, list_invitations, list_ratings
from ratings.reports.recovery import list_recoveries
from ratings.reports.summary import summarise
from ratings.reports.tickets import ticket_ledger
from ratings.reports.votes import list_votes
from ratings.sample.cast import CHANNELS
from ratings.sample.history import History
from ratings.sample.plan import Plan
from ratings.sample.portion import COLUMNS
from ratings.store.claims import Claim
from ratings.store.closings import DeskReport
from ratings.store.events import NumberEvents
from ratings.store.lapses import RunLapses
from ratings.store.link_votes import RunSettlements
from ratings.store.roll_up_keeping import roll_up_state_of
from ratings.store.sample import BeginSample, NotEmpty, Sample, count_days, fill, load_sample
from ratings.store.schema import metadata
from ratings.store.store import Store
from ratings.ticket import Ticket
from ratings.times import DAY, MINUTE, SECOND, format_instant
from tests.conftest import START, Clock
from tests.store.counted import ZONE, assert_counted, keep_roll_up
from tests.store.world import World

PLAN = Plan(600, 3, START, days=120)


def test_the_rows_of_a_sample_are_those_that_it_tells(store: Store) -> None:
    added: list[int] = []
    fill(store.writer, PLAN, by="cli", on_rows=added.append)
    assert sum(added) == PLAN.rows
    first_id = store.read_now(lambda connection: connection.execute(text("SELECT min(id) FROM tickets")).scalar_one())
    for portion in History(PLAN, first_id).portions():
        for name, rows in portion.tables():
            columns = [metadata.tables[name].c[column] for column in COLUMNS[name]]
            stored = store.read_now(lambda connection, of=columns: connection.execute(select(*of)).all())  # type: ignore[misc] # of this turn
            assert sorted(map(repr, map(tuple, stored))) == sorted(map(repr, rows)), name
    assert store.read_now(load_sample) == Sample(3, 600, 120, format_instant(START), complete=True)
    assert (
        store.read_now(lambda connection: connection.execute(text("SELECT changed_by FROM settings")).scalar_one())
        == "cli"
    )


def test_every_list_and_report_shows_it(store: Store) -> None:
    fill(store.writer, PLAN, by="cli")
    summary = store.read_now(summarise, Filters())
    assert summary["closed"]["closed"] == PLAN.rows
    listed = store.read_now(list_ratings, Filters(), limit=1000).items
    assert len(listed) == summary["ratings"] > PLAN.rows / 5
    words = next(item["comment"] for item in listed if item["comment"] and len(item["comment"]) > 12)
    word = max(words.replace(".", " ").replace(",", " ").split(), key=len)
    found = store.read_now(list_ratings, Filters(words=(word,)), limit=1000).items
    assert {item["id"] for item in found} >= {item["id"] for item in listed if item["comment"] == words} != set()
    assert len(store.read_now(list_recoveries, Filters(), limit=1000).items) == summary["recovery"]["asked_again"] > 0
    for item in store.read_now(list_invitations, Filters(), limit=1000).items:
        if item["recovery_of"]:
            ledger = store.read_now(ticket_ledger, "sample", item["ticket"]["id"])
            assert ledger is not None
            assert len(ledger["closings"]) == 2
            assert store.read_now(list_votes, item["recovery_of"])["votes"]  # type: ignore[index] # it is there
            break
    else:
        pytest.fail("no ticket was closed again")


def test_its_days_are_counted_as_a_recount_would_and_stay_so_when_the_service_goes_on(
    store: Store, clock: Clock
) -> None:
    counted: list[int] = []
    fill(store.writer, replace(PLAN, seed=5, zone=ZONE), by="cli")  # with a vote by link that waits
    assert not store.read_now(roll_up_state_of).ready
    count_days(store, ZONE, on_rows=counted.append)
    assert sum(counted) == PLAN.rows
    assert store.read_now(roll_up_state_of).ready
    store.read_now(assert_counted)
    clock.forward(8 * DAY)
    assert store.writer.do_now(RunSettlements(Timings(10 * SECOND, 60 * SECOND, 15 * MINUTE))) > 0
    assert store.writer.do_now(RunLapses()) > 0
    store.read_now(assert_counted)
    keep_roll_up(store)
    store.read_now(assert_counted)


def test_events_are_numbered_without_a_gap_and_in_the_order_of_time(store: Store) -> None:
    fill(store.writer, PLAN, by="cli")
    events = store.read_now(list_events, since=0, limit=2000).items
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    assert EventType.RATED in {event["type"] for event in events}


def test_only_an_empty_store_is_filled(store: Store) -> None:
    fill(store.writer, PLAN, by="cli")
    with pytest.raises(NotEmpty, match=r"holds a sample already \(seed 3, 600 rows\)"):
        fill(store.writer, PLAN, by="cli")


def test_a_store_with_closings_of_its_own_stays_as_it_is(world: World) -> None:
    world.close()
    with pytest.raises(NotEmpty, match="closings of its own"):
        fill(world.store.writer, PLAN, by="cli")
    assert world.store.read_now(load_sample) is None
    assert world.store.read_now(_closings) == 1


def test_a_sample_that_was_broken_off_says_so(store: Store) -> None:
    store.writer.do_now(BeginSample(PLAN, "cli"))
    held = store.read_now(load_sample)
    assert held is not None
    assert not held.complete
    with pytest.raises(NotEmpty, match="not complete"):
        fill(store.writer, PLAN, by="cli")


def test_the_service_goes_on_from_it(store: Store, clock: Clock) -> None:
    """Ids and event numbers follow those of the sample, and a live account has nothing of it to send."""
    fill(store.writer, PLAN, by="cli")
    ticket = Ticket(id="T-1", closed_at=clock.now - 1_000)
    decided = store.writer.do_now(DeskReport(ticket, frozenset({"telegram.support"})))
    assert decided.invitation_id  # type: ignore[union-attr] # of a closing
    account = CHANNELS[0].account
    assert store.writer.do_now(RunLapses()) == 0
    clock.forward(8 * DAY)
    assert store.writer.do_now(RunLapses()) > 0
    assert store.writer.do_now(NumberEvents()) > 0
    claim = Claim(account, 100, 100.0, 100.0, MINUTE, idempotent=False, acknowledge_within=None)
    assert store.writer.do_now(claim).jobs == ()


def _closings(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(metadata.tables["invitations"])).scalar_one()
