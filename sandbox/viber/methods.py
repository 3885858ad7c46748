"""The methods of the API that this stand-in knows, refusing what Viber refuses.

https://developers.viber.com/docs/api/rest-bot-api/
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .delivery import MANDATORY, OPTIONAL, Delivery
from .messages import read_message
from .sending import post
from .state import HOUR, MAX_UNANSWERED, SESSION, Bot, Chat, Json, Webhook, World
from .statuses import RefusedError, bad_data, missing_data

HOSTNAME = "SN-CHAT-03_"
MAX_ONLINE = 100
ONLINE = {0: "online", 1: "offline", 2: "undisclosed", 3: "tryLater", 4: "unavailable"}
_ALSO_NAMED = (
    "webhook",
    "client_status",
    "action",
)  # accepted in event_types, and nothing that concerns a bot like ours


@dataclass(frozen=True, slots=True)
class Call:
    """What a method gets to work with."""

    world: World
    delivery: Delivery
    bot: Bot
    parameters: Json


async def set_webhook(call: Call) -> Json:
    """Point the callbacks of the bot at a URL, which must answer a first one; an empty URL removes it."""
    url = call.parameters.get("url")
    if url is None:
        raise missing_data("url")
    if not isinstance(url, str):
        raise RefusedError(1)
    if not url:
        call.bot.webhook = None
        return {}
    events = _event_types(call.parameters.get("event_types"))
    flags = [call.parameters.get(name, False) for name in ("send_name", "send_photo")]
    if not all(isinstance(flag, bool) for flag in flags):
        raise bad_data("send_name and send_photo are booleans")
    _check_url(url, local=call.world.local)
    if problem := await call.delivery.probe(call.bot, url):
        raise RefusedError(1, f"message: {problem}")
    call.bot.webhook = Webhook(url, events, *flags)
    return {"event_types": sorted(events)}


async def send_message(call: Call) -> Json:
    """Send a message to one subscriber."""
    if call.bot.webhook is None:
        raise RefusedError(10)
    receiver = call.parameters.get("receiver")
    if receiver is None or receiver == "":
        raise missing_data("receiver")
    if not isinstance(receiver, str):
        raise bad_data("receiver is not valid")
    draft = read_message(call.parameters)
    chat = call.world.receiver(call.bot, receiver)
    _check_receiver(call.world, chat, draft.min_api_version)
    assert chat is not None, "a receiver that passed has a conversation"
    now = call.world.clock()
    chat.unanswered.append(now)
    in_session = now - chat.replied_at < SESSION
    token = call.world.next_token()
    post(call.world, call.delivery, chat, draft, token)
    return {"message_token": token, "billing_status": 1 if in_session else 2}


async def get_account_info(call: Call) -> Json:
    """Who the token belongs to, and where its callbacks go."""
    bot = call.bot
    subscribers = sum(call.world.chat(bot, customer).subscribed for customer in call.world.customers.values())
    return {
        "id": f"pa:{int.from_bytes(hashlib.sha256(bot.token.encode()).digest()[:8])}",
        "name": bot.name,
        "uri": bot.uri,
        "icon": "",
        "country": "UA",
        "webhook": bot.webhook.url if bot.webhook else "",
        "event_types": sorted(bot.webhook.events) if bot.webhook else [],
        "subscribers_count": subscribers,
    }


async def get_user_details(call: Call) -> Json:
    """What is known of a customer who is subscribed."""
    user_id = call.parameters.get("id")
    if not user_id:
        raise missing_data("id")
    chat = call.world.receiver(call.bot, str(user_id))
    _check_receiver(call.world, chat, 1)
    assert chat is not None, "a receiver that passed has a conversation"
    customer = chat.customer
    user = {
        "id": chat.user_id,
        "name": customer.name,
        "avatar": "",
        "country": customer.country,
        "language": customer.language,
        "primary_device_os": "android 14",
        "api_version": customer.api_version,
        "viber_version": customer.viber_version,
        "mcc": 255,
        "mnc": 1,
        "device_type": "SM-A546E",
    }
    return {"message_token": call.world.next_token(), "user": user}


async def get_online(call: Call) -> Json:
    """Who is online, of at most a hundred."""
    ids = call.parameters.get("ids")
    if not isinstance(ids, list) or not ids:
        raise missing_data("ids")
    if len(ids) > MAX_ONLINE:
        raise bad_data("ids: at most 100")
    return {"users": [_online(call, str(user_id)) for user_id in ids]}


METHODS: dict[str, Callable[[Call], Awaitable[Json]]] = {
    "set_webhook": set_webhook,
    "send_message": send_message,
    "get_account_info": get_account_info,
    "get_user_details": get_user_details,
    "get_online": get_online,
}


def _online(call: Call, user_id: str) -> Json:
    chat = call.world.receiver(call.bot, user_id)
    status = chat.customer.online_status if chat and chat.subscribed and chat.customer.registered else 4
    return {"id": user_id, "online_status": status, "online_status_message": ONLINE[status]}


def _check_receiver(world: World, chat: Chat | None, min_api_version: int) -> None:
    """Raises RefusedError unless the customer takes messages from this bot."""
    if chat is None or not chat.customer.registered:
        raise RefusedError(5)
    if not chat.customer.knows_bots:
        raise RefusedError(11)
    if not chat.subscribed:
        raise RefusedError(6)
    if min_api_version > chat.customer.api_version:
        raise RefusedError(13)
    while chat.unanswered and world.clock() - chat.unanswered[0] >= HOUR:
        chat.unanswered.popleft()
    if len(chat.unanswered) >= MAX_UNANSWERED:
        raise RefusedError(12)


def _event_types(given: Any) -> frozenset[str]:
    if given is None:
        return MANDATORY | OPTIONAL
    if not isinstance(given, list):
        raise bad_data("event_types is not valid")
    unknown = [name for name in given if name not in {*MANDATORY, *OPTIONAL, *_ALSO_NAMED}]
    if unknown:
        raise bad_data(f"event_types: unknown {unknown[0]!r:.40}")
    return MANDATORY | (OPTIONAL & frozenset(given))


def _check_url(url: str, *, local: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise RefusedError(1) from None
    if not host or parts.scheme not in ({"http", "https"} if local else {"https"}):
        raise RefusedError(1)
