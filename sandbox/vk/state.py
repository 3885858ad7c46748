"""The world of the stand-in: communities, customers, and what each chat holds. All of it lives in memory.

A message has two numbers: `message_id`, unique in the community, and `cmid`, which counts up from 1 in each chat (the
API's `conversation_message_id`). They are far apart here, so that nobody may take one for the other.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.changes import Changes

from .events import History
from .limits import Limits, Meter

Json = dict[str, Any]

TAP_LIFE = 60  # seconds in which a tap can be answered
EDITABLE = 24 * 3600  # seconds in which a community may edit its message
CHATS = 2_000_000_000  # peers above are group chats
LANGUAGES = {"ru": 0, "uk": 1, "be": 2, "en": 3, "es": 4, "fi": 5, "de": 6, "it": 7, "pl": 15, "kk": 97}


@dataclass(slots=True)
class Message:
    """One message. `by` is the customer's id, or the community's with a minus; `keyboard` is what was sent with it."""

    message_id: int
    cmid: int
    by: int
    date: int
    text: str = ""
    attachments: list[Json] = field(default_factory=list)
    payload: str | None = None
    reply_to: int | None = None  # a cmid
    keyboard: Json | None = None
    update_time: int | None = None
    random_id: int = 0

    @property
    def inline(self) -> bool:
        """Whether the keyboard stands below the message itself."""
        return bool(self.keyboard and self.keyboard.get("inline"))

    @property
    def rows(self) -> list[list[Json]]:
        """The rows of the inline keyboard; none where there is none."""
        rows: list[list[Json]] = self.keyboard["buttons"] if self.keyboard and self.inline else []
        return rows

    @property
    def data(self) -> list[str]:
        """The payloads of all inline buttons, in reading order."""
        return [button["action"]["payload"] for row in self.rows for button in row if "payload" in button["action"]]


@dataclass(frozen=True, slots=True)
class Answer:
    """How the community answered a tap: `event_data` as it was sent, None where the spinner simply stops."""

    event_data: Json | None
    at: float

    @property
    def text(self) -> str:
        """The words of the snackbar; "" where there is none."""
        return str((self.event_data or {}).get("text", ""))


@dataclass(slots=True)
class Tap:
    """One press of a callback button. `event_id` is what it is answered by; the event has another one."""

    event_id: str
    by: int
    cmid: int
    data: str
    at: float
    answer: Answer | None = None


@dataclass(slots=True)
class CallbackServer:
    """Where events go. Nothing does before its address is confirmed, and only what is switched on."""

    server_id: int
    url: str
    title: str
    secret_key: str
    status: str = "wait"  # ok, wait, failed, unconfigured
    api_version: str = "5.199"
    events: set[str] = field(default_factory=set)
    failures: int = 0  # in a row


@dataclass(slots=True)
class LongPoll:
    """The long poll of a community, which knows no servers: whoever has the key gets everything."""

    key: str
    history: History
    enabled: bool = False
    api_version: str = "5.199"
    events: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Community:
    """One community with its token."""

    token: str
    group_id: int
    name: str
    screen_name: str
    scopes: frozenset[str]
    bot_capabilities: bool
    confirmation_code: str
    long_poll: LongPoll
    last_message_id: int
    servers: dict[int, CallbackServer] = field(default_factory=dict)
    last_server_id: int = 0
    taps: dict[str, Tap] = field(default_factory=dict)
    sent: dict[tuple[int, int], Message] = field(default_factory=dict)  # by peer and random_id
    meter: Meter = field(default_factory=Meter)


@dataclass(slots=True)
class Customer:
    """A person with a phone. `wrote` names the communities that may write to them from the start; None: all."""

    user_id: int
    name: str
    language: str
    wrote: set[int] | None
    button_actions: list[str]
    inline_keyboard: bool
    deactivated: bool = False
    private: bool = False

    @property
    def client_info(self) -> Json:
        """What the app on the phone can do, as every `message_new` tells."""
        return {
            "button_actions": list(self.button_actions),
            "keyboard": True,
            "inline_keyboard": self.inline_keyboard,
            "carousel": self.inline_keyboard,
            "lang_id": LANGUAGES.get(self.language, 3),
        }


@dataclass(slots=True)
class Chat:
    """The conversation of a community with a customer. `allowed`: the community may write."""

    user_id: int
    allowed: bool
    blacklisted: bool = False
    messages: dict[int, Message] = field(default_factory=dict)  # by cmid
    last_cmid: int = 0
    cleared_to: int = 0  # the customer sees nothing up to here
    last_tap: Tap | None = None


class World:
    """All state of one stand-in."""

    def __init__(self, clock: Callable[[], float], seed: int, limits: Limits) -> None:
        self.clock = clock
        self.limits = limits
        self.changes = Changes()
        self.random = random.Random(seed)
        self.communities: dict[int, Community] = {}
        self.customers: dict[int, Customer] = {}
        self._chats: dict[tuple[int, int], Chat] = {}  # by group id and user id

    def add_community(
        self, token: str, group_id: int, name: str, screen_name: str, scopes: Sequence[str], *, bot_capabilities: bool
    ) -> Community:
        """A community; its long poll is off."""
        unknown = set(scopes) - {"messages", "manage", "photos", "docs"}
        if unknown or group_id <= 0 or not token:
            raise ValueError("a community has a token, a positive id and scopes that there are")
        history = History(first=1 + self.random.randrange(1000), clock=self.clock)
        community = self.communities[group_id] = Community(
            token=token,
            group_id=group_id,
            name=name,
            screen_name=screen_name,
            scopes=frozenset(scopes),
            bot_capabilities=bot_capabilities,
            confirmation_code=self.token(8),
            long_poll=LongPoll(self.token(40), history),
            last_message_id=10_000_000 + self.random.randrange(1_000_000),
        )
        self.changes.notify()
        return community

    def token(self, digits: int) -> str:
        """Hexadecimal digits that nobody guesses."""
        return f"{self.random.getrandbits(digits * 4):0{digits}x}"

    def community(self, group_id: int | str | None = None) -> Community:
        """The community of this id or short name; without one, the first. Raises LookupError."""
        for community in self.communities.values():
            if group_id is None or group_id in (community.group_id, community.screen_name):
                return community
        raise LookupError("no such community in the sandbox")

    def customer(self, user_id: int) -> Customer:
        """Raises LookupError for a stranger."""
        customer = self.customers.get(user_id)
        if customer is None:
            raise LookupError("no such customer in the sandbox")
        return customer

    def chat(self, community: Community, user_id: int) -> Chat:
        """The conversation of a community with a customer. Raises LookupError for a stranger."""
        chat = self._chats.get((community.group_id, user_id))
        if chat is None:
            customer = self.customer(user_id)
            allowed = customer.wrote is None or community.group_id in customer.wrote
            chat = self._chats[community.group_id, user_id] = Chat(user_id, allowed)
        return chat

    def add_message(self, community: Community, chat: Chat, by: int, **content: Any) -> Message:
        """Append a message to a chat."""
        community.last_message_id += 1 + self.random.randrange(3)
        chat.last_cmid += 1
        message = Message(community.last_message_id, chat.last_cmid, by, int(self.clock()), **content)
        chat.messages[message.cmid] = message
        return message

    def written(self, chat: Chat, message: Message, *, reply: bool = True) -> Json:
        """A message as the API writes it."""
        out = message.by < 0
        body: Json = {
            "id": message.message_id,
            "date": message.date,
            "peer_id": chat.user_id,
            "from_id": message.by,
            "text": message.text,
            "conversation_message_id": message.cmid,
            "random_id": message.random_id if out else 0,
            "out": int(out),
            "version": 10_000_000 + message.cmid,
            "attachments": [dict(one) for one in message.attachments],
            "fwd_messages": [],
            "important": False,
            "is_hidden": False,
        }
        if message.update_time is not None:
            body["update_time"] = message.update_time
        if message.payload is not None:
            body["payload"] = message.payload
        if message.keyboard is not None and message.inline:
            body["keyboard"] = message.keyboard
        if reply and message.reply_to is not None and (target := chat.messages.get(message.reply_to)):
            body["reply_message"] = self.written(chat, target, reply=False)
        return body


DEFAULT_ACTIONS = ("text", "vkpay", "open_app", "location", "open_link", "callback", "intent_subscribe")
"""What the app of a customer knows where nobody said otherwise."""
