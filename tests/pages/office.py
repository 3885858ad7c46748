"""The service with people who may sign in: one of each role, and a browser's worth of HTTP for each."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from bot.assembly import Parts
from ratings.rights import Role
from ratings.store.sessions import SignIn
from ratings.store.users import AddUser, Rights, hash_secret
from tests.conftest import Clock
from tests.store.world import World

HOME = "http://tapfive.test"
PASSWORD = "correct horse battery"
NO_HASH = "$argon2id$none"
"""Of people who never sign in by a password here: hashing one takes longer than most tests."""


class Person:
    """Somebody with a browser of their own, signed in (or not: `name` is empty)."""

    def __init__(self, parts: Parts, name: str = "", secret: str = "") -> None:
        self.name = name
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(parts.application),
            base_url=HOME,
            headers={"accept-language": "en", "accept": "text/html"},
            cookies={"tapfive": secret} if secret else {},
        )

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """Open a page."""
        return await self.client.get(path, **more)

    async def post(self, path: str, *, page: str = "", **fields: Any) -> httpx.Response:
        """Send a form of a page, with the token that the page carries; `page` is where it stands, else the account's."""
        token = csrf_of(await self.client.get(page or "/account"))
        return await self.client.post(path, data={"csrf": token, **fields})

    async def follow(self, response: httpx.Response) -> httpx.Response:
        """Go where a response leads."""
        assert response.status_code == 303, (response.status_code, response.text)
        return await self.client.get(response.headers["location"])


class Office:
    """A started service and its people: `owner`, `admin`, `manager` (of every form), `sales` (a manager of the form "sales"), `agent` (a-1), `stranger` (not signed in)."""

    def __init__(self, parts: Parts, clock: Clock) -> None:
        self.parts = parts
        self.clock = clock
        self.world = World(parts.store, clock)
        self.ids: dict[str, int] = {}
        self.owner = self.person("owner", Rights(Role.OWNER))
        self.admin = self.person("admin", Rights(Role.ADMIN))
        self.manager = self.person("manager", Rights(Role.MANAGER))
        self.sales = self.person("sales", Rights(Role.MANAGER, ("sales",)))
        self.agent = self.person("agent", Rights(Role.AGENT, None, ("a-1",)))
        self.stranger = Person(parts)

    def person(self, name: str, rights: Rights) -> Person:
        """Let somebody in and sign them in."""
        writer = self.parts.store.writer
        self.ids[name] = writer.do_now(AddUser(name, rights, NO_HASH, "test"))
        return Person(self.parts, name, self.session(name))

    def session(self, name: str, secret: str = "") -> str:
        """Begin a session of somebody, and return its secret: the cookie's value."""
        secret = secret or f"secret-of-{name}"
        self.parts.store.writer.do_now(SignIn(self.ids[name], name, hash_secret(secret), "test"))
        return secret

    @property
    def roles(self) -> Mapping[str, Person]:
        """Everybody, by what they are."""
        return {
            each.name or "stranger": each for each in (self.stranger, self.agent, self.manager, self.admin, self.owner)
        }

    async def close(self) -> None:
        """Close the browsers."""
        for person in (*self.roles.values(), self.sales):
            await person.client.aclose()


async def statuses(office: Office, path: str) -> dict[str, int]:
    """Return what each role is answered by a page: a stranger is led to the sign-in."""
    found = {}
    for name, person in office.roles.items():
        response = await person.get(path)
        if response.status_code == 303:
            assert response.headers["location"].startswith("/login"), response.headers["location"]
        found[name] = response.status_code
    return found


def csrf_of(response: httpx.Response) -> str:
    """The token that a page's forms carry."""
    found = re.search(r'name="csrf" value="([^"]*)"', response.text)
    assert found, (response.status_code, response.text)
    return found[1]
