"""One customer erased: nothing of them is left in any table, no number moves, nobody else is touched, and nothing brings them back."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Text, create_engine, insert, inspect, text, update
from sqlalchemy.pool import NullPool

from ratings.errors import InvalidInput
from ratings.links import LinkKind
from ratings.reports.customers import Identity, export_person, find_person, find_traces
from ratings.reports.filters import Filters
from ratings.reports.summary import summarise
from ratings.retention import Retention, read_retention
from ratings.store import people_tables, schema
from ratings.store.cleaning import Clean
from ratings.store.erasure import EraseCustomer, Erased
from ratings.store.inbound import Allowed, Refused, Unreadable
from ratings.store.results import Done
from ratings.store.retention import ApplyRetention, would_erase
from ratings.store.settings import SaveSetting
from ratings.times import DAY, MINUTE
from ratings.votes import VoteState
from tests.conftest import Clock
from tests.store.counted import assert_counted, keep_roll_up
from tests.store.desk_office import DESK, OUTCOMES, DeskOffice, NotDone
from tests.store.links import hit, overrule, vote
from tests.store.world import ACCOUNT, World

MARK = "zqxmark"
ADDRESS = f"{MARK}-address"
CUSTOMER = {
    "id": f"{MARK}-id",
    "name": f"{MARK} Name",
    "email": f"{MARK}@x.example",
    "phone": "+7 999 123-45-67",
    "timezone": "Europe/Moscow",
    "language": "ru",
}
TICKET: dict[str, Any] = {
    "address": {"channel": ACCOUNT, "id": ADDRESS},
    "customer": CUSTOMER,
    "subject": f"{MARK} subject",
    "url": f"https://desk.example/{MARK}",
    "recording_url": f"https://calls.example/{MARK}",
    "thread": {"message_id": f"<{MARK}@x.example>", "references": [f"<{MARK}2@x.example>"]},
    "fields": {"order": f"{MARK} order", "address": {"street": MARK}},
    "unheard_of": f"{MARK} raw",
    "agent": {"id": "7", "name": "Maria"},
    "tags": ["vip"],
}

STAYS: Mapping[str, frozenset[str]] = {
    "tickets": frozenset(),
    "invitations": frozenset(
        [
            "desk",
            "ticket_id",
            "closing",
            "decision",
            "reason",
            "survey_id",
            "language",
            "account",
            "form",
            "group_id",
            "agent_id",
            "agent_name",
            "priority",
            "kind",
            "state",
            "state_reason",
            "delivery",
            "chosen",
            "form_name",
            "group_name",
        ]
    ),
    "ratings": frozenset(
        [
            "state",
            "scale",
            "survey_id",
            "account",
            "desk",
            "ticket_id",
            "form",
            "group_id",
            "agent_id",
            "agent_name",
            "priority",
        ]
    ),
    "votes": frozenset({"state", "source", "account", "link_kind", "evidence"}),
    "hits": frozenset({"method"}),
    "rating_history": frozenset({"what", "by", "old", "new"}),  # of words: erased; of values: numbers
    "comments": frozenset(),
    "jobs": frozenset({"kind", "account", "state", "lane", "text"}),  # `text` is the key of a text
    "desk_results": frozenset({"outcome", "tag"}),
    "alerts": frozenset({"survey_id", "destination", "reason"}),
    "events": frozenset({"type"}),
}
"""Text columns of everything that is an invitation's, which tell of the work, not of the customer. A new column is erased, or named here."""


