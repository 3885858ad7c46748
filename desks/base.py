"""The desk contract: what a helpdesk must be able to tell and to take back, and the closed vocabulary it speaks.

A desk knows tickets (`ratings.ticket`) and the network (`net`), and nothing else of ours. Adapters never retry and never store;
they translate. Instants are integers: milliseconds since the Unix epoch, UTC.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from net.findings import Finding
from net.hooks import HookReply, HookRequest
from ratings.ticket import Reopened, Ticket

# --- what comes in -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that a desk told. `event_id` is unique per desk and the same on redelivery."""

    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketClosed(Told):
    """A ticket was closed: as it stood then. `ticket.desk` is the desk's name."""

    ticket: Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReopened(Told):
    """A ticket was opened again, by anybody but us."""

    report: Reopened


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Told):
    """Nothing for us. `what` names the kind of event, without its content: `own` for the echo of our own write."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Told):
    """What the parser could not read: kept as it came (at most 16 KiB), for a person to look at."""

    raw: bytes
    error: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value of a ticket came from: its place in the ticket (RFC 6901), its place in what the desk sent, and itself."""

    pointer: str
    path: str
    value: Any


# --- what goes out -----------------------------------------------------------------------------------------------


class Verb(StrEnum):
    """What can be written back to a ticket."""

    SCORE = "score"
    COMMENT = "comment"
    RATED_AT = "rated_at"
    TAG = "tag"
    UNTAG = "untag"
    REOPEN_KEEP = "reopen_keep"  # the assignee stays
    REOPEN_CLEAR = "reopen_clear"  # the ticket goes back to the queue
    CLOSE = "close"
    CLOSE_UNRATED = "close_unrated"
    NOTE = "note"  # for staff alone
    SUPPRESS_NATIVE = "suppress_native"  # the desk's own survey is not sent with what we write


Support = Literal["native", "emulated", "unsupported"]


@dataclass(frozen=True, slots=True)
class Result:
    """What a ticket's rating, or its absence, makes of the ticket: everything that is to be so afterwards, in one piece.

    `verbs` names what is wanted; nothing else may be changed. `value` is None for no rating: with SCORE, COMMENT and
    RATED_AT wanted the desk's fields become empty then. `tag` belongs on the ticket, `untag` are earlier ones of ours that
    do not any more. `key` is the same whenever the same result is written again: doing it twice does no harm.
    """

    key: str
    ticket_id: str
    verbs: frozenset[Verb]
    value: int | None = None
    symbol: str = ""
    label: str = ""
    scale: str = ""
    comment: str = ""
    rated_at: int | None = None
    tag: str = ""
    untag: tuple[str, ...] = ()
    note: str = ""
    ticket: Mapping[str, Any] = field(
        default_factory=dict
    )  # the snapshot, as `ratings.ticket.ticket_to_dict` writes it


@dataclass(frozen=True, slots=True)
class Refusal:
    """A verb that the desk did not carry out, with its own words for the admin: no comment and no address among them."""

    verb: Verb
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """The desk took the result, but for what it refused for good. What may succeed later is raised instead."""

    refused: tuple[Refusal, ...] = ()


# --- what a kind declares ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind can take back, verb by verb, and how it is heard."""

    verbs: Mapping[Verb, Support]
    hooks: bool
    polls: bool
    max_body: int = 262_144  # bytes of one hook request

    def can(self, verb: Verb) -> bool:
        """True when the kind can carry out a verb, natively or by other means."""
        return self.verbs.get(verb, "unsupported") != "unsupported"


class DeskConfig(BaseModel):
    """The keys that every `[desks.<kind>.<name>]` has; a kind adds its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: float = Field(10.0, gt=0, le=120, description="seconds to wait for the desk's answer")
    per_second: float = Field(5.0, gt=0, le=1000, description="results written a second at the most")


class Desk(ABC):
    """One helpdesk of one kind.

    `write` raises a `net.errors.DeliveryError` when it fails, and nothing else.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    Config: ClassVar[type[DeskConfig]]

    name: str  # as tickets and settings have it: "pyrus.main"
    config: DeskConfig

    def __init__(self, name: str, config: DeskConfig) -> None:
        """Make the desk. Opens no connection. Raises ValueError where hooks could not be verified."""
        self.name = name
        self.config = config

    @abstractmethod
    def verify(self, request: HookRequest, now: int) -> None:
        """Raise WebhookRejected unless the request is proven to come from the desk (constant time)."""

    @abstractmethod
    def parse(self, request: HookRequest, now: int) -> Sequence[Told]:
        """Read a verified request. Pure; never raises: what cannot be read becomes `Unreadable`."""

    def sources(self, request: HookRequest, now: int) -> Sequence[Source]:  # noqa: ARG002 - kinds whose mapping is set up tell
        """Where each value of a ticket in a request comes from, for whoever sets the desk up. Pure; never raises."""
        return ()

    def reply(self, request: HookRequest) -> HookReply:  # noqa: ARG002 - kinds that answer with content read it
        """Answer a request whose events are committed."""
        return HookReply()

    def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Told], str]]:
        """Poll the desk from `position`. The caller commits both before it asks for the next.

        A failure ends the iteration with a DeliveryError; the caller waits and listens again from what it committed.
        """
        raise NotImplementedError(f"{self.kind} cannot poll")

    @property
    def polls(self) -> bool:
        """True when this desk is to be polled, as it is set up."""
        return False

    @property
    def writes(self) -> bool:
        """True when results are to be written to this desk, as it is set up."""
        return any(self.capabilities.can(verb) for verb in Verb)

    @abstractmethod
    async def write(self, result: Result) -> Written:
        """Make the ticket so. Writing what is so already does no harm: whoever is in doubt writes again."""

    @abstractmethod
    async def check(self, url: str | None) -> Sequence[Finding]:
        """Look for what is wrong with this desk. `url` is where its hook is. Never raises."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of connections."""
