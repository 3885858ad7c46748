"""The whole path through the store, on both engines: close, ask, tap, comment, reopen, and every repeat of them."""

from collections.abc import Callable
from typing import Any

import pytest

from ratings.reports.filters import Filters
from ratings.reports.lists import list_invitations
from ratings.store.inbound import Allowed, Refused
from ratings.store.results import Done
from ratings.store.schema import (
    attempts,
    comments,
    events,
    held_texts,
    inbound_events,
    invitations,
    jobs,
    rating_history,
    ratings,
    tickets,
    votes,
)
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import parse_survey
from ratings.times import DAY, HOUR, MINUTE, SECOND, format_instant
from tests.conftest import Clock
from tests.store.world import ANN, World


def rating(world: World, number: int) -> dict[str, Any]:
    (row,) = world.rows(ratings, id=number)
    return row


def state(world: World, number: int) -> str:
    (row,) = world.rows(invitations, id=number)
    return str(row["state"])


def test_a_closing_is_decided_once_whoever_reports_it_again(world: World) -> None:
    first = world.close()
    assert (first.decision, first.new) == ("ask", True)
    again = world.close()
    assert (again.invitation_id, again.decision, again.new) == (first.invitation_id, "ask", False)
    assert len(world.rows(invitations)) == len(world.rows(tickets)) == len(world.rows(jobs)) == 1


def test_a_closing_reported_while_the_last_invitation_is_open_is_the_same_closing(world: World, clock: Clock) -> None:
    first = world.asked()
    clock.forward(HOUR)
    again = world.close(closing_id="another")
    assert (again.invitation_id, again.new) == (first, False)


def test_the_same_closing_by_another_name_stays_the_same_after_the_answer(world: World, clock: Clock) -> None:
    first = world.asked()
    clock.forward(MINUTE)
    assert world.close(closing_id="another").invitation_id == first
    world.tap(first, 5)
    clock.forward(HOUR)
    repeated = world.close(closing_id="another")
    assert (repeated.invitation_id, repeated.new) == (first, False)


def test_a_new_closing_after_an_answer_is_asked_again(world: World, clock: Clock) -> None:
    first = world.asked()
    world.tap(first, 5)
    clock.forward(HOUR)
    second = world.close()
    assert (second.decision, second.new) == ("ask", True)
    assert second.invitation_id != first


def test_an_older_closing_that_comes_late_is_already_asked(world: World, clock: Clock) -> None:
    first = world.asked()
    world.tap(first, 5)
    late = world.close(closing_id="late", closed_at=format_instant(clock() - HOUR))
    assert (late.decision, late.reason) == ("skip", "already_asked")


def test_a_skip_is_stored_with_its_reason_and_never_changes(world: World, clock: Clock) -> None:
    skipped = world.close(address=None)
    assert (skipped.decision, skipped.reason, skipped.due_at) == ("skip", "no_address", None)
    clock.forward(SECOND)
    again = world.close(address=None, closed_at=format_instant(clock() - 61 * SECOND))
    assert (again.invitation_id, again.reason, again.new) == (skipped.invitation_id, "no_address", False)
    assert world.rows(jobs) == []


def test_an_account_that_is_not_configured_is_a_reason_not_an_error(world: World) -> None:
    skipped = world.close(address={"channel": "viber.shop", "id": "x"})
    assert (skipped.decision, skipped.reason) == ("skip", "channel_unknown")


def test_a_tap_becomes_a_rating_with_everything_copied_from_the_ticket(world: World, clock: Clock) -> None:
    number = world.asked(
        agent={"id": "a1", "name": "Olga"}, group="g1", form="f1", priority="high", url="https://desk.example/1"
    )
    clock.forward(MINUTE)
    assert world.tap(number, 5) == "rated"
    row = rating(world, number)
    assert (row["value"], row["state"], row["rated_at"], row["satisfied"]) == (5, "confirmed", clock(), True)
    assert (row["agent_id"], row["agent_name"], row["group_id"], row["form"]) == ("a1", "Olga", "g1", "f1")
    assert (row["priority"], row["ticket_url"], row["subject"]) == ("high", "https://desk.example/1", "Printer")
    assert state(world, number) == "answered"
    assert [vote["value"] for vote in world.rows(votes)] == [5]
    assert [event["type"] for event in world.rows(events)] == ["invitation.asked", "rating.received"]
    assert [job.kind for job in world.work()] == ["render"]


