"""What the demo's pages have to show: a year that never happened, and somebody who may look at it."""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass

from bot import clock
from bot.passwords import hash_password
from ratings.rights import Role
from ratings.sample.plan import Plan
from ratings.store.sample import NotEmpty, fill
from ratings.store.store import Store
from ratings.store.users import AddUser, NameTaken, Rights, SetPassword, list_users
from ratings.times import HOUR

ROWS, SEED = 12_000, 1
"""A year in a second: enough for every chart, and no wait worth mentioning."""

OWNER = "demo"


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to sign in to the pages."""

    name: str
    password: str


async def prepare(store: Store, timezone: str) -> SignIn:
    """Fill the store, if it is empty, and let somebody in who may do everything."""
    return await asyncio.to_thread(_prepare, store, timezone)


def _prepare(store: Store, timezone: str) -> SignIn:
    with suppress(NotEmpty):  # a store that stays has something to show
        fill(store.writer, Plan(ROWS, SEED, clock.now() // HOUR * HOUR, zone=timezone), by=OWNER)
    password = secrets.token_urlsafe(9)
    kept = hash_password(password)
    try:
        store.writer.do_now(AddUser(OWNER, Rights(Role.OWNER), kept, OWNER))
    except NameTaken:
        user = next(user for user in store.read_now(list_users) if user.name == OWNER)
        store.writer.do_now(SetPassword(user.id, kept, OWNER))
    return SignIn(OWNER, password)
