"""A result on its way to a task: in one comment, once, and without what Pyrus refuses."""

from typing import Any

import pytest

from desks.base import Refusal, Result, TicketClosed, Verb
from net.errors import Misconfigured, OutcomeUnknown, Rejected, Unreachable
from ratings.times import format_instant
from tests.desks.pyrus_kit import (
    AGENT,
    COMMENT,
    MAIL,
    QUEUE_LIST,
    RATED_AT,
    RATED_DAY,
    SCORE,
    SCORE_CHOICE,
    TAGS,
    Scene,
    scene,
)
from tests.desks.row import NOW, WORDS

RATING = (Verb.SCORE, Verb.COMMENT, Verb.RATED_AT)


def comments(made: Scene) -> list[dict[str, Any]]:
    """What we sent, and Pyrus took."""
    return [request.content for request in made.pyrus.calls("comment", ok=True)]


async def test_all_of_a_result_is_one_comment() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING, Verb.TAG, Verb.UNTAG, Verb.REOPEN_KEEP, Verb.NOTE, Verb.SUPPRESS_NATIVE)
        assert (await made.desk.write(wanted)).refused == ()
        (comment,) = comments(made)
        assert comment == {
            "field_updates": [
                {"id": SCORE, "value": 1},
                {"id": COMMENT, "value": WORDS},
                {"id": RATED_AT, "value": format_instant(NOW)},
                {"id": TAGS, "value": {"choice_ids": [1, 2]}},
            ],
            "action": "reopened",
            "text": "Оценка 1",
        }
        assert made.task.closed is None


async def test_a_score_does_not_open_a_closed_task_nor_disturb_anyone() -> None:
    """Pitfall 2: a comment on a closed task opens it, unless it says not to."""
    async with scene() as made:
        made.close()
        notified = made.task.notifications
        await made.desk.write(made.result(*RATING, Verb.NOTE))
        assert made.task.closed is not None
        assert made.task.actions == ["finished"]
        assert made.task.notifications == notified
        assert (comments(made)[0]["skip_auto_reopen"], comments(made)[0]["skip_notification"]) == (True, True)


async def test_closing_sends_no_survey_of_pyruss_own() -> None:
    """Pitfall 1: Pyrus asks by itself whenever a task is closed and nobody says not to."""
    async with scene(native_survey=True) as made:
        await made.desk.write(made.result(Verb.CLOSE, Verb.SCORE, value=5))
        assert made.task.actions == ["finished"]
        assert made.task.native_surveys == 0
        assert comments(made)[0]["skip_satisfaction"] is True
        made.pyrus.reopen(made.task, made.agent)
        made.close()
        assert made.task.native_surveys == 1, "that of an agent's own closing we cannot take back"


async def test_ids_of_fields_and_choices_are_never_constants() -> None:
    """Pitfall 5: they differ from form to form."""
    own = {"score_field": SCORE_CHOICE, "score_choices": {"5": 55}, "rated_at_field": RATED_DAY, "comment_field": None}
    async with scene(forms={"345": own}) as made:
        made.close()
        written = await made.desk.write(made.result(*RATING, value=5, symbol="😍", label="Отлично"))
        assert made.task.values[SCORE_CHOICE] == {"choice_ids": [55]}
        assert made.task.values[RATED_DAY] == format_instant(NOW)[:10]
        assert SCORE not in made.task.values
        (refused,) = written.refused
        assert (refused.verb, refused.code) == (Verb.COMMENT, "not_configured")


@pytest.mark.parametrize(("value", "label", "choice"), [(1, "Плохо", 51), (5, "отлично", 55), (3, "Так себе", None)])
async def test_a_score_finds_its_choice_by_name(value: int, label: str, choice: int | None) -> None:
    async with scene(score_field=SCORE_CHOICE) as made:
        made.close()
        written = await made.desk.write(made.result(Verb.SCORE, value=value, label=label))
        held = made.task.values.get(SCORE_CHOICE)
        assert held == (None if choice is None else {"choice_ids": [choice]})
        assert [one.code for one in written.refused] == ([] if choice else ["no_choice"])


