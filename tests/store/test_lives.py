"""A ticket's whole life, and who may see it."""

from ratings.reports.lives import desks_of, seen_invitation, ticket_life
from ratings.reports.newest import LIVE, happened_after, last_number
from ratings.rights import EVERYTHING, Sight
from ratings.store.rating_edits import EditRating
from ratings.store.results import Failed
from ratings.times import MINUTE
from tests.conftest import Clock
from tests.store.world import World

WEB = Sight(("web",))


def live(world: World, clock: Clock) -> int:
    """T-1 of the form web: a try that failed, a prompt, a vote, words, a correction."""
    invitation = world.close("T-1", form="web", agent={"id": "7"}).invitation_id
    (job,) = world.claim()
    world.finish(job, Failed("unreachable", again=True, text="no connection"))
    clock.forward(10 * MINUTE)
    world.work()
    clock.forward(MINUTE)
    world.tap(invitation, 2)
    world.write("Слишком долго")
    clock.forward(MINUTE)
    world.store.writer.do_now(EditRating(invitation, 4, "user:ann", "she meant the courier"))
    world.work()
    return invitation


def test_a_life_has_everything_that_happened(world: World, clock: Clock) -> None:
    invitation = live(world, clock)
    life = world.store.read_now(ticket_life, "api", "T-1", EVERYTHING)
    assert life is not None
    (closing,) = life.closings
    assert (closing.row.id, closing.row.value, closing.row.comment) == (invitation, 4, "Слишком долго")
    prompt = next(act for act in closing.acts if act.kind == "prompt")
    assert [(tried.result, tried.text) for tried in prompt.tries] == [("unreachable", "no connection"), ("done", None)]
    assert prompt.state == "done"
    assert [(vote["value"], vote["source"]) for vote in closing.votes] == [(2, "tap"), (4, "staff")]
    assert [(line["what"], line["by"], line["why"]) for line in closing.history][-1] == (
        "value",
        "user:ann",
        "she meant the courier",
    )
    assert len(closing.words_at) == 1
    assert closing.chosen_by is not None
    assert closing.expires_at > clock.now


def test_a_life_is_seen_by_whoever_may_see_the_form(world: World, clock: Clock) -> None:
    invitation = live(world, clock)
    read = world.store.read_now
    assert read(ticket_life, "api", "T-1", WEB) is not None
    assert read(seen_invitation, invitation, WEB) == ("api", "T-1")
    assert read(desks_of, "T-1", WEB) == ["api"]
    for sight in (Sight(("shop",)), Sight(())):
        assert read(ticket_life, "api", "T-1", sight) is None
        assert read(seen_invitation, invitation, sight) is None
        assert read(desks_of, "T-1", sight) == []
    assert read(ticket_life, "other", "T-1", EVERYTHING) is None
    assert read(ticket_life, "api", "T-2", EVERYTHING) is None


def test_what_has_happened_comes_in_the_order_of_its_numbers(world: World, clock: Clock) -> None:
    assert world.store.read_now(last_number) == 0
    invitation = live(world, clock)
    assert world.store.read_now(happened_after, 0) == []
    world.number()
    found = world.store.read_now(happened_after, 0)
    assert [event.number for event in found] == list(range(1, len(found) + 1))
    told = [event.type for event in found if event.type in LIVE]
    assert told == ["rating.received", "rating.commented", "rating.changed"]
    assert {(event.invitation_id, event.form) for event in found} == {(invitation, "web")}
    assert world.store.read_now(happened_after, found[-1].number) == []
    assert world.store.read_now(last_number) == found[-1].number
