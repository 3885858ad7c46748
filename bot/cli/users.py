"""`user`: who may sign in to the pages."""

import sys
from typing import Annotated

import typer

from bot.cli.common import ConfigOption, JsonOption, opened_store, print_json, print_table
from bot.cli.failures import CommandError
from bot.passwords import MAX_LENGTH, WeakPassword, check_password, hash_password
from ratings.rights import Role
from ratings.store.users import AddUser, NameTaken, Rights, SetPassword, list_users, read_name
from ratings.times import format_instant

app = typer.Typer(help="Who may sign in.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The name they sign in with; a mail address will do.")
]
RoleOption = Annotated[Role, typer.Option(help="What they are here for.")]
FormOption = Annotated[list[str] | None, typer.Option("--form", help="A form that they may see; repeat it. None: all.")]
AgentOption = Annotated[list[str] | None, typer.Option("--agent", help="Their id at a desk, for the role agent.")]
EditOption = Annotated[bool, typer.Option("--may-edit", help="They may correct ratings, with a reason.")]
PasswordOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, its first line.")
]


@app.command()
def add(
    name: NameArgument,
    role: RoleOption,
    form: FormOption = None,
    agent: AgentOption = None,
    may_edit: EditOption = False,
    password_stdin: PasswordOption = False,
    config: ConfigOption = None,
) -> None:
    """Let somebody in."""
    known, password = _read(name, password_stdin=password_stdin)
    if role is Role.AGENT and not agent:
        raise CommandError("--agent: name the agent's id at the desk; otherwise there is nothing for them to see")
    rights = Rights(role, tuple(form) if form else None, tuple(agent or ()), may_edit)
    with opened_store(config) as (_, store):
        try:
            store.writer.do_now(AddUser(known, rights, hash_password(password), "cli"))
        except NameTaken:
            raise CommandError(f"NAME: there is somebody called {known!r} already") from None
    typer.echo(f"{known} may sign in as {role.value}.")


@app.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List everybody, those who were shut out, too."""
    with opened_store(config) as (_, store):
        found = store.read_now(list_users)
    rows = [
        {
            "name": user.name,
            "role": user.role.value,
            "forms": None if user.forms is None else list(user.forms),
            "agents": list(user.agents),
            "may_edit": user.may_edit,
            "created_at": format_instant(user.created_at),
            "disabled_at": None if user.disabled_at is None else format_instant(user.disabled_at),
        }
        for user in found
    ]
    if as_json:
        print_json(rows)
        return
    columns = ["name", "role", "forms", "agents", "may_edit", "created_at", "disabled_at"]
    print_table("", columns, [[_cell(value) for value in row.values()] for row in rows])


@app.command()
def passwd(name: NameArgument, password_stdin: PasswordOption = False, config: ConfigOption = None) -> None:
    """Give somebody another password; they are signed out everywhere."""
    known, password = _read(name, password_stdin=password_stdin)
    with opened_store(config) as (_, store):
        user = next((user for user in store.read_now(list_users) if user.name == known), None)
        if user is None:
            raise CommandError(f"NAME: there is nobody called {known!r}; `tapfive user list` shows everybody")
        store.writer.do_now(SetPassword(user.id, hash_password(password), "cli"))
    typer.echo(f"{known} has another password, and is signed out everywhere.")


def _read(name: str, *, password_stdin: bool) -> tuple[str, str]:
    """Return the name as it is kept, and a password. Raises CommandError."""
    try:
        known = read_name(name)
    except ValueError as error:
        raise CommandError(f"NAME: {error}") from None
    if password_stdin:
        password = sys.stdin.readline(MAX_LENGTH + 2).rstrip("\r\n")
    elif sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        raise CommandError("no password: write it to standard input with --password-stdin, or run this on a terminal")
    try:
        check_password(known, password)
    except WeakPassword as error:
        raise CommandError(f"the password: {error}") from None
    return known, password


def _cell(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no", None: ""}.get(value, value) if isinstance(value, bool | None) else value
