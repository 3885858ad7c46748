"""Who may sign in: let in, changed, shut out; and the same by the command line, which is told in the audit log, too."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from ratings.rights import Right, Role, Viewer, may, may_appoint
from ratings.store.people_tables import audit
from ratings.store.store import Store
from ratings.store.users import AddUser, ChangedMeanwhile, ChangeUser, Rights, find_user, list_users
from tests.cli.conftest import write_config
from tests.pages.office import Office


def changes(connection: Connection) -> list[tuple[str, str, str, object, object]]:
    """What the audit log says of users."""
    rows = connection.execute(select(audit).where(audit.c.kind == "user").order_by(audit.c.id))
    return [(row.by, row.what, row.object, row.before, row.after) for row in rows]


@pytest.fixture
def both(make_store: Callable[[str], Store], store_url: str) -> Store:
    return make_store(store_url)


async def test_somebody_is_let_in_with_a_password_that_is_shown_once(office: Office) -> None:
    made = await office.admin.post(
        "/settings/users", name=" Ann@Example.org", role="manager", forms="sales\n sales \nhelp", page="/settings/users"
    )
    assert made.status_code == 200
    password = made.text.partition('id="made">')[2].partition("<")[0]
    fields = {"username": "ann@example.org", "password": password}
    assert (await office.stranger.client.post("/login", data=fields)).status_code == 303
    listed = await office.admin.get("/settings/users")
    assert password not in listed.text
    assert "sales, help" in listed.text
    last = office.parts.store.read_now(changes)[-1]
    assert last[:3] == ("user:admin", "created", "ann@example.org")
    assert json.loads(str(last[4])) == {"role": "manager", "forms": ["sales", "help"], "agents": [], "may_edit": False}
    assert password not in str(office.parts.store.read_now(changes))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": "manager", "role": "admin"}, "already"),
        ({"name": "", "role": "admin"}, "1 to 100 characters"),
        ({"name": "ann", "role": "king"}, "Choose a role"),
        ({"name": "ann", "role": "owner"}, "Only an owner makes owners"),
        ({"name": "ann", "role": "agent"}, "agent&#39;s id"),
        ({"name": "ann", "role": "admin", "password": "short"}, "at least 10 characters"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_lost(local: Office, fields: dict[str, str], problem: str) -> None:
    answered = await local.admin.post("/settings/users", page="/settings/users", forms="kept", **fields)
    assert (answered.status_code, problem in answered.text, ">kept</textarea>" in answered.text) == (422, True, True)
    assert len(local.parts.store.read_now(changes)) == 5


async def test_a_change_of_rights_is_in_force_at_once(office: Office) -> None:
    path = f"/settings/users/{office.ids['manager']}"
    assert (await office.manager.get("/settings/users")).status_code == 403
    changed = await office.admin.post(path, page=path, role="admin", forms="", agents="")
    assert changed.headers["location"] == "/settings/users"
    assert (await office.manager.get("/settings/users")).status_code == 200
    shut_out = await office.admin.post(path, page=path, role="admin", disabled="on")
    assert shut_out.status_code == 303
    assert (await office.manager.get("/settings/users")).status_code == 303
    by, what, name, before, after = office.parts.store.read_now(changes)[-1]
    assert (by, what, name) == ("user:admin", "changed", "manager")
    assert (json.loads(str(before))["shut_out"], json.loads(str(after))["shut_out"]) == (False, True)


async def test_who_is_changed_twice_at_once_is_changed_by_the_first(office: Office) -> None:
    path = f"/settings/users/{office.ids['manager']}"
    shown = (await office.admin.get(path)).text  # an admin begins to change them …
    (seen,) = re.findall(r'name="seen" value="(\w+)"', shown)
    first = await office.owner.post(path, page=path, role="manager", forms="sales", may_edit="on")
    assert first.status_code == 303
    second = await office.admin.post(path, page=path, role="admin", seen=seen)  # … and saves after an owner did
    assert (second.status_code, "Somebody else changed them meanwhile" in second.text) == (409, True)
    assert ">sales</textarea>" in second.text
    (again,) = re.findall(r'name="seen" value="(\w+)"', second.text)
    assert (await office.admin.post(path, page=path, role="manager", forms="help", seen=again)).status_code == 303
    found = office.parts.store.read_now(find_user, office.ids["manager"])
    assert found is not None
    assert (found.role, found.forms, found.may_edit) == (Role.MANAGER, ("help",), True)


async def test_a_right_is_judged_by_who_somebody_is_when_they_are_changed(both: Store) -> None:
    do, read = both.writer.do_now, both.read_now
    number = do(AddUser("ann", Rights(Role.MANAGER), None, "test"))
    was = read(find_user, number)
    do(ChangeUser(number, Rights(Role.OWNER), False, "user:owner"))
    for wanted in (Rights(Role.AGENT, None, ("a",)), Rights(Role.MANAGER)):
        with pytest.raises(ChangedMeanwhile):
            do(ChangeUser(number, wanted, False, "user:admin", was))
    found = read(find_user, number)
    assert found is not None
    assert found.role is Role.OWNER


async def test_only_owners_let_others_correct_ratings(local: Office) -> None:
    own = f"/settings/users/{local.ids['admin']}"
    path = f"/settings/users/{local.ids['manager']}"

    def editors() -> set[str]:
        return {user.name for user in local.parts.store.read_now(list_users) if user.may_edit}

    assert "may_edit" not in (await local.admin.get(own)).text
    assert (await local.admin.post(own, page=own, role="admin", may_edit="on")).status_code == 303
    assert editors() == set()
    assert (await local.owner.post(path, page=path, role="manager", may_edit="on")).status_code == 303
    assert (await local.admin.post(path, page=path, role="manager", forms="sales")).status_code == 303
    assert editors() == {"manager"}, "another change of an admin's takes it from nobody"


async def test_the_last_owner_stays(office: Office) -> None:
    path = f"/settings/users/{office.ids['owner']}"
    for change in ({"role": "admin"}, {"role": "owner", "disabled": "on"}):
        refused = await office.owner.post(path, page=path, **change)
        assert (refused.status_code, "last owner" in refused.text) == (422, True)
    assert (await office.admin.post(path, page="/settings/users", role="agent", agents="a")).status_code == 403


async def test_a_new_password_ends_every_session(office: Office) -> None:
    path = f"/settings/users/{office.ids['manager']}"
    made = await office.admin.post(f"{path}/password", page=path)
    assert "has a new password" in made.text
    assert (await office.manager.get("/account")).status_code == 303
    assert (await office.admin.post("/settings/users/9999", page=path)).status_code == 404


def test_rights_are_decided_in_one_place() -> None:
    rights = {role: {right for right in Right if may(Viewer(1, "x", role), right)} for role in Role}
    assert rights[Role.AGENT] == {Right.OWN_RATINGS}
    assert rights[Role.MANAGER] == {Right.REPORTS, Right.RATINGS}
    assert rights[Role.OWNER] - rights[Role.ADMIN] == {Right.EDIT}
    assert may(Viewer(1, "x", Role.MANAGER, may_edit=True), Right.EDIT)
    assert not may(Viewer(1, "x", Role.AGENT, may_edit=True), Right.EDIT)
    assert not may_appoint(Viewer(1, "x", Role.ADMIN), Role.OWNER)
    assert Viewer(1, "x", Role.ADMIN, forms=("a",)).sight.forms is None
    assert Viewer(1, "x", Role.MANAGER, forms=("a",)).sight.forms == ("a",)


def test_the_command_line_lets_in_lists_and_changes_passwords(tmp_path: Path, sqlite_url: str) -> None:
    from typer.testing import CliRunner  # noqa: PLC0415 - only here

    from bot.cli import app  # noqa: PLC0415 - as above

    config = str(write_config(tmp_path, sqlite_url))

    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        ended = CliRunner().invoke(app, [*arguments, "--config", config], input=typed)
        return ended.exit_code, ended.stdout, ended.stderr

    add = ("user", "add", "Boss", "--role", "owner", "--password-stdin")
    assert run(*add, typed="short\n")[0] == 2
    assert run(*add, typed="long enough for us\n") == (0, "boss may sign in as owner.\n", "")
    code, _, problem = run(*add, typed="long enough for us\n")
    assert (code, problem.count("\n"), "already" in problem) == (2, 1, True)
    assert run("user", "add", "x", "--role", "king", "--password-stdin", typed="long enough for us\n")[0] == 2
    assert run("user", "add", "x", "--role", "agent", "--password-stdin", typed="long enough for us\n")[0] == 2
    assert run("user", "passwd", "boss", "--password-stdin", typed="another long one\n")[0] == 0
    assert run("user", "passwd", "nobody", "--password-stdin", typed="another long one\n")[0] == 2
    listed = json.loads(run("user", "list", "--json")[1])
    assert [(user["name"], user["role"], user["forms"]) for user in listed] == [("boss", "owner", None)]
    assert "boss" in run("user", "list")[1]