def test_two_deliveries_of_one_update_are_one_vote(world: World) -> None:
    number = world.asked()
    tap = world.tapped(number, 5)
    assert world.receive(tap).outcomes == ("rated",)
    assert world.receive(tap).outcomes == ("duplicate",)
    assert world.receive(tap, world.tapped(number, 4)).outcomes == ("duplicate", "changed")
    assert len(world.rows(votes)) == 2


def test_a_repeat_inside_one_request_is_one_vote(world: World) -> None:
    number = world.asked()
    tap = world.tapped(number, 5)
    assert world.receive(tap, tap).outcomes == ("rated", "duplicate")
    assert len(world.rows(votes)) == 1


def test_a_change_of_mind_keeps_both_in_the_history(world: World, clock: Clock) -> None:
    number = world.asked()
    world.tap(number, 1)
    rated_at = clock()
    clock.forward(HOUR)
    assert world.tap(number, 5) == "changed"
    row = rating(world, number)
    assert (row["value"], row["rated_at"], row["changed_at"]) == (5, rated_at, clock())
    assert [(change["old"], change["new"]) for change in world.rows(rating_history)] == [("1", "5")]
    assert [vote["value"] for vote in world.rows(votes)] == [1, 5]


def test_after_the_edit_window_the_rating_stands_and_the_tap_is_answered(world: World, clock: Clock) -> None:
    number = world.asked()
    world.tap(number, 5)
    clock.forward(DAY)
    received = world.receive(world.tapped(number, 1))
    assert received.outcomes == ("stands",)
    assert "не меняется" in received.acknowledgments[0].text
    assert rating(world, number)["value"] == 5


@pytest.mark.parametrize(("invitation_id", "sender", "outcome"), [(None, ANN, "forged"), (12345, ANN, "forged")])
def test_a_forged_token_is_nobody_s_vote(world: World, invitation_id: int | None, sender: str, outcome: str) -> None:
    world.asked()
    received = world.receive(world.tapped(invitation_id, 5, sender=sender))
    assert received.outcomes == (outcome,)
    assert received.acknowledgments[0].tap
    assert world.rows(votes) == []


def test_another_sender_cannot_vote_with_a_valid_token(world: World) -> None:
    number = world.asked()
    assert world.receive(world.tapped(number, 5, sender="666")).outcomes == ("wrong_sender",)
    assert world.rows(ratings) == []


def test_a_value_out_of_scale_is_no_vote(world: World) -> None:
    number = world.asked()
    assert world.tap(number, 9) == "out_of_scale"
    assert world.rows(votes) == []


def test_a_reopen_cancels_what_was_not_answered(world: World, clock: Clock) -> None:
    scheduled = world.close().invitation_id
    clock.forward(SECOND)
    assert world.reopen() == 1
    assert state(world, scheduled) == "cancelled"
    assert world.work() == []
    assert [job["state"] for job in world.rows(jobs)] == ["dropped"]
    clock.forward(HOUR)
    assert world.close().new


def test_a_reopen_older_than_the_closing_is_ignored(world: World, clock: Clock) -> None:
    number = world.asked()
    assert world.reopen(at=clock() - HOUR) == 0
    assert state(world, number) == "asked"


def test_a_reopen_does_not_touch_an_answer(world: World, clock: Clock) -> None:
    number = world.asked()
    world.tap(number, 2)
    clock.forward(SECOND)
    assert world.reopen() == 0
    assert rating(world, number)["value"] == 2


