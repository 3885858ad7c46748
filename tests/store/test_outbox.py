"""The outbox on both engines: leases, pace, back-off, final failures, unknown outcomes; nothing is sent twice."""

import threading
from collections.abc import Callable

import pytest

from ratings.store.claims import Claimed
from ratings.store.inbound import Allowed, Refused
from ratings.store.results import Done, DropAcknowledgment, Failed, back_off
from ratings.store.rows import MAX_ATTEMPTS
from ratings.store.schema import accounts, addresses, attempts, invitations, jobs
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import parse_survey
from ratings.times import DAY, HOUR, MINUTE, SECOND
from tests.conftest import Clock
from tests.store.world import ACCOUNT, World

UNREACHABLE = Failed("unreachable", again=True, text="no connection")
UNKNOWN = Failed("outcome_unknown", again=False, text="no answer")
GONE = Failed("recipient_gone", again=False, text="blocked", platform_code="403")


def invitation(world: World, number: int) -> dict[str, object]:
    (row,) = world.rows(invitations, id=number)
    return row


def job(world: World, kind: str = "prompt") -> dict[str, object]:
    (row,) = world.rows(jobs, kind=kind)
    return row


def switch(world: World, *, on: bool) -> None:
    (survey,) = world.store.read_now(load_surveys)
    changed = parse_survey({"enabled": on}, base=survey)
    assert not world.store.writer.do_now(SaveSurvey(changed, survey.version, "test")).conflict


def test_a_claimed_job_is_nobody_else_s_until_its_lease_runs_out(world: World) -> None:
    world.close()
    assert len(world.claim()) == 1
    assert world.claim() == []