async def test_a_lost_answer_is_an_unknown_outcome_and_writing_again_changes_nothing() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING, Verb.TAG, Verb.UNTAG, Verb.REOPEN_KEEP, Verb.NOTE)
        made.pyrus.drop_after("comment")
        with pytest.raises(OutcomeUnknown):
            await made.desk.write(wanted)
        once = repr(made.task)
        assert (await made.desk.write(wanted)).refused == ()
        assert repr(made.task) == once
        assert len(comments(made)) == 1


async def test_only_what_is_not_so_yet_is_written() -> None:
    async with scene() as made:
        made.close()
        made.task.values[SCORE] = 1
        await made.desk.write(made.result(*RATING))
        assert [one["id"] for one in comments(made)[0]["field_updates"]] == [COMMENT, RATED_AT]


async def test_a_task_that_was_closed_again_stays_closed() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(Verb.REOPEN_KEEP, Verb.SCORE)
        made.pyrus.reopen(made.task, made.agent)
        made.close()
        assert (await made.desk.write(wanted)).refused == ()
        assert made.task.actions == ["finished", "reopened", "finished"]
        assert made.task.values[SCORE] == 1


async def test_a_task_that_a_person_opened_again_is_not_closed() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(Verb.CLOSE_UNRATED)
        made.pyrus.customer_writes(made.task, "не помогло", MAIL)
        await made.desk.write(wanted)
        assert made.task.closed is None
        assert comments(made) == []


async def test_what_we_opened_we_close() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(Verb.CLOSE)
        await made.desk.write(made.result(Verb.REOPEN_KEEP))
        await made.desk.write(wanted)
        assert made.task.actions == ["finished", "reopened", "finished"]


async def test_nobody_keeps_a_task_that_goes_back_to_the_queue() -> None:
    async with scene() as made:
        queue = made.pyrus.add_person("Линия 1", kind="role")
        made.close()
        desk = made.another(queue=queue.id, person_field=AGENT)
        await desk.write(made.result(Verb.REOPEN_CLEAR))
        assert (made.task.responsible, made.task.values[AGENT]) == (queue, None)
        assert len(comments(made)) == 1


async def test_without_a_queue_the_task_is_opened_and_the_admin_told() -> None:
    async with scene() as made:
        made.close()
        written = await made.desk.write(made.result(Verb.REOPEN_CLEAR))
        assert made.task.closed is None
        assert [(one.verb, one.code) for one in written.refused] == [(Verb.REOPEN_CLEAR, "not_configured")]


async def test_a_tag_can_be_a_list() -> None:
    async with scene(tag_list_ids={"rated-1": QUEUE_LIST}, tag_field=None) as made:
        made.close()
        assert (await made.desk.write(made.result(Verb.TAG))).refused == ()
        assert made.task.list_ids == {QUEUE_LIST}
        told = made.told()  # ours was the last word: the agent's note tells the tags
        made.pyrus.agent_writes(made.task, made.agent, "заметка")
        told = made.told()
        assert isinstance(told, TicketClosed)
        assert told.ticket.tags == ("rated-1",)
        assert (await made.desk.write(made.result(Verb.UNTAG, Verb.TAG, tag="", untag=("rated-1",)))).refused == ()
        assert made.task.list_ids == set()


async def test_where_the_action_is_refused_the_rest_is_written() -> None:
    async with scene() as made:
        made.close()
        made.bot.may_reopen = False
        written = await made.desk.write(made.result(*RATING, Verb.REOPEN_CLEAR, Verb.NOTE))
        words = "the bot may not reopen this task: You have no rights to reopen the task."
        assert Refusal(Verb.REOPEN_CLEAR, "access_denied_reopen_task", words) in written.refused
        assert made.task.values[SCORE] == 1
        assert made.task.closed is not None, "and what is written without it opens nothing"
        assert any(one.get("text") == "Оценка 1" for one in made.task.comments)


