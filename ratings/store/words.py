"""Customers' words: bound to an invitation, held until their tap comes, or not ours."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import bindparam, delete, select

from ratings.binding import HOLD, Comment, Hold, TypedValue, bind
from ratings.lifecycle import Outcome, commented, voted
from ratings.replies import read_reply
from ratings.store.addresses import Addresses, Key, by_account
from ratings.store.driver import one_of
from ratings.store.loading import Invitations, Loaded
from ratings.store.rows import notice_row
from ratings.store.schema import comments, held_texts
from ratings.store.unit import Row, Unit

MAX_COMMENT = 20_000
"""Characters of all comments of one rating together; what is longer is no comment any more."""

NOT_OURS = "not_ours"
UNCLEAR = "unclear"
HELD = "held"


_HELD_KEY = ("account", "address", "message_id")
_HELD = (
    select(held_texts)
    .where(
        held_texts.c.account == bindparam("account"),
        one_of(held_texts.c.address, "senders"),
        held_texts.c.until > bindparam("now"),
    )
    .order_by(held_texts.c.at, held_texts.c.id)
)
_PARTS = (
    select(comments)
    .where(comments.c.invitation_id.in_(bindparam("ids", expanding=True)))
    .order_by(comments.c.at, comments.c.id)
)
_FORGET_HELD = delete(held_texts).where(*(held_texts.c[name] == bindparam(f"of_{name}") for name in _HELD_KEY))


def _other_sender(asked: str, event: "Written") -> str | None:
    """Return who wrote, where it was somebody else than who was asked."""
    return event.sender if event.sender != asked else None


class Written(Protocol):
    """A message of a customer."""

    @property
    def event_id(self) -> str: ...  # noqa: D102 - as its class says
    @property
    def message_id(self) -> str: ...  # noqa: D102 - as its class says
    @property
    def text(self) -> str: ...  # noqa: D102 - as its class says
    @property
    def reply_to(self) -> str | None: ...  # noqa: D102 - as its class says
    @property
    def edited(self) -> bool: ...  # noqa: D102 - as its class says
    @property
    def client(self) -> str | None: ...  # noqa: D102 - as its class says
    @property
    def invitation_id(self) -> int | None: ...  # noqa: D102 - as its class says
    @property
    def sender(self) -> str: ...  # noqa: D102 - as its class says


class Words:
    """The words of a batch: what is held for its senders, what it binds, what it holds anew."""

    def __init__(self, unit: Unit, known: Invitations, addresses: Addresses, senders: Sequence[Key]) -> None:
        self._unit = unit
        self._invitations = known
        self._addresses = addresses
        self._held: dict[Key, dict[str, Row]] = {}
        self._new_held: list[Row] = []
        self._joined_held: list[Row] = []
        self._parts: dict[int, dict[str, str]] = {}
        self._changed_parts: list[Row] = []
        for account, theirs in by_account(senders).items():
            for row in unit.fetch(_HELD, {"account": account, "senders": theirs, "now": unit.now}):
                self._held.setdefault((account, row.address), {})[row.message_id] = row._asdict()
        # Only who writes, or has something held, can get another part of a comment in this batch.
        writing = {*self._held, *addresses.keys()}
        numbers = [each.invitation.id for key in writing for each in known.by_address.get(key, ())]
        if numbers:
            for row in unit.rows(_PARTS, {"ids": numbers}):
                self._parts.setdefault(row.invitation_id, {})[row.message_id] = row.text

    def language(self, account: str, address: str) -> str | None:
        """Return the language in which an address was last asked, if it was in this batch's sight."""
        theirs = self._invitations.newest_first((account, address))
        return theirs[0].row.language if theirs else None

    def wrote(self, account: str, sender: str, event: Written, *, answers: bool) -> str:
        """Receive a text of the address (account, sender); return what became of it. `answers`: nobody else reads this account.

        A mail names its invitation and can come from anybody: then the address is the one that was asked.
        """
        self._addresses.heard((account, sender), event.client)
        if event.edited:
            return self._edited(account, sender, event)
        theirs = self._invitations.newest_first((account, sender))
        asked = [loaded.invitation for loaded in theirs if loaded.row.decision == "ask"]
        scales = {loaded.invitation.id: (loaded.survey.scale, loaded.row.language) for loaded in theirs}
        binding = bind(
            asked,
            newest_ticket=theirs[0].invitation.id if theirs else None,
            answered=event.invitation_id,
            reply_to=event.reply_to,
            read=lambda invitation: read_reply(event.text, *scales[invitation.id]),
            now=self._unit.now,
        )
        match binding:
            case Comment(invitation=invitation) if not event.text:
                # A photo or a voice message where words were awaited: the words are still awaited.
                if answers:
                    self._notice(account, sender, "words_only")
                return Outcome.IGNORED.value
            case Comment(invitation=invitation, unclear=unclear) if (
                len(invitation.comment) + len(event.text) < MAX_COMMENT
            ):
                # Once a day: what answers mail by itself must not keep us answering.
                if unclear and answers and self._addresses.may_be_polite((account, sender)):
                    self._notice(account, sender, UNCLEAR)
                return self._join(invitation.id, event.message_id, event.text, _other_sender(sender, event))
            case TypedValue(invitation=invitation, value=value, comment=comment):
                loaded = self._invitations.loaded[invitation.id]
                step = voted(loaded.invitation, value, self._unit.now)
                self._invitations.take(loaded, step, by="customer", event_id=event.event_id, source="typed")
                if step.outcome is Outcome.RATED:
                    self.join_held(account, sender, loaded)
                if comment and len(loaded.invitation.comment) + len(comment) < MAX_COMMENT:
                    self._join(invitation.id, event.message_id, comment, _other_sender(sender, event))
                return step.outcome.value
            case Hold(unclear=unclear) if event.text:
                self._hold(account, sender, event, UNCLEAR if unclear else NOT_OURS, answers=answers)
                return HELD
            case _:
                if answers and self._addresses.may_be_polite((account, sender)):
                    self._notice(account, sender, NOT_OURS)
                return NOT_OURS

    def join_held(self, account: str, sender: str, loaded: Loaded) -> None:
        """Make the texts that waited for this vote its comment."""
        for message_id, row in self._held.pop((account, sender), {}).items():
            self._join(loaded.invitation.id, message_id, row["text"])
            self._joined_held.append({f"of_{name}": row[name] for name in _HELD_KEY})
            if row in self._new_held:
                self._new_held.remove(row)

    def store(self) -> None:
        """Write what was bound and what is held."""
        self._unit.many(_FORGET_HELD, self._joined_held)
        parts = {(row["invitation_id"], row["message_id"]): row for row in self._changed_parts}
        self._unit.upsert(comments, list(parts.values()), keep=("id", "at"))
        self._unit.upsert(held_texts, self._new_held, keep=("id", "at"))

    def _join(self, number: int, message_id: str, text: str, sender: str | None = None) -> str:
        loaded = self._invitations.loaded[number]
        parts = self._parts.setdefault(number, {})
        parts[message_id] = text
        self._changed_parts.append(
            {
                "invitation_id": number,
                "message_id": message_id,
                "id": self._unit.next_id(),
                "at": self._unit.now,
                "text": text,
                "sender": sender,
            }
        )
        step = commented(loaded.invitation, "\n".join(parts.values()), self._unit.now)
        self._invitations.take(loaded, step, by="customer")
        return step.outcome.value

    def _edited(self, account: str, sender: str, event: Written) -> str:
        for loaded in self._invitations.newest_first((account, sender)):
            if event.text and event.message_id in self._parts.get(loaded.invitation.id, ()):
                return self._join(loaded.invitation.id, event.message_id, event.text)
        held = self._held.get((account, sender), {}).get(event.message_id)
        if held is not None and event.text:
            held["text"] = event.text
            if held not in self._new_held:
                self._new_held.append(held)
            return HELD
        return Outcome.IGNORED.value

    def _hold(self, account: str, sender: str, event: Written, told: str, *, answers: bool) -> None:
        until = self._unit.now + HOLD
        row = {
            "account": account,
            "address": sender,
            "message_id": event.message_id,
            "id": self._unit.next_id(),
            "text": event.text,
            "at": self._unit.now,
            "until": until,
        }
        self._held.setdefault((account, sender), {})[event.message_id] = row
        self._new_held.append(row)
        if answers:
            # When its tap does not come, the text was not for us, and its writer has to hear where to go.
            self._notice(account, sender, told, due_at=until, held=event.message_id)

    def _notice(
        self, account: str, address: str, text: str, *, due_at: int | None = None, held: str | None = None
    ) -> None:
        row = notice_row(
            self._unit, account, address, text, language=self.language(account, address), due_at=due_at, held=held
        )
        self._invitations.add_job(row)
