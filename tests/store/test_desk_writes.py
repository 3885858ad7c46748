"""What ratings do to tickets on their desks: once, in the end right, and whatever happens between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import event

from ratings.store.desk_results import NotDone
from ratings.store.loading import desk_account
from ratings.store.replays import ReplayJobs
from ratings.store.results import Failed
from ratings.store.schema import attempts, events, jobs, rating_history, ratings, votes
from ratings.store.store import Store
from ratings.times import DAY, HOUR, MINUTE, SECOND
from tests.conftest import Clock
from tests.store.desk_office import DELAY, DESK, OUTCOMES, DeskOffice
from tests.store.links import check_recount, withdraw
from tests.store.world import World

DOWN = Failed("unreachable", again=True, text="no connection")
NOBODY_KNOWS = Failed("outcome_unknown", again=False, text="no answer in time")


@pytest.fixture
def office(world: World, clock: Clock) -> DeskOffice:
    office = DeskOffice(world, clock)
    office.survey(outcomes=OUTCOMES)
    return office


def test_a_rating_is_written_when_a_change_of_mind_had_its_time(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 1)
    office.clock.forward(30 * SECOND)
    office.world.tap(number, 5)
    office.clock.forward(29 * SECOND)
    waiting = office.look()
    assert (waiting.jobs, waiting.again_at) == ((), office.clock.now + SECOND)
    office.clock.forward(SECOND)
    write = office.claim()
    assert write.wanted.verbs == {"score", "comment", "close", "suppress_native"}
    assert (write.wanted.value, write.symbol, write.ticket_id, write.ticket["subject"]) == (5, "😍", "T-1", "Printer")
    office.finish(write)
    assert office.result(number)["outcome"] == "close"
    assert [job["state"] for job in office.jobs(number)] == ["dropped", "done"]
    assert office.write() is None


@pytest.mark.parametrize(("value", "tag", "act"), [(2, "Оценка 2", "reopen_keep"), (3, "", "close")])
def test_both_borders_of_the_threshold(office: DeskOffice, value: int, tag: str, act: str) -> None:
    number = office.asked()
    office.world.tap(number, value)
    write = office.write()
    assert write is not None
    assert write.wanted.tag == tag
    assert act in write.wanted.verbs
    assert office.result(number)["tag"] == (tag or None)


def test_an_edit_takes_its_old_tag_away_and_reopens_nothing_again(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 2)
    first = office.write()
    office.world.tap(number, 1)
    again = office.write()
    assert first is not None
    assert again is not None
    assert (again.wanted.tag, again.wanted.untag) == ("Оценка 1", ("Оценка 2",))
    assert again.wanted.verbs == {"score", "comment", "tag", "untag"}
    assert again.key != first.key
    assert (office.result(number)["outcome"], office.result(number)["tag"]) == ("reopen", "Оценка 1")
    office.world.write("slow", reply_to=f"message-{office.world.sent[0].job_id}")
    commented = office.write()
    assert commented is not None
    assert commented.wanted.comment == "slow"


def test_a_correction_by_staff_is_written_whenever_it_comes_and_keeps_what_was_chosen(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 1)
    office.write()
    office.world.work()
    office.clock.forward(5 * DAY)
    assert office.edit(number, 4) == "changed"
    assert office.edit(number, 4) == "repeated"
    assert office.edit(number, 6) == "out_of_scale"
    write = office.claim()
    assert (write.wanted.value, write.wanted.tag, write.wanted.untag) == (4, "", ("Оценка 1",))
    assert not write.wanted.verbs & {"close", "reopen_keep"}
    (rating,) = office.world.rows(ratings)
    assert (rating["value"], rating["raw"], rating["satisfied"]) == (4, 1, True)
    (line,) = [row for row in office.world.rows(rating_history) if row["what"] == "value"]
    assert (line["old"], line["new"], line["by"], line["why"]) == ("1", "4", "maria", "she told me on the phone")
    last = max(office.world.rows(events), key=lambda event: event["at"])
    assert (last["type"], last["value"], last["previous"]) == ("rating.changed", 4, 1)
    assert [vote["source"] for vote in office.world.rows(votes)] == ["tap", "staff"]
    assert not office.world.rows(jobs, kind="render", state="due")
    check_recount(office.world, number)


def test_on_a_scale_where_one_is_best_one_closes_and_counts_as_five(office: DeskOffice) -> None:
    choices = [{"value": value, "symbol": str(value), "satisfied": value < 3} for value in range(1, 6)]
    office.survey(scale={"name": "grades", "choices": choices, "one_is_best": True})
    number = office.asked()
    office.world.tap(number, 1)
    write = office.write()
    assert write is not None
    assert (write.wanted.value, write.symbol) == (5, "1")
    assert "close" in write.wanted.verbs
    (rating,) = office.world.rows(ratings)
    assert (rating["value"], rating["raw"], rating["satisfied"]) == (5, 1, True)
    assert office.edit(number, 1) == "changed"
    (rating,) = office.world.rows(ratings)
    assert (rating["value"], rating["raw"], rating["satisfied"]) == (1, 1, False)
    worst = office.claim()
    assert (worst.wanted.value, worst.wanted.tag, worst.symbol) == (1, "Оценка 1", "5")


def test_who_does_not_answer_is_closed_unrated_and_a_late_rating_still_does_what_it_does(office: DeskOffice) -> None:
    number = office.asked()
    office.clock.forward(20 * DAY)
    office.world.lapse()
    unrated = office.claim()
    assert unrated.wanted.verbs == {"close_unrated", "suppress_native"}
    office.finish(unrated)
    assert office.result(number)["outcome"] == "close_unrated"
    office.world.tap(number, 1)
    late = office.write()
    assert late is not None
    assert {"score", "reopen_keep", "tag"} <= late.wanted.verbs
    assert office.result(number)["outcome"] == "reopen"


def test_a_rating_taken_back_empties_the_fields_and_untags(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 1)
    office.write()
    withdraw(office.world, number)
    write = office.claim()
    assert write.wanted.verbs == {"score", "comment", "untag"}
    assert (write.wanted.value, write.wanted.untag) == (None, ("Оценка 1",))
    office.finish(write)
    assert (office.result(number)["tag"], office.result(number)["outcome"]) == (None, "reopen")


def test_nothing_is_written_where_nothing_is_wanted_or_nobody_takes_it(office: DeskOffice) -> None:
    office.survey(outcomes={"enabled": False, "write": [], "tag_below": None})
    number = office.asked()
    office.world.tap(number, 1)
    assert office.write() is None
    assert [(job["state"], job["error"]) for job in office.jobs(number)] == [("dropped", "nothing")]
    office.world.work()
    other = office.world.asked("T-2")
    office.world.tap(other, 1)
    assert office.jobs(other) == []


def test_a_rating_that_leaves_the_ticket_has_had_its_outcome(office: DeskOffice) -> None:
    office.survey(outcomes={"levels": {"3": "leave"}, "write": []})
    number = office.asked()
    office.world.tap(number, 3)
    assert office.write() is None
    assert office.result(number)["outcome"] == "leave"
    office.world.tap(number, 1)
    write = office.write()
    assert write is not None
    assert write.wanted.verbs == {"tag"}


def test_a_ticket_that_goes_on_is_not_closed_by_a_late_rating(office: DeskOffice) -> None:
    number = office.asked()
    data = office.clock.now + MINUTE
    office.clock.forward(2 * MINUTE)
    office.world.reopen(at=data, desk=DESK)
    office.world.tap(number, 5)
    write = office.write()
    assert write is not None
    assert write.wanted.verbs == {"score", "comment"}
    assert office.result(number)["outcome"] == "leave"


def test_what_waited_for_a_desk_does_not_reopen_a_ticket_that_was_closed_again_meanwhile(office: DeskOffice) -> None:
    first = office.asked()
    office.world.tap(first, 1)
    office.clock.forward(DELAY)
    write = office.claim()
    office.finish(write, NotDone("reopen_keep", "locked", "The ticket is locked."))
    office.world.reopen_of(DESK, "T-1")
    office.clock.forward(HOUR)
    second, new = office.closed("T-1")
    assert new
    assert office.world.store.writer.do_now(ReplayJobs("test", account=desk_account(DESK))).jobs == 1
    again = office.write()
    assert again is not None
    assert again.wanted.verbs == {"score", "comment", "tag"}
    assert office.result(first)["outcome"] == "leave"
    office.world.work()
    office.world.tap(second, 1)
    rated = office.write()
    assert rated is not None
    assert "reopen_keep" in rated.wanted.verbs


def test_a_late_rating_does_not_close_what_was_reopened_after_it_lapsed(office: DeskOffice) -> None:
    office.survey(timing={"lapse_after_s": 86400})
    number = office.asked()
    office.clock.forward(DAY)
    office.world.lapse()
    lapsed = office.write()
    assert lapsed is not None
    assert lapsed.wanted.outcome == "close_unrated"
    office.world.reopen_of(DESK, "T-1")
    office.world.tap(number, 5)
    late = office.write()
    assert late is not None
    assert late.wanted.verbs == {"score", "comment"}


def test_words_about_an_earlier_closing_do_not_overwrite_the_rating_of_the_last_one(office: DeskOffice) -> None:
    world = office.world
    first = office.asked()
    world.tap(first, 1)
    office.write()
    world.reopen_of(DESK, "T-1")
    office.clock.forward(HOUR)
    second = office.asked()
    world.tap(second, 5)
    office.write()
    world.write("it was slow", reply_to=f"message-{world.sent[0].job_id}")
    late = office.write()
    assert late is not None
    assert late.invitation_id == first
    assert late.wanted.verbs == {"tag"}
    assert office.edit(first, 4) == "changed"
    edited = office.write()
    assert edited is not None
    assert edited.wanted.verbs == {"untag"}
    assert edited.wanted.untag == ("Оценка 1",)
    assert office.edit(second, 4) == "changed"
    newest = office.write()
    assert newest is not None
    assert newest.wanted.verbs == {"score", "comment"}


def test_a_rating_of_a_ticket_that_went_on_does_nothing_when_it_is_reworded_after_the_next_closing(
    office: DeskOffice,
) -> None:
    """Nothing is written at first, and that the ticket was left is remembered all the same."""
    office.survey(outcomes={"write": [], "tag_below": None})
    number = office.asked()
    office.clock.forward(2 * MINUTE)
    office.world.reopen(desk=DESK)
    office.world.tap(number, 1)
    assert office.write() is None
    office.clock.forward(2 * HOUR)
    office.closed("T-1")
    office.world.tap(number, 2)
    assert office.write() is None
    assert office.result(number)["outcome"] == "leave"


def test_a_desk_that_is_down_for_a_day_loses_nothing_and_after_eight_days_it_is_told(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 1)
    office.clock.forward(DELAY)
    start, longest = office.clock.now, 0
    while office.clock.now < start + DAY:
        office.finish(office.claim(), failed=DOWN)
        (job,) = office.jobs(number)
        assert (job["state"], job["error"]) == ("due", "unreachable: no connection")
        longest = max(longest, job["due_at"] - office.clock.now)
        office.clock.now = job["due_at"]
    assert longest <= HOUR
    office.clock.now = start + 8 * DAY
    office.finish(office.claim(), failed=DOWN)
    assert office.jobs(number)[0]["state"] == "failed"
    assert "no connection" in office.result(number)["refused"]
    assert office.world.store.writer.do_now(ReplayJobs("test", account=desk_account(DESK))).jobs == 1
    anew = office.claim()
    office.finish(anew, failed=DOWN)
    assert office.jobs(number)[0]["state"] == "due"  # as long as the first time
    office.clock.forward(HOUR)
    office.finish(office.claim())
    assert (office.result(number)["outcome"], office.result(number)["refused"]) == ("reopen", None)


def test_a_desk_that_throttles_rests_as_a_whole_and_a_wrong_key_counts_as_no_try(office: DeskOffice) -> None:
    first, second = office.asked("T-1"), office.asked("T-2", address={"channel": "telegram.support", "id": "9"})
    office.world.tap(first, 1)
    office.clock.forward(DELAY)
    throttled = Failed("throttled", again=True, text="slowly", retry_after=5 * SECOND, scope="recipient")
    office.finish(office.claim(), failed=throttled)
    waiting = office.look()
    assert (waiting.jobs, waiting.again_at) == ((), office.clock.now + 5 * SECOND)
    office.clock.forward(5 * SECOND)
    office.finish(office.claim(), failed=Failed("misconfigured", again=False, text="the key is revoked"))
    assert office.look().again_at == office.clock.now + MINUTE
    (job,) = office.jobs(first)
    assert (job["attempts"], job["state"]) == (0, "due")
    assert [row["result"] for row in office.world.rows(attempts, job_id=job["id"])] == ["throttled", "misconfigured"]
    assert office.jobs(second) == []


def test_what_the_desk_refuses_is_kept_in_its_own_words_and_may_be_tried_anew(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 1)
    office.clock.forward(DELAY)
    write = office.claim()
    unable = NotDone("comment", "unsupported", "there is no such field")
    office.finish(write, NotDone("reopen_keep", "access_denied", "The bot may not reopen."), unable)
    (job,) = office.jobs(number)
    assert (job["state"], job["error"]) == ("failed", "access_denied: The bot may not reopen.")
    result = office.result(number)
    assert (result["outcome"], result["tag"], result["value"]) == (None, "Оценка 1", 1)
    assert "The bot may not reopen." in result["refused"]
    office.world.store.writer.do_now(ReplayJobs("test", account=desk_account(DESK)))
    again = office.claim()
    assert "reopen_keep" in again.wanted.verbs
    assert again.key != write.key
    office.finish(again, unable)
    assert office.jobs(number)[0]["state"] == "done"
    assert office.result(number)["outcome"] == "reopen"


def test_a_newer_result_ends_what_failed_before_it(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 1)
    office.clock.forward(DELAY)
    office.finish(office.claim(), failed=Failed("rejected", again=False, text="no such task", platform_code="no_task"))
    assert '"code": "no_task"' in office.result(number)["refused"]
    office.world.tap(number, 2)
    office.write()
    assert [job["state"] for job in office.jobs(number)] == ["dropped", "done"]
    assert office.world.store.writer.do_now(ReplayJobs("test", account=desk_account(DESK))).jobs == 0


def test_after_a_kill_between_attempt_and_result_it_is_written_again_and_never_two_things(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 1)
    office.clock.forward(DELAY)
    lost = office.claim()
    office.clock.forward(MINUTE + 1)
    again = office.claim()
    assert (again.wanted, again.key) == (lost.wanted, lost.key)
    office.finish(lost)  # it lives after all: whoever has the job now knows better
    assert [job["state"] for job in office.jobs(number)] == ["leased"]
    office.finish(again, failed=NOBODY_KNOWS)
    # Whether the ticket was reopened and tagged nobody knows; the customer changes their mind.
    office.world.tap(number, 5)
    office.clock.forward(2 * HOUR)
    write = office.claim()
    assert (write.wanted.value, write.wanted.tag, write.wanted.untag) == (5, "", ("Оценка 1",))
    assert write.wanted.verbs == {"score", "comment", "untag"}
    office.finish(write)
    assert office.result(number)["outcome"] == "reopen"
    assert all(job["detail"] is None for job in office.jobs(number))


def test_a_withdrawal_after_a_write_that_nobody_knows_of_empties_what_may_stand(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 1)
    office.clock.forward(DELAY)
    office.finish(office.claim(), failed=NOBODY_KNOWS)
    withdraw(office.world, number)
    office.clock.forward(2 * HOUR)
    write = office.claim()
    assert write.wanted.verbs == {"score", "comment", "untag"}
    assert write.wanted.untag == ("Оценка 1",)


def test_a_batch_of_changes_is_one_write_and_a_lapse_at_the_same_revision_another(office: DeskOffice) -> None:
    number = office.asked()
    world = office.world
    world.receive(world.tapped(number, 1), world.tapped(number, 4), world.tapped(number, 2))
    assert len(office.jobs(number)) == 1
    office.clock.forward(DELAY)
    assert office.claim().wanted.value == 2


def test_processes_write_each_ticket_to_its_end_while_its_rating_changes(
    postgres_url: str, make_store: Callable[[str], Store], clock: Clock
) -> None:
    worlds = [World(make_store(postgres_url), clock, _events=n * 1000) for n in range(3)]
    offices = [DeskOffice(world, clock) for world in worlds]
    deadlocks: list[object] = []
    for world in worlds:
        event.listen(world.store.writer._engine, "handle_error", deadlocks.append)
    offices[0].survey(outcomes=OUTCOMES)
    numbers = [offices[0].asked(f"T-{n}", address={"channel": "telegram.support", "id": str(n)}) for n in range(12)]
    taps = [worlds[0].tapped(number, 1 + n % 5, sender=str(n)) for n, number in enumerate(numbers)]
    worlds[0].receive(*taps)
    clock.forward(DELAY)

    def work(office: DeskOffice) -> None:
        for _ in range(30):
            for write in office.look(per_second=1e6).jobs:
                office.finish(write)

    def change(office: DeskOffice) -> None:
        for value in (2, 5, 1, 4, 3):
            for number in numbers:
                office.edit(number, value)

    with ThreadPoolExecutor(3) as threads:
        list(
            threads.map(
                lambda do: do(), (partial(work, offices[0]), partial(work, offices[1]), partial(change, offices[2]))
            )
        )
    work(offices[0])
    for n, number in enumerate(numbers):
        result = offices[0].result(number)
        assert (result["value"], result["tag"]) == (3, None)
        assert result["outcome"] in {"close", "reopen"}
        done = [job for job in offices[0].jobs(number) if job["state"] == "done"]
        assert {job["state"] for job in offices[0].jobs(number)} <= {"done", "dropped"}
        assert done, n
    assert deadlocks == []


def test_a_closing_of_ours_is_not_asked_about_when_its_desk_tells_of_it(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 5)
    office.clock.forward(DELAY)
    write = office.claim()
    assert office.closed("T-1") == (number, False)  # before the desk has answered
    office.finish(write)
    office.clock.forward(MINUTE)
    assert office.closed("T-1") == (number, False)
    office.clock.forward(HOUR)
    again, new = office.closed("T-1")  # somebody else's
    assert again != number
    assert new


def test_a_closing_that_we_gave_up_is_nobody_s_but_the_desk_s(office: DeskOffice) -> None:
    number = office.asked()
    office.world.tap(number, 5)
    office.clock.forward(DELAY)
    office.finish(office.claim(), failed=NOBODY_KNOWS)
    office.clock.forward(9 * DAY)
    office.finish(office.claim(), failed=NOBODY_KNOWS)
    assert office.jobs(number)[0]["state"] == "failed"
    again, new = office.closed("T-1")
    assert (again != number, new) == (True, True)


def test_a_reopening_of_ours_that_is_told_before_its_answer_changes_nothing_of_the_repeated_write(
    office: DeskOffice,
) -> None:
    number = office.asked()
    office.world.tap(number, 1)
    office.clock.forward(DELAY)
    lost = office.claim()
    office.world.reopen(desk=DESK)
    office.clock.forward(MINUTE + 1)
    again = office.claim()
    assert (again.wanted, again.key) == (lost.wanted, lost.key)
