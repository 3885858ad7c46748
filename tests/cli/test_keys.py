import json

from ratings.store.keys import Scope, find_key
from tests.cli.conftest import Tapfive, one_line
from tests.store.world import World


def test_the_key_stands_alone_on_the_last_line_and_works(tapfive: Tapfive, world: World) -> None:
    ended = tapfive("apikey", "create", "helpdesk", "--scope", "admin")
    assert ended.code == 0
    found = world.store.read_now(find_key, ended.lines[-1])
    assert found is not None
    assert (found.name, found.scope) == ("helpdesk", Scope.ADMIN)


def test_a_revoked_key_works_no_more_and_stays_listed(tapfive: Tapfive, world: World) -> None:
    key = tapfive("apikey", "create", "helpdesk", "--scope", "read").lines[-1]
    assert tapfive("apikey", "revoke", "helpdesk").code == 0
    assert world.store.read_now(find_key, key) is None
    listed = json.loads(tapfive("apikey", "list", "--json").out)
    assert [(each["name"], each["revoked_at"] is not None) for each in listed] == [("helpdesk", True)]
    assert key not in tapfive("apikey", "list").out


def test_a_name_is_taken_once(tapfive: Tapfive) -> None:
    assert tapfive("apikey", "create", "helpdesk", "--scope", "read").code == 0
    one_line(tapfive("apikey", "create", "helpdesk", "--scope", "read"), "helpdesk")


def test_a_name_has_to_be_one(tapfive: Tapfive) -> None:
    for name in (" ", "two\nlines", "x" * 101):
        one_line(tapfive("apikey", "create", name, "--scope", "read"), "NAME")


def test_what_is_not_there_cannot_be_revoked(tapfive: Tapfive) -> None:
    one_line(tapfive("apikey", "revoke", "helpdesk"), "no live key")