def test_a_tap_after_the_reopen_still_counts(world: World, clock: Clock) -> None:
    number = world.asked()
    clock.forward(SECOND)
    world.reopen()
    assert world.tap(number, 4) == "rated"
    assert state(world, number) == "answered"


def test_a_tap_that_overtakes_its_own_sent_is_kept(world: World) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    assert world.receive(world.tapped(number, 5, prompt_id="77")).outcomes == ("rated",)
    world.finish(prompt, Done(external_id="77"))
    (row,) = world.rows(invitations, id=number)
    assert (row["state"], row["external_id"], row["asked_at"] is not None) == ("answered", "77", True)
    assert [job.kind for job in world.work()] == ["render"]


def test_the_next_text_is_the_comment_and_ends_the_wait(world: World) -> None:
    number = world.asked()
    world.tap(number, 5)
    assert world.write("Быстро, спасибо") == "commented"
    assert rating(world, number)["comment"] == "Быстро, спасибо"
    assert world.write("А ещё вопрос") == "not_ours"
    assert rating(world, number)["comment"] == "Быстро, спасибо"


def test_the_wait_for_a_comment_ends_by_itself(world: World, clock: Clock) -> None:
    number = world.asked()
    world.tap(number, 5)
    clock.forward(15 * MINUTE)
    assert world.write("a new question") == "not_ours"
    assert rating(world, number)["comment"] is None


def test_skip_ends_the_wait_for_a_comment(world: World) -> None:
    number = world.asked()
    world.tap(number, 5)
    world.receive(world.pressed(number, "skip"))
    assert world.write("a new question") == "not_ours"


def test_a_newer_ticket_ends_the_wait_for_a_comment(world: World, clock: Clock) -> None:
    number = world.asked()
    world.tap(number, 5)
    clock.forward(MINUTE)
    world.close("T-2", ask=False)
    assert world.write("about the new one") == "not_ours"
    assert rating(world, number)["comment"] is None


def test_a_reply_to_the_prompt_is_a_comment_at_any_time(world: World, clock: Clock) -> None:
    number = world.asked()
    (prompt,) = [job for job in world.sent if job.kind == "prompt"]
    world.tap(number, 5)
    clock.forward(3 * DAY)
    assert world.write("late but sincere", reply_to=f"message-{prompt.job_id}") == "commented"
    assert rating(world, number)["comment"] == "late but sincere"


def test_a_reply_before_the_tap_joins_the_rating_when_it_comes(world: World) -> None:
    number = world.asked()
    (prompt,) = world.sent
    assert world.write("first words", reply_to=f"message-{prompt.job_id}") == "commented"
    assert world.rows(ratings) == []
    world.tap(number, 4)
    assert rating(world, number)["comment"] == "first words"


def test_a_text_that_comes_before_its_tap_waits_for_it(world: World, clock: Clock) -> None:
    number = world.asked()
    assert world.write("It was quick") == "held"
    clock.forward(29 * SECOND)
    assert world.tap(number, 5) == "rated"
    assert rating(world, number)["comment"] == "It was quick"
    assert world.rows(held_texts) == []
    clock.forward(5 * SECOND)
    assert "notice" not in [job.kind for job in world.work()]


def test_words_that_overtake_both_their_tap_and_the_record_of_the_prompt_wait_for_it(world: World) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    assert world.write("It was quick") == "held"
    world.finish(prompt, Done(external_id="77"))
    world.tap(number, 5)
    assert rating(world, number)["comment"] == "It was quick"


def test_words_before_a_prompt_is_due_are_not_held(world: World) -> None:
    (survey,) = world.store.read_now(load_surveys)
    later = parse_survey({"timing": {"delay_s": 3600}}, base=survey)
    world.store.writer.do_now(SaveSurvey(later, None, "test"))
    world.close()
    assert world.write("hello?") == "not_ours"


