"""Loops that send prompts with the same concurrency as the service: bare aiogram, aiogram with an ORM commit, aiohttp, ours.

Each sends all, says how many seconds that took, and ends.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import uvloop
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from benchmarks.orm import AttemptModel, EventModel, InvitationModel, JobModel, engine_for
from benchmarks.plan import CONNECTIONS
from benchmarks.rows import new_id
from benchmarks.service import SECRET, TOKEN
from benchmarks.sides.common import arguments, say
from net.http import HttpClient, raise_for_status
from ratings.times import DAY
from ratings.tokens import Tokens

TEXT = "Здравствуйте! Ваше обращение закрыто. Оцените, пожалуйста, как мы помогли."
SYMBOLS = ("😡", "🙁", "😐", "🙂", "😍")
Asked = tuple[int, str]
SendOne = Callable[[Asked], Awaitable[None]]
_tokens = Tokens([SECRET.encode()])


def keyboard(number: int) -> InlineKeyboardMarkup:
    token = _tokens.issue(number)
    row = [
        InlineKeyboardButton(text=symbol, callback_data=f"r1:{token}:{value}")
        for value, symbol in enumerate(SYMBOLS, start=1)
    ]
    return InlineKeyboardMarkup(inline_keyboard=[row])


def form_of(number: int, address: str) -> bytes:
    """Return the bytes that aiogram posts."""
    markup = keyboard(number).model_dump_json(exclude_none=True)
    return urlencode({"chat_id": address, "text": TEXT, "reply_markup": markup}).encode()


async def send_all(asked: list[Asked], send: SendOne) -> float:
    """Send with as many in flight as the service has; return the seconds."""
    upcoming = iter(asked)

    async def worker() -> None:
        for one in upcoming:
            await send(one)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(worker())
    return time.perf_counter() - started


def make_bot(api_url: str) -> Bot:
    return Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(api_url)))


async def by_aiogram(asked: list[Asked], given: dict[str, Any]) -> float:
    bot = make_bot(given["api_url"])

    async def send(one: Asked) -> None:
        await bot.send_message(int(one[1]), TEXT, reply_markup=keyboard(one[0]))

    try:
        return await send_all(asked, send)
    finally:
        await bot.session.close()


async def by_aiogram_and_orm(asked: list[Asked], given: dict[str, Any]) -> float:
    """The usual worker: send, then one commit of what came of it; the same rows as ours."""
    bot = make_bot(given["api_url"])
    engine = engine_for(given["url"])
    sessions = async_sessionmaker(engine)

    async def send(one: Asked) -> None:
        message = await bot.send_message(int(one[1]), TEXT, reply_markup=keyboard(one[0]))
        async with sessions.begin() as session:
            await _record(session, one[0], message)

    try:
        return await send_all(asked, send)
    finally:
        await bot.session.close()
        await engine.dispose()


async def _record(session: AsyncSession, number: int, message: Message) -> None:
    at = time.time_ns() // 1_000_000
    invitation: Any = await session.get_one(InvitationModel, number)
    due = select(JobModel).filter_by(invitation_id=number, kind="prompt")
    job: Any = (await session.execute(due)).scalar_one()
    job.state, job.finished_at, job.attempts = "done", at, 1
    invitation.state, invitation.asked_at, invitation.delivery = "asked", at, "accepted"
    invitation.external_id, invitation.revision = str(message.message_id), 1
    session.add(AttemptModel(id=new_id(), job_id=job.id, started_at=at, finished_at=at, result="done"))
    session.add(EventModel(id=new_id(), type="invitation.asked", at=at, invitation_id=number))
    lapse = {"kind": "lapse", "revision": 0, "account": "", "address": invitation.address, "priority": 1}
    later = {"state": "due", "due_at": at + 7 * DAY, "attempts": 0, "created_at": at, "text": ""}
    session.add(JobModel(id=new_id(), invitation_id=number, **lapse, **later))


async def by_aiohttp(asked: list[Asked], given: dict[str, Any]) -> float:
    url = f"{given['api_url']}/bot{TOKEN}/sendMessage"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    forms = {number: form_of(number, address) for number, address in asked}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(one: Asked) -> None:
            async with session.post(url, data=forms[one[0]], headers=headers) as response:
                body = await response.read()
                assert response.status == 200
                assert body

        return await send_all(asked, send)


async def by_http_client(asked: list[Asked], given: dict[str, Any]) -> float:
    url = f"{given['api_url']}/bot{TOKEN}/sendMessage"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    forms = {number: form_of(number, address) for number, address in asked}
    async with HttpClient() as client:

        async def send(one: Asked) -> None:
            raise_for_status(await client.request("POST", url, data=forms[one[0]], headers=headers))

        return await send_all(asked, send)


HOW = {
    "aiogram": by_aiogram,
    "aiogram_orm": by_aiogram_and_orm,
    "aiohttp": by_aiohttp,
    "http_client": by_http_client,
}


def main() -> None:
    given = arguments()
    everybody: list[Asked] = [(number, address) for number, address in json.loads(Path(given["asked"]).read_text())]
    asked = list(itertools.islice(everybody, given["count"]))
    say({"seconds": uvloop.run(HOW[given["how"]](asked, given))})


if __name__ == "__main__":
    main()