@contextmanager
def by_hand(world: World) -> Iterator[Connection]:
    """A connection past the writer."""
    engine = create_engine(world.store.url, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def plant(world: World, number: int) -> None:
    """Put the mark into every column of an invitation's rows that is to be erased."""
    with by_hand(world) as connection:
        for table in schema.metadata.tables.values():
            own = "invitation_id" if "invitation_id" in table.c else "id" if table.name in STAYS else None
            if own is None or table.name in {"ticket_tags", "closing_aliases"}:
                continue
            columns = [each for each in table.c if isinstance(each.type, Text) and each.name not in STAYS[table.name]]
            for column in columns:
                if column.name in {"snapshot", "further", "message_id", "refused"}:
                    continue  # made by the story itself, or an array that is read
                connection.execute(
                    update(table).where(table.c[own] == number).values({column.name: _mark(column.name)})
                )
        jobs = schema.jobs.c
        theirs = connection.execute(schema.jobs.select().where(jobs.invitation_id == number)).all()
        for row in theirs:
            connection.execute(
                update(schema.attempts).where(schema.attempts.c.job_id == row.id).values(text=f"{MARK} said no")
            )


def _mark(column: str) -> str:
    if column == "address":
        return ADDRESS
    if column == "customer":
        return f"c:{DESK}:{CUSTOMER['id']}"
    return f"rejected: {MARK}" if column == "error" else MARK


def remains(world: World) -> list[str]:
    """Every place in the database where the mark still stands: the full-text index, too."""
    found = []
    with by_hand(world) as connection:
        for name in inspect(connection).get_table_names():
            statement = text(f'SELECT * FROM "{name}"')  # noqa: S608 - a name out of the database itself
            for row in connection.execute(statement).mappings():
                found += [f"{name}.{column}: {value!r}" for column, value in row.items() if _holds(value)]
    return found


def _holds(value: object) -> bool:
    if isinstance(value, memoryview):
        value = bytes(value)
    return MARK.encode() in value.lower() if isinstance(value, bytes) else MARK in str(value).lower()


@pytest.fixture
def office(world: World, clock: Clock) -> DeskOffice:
    office = DeskOffice(world, clock)
    office.survey(outcomes=OUTCOMES)
    return office


def story(office: DeskOffice) -> int:
    """A customer with everything that can happen: votes, words, links, corrections, a desk that refuses, odd requests."""
    world, clock = office.world, office.clock
    number = office.asked("T-1", **TICKET)
    (job,) = world.sent
    clock.forward(MINUTE)
    hit(world, number, 2)
    world.receive(world.tapped(number, 2, sender=ADDRESS))
    clock.forward(MINUTE)
    vote(world, number, 1, LinkKind.GESTURE, comment=f"{MARK} was rude")
    overrule(world, number, VoteState.QUARANTINED, why=f"{MARK} called")
    overrule(world, number, VoteState.CONFIRMED, why=f"{MARK} called again")
    wrote = world.wrote(f"{MARK} and slow", reply_to=f"message-{job.job_id}")
    world.receive(type(wrote)(**{**_fields(wrote), "sender": ADDRESS}))
    office.edit(number, 3)
    clock.forward(2 * MINUTE)
    office.finish(office.claim(), NotDone("comment", "locked", f"{MARK} is locked"))
    world.work()
    stray = world.wrote(f"{MARK} asks something else")
    world.receive(type(stray)(**{**_fields(stray), "sender": ADDRESS}))
    world.receive(Unreadable(event_id="odd", sender="", raw=f'{{"from": "{ADDRESS}"}}'.encode(), error="KeyError"))
    world.number()
    with by_hand(world) as connection:
        _rest(connection, number)
    plant(world, number)
    return number


def _fields(wrote: Any) -> dict[str, Any]:
    return {name: getattr(wrote, name) for name in wrote.__dataclass_fields__}


def _rest(connection: Connection, number: int) -> None:
    """Rows that other parts make: a reply of a subscriber, an answer that is kept, what is known of an address."""
    told = connection.execute(schema.events.select().where(schema.events.c.invitation_id == number)).first()
    assert told is not None
    row = {"id": 9_000_001, "endpoint_id": 1, "number": told.number, "at": 1, "ok": False, "duration": 1}
    connection.execute(insert(schema.deliveries).values(**row, reply=f"{MARK} is no user", problem=MARK))
    answer = {"api_key": "k", "path": "/api/v1/render", "key": "1", "body_hash": "x", "status": 200, "at": 1}
    body = json.dumps({"invitation": number, "html": f"Dear {MARK}"})
    connection.execute(insert(schema.idempotency_keys).values(**answer, body=body))
    place = schema.addresses.c.address == ADDRESS
    values = {"client": MARK, "unreachable_code": MARK, "moved_to": f"{MARK}-new"}
    connection.execute(update(schema.addresses).where(place).values(values))


def erase(world: World, identity: Identity) -> Erased:
    person = world.store.read_now(find_person, identity)
    traces = world.store.read_now(find_traces, person)
    return world.store.writer.do_now(
        EraseCustomer(
            tickets=frozenset(person.invitations),
            names=frozenset(person.names),
            places=frozenset(person.places),
            messages=traces.jobs,
            deliveries=traces.deliveries,
            unreadable=traces.unreadable,
            answers=traces.answers,
            how=identity.how,
            name=identity.name,
            by="key:ops",
        )
    )


BY_ID = Identity(customer=(DESK, f"{MARK}-id"))


def test_nothing_is_left_of_them_in_any_table_and_no_number_moves(office: DeskOffice) -> None:
    world = office.world
    keep_roll_up(world.store)
    number = story(office)
    assert remains(world)
    before = world.store.read_now(summarise, Filters())
    votes_before = [(row["value"], row["state"], row["at"]) for row in world.rows(schema.votes)]
    erased = erase(world, BY_ID)
    assert (erased.tickets, erased.in_hand) == (1, 0)
    assert remains(world) == []
    assert world.store.read_now(summarise, Filters()) == before
    world.store.read_now(assert_counted)
    assert [(row["value"], row["state"], row["at"]) for row in world.rows(schema.votes)] == votes_before
    (rating,) = world.rows(schema.ratings)
    assert (rating["value"], rating["comment"], rating["agent_name"]) == (3, "", "Maria")
    (row,) = world.rows(schema.invitations)
    assert (row["id"], row["ticket_id"], row["erased_at"]) == (number, "T-1", office.clock.now)
    (ticket,) = world.rows(schema.tickets)
    assert json.loads(ticket["snapshot"])["customer"] == {"language": "ru"}
    (told,) = world.rows(people_tables.audit, kind="customer")
    assert (told["what"], told["by"]) == ("erased", "key:ops")


def test_what_was_erased_is_not_brought_back_by_what_comes_late(office: DeskOffice) -> None:
    world = office.world
    number = story(office)
    erase(world, BY_ID)
    assert office.closed("T-1") == (number, False)
    world.receive(world.tapped(number, 5, sender=ADDRESS))
    vote(world, number, 5, LinkKind.GESTURE, comment=f"{MARK} once more")
    world.work()
    assert [row for row in remains(world) if not row.startswith("addresses.")] == []
    (rating,) = world.rows(schema.ratings)
    assert rating["value"] == 3


def test_what_is_open_is_cancelled_first_and_nobody_is_asked(office: DeskOffice) -> None:
    world = office.world
    office.world.accounts = frozenset({ACCOUNT})
    number = world.close("T-5", **{**TICKET, "desk": DESK}).invitation_id
    erased = erase(world, BY_ID)
    assert (erased.tickets, erased.cancelled) == (1, 1)
    assert world.work() == []
    (row,) = world.rows(schema.invitations, id=number)
    assert (row["state"], row["state_reason"]) == ("cancelled", "erased")


def test_a_message_on_its_way_keeps_it_waiting(office: DeskOffice) -> None:
    world = office.world
    world.close("T-5", **{**TICKET, "desk": DESK})
    (job,) = world.claim()
    waiting = erase(world, BY_ID)
    assert (waiting.tickets, waiting.in_hand) == (0, 1)
    assert remains(world)
    world.finish(job, Done(external_id="m-1"))
    assert erase(world, BY_ID).tickets == 1
    assert remains(world) == []


@pytest.mark.parametrize(
    "identity",
    [
        Identity(place=(ACCOUNT, ADDRESS)),
        Identity(email=f"{MARK.upper()}@x.example"),
        Identity(phone="79991234567"),
    ],
    ids=lambda identity: identity.how,
)
def test_they_are_found_by_any_of_their_names(office: DeskOffice, identity: Identity) -> None:
    world = office.world
    story(office)
    office.clock.forward(MINUTE)
    world.close(
        "T-2", customer={"email": f"{MARK}@x.example"}, address={"channel": "email.shop", "id": "other@x.example"}
    )
    world.close("T-3")  # Ann is somebody else
    assert erase(world, identity).tickets == 2
    assert remains(world) == []
    assert [row["erased_at"] is None for row in world.rows(schema.invitations, ticket_id="T-3")] == [True]


def test_another_customer_at_the_same_address_is_only_counted(world: World) -> None:
    shared = {"channel": ACCOUNT, "id": "info@shop"}
    world.close("T-1", customer={"id": "1"}, address=shared)
    world.close("T-2", customer={"id": "2", "name": "Bob"}, address=shared)
    person = world.store.read_now(find_person, Identity(customer=("api", "1")))
    assert (len(person.invitations), person.others) == (1, {"c:api:2"})
    erase(world, person.identity)
    (bob,) = world.rows(schema.invitations, ticket_id="T-2")
    assert (bob["customer_name"], bob["address"]) == ("Bob", "info@shop")


def test_who_wanted_no_messages_gets_none_after_being_erased(world: World, clock: Clock) -> None:
    number = world.asked("T-1", customer={"id": "1", "name": MARK})
    world.receive(Refused(event_id="stop", sender="555001", asked=True, invitation_id=number))
    erase(world, Identity(customer=("api", "1")))
    assert world.rows(schema.addresses) == []
    clock.forward(DAY)
    assert world.close("T-2", customer={"id": "1"}).reason == "opted_out"
    (row,) = world.rows(schema.addresses)
    assert row["opted_out_at"] is not None
    assert world.rows(schema.forgotten_wishes) == [] or world.rows(schema.customers)


def test_who_asks_for_messages_again_after_being_erased_gets_them(world: World, clock: Clock) -> None:
    world.asked("T-1")
    world.receive(Refused(event_id="stop", sender="555001", asked=True))
    erase(world, Identity(place=(ACCOUNT, "555001")))
    clock.forward(DAY)
    world.receive(Allowed(event_id="start", sender="555001", asked=True))
    assert world.close("T-2").decision == "ask"


def test_the_export_tells_everything_that_is_known(office: DeskOffice) -> None:
    world = office.world
    story(office)
    person = world.store.read_now(find_person, BY_ID)
    told = world.store.read_now(export_person, person)
    assert told["emails"] == [CUSTOMER["email"]]
    (ticket,) = told["tickets"]
    assert ticket["ticket"]["fields"]["order"] == f"{MARK} order"
    assert {"invitation", "rating", "votes", "opened_links", "comments", "history", "messages"} <= ticket.keys()
    assert [vote["value"] for vote in ticket["votes"]]
    json.dumps(told)


# --- periods -----------------------------------------------------------------------------------------------------


def keep_for(world: World, **days: int) -> Retention:
    periods = read_retention(days)
    world.store.writer.do_now(SaveSetting("retention", periods.to_dict(), "key:ops"))
    return periods


def apply(world: World) -> int:
    """Erase until nothing is left to erase."""
    gone = 0
    while done := world.store.writer.do_now(ApplyRetention()):
        gone += done
    return gone


def test_personal_data_goes_when_its_time_is_over(office: DeskOffice) -> None:
    world, clock = office.world, office.clock
    story(office)
    clock.forward(MINUTE)
    world.work()
    before = world.store.read_now(summarise, Filters())
    periods = keep_for(world, personal_data_days=60)
    clock.forward(59 * DAY)
    assert apply(world) == 0
    young = world.close("T-9", customer={"id": "9", "name": "Young"}, address={"channel": ACCOUNT, "id": "9"})
    clock.forward(2 * DAY)
    assert world.store.read_now(would_erase, periods, clock.now)["tickets"] == 1
    assert apply(world) == 1
    world.store.writer.do_now(Clean())
    left = [row for row in remains(world) if not row.startswith(("deliveries.", "idempotency_keys."))]
    assert left == []
    assert world.store.read_now(would_erase, periods, clock.now)["tickets"] == 0
    (row,) = world.rows(schema.invitations, id=young.invitation_id)
    assert row["customer_name"] == "Young"
    after = world.store.read_now(summarise, Filters())
    assert (after["ratings"], after["csat"], after["distribution"]) == (
        before["ratings"],
        before["csat"],
        before["distribution"],
    )


def test_words_go_before_names_where_their_time_is_shorter(office: DeskOffice) -> None:
    world, clock = office.world, office.clock
    story(office)
    keep_for(world, comments_days=7)
    clock.forward(6 * DAY)
    assert apply(world) == 0
    clock.forward(2 * DAY)
    assert apply(world) == 1
    (rating,) = world.rows(schema.ratings)
    assert rating["comment"] == ""
    assert world.rows(schema.comments) == []
    (row,) = world.rows(schema.invitations)
    assert row["subject"] is not None


def test_what_platforms_told_and_the_audit_log_have_periods_of_their_own(world: World, clock: Clock) -> None:
    world.asked()
    world.write("hello")
    keep_for(world, inbound_days=2, audit_days=30)
    clock.forward(3 * DAY)
    world.store.writer.do_now(Clean())
    assert world.rows(schema.inbound_events) == []
    assert len(world.rows(people_tables.audit)) == 1
    clock.forward(31 * DAY)
    assert apply(world) == 1
    assert world.rows(people_tables.audit) == []


def test_periods_that_are_none_are_named() -> None:
    with pytest.raises(InvalidInput) as raised:
        read_retention({"personal_data_days": 3, "comments_days": True, "votes_days": 9})
    assert {error.pointer for error in raised.value.errors} == {"/personal_data_days", "/comments_days", "/votes_days"}