def test_a_text_whose_tap_never_comes_is_answered_politely_and_once_a_day(world: World, clock: Clock) -> None:
    world.asked()
    assert world.write("where is my order?") == "held"
    assert world.work() == []
    clock.forward(31 * SECOND)
    (notice,) = world.work()
    assert (notice.kind, notice.text) == ("notice", "not_ours")
    assert world.rows(held_texts) == []
    assert world.write("hello?") == "held"
    clock.forward(31 * SECOND)
    assert world.work() == []


def test_held_text_and_tap_in_one_request_in_either_order(world: World) -> None:
    number = world.asked()
    assert world.receive(world.wrote("words"), world.tapped(number, 5)).outcomes == ("held", "rated")
    assert rating(world, number)["comment"] == "words"


def test_an_edited_message_corrects_the_comment(world: World) -> None:
    number = world.asked()
    world.tap(number, 5)
    world.write("thx", message_id="m1")
    assert world.write("thank you", message_id="m1", edited=True) == "commented"
    assert rating(world, number)["comment"] == "thank you"
    assert [(row["old"], row["new"]) for row in world.rows(rating_history)] == [(None, "thx"), ("thx", "thank you")]
    assert world.write("something else", message_id="m9", edited=True) == "ignored"
    assert len(world.rows(comments)) == 1


def test_a_photo_is_no_comment_and_the_words_are_still_awaited(world: World) -> None:
    number = world.asked()
    world.tap(number, 5)
    assert world.write("") == "ignored"
    assert [job.text for job in world.work() if job.kind == "notice"] == ["words_only"]
    assert world.write("in words then") == "commented"
    assert rating(world, number)["comment"] == "in words then"


def test_a_typed_value_is_a_vote_while_a_prompt_is_open(world: World) -> None:
    number = world.asked()
    assert world.write("4") == "rated"
    assert rating(world, number)["value"] == 4
    assert [vote["source"] for vote in world.rows(votes)] == ["typed"]
    assert "acknowledge" not in [job["kind"] for job in world.rows(jobs)]


def test_in_relay_mode_what_is_not_ours_is_left_to_the_owner(world: World, clock: Clock) -> None:
    world.asked()
    world.receive(world.wrote("a question"), answers=False)
    clock.forward(MINUTE)
    assert world.work() == []


def test_every_inbound_event_is_recorded_with_what_became_of_it(world: World) -> None:
    number = world.asked()
    world.tap(number, 5)
    world.write("thanks")
    assert [row["outcome"] for row in world.rows(inbound_events)] == ["rated", "commented"]


def test_an_attempt_is_committed_before_its_request_goes_out(world: World) -> None:
    world.close()
    (job,) = world.claim()
    (attempt,) = world.rows(attempts)
    assert (attempt["job_id"], attempt["result"], attempt["finished_at"]) == (job.job_id, None, None)


def test_a_reopen_that_overtakes_its_closing_is_not_asked_over(world: World, clock: Clock) -> None:
    clock.forward(MINUTE)
    assert world.reopen(at=clock()) == 0
    closed = world.close(closed_at=format_instant(clock() - MINUTE))
    assert (closed.decision, closed.reason) == ("skip", "reopened")
    clock.forward(MINUTE)
    assert world.close(closed_at=format_instant(clock() - SECOND)).decision == "ask"


def test_a_reopen_between_two_reports_of_one_closing_is_older_than_the_closing(world: World, clock: Clock) -> None:
    number = world.close(closed_at=format_instant(clock() - 100 * SECOND)).invitation_id
    assert world.close(closed_at=format_instant(clock() - 20 * SECOND)).invitation_id == number
    assert world.reopen(at=clock() - 50 * SECOND) == 0
    assert state(world, number) == "scheduled"


