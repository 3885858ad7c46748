"""What customers wish about being asked: never here, never at all, less, again; from the page and from a messenger."""

import pytest
from sqlalchemy import create_engine

from ratings.store.inbound import Allowed
from ratings.store.pages import LESS, SetAsking, Wish, load_page
from ratings.store.results import Done
from ratings.store.schema import customers, events, jobs
from ratings.times import DAY, HOUR
from tests.conftest import Clock
from tests.store.links import change_survey, state
from tests.store.world import ACCOUNT, ANN, World

SHOP = "viber.shop"
EVERYWHERE = frozenset({ACCOUNT, SHOP})
ANNA = {"id": "anna"}
AT_SHOP = {"channel": SHOP, "id": "v-ann"}


@pytest.fixture(autouse=True)
def two_accounts(world: World) -> None:
    world.accounts = EVERYWHERE


def wish(world: World, number: int, what: Wish) -> None:
    world.store.writer.do_now(SetAsking(number, what))


def decision(world: World, ticket_id: str, **more: object) -> tuple[str, str | None]:
    decided = world.close(ticket_id, customer=ANNA, **more)
    return decided.decision, decided.reason


def test_never_here_ends_this_channel_alone(world: World) -> None:
    here = world.asked(customer=ANNA)
    also_here = world.close("T-2", customer=ANNA).invitation_id
    there = world.close("T-3", customer=ANNA, address=AT_SHOP).invitation_id
    wish(world, here, "never_here")
    assert [state(world, number) for number in (here, also_here, there)] == ["cancelled", "cancelled", "scheduled"]
    assert decision(world, "T-4") == ("skip", "opted_out")
    assert decision(world, "T-5", address=AT_SHOP) == ("ask", None)


def test_never_ends_every_channel(world: World) -> None:
    here = world.asked(customer=ANNA)
    there = world.close("T-2", customer=ANNA, address=AT_SHOP).invitation_id
    other = world.close("T-3", customer={"id": "bob"}, address={"channel": SHOP, "id": "v-bob"}).invitation_id
    wish(world, here, "never")
    assert [state(world, number) for number in (here, there, other)] == ["cancelled", "cancelled", "scheduled"]
    assert [row["type"] for row in world.rows(events)].count("invitation.cancelled") == 2
    assert decision(world, "T-4", address=AT_SHOP) == ("skip", "opted_out")
    assert [job.address for job in world.claim(account=SHOP)] == ["v-bob"]


def test_never_of_a_customer_without_an_id_is_about_the_address(world: World) -> None:
    here = world.asked()
    wish(world, here, "never")
    assert world.close("T-2").reason == "opted_out"
    assert world.close("T-3", address=AT_SHOP).decision == "ask"


def test_never_leaves_an_answer_alone(world: World) -> None:
    number = world.asked(customer=ANNA)
    world.tap(number, 2)
    wish(world, number, "never")
    assert state(world, number) == "answered"


def test_less_is_a_rest_that_ends(world: World, clock: Clock) -> None:
    number = world.asked(customer=ANNA)
    wish(world, number, "less")
    assert state(world, number) == "asked", "what is asked already is asked"
    assert decision(world, "T-2", address=AT_SHOP) == ("skip", "resting")
    clock.forward(LESS - 1)
    assert decision(world, "T-3") == ("skip", "resting")
    clock.forward(1)
    assert decision(world, "T-4") == ("ask", None)


def test_less_does_not_soften_never(world: World) -> None:
    number = world.asked(customer=ANNA)
    wish(world, number, "never")
    wish(world, number, "less")
    assert decision(world, "T-2") == ("skip", "opted_out")
    (row,) = world.rows(customers)
    assert row["opted_out_at"] is not None
    assert row["resting_until"] is not None


@pytest.mark.parametrize("before", ["never_here", "never", "less"])
def test_again_takes_every_wish_back(world: World, clock: Clock, before: Wish) -> None:
    number = world.asked(customer=ANNA)
    wish(world, number, before)
    wish(world, number, "again")
    clock.forward(HOUR)
    assert decision(world, "T-2") == ("ask", None)


def test_the_page_shows_what_was_wished(world: World, clock: Clock) -> None:
    number = world.asked(customer=ANNA)

    def shown() -> tuple[bool, int | None]:
        page = world.store.read_now(load_page, number, clock())
        assert page is not None
        return page.opted_out, page.resting_until

    assert shown() == (False, None)
    wish(world, number, "less")
    assert shown() == (False, clock() + LESS)
    wish(world, number, "never_here")
    assert shown() == (True, clock() + LESS)
    wish(world, number, "again")
    assert shown() == (False, None)
    wish(world, number, "never")
    assert shown() == (True, None)
    clock.forward(LESS)
    assert shown() == (True, None)


