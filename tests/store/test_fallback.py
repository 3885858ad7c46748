"""One invitation, several addresses: where one takes no prompt, the ticket's next is asked, in the same name."""

import pytest

from ratings.lifecycle import Delivery
from ratings.store.addresses import MAX_BOUNCES
from ratings.store.claims import Claimed
from ratings.store.inbound import Delivered, Happening, Receive, Refused
from ratings.store.results import Done, Failed
from ratings.store.schema import addresses, events, invitations, jobs, ratings, votes
from ratings.times import DAY, SECOND
from tests.conftest import Clock
from tests.store.links import change_survey, state, vote
from tests.store.world import ACCOUNT, ANN, World

MAIL = "email.support"
SHOP = "viber.shop"
PLACES = [{"channel": MAIL, "id": "ann@example.org"}, {"channel": ACCOUNT, "id": ANN}, {"channel": SHOP, "id": "v-ann"}]
GONE = Failed("recipient_gone", again=False, text="")


@pytest.fixture(autouse=True)
def three_accounts(world: World) -> None:
    world.accounts = frozenset({MAIL, ACCOUNT, SHOP})
    change_survey(world, fallback=True, timing={"reminders_s": [86400]})


def closed(world: World, ticket_id: str = "T-1") -> int:
    return world.close(ticket_id, address=None, addresses=PLACES, customer={"id": "anna"}).invitation_id


def prompt(world: World, account: str) -> Claimed:
    (job,) = world.claim(account=account)
    assert job.kind == "prompt"
    return job


def fail(world: World, account: str, outcome: Failed = GONE) -> None:
    world.finish(prompt(world, account), outcome)


def bounced(world: World, number: int, *, gone: bool, event_id: str = "b1", account: str = MAIL) -> str:
    """A report comes back: it names the invitation, and comes from nobody that we know."""
    told = Delivered(
        event_id=event_id,
        sender="mailer-daemon@example.org",
        external_id="",
        delivery=Delivery.BOUNCED,
        gone=gone,
        invitation_id=number,
    )
    return world.store.writer.do_now(receive(account, told)).outcomes[0]


def receive(account: str, *told: Happening) -> Receive:
    return Receive(account, told)


def place(world: World, number: int) -> tuple[str, str]:
    (row,) = world.rows(invitations, id=number)
    return row["account"], row["address"]


def types(world: World) -> list[str]:
    return [row["type"] for row in world.rows(events)]


def test_a_prompt_that_fails_for_good_goes_to_the_next_address(world: World) -> None:
    number = closed(world)
    fail(world, MAIL, Failed("rejected", again=False, text=""))
    assert (state(world, number), place(world, number)) == ("scheduled", (ACCOUNT, ANN))
    assert [job.kind for job in world.work()] == ["prompt"]
    assert state(world, number) == "asked"
    assert len(world.rows(invitations)) == 1
    assert types(world) == ["invitation.asked"]
    assert world.tap(number, 5) == "rated"
    (row,) = world.rows(ratings)
    assert (row["account"], len(world.rows(votes))) == (ACCOUNT, 1)


def test_a_prompt_that_may_go_later_does_not_move(world: World) -> None:
    number = closed(world)
    fail(world, MAIL, Failed("unreachable", again=True, text=""))
    assert place(world, number) == (MAIL, "ann@example.org")


def test_an_outcome_that_nobody_knows_does_not_move_it(world: World) -> None:
    number = closed(world)
    fail(world, MAIL, Failed("outcome_unknown", again=False, text=""))
    assert (state(world, number), place(world, number)[0]) == ("asked", MAIL)


def test_without_the_survey_s_word_nobody_is_asked_elsewhere(world: World) -> None:
    change_survey(world, fallback=False)
    number = closed(world)
    fail(world, MAIL)
    assert (state(world, number), types(world)) == ("undeliverable", ["invitation.undeliverable"])
    assert world.claim() == []


def test_when_the_last_address_fails_it_is_undeliverable(world: World) -> None:
    number = closed(world)
    for account in (MAIL, ACCOUNT, SHOP):
        fail(world, account)
    (row,) = world.rows(invitations, id=number)
    assert (row["state"], row["state_reason"]) == ("undeliverable", "recipient_gone")
    assert types(world) == ["invitation.undeliverable"]
    assert vote(world, number, 4).state is not None, "a vote is still taken"


def test_an_unreachable_address_is_found_when_its_prompt_is_due(world: World, clock: Clock) -> None:
    change_survey(world, fallback=True, timing={"delay_s": 600})
    number = closed(world)
    world.store.writer.do_now(receive(MAIL, Refused(event_id="blocked", sender="ann@example.org", asked=False)))
    clock.forward(600 * SECOND)
    assert world.claim(account=MAIL) == []
    assert (state(world, number), place(world, number)) == ("scheduled", (ACCOUNT, ANN))
    assert [job.kind for job in world.work()] == ["prompt"]


