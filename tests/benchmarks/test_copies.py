"""A sample made larger for the benchmarks is what it says: so many rows, under keys of their own, counted as a recount would."""

from sqlalchemy import Connection, func, inspect, select, text

from benchmarks.copies import multiply
from ratings.reports.filters import Filters
from ratings.reports.registry import Wanted, list_registry
from ratings.sample.plan import Plan
from ratings.store.sample import count_days, fill
from ratings.store.schema import invitations, ratings, ticket_tags
from ratings.store.store import Store
from tests.conftest import START, Clock
from tests.store.counted import assert_counted

ROWS, COPIES = 400, 7


def _indexes(connection: Connection) -> set[str]:
    inspector = inspect(connection)
    return {index["name"] or "" for table in inspector.get_table_names() for index in inspector.get_indexes(table)}


def _many(connection: Connection) -> list[int]:
    return [
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (invitations, ratings, ticket_tags)
    ]


def _strangers(connection: Connection) -> int:
    """Ratings of no invitation, or of another ticket than theirs."""
    told = text(
        "SELECT count(*) FROM ratings LEFT JOIN invitations ON invitations.id = ratings.id "
        "WHERE invitations.ticket_id IS NULL OR invitations.ticket_id <> ratings.ticket_id "
        "OR invitations.closed_at <> ratings.closed_at"
    )
    return int(connection.execute(told).scalar_one())


def test_copies_are_so_many_and_counted(store_url: str, clock: Clock) -> None:
    store = Store(store_url, clock).start()
    fill(store.writer, Plan(ROWS, 3, START, days=60, zone="Europe/Moscow"), by="test")
    count_days(store, "Europe/Moscow")
    before, made = store.read_now(_many), store.read_now(_indexes)
    words = Filters(words=("спасибо",))
    found = len(store.read_now(list_registry, Wanted(words), limit=1000).rows)
    store.stop()

    multiply(store_url, COPIES)

    store = Store(store_url, clock).start()
    try:
        assert store.read_now(_many) == [many * COPIES for many in before]
        assert before[0] == ROWS
        assert store.read_now(_indexes) == made
        store.read_now(assert_counted)
        assert len(store.read_now(list_registry, Wanted(words), limit=1000).rows) == found * COPIES > 0
        different = select(
            func.count(invitations.c.closed_at.distinct()), func.count(invitations.c.customer.distinct())
        )
        times, customers = store.read_now(lambda connection: connection.execute(different).one())
        assert times > ROWS * COPIES * 0.9
        assert customers > ROWS / 3
        assert store.read_now(_strangers) == 0
    finally:
        store.stop()
