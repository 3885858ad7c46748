"""setWebhook and its family.

https://core.telegram.org/bots/api#setwebhook
"""

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .delivery import Delivery
from .parameters import Parameters, flag_of, integer_of, object_of, text_of
from .refusals import bad_request, too_many_requests
from .state import Bot, Json, Webhook, World

PORTS = frozenset({80, 88, 443, 8443})
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_NAMES = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
    }
)


@dataclass(frozen=True, slots=True)
class Described:
    """A result with the words that stand beside it in the answer."""

    result: Any
    description: str


def set_webhook(world: World, delivery: Delivery, bot: Bot, parameters: Parameters) -> Described:
    """Point the updates of `bot` at a URL; an empty URL removes it. Raises RefusedError."""
    url = text_of(parameters, "url").strip()
    if not url:
        return delete_webhook(bot, drop=flag_of(parameters, "drop_pending_updates"))
    _check_url(url, local=world.local)
    secret = text_of(parameters, "secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    connections = integer_of(parameters, "max_connections", 40)
    if not 1 <= connections <= 100:
        raise bad_request("bad webhook: max_connections must be between 1 and 100")
    now = world.clock()
    if now - bot.webhook_set_at < 1:
        raise too_many_requests(1)
    bot.webhook_set_at = now
    read_allowed_updates(bot, parameters)
    if flag_of(parameters, "drop_pending_updates"):
        bot.inbox.clear()
    webhook = Webhook(url, secret, connections)
    words = "Webhook is already set" if bot.webhook == webhook else "Webhook was set"
    bot.webhook = webhook
    bot.cut_poller("terminated by setWebhook request")
    bot.last_error_at, bot.last_error = None, ""
    delivery.resume(bot, at_once=words == "Webhook was set")
    return Described(result=True, description=words)


def delete_webhook(bot: Bot, *, drop: bool) -> Described:
    """Remove the webhook; what waits stays for getUpdates unless it is dropped."""
    if drop:
        bot.inbox.clear()
    words = "Webhook was deleted" if bot.webhook else "Webhook is already deleted"
    bot.webhook = None
    bot.last_error_at, bot.last_error = None, ""
    return Described(result=True, description=words)


def webhook_info(bot: Bot) -> Json:
    """The WebhookInfo object."""
    info: Json = {
        "url": bot.webhook.url if bot.webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": bot.inbox.count(),
    }
    if bot.webhook:
        info["max_connections"] = bot.webhook.max_connections
    if bot.last_error_at is not None:
        info["last_error_date"] = bot.last_error_at
        info["last_error_message"] = bot.last_error
    if bot.allowed_updates is not None:
        info["allowed_updates"] = bot.allowed_updates
    return info


def read_allowed_updates(bot: Bot, parameters: Parameters) -> None:
    """Remember the list, if one is given: it stays in force until another is. An empty one is the default again."""
    given = object_of(parameters, "allowed_updates", "allowed updates")
    if given is None:
        return
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise bad_request(f"can't parse allowed updates: expected an Array of Strings, got {json.dumps(given)[:40]}")
    bot.allowed_updates = [name for name in given if name in _NAMES] or None


def _check_url(url: str, *, local: bool) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise bad_request("bad webhook: invalid URL specified") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad_request("bad webhook: invalid URL specified")
    if local:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if port not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    try:
        reserved = not ipaddress.ip_address(parts.hostname).is_global
    except ValueError:
        reserved = parts.hostname == "localhost"
    if reserved:
        raise bad_request(f"bad webhook: IP address {parts.hostname} is reserved")
