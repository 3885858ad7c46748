"""The rules about votes by link, rule by rule with their borders; and what must hold whatever comes in whatever order."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.links import (
    TRAP,
    Evidence,
    Hit,
    LinkKind,
    LinkVote,
    Scene,
    Timings,
    Verdict,
    Visit,
    counting,
    judge_at_once,
    judge_settled,
    swept,
    trapped,
)
from ratings.times import HOUR, MINUTE, SECOND, Instant
from ratings.votes import VoteSignal, VoteState, move

TIMINGS = Timings(min_age=10 * SECOND, sibling_window=60 * SECOND, settle=15 * MINUTE)
MAIL = Visit("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0.0.0")
PHONE = Visit("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)")
AT: Instant = HOUR
"""When the vote in question comes; the message was accepted long before, unless a case says otherwise."""

AUTO, GESTURE, BUTTON, COMMENT = LinkKind
HUMAN, WAITS, SETTLED, ROBOT = VoteSignal.HUMAN, VoteSignal.LINK, VoteSignal.SETTLED, VoteSignal.ROBOT


def vote(value: int = 5, at: Instant = AT, kind: LinkKind = BUTTON, visit: Visit = MAIL, number: int = 100) -> LinkVote:
    return LinkVote(number, value, at, kind, visit)


def scene(
    *around: Hit | LinkVote, accepted_at: Instant | None = 0, confirmation: bool = False, answered: bool = False
) -> Scene:
    hits = [each for each in around if isinstance(each, Hit)]
    votes = [replace(each, id=n) for n, each in enumerate(around, 1) if isinstance(each, LinkVote)]
    return Scene(accepted_at, hits, votes, TIMINGS, confirmation, answered)


def hit(value: int | None, at: Instant = AT, visit: Visit = MAIL) -> Hit:
    return Hit(value, at, visit)


def touched(value: int, at: Instant, visit: Visit = MAIL) -> LinkVote:
    return replace(vote(value, at, visit=visit), state=VoteState.CONFIRMED)


@pytest.mark.parametrize(
    ("one", "around", "signal", "evidence"),
    [
        # each way of touching the page counts alike, and none of them is none
        (vote(kind=GESTURE), scene(), HUMAN, ()),
        (vote(kind=BUTTON), scene(), HUMAN, ()),
        (vote(kind=COMMENT), scene(), HUMAN, ()),
        (vote(kind=AUTO), scene(), WAITS, ("automatic",)),
        # min_age, to the millisecond
        (vote(), scene(accepted_at=AT - 10 * SECOND), HUMAN, ()),
        (vote(), scene(accepted_at=AT - 10 * SECOND + 1), WAITS, ("too_early",)),
        (vote(), scene(accepted_at=AT + 1), WAITS, ("too_early",)),  # it overtook the record of its message
        (vote(), scene(accepted_at=None), WAITS, ("too_early",)),  # the message's record is still to come
        # a sibling's hit, to the millisecond; its own, the page without a value and the hidden link are none
        (vote(), scene(hit(4, AT - 60 * SECOND)), WAITS, ("siblings",)),
        (vote(), scene(hit(4, AT - 60 * SECOND - 1)), HUMAN, ()),
        (vote(), scene(hit(4, AT)), WAITS, ("siblings",)),
        (vote(), scene(hit(4, visit=PHONE)), WAITS, ("siblings",)),
        (vote(), scene(hit(5), hit(None), hit(TRAP, visit=PHONE)), HUMAN, ()),
        (vote(), scene(hit(5), hit(TRAP)), WAITS, ("trap",)),
        (vote(), scene(hit(TRAP, AT - 60 * SECOND - 1)), HUMAN, ()),
        # values posted: two are a change of mind, three are a program's, to the millisecond
        (vote(5), scene(vote(1, AT - SECOND)), HUMAN, ()),
        (vote(5), scene(vote(1, AT - 60 * SECOND), vote(2, AT - SECOND)), ROBOT, ("many_values",)),
        (vote(5), scene(vote(1, AT - 60 * SECOND - 1), vote(2, AT - SECOND)), HUMAN, ()),
        (vote(5), scene(vote(1, AT - 2), vote(5, AT - 1)), HUMAN, ()),
        (vote(5, kind=COMMENT), scene(vote(1, AT - 2), vote(2, AT - 1)), ROBOT, ("many_values",)),
        # a touch while another program goes through the values is no part of it, and an untouched page is
        (vote(5), scene(*(vote(n, AT - n, visit=PHONE) for n in (1, 2, 3))), HUMAN, ()),
        (vote(5), scene(vote(1, AT - 2, visit=PHONE), vote(2, AT - 1, visit=PHONE)), HUMAN, ()),
        (vote(5), scene(*(vote(n, AT - n, visit=PHONE) for n in (1, 2, 3)), hit(1, visit=PHONE)), WAITS, ("siblings",)),
        (vote(5, kind=AUTO), scene(*(vote(n, AT - n, visit=PHONE) for n in (1, 2))), ROBOT, ("many_values",)),
        # three programs with a value each are one that changes its name
        (vote(5), scene(vote(1, AT - 2, visit=PHONE), vote(2, AT - 1, visit=Visit("other"))), ROBOT, ("many_values",)),
        (vote(5), scene(vote(1, AT - 2, visit=PHONE), vote(5, AT - 1, visit=Visit("other"))), HUMAN, ()),
        # who corrects a touch has opened the other link alone: the correction counts at once
        (vote(5), scene(hit(1, AT - SECOND), touched(1, AT - SECOND)), HUMAN, ()),
        (vote(5), scene(hit(1, AT - SECOND), hit(2), touched(1, AT - SECOND)), WAITS, ("siblings",)),
        (vote(5), scene(hit(1, AT - SECOND), touched(1, AT - SECOND, PHONE)), WAITS, ("siblings",)),
        (vote(5), scene(hit(1, AT - SECOND), vote(1, AT - SECOND)), WAITS, ("siblings",)),  # it does not count itself
        (vote(5, kind=AUTO), scene(hit(1), touched(1, AT)), WAITS, ("automatic", "siblings")),
        # everything that speaks against it is told
        (vote(kind=AUTO), scene(hit(4), accepted_at=AT), WAITS, ("automatic", "too_early", "siblings")),
    ],
)
def test_a_vote_when_it_comes(one: LinkVote, around: Scene, signal: VoteSignal, evidence: Sequence[str]) -> None:
    assert judge_at_once(one, around) == Verdict(signal, tuple(Evidence(code) for code in evidence))


@pytest.mark.parametrize(
    ("one", "around", "signal", "evidence"),
    [
        # touched: it counts, however early and whoever else came
        (vote(), scene(), SETTLED, ()),
        (vote(), scene(accepted_at=AT - 1), SETTLED, ()),
        (vote(), scene(accepted_at=None), SETTLED, ()),
        (vote(), scene(*(hit(value, visit=PHONE) for value in (TRAP, 1, 2, 3, 4, 5))), SETTLED, ()),
        (vote(), scene(hit(1), hit(5)), SETTLED, ()),
        (vote(), scene(confirmation=True, answered=True), SETTLED, ()),
        # unless the same program went through the links
        (vote(), scene(hit(1), hit(2), hit(5)), ROBOT, ("many_links",)),
        (vote(), scene(hit(1), hit(2)), ROBOT, ("many_links",)),  # the vote's own value is one of them
        (vote(), scene(hit(1, AT - 60 * SECOND), hit(2, AT + 60 * SECOND)), ROBOT, ("many_links",)),
        (vote(), scene(hit(1, AT - 60 * SECOND - 1), hit(2)), SETTLED, ()),
        (vote(), scene(hit(1), hit(2, AT + 60 * SECOND + 1)), SETTLED, ()),
        (vote(), scene(hit(TRAP)), ROBOT, ("trap",)),
        (vote(), scene(hit(TRAP, AT - 60 * SECOND - 1)), SETTLED, ()),
        # what the customer's own browser fetched in advance was not opened by anybody
        (vote(), scene(*(hit(v, visit=replace(MAIL, prefetch=True)) for v in (TRAP, 1, 2, 3, 4))), SETTLED, ()),
        # values posted after it, too
        (vote(), scene(vote(1, AT + SECOND), vote(2, AT + 60 * SECOND)), ROBOT, ("many_values",)),
        (vote(), scene(vote(1, AT + SECOND), vote(2, AT + 60 * SECOND + 1)), SETTLED, ()),
        # untouched: anything at all speaks against it
        (vote(kind=AUTO), scene(hit(5)), SETTLED, ()),
        (vote(kind=AUTO), scene(confirmation=True), ROBOT, ("confirmation",)),
        (vote(kind=AUTO), scene(answered=True), ROBOT, ("answered",)),
        (vote(kind=AUTO), scene(accepted_at=AT - 10 * SECOND), SETTLED, ()),
        (vote(kind=AUTO), scene(accepted_at=AT - 10 * SECOND + 1), ROBOT, ("too_early",)),
        (vote(kind=AUTO), scene(accepted_at=None), ROBOT, ("too_early",)),
        (vote(kind=AUTO), scene(hit(4, AT - 60 * SECOND, PHONE)), ROBOT, ("siblings",)),
        (vote(kind=AUTO), scene(hit(4, AT + 60 * SECOND, PHONE)), ROBOT, ("siblings",)),
        (vote(kind=AUTO), scene(hit(4, AT + 60 * SECOND + 1)), SETTLED, ()),
        (vote(kind=AUTO), scene(vote(4, AT + 60 * SECOND)), ROBOT, ("siblings",)),
        (vote(kind=AUTO), scene(hit(TRAP, visit=PHONE)), ROBOT, ("trap",)),
        (vote(kind=AUTO, visit=Visit("Mozilla/5.0 HeadlessChrome/140.0")), scene(), ROBOT, ("agent",)),
        (vote(kind=AUTO, visit=Visit("Slackbot-LinkExpanding 1.0")), scene(), ROBOT, ("agent",)),
        (vote(kind=AUTO, visit=Visit("OneOutlook/1.2026")), scene(), ROBOT, ("agent",)),
        (vote(kind=AUTO, visit=replace(MAIL, prefetch=True)), scene(), ROBOT, ("prefetch",)),
        # a program that takes its time: it is slow, and it still goes through the links
        (
            vote(kind=AUTO),
            scene(hit(1, AT - 8 * MINUTE), hit(2, AT - 4 * MINUTE)),
            ROBOT,
            ("many_links",),
        ),
        (vote(kind=AUTO), scene(hit(1, AT - 15 * MINUTE), hit(2, AT + 15 * MINUTE)), ROBOT, ("many_links",)),
        (vote(kind=AUTO), scene(hit(1, AT - 15 * MINUTE - 1), hit(2, AT + 15 * MINUTE)), SETTLED, ()),
        (vote(kind=AUTO), scene(hit(1, AT - 8 * MINUTE, PHONE), hit(2, AT - 4 * MINUTE, PHONE)), SETTLED, ()),
    ],
)
def test_a_vote_when_its_time_is_over(
    one: LinkVote, around: Scene, signal: VoteSignal, evidence: Sequence[str]
) -> None:
    assert judge_settled(one, around) == Verdict(signal, tuple(Evidence(code) for code in evidence))


def test_the_link_that_led_to_the_page_is_no_sibling_of_what_is_picked_there() -> None:
    around = scene(hit(4, AT - SECOND))
    picked = vote(2, visit=replace(MAIL, page=4))
    assert judge_at_once(picked, around).signal is VoteSignal.HUMAN
    assert judge_at_once(vote(2), around).signal is VoteSignal.LINK
    assert judge_at_once(picked, scene(hit(4), hit(5))).evidence == (Evidence.SIBLINGS,)
    assert judge_at_once(replace(picked, kind=LinkKind.AUTO), around).signal is VoteSignal.LINK


def test_who_opens_the_hidden_link_right_after_voting_loses_the_votes_without_words() -> None:
    known = [
        LinkVote(1, 4, AT - SECOND, BUTTON, MAIL, VoteState.CONFIRMED),
        LinkVote(2, 4, AT - SECOND, COMMENT, MAIL, VoteState.CONFIRMED),
        LinkVote(3, 4, AT - SECOND, BUTTON, PHONE, VoteState.CONFIRMED),
        LinkVote(4, 4, AT - 60 * SECOND - 1, BUTTON, MAIL, VoteState.CONFIRMED),
        LinkVote(5, 4, AT - SECOND, AUTO, MAIL, VoteState.PROVISIONAL),
        LinkVote(6, 4, AT - SECOND, BUTTON, MAIL, VoteState.WITHDRAWN),
    ]
    around = Scene(0, [], known, TIMINGS)
    assert [each.id for each in trapped(hit(TRAP), around)] == [1, 5]
    assert trapped(hit(5), around) == []
    assert trapped(hit(TRAP, visit=replace(MAIL, prefetch=True)), around) == []


def test_with_the_third_value_fall_those_around_it_that_still_stand() -> None:
    states = {
        1: (AT - 60 * SECOND, VoteState.CONFIRMED),
        2: (AT - 60 * SECOND - 1, VoteState.CONFIRMED),
        3: (AT - SECOND, VoteState.PROVISIONAL),
        4: (AT - SECOND, VoteState.QUARANTINED),
        5: (AT - SECOND, VoteState.WITHDRAWN),
        100: (AT, VoteState.PROVISIONAL),
    }
    known = [
        LinkVote(number, 2 if number == 3 else 1, at, BUTTON, MAIL, state) for number, (at, state) in states.items()
    ]
    assert [each.id for each in swept(vote(), Scene(0, [], known, TIMINGS))] == [1, 3]
    bystander = LinkVote(6, 4, AT - SECOND, BUTTON, PHONE, VoteState.CONFIRMED)
    assert [each.id for each in swept(vote(), Scene(0, [], [*known, bystander], TIMINGS))] == [1, 3]


@pytest.mark.parametrize(
    ("votes", "index"),
    [
        ([], None),
        ([(1, 1, VoteState.PROVISIONAL), (2, 2, VoteState.QUARANTINED), (3, 3, VoteState.WITHDRAWN)], None),
        ([(1, 1, VoteState.CONFIRMED), (2, 2, VoteState.CONFIRMED), (3, 3, VoteState.PROVISIONAL)], 1),
        ([(2, 1, VoteState.CONFIRMED), (1, 2, VoteState.CONFIRMED)], 0),  # by time, not by id
        ([(1, 7, VoteState.CONFIRMED), (1, 3, VoteState.CONFIRMED)], 0),  # by id within one instant
    ],
)
def test_the_newest_confirmed_vote_counts(votes: list[tuple[Instant, int, VoteState]], index: int | None) -> None:
    assert counting(votes) == index


# --- whatever comes, in whatever order ----------------------------------------------------------------------------


def played(around: Sequence[Hit | LinkVote], accepted_at: Instant | None = 0) -> list[LinkVote]:
    """Play hits and votes in the order of their time, as the store does; return the votes once all have settled."""
    hits: list[Hit] = []
    votes: list[LinkVote] = []

    def now() -> Scene:
        answered = any(each.state is VoteState.CONFIRMED and each.kind is not AUTO for each in votes)
        return Scene(accepted_at, hits, votes, TIMINGS, answered=answered)

    def put(signal: VoteSignal, fallen: Sequence[LinkVote]) -> None:
        numbers = {each.id for each in fallen}
        votes[:] = [replace(each, state=move(each.state, signal)) if each.id in numbers else each for each in votes]

    for number, each in enumerate(sorted(around, key=lambda each: each.at), 1):
        if isinstance(each, Hit):
            hits.append(each)
            continue
        one = replace(each, id=number)
        verdict = judge_at_once(one, now())
        if Evidence.MANY_VALUES in verdict.evidence:
            put(verdict.signal, swept(one, now()))
        votes.append(replace(one, state=move(None, verdict.signal)))
    for one in [each for each in votes if each.state is VoteState.PROVISIONAL]:
        put(judge_settled(one, now()).signal, [one])
    return votes


def confirmed(votes: Sequence[LinkVote]) -> list[int]:
    return [each.value for each in votes if each.state is VoteState.CONFIRMED]


offsets = st.integers(0, 60 * SECOND)
agents = st.sampled_from((MAIL, PHONE))
many_values = st.lists(st.integers(1, 5), min_size=3, max_size=12).filter(lambda values: len(set(values)) >= 3)


@given(many_values, st.data(), st.sampled_from((None, AT - MINUTE, AT, AT + SECOND)))
def test_a_storm_of_links_that_runs_scripts_leaves_nothing(
    values: list[int], data: st.DataObject, accepted_at: Instant | None
) -> None:
    """A browser opens each link and runs its script, in any order and from any mixture of programs, within a window."""
    around: list[Hit | LinkVote] = []
    for value in values:
        at, agent = AT + data.draw(offsets), data.draw(agents)
        around.append(Hit(value, at, agent))
        around.append(LinkVote(0, value, at + data.draw(st.integers(0, 2 * SECOND)), AUTO, agent))
    assert confirmed(played(around, accepted_at)) == []


@given(many_values, st.data(), st.sampled_from(tuple(LinkKind)))
def test_a_storm_of_buttons_leaves_nothing(values: list[int], data: st.DataObject, kind: LinkKind) -> None:
    """Three values posted within one window fall, however they were posted and whatever counted before them."""
    agent = data.draw(agents)
    around = [LinkVote(0, value, AT + data.draw(offsets), kind, agent) for value in values]
    assert confirmed(played(around)) == []


@given(many_values, st.data())
def test_a_storm_of_buttons_under_ever_new_names_leaves_nothing(values: list[int], data: st.DataObject) -> None:
    around = [
        LinkVote(0, value, AT + data.draw(offsets), BUTTON, Visit(f"Mozilla/5.0 {number}"))
        for number, value in enumerate(values)
    ]
    assert confirmed(played(around)) == []


@given(st.integers(1, 5), st.sampled_from((GESTURE, BUTTON, COMMENT)), st.data())
def test_a_touch_without_a_storm_always_counts_in_the_end(value: int, kind: LinkKind, data: st.DataObject) -> None:
    """However early, whatever other programs open around it: whoever touches one page is a person."""
    accepted_at = data.draw(st.one_of(st.none(), st.integers(AT - HOUR, AT + HOUR)))
    opened = st.builds(
        Hit, st.sampled_from((None, TRAP, 1, 2, 3, 4, 5)), st.integers(AT - HOUR, AT + HOUR), st.just(PHONE)
    )
    own: list[Hit | LinkVote] = [Hit(value, AT - data.draw(offsets), MAIL), vote(value, kind=kind)]
    votes = played([*own, *data.draw(st.lists(opened, max_size=12))], accepted_at)
    assert confirmed(votes) == [value]


@given(many_values, st.integers(1, 5), st.data())
def test_a_person_after_a_storm_always_wins(values: list[int], value: int, data: st.DataObject) -> None:
    """Once the window is over, what the storm left behind does not touch the person's vote."""
    storm: list[Hit | LinkVote] = []
    for each in values:
        at = AT + data.draw(offsets)
        storm += [Hit(each, at, MAIL), LinkVote(0, each, at, data.draw(st.sampled_from((AUTO, BUTTON))), MAIL)]
    later = max(each.at for each in storm) + TIMINGS.sibling_window + 1 + data.draw(st.integers(0, HOUR))
    person: list[Hit | LinkVote] = [Hit(value, later, MAIL), LinkVote(0, value, later, BUTTON, MAIL)]
    assert confirmed(played([*storm, *person])) == [value]


