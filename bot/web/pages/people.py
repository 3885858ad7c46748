"""One's own account, and who may sign in."""

import asyncio
import secrets
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.passwords import WeakPassword, check_password, hash_password, is_password
from bot.web.pages.entrance import NAME_RULE, PASSWORD_RULE
from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.visit import Form, Visit
from ratings.rights import Right, Role, may_appoint, may_give_edit
from ratings.store.audit import fingerprint
from ratings.store.sessions import SignOut, TryPassword, list_sessions
from ratings.store.sign_on import ForgetSubject
from ratings.store.users import (
    AddUser,
    ChangedMeanwhile,
    ChangeUser,
    LastOwner,
    NameTaken,
    Rights,
    SetPassword,
    User,
    find_password,
    find_user,
    list_users,
    read_name,
    standing_of,
)

NO_PASSWORD = mark("You sign in elsewhere and have no password here. Whoever lets people in can make one for you.")
OVERTAKEN = mark("Somebody else changed them meanwhile. This is how it stands; what you chose is not saved.")
ROLES = {
    Role.OWNER: (mark("Owner"), mark("sees and does everything, and lets others in, owners too")),
    Role.ADMIN: (mark("Admin"), mark("sets up surveys, channels and desks, sees everything, lets others in")),
    Role.MANAGER: (mark("Manager"), mark("sees ratings, comments and reports of the forms that you name")),
    Role.AGENT: (mark("Agent"), mark("sees what was said of them, where a survey lets it out")),
}
"""Each role's title, and what somebody in it does."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The form of somebody's rights as it was filled in."""

    name: str = ""
    role: str = Role.MANAGER.value
    forms: str = ""
    agents: str = ""
    may_edit: bool = False
    disabled: bool = False
    problem: str = ""


class People:
    """`/account` and `/settings/users`. `groups_rule`: who signs in elsewhere has the role that their groups there give."""

    def __init__(self, shell: Shell, *, groups_rule: bool = False) -> None:
        self._shell = shell
        self._groups_rule = groups_rule

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [
            page("/account", self.account),
            page("/account/password", post=self.change_password),
            page("/account/sign-out", post=self.sign_out),
            page("/settings/users", self.users, self.add, right=Right.PEOPLE),
            page("/settings/users/{user_id:int}", self.user, self.change, right=Right.PEOPLE),
            page("/settings/users/{user_id:int}/password", post=self.reset_password, right=Right.PEOPLE),
            page("/settings/users/{user_id:int}/forget", post=self.forget, right=Right.PEOPLE),
        ]

    # --- one's own account ---

    async def account(self, visit: Visit) -> Response:
        """Show where one is signed in, and what can be changed."""
        return await self._show_account(visit)

    async def change_password(self, visit: Visit) -> Response:
        """Change one's own password; it wants the old one."""
        form = await visit.form()
        name = visit.viewer.name
        # Whoever stole a session can guess here as well as at the sign-in; they are counted by the session, so that nobody
        # outside keeps its owner from changing their password.
        if await self._shell.store.writer.do(TryPassword(name, visit.session)):
            return await self._show_account(
                visit, 429, visit.say("Too many wrong passwords. Wait a little and try again.")
            )
        found = await self._shell.store.read(find_password, name)
        if found is None:  # a stolen session must not gain one, and who is shut out elsewhere must not keep one here
            return await self._show_account(visit, 422, visit.say(NO_PASSWORD))
        if not await asyncio.to_thread(is_password, found[1], form.get("old", "")):
            return await self._show_account(visit, 422, visit.say("The old password is wrong."))
        try:
            check_password(name, form.get("new", ""))
        except WeakPassword:
            return await self._show_account(visit, 422, visit.say(PASSWORD_RULE))
        kept = await asyncio.to_thread(hash_password, form["new"])
        await self._shell.store.writer.do(SetPassword(visit.viewer.id, kept, visit.by, but=visit.session))
        return visit.redirect("/account", visit.say("Your password is changed; everywhere else you are signed out."))

    async def sign_out(self, visit: Visit) -> Response:
        """End all of one's sessions but this one."""
        ended = await self._shell.store.writer.do(SignOut(visit.viewer.id, but=visit.session))
        said = visit.plural("%(number)s other session is ended.", "%(number)s other sessions are ended.", ended)
        return visit.redirect("/account", said)

    async def _show_account(self, visit: Visit, status: int = 200, problem: str = "") -> Response:
        found = await self._shell.store.read(list_sessions, visit.viewer.id, visit.now)
        kept = await self._shell.store.read(find_password, visit.viewer.name)
        has = kept is not None
        return visit.render(
            "account.html",
            status,
            sessions=found,
            problem=problem,
            roles=ROLES,
            has_password=has,
            no_password=NO_PASSWORD,
        )

    # --- everybody ---

    async def users(self, visit: Visit) -> Response:
        """Show who may sign in, and the form that lets somebody in."""
        return await self._show_users(visit, Typed())

    async def add(self, visit: Visit) -> Response:
        """Let somebody in. They get a password that is shown once."""
        form = await visit.form()
        typed = _typed(form)
        rights = _rights(visit, typed)
        if isinstance(rights, str):
            return await self._show_users(visit, typed, rights, 422)
        password = form.get("password", "") or secrets.token_urlsafe(12)
        try:
            name = read_name(typed.name)
            check_password(name, password)
            kept = await asyncio.to_thread(hash_password, password)
            await self._shell.store.writer.do(AddUser(name, rights, kept, visit.by))
        except NameTaken:
            return await self._show_users(visit, typed, mark("There is somebody of this name already."), 422)
        except WeakPassword:
            return await self._show_users(visit, typed, PASSWORD_RULE, 422)
        except ValueError:
            return await self._show_users(visit, typed, NAME_RULE, 422)
        return visit.render("user_made.html", name=name, password=password, new=True)

    async def user(self, visit: Visit) -> Response:
        """Show one of them."""
        found = await self._find(visit)
        return found if isinstance(found, Response) else self._show_user(visit, found, _typed_of(found))

    async def change(self, visit: Visit) -> Response:
        """Change somebody's rights, or shut them out."""
        found = await self._find(visit)
        if isinstance(found, Response):
            return found
        form = await visit.form()
        if form.get("seen", _seen(found)) != _seen(found):
            return self._show_user(visit, found, _typed_of(found), OVERTAKEN, 409)
        typed = _typed(form)
        rights = _rights(visit, typed, edited=found.may_edit)
        if isinstance(rights, str):
            return self._show_user(visit, found, typed, rights, 422)
        try:
            await self._shell.store.writer.do(ChangeUser(found.id, rights, typed.disabled, visit.by, found))
        except ChangedMeanwhile:  # between our look at them and the change of them
            return visit.redirect(f"/settings/users/{found.id}", visit.say(OVERTAKEN))
        except LastOwner:
            problem = mark("They are the last owner: make somebody else one first.")
            return self._show_user(visit, found, typed, problem, 422)
        return visit.redirect("/settings/users", visit.say("%(name)s is changed.", name=found.name))

    async def reset_password(self, visit: Visit) -> Response:
        """Give somebody a new password, shown once; they are signed out everywhere."""
        found = await self._find(visit)
        if isinstance(found, Response):
            return found
        password = secrets.token_urlsafe(12)
        kept = await asyncio.to_thread(hash_password, password)
        await self._shell.store.writer.do(SetPassword(found.id, kept, visit.by))
        return visit.render("user_made.html", name=found.name, password=password, new=False)

    async def forget(self, visit: Visit) -> Response:
        """Forget at which account of the other service somebody signs in."""
        found = await self._find(visit)
        if isinstance(found, Response):
            return found
        await self._shell.store.writer.do(ForgetSubject(found.id, visit.by))
        return visit.redirect(f"/settings/users/{found.id}", visit.say("%(name)s is changed.", name=found.name))

    async def _find(self, visit: Visit) -> User | Response:
        found = await self._shell.store.read(find_user, visit.request.path_params["user_id"])
        if found is None:
            return refuse(visit, 404, mark("There is nobody like that"))
        if not may_appoint(visit.viewer, found.role):
            return refuse(visit, 403, mark("This page is not for you"), mark("Only an owner changes owners."))
        return found

    async def _show_users(self, visit: Visit, typed: Typed, problem: str = "", status: int = 200) -> Response:
        found = await self._shell.store.read(list_users)
        return visit.render(
            "users.html", status, users=found, typed=typed, problem=problem, roles=_roles(visit), titles=ROLES
        )

    def _show_user(self, visit: Visit, user: User, typed: Typed, problem: str = "", status: int = 200) -> Response:
        return visit.render(
            "user.html",
            status,
            user=user,
            typed=typed,
            problem=problem,
            roles=_roles(visit),
            ruled=self._groups_rule and user.elsewhere and user.role is not Role.OWNER,
            seen=_seen(user),
        )


