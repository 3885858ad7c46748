"""The world of the stand-in: bots, customers, and what each bot's conversations hold. All of it lives in memory.

A person has another user id at every bot, so that nobody may take the ids of one bot to another. Message tokens are
64-bit and lie so close together that two of them are the same number once they went through a float.
"""

import base64
import hashlib
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.changes import Changes

from .keyboards import rows_of

Json = dict[str, Any]

HOUR = 3600.0
SESSION = 24 * HOUR  # seconds after the customer's last message in which a bot's messages are free
MAX_UNANSWERED = 100  # messages an hour to one customer who does not answer
VIBER_VERSIONS = {1: "6.5.0", 2: "6.7.0", 3: "7.6.0", 4: "8.3.0", 5: "9.0.0", 6: "9.1.0", 7: "10.6.0", 8: "12.0.0"}
FIRST_SILENT_LEVEL = 2  # Viber 6.7 knows silent buttons

_FIRST_TOKEN = 5_741_311_803_571_721_087  # above 2^53, as all of them are


@dataclass(slots=True, eq=False)
class Event:
    """One callback. `body` is encoded once: what is posted again is the same, byte for byte."""

    kind: str
    user_id: str
    message_token: int
    body: bytes
    at: float
    copies: int = 1


@dataclass(slots=True)
class Message:
    """One message of a conversation. `at` is in ms since the epoch; `silent` is a tap that its phone does not show."""

    message_token: int
    from_bot: bool
    at: int
    kind: str
    text: str = ""
    media: str = ""
    sticker_id: int = 0
    sender_name: str = ""
    keyboard: Json | None = None
    rich_media: Json | None = None
    tracking_data: str = ""
    silent: bool = False
    seen: bool = False
    event: Event | None = None

    @property
    def data(self) -> list[str]:
        """The ActionBody of all buttons, of the keyboard or else of the bubble, in reading order."""
        return [button["ActionBody"] for row in rows_of(self.keyboard or self.rich_media) for button in row]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the callbacks of a bot go, and which of them."""

    url: str
    events: frozenset[str]
    send_name: bool = False
    send_photo: bool = False


@dataclass(slots=True)
class Bot:
    """One bot. Its `token` also signs its callbacks."""

    token: str
    name: str
    uri: str
    webhook: Webhook | None = None


@dataclass(slots=True)
class Customer:
    """A person with `devices` devices, all of them at one API level; `online_status` is 0 for online, 1 for offline."""

    number: int
    name: str
    language: str
    country: str
    api_version: int
    devices: int
    subscribed: frozenset[str] | None  # tokens of bots; None: all of them, also later ones
    registered: bool = True
    knows_bots: bool = True
    online_status: int = 0

    @property
    def viber_version(self) -> str:
        """The version of the app that has this API level."""
        return VIBER_VERSIONS.get(self.api_version, "20.5.0")

    @property
    def knows_silent_buttons(self) -> bool:
        """Whether a silent tap stays out of the conversation."""
        return self.api_version >= FIRST_SILENT_LEVEL


@dataclass(slots=True)
class Chat:
    """One bot's conversation with one customer."""

    bot: Bot
    customer: Customer
    user_id: str
    subscribed: bool
    opened: bool
    messages: list[Message] = field(default_factory=list)
    keyboard: Json | None = None
    """Below the input field, until the next message of the bot."""
    tracking_data: str = ""
    """Of the bot's last message, whatever it was about: it returns with all that the customer sends."""
    unanswered: deque[float] = field(default_factory=deque)
    """When the bot sent what the customer has not yet replied to."""
    replied_at: float = float("-inf")

    @property
    def input(self) -> str:
        """The input field: regular, minimized (opened by a touch) or hidden (nothing can be typed)."""
        return str((self.keyboard or {}).get("InputFieldState", "regular"))

    @property
    def visible(self) -> list[Message]:
        """What the phone shows: no silent taps, no messages that only bring a keyboard."""
        return [message for message in self.messages if not message.silent and message.kind != "keyboard"]


class World:
    """All state of one stand-in, and the rules that concern more than one method."""

    def __init__(self, clock: Callable[[], float], seed: int, *, local: bool) -> None:
        self.clock = clock
        self.local = local
        self.changes = Changes()
        self.random = random.Random(seed)
        self.bots: dict[str, Bot] = {}
        self.customers: dict[int, Customer] = {}
        self.device_refusals: list[str] = []
        self._chats: dict[tuple[str, int], Chat] = {}  # by token and number
        self._by_user_id: dict[str, tuple[Bot, Customer]] = {}
        self._last_token = _FIRST_TOKEN

    @property
    def now_ms(self) -> int:
        """Milliseconds since the epoch, as callbacks write them."""
        return round(self.clock() * 1000)

    def next_token(self) -> int:
        """A message token that nothing had yet."""
        self._last_token += self.random.randrange(1, 9)
        return self._last_token

    def add(self, *, bot: Bot | None = None, customer: Customer | None = None) -> None:
        """Take in a bot, or a person, who then has an id at every bot."""
        if bot is not None:
            self.bots[bot.token] = bot
        if customer is not None:
            self.customers[customer.number] = customer
        for owner in self.bots.values() if bot is None else [bot]:
            for person in self.customers.values() if customer is None else [customer]:
                self.chat(owner, person)
        self.changes.notify()

    def bot(self, reference: str | None = None) -> Bot:
        """The bot of this token or URI; without one, the first. Raises LookupError."""
        for bot in self.bots.values():
            if reference is None or reference in (bot.token, bot.uri):
                return bot
        raise LookupError("no such bot in the sandbox")

    def chat(self, bot: Bot, customer: Customer) -> Chat:
        """The conversation of the two, begun or not."""
        chat = self._chats.get((bot.token, customer.number))
        if chat is None:
            subscribed = customer.subscribed is None or bot.token in customer.subscribed
            user_id = user_id_of(bot, customer)
            self._by_user_id[user_id] = (bot, customer)
            chat = Chat(bot, customer, user_id, subscribed, opened=subscribed)
            self._chats[bot.token, customer.number] = chat
        return chat

    def find(self, who: int | str, bot: str | None = None) -> Chat:
        """The conversation of a customer, by number with `bot`, or by the user id that one bot knows. Raises LookupError."""
        if isinstance(who, int):
            customer = self.customers.get(who)
            if customer is None:
                raise LookupError("no such customer in the sandbox")
            return self.chat(self.bot(bot), customer)
        found = self.known(who)
        if found is None or (bot is not None and found[0] is not self.bot(bot)):
            raise LookupError("no such customer in the sandbox")
        return self.chat(*found)

    def known(self, user_id: str) -> tuple[Bot, Customer] | None:
        """Whose id this is, and which bot's."""
        return self._by_user_id.get(user_id)

    def receiver(self, bot: Bot, user_id: str) -> Chat | None:
        """The conversation that a bot names by a user id; None where the id is nobody's, or another bot's."""
        found = self.known(user_id)
        return self.chat(*found) if found is not None and found[0] is bot else None


def user_id_of(bot: Bot, customer: Customer) -> str:
    """What this bot knows the person by: 16 bytes in base64, which say nothing to any other bot."""
    digest = hashlib.sha256(f"{bot.token}/{customer.number}".encode()).digest()
    return base64.b64encode(digest[:16]).decode()