def test_a_wish_about_nothing_that_was_asked_is_no_wish(world: World) -> None:
    skipped = world.close(address=None, customer=ANNA).invitation_id
    wish(world, skipped, "never")
    wish(world, 123_456, "never_here")
    assert world.rows(customers) == []


def test_never_in_a_messenger_covers_what_the_survey_says(world: World) -> None:
    change_survey(world, opt_out="everywhere")
    here = world.asked(customer=ANNA)
    there = world.close("T-2", customer=ANNA, address=AT_SHOP).invitation_id
    world.receive(world.pressed(here, "never"))
    assert [state(world, number) for number in (here, there)] == ["cancelled", "cancelled"]
    assert decision(world, "T-3", address=AT_SHOP) == ("skip", "opted_out")
    notices = [job.text for job in world.work() if job.kind == "notice"]
    assert notices == ["opted_out"], "the last message confirms it"


@pytest.mark.parametrize("by_page", [True, False])
def test_who_starts_again_in_a_messenger_is_asked_again(world: World, clock: Clock, *, by_page: bool) -> None:
    change_survey(world, opt_out="everywhere")
    here = world.asked(customer=ANNA)
    if by_page:
        wish(world, here, "never")
    else:
        world.receive(world.pressed(here, "never"))
    world.work()
    clock.forward(60 * DAY)
    world.receive(Allowed(event_id="start", sender=ANN, asked=True))
    assert [job.text for job in world.work()] == ["opted_in"]
    assert decision(world, "T-2") == ("ask", None)
    assert decision(world, "T-3", address=AT_SHOP) == ("ask", None)


def test_a_lifted_block_is_not_the_customer_s_word(world: World) -> None:
    here = world.asked(customer=ANNA)
    wish(world, here, "never")
    world.receive(Allowed(event_id="unblocked", sender=ANN, asked=False))
    assert decision(world, "T-2") == ("skip", "opted_out")


def test_never_in_a_messenger_is_about_that_channel_unless_the_survey_says_more(world: World) -> None:
    here = world.asked(customer=ANNA)
    there = world.close("T-2", customer=ANNA, address=AT_SHOP).invitation_id
    world.receive(world.pressed(here, "never"))
    assert [state(world, number) for number in (here, there)] == ["cancelled", "scheduled"]
    assert world.rows(customers) == []


def out_meanwhile(world: World) -> None:
    """Anna opted out in another process, which did not see what was decided at the same time."""
    engine = create_engine(world.store.url)
    with engine.begin() as connection:
        row = {"customer": "c:api:anna", "opted_out_at": world.clock(), "resting_until": None}
        connection.execute(customers.insert().values(row))
    engine.dispose()


def test_a_prompt_that_is_due_is_not_sent_to_who_opted_out_everywhere_meanwhile(world: World) -> None:
    number = world.close(customer=ANNA).invitation_id
    out_meanwhile(world)
    assert world.work() == []
    assert state(world, number) == "cancelled"
    assert {row["error"] for row in world.rows(jobs)} == {"opted_out"}


def test_nor_is_a_reminder(world: World, clock: Clock) -> None:
    change_survey(world, timing={"reminders_s": [86400]})
    number = world.asked(customer=ANNA)
    out_meanwhile(world)
    clock.forward(DAY)
    assert world.work() == []
    assert state(world, number) == "cancelled"
    assert {row["error"] for row in world.rows(jobs, kind="reminder")} == {"opted_out"}


def test_a_rating_may_still_be_changed_by_who_wants_no_more(world: World) -> None:
    number = world.asked(customer=ANNA)
    world.tap(number, 5)
    wish(world, number, "never")
    assert world.tap(number, 3) == "changed"
    rendered = [job for job in world.claim() if job.kind == "render"]
    assert [job.may_send_anew for job in rendered] == [False]
    for job in rendered:
        world.finish(job, Done())


def test_a_customer_of_two_tickets_is_one_whatever_the_address(world: World) -> None:
    number = world.asked(customer=ANNA)
    wish(world, number, "never")
    both = [{"channel": "sms.main", "id": "1"}, AT_SHOP]
    assert decision(world, "T-2", address=None, addresses=both) == ("skip", "opted_out")
