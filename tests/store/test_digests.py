"""Each day's digest begins its way once, whoever looks first; what an outage kept back is not sent in a heap."""

from threading import Thread

from ratings.digests import DAILY, SETTING, Digest, digests_to_list
from ratings.lifecycle import JobKind
from ratings.store.digests import SendDigests, digest_of
from ratings.store.results import Failed
from ratings.store.schema import digest_days, jobs
from ratings.store.settings import SaveSetting
from ratings.store.store import Store
from ratings.times import DAY, HOUR, parse_instant
from tests.conftest import Clock
from tests.store.world import ACCOUNT, World

NINE = parse_instant("2026-11-30T09:00:00Z")
SEND = SendDigests("UTC", frozenset({ACCOUNT}))
DIGEST = Digest("d1", f"{ACCOUNT}:-100200", DAILY, 9, "ru")


def set_up(world: World, *digests: Digest) -> None:
    assert isinstance(world.clock, Clock)
    world.clock.now = NINE
    world.store.writer.do_now(SaveSetting(SETTING, digests_to_list(digests), "test"))


def forward(world: World, milliseconds: int) -> None:
    assert isinstance(world.clock, Clock)
    world.clock.forward(milliseconds)


def test_a_day_is_told_once_and_the_next_day_again(world: World) -> None:
    set_up(world, DIGEST)
    assert world.store.writer.do_now(SEND) == 1
    [job] = world.claim()
    assert (job.kind, job.address, job.invitation) == (JobKind.DIGEST, "-100200", None)
    told = digest_of(job.detail)
    assert told.digest == DIGEST
    assert (told.days.first.isoformat(), told.days.last.isoformat()) == ("2026-11-29", "2026-11-29")
    forward(world, HOUR)
    assert world.store.writer.do_now(SEND) == 0
    forward(world, 3 * DAY)  # an outage of days: only the last is told
    assert world.store.writer.do_now(SEND) == 1
    assert len(world.rows(jobs, kind="digest")) == 2


def test_who_races_does_not_send_twice(store_url: str, world: World) -> None:
    set_up(world, DIGEST)
    other = Store(store_url, world.clock)
    other.start()
    made: list[int] = []
    threads = [
        Thread(target=lambda store=store: made.append(store.writer.do_now(SEND))) for store in (world.store, other) * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.stop()
    assert len(world.rows(jobs, kind="digest")) == 1
    assert len(world.rows(digest_days)) == 1


def test_what_cannot_go_out_today_is_dropped_and_never_doubled(world: World) -> None:
    set_up(world, DIGEST, Digest("d2", "viber.gone:7", DAILY, 9, "en"))
    assert world.store.writer.do_now(SEND) == 1
    [job] = world.claim()
    world.finish(job, Failed("unreachable", again=True, text="away"))
    forward(world, 13 * HOUR)
    assert world.claim() == []
    assert [row["error"] for row in world.rows(jobs, kind="digest")] == ["too_late"]


def test_an_attempt_that_may_have_arrived_is_not_repeated(world: World) -> None:
    set_up(world, DIGEST)
    world.store.writer.do_now(SEND)
    assert len(world.claim()) == 1  # and its process dies
    forward(world, HOUR)
    assert world.claim() == []
    assert [row["state"] for row in world.rows(jobs, kind="digest")] == ["unknown"]
