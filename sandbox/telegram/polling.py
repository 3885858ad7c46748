"""getUpdates: long polling, with one consumer per bot.

https://core.telegram.org/bots/api#getupdates
"""

import asyncio
from typing import Any

from .parameters import Parameters, integer_of
from .refusals import conflict
from .state import Bot, World
from .webhooks import read_allowed_updates

MAX_TIMEOUT = 50  # seconds; longer ones are cut to it
MAX_LIMIT = 100

WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"


async def get_updates(world: World, bot: Bot, parameters: Parameters) -> list[dict[str, Any]]:
    """The next updates, at once or when the first comes. A second request cuts the one that waits.

    Raises RefusedError: 409 with a webhook set, or for the older of two pollers.
    """
    if bot.webhook is not None:
        raise conflict(WEBHOOK_ACTIVE)
    read_allowed_updates(bot, parameters)
    limit = min(max(integer_of(parameters, "limit", MAX_LIMIT), 1), MAX_LIMIT)
    patience = min(max(integer_of(parameters, "timeout"), 0), MAX_TIMEOUT)
    bot.cut_poller(OTHER_POLLER)
    me = bot.poller = object()
    world.changes.notify()
    try:
        if offset := integer_of(parameters, "offset"):
            bot.inbox.confirm(offset)
        found = bot.inbox.take(limit)
        try:
            async with asyncio.timeout(patience):
                while patience and not found and bot.poller is me:
                    await bot.inbox.arrivals.next()
                    found = bot.inbox.take(limit)
        except TimeoutError:
            return []
        if bot.poller is not me:
            raise conflict(bot.poller_cut_by)
        return [update.body for update in found]
    finally:
        if bot.poller is me:
            bot.poller = None