def test_a_prompt_whose_lease_ran_out_is_unknown_and_never_sent_again(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim(lease=MINUTE)
    clock.forward(MINUTE + 1)
    assert world.claim() == []
    row = invitation(world, number)
    assert (row["state"], row["delivery"]) == ("asked", "unknown")
    assert job(world)["state"] == "unknown"
    assert [attempt["result"] for attempt in world.rows(attempts)] == ["outcome_unknown"]
    assert world.tap(number, 5) == "rated"
    assert prompt.kind == "prompt"


def test_a_repetition_that_the_platform_may_have_forgotten_is_not_made(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    for _ in range(2):
        (job,) = world.claim(idempotent=True)
        world.finish(job, Failed("outcome_unknown", again=False, text=""), idempotent=True)
        clock.forward(20 * MINUTE)
    assert world.claim(idempotent=True) == []
    (stored,) = world.rows(jobs, kind="prompt")
    assert (stored["state"], stored["attempts"]) == ("unknown", 2)
    (invitation,) = world.rows(invitations, id=number)
    assert (invitation["state"], invitation["delivery"]) == ("asked", "unknown")


def test_where_the_send_is_idempotent_a_lease_that_ran_out_is_tried_again(world: World, clock: Clock) -> None:
    world.close()
    world.claim(lease=MINUTE, idempotent=True)
    clock.forward(MINUTE + 1)
    assert [claimed.tries for claimed in world.claim(idempotent=True)] == [2]


def test_an_edit_whose_lease_ran_out_is_done_again(world: World, clock: Clock) -> None:
    number = world.asked()
    world.tap(number, 5)
    (render,) = world.claim(lease=MINUTE)
    assert render.kind == "render"
    clock.forward(MINUTE + 1)
    assert [claimed.kind for claimed in world.claim()] == ["acknowledge", "render"]


def test_an_unknown_outcome_is_told_and_not_repeated(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    world.finish(prompt, UNKNOWN)
    clock.forward(DAY)
    assert world.claim() == []
    assert invitation(world, number)["delivery"] == "unknown"


def test_a_result_that_comes_after_its_lease_ran_out_is_still_heard(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim(lease=MINUTE)
    clock.forward(MINUTE + 1)
    world.claim()
    world.finish(prompt, Done(external_id="77"))
    row = invitation(world, number)
    assert (row["delivery"], row["external_id"]) == ("accepted", "77")


def test_a_job_that_failed_for_now_comes_back_later_and_counts_its_tries(world: World, clock: Clock) -> None:
    world.close()
    for tries in range(1, 4):
        (claimed,) = world.claim()
        assert claimed.tries == tries
        world.finish(claimed, UNREACHABLE)
        assert world.claim() == []
        clock.forward(back_off(tries, 1.0))
    assert [attempt["result"] for attempt in world.rows(attempts)] == ["unreachable"] * 3


def test_after_the_last_try_the_failure_is_final_and_kept(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    for _ in range(MAX_ATTEMPTS):
        (claimed,) = world.claim()
        world.finish(claimed, UNREACHABLE)
        clock.forward(HOUR)
    assert world.claim() == []
    assert (job(world)["state"], job(world)["error"]) == ("failed", "unreachable")
    row = invitation(world, number)
    assert (row["state"], row["state_reason"]) == ("undeliverable", "unreachable")


@pytest.mark.parametrize("tries", [1, 2, 5, 50])
def test_the_back_off_doubles_with_jitter_and_has_a_limit(tries: int) -> None:
    limit = min(HOUR, 2 * SECOND * 2 ** (tries - 1))
    assert back_off(tries, 0.0) == limit // 2
    assert limit * 0.99 <= back_off(tries, 0.999) < limit


def test_a_dead_address_is_remembered_and_skipped_at_the_next_closing(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    world.finish(prompt, GONE)
    assert invitation(world, number)["state"] == "undeliverable"
    clock.forward(HOUR)
    later = world.close("T-2")
    assert (later.decision, later.reason) == ("skip", "unreachable")
    world.write("hello again")
    clock.forward(HOUR)
    assert world.close("T-3").decision == "ask"


def test_a_throttled_account_rests_exactly_as_long_as_told_and_no_other_does(world: World, clock: Clock) -> None:
    world.accounts = frozenset({ACCOUNT, "telegram.sales"})
    world.close("T-1")
    world.close("T-2", address={"channel": "telegram.sales", "id": "1"})
    (mine,) = world.claim()
    world.finish(mine, Failed("throttled", again=True, text="slow down", retry_after=7 * SECOND))
    clock.forward(7 * SECOND - 1)
    assert world.claim() == []
    assert len(world.claim(account="telegram.sales")) == 1
    clock.forward(1)
    assert [claimed.tries for claimed in world.claim()] == [1]


def test_a_throttled_chat_rests_alone(world: World, clock: Clock) -> None:
    world.close("T-1")
    (mine,) = world.claim()
    world.finish(mine, Failed("throttled", again=True, text="", retry_after=7 * SECOND, scope="recipient"))
    world.close("T-2", address={"channel": ACCOUNT, "id": "777"})
    assert [claimed.address for claimed in world.claim()] == ["777"]
    clock.forward(7 * SECOND)
    assert len(world.claim()) == 1


def test_an_account_that_is_misconfigured_rests_and_loses_nothing(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    world.finish(prompt, Failed("misconfigured", again=False, text="token revoked"))
    assert world.claim() == []
    assert invitation(world, number)["state"] == "scheduled"
    clock.forward(10 * MINUTE)
    assert len(world.claim()) == 1


def test_the_pace_of_an_account_holds_over_claims(world: World, clock: Clock) -> None:
    for number in range(100):
        world.close(f"T-{number}", address={"channel": ACCOUNT, "id": str(1000 + number)})
    sent = 0
    for _ in range(20):
        sent += len(world.claim(per_second=30))
        clock.forward(50)
    assert 28 <= sent <= 34


def test_one_chat_gets_one_message_a_second_and_holds_up_nobody(world: World, clock: Clock) -> None:
    for number in range(3):
        world.close(f"T-{number}", closing_id=str(number))
    world.close("T-9", address={"channel": ACCOUNT, "id": "777"})
    first = world.claim(per_recipient=1)
    assert sorted(claimed.address for claimed in first) == ["555001", "777"]
    world.close("T-4")
    assert world.claim(per_recipient=1) == []
    clock.forward(SECOND)
    assert len(world.claim(per_recipient=1)) == 1


def test_who_waits_with_a_finger_on_the_button_goes_first(world: World, clock: Clock) -> None:
    number = world.asked()
    for more in range(5):
        world.close(f"T-{more + 2}", address={"channel": ACCOUNT, "id": str(more)})
    world.tap(number, 5)
    clock.forward(6 * SECOND)
    assert [claimed.kind for claimed in world.claim(2)] == ["acknowledge", "render"]


def test_jobs_of_one_prompt_run_one_after_another(world: World) -> None:
    number = world.asked()
    world.tap(number, 1)
    (render,) = world.claim()
    world.tap(number, 5)
    assert world.claim() == []
    world.finish(render, Done())
    (again,) = world.claim()
    assert again.invitation is not None
    assert again.invitation.value == 5


def test_of_several_renderings_only_the_last_is_carried_out(world: World) -> None:
    number = world.asked()
    for value in (1, 2, 3):
        world.tap(number, value)
    assert [claimed.kind for claimed in world.claim()] == ["render"]
    assert [row["state"] for row in world.rows(jobs, kind="render")] == ["dropped", "dropped", "leased"]


def test_an_acknowledgment_that_worked_at_once_is_not_repeated(world: World, clock: Clock) -> None:
    number = world.asked()
    received = world.receive(world.tapped(number, 5))
    job_id = received.acknowledgments[0].job_id
    assert job_id is not None
    world.store.writer.do_now(DropAcknowledgment(job_id))
    clock.forward(MINUTE)
    assert [claimed.kind for claimed in world.claim()] == ["render"]


def test_an_acknowledgment_that_nobody_waits_for_any_more_is_dropped(world: World, clock: Clock) -> None:
    number = world.asked()
    world.tap(number, 5)
    clock.forward(3 * MINUTE)
    assert [claimed.kind for claimed in world.claim(acknowledge_within=150 * SECOND)] == ["render"]
    assert job(world, "acknowledge")["error"] == "too_late"


def test_switched_off_after_the_decision_holds_the_prompt_and_switching_on_releases_it(
    world: World, clock: Clock
) -> None:
    number = world.close().invitation_id
    switch(world, on=False)
    assert world.claim() == []
    row = invitation(world, number)
    assert (row["state"], row["state_reason"]) == ("scheduled", "survey_off")
    clock.forward(SECOND)
    switch(world, on=True)
    assert len(world.claim()) == 1


def test_the_switch_acts_from_the_next_decision_in_every_process(
    world: World, make_store: Callable[[str], Store]
) -> None:
    other = World(make_store(world.store.url), world.clock)
    switch(other, on=False)
    closed = world.close()
    assert (closed.decision, closed.reason) == ("skip", "survey_off")


def test_opting_out_cancels_and_only_the_goodbye_goes_out(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    world.receive(Refused(event_id="stop", sender="555001", asked=True))
    assert invitation(world, number)["state"] == "cancelled"
    assert [(claimed.kind, claimed.text) for claimed in world.work()] == [("notice", "opted_out")]
    clock.forward(HOUR)
    assert world.close("T-2").reason == "opted_out"
    world.receive(Allowed(event_id="start", sender="555001", asked=True))
    assert [claimed.text for claimed in world.work()] == ["opted_in"]
    assert world.close("T-3").decision == "ask"


def test_a_lifted_block_does_not_undo_the_customer_s_own_opt_out(world: World, clock: Clock) -> None:
    world.receive(
        Refused(event_id="1", sender="555001", asked=True), Refused(event_id="2", sender="555001", asked=False)
    )
    world.receive(Allowed(event_id="3", sender="555001", asked=False))
    clock.forward(SECOND)
    assert world.close().reason == "opted_out"


def test_a_prompt_to_an_address_that_moved_goes_to_the_new_one(world: World, clock: Clock) -> None:
    world.close()
    (prompt,) = world.claim()
    world.finish(prompt, Done(external_id="1", new_address="-1001"))
    clock.forward(HOUR)
    assert world.rows(addresses, address="555001")[0]["moved_to"] == "-1001"
    world.reopen()
    clock.forward(HOUR)
    world.close("T-2")
    assert [claimed.address for claimed in world.claim()] == ["-1001"]


def test_reminders_go_out_until_the_answer_and_then_the_invitation_lapses(world: World, clock: Clock) -> None:
    (survey,) = world.store.read_now(load_surveys)
    timing = {"timing": {"reminders_s": [86400, 86400], "lapse_after_s": 86400}}
    world.store.writer.do_now(SaveSurvey(parse_survey(timing, base=survey), 1, "test"))
    silent, quick = world.asked("T-1"), world.asked("T-2", address={"channel": ACCOUNT, "id": "777"})
    clock.forward(DAY)
    assert [claimed.kind for claimed in world.work()] == ["reminder", "reminder"]
    world.receive(world.tapped(quick, 5, sender="777"))
    clock.forward(DAY)
    reminded = [claimed.invitation.id for claimed in world.work() if claimed.kind == "reminder" and claimed.invitation]
    assert reminded == [silent]
    clock.forward(DAY)
    assert world.lapse() == 2
    assert invitation(world, silent)["state"] == "lapsed"
    assert invitation(world, quick)["state"] == "answered"
    assert world.tap(silent, 3) == "rated"


def test_two_workers_never_claim_the_same_job(world: World, make_store: Callable[[str], Store]) -> None:
    for number in range(60):
        world.close(f"T-{number}", address={"channel": ACCOUNT, "id": str(number)})
    others = [World(make_store(world.store.url), world.clock) for _ in range(3)]
    claimed: list[Claimed] = []
    lock = threading.Lock()

    def work(other: World) -> None:
        while jobs_ := other.claim(7, per_second=1e9):
            with lock:
                claimed.extend(jobs_)

    threads = [threading.Thread(target=work, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len({one.job_id for one in claimed}) == 60
    assert len(world.rows(attempts)) == 60


def test_a_paused_account_is_written_down_for_every_process(world: World, clock: Clock) -> None:
    world.close()
    (prompt,) = world.claim()
    world.finish(prompt, Failed("throttled", again=True, text="", retry_after=3 * SECOND))
    assert world.rows(accounts)[0]["paused_until"] == clock() + 3 * SECOND


def test_a_shorter_pause_does_not_shorten_a_longer_one(world: World, clock: Clock) -> None:
    world.close("T-1", address={"channel": ACCOUNT, "id": "1"})
    world.close("T-2", address={"channel": ACCOUNT, "id": "2"})
    first, second = world.claim()
    world.finish(first, Failed("throttled", again=True, text="", retry_after=60 * SECOND))
    world.finish(second, Failed("throttled", again=True, text="", retry_after=SECOND))
    assert world.rows(accounts)[0]["paused_until"] == clock() + 60 * SECOND


def test_a_clock_that_is_set_back_silences_nobody(world: World, clock: Clock) -> None:
    world.asked()
    clock.forward(-HOUR)
    world.close("T-2", closing_id="b")
    clock.forward(2 * SECOND)
    assert [claimed.kind for claimed in world.claim(per_second=30, per_recipient=1)] == ["prompt"]


def test_a_late_failure_ends_nobody_else_s_attempt(world: World, clock: Clock) -> None:
    world.close()
    (first,) = world.claim(lease=MINUTE, idempotent=True)
    clock.forward(MINUTE + 1)
    (second,) = world.claim(lease=MINUTE, idempotent=True)
    world.finish(first, Failed("rejected", again=False, text=""), idempotent=True)
    assert job(world)["state"] == "leased"
    world.finish(second, Done(external_id="77"), idempotent=True)
    assert job(world)["state"] == "done"


def test_each_message_to_one_chat_gets_a_turn_of_its_own(world: World, clock: Clock) -> None:
    for number in range(50):
        world.close(f"T-{number}", closing_id=str(number))
    assert len(world.claim(per_second=30, per_recipient=1)) == 1
    waiting = sorted(row["due_at"] - clock() for row in world.rows(jobs, state="due"))
    assert waiting == [n * SECOND for n in range(1, 50)]
    assert world.claim(per_second=30, per_recipient=1) == []


def test_the_screen_of_someone_who_opted_out_is_edited_and_never_sent_anew(world: World) -> None:
    number = world.asked()
    world.tap(number, 5)
    world.receive(Refused(event_id="stop", sender="555001", asked=True))
    renders = [claimed for claimed in world.claim() if claimed.kind == "render"]
    assert [claimed.may_send_anew for claimed in renders] == [False]
