"""The usual stack of a tap: aiogram's webhook handler on aiohttp, and an async ORM session a tap. The same rows.

It answers after its commit (`handle_in_background=False`: aiogram's default would answer before), and verifies no token.
"""

import uvloop
from aiogram import Bot, Dispatcher, F, Router
from aiogram.types import CallbackQuery, Update
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from benchmarks.orm import MODELS, ChangeModel, InvitationModel, engine_for
from benchmarks.rows import COUNTED, TABLES, counted_rows, invitation_changes, read_data, tap_rows
from benchmarks.service import HOOK_PATH, HOOK_SECRET, TOKEN
from benchmarks.sides.common import arguments, listening, say, stop_asked

router = Router()


@router.callback_query(F.data.startswith("r1:"))
async def on_tap(query: CallbackQuery, event_update: Update, sessions: async_sessionmaker[AsyncSession]) -> None:
    assert query.data is not None
    number, value = read_data(query.data)
    async with sessions.begin() as session:
        invitation = await session.get_one(InvitationModel, number)
        found = tap_rows(invitation, event_id=str(event_update.update_id), tap=query.id, value=value)
        for table, model, rows in zip(TABLES, MODELS, found, strict=True):
            names = [column.name for column in table.columns]
            session.add_all(model(**dict(zip(names, row, strict=True))) for row in rows)
        session.add_all(
            ChangeModel(**dict(zip(COUNTED, row, strict=True))) for row in counted_rows([(invitation, value)])
        )
        changed = zip(
            ("state", "comment_until", "revision"), invitation_changes(invitation.__dict__["revision"]), strict=True
        )
        for name, new in changed:
            setattr(invitation, name, new)


async def main() -> None:
    engine = engine_for(arguments()["url"])
    dispatcher = Dispatcher(sessions=async_sessionmaker(engine))
    dispatcher.include_router(router)
    application = web.Application()
    handler = SimpleRequestHandler(dispatcher, Bot(TOKEN), handle_in_background=False, secret_token=HOOK_SECRET)
    handler.register(application, path=HOOK_PATH)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listener = listening()
    await web.SockSite(runner, listener).start()
    say({"port": listener.getsockname()[1]})
    await stop_asked()
    await runner.cleanup()
    await engine.dispose()


if __name__ == "__main__":
    uvloop.run(main())
