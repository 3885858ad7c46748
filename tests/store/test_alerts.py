"""Bad ratings become alerts: once, together, not too often, not at night, and only while they still are so."""

from threading import Thread
from typing import Any

import pytest

from ratings.alert_wording import alert_text
from ratings.lifecycle import JobKind
from ratings.store.alerts import ALERT_HOOKS, SayAlerts
from ratings.store.claims import Claimed
from ratings.store.results import Done, Failed
from ratings.store.schema import alerts, jobs
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey
from ratings.survey import DEFAULT_SURVEY, parse_survey
from ratings.times import DAY, HOUR, MINUTE, SECOND
from tests.conftest import Clock
from tests.store.world import ACCOUNT, World

CHIEF = "-100200300"
TO = f"{ACCOUNT}:{CHIEF}"
SAY = SayAlerts(MINUTE, "UTC", frozenset({ACCOUNT}))


@pytest.fixture(autouse=True)
def alarmed(world: World) -> None:
    """By day and night a chief is told of 1 and 2."""
    change(world, value_max=2, words=["жалоб"], to=[TO], hours={})


def change(world: World, **alerts: Any) -> None:
    survey = parse_survey({"alerts": alerts}, base=DEFAULT_SURVEY)
    world.store.writer.do_now(SaveSurvey(survey, None, "test"))


def forward(world: World, milliseconds: int) -> None:
    assert isinstance(world.clock, Clock)
    world.clock.forward(milliseconds)


def rated(world: World, *values: int, ticket: str = "T-1") -> int:
    """One closing, its prompt and its taps; returns the invitation."""
    invitation_id = world.asked(ticket)
    for value in values:
        world.tap(invitation_id, value)
    world.work()
    return invitation_id


def commented(world: World, value: int, words: str, *, ticket: str) -> int:
    invitation_id = rated(world, value, ticket=ticket)
    assert world.write(words) == "commented"
    world.work()
    return invitation_id


def say(world: World, later: int = MINUTE) -> int:
    forward(world, later)
    return world.store.writer.do_now(SAY)


def told(world: World, account: str = ACCOUNT) -> list[Claimed]:
    """The alerts that can be sent now."""
    return [job for job in world.claim(account=account) if job.kind is JobKind.ALERT]


def shown(job: Claimed) -> list[tuple[str, int, tuple[str, ...]]]:
    assert job.alert is not None
    return [(rating.ticket_id, rating.value, rating.reasons) for rating in job.alert.ratings]


@pytest.mark.parametrize(("value", "messages"), [(1, 1), (2, 1), (3, 0), (5, 0)])
def test_both_borders_of_the_value(world: World, value: int, messages: int) -> None:
    rated(world, value)
    assert say(world) == messages
    assert [(job.address, shown(job)) for job in told(world)] == [(CHIEF, [("T-1", value, ("value",))])] * messages


def test_a_change_of_mind_within_the_delay_tells_nobody_and_a_later_one_does(world: World) -> None:
    invitation_id = rated(world, 1, 5)
    assert say(world, MINUTE - 1) == 0
    assert world.rows(alerts)[0]["said_at"] is None
    assert say(world, 1) == 0
    assert world.rows(alerts)[0]["said_by"] is None
    forward(world, HOUR)
    world.tap(invitation_id, 1)
    world.work()
    assert say(world) == 1
    assert [shown(job) for job in told(world)] == [[("T-1", 1, ("value",))]]


def test_repeated_votes_tell_once(world: World) -> None:
    invitation_id = rated(world, 1, 1, 2)
    assert say(world) == 1
    [job] = told(world)
    world.finish(job, Done("message"))
    for value in (1, 5, 2):
        world.tap(invitation_id, value)
        world.work()
        assert say(world, HOUR) == 0
    assert len(world.rows(alerts)) == 1


def test_words_tell_of_a_good_rating_too_and_once_beside_its_value(world: World) -> None:
    worded = commented(world, 5, "Буду писать жалобу", ticket="T-1")
    commented(world, 5, "Спасибо", ticket="T-2")
    both = commented(world, 1, "ЖАЛОБА!", ticket="T-3")
    assert say(world) == 1
    [job] = told(world)
    assert shown(job) == [("T-3", 1, ("value", "words")), ("T-1", 5, ("words",))]
    assert [row["invitation_id"] for row in world.rows(alerts)] == [worded, both, both]


def test_what_comes_together_is_told_together_and_no_more_than_so_often(world: World) -> None:
    change(world, value_max=2, to=[TO], hours={}, per_hour=2)
    for number in range(3):
        rated(world, 1, ticket=f"T-{number}")
    for expected in (3, 1):
        assert say(world) == 1
        [job] = told(world)
        assert len(shown(job)) == expected
        world.finish(job, Done("message"))
        rated(world, 2, ticket=f"U-{expected}")
    assert [say(world), say(world), say(world, 57 * MINUTE - 1)] == [0, 0, 0]
    assert say(world, 1) == 1  # an hour after the first


def test_who_was_not_reached_yet_is_told_the_rest_together(world: World) -> None:
    rated(world, 1)
    assert say(world) == 1
    [job] = told(world)
    world.finish(job, Failed("unreachable", again=True, text="away"))
    rated(world, 1, ticket="T-2")
    rated(world, 1, ticket="T-3")
    assert say(world) == 0
    forward(world, MINUTE)
    [job] = told(world)  # the failed one, again
    assert len(shown(job)) == 1
    world.finish(job, Done("message"))
    assert say(world) == 1
    assert [len(shown(job)) for job in told(world)] == [2]


