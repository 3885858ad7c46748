"""The register: closings by polling, the same ones as by webhook; and reopenings."""

import json
from collections.abc import Sequence

import pytest

from desks.base import TicketClosed, TicketReopened, Told, Unknown, Unreadable, Verb
from desks.pyrus.adapter import Pyrus
from desks.pyrus.register import Position, read_position
from net.errors import Unreachable
from tests.desks.pyrus_kit import MAIL, Scene, scene
from tests.desks.row import NOW


async def look(desk: Pyrus, position: str | None) -> tuple[list[Told], str]:
    """One round: all that is told until polling waits."""
    told: list[Told] = []
    rounds = [False]

    async def wait(_: float) -> None:
        rounds[0] = True
        raise EndOfRoundError

    desk.wait = wait
    last = position
    listening = desk.listen(position)
    try:
        async for some, last in listening:  # noqa: B007 - the last position is the round's
            told += some
    except EndOfRoundError:
        pass
    assert rounds[0]
    assert last is not None
    return told, last


class EndOfRoundError(Exception):
    pass


def closings(told: Sequence[Told]) -> list[TicketClosed]:
    return [one for one in told if isinstance(one, TicketClosed)]


async def started(made: Scene) -> tuple[Pyrus, str]:
    desk = made.another(mode="polling")
    _, position = await look(desk, None)
    made.clock.now += 60
    return desk, position


async def test_a_closing_is_the_same_by_register_and_by_webhook() -> None:
    async with scene() as made:
        desk, position = await started(made)
        assert desk.polls
        assert not made.desk.polls
        made.close()
        heard = made.told()
        made.clock.now += 60
        told, position = await look(desk, position)
        (polled,) = closings(told)
        assert isinstance(heard, TicketClosed)
        assert polled.ticket == heard.ticket
        assert (await look(desk, position))[0] == [], "and it is told once, however far the looks overlap"


async def test_what_was_closed_before_the_first_look_is_not_told() -> None:
    async with scene() as made:
        made.close()
        made.clock.now += 3600
        desk, position = await started(made)
        assert closings((await look(desk, position))[0]) == []


async def test_a_second_closing_of_a_task_is_told() -> None:
    async with scene() as made:
        desk, position = await started(made)
        made.close()
        _, position = await look(desk, position)
        made.pyrus.reopen(made.task, made.agent)
        made.clock.now += 30
        made.close()
        told, _ = await look(desk, position)
        assert len(closings(told)) == 1


async def test_a_task_that_is_opened_again_is_found() -> None:
    async with scene() as made:
        desk, position = await started(made)
        made.close()
        _, position = await look(desk, position)
        made.clock.now += 60
        made.pyrus.customer_writes(made.task, "спасибо", MAIL)
        made.pyrus.agent_writes(made.task, made.agent, "на здоровье")
        told, position = await look(desk, position)
        (reopened,) = [one for one in told if isinstance(one, TicketReopened)]
        assert (reopened.report.id, reopened.report.reopened_at) == (str(made.task.id), NOW + 120_000)
        assert (await look(desk, position))[0] == []


async def test_our_own_closing_and_opening_are_ours() -> None:
    async with scene() as made:
        desk, position = await started(made)
        made.close()
        wanted = made.result(Verb.REOPEN_KEEP)
        _, position = await look(desk, position)
        await desk.write(wanted)
        told, position = await look(desk, position)
        assert [type(one) for one in told] == [Unknown]
        made.clock.now += 60
        made.pyrus.comment_as(made.bot, made.task, {"action": "finished", "skip_satisfaction": True})
        told, _ = await look(desk, position)
        assert [getattr(one, "what", "") for one in told] == ["own"]


async def test_a_pause_of_days_is_made_up_in_slices() -> None:
    async with scene() as made:
        desk, position = await started(made)
        made.close()
        made.clock.now += 3 * 86_400
        before = len(made.pyrus.calls("register", ok=True))
        told, _ = await look(desk, position)
        assert len(closings(told)) == 1
        asked = [one.content for one in made.pyrus.calls("register", ok=True)[before:] if "closed_after" in one.content]
        assert len(asked) == 13
        assert all(one["include_archived"] for one in asked)


async def test_a_failure_ends_the_look_and_the_next_takes_it_up() -> None:
    async with scene() as made:
        desk, position = await started(made)
        made.close()
        made.pyrus.fail_next("task", "server_error")
        with pytest.raises(Unreachable):
            await look(desk, position)
        told, _ = await look(desk, position)
        assert len(closings(told)) == 1


async def test_a_task_that_may_not_be_read_holds_up_no_other() -> None:
    async with scene() as made:
        desk, position = await started(made)
        made.close()
        other = made.pyrus.create_task(345, "Второе", channel=MAIL)
        made.pyrus.close(other, made.agent)
        made.pyrus.fail_next("task", "access_denied_task")
        told, _ = await look(desk, position)
        assert [type(one) for one in told] == [Unreadable, TicketClosed]


async def test_the_position_stays_small() -> None:
    async with scene() as made:
        desk, position = await started(made)
        made.close()
        _, position = await look(desk, position)
        assert json.loads(position)["seen"]
        made.clock.now += 73 * 3600
        _, position = await look(desk, position)
        assert json.loads(position) == {"at": made.clock.ms, "seen": {}, "watched": {}}


@pytest.mark.parametrize("position", ["", "{", '{"at":"x"}', None])
def test_a_position_that_cannot_be_read_begins_now(position: str | None) -> None:
    assert read_position(position, NOW) == Position(NOW)


def test_a_clock_that_was_set_back_does_not_stop_polling() -> None:
    assert read_position(json.dumps({"at": NOW + 1000}), NOW).at == NOW
