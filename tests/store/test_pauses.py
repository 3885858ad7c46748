"""The switch: since when a survey is off, and what becomes of the prompts that it had scheduled."""

from typing import Any

import pytest

from ratings.store.closings import DeskReport
from ratings.store.pauses import RunPauses
from ratings.store.schema import events, invitations, jobs
from ratings.store.survey_history import Pause, list_versions, open_invitations, pauses
from ratings.store.surveys import SaveSurvey, SurveySaved, load_surveys
from ratings.survey import Survey, parse_survey
from ratings.ticket import parse_ticket
from ratings.times import HOUR, MINUTE
from tests.conftest import Clock
from tests.store.world import World


def save(world: World, change: dict[str, Any], survey_id: str = "default") -> Survey:
    base = next(survey for survey in world.store.read_now(load_surveys) if survey.id == survey_id)
    saved = world.store.writer.do_now(SaveSurvey(parse_survey(change, base=base), base.version, "test")).survey
    assert saved is not None
    return saved


def run(world: World, most: int = 500) -> int:
    return world.store.writer.do_now(RunPauses(most))


def test_since_when_a_survey_is_off_is_kept_over_other_changes(world: World, clock: Clock) -> None:
    off_at = clock.now
    assert save(world, {"enabled": False}).paused_at == off_at
    clock.now += HOUR
    assert save(world, {"name": "Shop"}).paused_at == off_at
    assert world.store.read_now(load_surveys)[0].paused_at == off_at
    skipped = world.close()
    assert skipped.reason == "survey_off"
    assert save(world, {"enabled": True}).paused_at is None
    assert world.store.read_now(load_surveys)[0].paused_at is None
    again = save(world, {"enabled": False})
    assert again.paused_at == clock.now, "a new pause begins anew"


def test_a_new_survey_is_made_once(world: World) -> None:
    new = parse_survey({"id": "vip", "enabled": False})
    first = world.store.writer.do_now(SaveSurvey(new, 0, "test"))
    assert first.survey is not None
    assert (first.conflict, first.survey.version) == (False, 1)
    assert world.store.writer.do_now(SaveSurvey(new, 0, "test")) == SurveySaved(first.survey, conflict=True)


@pytest.mark.parametrize("how", ["cancel", "hold"])
def test_a_survey_that_is_switched_off_cancels_or_holds_what_is_scheduled(world: World, clock: Clock, how: str) -> None:
    asked = world.asked("T-0", address={"channel": "telegram.support", "id": "1"})
    save(world, {"when_paused": how, "timing": {"delay_s": 3600}})
    waiting = [world.close(f"T-{n}", address={"channel": "telegram.support", "id": f"{n}"}) for n in range(2, 5)]
    save(world, {"enabled": False})
    rounds = [run(world, 2), run(world, 2), run(world, 2)]
    rows = {row["id"]: (row["state"], row["state_reason"]) for row in world.rows(invitations)}
    told = [row["invitation_id"] for row in world.rows(events, type="invitation.cancelled")]
    assert rows[asked] == ("asked", None), "whoever was asked may answer"
    clock.now += 2 * HOUR
    save(world, {"enabled": True})
    sent = {job.invitation.id for job in world.work() if job.invitation}
    numbers = {each.invitation_id for each in waiting}
    if how == "hold":
        assert rounds == [0, 0, 0]
        assert (told, sent) == ([], numbers)
        return
    assert rounds == [2, 1, 0]
    assert {rows[number] for number in numbers} == {("cancelled", "paused")}
    assert (sorted(told), sent) == (sorted(numbers), set())
    assert {row["state"] for row in world.rows(jobs, kind="prompt", invitation_id=waiting[0].invitation_id)} == {
        "dropped"
    }


def test_who_was_cancelled_may_still_answer_and_is_given_back_to_frequency(world: World, clock: Clock) -> None:
    save(world, {"when_paused": "cancel", "timing": {"delay_s": 3600}, "rules": {"every_s": 86400}})
    first = world.close("T-1")
    assert world.close("T-2").reason == "asked_recently"
    save(world, {"enabled": False})
    assert run(world) == 1
    save(world, {"enabled": True})
    clock.now += MINUTE
    assert world.close("T-3").decision == "ask"
    assert world.tap(first.invitation_id, 5) == "rated"


def test_other_surveys_keep_what_they_scheduled(world: World) -> None:
    save(world, {"timing": {"delay_s": 3600}})
    other = parse_survey({"id": "vip", "forms": ["vip"], "when_paused": "cancel", "enabled": False})
    world.store.writer.do_now(SaveSurvey(other, 0, "test"))
    report = DeskReport(parse_ticket(world.ticket("T-1"), now=world.clock()), world.accounts)
    world.store.writer.do_now(report)
    assert run(world) == 0
    assert [row["state"] for row in world.rows(invitations)] == ["scheduled"]


def test_versions_tell_who_changed_what_and_when_the_survey_was_off(world: World, clock: Clock) -> None:
    start = clock.now
    save(world, {"texts": {"ru": {"question": "Как?"}}, "timing": {"delay_s": 60}})
    clock.now += MINUTE
    save(world, {"enabled": False})
    clock.now += MINUTE
    save(world, {"name": "Shop"})
    clock.now += MINUTE
    save(world, {"enabled": True})
    clock.now += MINUTE
    save(world, {"enabled": False})
    versions = world.store.read_now(list_versions, "default")
    assert [(each.version, each.enabled, each.changed) for each in versions] == [
        (1, True, ()),
        (2, True, ("/texts/ru", "/timing/delay_s")),
        (3, False, ("/enabled",)),
        (4, False, ("/name",)),
        (5, True, ("/enabled",)),
        (6, False, ("/enabled",)),
    ]
    assert [each.by for each in versions] == ["migration"] + ["test"] * 5
    assert pauses(versions) == [Pause(start + MINUTE, start + 3 * MINUTE), Pause(start + 4 * MINUTE, None)]
    assert world.store.read_now(list_versions, "nobody") == []


def test_open_invitations_are_counted_a_survey(world: World) -> None:
    asked = world.asked("T-0", address={"channel": "telegram.support", "id": "1"})
    world.asked("T-1", address={"channel": "telegram.support", "id": "2"})
    assert world.receive(world.tapped(asked, 5, sender="1")).outcomes == ("rated",)
    save(world, {"timing": {"delay_s": 3600}})
    world.close("T-2")
    assert world.store.read_now(open_invitations, "default") == {"scheduled": 1, "asked": 1}
    assert world.store.read_now(open_invitations, "vip") == {"scheduled": 0, "asked": 0}