def _roles(visit: Visit) -> list[tuple[str, str, str]]:
    """Return the roles that they may give: value, title, what it is."""
    return [(role.value, *words) for role, words in ROLES.items() if may_appoint(visit.viewer, role)]


def _typed(form: Form) -> Typed:
    return Typed(
        name=form.get("name", ""),
        role=form.get("role", ""),
        forms=form.get("forms", ""),
        agents=form.get("agents", ""),
        may_edit=form.get("may_edit") == "on",
        disabled=form.get("disabled") == "on",
    )


def _typed_of(user: User) -> Typed:
    return Typed(
        name=user.name,
        role=user.role.value,
        forms="" if user.forms is None else "\n".join(user.forms),
        agents="\n".join(user.agents),
        may_edit=user.may_edit,
        disabled=user.disabled_at is not None,
    )


def _seen(user: User) -> str:
    """Return what a form keeps of whom it shows: by it, it is known whether they were changed meanwhile."""
    return fingerprint(repr(standing_of(user)))


def _rights(visit: Visit, typed: Typed, *, edited: bool = False) -> Rights | str:
    """Return the rights that a form gives; else what is wrong with it. `edited`: they may correct ratings until now."""
    try:
        role = Role(typed.role)
    except ValueError:
        return mark("Choose a role.")
    if not may_appoint(visit.viewer, role):
        return mark("Only an owner makes owners.")
    forms, agents = _lines(typed.forms), _lines(typed.agents)
    if role is Role.AGENT and not agents:
        return mark("Name the agent's id at the desk: otherwise there is nothing for them to see.")
    may_edit = typed.may_edit if may_give_edit(visit.viewer) else edited
    return Rights(role, forms or None, agents, may_edit)


def _lines(text: str) -> tuple[str, ...]:
    """Return the ids in a text, one on each line."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
