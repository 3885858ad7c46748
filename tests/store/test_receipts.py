"""What is known of a message before the platform has answered the request for it, or when it never answers."""

import pytest

from ratings.lifecycle import Delivery
from ratings.store.inbound import Delivered
from ratings.store.results import Done, Failed
from ratings.store.schema import invitations
from tests.store.world import ANN, World

UNKNOWN = Failed("outcome_unknown", again=False, text="no answer")


def told(world: World, external_id: str, delivery: Delivery = Delivery.BOUNCED, event_id: str = "d1") -> str:
    report = Delivered(event_id=event_id, sender=ANN, external_id=external_id, delivery=delivery)
    return world.receive(report).outcomes[0]


def delivery_of(world: World, number: int) -> tuple[str, str | None, str | None]:
    (row,) = world.rows(invitations, id=number)
    return row["state"], row["delivery"], row["external_id"]


@pytest.mark.parametrize("delivery", [Delivery.BOUNCED, Delivery.DELIVERED, Delivery.SEEN])
def test_a_report_that_overtakes_the_answer_is_kept(world: World, delivery: Delivery) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    assert told(world, "77", delivery) == "acted"
    world.finish(prompt, Done(external_id="77"))
    assert delivery_of(world, number) == ("asked", delivery.value, "77")


def test_a_report_about_another_message_is_corrected_by_the_answer(world: World) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    assert told(world, "some notice") == "acted"
    world.finish(prompt, Done(external_id="77"))
    assert delivery_of(world, number) == ("asked", "accepted", "77")


def test_a_report_tells_nothing_of_a_prompt_that_nobody_sends_now(world: World) -> None:
    number = world.close().invitation_id
    assert told(world, "77") == "ignored"
    assert delivery_of(world, number) == ("scheduled", None, None)


def test_of_two_messages_on_their_way_a_report_names_neither(world: World) -> None:
    first, second = world.close("T-1").invitation_id, world.close("T-2").invitation_id
    assert len(world.claim()) == 2
    assert told(world, "77") == "ignored"
    assert {delivery_of(world, number)[1] for number in (first, second)} == {None}


def test_a_prompt_without_an_answer_that_was_told_to_be_there_is_there(world: World) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    told(world, "77", Delivery.DELIVERED)
    world.finish(prompt, UNKNOWN)
    assert delivery_of(world, number) == ("asked", "delivered", "77")


def test_after_a_prompt_without_an_answer_a_tap_is_thanked_for_all_the_same(world: World) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    world.finish(prompt, UNKNOWN)
    assert delivery_of(world, number) == ("asked", "unknown", None)
    assert world.tap(number, 5) == "rated"  # which does not tell on what message
    (thanks,) = [job for job in world.claim() if job.kind == "render"]
    world.finish(thanks, Done(external_id="78"))
    assert delivery_of(world, number) == ("answered", "unknown", "78")
