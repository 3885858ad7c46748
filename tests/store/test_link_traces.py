"""Every trace of a scanner and of a person, replayed on both engines: robots leave nothing that counts, people what they meant."""

import pytest

from ratings.store.schema import votes
from tests.conftest import Clock
from tests.store.links import change_survey, check_recount, counting_value, had_outcomes, play, state
from tests.store.traces import EVERY, MIXED, PEOPLE, SCANNERS, Trace
from tests.store.world import World


def traced(world: World, clock: Clock, trace: Trace) -> tuple[int, set[int]]:
    """Ask, and play a trace; return the invitation and the values that had outcomes."""
    if trace.confirm:
        change_survey(world, confirm_links=True)
    number = world.asked()
    counted = play(world, clock, number, trace.lines)
    check_recount(world, number)
    assert counting_value(world, number) == trace.counts
    assert all(row["state"] != "provisional" for row in world.rows(votes)), "everything is decided in the end"
    return number, had_outcomes(counted)


def names(trace: Trace) -> str:
    return trace.name


@pytest.mark.parametrize("trace", SCANNERS, ids=names)
def test_what_a_scanner_does_never_counts(world: World, clock: Clock, trace: Trace) -> None:
    number, acted_on = traced(world, clock, trace)
    assert acted_on == set()
    assert state(world, number) == "asked"
    assert all(row["state"] == "quarantined" and row["evidence"] for row in world.rows(votes))


@pytest.mark.parametrize("trace", PEOPLE, ids=names)
def test_what_a_person_does_counts(world: World, clock: Clock, trace: Trace) -> None:
    number, _ = traced(world, clock, trace)
    assert state(world, number) == ("answered" if trace.counts else "lapsed")


@pytest.mark.parametrize("trace", MIXED, ids=names)
def test_of_a_person_and_a_scanner_the_person_counts(world: World, clock: Clock, trace: Trace) -> None:
    _, acted_on = traced(world, clock, trace)
    assert acted_on <= {trace.counts, 4}


def test_the_traces_are_many_and_have_each_a_name() -> None:
    assert len({trace.name for trace in EVERY}) == len(EVERY)
    assert len(SCANNERS) >= 6
    assert len(PEOPLE) >= 6
