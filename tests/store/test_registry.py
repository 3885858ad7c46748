"""The registry's rows: what each filter, sort and right leaves of them, page by page in both directions."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from ratings.errors import InvalidInput
from ratings.lifecycle import Delivery, State
from ratings.reports.dashboard import dashboard
from ratings.reports.figures import Days
from ratings.reports.filters import Filters
from ratings.reports.registry import (
    SORTS,
    RegistryRow,
    Show,
    Sort,
    Wanted,
    count_registry,
    list_registry,
    parse_wanted,
    rows_by_ids,
)
from ratings.rights import Sight
from ratings.store.inbound import Delivered
from ratings.store.link_votes import Overrule
from ratings.times import DAY, MINUTE
from ratings.votes import VoteState
from tests.conftest import Clock
from tests.store.world import ANN, World

ZONE = ZoneInfo("Europe/Moscow")
ABOUT: dict[str, object] = {
    "form": {"id": "web", "name": "Site"},
    "group": {"id": "g1", "name": "First line"},
    "agent": {"id": "7", "name": "Anna"},
    "customer": {"id": "c1", "name": "Мария"},
    "priority": "high",
    "tags": ["vip"],
    "url": "https://desk.example/T-1",
    "recording_url": "https://desk.example/T-1.mp3",
}


def wanted(**parameters: object) -> Wanted:
    return parse_wanted({name: [str(value)] for name, value in parameters.items()}, ZONE)


def rows(world: World, **parameters: object) -> list[RegistryRow]:
    return world.store.read_now(list_registry, wanted(**parameters), limit=100).rows


def tickets(found: Sequence[RegistryRow]) -> list[str]:
    return [row.ticket_id for row in found]


def asked(world: World, ticket_id: str, **more: object) -> int:
    """Close a ticket and send what is due, the messages about earlier ones too."""
    decided = world.close(ticket_id, **more)
    world.work()
    return decided.invitation_id


@pytest.fixture
def filled(world: World, clock: Clock) -> World:
    """T-1 to T-4 rated 5, 2, 2, 1; T-5 asked, no answer; T-6 and T-7 skipped."""
    said: list[tuple[dict[str, object], int, str]] = [
        (ABOUT, 5, "Спасибо!"),
        ({"form": "shop", "agent": {"id": "8"}}, 2, "Слишком долго"),
        ({"form": "shop"}, 2, ""),
        ({"form": "web"}, 1, ""),
    ]
    for number, (about, value, words) in enumerate(said, start=1):
        clock.forward(MINUTE)
        invitation = asked(world, f"T-{number}", **about)
        clock.forward(MINUTE)
        world.tap(invitation, value)
        if words:
            world.write(words)
        world.work()
    clock.forward(MINUTE)
    asked(world, "T-5")
    clock.forward(MINUTE)
    world.close("T-6", ask=False, form="web")
    clock.forward(MINUTE)
    world.close("T-7", closed_at="2026-01-01T00:00:00Z")
    return world


def test_a_row_says_everything_that_is_known(filled: World, clock: Clock) -> None:
    row = rows(filled, ticket="T-1")[0]
    assert row.picked is not None
    assert (row.value, row.picked.choice.symbol, row.picked.choice.label("ru"), row.picked.place, row.picked.of) == (
        5,
        "😍",
        "Отлично",
        4,
        5,
    )
    assert (row.comment, row.customer, row.recording_url) == ("Спасибо!", "Мария", "https://desk.example/T-1.mp3")
    assert (row.form, row.form_name, row.group, row.group_name) == ("web", "Site", "g1", "First line")
    assert (row.agent, row.agent_name, row.priority, row.channel) == ("7", "Anna", "high", "telegram.support")
    assert (row.survey, row.vote_state, row.state, row.decision) == ("default", "confirmed", "answered", "ask")
    assert (row.show, row.satisfied, row.scale, row.outcome) == (Show.RATED, True, "1-5", None)
    skipped = rows(filled, show="not_asked", ticket="T-7")[0]
    assert (skipped.show, skipped.reason, skipped.value, skipped.picked) == (Show.NOT_ASKED, "too_old", None, None)
    assert skipped.detail
    assert row.rated_at is not None
    assert row.closed_at < row.decided_at < row.rated_at < clock.now


def test_each_closing_is_in_one_of_the_three_and_all_are_in_all(filled: World) -> None:
    assert tickets(rows(filled, show="rated")) == ["T-4", "T-3", "T-2", "T-1"]
    assert tickets(rows(filled, show="unanswered")) == ["T-5"]
    assert tickets(rows(filled, show="not_asked")) == ["T-6", "T-7"]
    assert tickets(rows(filled, show="all")) == ["T-6", "T-5", "T-4", "T-3", "T-2", "T-1", "T-7"]
    assert {row.show for row in rows(filled, show="all")} == {Show.RATED, Show.UNANSWERED, Show.NOT_ASKED}


FILTERS: list[tuple[dict[str, object], list[str]]] = [
    ({"value": "2,1"}, ["T-4", "T-3", "T-2"]),
    ({"value_max": 1}, ["T-4"]),
    ({"form": "shop"}, ["T-3", "T-2"]),
    ({"agent": "7"}, ["T-1"]),
    ({"group": "g1"}, ["T-1"]),
    ({"tag": "vip"}, ["T-1"]),
    ({"priority": "high"}, ["T-1"]),
    ({"channel": "telegram.other"}, []),
    ({"q": "долг"}, ["T-2"]),
    ({"has_comment": "true"}, ["T-2", "T-1"]),
    ({"delivered": "true"}, ["T-4", "T-3", "T-2", "T-1"]),
    ({"delivered": "false"}, []),
    ({"show": "not_asked", "delivered": "false"}, []),
    ({"show": "all", "delivered": "true", "value_max": 2}, ["T-4", "T-3", "T-2"]),
    ({"scale": "1-5"}, ["T-4", "T-3", "T-2", "T-1"]),
    ({"scale": "1\\,5,1-5", "value": 1}, ["T-4"]),
    ({"scale": "1-10"}, []),
    ({"show": "all", "scale": "1-5"}, ["T-4", "T-3", "T-2", "T-1"]),
    ({"show": "unanswered", "scale": "1-5"}, []),
    ({"rated_from": "2026-09-22"}, []),
    ({"ticket": "T-2", "value": 2}, ["T-2"]),
    ({"ticket": "T"}, []),
    ({"state": "quarantined"}, []),
    ({"sort": "rated"}, ["T-1", "T-2", "T-3", "T-4"]),
    ({"sort": "closed"}, ["T-1", "T-2", "T-3", "T-4"]),
    ({"sort": "-value"}, ["T-1", "T-3", "T-2", "T-4"]),
    ({"sort": "value"}, ["T-4", "T-2", "T-3", "T-1"]),
    ({"show": "all", "value_max": 2}, ["T-4", "T-3", "T-2"]),
    ({"show": "all", "value_max": 2, "sort": "decided"}, ["T-2", "T-3", "T-4"]),
    ({"show": "all", "value_max": 2, "state": "answered"}, ["T-4", "T-3", "T-2"]),
    ({"show": "all", "value_max": 2, "state": "lapsed"}, []),
    ({"show": "all", "form": "web", "sort": "decided"}, ["T-1", "T-4", "T-6"]),
    ({"show": "all", "reason": "too_old"}, ["T-7"]),
    ({"show": "not_asked", "reason": "ask_false,too_old", "sort": "decided"}, ["T-6", "T-7"]),
    ({"show": "not_asked", "state": "scheduled"}, []),
    ({"show": "unanswered", "value_max": 2}, []),
    ({"show": "rated", "reason": "too_old"}, []),
    ({"show": "unanswered", "asked_from": "2026-09-20"}, ["T-5"]),
    ({"show": "unanswered", "asked_from": "2026-09-23"}, []),
]


def test_each_filter_leaves_its_rows_and_their_number(filled: World) -> None:
    for parameters, found in FILTERS:
        assert tickets(rows(filled, **parameters)) == found, parameters
        total = filled.store.read_now(count_registry, wanted(**parameters))
        assert (total.many, total.exact) == (len(found), True), parameters


def test_what_does_not_count_is_unanswered_and_shown_with_its_state(world: World, clock: Clock) -> None:
    invitation = world.asked("T-1")
    world.tap(invitation, 1)
    clock.forward(MINUTE)
    world.store.writer.do_now(Overrule(invitation, VoteState.QUARANTINED, by="cli", why="a test"))
    assert rows(world) == []
    assert [(row.value, row.vote_state) for row in rows(world, show="unanswered")] == [(1, "quarantined")]
    assert tickets(rows(world, state="quarantined")) == ["T-1"]


def test_delivered_is_what_the_dashboard_counts(world: World, clock: Clock) -> None:
    numbers = {}
    for number, delivery in enumerate((None, *Delivery), start=1):
        for value in (None, 4):
            clock.forward(MINUTE)
            ticket = f"T-{number}-{value}"
            numbers[ticket] = asked(world, ticket)
            if delivery is not None:
                told = {"external_id": "", "delivery": delivery, "invitation_id": numbers[ticket]}
                world.receive(Delivered(event_id=ticket, sender=ANN, **told))
            if value is not None:
                world.tap(numbers[ticket], value)
    world.store.writer.do_now(Overrule(numbers["T-6-4"], VoteState.QUARANTINED, by="cli", why="a test"))
    every = world.store.read_now(list_registry, wanted(show="all", sort="closed"), limit=100).rows
    days = Days(date(2026, 9, 1), date(2026, 9, 30))
    counts = world.store.read_now(dashboard, Filters(), days, days, ZONE).now
    found = {}
    for text in ("true", "false"):
        found[text] = tickets(rows(world, show="all", sort="closed", delivered=text))
        for sort in ("closed", "asked", "decided"):
            again = rows(world, show="all", sort=sort, asked_from="2026-09-01", delivered=text)
            assert sorted(tickets(again)) == sorted(found[text])
        total = world.store.read_now(count_registry, wanted(show="all", delivered=text))
        assert total.many == len(found[text])
    assert len(found["true"]) == counts.delivered
    assert sorted(found["true"] + found["false"]) == sorted(tickets(every))
    assert found["false"] == ["T-5-None", "T-6-None", "T-6-4"], "unknown and bounced, unless an answer counts"
    assert tickets(rows(world, state="quarantined", delivered="false")) == ["T-6-4"]
    assert tickets(rows(world, delivered="false")) == []
    assert "T-5-4" in tickets(rows(world, delivered="true"))


def test_rights_are_in_every_query(filled: World) -> None:
    for show in Show:
        everything = Wanted(show=show, sort=Sort(SORTS[show][0]))
        seen = everything.seen_by(Sight(("web",)))
        found = filled.store.read_now(list_registry, seen).rows
        assert {row.form for row in found} <= {"web"}
        assert filled.store.read_now(count_registry, seen).many == len(found)
        ids = [row.id for row in filled.store.read_now(list_registry, everything).rows]
        assert filled.store.read_now(rows_by_ids, seen, ids) == found
        assert filled.store.read_now(list_registry, everything.seen_by(Sight(()))).rows == []
        named = Wanted(show=show, sort=everything.sort, tickets=("T-2", "T-5", "T-7")).seen_by(Sight(("web",)))
        assert filled.store.read_now(list_registry, named).rows == []


def test_pages_follow_one_another_in_both_directions(filled: World) -> None:
    for show in Show:
        for sort in (Sort(name, falling) for name in SORTS[show] for falling in (True, False)):
            order = Wanted(show=show, sort=sort)
            whole = filled.store.read_now(list_registry, order).rows
            forward, cursor, before = [], None, []
            while True:
                page = filled.store.read_now(list_registry, order, limit=1, cursor=cursor)
                forward += page.rows
                before.append(page.previous)
                if page.next is None:
                    break
                cursor = page.next
            assert forward == whole, str(sort)
            assert before[0] is None
            back = [whole[-1]]
            while (cursor := before[-1] if len(back) == 1 else page.previous) is not None:
                page = filled.store.read_now(list_registry, order, limit=1, cursor=cursor)
                back += page.rows
                assert page.next is not None
            assert back == list(reversed(whole))


def test_a_page_stays_where_it_is_while_new_ratings_arrive(filled: World, clock: Clock) -> None:
    first = filled.store.read_now(list_registry, wanted(), limit=2)
    clock.forward(DAY)
    filled.tap(asked(filled, "T-9"), 4)
    second = filled.store.read_now(list_registry, wanted(), limit=2, cursor=first.next)
    assert tickets(second.rows) == ["T-2", "T-1"]


def test_a_total_says_when_there_are_more(filled: World) -> None:
    total = filled.store.read_now(count_registry, wanted(), most=3)
    assert (total.many, total.exact) == (3, False)


@pytest.mark.parametrize(
    ("parameters", "pointers"),
    [
        ({"show": "some"}, ["/show"]),
        ({"sort": "asked"}, ["/sort"]),
        ({"show": "not_asked", "sort": "rated"}, ["/sort"]),
        ({"reason": "boredom"}, ["/reason"]),
        ({"ticket": ""}, ["/ticket"]),
        ({"delivered": "yes"}, ["/delivered"]),
        ({"state": "lapsed"}, ["/state"]),
        ({"show": "all", "state": "confirmed"}, ["/state"]),
        ({"show": "all", "state": State.LAPSED.value, "colour": "red", "value": "many"}, ["/colour", "/value"]),
    ],
)
def test_every_wrong_parameter_is_named(parameters: dict[str, object], pointers: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        wanted(**parameters)
    assert [error.pointer for error in caught.value.errors] == pointers


def test_a_cursor_of_another_order_is_refused(filled: World) -> None:
    cursor = filled.store.read_now(list_registry, wanted(), limit=1).next
    for other in (wanted(sort="rated"), wanted(sort="closed"), wanted(sort="value")):
        with pytest.raises(InvalidInput):
            filled.store.read_now(list_registry, other, cursor=cursor)
