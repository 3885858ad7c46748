"""The world of the stand-in: bots, customers, groups, and what each chat holds. All of it lives in memory.

One `Chat` is what one bot sees of one conversation; message ids count up from 1 in each, as they do for a real bot,
so that nobody may take them for unique over chats.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.changes import Changes

from .limits import Limits, Meter
from .refusals import too_many_requests
from .updates import Inbox, Update

Json = dict[str, Any]

TAP_LIFE = 150  # seconds: an unanswered tap is then gone for good
MESSAGE_LIFE = 24 * 3600  # seconds in the queue of a bot that does not fetch


@dataclass(slots=True)
class Message:
    """One message. `by` is the id of its writer, `keyboard` what stands below it (`reply_markup` as it was sent)."""

    message_id: int
    by: int
    date: int
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    media: Json = field(default_factory=dict)
    caption: str = ""
    reply_to: int | None = None
    keyboard: Json | None = None
    edit_date: int | None = None

    @property
    def rows(self) -> list[list[Json]]:
        """The rows of the inline keyboard; none where there is none."""
        rows: list[list[Json]] = (self.keyboard or {}).get("inline_keyboard", [])
        return rows

    @property
    def data(self) -> list[str]:
        """The `callback_data` of all buttons, in reading order."""
        return [button["callback_data"] for row in self.rows for button in row if "callback_data" in button]


@dataclass(frozen=True, slots=True)
class Answer:
    """How the bot acknowledged a tap."""

    text: str
    show_alert: bool
    at: float


@dataclass(slots=True)
class Tap:
    """One press of a button: a new one for every press, also of the same button."""

    tap_id: str
    by: int
    message_id: int
    data: str
    at: float
    answer: Answer | None = None
    update: Update | None = None


@dataclass(slots=True)
class Webhook:
    """Where the updates of a bot go."""

    url: str
    secret_token: str = ""
    max_connections: int = 40


@dataclass(slots=True)
class Bot:
    """One bot and what it has not yet consumed."""

    token: str
    bot_id: int
    username: str
    first_name: str
    inbox: Inbox
    webhook: Webhook | None = None
    allowed_updates: list[str] | None = None  # sticky; None: all that a bot gets by default
    poller: object | None = None  # the getUpdates request that is being served
    poller_cut_by: str = ""
    webhook_set_at: float = float("-inf")
    last_error_at: int | None = None
    last_error: str = ""
    taps: dict[str, Tap] = field(default_factory=dict)

    @property
    def user(self) -> Json:
        """The bot as a user."""
        return {"id": self.bot_id, "is_bot": True, "first_name": self.first_name, "username": self.username}

    def cut_poller(self, reason: str) -> None:
        """End the getUpdates request that waits, if one does, with a 409 of this text."""
        if self.poller is not None:
            self.poller = None
            self.poller_cut_by = reason
            self.inbox.arrivals.notify()


@dataclass(slots=True)
class Customer:
    """A person with a phone. `started` names the tokens of the bots where Start was pressed; None: all of them."""

    user_id: int
    first_name: str
    language_code: str
    started: set[str] | None
    deactivated: bool = False

    @property
    def user(self) -> Json:
        """The customer as a user."""
        return {
            "id": self.user_id,
            "is_bot": False,
            "first_name": self.first_name,
            "language_code": self.language_code,
        }


@dataclass(slots=True)
class Group:
    """A group chat. `migrated_to` is set once it became a supergroup."""

    chat_id: int
    title: str
    members: set[int]
    migrated_to: int | None = None
    removed: set[str] = field(default_factory=set)  # tokens of the bots that were kicked

    @property
    def kind(self) -> str:
        """The `type` of the chat."""
        return "supergroup" if str(self.chat_id).startswith("-100") else "group"


@dataclass(slots=True)
class Chat:
    """What one bot sees of one conversation."""

    chat_id: int
    description: Json
    chat_instance: str
    started: bool
    blocked: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    last_message_id: int = 0
    last_tap: Tap | None = None

    def add(self, by: int, now: float, **content: Any) -> Message:
        """Append a message."""
        self.last_message_id += 1
        message = Message(self.last_message_id, by, int(now), **content)
        self.messages[message.message_id] = message
        return message


class World:
    """All state of one stand-in, and the rules that concern more than one method."""

    def __init__(self, clock: Callable[[], float], seed: int, limits: Limits | None, *, local: bool) -> None:
        self.clock = clock
        self.limits = limits
        self.local = local
        self.changes = Changes()
        self.random = random.Random(seed)
        self.bots: dict[str, Bot] = {}
        self.customers: dict[int, Customer] = {}
        self.groups: dict[int, Group] = {}
        self.chats: dict[tuple[int, int], Chat] = {}  # by bot id and chat id
        self._meter = Meter()
        self._last_tap_id = 1_000_000_000_000_000_000 + self.random.randrange(10**17)

    def bot(self, reference: str | None = None) -> Bot:
        """The bot of this token or username; without one, the first. Raises LookupError."""
        for bot in self.bots.values():
            if reference is None or reference in (bot.token, bot.username):
                return bot
        raise LookupError("no such bot in the sandbox")

    def customer(self, user_id: int) -> Customer:
        """Raises LookupError for a stranger."""
        customer = self.customers.get(user_id)
        if customer is None:
            raise LookupError("no such customer in the sandbox")
        return customer

    def chat(self, bot: Bot, chat_id: int) -> Chat | None:
        """The conversation of a bot with this customer or group; None where there is no such chat."""
        chat = self.chats.get((bot.bot_id, chat_id))
        if chat is None:
            description: Json
            if customer := self.customers.get(chat_id):
                description = {"id": chat_id, "first_name": customer.first_name, "type": "private"}
                started = customer.started is None or bot.token in customer.started
            elif group := self.groups.get(chat_id):
                description = {"id": chat_id, "title": group.title, "type": group.kind}
                started = True
            else:
                return None
            instance = str(self.random.randrange(-(2**63), 2**63))
            chat = self.chats[bot.bot_id, chat_id] = Chat(chat_id, description, instance, started)
        return chat

    def user(self, bot: Bot, user_id: int) -> Json:
        """The user object of a customer or of the bot."""
        return bot.user if user_id == bot.bot_id else self.customer(user_id).user

    def message(self, bot: Bot, chat: Chat, message: Message, *, reply: bool = True) -> Json:
        """A message as the Bot API writes it."""
        written: Json = {
            "message_id": message.message_id,
            "from": self.user(bot, message.by),
            "chat": chat.description,
            "date": message.date,
        }
        if message.edit_date is not None:
            written["edit_date"] = message.edit_date
        if reply and message.reply_to is not None and (target := chat.messages.get(message.reply_to)):
            written["reply_to_message"] = self.message(bot, chat, target, reply=False)
        if message.text:
            written["text"] = message.text
        if message.entities:
            written["entities"] = message.entities
        written.update(message.media)
        if message.caption:
            written["caption"] = message.caption
        if message.keyboard and "inline_keyboard" in message.keyboard:
            written["reply_markup"] = message.keyboard
        return written

    def next_tap_id(self) -> str:
        """An id that is no float any more: longer than 2^53."""
        self._last_tap_id += 1 + self.random.randrange(1000)
        return str(self._last_tap_id)

    def spend(self, bot: Bot, chat: Chat | None) -> None:
        """Count one request against the limits. Raises RefusedError when there was one too many."""
        limits = self.limits
        if limits is None:
            return
        overall = ((bot.bot_id, limits.per_second, limits.per_second),)
        one_chat = (((bot.bot_id, chat.chat_id), limits.per_chat, float(limits.burst)),) if chat else ()
        if wait := self._meter.take((*overall, *one_chat), self.clock()):
            raise too_many_requests(wait)
