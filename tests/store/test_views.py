"""Saved views and what somebody prefers: one's own, shared ones, and who may change them."""

import json

import pytest

from ratings.errors import InvalidInput
from ratings.rights import Role
from ratings.store.people_tables import audit, users
from ratings.store.users import AddUser, Rights
from ratings.store.views import ChangeView, DeleteView, Prefer, SaveView, View, list_views
from tests.store.world import World

PAGE = "/ratings"


@pytest.fixture
def people(world: World) -> tuple[int, int]:
    """Ann and Bob."""
    ann, bob = (world.store.writer.do_now(AddUser(name, Rights(Role.MANAGER), None, "test")) for name in ("ann", "bob"))
    return ann, bob


def save(world: World, user: int, name: str, query: str = "value_max=2", *, shared: bool = False) -> View:
    return world.store.writer.do_now(SaveView(user, PAGE, name, query, shared, "user:ann"))


def names(world: World, user: int, page: str = PAGE) -> list[tuple[str, str]]:
    return [(view.owner, view.name) for view in world.store.read_now(list_views, user, page)]


def audited(world: World) -> list[tuple[str, str, object]]:
    rows = world.rows(audit, kind="view")
    return [(row["what"], row["object"], json.loads(row["after"] or "null")) for row in rows]


def test_views_are_ones_own_until_they_are_shared(world: World, people: tuple[int, int]) -> None:
    ann, bob = people
    save(world, ann, "  Bad  ones ")
    save(world, ann, "A calm week", shared=True)
    save(world, bob, "Mine")
    assert names(world, ann) == [("ann", "A calm week"), ("ann", "Bad ones")]
    assert names(world, bob) == [("bob", "Mine"), ("ann", "A calm week")]
    assert names(world, ann, "/agents") == []


def test_the_same_name_replaces_and_only_what_is_shared_is_audited(world: World, people: tuple[int, int]) -> None:
    ann, _ = people
    first = save(world, ann, "Bad ones")
    assert audited(world) == []
    second = save(world, ann, "Bad ones", "value=1", shared=True)
    assert (first.id, second.query, second.shared) == (second.id, "value=1", True)
    changed = world.store.writer.do_now(ChangeView(ann, first.id, "Worst ones", False, "user:ann"))
    assert changed is not None
    assert (changed.name, changed.shared) == ("Worst ones", False)
    assert world.store.writer.do_now(DeleteView(ann, first.id, "user:ann"))
    shown = {"page": PAGE, "query": "value=1"}
    assert audited(world) == [
        ("changed", "Bad ones", {**shown, "name": "Bad ones", "shared": True}),
        ("changed", "Worst ones", {**shown, "name": "Worst ones", "shared": False}),
    ]


def test_nobody_changes_anothers_view(world: World, people: tuple[int, int]) -> None:
    ann, bob = people
    view = save(world, ann, "Bad ones", shared=True)
    assert world.store.writer.do_now(ChangeView(bob, view.id, "Mine", True, "user:bob")) is None
    assert not world.store.writer.do_now(DeleteView(bob, view.id, "user:bob"))
    assert names(world, bob) == [("ann", "Bad ones")]


@pytest.mark.parametrize(
    ("name", "query"), [("", "a=1"), ("x" * 101, "a=1"), ("two\x00lines", "a=1"), ("ok", "a=\n"), ("ok", "a" * 4_001)]
)
def test_what_cannot_be_kept_is_refused(world: World, people: tuple[int, int], name: str, query: str) -> None:
    with pytest.raises(InvalidInput):
        save(world, people[0], name, query)
    save(world, people[0], "One")
    other = save(world, people[0], "Other")
    with pytest.raises(InvalidInput):
        world.store.writer.do_now(ChangeView(people[0], other.id, "One", False, "user:ann"))


def test_what_somebody_prefers_is_kept_beside_the_rest(world: World, people: tuple[int, int]) -> None:
    ann, bob = people
    do = world.store.writer.do_now
    assert do(Prefer(ann, "columns", ["value", "comment"]))
    assert do(Prefer(ann, "hints", {"first": True}))
    assert do(Prefer(ann, "columns", ["value"]))
    assert json.loads(world.rows(users, id=ann)[0]["preferences"]) == {"hints": {"first": True}, "columns": ["value"]}
    assert do(Prefer(ann, "columns", None))
    assert json.loads(world.rows(users, id=ann)[0]["preferences"]) == {"hints": {"first": True}}
    assert json.loads(world.rows(users, id=bob)[0]["preferences"]) == {}
    assert not do(Prefer(10_000, "columns", None))
    with pytest.raises(InvalidInput):
        do(Prefer(ann, "columns", ["x" * 5_000]))
