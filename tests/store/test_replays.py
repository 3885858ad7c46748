"""Jobs that failed for good and are put back: what is still wanted is done, once, and nothing else."""

import pytest

from ratings.lifecycle import JobKind
from ratings.store.people_tables import audit
from ratings.store.replays import Replayed, ReplayJobs
from ratings.store.results import Done, Failed
from ratings.store.schema import invitations, jobs
from ratings.times import DAY, HOUR
from tests.conftest import Clock
from tests.store.world import ACCOUNT, World

REFUSED = Failed("rejected", again=False, text="chat not found")
NOBODY_KNOWS = Failed("outcome_unknown", again=False, text="no answer in time")


def fail(world: World, outcome: Failed = REFUSED, ticket_id: str = "T-1", **more: object) -> tuple[int, int]:
    """Close a ticket whose prompt fails; return the invitation and its job."""
    number = world.close(ticket_id, **more).invitation_id
    (job,) = world.claim()
    world.finish(job, outcome)
    return number, job.job_id


def replay(world: World, **more: object) -> Replayed:
    return world.store.writer.do_now(ReplayJobs("key:ops", **more))  # type: ignore[arg-type] # a test's own names


def state(world: World, number: int) -> tuple[object, object]:
    (row,) = world.rows(invitations, id=number)
    return row["state"], row["delivery"]


def test_a_prompt_that_was_refused_is_sent_once_somebody_says_so(world: World, clock: Clock) -> None:
    number, job_id = fail(world)
    assert state(world, number) == ("undeliverable", None)
    clock.forward(HOUR)
    assert replay(world, job_id=job_id) == Replayed(1, 0)
    assert replay(world, job_id=job_id) == Replayed(0, 0)
    assert [job.job_id for job in world.work()] == [job_id]
    assert state(world, number) == ("asked", "accepted")
    (told,) = world.rows(audit)
    assert (told["by"], told["what"], told["kind"], told["object"]) == ("key:ops", "replayed", "job", str(job_id))


def test_what_is_not_wanted_any_more_is_dropped(world: World) -> None:
    number, job_id = fail(world)
    world.tap(number, 5)
    replay(world, job_id=job_id)
    assert "prompt" not in {job.kind for job in world.work()}
    (row,) = world.rows(jobs, id=job_id)
    assert (row["state"], row["error"]) == ("dropped", "answered")


def test_what_is_too_old_fails_again(world: World, clock: Clock) -> None:
    _, job_id = fail(world)
    clock.forward(40 * DAY)
    replay(world)
    assert world.work() == []
    (row,) = world.rows(jobs, id=job_id)
    assert (row["state"], row["error"]) == ("failed", "too_late")


def test_what_may_have_arrived_is_repeated_only_when_somebody_says_twice(world: World, clock: Clock) -> None:
    number, job_id = fail(world, NOBODY_KNOWS)
    assert state(world, number) == ("asked", "unknown")
    assert replay(world) == Replayed(0, 1)
    assert world.work() == []
    clock.forward(DAY)
    assert replay(world, twice=True) == Replayed(1, 0)
    assert [job.job_id for job in world.work()] == [job_id]
    assert state(world, number) == ("asked", "accepted")
    # The reminders and the end of its time were set when it was asked first, and are not set again.
    assert len(world.rows(jobs, invitation_id=number, kind="lapse")) == 1


def test_a_known_prompt_is_never_sent_a_second_time(world: World) -> None:
    number, job_id = fail(world, NOBODY_KNOWS)
    world.receive(world.tapped(number, 4))
    replay(world, job_id=job_id, twice=True)
    assert "prompt" not in {job.kind for job in world.work()}


@pytest.mark.parametrize(
    ("named", "many"),
    [({}, 2), ({"account": ACCOUNT}, 1), ({"kind": JobKind.PROMPT}, 2), ({"kind": JobKind.REMINDER}, 0)],
)
def test_all_of_an_account_or_a_kind(world: World, named: dict[str, object], many: int) -> None:
    world.accounts = frozenset({ACCOUNT, "vk.shop"})
    fail(world)
    world.close("T-2", address={"channel": "vk.shop", "id": "7"})
    (other,) = world.claim(account="vk.shop")
    world.finish(other, REFUSED)
    assert replay(world, **named).jobs == many


def test_a_replay_that_fails_again_is_counted_from_the_start(world: World, clock: Clock) -> None:
    _, job_id = fail(world)
    replay(world)
    (job,) = world.claim()
    assert job.tries == 1
    world.finish(job, Failed("unreachable", again=True, text="no connection"))
    clock.forward(HOUR)
    (job,) = world.claim()
    world.finish(job, Done(external_id="m-1"))
    (row,) = world.rows(jobs, id=job_id)
    assert row["state"] == "done"