def test_nobody_is_woken_at_night(world: World) -> None:
    # 2026-09-21 is a summer's day in Moscow, three hours ahead; the clock of a test stands somewhere within it
    change(world, value_max=2, to=[TO])
    store, clock = world.store, world.clock
    assert isinstance(clock, Clock)
    evening = clock.now - clock.now % DAY + 18 * HOUR + 59 * MINUTE + 59 * SECOND  # 21:59:59
    clock.now = evening - MINUTE
    moscow = SayAlerts(MINUTE, "Europe/Moscow", frozenset({ACCOUNT}))
    rated(world, 1)
    clock.now = evening
    assert store.writer.do_now(moscow) == 1
    clock.now = evening + SECOND
    assert told(world) == []  # it was made in time, and did not go out in time
    rated(world, 2, ticket="T-2")
    clock.now = evening + SECOND + 10 * HOUR - 1
    assert (store.writer.do_now(moscow), told(world)) == (0, [])
    clock.now += 1
    [job] = told(world)
    world.finish(job, Done("message"))
    assert store.writer.do_now(moscow) == 1
    assert [shown(job) for job in told(world)] == [[("T-2", 2, ("value",))]]


def test_two_processes_tell_once(world: World, store_url: str) -> None:
    change(world, value_max=2, to=[TO], hours={}, per_hour=1)
    rated(world, 1)
    forward(world, MINUTE)
    others = [Store(store_url, world.clock).start() for _ in range(3)]
    made: list[int] = []
    threads = [Thread(target=lambda other=other: made.append(other.writer.do_now(SAY))) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.stop()
    assert sum(made) == 1
    assert len(world.rows(jobs, kind="alert")) == 1


def test_an_account_that_is_not_configured_keeps_its_alerts(world: World) -> None:
    elsewhere = "email.support:head@example.org"
    change(world, value_max=2, to=[elsewhere], hours={})
    rated(world, 1)
    assert say(world) == 0
    assert [row["said_at"] for row in world.rows(alerts)] == [None]
    assert world.store.writer.do_now(SayAlerts(MINUTE, "UTC", frozenset({"email.support"}))) == 1
    assert [job.address for job in told(world, "email.support")] == ["head@example.org"]


def test_whom_the_survey_names_no_more_is_told_nothing(world: World) -> None:
    rated(world, 1)
    change(world, value_max=2, to=["https://crm.example.com/alerts"], hours={})
    rated(world, 1, ticket="T-2")
    assert say(world) == 1
    assert told(world) == []
    [job] = told(world, ALERT_HOOKS)
    assert (job.address, shown(job)) == ("https://crm.example.com/alerts", [("T-2", 1, ("value",))])


def test_an_alert_of_unknown_outcome_is_told_again_and_one_that_is_over_is_not(world: World) -> None:
    invitation_id = rated(world, 1)
    say(world)
    [job] = told(world)
    world.finish(job, Failed("outcome_unknown", again=False, text="no answer"))
    forward(world, MINUTE)
    [job] = told(world)
    world.finish(job, Failed("unreachable", again=True, text="away"))
    world.tap(invitation_id, 5)
    forward(world, MINUTE)
    assert [job.kind for job in world.claim()].count(JobKind.ALERT) == 0
    assert [(row["state"], row["error"]) for row in world.rows(jobs, kind="alert")] == [("dropped", "settled")]


def test_what_was_over_when_its_message_went_out_is_told_once_it_is_so_again(world: World) -> None:
    first, second = rated(world, 1, ticket="T-1"), rated(world, 2, ticket="T-2")
    assert say(world) == 1
    world.tap(first, 5)
    [job] = told(world)
    assert shown(job) == [("T-2", 2, ("value",))]
    world.finish(job, Done(external_id="1"))
    world.tap(first, 1)
    world.tap(second, 1)
    assert say(world) == 1
    assert [shown(job) for job in told(world)] == [[("T-1", 1, ("value",))]]


def test_a_vote_with_the_most_destinations_and_reasons_is_stored(world: World) -> None:
    change(world, value_max=2, words=["жалоб"], to=[f"{ACCOUNT}:{number}" for number in range(20)], hours={})
    rated(world, 1)
    world.write("жалоба")
    assert len(world.rows(alerts)) == 40
    assert say(world) == 20


def test_the_message_reads_what_the_customer_wrote(world: World) -> None:
    invitation_id = world.asked(agent={"name": "Иван"}, url="https://desk.example/T-1", subject="Принтер")
    world.tap(invitation_id, 1)
    world.write("Ужасно.\n\nhttps://evil.example")
    world.work()
    say(world)
    [job] = told(world)
    assert job.alert is not None
    assert alert_text(job.alert.ratings, job.alert.language, 4096).splitlines() == [
        "1 плохая оценка",
        "",
        "😡 1 Очень плохо",
        "Обращение T-1 «Принтер»",
        "Сотрудник: Иван",
        f"Канал: {ACCOUNT}",
        "Клиент: «Ужасно. https://evil.example»",
        "https://desk.example/T-1",
    ]
