"""Which survey a ticket belongs to: the most specific one that is on, whatever the order they are told in."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.choosing import choose_survey, covers
from ratings.survey import Survey
from ratings.ticket import Address, Party, Ticket

EVERY = Survey("every", "Every form")
SALES = Survey("sales", "Sales", forms=("sales", "shop"), position=9)
TELEGRAM = (Address("telegram.support", "42"), Address("vk.shop", "9"))


def ticket_of(form: str | None = None, **more: Any) -> Ticket:
    return Ticket(id="T", closed_at=0, form=None if form is None else Party(form), **more)


@pytest.mark.parametrize(
    ("bindings", "ticket", "expected"),
    [
        ({}, ticket_of(), True),
        ({"desks": ("api",)}, ticket_of(), True),
        ({"desks": ("crm", "api")}, ticket_of(), True),
        ({"desks": ("crm",)}, ticket_of(), False),
        ({"forms": ("5",)}, ticket_of("5"), True),
        ({"forms": ("5",)}, ticket_of("55"), False),
        ({"forms": ("5",)}, ticket_of(), False),
        ({"forms": ("Sales",)}, Ticket(id="T", closed_at=0, form=Party("5", "Sales")), False),
        ({"groups": ("first",)}, ticket_of(group=Party("first")), True),
        ({"groups": ("first",)}, ticket_of(group=Party("second", "first")), False),
        ({"groups": ("first",)}, ticket_of(), False),
        ({"channels": ("telegram",)}, ticket_of(addresses=TELEGRAM), True),
        ({"channels": ("telegram.support",)}, ticket_of(addresses=TELEGRAM), True),
        ({"channels": ("telegram.sales",)}, ticket_of(addresses=TELEGRAM), False),
        ({"channels": ("tele",)}, ticket_of(addresses=TELEGRAM), False),
        ({"channels": ("vk", "vk.shop")}, ticket_of(addresses=TELEGRAM), False),
        ({"channels": ("telegram",)}, ticket_of(), False),
        ({"forms": ("5",), "channels": ("telegram",)}, ticket_of("5", addresses=TELEGRAM), True),
        ({"forms": ("5",), "channels": ("vk",)}, ticket_of("5", addresses=TELEGRAM), False),
        ({"forms": ("5",), "desks": ("crm",)}, ticket_of("5"), False),
    ],
)
def test_a_survey_covers_what_fits_every_one_of_its_bindings(
    bindings: dict[str, Any], ticket: Ticket, expected: bool
) -> None:
    assert covers(replace(EVERY, **bindings), ticket) is expected


@pytest.mark.parametrize(
    ("surveys", "form", "chosen"),
    [
        ([], "sales", None),
        ([SALES], "other", None),
        ([SALES], None, None),
        ([EVERY, SALES], "shop", "sales"),
        ([EVERY, SALES], "other", "every"),
        ([EVERY, SALES], None, "every"),
        ([EVERY, replace(SALES, enabled=False)], "sales", "every"),
        ([replace(SALES, enabled=False)], "sales", "sales"),
        ([replace(EVERY, enabled=False), replace(SALES, enabled=False)], "sales", "sales"),
        ([replace(EVERY, id="b"), replace(EVERY, id="a")], None, "a"),
        ([replace(EVERY, id="a", position=2), replace(EVERY, id="b", position=1)], None, "b"),
        ([SALES, replace(EVERY, id="both", forms=("sales",), desks=("api",), position=99)], "sales", "both"),
        ([SALES, replace(EVERY, id="elsewhere", forms=("sales",), desks=("crm",))], "sales", "sales"),
        ([SALES, replace(EVERY, id="desk", desks=("api",), position=1)], "sales", "desk"),
    ],
)
def test_the_most_specific_survey_that_is_on_is_chosen(
    surveys: list[Survey], form: str | None, chosen: str | None
) -> None:
    found = choose_survey(surveys, ticket_of(form))
    assert (None if found is None else found.id) == chosen
    assert choose_survey(reversed(surveys), ticket_of(form)) == found


def test_a_survey_tells_what_it_is_bound_to() -> None:
    assert EVERY.bound == ()
    assert replace(EVERY, channels=("vk",), desks=("api",), groups=("g",), forms=("f",)).bound == (
        "desks", "forms", "groups", "channels",
    )  # fmt: skip


NAMES = st.lists(st.sampled_from("ab"), unique=True, max_size=2).map(tuple)
SURVEYS = st.lists(
    st.builds(
        Survey,
        id=st.sampled_from("abcdef"),
        name=st.just("n"),
        enabled=st.booleans(),
        desks=st.sampled_from([(), ("api",), ("crm",)]),
        forms=NAMES,
        groups=NAMES,
        channels=st.sampled_from([(), ("telegram",), ("vk.shop",)]),
        position=st.integers(0, 2),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)
TICKETS = st.builds(
    Ticket,
    id=st.just("T"),
    closed_at=st.just(0),
    form=st.none() | st.sampled_from("ab").map(Party),
    group=st.none() | st.sampled_from("ab").map(Party),
    addresses=st.sampled_from([(), TELEGRAM, TELEGRAM[::-1]]),
)


@given(SURVEYS, TICKETS, st.randoms(use_true_random=False))
def test_nothing_more_specific_is_ever_passed_over(surveys: list[Survey], ticket: Ticket, chance: Any) -> None:
    chosen = choose_survey(surveys, ticket)
    shuffled = list(surveys)
    chance.shuffle(shuffled)
    assert choose_survey(shuffled, ticket) == chosen
    covering = [one for one in surveys if covers(one, ticket)]
    if chosen is None:
        assert not covering
        return
    assert covers(chosen, ticket)
    rivals = [one for one in covering if one.enabled] or covering
    assert chosen in rivals
    assert all((-len(chosen.bound), chosen.position) <= (-len(one.bound), one.position) for one in rivals)
