"""Signing in and out, and the one-time link that makes the first owner."""

import asyncio
import secrets
from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.passwords import WeakPassword, check_password, hash_password, is_password
from bot.web.pages.browsers import known_browser, remember_browser
from bot.web.pages.shell import LANGUAGE_COOKIE, Shell, refuse
from bot.web.pages.speech import LANGUAGES, mark
from bot.web.pages.visit import Visit
from ratings.rights import Role
from ratings.store.sessions import SESSION_LIFE, SignIn, SignOut, TryPassword
from ratings.store.users import (
    AddUser,
    Rights,
    SetLanguage,
    any_user,
    find_password,
    hash_secret,
    read_name,
    setup_link_lives,
)
from ratings.times import SECOND

MAX_AGENT = 200
MAX_NEXT = 2_000
AT_ONCE = 16
"""Passwords that are looked at or wait for it: each takes 64 MiB and a tenth of a second, one after another."""

NAME_RULE = mark("A name is 1 to 100 characters on one line.")
PASSWORD_RULE = mark("A password is at least 10 characters long, and not the name itself.")


class Entrance:
    """`/login`, `/logout`, `/setup/{secret}` and `/language`."""

    def __init__(self, shell: Shell, other_ways: Sequence[tuple[str, str]] = ()) -> None:
        self._shell = shell
        self._other_ways = other_ways
        """Further ways to sign in: (address, title)."""
        self._trying = 0

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [
            page("/login", self.login, self.try_login, open_to_all=True),
            page("/logout", post=self.logout),
            page("/setup/{secret}", self.setup, self.set_up, open_to_all=True),
            page("/language", post=self.language, open_to_all=True),
        ]

    async def login(self, visit: Visit) -> Response:
        """Show the form."""
        if visit.somebody is not None:
            return visit.redirect(next_page(visit.query.get("next", "")))
        return await self._show_login(visit, 200)

    async def try_login(self, visit: Visit) -> Response:
        """Sign somebody in."""
        if self._trying >= AT_ONCE:
            response = refuse(
                visit, 503, mark("The service is busy"), mark("Many sign in at the moment. Try again in a moment.")
            )
            response.headers["retry-after"] = "2"
            return response
        self._trying += 1
        try:
            return await self._try_password(visit)
        finally:
            self._trying -= 1

    async def _try_password(self, visit: Visit) -> Response:
        form = await visit.form()
        typed, password = form.get("username", ""), form.get("password", "")
        store = self._shell.store
        try:
            name = read_name(typed)
        except ValueError:
            return await self._show_login(visit, 401, typed, mark("The name or the password is wrong."))
        browser = known_browser(self._shell, visit.request, name)
        wait = await store.writer.do(TryPassword(name, browser))
        if wait:
            seconds = -(-wait // SECOND)
            response = await self._show_login(visit, 429, typed, wait=seconds)
            response.headers["retry-after"] = str(seconds)
            return response
        found = await store.read(find_password, name)
        kept = found[1] if found else None
        right = await asyncio.to_thread(is_password, kept, password)
        if not right or found is None:
            return await self._show_login(visit, 401, typed, mark("The name or the password is wrong."))
        return await admit(visit, found[0], name, next_page(form.get("next", "")), browser=browser)

    async def logout(self, visit: Visit) -> Response:
        """End this session."""
        await self._shell.store.writer.do(SignOut(visit.viewer.id, visit.session))
        response = visit.redirect("/login", visit.say("You have signed out."))
        response.delete_cookie(self._shell.cookie, path=visit.url("/"), httponly=True, secure=self._shell.secure)
        return response

    async def language(self, visit: Visit) -> Response:
        """Speak another language from now on."""
        form = await visit.form()
        wanted = form.get("language", "")
        response = visit.redirect(next_page(form.get("next", "")))
        if wanted not in LANGUAGES:
            return response
        if visit.somebody is not None:
            await self._shell.store.writer.do(SetLanguage(visit.viewer.id, wanted))
        response.set_cookie(
            LANGUAGE_COOKIE,
            wanted,
            max_age=SESSION_LIFE // SECOND,
            path=visit.url("/"),
            secure=self._shell.secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def setup(self, visit: Visit) -> Response:
        """Show the form that makes the first owner."""
        if not await self._lives(visit):
            return visit.render("setup_over.html", 410)
        return visit.render("setup.html", name="", problem="")

    async def set_up(self, visit: Visit) -> Response:
        """Make the first owner, and sign them in."""
        if not await self._lives(visit):
            return visit.render("setup_over.html", 410)
        form = await visit.form()
        typed, password = form.get("username", ""), form.get("password", "")
        try:
            name = read_name(typed)
            check_password(name, password)
        except WeakPassword:
            return visit.render("setup.html", 422, name=typed, problem=PASSWORD_RULE)
        except ValueError:
            return visit.render("setup.html", 422, name=typed, problem=NAME_RULE)
        kept = await asyncio.to_thread(hash_password, password)
        secret = visit.request.path_params["secret"]
        user_id = await self._shell.store.writer.do(
            AddUser(name, Rights(Role.OWNER), kept, "setup", setup_hash=hash_secret(secret))
        )
        if not user_id:
            return visit.render("setup_over.html", 410)
        return await admit(visit, user_id, name, "/", visit.say("Welcome. You are the owner of this installation."))

    async def _lives(self, visit: Visit) -> bool:
        secret = visit.request.path_params["secret"]
        return await self._shell.store.read(setup_link_lives, hash_secret(secret), visit.now)

    async def _show_login(
        self, visit: Visit, status: int, name: str = "", problem: str = "", *, wait: int = 0
    ) -> Response:
        posted = visit.request.method == "POST"
        return visit.render(
            "login.html",
            status,
            name=name,
            problem=problem,
            wait=wait,
            next=next_page((await visit.form()).get("next", "") if posted else visit.query.get("next", "")),
            nobody=not await self._shell.store.read(any_user),
            other_ways=self._other_ways,
        )


async def admit(visit: Visit, user_id: int, name: str, path: str, notice: str = "", *, browser: str = "") -> Response:
    """Begin a session of somebody who proved who they are, and lead them to a page. One that the browser had ends."""
    shell = visit.shell
    secret = secrets.token_urlsafe(32)
    agent = visit.request.headers.get("user-agent", "")[:MAX_AGENT]
    await shell.store.writer.do(SignIn(user_id, name, hash_secret(secret), agent, browser, visit.session))
    response = visit.redirect(path, notice)
    response.set_cookie(
        shell.cookie,
        secret,
        max_age=SESSION_LIFE // SECOND,
        path=visit.url("/") if not shell.cookie.startswith("__Host-") else "/",
        secure=shell.secure,
        httponly=True,
        samesite="lax",
    )
    remember_browser(shell, response, name)
    return response


def next_page(wanted: str) -> str:
    """Return where to go after signing in: a page of ours and nothing else."""
    # A path alone. Browsers read a backslash as a slash, and drop control characters before they look.
    proper = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if proper and wanted.isascii() and wanted.isprintable() and len(wanted) <= MAX_NEXT else "/"
