"""Accounts that an admin holds: nothing goes out by them, nothing that comes in is lost, and afterwards all goes on."""

from collections.abc import Callable

from ratings.store.holds import HoldAccount
from ratings.store.loading import desk_account
from ratings.store.people_tables import audit
from ratings.store.results import Done
from ratings.store.schema import accounts, invitations
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import parse_survey
from ratings.times import DAY, HOUR, SECOND
from tests.conftest import Clock
from tests.store.counted import assert_counted, keep_roll_up
from tests.store.desk_office import DESK, OUTCOMES, DeskOffice
from tests.store.world import ACCOUNT, World


def hold(world: World, held: bool = True, account: str = ACCOUNT) -> bool:
    return world.store.writer.do_now(HoldAccount(account, held, "key:ops"))


def invitation(world: World, number: int) -> dict[str, object]:
    (row,) = world.rows(invitations, id=number)
    return row


def test_what_is_held_goes_out_when_it_is_released_and_says_why_it_waited(world: World, clock: Clock) -> None:
    keep_roll_up(world.store)
    before = world.close("T-1").invitation_id
    assert hold(world)
    assert not hold(world)  # it is so already
    after = world.close("T-2", address={"channel": ACCOUNT, "id": "555002"}).invitation_id
    later = world.close("T-3", address={"channel": "telegram.other", "id": "1"}, ask=False).invitation_id
    assert [invitation(world, number)["state_reason"] for number in (before, after, later)] == ["held", "held", None]
    world.store.read_now(assert_counted)
    clock.forward(HOUR)
    assert world.claim() == []
    assert hold(world, held=False)
    assert [invitation(world, number)["state_reason"] for number in (before, after)] == [None, None]
    world.store.read_now(assert_counted)
    (first,) = world.claim(per_second=1)  # within the pace
    world.finish(first, Done(external_id="m-1"))
    clock.forward(SECOND)
    assert {job.invitation.id for job in (first, *world.work()) if job.invitation} == {before, after}


def test_what_comes_in_meanwhile_is_taken(world: World) -> None:
    number = world.asked()
    hold(world)
    assert world.tap(number, 2) == "rated"
    assert world.write("too slow") == "commented"
    assert world.claim() == []
    assert world.close("T-9").decision == "ask"
    hold(world, held=False)
    assert "render" in {job.kind for job in world.work()}


def test_a_prompt_that_got_too_old_meanwhile_is_not_sent(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    hold(world)
    clock.forward(40 * DAY)
    hold(world, held=False)
    assert world.work() == []
    assert (invitation(world, number)["state"], invitation(world, number)["state_reason"]) == (
        "undeliverable",
        "too_late",
    )


def test_reminders_that_waited_keep_their_distance(world: World, clock: Clock) -> None:
    (survey,) = world.store.read_now(load_surveys)
    timing = {"timing": {"reminders_s": [7200, 7200], "lapse_after_s": 864000}}
    world.store.writer.do_now(SaveSurvey(parse_survey(timing, base=survey), None, "test"))
    world.asked()
    hold(world)
    clock.forward(5 * HOUR)  # both are overdue
    hold(world, held=False)
    assert [job.kind for job in world.work()] == ["reminder"]
    clock.forward(HOUR)
    assert world.work() == []
    clock.forward(HOUR)
    assert [job.kind for job in world.work()] == ["reminder"]


def test_a_survey_that_is_off_stays_the_reason(world: World) -> None:
    (survey,) = world.store.read_now(load_surveys)
    number = world.close().invitation_id
    off = parse_survey({"enabled": False}, base=survey)
    world.store.writer.do_now(SaveSurvey(off, None, "test"))
    assert world.work() == []
    hold(world)
    assert invitation(world, number)["state_reason"] == "survey_off"
    hold(world, held=False)
    world.store.writer.do_now(SaveSurvey(parse_survey({"enabled": True}, base=off), None, "test"))
    assert [job.kind for job in world.work()] == ["prompt"]


def test_a_desk_is_held_as_well(world: World, clock: Clock) -> None:
    office = DeskOffice(world, clock)
    office.survey(outcomes=OUTCOMES)
    number = office.asked()
    hold(world, account=desk_account(DESK))
    world.tap(number, 1)
    clock.forward(HOUR)
    assert office.look().jobs == ()
    hold(world, held=False, account=desk_account(DESK))
    assert len(office.look().jobs) == 1


def test_every_process_holds_it(world: World, make_store: Callable[[str], Store], clock: Clock) -> None:
    other = World(make_store(world.store.url), clock)
    world.close()
    hold(world)
    assert other.claim() == []
    hold(other, held=False)
    assert len(world.claim()) == 1


def test_another_account_is_not_held(world: World) -> None:
    hold(world, account="telegram.other")
    world.asked()


def test_the_audit_log_says_who_held_and_released(world: World) -> None:
    hold(world)
    (row,) = world.rows(accounts, account=ACCOUNT)
    assert (row["held_at"], row["held_by"]) == (world.clock(), "key:ops")
    hold(world, held=False)
    told = [(row["by"], row["what"], row["kind"], row["object"]) for row in world.rows(audit)]
    assert told == [("key:ops", "held", "channel", ACCOUNT), ("key:ops", "released", "channel", ACCOUNT)]
