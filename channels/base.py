"""The channel contract: what a way to the customer must be able to do, and the closed vocabulary it speaks.

A channel knows no SQL, no web framework and no rating scale: it sees choices. Adapters never retry and never
store; they translate. Instants are integers: milliseconds since the Unix epoch, UTC.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from net.findings import Finding, Phrase, failure
from net.hooks import HookReply, HookRequest
from net.secrets import Secret

__all__ = [
    "Action",
    "ActionName",
    "ActionPicked",
    "Capabilities",
    "Channel",
    "ChannelConfig",
    "Choice",
    "ChoicePicked",
    "DeliveryReported",
    "Finding",
    "Handshake",
    "HookReply",
    "HookRequest",
    "Inbound",
    "Links",
    "Message",
    "Mode",
    "OptIn",
    "OptOut",
    "Pace",
    "Phrase",
    "Picture",
    "Prompt",
    "Sent",
    "TextReceived",
    "Thread",
    "Unknown",
    "Unreadable",
    "failure",
    "plain_preview",
]


class Mode(StrEnum):
    """How an account hears of its customers."""

    WEBHOOK = "webhook"  # the platform posts to our hook; we install it
    POLLING = "polling"  # we ask the platform
    RELAY = "relay"  # the token's owner forwards the platform's updates to our hook, with our secret
    SEND_ONLY = "send-only"  # we hear nothing


class ActionName(StrEnum):
    """What a customer can press besides a choice."""

    CHANGE = "change"
    COMMENT = "comment"
    SKIP = "skip"
    NEVER = "never"


# --- what goes out -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to tap: the value that comes back, the symbol to show and the words for who cannot see it."""

    value: int
    symbol: str
    label: str
    colour: str = ""  # "#rrggbb", for kinds that draw the choice themselves


@dataclass(frozen=True, slots=True)
class Links:
    """Where a prompt's links lead, and the words around them; for kinds whose choices are links."""

    rate: str  # the rating page: a choice's link is this, "/" and its value
    unsubscribe: str  # takes a one-click POST (RFC 8058)
    unsubscribe_label: str
    hint: str  # that one can also answer in words


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation that a prompt belongs to, as RFC 5322 names it: ids with their angle brackets, or none."""

    subject: str
    message_id: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A button that is no choice."""

    name: ActionName
    label: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """The message with the choices. `key` is stable over retries; `token` comes back with every tap.

    `client` is what `Inbound.client` last told of this address ("": nothing yet). `links` is None where this service has
    no public address.
    """

    key: str
    text: str
    choices: tuple[Choice, ...]
    token: str
    language: str
    client: str = ""
    links: Links | None = None
    thread: Thread | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with the words for who cannot see it. `name` has no ending and no blanks."""

    name: str
    content: bytes
    description: str


@dataclass(frozen=True, slots=True)
class Message:
    """Words, and perhaps actions below them (their taps carry `token`). `key` and `client` as in Prompt.

    `pictures` are for kinds that declare how many they take; nobody gives others any.
    """

    text: str
    actions: tuple[Action, ...] = ()
    token: str = ""
    key: str = ""
    client: str = ""
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform took it: its id of the message, and the address to use from now on when that changed."""

    external_id: str
    new_address: str | None = None


# --- what comes in -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One thing that happened at the platform. `event_id` is unique per account and the same on redelivery.

    `address` is who did it (the sender), as the desk would name it in `addresses`; "" where there is none.
    `at` 0 means that the platform told no time: whoever received it reads their own clock (`parse` has none).
    `client` is what this kind wants to be remembered of the sender's app (opaque, at most 100 characters, no personal
    data) and to get back with every Prompt and Message to them; None: this event tells nothing of it.
    """

    event_id: str
    address: str
    at: int
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicePicked(Inbound):
    """A choice was tapped. `tap` is what `acknowledge` needs; `prompt_id` the message it was tapped on, if told."""

    token: str
    value: int
    tap: str = ""
    prompt_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPicked(Inbound):
    """An action was tapped."""

    token: str
    action: ActionName
    tap: str = ""
    prompt_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReceived(Inbound):
    """The customer wrote. `text` is "" when only media came (`media` names it: photo, voice, …).

    `token` is that of the prompt which is answered, where the kind's own addressing carries it (mail): then it, and not
    the sender, tells which invitation is meant.
    """

    text: str
    message_id: str
    reply_to: str | None = None
    edited: bool = False
    media: str | None = None
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReported(Inbound):
    """The platform tells what became of one of our messages.

    A bounce with `gone` says that the address takes no messages at all. `token` as in TextReceived.
    """

    external_id: str
    delivery: Literal["delivered", "seen", "bounced"]
    gone: bool = False
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut(Inbound):
    """No more messages to this address: the customer asked for it, or the platform will not carry them.

    `token` as in TextReceived: then the address of its invitation is meant.
    """

    reason: Literal["asked", "blocked"]
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptIn(Inbound):
    """This address takes messages again: the customer asked for it, or lifted a block."""

    reason: Literal["asked", "unblocked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake(Inbound):
    """The platform tests the hook; `reply` knows the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Inbound):
    """Nothing for us. `what` names the kind of update, without its content. A tap with data that is not ours keeps `tap`."""

    what: str
    tap: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Inbound):
    """An update that the parser could not read: kept as it came (at most 16 KiB), for a person to look at."""

    raw: bytes
    error: str


