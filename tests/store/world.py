"""The few lines that every test of the store needs: close a ticket, tap, run the outbox by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, select

from ratings.store.claims import Claim, Claimed
from ratings.store.closings import DeskReport, ReopenedResult
from ratings.store.earlier import Decided
from ratings.store.events import NumberEvents
from ratings.store.inbound import Happening, Pressed, Receive, Received, Tapped, Wrote
from ratings.store.lapses import RunLapses
from ratings.store.results import Done, Failed, Finish
from ratings.store.store import Store
from ratings.ticket import parse_reopened, parse_ticket
from ratings.times import HOUR, SECOND, Instant, format_instant

ACCOUNT = "telegram.support"
ANN = "555001"


@dataclass
class World:
    """A store, a clock, and short ways to make things happen."""

    store: Store
    clock: Callable[[], Instant]
    accounts: frozenset[str] = frozenset({ACCOUNT})
    _events: int = 0
    sent: list[Claimed] = field(default_factory=list)

    def ticket(self, ticket_id: str = "T-1", **more: Any) -> dict[str, Any]:
        """A ticket that Ann's messenger can be asked about, closed a minute before now."""
        return {
            "id": ticket_id,
            "closed_at": format_instant(self.clock() - 60 * SECOND),
            "subject": "Printer",
            "address": {"channel": ACCOUNT, "id": ANN},
            **more,
        }

    def close(self, ticket_id: str = "T-1", **more: Any) -> Decided:
        """Report a closing."""
        ticket = parse_ticket(self.ticket(ticket_id, **more), now=self.clock())
        decided = self.store.writer.do_now(DeskReport(ticket, self.accounts))
        assert isinstance(decided, Decided)
        return decided

    def reopen(self, ticket_id: str = "T-1", at: Instant | None = None, **more: Any) -> int:
        """Report a reopen; return how many invitations it cancelled."""
        data = {**more, "id": ticket_id, "reopened_at": format_instant(at if at is not None else self.clock())}
        result = self.store.writer.do_now(DeskReport(parse_reopened(data, self.clock()), self.accounts))
        assert isinstance(result, ReopenedResult)
        return result.cancelled

    def reopen_of(self, desk: str, ticket_id: str) -> int:
        """Report a reopen of a desk's ticket; return how many invitations it cancelled."""
        data = {"id": ticket_id, "desk": desk, "reopened_at": format_instant(self.clock())}
        result = self.store.writer.do_now(DeskReport(parse_reopened(data, self.clock()), self.accounts))
        assert isinstance(result, ReopenedResult)
        return result.cancelled

    def receive(self, *happenings: Happening, answers: bool = True, position: str | None = None) -> Received:
        """Receive events of the account in one request."""
        return self.store.writer.do_now(Receive(ACCOUNT, happenings, answers, position))

    def tapped(
        self, invitation_id: int | None, value: int, *, sender: str = ANN, event_id: str = "", **more: Any
    ) -> Tapped:
        """A tap, as an event that was not seen before."""
        event_id = event_id or self._event()
        return Tapped(
            event_id=event_id, sender=sender, invitation_id=invitation_id, value=value, tap=f"tap-{event_id}", **more
        )

    def pressed(self, invitation_id: int, action: str) -> Pressed:
        """A press of an action."""
        event_id = self._event()
        return Pressed(event_id=event_id, sender=ANN, invitation_id=invitation_id, action=action, tap=f"tap-{event_id}")

    def wrote(self, text: str, *, reply_to: str | None = None, edited: bool = False, message_id: str = "") -> Wrote:
        """A text, as an event that was not seen before."""
        event_id = self._event()
        message_id = message_id or f"m{event_id}"
        return Wrote(event_id=event_id, sender=ANN, message_id=message_id, text=text, reply_to=reply_to, edited=edited)

    def tap(self, invitation_id: int, value: int) -> str:
        """Tap; return what became of it."""
        return self.receive(self.tapped(invitation_id, value)).outcomes[0]

    def write(self, text: str, **more: Any) -> str:
        """Write; return what became of it."""
        return self.receive(self.wrote(text, **more)).outcomes[0]

    def claim(self, most: int = 100, *, account: str = ACCOUNT, per_second: float = 1000, **more: Any) -> list[Claimed]:
        """Claim what is due."""
        claim = Claim(
            account=account,
            most=most,
            per_second=per_second,
            per_recipient=more.get("per_recipient", 1e9),
            lease=more.get("lease", 60 * SECOND),
            idempotent=more.get("idempotent", False),
            acknowledge_within=more.get("acknowledge_within", 150 * SECOND),
            window=more.get("window"),
        )
        return list(self.store.writer.do_now(claim).jobs)

    def finish(self, job: Claimed, outcome: Done | Failed, *, idempotent: bool = False) -> None:
        """Record what came of a job."""
        finish = Finish(job.job_id, job.attempt_id, outcome, self.clock(), idempotent)
        self.store.writer.do_now(finish)

    def work(self) -> list[Claimed]:
        """Do what is due, successfully; return what was done."""
        done: list[Claimed] = []
        while claimed := self.claim():
            for job in claimed:
                needs_id = job.kind in {"prompt", "reminder", "notice"}
                self.finish(job, Done(external_id=f"message-{job.job_id}" if needs_id else None))
            done += claimed
        self.sent += done
        return done

    def asked(self, ticket_id: str = "T-1", **more: Any) -> int:
        """Close a ticket and send its prompt; return the invitation's id."""
        decided = self.close(ticket_id, **more)
        assert decided.decision == "ask"
        assert [job.invitation.id for job in self.work() if job.invitation] == [decided.invitation_id]
        return decided.invitation_id

    def lapse(self) -> int:
        """Run the jobs that talk to nobody."""
        return self.store.writer.do_now(RunLapses())

    def number(self) -> int:
        """Number the events."""
        return self.store.writer.do_now(NumberEvents())

    def rows(self, table: Table, **equal: Any) -> list[dict[str, Any]]:
        """Read a table's rows, by equal columns."""

        def query(connection: Connection) -> list[dict[str, Any]]:
            wanted = select(table).where(*(table.c[name] == value for name, value in equal.items()))
            return [dict(row) for row in connection.execute(wanted.order_by(*table.primary_key.columns)).mappings()]

        return self.store.read_now(query)

    def _event(self) -> str:
        self._events += 1
        return str(self._events)


YESTERDAY = 24 * HOUR
