"""Statements past SQLAlchemy: the same rows, the same errors, whatever is listed."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError

from ratings.store.driver import one_of
from ratings.store.schema import accounts, api_keys, invitations
from ratings.store.store import Store
from tests.store.test_away import Do
from tests.store.world import World

_POSITIONS = select(accounts.c.account, accounts.c.position).where(one_of(accounts.c.account, "names"))
_NUMBERS = select(invitations.c.id, invitations.c.changing, invitations.c.due_at).where(one_of(invitations.c.id, "ids"))
_ODD = ['"', "'", "a, b", "\\", "%s", "?", "Анна 😍", "\n"]


def _do(store: Store, act: Callable[[Any], Any]) -> Any:
    found: list[Any] = []
    store.writer.do_now(Do(lambda unit: found.append(act(unit))))
    return found[0]


def _found(store: Store, names: list[str]) -> list[str]:
    return [row.position for row in _do(store, lambda unit: unit.fetch(_POSITIONS, {"names": names}))]


def test_any_text_is_found_in_a_list_and_nothing_else(store: Store) -> None:
    rows = [{"account": name, "position": name, "paused_until": 0, "next_send_at": 0} for name in _ODD]
    _do(store, lambda unit: unit.insert(accounts, rows))
    for wanted in ([], _ODD[:1], _ODD, ["nobody"]):
        assert sorted(_found(store, wanted)) == sorted({*wanted} & {*_ODD})


def test_a_row_is_what_sqlalchemy_reads(world: World) -> None:
    number = world.close("T-1").invitation_id
    theirs, ours = _do(
        world.store,
        lambda unit: (unit.rows(_NUMBERS, {"ids": [number]}), unit.fetch(_NUMBERS, {"ids": [number, 2**63 - 1]})),
    )
    assert [tuple(row) for row in theirs] == ours
    assert ours[0].changing is False


@pytest.mark.parametrize("many", [1, 7, 8, 31, 32, 33, 8 * 11 + 3])
def test_however_many_rows_are_written_all_are_there_once(store: Store, many: int) -> None:
    def account(number: int, position: str | None) -> dict[str, Any]:
        return {"account": f"{number:03}", "position": position, "paused_until": number, "next_send_at": -number}

    def stored() -> list[dict[str, Any]]:
        found = _do(store, lambda unit: unit.rows(select(accounts).order_by(accounts.c.account)))
        return [{name: row._mapping[name] for name in account(0, None)} for row in found]

    first = [account(number, _ODD[number % len(_ODD)] if number % 5 else None) for number in range(many)]
    _do(store, lambda unit: unit.insert(accounts, first))
    assert stored() == first
    # Half of them exist.
    others = [account(number, "new") for number in range(many // 2, many + many // 2)]
    _do(store, lambda unit: unit.insert_missing(accounts, others))
    assert stored() == first + others[many - many // 2 :]
    _do(store, lambda unit: unit.upsert(accounts, others))
    assert stored() == first[: many // 2] + others


@pytest.mark.parametrize("many", [1, 40])
def test_an_error_of_the_driver_is_sqlalchemys(store: Store, many: int) -> None:
    row = {"name": "a", "scope": "read", "hash": "", "created_at": 0, "revoked_at": None}
    rows = [row | {"id": str(number)} for number in range(many)]
    caught: list[DBAPIError] = []

    def twice(unit: Any) -> None:
        try:
            unit.insert(api_keys, [*rows, rows[0]])
        except DBAPIError as error:
            caught.append(error)
            raise

    with pytest.raises(IntegrityError):
        store.writer.do_now(Do(twice))
    assert all(isinstance(error, IntegrityError) and error.orig is not None for error in caught)
    assert _do(store, lambda unit: unit.rows(select(api_keys.c.id))) == []
