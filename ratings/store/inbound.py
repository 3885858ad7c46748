"""What customers do: taps, presses, words. Many in one transaction, each exactly once, whatever is delivered again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import bindparam, select

from ratings.lifecycle import (
    TEST_INVITATION,
    Delivery,
    JobKind,
    Outcome,
    Step,
    change_pressed,
    comment_pressed,
    opted_out,
    skip_pressed,
    voted,
)
from ratings.store.addresses import Addresses, Key, by_account
from ratings.store.driver import one_of
from ratings.store.forgotten import drop_wish
from ratings.store.loading import Invitations, Loaded
from ratings.store.receipts import report
from ratings.store.rows import notice_row
from ratings.store.schema import accounts, inbound_events, invitations, unreadable_events
from ratings.store.surveys import load_surveys
from ratings.store.unit import Row, Unit
from ratings.store.wishes import (
    IDS_TO_CANCEL,
    Wishes,
    cancel_asking,
    customers_of,
    of_customer,
    open_of_customers,
)
from ratings.store.words import Words
from ratings.store.writer import Operation
from ratings.survey import DEFAULT_SURVEY, Survey
from ratings.wording import acknowledgment

_SEEN = select(inbound_events.c.event_id).where(
    inbound_events.c.account == bindparam("account"),
    one_of(inbound_events.c.event_id, "event_ids"),
)


_NAMED = select(invitations.c.id, invitations.c.account, invitations.c.address).where(
    invitations.c.id.in_(bindparam("ids", expanding=True)), invitations.c.decision == "ask"
)
_TOLD = frozenset({Outcome.STANDS, Outcome.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that a platform told. `event_id` is unique per account; `sender` is the address that did it.

    `client` is what the sender's app tells of itself; None: nothing.
    """

    event_id: str
    sender: str
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapped(Happening):
    """A choice was tapped; `invitation_id` comes out of a verified token (None: it was forged)."""

    invitation_id: int | None
    value: int
    tap: str
    prompt_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed(Happening):
    """An action was pressed: change, comment, skip or never."""

    invitation_id: int | None
    action: str
    tap: str
    prompt_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote(Happening):
    """The customer wrote. `text` is "" when only media came. `invitation_id` comes out of a verified token of the message itself."""

    message_id: str
    text: str
    reply_to: str | None
    edited: bool
    invitation_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Happening):
    """The platform tells what became of a message. `gone`: the address takes none at all. `invitation_id` as in Wrote."""

    external_id: str
    delivery: Delivery
    gone: bool = False
    invitation_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Happening):
    """No more messages: the customer asked for it (`asked`), or blocked us. `invitation_id` as in Wrote."""

    asked: bool
    invitation_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed(Happening):
    """Messages again: the customer asked for it (`asked`), or lifted the block."""

    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(Happening):
    """Nothing for us; kept so that it is known to have come."""

    what: str
    tap: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Happening):
    """What the parser could not read."""

    raw: bytes
    error: str


class Acknowledgment(NamedTuple):
    """A tap that waits for an answer now: with the words `text`, or with none where it is "".

    `job_id` is the safety net, to be dropped when the first try worked; None where nothing depends on it.
    """

    tap: str
    text: str
    invitation_id: int | None
    job_id: int | None


class Received(NamedTuple):
    """What became of the events of one request, in order, and the taps that wait."""

    outcomes: tuple[str, ...]
    acknowledgments: tuple[Acknowledgment, ...]


@dataclass(frozen=True, slots=True)
class Receive(Operation[Received]):
    """Events of one account, in the order of the platform. `position` is committed with them (polling).

    `answers` says whether we are the only ones who read this account: then a text that is not ours gets a polite answer.
    """

    account: str
    happenings: tuple[Happening, ...]
    answers: bool = True
    position: str | None = None

    order: ClassVar[int] = 20

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Receive"]) -> Sequence[Received]:
        """Fold the life of every invitation over the events, in the order of their arrival."""
        return _Fold(unit, operations).run()

    def ids_wanted(self) -> int:
        """A tap may need ids for a vote, changes, jobs and events, and bring a few held texts with it."""
        ending = sum(isinstance(event, Refused) or _is_never(event) for event in self.happenings)
        return 24 * len(self.happenings) + IDS_TO_CANCEL * ending + 8