async def test_where_a_required_field_is_empty_the_task_stays_open_and_the_score_is_written() -> None:
    async with scene() as made:
        made.pyrus.world.forms[345].fields[-1].required_to_close = True
        written = await made.desk.write(made.result(Verb.CLOSE_UNRATED, Verb.SCORE))
        (refused,) = written.refused
        assert (refused.verb, refused.code) == (Verb.CLOSE_UNRATED, "required_field_missing")
        assert "День оценки" in refused.text
        assert (made.task.values[SCORE], made.task.closed) == (1, None)


async def test_one_field_that_is_refused_costs_the_others_nothing() -> None:
    async with scene() as made:
        made.close()
        field = made.pyrus.world.forms[345].field(COMMENT)
        assert field is not None
        field.locked = True
        written = await made.desk.write(made.result(*RATING, Verb.REOPEN_KEEP))
        assert [(one.verb, one.code) for one in written.refused] == [(Verb.COMMENT, "unable_to_edit_field")]
        assert (made.task.values[SCORE], made.task.values[RATED_AT]) == (1, format_instant(NOW))
        assert COMMENT not in made.task.values
        assert made.task.actions == ["finished", "reopened"]


async def test_a_refusal_never_repeats_the_customers_words() -> None:
    async with scene() as made:
        made.close()
        made.pyrus.fail_next("comment", "invalid_value_format", words=f"Value '{WORDS}' cannot be converted.", times=3)
        written = await made.desk.write(made.result(Verb.COMMENT, Verb.SCORE))
        assert {one.verb for one in written.refused} == {Verb.COMMENT, Verb.SCORE}
        assert WORDS not in str(written)


async def test_a_code_that_says_nothing_is_found_out_part_by_part() -> None:
    async with scene() as made:
        made.close()
        made.pyrus.fail_next("comment", "something_new", words="No.")
        written = await made.desk.write(made.result(*RATING))
        assert written.refused == ()
        assert [len(one["field_updates"]) for one in comments(made)] == [1, 1, 1]
        assert made.task.values[SCORE] == 1


@pytest.mark.parametrize(
    ("code", "http", "error"),
    [
        ("access_denied_task", None, Rejected),
        ("too_many_comments", None, Rejected),
        ("server_error", None, Unreachable),
        ("", 502, Unreachable),
        ("account_blocked", None, Misconfigured),
    ],
)
async def test_what_concerns_the_whole_task_is_raised(code: str, http: int | None, error: type[Exception]) -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING)
        made.pyrus.fail_next("comment", code, http=http)
        with pytest.raises(error) as failure:
            await made.desk.write(wanted)
        assert type(failure.value) is error


async def test_a_ticket_that_is_no_task_is_rejected() -> None:
    async with scene() as made:
        for ticket_id in ("T-1", "999999", "²"):
            with pytest.raises(Rejected):
                await made.desk.write(Result("k", ticket_id, frozenset({Verb.SCORE}), value=1))


async def test_fields_that_are_not_there_are_refused_unsent() -> None:
    async with scene(score_field=999, comment_field=SCORE) as made:
        made.close()
        written = await made.desk.write(made.result(*RATING))
        assert [(one.verb, one.code) for one in written.refused] == [
            (Verb.SCORE, "no_field"),
            (Verb.COMMENT, "wrong_type"),
        ]
        assert len(comments(made)) == 1
        assert not made.pyrus.calls("comment", ok=False)


async def test_our_own_comment_comes_back_and_is_known() -> None:
    """Pitfall 3, from end to end: what we write is told to us as an event of ours."""
    async with scene() as made:
        made.close()
        await made.desk.write(made.result(Verb.SCORE, Verb.REOPEN_KEEP))
        assert getattr(made.told(), "what", "") == "own"
