"""Whether and when customers are asked, as the store decides it: frequency, re-closings, recovery, nights, windows, pauses."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event

from ratings.store.closings import DeskReport, Installation
from ratings.store.earlier import Decided
from ratings.store.results import Done, Failed
from ratings.store.schema import addresses, invitations, jobs
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey
from ratings.survey import DEFAULT_SURVEY, parse_survey
from ratings.ticket import parse_ticket
from ratings.times import DAY, HOUR, MINUTE, SECOND, parse_instant
from tests.conftest import Clock
from tests.store.links import change_survey
from tests.store.world import ACCOUNT, ANN, World

WEEK = {"rules": {"every_s": 7 * DAY // SECOND}}
NIGHT = {"quiet": {"from": "22:00", "to": "09:00"}}
SHOP = "viber.shop"


def row_of(world: World, decided: Decided) -> dict[str, Any]:
    (row,) = world.rows(invitations, id=decided.invitation_id)
    return row


def detail_of(world: World, decided: Decided) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row_of(world, decided)["detail"])
    return found


def again(world: World, clock: Clock, wait: int, ticket_id: str, **more: Any) -> Decided:
    clock.forward(wait)
    return world.close(ticket_id, **more)


def report(world: World, ticket_id: str, installation: Installation, **more: Any) -> Decided:
    data = world.ticket(ticket_id, **more)
    ticket = parse_ticket(data, now=world.clock())
    operation = DeskReport(ticket, world.accounts, timezone=more.get("zone"), installation=installation)
    decided = world.store.writer.do_now(operation)
    assert isinstance(decided, Decided)
    return decided


# --- frequency ----------------------------------------------------------------------------------------------------


def test_a_customer_is_asked_once_a_week_over_all_channels_and_surveys(world: World, clock: Clock) -> None:
    world.accounts = frozenset({ACCOUNT, SHOP})
    change_survey(world, **WEEK)
    other = parse_survey({"id": "shop", "forms": ["shop"], **WEEK})
    world.store.writer.do_now(SaveSurvey(other, None, "test"))
    who = {"customer": {"id": "anna"}}
    first = world.close("T-1", **who)
    second = world.close("T-2", form="shop", address={"channel": SHOP, "id": "v-ann"}, **who)
    assert (first.decision, second.decision, second.reason) == ("ask", "skip", "asked_recently")
    assert world.close("T-3", customer={"id": "bert"}, address={"channel": ACCOUNT, "id": "9"}).decision == "ask", (
        "another customer"
    )
    world.work()
    detail = detail_of(world, second)
    assert detail["rule"] == "every_s"
    next_at = parse_instant(detail["next_at"])
    clock.now = next_at - 1
    assert world.close("T-4", **who).reason == "asked_recently"
    clock.now = next_at
    assert world.close("T-5", **who).decision == "ask"


def test_what_was_cancelled_before_anybody_was_asked_gives_its_turn_back(world: World, clock: Clock) -> None:
    change_survey(world, **WEEK, timing={"delay_s": 3600})
    world.close("T-1")
    assert world.close("T-2").reason == "asked_recently", "what is scheduled counts"
    assert world.reopen("T-1") == 1
    assert again(world, clock, MINUTE, "T-3").decision == "ask"
    clock.forward(HOUR)
    world.work()
    assert world.reopen("T-3") == 1
    assert again(world, clock, MINUTE, "T-4").reason == "asked_recently", "cancelled after it was asked: she was asked"


def test_a_reminder_is_no_asking(world: World, clock: Clock) -> None:
    change_survey(world, **WEEK, timing={"reminders_s": [3 * 86400], "lapse_after_s": 86400})
    world.asked("T-1")
    clock.forward(3 * DAY)
    assert [job.kind for job in world.work()] == ["reminder"]
    clock.forward(4 * DAY)
    assert world.close("T-2").decision == "ask"


def test_what_nobody_could_be_asked_gives_its_turn_back(world: World) -> None:
    change_survey(world, **WEEK)
    world.close("T-1")
    (job,) = world.claim()
    world.finish(job, Failed("rejected", again=False, text=""))
    assert world.close("T-2").decision == "ask"


def test_one_batch_asks_nobody_twice(world: World) -> None:
    change_survey(world, **WEEK)
    reports = [DeskReport(parse_ticket(world.ticket(f"T-{n}"), now=world.clock()), world.accounts) for n in range(20)]
    with ThreadPoolExecutor(20) as pool:
        decided = list(pool.map(world.store.writer.do_now, reports))
    assert [one.decision for one in decided if isinstance(one, Decided)].count("ask") == 1


def test_who_is_asked_while_another_process_looks_is_not_asked_twice(
    postgres_url: str, make_store: Callable[[str], Store], clock: Clock
) -> None:
    """Between two statements of one decision the prompt that was scheduled goes out."""
    ours, theirs = (World(make_store(postgres_url), clock) for _ in range(2))
    change_survey(ours, **WEEK)
    ours.close("T-1")
    (job,) = ours.claim()
    looks: list[str] = []

    def look(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "invitations.customer IN" in statement:
            looks.append(statement)
            if len(looks) == 1:
                ours.finish(job, Done(external_id="1"))

    event.listen(theirs.store.writer._engine, "after_cursor_execute", look)
    assert theirs.close("T-2").reason == "asked_recently"
    assert len(looks) == 2


def test_two_processes_ask_nobody_twice(postgres_url: str, make_store: Callable[[str], Store], clock: Clock) -> None:
    worlds = [World(make_store(postgres_url), clock) for _ in range(3)]
    change_survey(worlds[0], **WEEK)

    def close(n: int) -> str:
        return worlds[n % 3].close(f"T-{n}", address={"channel": ACCOUNT, "id": str(n // 6)}).decision

    with ThreadPoolExecutor(12) as pool:
        decisions = list(pool.map(close, range(60)))
    assert decisions.count("ask") == 10, "one for each of ten customers"


# --- one ticket, closed again ------------------------------------------------------------------------------------


AGAIN = {"rules": {"again_after_s": 5 * 86400, "recovery": False}}


def test_a_ticket_closed_again_is_asked_once_more_if_nobody_answered(world: World, clock: Clock) -> None:
    change_survey(world, **AGAIN)
    decisions = []
    for _ in range(3):
        decided = again(world, clock, HOUR, "T-1", closing_id=str(clock.now))
        decisions.append((decided.decision, decided.reason))
        world.work()
        world.reopen("T-1")
    assert decisions == [("ask", None), ("ask", None), ("skip", "reclosed")]
    assert again(world, clock, 5 * DAY, "T-1", closing_id="late").decision == "ask"


def test_a_ticket_that_was_rated_is_left_alone_when_it_is_closed_again(world: World, clock: Clock) -> None:
    change_survey(world, **AGAIN)
    world.tap(world.asked("T-1"), 5)
    decided = again(world, clock, HOUR, "T-1", closing_id="b")
    assert decided.reason == "reclosed"
    clock.now = (
        parse_instant(detail_of(world, decided)["next_at"]) + MINUTE
    )  # a world's tickets were closed a minute ago
    assert world.close("T-1", closing_id="c").decision == "ask"


def test_a_bad_rating_is_asked_about_once_more_past_every_rule_of_frequency(world: World, clock: Clock) -> None:
    change_survey(world, rules={"every_s": 30 * 86400, "again_after_s": 30 * 86400})
    first = world.asked("T-1")
    world.tap(first, 1)
    world.reopen("T-1", at=clock.now + SECOND)
    second = again(world, clock, HOUR, "T-1", closing_id="b")
    assert (second.decision, row_of(world, second)["recovery_of"]) == ("ask", first)
    world.work()
    world.tap(second.invitation_id, 2)
    third = again(world, clock, HOUR, "T-1", closing_id="c")
    assert third.reason == "reclosed", "one more asking a ticket"


def test_a_recovery_that_was_answered_before_it_was_asked_is_one(world: World, clock: Clock) -> None:
    change_survey(world, timing={"delay_s": 3600})
    first = again(world, clock, 0, "T-1")
    assert world.tap(first.invitation_id, 1) == "rated"
    clock.forward(MINUTE)
    world.reopen("T-1")
    second = again(world, clock, HOUR, "T-1")
    assert row_of(world, second)["recovery_of"] == first.invitation_id
    assert world.tap(second.invitation_id, 1) == "rated"
    clock.forward(MINUTE)
    world.reopen("T-1")
    assert row_of(world, again(world, clock, HOUR, "T-1"))["recovery_of"] is None


def test_one_end_of_a_ticket_that_is_reported_twice_asks_for_no_recovery(world: World, clock: Clock) -> None:
    change_survey(world, rules={"every_s": 30 * 86400})
    world.tap(world.asked("T-1"), 1)
    assert again(world, clock, HOUR, "T-1", closing_id="b").reason == "asked_recently"


def test_a_good_rating_asks_for_no_recovery(world: World, clock: Clock) -> None:
    change_survey(world, rules={"every_s": 30 * 86400})
    world.tap(world.asked("T-1"), 3)
    assert again(world, clock, HOUR, "T-1", closing_id="b").reason == "asked_recently"


# --- which survey, and the share ---------------------------------------------------------------------------------


def test_why_this_survey_was_chosen_is_stored(world: World) -> None:
    for name, bound in (("mine", {"forms": ["it"], "groups": ["g"]}), ("wide", {"forms": ["it"]})):
        world.store.writer.do_now(SaveSurvey(parse_survey({"id": name, **bound}), None, "test"))
    row = row_of(world, world.close("T-1", form="it", group="g"))
    assert (row["survey_id"], json.loads(row["chosen"])) == ("mine", ["forms", "groups"])
    row = row_of(world, world.close("T-2", form="it", address={"channel": ACCOUNT, "id": "9"}))
    assert (row["survey_id"], json.loads(row["chosen"])) == ("wide", ["forms"])


def test_the_probability_of_being_asked_is_stored_and_the_same_tickets_are_asked(world: World) -> None:
    change_survey(world, rules={"share": 0.5})
    first = [world.close(f"T-{n}", address={"channel": ACCOUNT, "id": str(n)}) for n in range(40)]
    asked = [one for one in first if one.decision == "ask"]
    assert 8 < len(asked) < 32
    assert {row_of(world, one)["inclusion"] for one in asked} == {0.5}
    assert {one.reason for one in first if one.decision == "skip"} == {"not_sampled"}


# --- when ---------------------------------------------------------------------------------------------------------


def test_a_prompt_waits_for_the_morning_of_the_customer(world: World, clock: Clock) -> None:
    clock.now = parse_instant("2026-10-24T20:30:00Z")  # 22:30 in Warsaw, in the night in which the clocks go back
    change_survey(world, timing={"hours": NIGHT}, timezone="Asia/Tokyo")
    decided = report(world, "T-1", Installation(timezone="UTC"), zone="Europe/Warsaw")
    assert decided.due_at == parse_instant("2026-10-25T08:00:00Z")
    assert world.work() == []
    clock.now = decided.due_at
    assert [job.kind for job in world.work()] == ["prompt"]


def test_what_came_due_by_day_and_waited_is_held_by_the_night(world: World, clock: Clock) -> None:
    clock.now = parse_instant("2026-10-01T18:59:00Z")  # 21:59 in Moscow
    change_survey(world, timing={"hours": NIGHT}, timezone="Europe/Moscow")
    decided = world.close("T-1")
    assert decided.due_at == clock.now
    clock.forward(2 * MINUTE)  # nobody claimed it in time
    assert world.claim() == []
    assert row_of(world, decided)["state_reason"] == "quiet_hours"
    clock.now = parse_instant("2026-10-02T06:00:00Z")
    assert [job.kind for job in world.work()] == ["prompt"]


def test_a_tap_is_answered_at_night(world: World, clock: Clock) -> None:
    clock.now = parse_instant("2026-10-01T12:00:00Z")
    change_survey(world, timing={"hours": NIGHT})
    number = world.asked("T-1")
    clock.now = parse_instant("2026-10-01T23:00:00Z")
    assert world.tap(number, 5) == "rated"
    clock.forward(5 * SECOND)
    assert sorted(job.kind for job in world.work()) == ["acknowledge", "render"]


def test_reminders_held_by_a_night_keep_their_distance(world: World, clock: Clock) -> None:
    clock.now = parse_instant("2026-10-01T20:00:00Z")
    change_survey(
        world, timing={"hours": NIGHT, "reminders_s": [3 * 3600, 3600], "lapse_after_s": 7200}, timezone="UTC"
    )
    number = world.asked("T-1")
    clock.now = parse_instant("2026-10-01T23:00:00Z")
    assert world.work() == []
    clock.now = parse_instant("2026-10-02T00:30:00Z")
    assert (world.work(), world.lapse()) == ([], 0)
    clock.now = parse_instant("2026-10-02T09:00:00Z")
    assert [(job.kind, job.revision) for job in world.work()] == [("reminder", 1)]
    clock.now = parse_instant("2026-10-02T09:59:59Z")
    assert world.work() == []
    clock.now = parse_instant("2026-10-02T10:00:00Z")
    assert [(job.kind, job.revision) for job in world.work()] == [("reminder", 2)]
    clock.now = parse_instant("2026-10-02T11:59:59Z")
    assert world.lapse() == 0
    clock.now = parse_instant("2026-10-02T12:00:00Z")
    assert world.lapse() == 1
    (row,) = world.rows(invitations, id=number)
    assert row["state"] == "lapsed"


def test_reminders_that_are_held_together_are_put_off_once(world: World, clock: Clock) -> None:
    """A worker that was away comes back in the night, when two of three are due."""
    clock.now = parse_instant("2026-10-01T20:00:00Z")
    timing = {"hours": NIGHT, "reminders_s": [3600, 3600, 86400], "lapse_after_s": 86400}
    change_survey(world, timing=timing, timezone="UTC")
    number = world.asked("T-1")
    clock.now = parse_instant("2026-10-01T23:00:00Z")
    assert world.work() == []
    due = {job["revision"]: job["due_at"] for job in world.rows(jobs, invitation_id=number, kind="reminder")}
    morning = parse_instant("2026-10-02T09:00:00Z")
    assert due == {1: morning, 2: morning + HOUR, 3: morning + HOUR + DAY}
    (lapse,) = world.rows(jobs, kind="lapse")
    assert lapse["due_at"] == morning + HOUR + 2 * DAY


def test_reminders_that_were_late_do_not_come_together(world: World, clock: Clock) -> None:
    change_survey(world, timing={"reminders_s": [86400, 86400, 86400], "lapse_after_s": 10 * 86400})
    world.asked("T-1")
    clock.forward(5 * DAY)  # the messenger was away
    assert [job.revision for job in world.work()] == [1]
    clock.forward(DAY - 1)
    assert world.work() == []
    clock.forward(1)
    assert [job.revision for job in world.work()] == [2]


def test_nobody_is_reminded_of_what_has_expired(world: World, clock: Clock) -> None:
    timing = {"reminders_s": [86400, 3 * 86400], "lapse_after_s": 86400, "expires_after_s": 6 * 86400}
    change_survey(world, timing=timing)
    number = world.asked("T-1")
    expires_at = world.rows(invitations, id=number)[0]["expires_at"]
    change_survey(world, timing=timing, enabled=False)
    while clock.now < expires_at - 2 * HOUR:
        clock.forward(HOUR)
        assert world.work() == []
    change_survey(world, timing=timing, enabled=True)
    clock.now = expires_at
    assert world.work() == []
    assert world.lapse() == 1
    assert world.rows(invitations, id=number)[0]["state"] == "lapsed"


def test_a_prompt_goes_out_before_the_window_closes(world: World, clock: Clock) -> None:
    change_survey(world, timing={"delay_s": 48 * 3600})
    wrote = clock.now - 2 * HOUR
    told = {"last_message_at": {"customer": "2026-09-21T12:00:00Z"}}
    day = Installation(windows={ACCOUNT: DAY})
    decided = report(world, "T-1", day, **told)
    until = row_of(world, decided)["window_until"]
    assert until == parse_instant("2026-09-22T12:00:00Z")
    assert wrote < (decided.due_at or 0) < until


def test_a_closed_window_leads_to_the_next_address_or_is_the_reason(world: World) -> None:
    world.accounts = frozenset({ACCOUNT, SHOP})
    told = {"last_message_at": {"customer": "2026-09-18T12:00:00Z"}}
    places = [{"channel": ACCOUNT, "id": ANN}, {"channel": SHOP, "id": "v-ann"}]
    day = Installation(windows={ACCOUNT: DAY})
    moved = report(world, "T-1", day, address=None, addresses=places, **told)
    assert row_of(world, moved)["account"] == SHOP
    assert report(world, "T-2", day, **told).reason == "window_closed"


def test_a_window_that_closed_while_a_prompt_was_held_makes_it_undeliverable(world: World, clock: Clock) -> None:
    told = {"last_message_at": {"customer": "2026-09-21T12:00:00Z"}}
    decided = report(world, "T-1", Installation(windows={ACCOUNT: DAY}), **told)
    clock.now = parse_instant("2026-09-22T12:00:00Z")
    assert world.claim(window=DAY) == []
    row = row_of(world, decided)
    assert (row["state"], row["state_reason"]) == ("undeliverable", "window_closed")


# --- greeting, pauses --------------------------------------------------------------------------------------------


def test_a_new_address_is_greeted_once(world: World, clock: Clock) -> None:
    change_survey(world, greeting=True, company="Acme")
    world.close("T-1")
    (job,) = world.claim()
    assert job.greets
    world.finish(job, Failed("unreachable", again=True, text=""))
    clock.forward(HOUR)
    (job,) = world.claim()
    assert job.greets, "it was not greeted yet"
    world.finish(job, Done(external_id="1"))
    world.close("T-2")
    (job,) = world.claim()
    assert not job.greets
    world.finish(job, Done(external_id="2"))
    (row,) = world.rows(addresses)
    assert row["greeted_by"] is not None


def test_a_greeting_that_failed_for_good_is_made_by_the_next_prompt(world: World) -> None:
    change_survey(world, greeting=True)
    world.close("T-1")
    (job,) = world.claim()
    world.finish(job, Failed("rejected", again=False, text=""))
    world.close("T-2")
    (job,) = world.claim()
    assert job.greets


def test_a_greeting_that_was_not_sent_before_the_ticket_was_reopened_is_made_by_the_next_prompt(
    world: World, clock: Clock
) -> None:
    change_survey(world, greeting=True)
    world.close("T-1")
    (job,) = world.claim()
    world.finish(job, Failed("unreachable", again=True, text=""))
    world.reopen("T-1")
    clock.forward(HOUR)
    assert world.claim() == []
    world.close("T-2")
    (job,) = world.claim()
    assert job.greets


def test_a_paused_survey_holds_what_is_scheduled_or_cancels_it(world: World, clock: Clock) -> None:
    change_survey(world, timing={"delay_s": 3600})
    held = world.close("T-1")
    change_survey(world, enabled=False)
    clock.forward(2 * HOUR)
    assert world.work() == []
    assert row_of(world, held)["state_reason"] == "survey_off"
    change_survey(world, enabled=True)
    assert [job.kind for job in world.work()] == ["prompt"]
    dropped = again(world, clock, DAY, "T-2")
    change_survey(world, enabled=False, when_paused="cancel")
    clock.forward(2 * HOUR)
    assert world.work() == []
    row = row_of(world, dropped)
    assert (row["state"], row["state_reason"]) == ("cancelled", "paused")
    assert world.rows(jobs, state="due", kind="prompt") == []


def test_a_skip_while_paused_says_since_when(world: World, clock: Clock) -> None:
    change_survey(world, enabled=False)
    paused_at = clock.now
    decided = again(world, clock, DAY, "T-1")
    assert decided.reason == "survey_off"
    assert parse_instant(detail_of(world, decided)["paused_at"]) == paused_at


@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_reminder_knows_its_number(world: World, clock: Clock, number: int) -> None:
    change_survey(world, timing={"reminders_s": [60, 60, 60]})
    world.asked("T-1")
    for _ in range(number - 1):
        clock.forward(MINUTE)
        world.work()
    clock.forward(MINUTE)
    (job,) = world.claim()
    assert (job.kind, job.revision) == ("reminder", number)
    assert DEFAULT_SURVEY.reminder(number, "en") == DEFAULT_SURVEY.text("reminder", "en")


def test_one_chat_is_asked_once_a_week_by_whatever_name_its_reader_goes(world: World, clock: Clock) -> None:
    change_survey(world, **WEEK)
    world.close("T-1", customer={"id": "anna"})
    assert world.close("T-2").reason == "asked_recently", "the same chat, without the desk's name of her"
    assert world.close("T-3", desk="other", customer={"id": "77"}).reason == "asked_recently", "by another desk"
    world.work()
    assert again(world, clock, DAY, "T-4").reason == "asked_recently"
    assert world.reopen("T-1") == 1
    clock.forward(6 * DAY)
    assert world.close("T-5", customer={"id": "anna"}).decision == "ask"