# --- what a kind declares ----------------------------------------------------------------------------------------


class Pace(BaseModel):
    """How fast an account may send: messages a second in all, and to one recipient."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_second: float = Field(gt=0, description="messages a second over all recipients")
    per_recipient: float = Field(gt=0, description="messages a second to one recipient")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind can say and do. Limits count Unicode characters unless a comment in the kind says otherwise."""

    choices: Literal["inline", "reply", "list", "links", "digits"]
    max_choices: int
    max_text: int
    edit: bool
    acknowledge: bool
    acknowledge_within: int | None  # milliseconds after the tap; None: no limit known
    max_acknowledgment: int
    idempotent_send: bool
    window: int | None  # milliseconds after the customer's last message in which we may write; None: always
    receipts: bool
    modes: tuple[Mode, ...]
    pace: Pace
    converses: bool = True  # False: what follows an answer is not said here, but on the rating page
    pictures: int = 0  # how many a message to staff may carry
    shared: bool = False  # True: others hear the account, too, so a text that is not ours is not ours to answer


class ChannelConfig(BaseModel):
    """The keys that every `[channels.<kind>.<account>]` has; a kind adds its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode = Field(Mode.WEBHOOK, description="webhook, polling, relay or send-only")
    takeover: bool = Field(False, description="replace a webhook that somebody else installed")
    hook_secret: Secret | None = Field(
        None, description="what hook requests must carry; by default derived from the server's secret"
    )
    pace: Pace
    timeout: float = Field(10.0, gt=0, le=120, description="seconds to wait for the platform's answer")


class Channel(ABC):
    """One account of one kind.

    Every call that sends raises a `net.errors.DeliveryError` when it fails, and nothing else. Content that cannot be
    said within the kind's limits raises `Rejected`, and is never cut or changed silently.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    Config: ClassVar[type[ChannelConfig]]

    account: str  # the slug that tickets and settings use: "telegram.support"
    config: ChannelConfig

    def __init__(
        self,
        account: str,
        config: ChannelConfig,
        hook_secrets: tuple[str, ...],  # noqa: ARG002 - every kind is made with these three; those with hooks keep it
    ) -> None:
        """Make the account. Opens no connection. Raises ValueError where hooks could not be verified.

        `config` is an instance of the kind's `Config`. Of `hook_secrets`, newest first, the first is the one to
        install, and any of them verifies a hook, so that a rotation loses nothing.
        """
        self.account = account
        self.config = config

    @abstractmethod
    async def send_prompt(self, address: str, prompt: Prompt) -> Sent:
        """Send the choices."""

    @abstractmethod
    async def send_text(self, address: str, message: Message) -> Sent:
        """Send words."""

    def preview(self, content: Prompt | Message) -> Mapping[str, object]:
        """Show what a customer would see: `text`, `buttons` row by row as they read, and what else the kind has to show.

        Made by what makes the real thing, and so raises what `send_prompt` and `send_text` raise before they send. Pure.
        """
        return plain_preview(content)

    async def edit(self, address: str, external_id: str, content: Prompt | Message) -> None:
        """Replace a sent message. Saying what it already says is success. Raises NotEditable where it is gone."""
        raise NotImplementedError(f"{self.kind} declares edit=False")

    async def acknowledge(self, tap: str, text: str) -> None:
        """Answer a waiting tap. Raises TapExpired when nobody waits any more."""
        raise NotImplementedError(f"{self.kind} declares acknowledge=False")

    @abstractmethod
    def verify(self, request: HookRequest) -> None:
        """Raise WebhookRejected unless the request is proven to come from the platform (constant time)."""

    @abstractmethod
    def parse(self, request: HookRequest) -> Sequence[Inbound]:
        """Read a verified request. Pure; never raises: what cannot be read becomes `Unreadable`."""

    def reply(self, request: HookRequest) -> HookReply:  # noqa: ARG002 - kinds that answer with content read it
        """Answer a request whose events are committed."""
        return HookReply()

    def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Inbound], str]]:
        """Poll the platform from `position`. The caller commits both before it asks for the next.

        A failure ends the iteration with a DeliveryError; the caller waits and listens again from what it committed.
        """
        raise NotImplementedError(f"{self.kind} cannot poll")

    @abstractmethod
    async def install(self, url: str) -> None:
        """Point the platform's webhook at `url`. Raises Misconfigured rather than replace a foreign one, unless takeover."""

    @abstractmethod
    async def uninstall(self, url: str | None = None) -> None:
        """Remove our webhook: the one at `url`, by default the one that this object installed.

        Raises Misconfigured rather than remove a foreign one, unless takeover.
        """

    @abstractmethod
    async def check(self, url: str | None) -> Sequence[Finding]:
        """Look for what is wrong with this account. `url` is where its hook should point, if it should. Never raises."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of connections."""


def plain_preview(content: Prompt | Message) -> dict[str, object]:
    """Show a content as a kind without rules of its own would: the words, and a button for each choice or action."""
    if isinstance(content, Prompt):
        labels = [choice.symbol or choice.label for choice in content.choices]
    else:
        labels = [action.label for action in content.actions]
    return {"text": content.text, "buttons": [labels] if labels else []}