class _Fold:
    def __init__(self, unit: Unit, operations: Sequence[Receive]) -> None:
        self.unit = unit
        self.operations = operations
        self.invitations = Invitations(unit)
        self.wishes = Wishes(unit)
        self.seen: list[Row] = []
        self.unreadable: list[Row] = []
        self.surveys: dict[str, Survey] | None = None
        self.texts: dict[tuple[Any, ...], str] = {}

    def run(self) -> list[Received]:
        everything = [(operation, event) for operation in self.operations for event in operation.happenings]
        self._move_positions()
        self.named = self._named(everything)
        concerned = [self._key(operation, event) for operation, event in everything if _needs_address(event)]
        tapping = [(operation.account, event.sender) for operation, event in everything if isinstance(event, Tapped)]
        self.addresses = Addresses(self.unit, concerned)
        self._load(everything, concerned)
        self.known = self._known((operation.account, event.event_id) for operation, event in everything)
        self.words = Words(self.unit, self.invitations, self.addresses, [*concerned, *tapping])
        results = []
        for operation in self.operations:
            waiting: list[Acknowledgment] = []
            outcomes = [self._receive(operation, event, waiting) for event in operation.happenings]
            results.append(Received(tuple(outcomes), tuple(waiting)))
        self._store()
        return results

    def _load(self, everything: Sequence[tuple[Receive, Happening]], concerned: Sequence[Key]) -> None:
        wanted = {
            event.invitation_id
            for _, event in everything
            if isinstance(event, Tapped | Pressed | Wrote | Delivered | Refused) and event.invitation_id is not None
        }
        replies = [event.reply_to for _, event in everything if isinstance(event, Wrote) and event.reply_to]
        for account, senders in by_account(concerned).items():
            wanted.update(self.invitations.of_addresses(account, senders, replies))
        # All at once, in the order of their ids: whoever locked some more later would deadlock with who has those.
        ended = [event.invitation_id for _, event in everything if isinstance(event, Pressed) and _is_never(event)]
        theirs = customers_of(self.unit, (number for number in ended if number is not None))
        wanted.update(open_of_customers(self.unit, theirs))
        self.invitations.load(wanted)

    def _named(self, everything: Sequence[tuple[Receive, Happening]]) -> dict[int, Key]:
        """Return the (account, address) of the invitations that messages name themselves."""
        ids = sorted({number for _, event in everything if (number := _names(event)) is not None})
        if not ids:
            return {}
        return {row.id: (row.account, row.address) for row in self.unit.rows(_NAMED, {"ids": ids})}

    def _key(self, operation: Receive, event: Happening) -> Key:
        """Return the address that an event concerns: its sender's, or that of the invitation that it names."""
        number = _names(event)
        return (
            self.named.get(number, (operation.account, event.sender))
            if number is not None
            else (
                operation.account,
                event.sender,
            )
        )

    def _known(self, events: Iterable[Key]) -> set[Key]:
        """Return which events were received before. Read after the locks, so that a race has been decided by now."""
        known: set[Key] = set()
        for account, event_ids in by_account(events).items():
            rows = self.unit.fetch(_SEEN, {"account": account, "event_ids": event_ids})
            known.update((account, row[0]) for row in rows)
        return known

    def _move_positions(self) -> None:
        """Store how far polling has come. Before all else: accounts are locked before addresses, those before invitations."""
        positions = {each.account: each.position for each in self.operations if each.position is not None}
        rows = [
            {"account": account, "position": positions[account], "paused_until": 0, "next_send_at": 0}
            for account in sorted(positions)
        ]
        self.unit.upsert(accounts, rows, keep=("paused_until", "next_send_at"))

    def _receive(self, operation: Receive, event: Happening, waiting: list[Acknowledgment]) -> str:
        key = (operation.account, event.event_id)
        if key in self.known:
            # A redelivery: the platform did not read our 200. Its tap may still wait for an acknowledgment.
            if isinstance(event, Tapped | Pressed):
                waiting.append(Acknowledgment(event.tap, "", event.invitation_id, None))
            return "duplicate"
        self.known.add(key)
        outcome = self._carry_out(operation, event, waiting)
        self.seen.append({"account": key[0], "event_id": key[1], "at": self.unit.now, "outcome": outcome})
        return outcome

    def _carry_out(self, operation: Receive, event: Happening, waiting: list[Acknowledgment]) -> str:
        account = operation.account
        match event:
            case Tapped() | Pressed():
                return self._tap(operation, event, waiting)
            case Wrote():
                return self.words.wrote(*self._key(operation, event), event, answers=operation.answers)
            case Refused():
                return self._refuse(self._key(operation, event), asked=event.asked)
            case Allowed():
                return self._allow(operation, event)
            case Delivered():
                return self._delivered(operation.account, self._key(operation, event), event)
            case Unreadable(event_id=event_id, error=error, raw=raw):
                row = {"account": account, "event_id": event_id, "at": self.unit.now, "error": error, "raw": raw}
                self.unreadable.append(row)
                return "unreadable"
            case Other():
                if event.tap:
                    waiting.append(Acknowledgment(event.tap, "", None, None))
                return Outcome.IGNORED.value
            case _:
                raise TypeError(f"no such happening: {type(event).__name__}")

    def _tap(self, operation: Receive, event: Tapped | Pressed, waiting: list[Acknowledgment]) -> str:
        account = operation.account
        if event.client is not None:
            self.addresses.heard((account, event.sender), event.client)
        if event.invitation_id == TEST_INVITATION:
            return self._test_tapped(operation, event, waiting)
        loaded = self.invitations.loaded.get(event.invitation_id) if event.invitation_id is not None else None
        if loaded is None or loaded.key != (account, event.sender):
            # The token is unknown, or somebody else's: anyone in a group can tap, and a modified client sends anything.
            waiting.append(Acknowledgment(event.tap, "", None, None))
            return "forged" if loaded is None else "wrong_sender"
        if loaded.invitation.external_id is None and event.prompt_id is not None:
            # The tap overtook its own Sent: the message it was tapped on is the prompt.
            loaded.invitation = loaded.invitation._replace(external_id=event.prompt_id)
        before_first = loaded.invitation.value is None
        step = self._step(loaded, event)
        self.invitations.take(loaded, step, by="customer", event_id=event.event_id, source="tap", tap=event.tap)
        if isinstance(event, Pressed) and event.action == "never":
            self._never(loaded)
        if not event.tap and operation.answers and step.outcome in _TOLD:
            # Nothing waits for an acknowledgment here: what it would say is a message of its own.
            self._notice(account, event.sender, step.acknowledge)
        if before_first and loaded.invitation.value is not None:
            self.words.join_held(account, event.sender, loaded)
        revision = step.invitation.revision
        job_id = self.invitations.job_id(loaded.invitation.id, revision, JobKind.ACKNOWLEDGE)
        waiting.append(Acknowledgment(event.tap, self._words(loaded, step.acknowledge), loaded.invitation.id, job_id))
        return step.outcome.value

    def _test_tapped(self, operation: Receive, event: Tapped | Pressed, waiting: list[Acknowledgment]) -> str:
        """A tap on a test message counts nowhere. Whoever tapped is told so, in the first survey's own language."""
        if event.tap:
            surveys = load_surveys(self.unit.connection)
            words = min(surveys, key=lambda survey: (survey.position, survey.id), default=DEFAULT_SURVEY)
            text = acknowledgment(words, words.scale, None, "test", None)
            waiting.append(Acknowledgment(event.tap, text, None, None))
        elif operation.answers:
            self.invitations.add_job(notice_row(self.unit, operation.account, event.sender, "test", language=None))
        return "test"

    def _step(self, loaded: Loaded, event: Tapped | Pressed) -> Step:
        invitation, now = loaded.invitation, self.unit.now
        if isinstance(event, Tapped):
            return voted(invitation, event.value, now)
        match event.action:
            case "change":
                return change_pressed(invitation, now)
            case "comment":
                return comment_pressed(invitation, now)
            case _:
                return skip_pressed(invitation, now)

    def _words(self, loaded: Loaded, key: str) -> str:
        """Return what a tap is answered with. A batch of taps asks for the same few texts over and over."""
        row, value = loaded.row, loaded.invitation.value
        same = (row.survey_id, row.survey_version, row.language, value, key)
        if same not in self.texts:
            if self.surveys is None:
                self.surveys = {survey.id: survey for survey in load_surveys(self.unit.connection)}
            words = self.surveys.get(row.survey_id, loaded.survey)
            self.texts[same] = acknowledgment(words, loaded.survey.scale, value, key, row.language)
        return self.texts[same]

    def _never(self, loaded: Loaded) -> None:
        """Ask this customer no more: here, or everywhere, as the survey has it."""
        self._refuse(loaded.key, asked=True)
        if loaded.survey.opt_out == "everywhere" and loaded.row.customer:
            self.wishes.keep(loaded.row.customer, opted_out_at=self.unit.now)
            cancel_asking(self.invitations, of_customer(self.invitations, loaded.row.customer))

    def _refuse(self, key: Key, *, asked: bool) -> str:
        account, address = key
        if not asked:
            self.addresses.lost(key, "blocked")
            return Outcome.ACTED.value
        if not self.addresses.refuse(key):
            return Outcome.REPEATED.value
        for loaded in self.invitations.by_address.get(key, ()):
            self.invitations.take(loaded, opted_out(loaded.invitation), by="customer")
        self._notice(account, address, "opted_out")
        return Outcome.ACTED.value

    def _allow(self, operation: Receive, event: Allowed) -> str:
        key = operation.account, event.sender
        was_out = self.addresses.allow(key, asked=event.asked)
        if event.client is not None:
            self.addresses.heard(key, event.client)
        if event.asked:
            drop_wish(self.unit, key)
            was_out = self.wishes.ask_again(operation.account, event.sender) or was_out
        if event.asked and operation.answers:
            self._notice(operation.account, event.sender, "opted_in" if was_out else "welcome")
        return Outcome.ACTED.value

    def _delivered(self, account: str, key: Key, event: Delivered) -> str:
        if account != key[0]:
            # It names an invitation that is asked elsewhere by now: the message at its first address is nobody's any more.
            return Outcome.IGNORED.value
        outcome = report(
            self.unit,
            self.invitations,
            self.addresses,
            key,
            event.external_id,
            event.delivery,
            gone=event.gone,
            named=event.invitation_id,
        )
        return outcome.value

    def _notice(self, account: str, address: str, text: str) -> None:
        language = self.words.language(account, address)
        self.invitations.add_job(notice_row(self.unit, account, address, text, language=language))

    def _store(self) -> None:
        unit = self.unit
        unit.insert(inbound_events, self.seen)
        unit.insert(unreadable_events, self.unreadable)
        self.addresses.store()
        self.invitations.store()
        self.words.store()
        self.wishes.store()


def _is_never(event: Happening) -> bool:
    return isinstance(event, Pressed) and event.action == "never"


def _names(event: Happening) -> int | None:
    """Return the invitation that a message names itself, whoever sent it."""
    return event.invitation_id if isinstance(event, Wrote | Delivered | Refused) else None


def _needs_address(event: Happening) -> bool:
    """True for what concerns an address as a whole; a tap concerns its invitation alone, and is the hot path.

    Where a tap tells of the app that it came from, the platform made a message of it, and the address has been heard.
    """
    return event.client is not None or isinstance(event, Wrote | Refused | Allowed | Delivered) or _is_never(event)