def test_a_reply_and_a_held_text_are_one_comment_in_their_order(world: World) -> None:
    number = world.asked()
    (prompt,) = world.sent
    world.write("first words", reply_to=f"message-{prompt.job_id}")
    for words in ("the printer", "on the second floor", "is loud"):
        assert world.write(words) == "held"
    world.tap(number, 5)
    assert rating(world, number)["comment"] == "first words\nthe printer\non the second floor\nis loud"


def test_texts_of_one_request_keep_their_order_whatever_their_ids(world: World) -> None:
    number = world.asked()
    texts = [world.wrote(f"part {n}", message_id=str(n)) for n in (99, 100, 9)]
    world.receive(*texts)
    world.tap(number, 5)
    assert rating(world, number)["comment"] == "part 99\npart 100\npart 9"


def test_words_before_a_typed_value_are_its_comment(world: World, clock: Clock) -> None:
    number = world.asked()
    assert world.write("It was quick") == "held"
    assert world.write("5") == "rated"
    assert rating(world, number)["comment"] == "It was quick"
    clock.forward(MINUTE)
    assert "notice" not in [job.kind for job in world.work()]


def test_a_value_typed_while_the_choices_are_shown_again_is_a_vote(world: World) -> None:
    number = world.asked()
    world.tap(number, 5)
    world.receive(world.pressed(number, "change"))
    assert world.write("2") == "changed"
    row = rating(world, number)
    assert (row["value"], row["comment"]) == (2, None)


def test_a_rating_learns_when_it_was_asked_from_a_late_sent(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    world.receive(world.tapped(number, 5, prompt_id="77"))
    assert rating(world, number)["asked_at"] is None
    world.finish(prompt, Done(external_id="77"))
    assert rating(world, number)["asked_at"] == clock()


def test_the_newest_ticket_is_known_by_its_time_not_by_its_id(
    world: World, make_store: Callable[[str], Store], clock: Clock
) -> None:
    """Each process has its own block of ids: what is decided later may have the smaller one."""
    other = World(make_store(world.store.url), clock, _events=1000)
    world.close("T-0")  # takes the lower block
    earlier = other.close("T-1")
    clock.forward(HOUR)
    later = world.close("T-2")
    assert later.invitation_id < earlier.invitation_id
    while world.work():
        clock.forward(SECOND)
    world.tap(later.invitation_id, 5)
    assert world.write("about the second") == "commented"
    assert rating(world, later.invitation_id)["comment"] == "about the second"
    page = world.store.read_now(list_invitations, Filters())
    assert [item["ticket"]["id"] for item in page.items] == ["T-2", "T-1", "T-0"]


def test_the_last_closing_is_known_by_its_time_not_by_its_id(
    world: World, make_store: Callable[[str], Store], clock: Clock
) -> None:
    other = World(make_store(world.store.url), clock, _events=1000)
    world.close("T-0", address={"channel": "telegram.support", "id": "777"})
    answered = other.close("T-1", closing_id="c1").invitation_id
    world.work()
    world.tap(answered, 5)
    clock.forward(HOUR)
    opened = world.close("T-1", closing_id="c2")
    assert opened.new
    again = other.close("T-1", closing_id="c3")
    assert (again.invitation_id, again.new) == (opened.invitation_id, False)


def test_stopping_twice_is_answered_once(world: World) -> None:
    for event_id in ("1", "2", "3"):
        world.receive(Refused(event_id=event_id, sender=ANN, asked=True))
    assert [job.text for job in world.work()] == ["opted_out"]


def test_start_is_answered_and_leaves_the_day_s_polite_answer(world: World) -> None:
    world.receive(Allowed(event_id="start", sender=ANN, asked=True))
    world.write("a question")
    assert [job.text for job in world.work()] == ["welcome", "not_ours"]


def test_an_account_that_was_removed_does_not_hold_its_ticket_open_for_ever(world: World, clock: Clock) -> None:
    first = world.close(closing_id="c1")
    clock.forward(31 * DAY)
    second = world.close(closing_id="c2")
    assert second.invitation_id != first.invitation_id