@pytest.mark.parametrize("gone", [True, False])
def test_a_mail_that_comes_back_is_asked_elsewhere(world: World, clock: Clock, *, gone: bool) -> None:
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    assert state(world, number) == "asked"
    clock.forward(SECOND)
    assert bounced(world, number, gone=gone) == "acted"
    assert (state(world, number), place(world, number)) == ("scheduled", (ACCOUNT, ANN))
    (row,) = world.rows(invitations, id=number)
    assert (row["delivery"], row["external_id"]) == (None, None)
    assert [job.kind for job in world.work()] == ["prompt"]
    (row,) = world.rows(invitations, id=number)
    assert (row["state"], row["delivery"], row["state_reason"]) == ("asked", "accepted", None)
    assert types(world) == ["invitation.asked"], "asked once, whatever the way"
    assert world.tap(number, 4) == "rated"


def test_reminders_move_along_and_are_not_doubled(world: World, clock: Clock) -> None:
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    clock.forward(60 * SECOND)
    bounced(world, number, gone=True)
    world.work()
    assert [(row["account"], row["address"], row["state"]) for row in world.rows(jobs, kind="reminder")] == [
        (ACCOUNT, ANN, "due")
    ]
    clock.forward(DAY)
    assert world.claim(account=MAIL) == []
    assert [job.kind for job in world.work()] == ["reminder"]
    assert len(world.rows(jobs, kind="lapse")) == 1


def test_the_time_for_an_answer_begins_anew_where_it_is_asked_next(world: World, clock: Clock) -> None:
    change_survey(world, fallback=True, timing={"reminders_s": [], "lapse_after_s": 86400})
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    clock.forward(DAY - SECOND)
    bounced(world, number, gone=True)
    world.work()
    clock.forward(DAY - SECOND)
    world.lapse()
    assert state(world, number) == "asked"
    clock.forward(SECOND)
    world.lapse()
    assert state(world, number) == "lapsed"


def test_the_time_for_an_answer_ends_with_the_invitation_wherever_it_is_asked(world: World, clock: Clock) -> None:
    timing = {"reminders_s": [], "lapse_after_s": 5 * 86400, "expires_after_s": 6 * 86400}
    change_survey(world, fallback=True, timing=timing)
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    clock.forward(2 * DAY)
    bounced(world, number, gone=True)
    world.work()
    (job,) = world.rows(jobs, kind="lapse")
    (row,) = world.rows(invitations, id=number)
    assert job["due_at"] == row["expires_at"]


def test_what_is_held_at_its_next_address_until_after_the_time_still_lapses_in_the_end(
    world: World, clock: Clock
) -> None:
    timing = {"reminders_s": [], "lapse_after_s": 86400}
    change_survey(world, fallback=True, timing=timing)
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    change_survey(world, fallback=True, timing=timing, enabled=False)
    bounced(world, number, gone=True)
    clock.forward(2 * DAY)
    world.lapse()
    assert (world.work(), state(world, number)) == ([], "scheduled")
    change_survey(world, fallback=True, timing=timing, enabled=True)
    assert [job.kind for job in world.work()] == ["prompt"]
    clock.forward(DAY)
    world.lapse()
    assert state(world, number) == "lapsed"


def test_a_mail_that_comes_back_after_the_answer_changes_nothing(world: World, clock: Clock) -> None:
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    clock.forward(60 * SECOND)
    vote(world, number, 5)
    bounced(world, number, gone=True)
    assert (state(world, number), place(world, number)[0]) == ("answered", MAIL)
    assert world.claim() == []


def test_the_same_report_twice_moves_once(world: World) -> None:
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    bounced(world, number, gone=True)
    assert bounced(world, number, gone=True) == "duplicate"
    assert place(world, number) == (ACCOUNT, ANN)


def test_a_second_report_about_the_first_address_does_not_move_it_from_the_second(world: World) -> None:
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    bounced(world, number, gone=False)
    world.work()
    bounced(world, number, gone=True, event_id="b2")
    assert (state(world, number), place(world, number)) == ("asked", (ACCOUNT, ANN))
    gone = [row["account"] for row in world.rows(addresses) if row["unreachable_at"] is not None]
    assert ACCOUNT not in gone, "the bounce of a mail says nothing about a messenger"


def test_a_bounce_ends_an_address_at_once_or_the_third_time(world: World, clock: Clock) -> None:
    change_survey(world, fallback=False)
    for n in range(MAX_BOUNCES):
        (row,) = world.rows(addresses, account=MAIL) or [{"unreachable_at": None}]
        assert row["unreachable_at"] is None
        number = closed(world, f"T-{n}")
        world.finish(prompt(world, MAIL), Done(external_id=f"<{n}@x>"))
        bounced(world, number, gone=False, event_id=f"b{n}")
        clock.forward(SECOND)
    (row,) = world.rows(addresses, account=MAIL)
    assert (row["unreachable_code"], row["bounces"]) == ("bounced", MAX_BOUNCES)
    decided = world.close("T-9", address={"channel": MAIL, "id": "ann@example.org"})
    assert (decided.decision, decided.reason) == ("skip", "unreachable")


def test_what_arrives_or_is_answered_ends_the_count_of_bounces(world: World) -> None:
    change_survey(world, fallback=False)
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    for n in range(MAX_BOUNCES - 1):
        bounced(world, number, gone=False, event_id=f"b{n}")
    arrived = Delivered(event_id="d", sender="ann@example.org", external_id="<1@x>", delivery=Delivery.DELIVERED)
    world.store.writer.do_now(receive(MAIL, arrived))
    bounced(world, number, gone=False, event_id="b9")
    (row,) = world.rows(addresses, account=MAIL)
    assert (row["bounces"], row["unreachable_at"]) == (1, None)