@given(many_values, st.integers(1, 5), st.sampled_from((GESTURE, BUTTON, COMMENT)), st.data())
def test_a_person_in_the_middle_of_a_storm_wins(
    values: list[int], value: int, kind: LinkKind, data: st.DataObject
) -> None:
    """A gateway goes through the links while the customer, with a program of their own, is at the page already."""
    around: list[Hit | LinkVote] = []
    for each in values:
        at = AT + data.draw(offsets)
        around += [Hit(each, at, PHONE), LinkVote(0, each, at, data.draw(st.sampled_from((AUTO, BUTTON))), PHONE)]
    at = AT + data.draw(offsets)
    around += [Hit(value, at, MAIL), LinkVote(0, value, at, kind, MAIL)]
    assert confirmed(played(around)) == [value]


@given(many_values, st.integers(1, 5), st.data())
def test_a_storm_after_a_person_changes_nothing(values: list[int], value: int, data: st.DataObject) -> None:
    """A gateway that comes back hours later finds an answer, and leaves it."""
    person: list[Hit | LinkVote] = [Hit(value, AT, MAIL), LinkVote(0, value, AT, BUTTON, MAIL)]
    storm: list[Hit | LinkVote] = []
    for each in values:
        at = AT + HOUR + data.draw(offsets)
        storm += [Hit(each, at, PHONE), LinkVote(0, each, at, data.draw(st.sampled_from((AUTO, BUTTON))), PHONE)]
    assert confirmed(played([*person, *storm])) == [value]


@given(st.lists(st.builds(Hit, st.one_of(st.none(), st.integers(0, 5)), st.integers(0, 2 * HOUR), agents), max_size=30))
def test_opening_links_is_never_a_vote(hits: list[Hit]) -> None:
    assert played(hits) == []


@pytest.mark.parametrize("vote_kind", list(LinkKind))
def test_a_hundred_repeats_of_one_value_are_no_storm(vote_kind: LinkKind) -> None:
    repeats = [vote(4, AT + n * SECOND, vote_kind) for n in range(100)]
    assert set(confirmed(played(repeats))) == {4}
