"""A desk as the store's tests see it: tickets that write back, and a worker that is driven by hand."""

from dataclasses import dataclass, field
from typing import Any

from ratings.store.closings import DeskReport, Installation
from ratings.store.desk_results import FinishDesk, NotDone, TicketWritten
from ratings.store.desk_writes import ClaimDesk, DeskClaims, DeskWrite
from ratings.store.earlier import Decided
from ratings.store.rating_edits import EditRating
from ratings.store.results import Failed
from ratings.store.schema import desk_results, jobs
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import parse_survey
from ratings.ticket import parse_ticket
from ratings.times import MINUTE, SECOND
from tests.conftest import Clock
from tests.store.world import World

__all__ = ["DESK", "DeskOffice", "NotDone"]

DESK = "pyrus.main"
DELAY = 60 * SECOND
OUTCOMES = {"write": ["score", "comment"], "tag_below": 3, "close_lapsed": True}


@dataclass
class DeskOffice:
    """One desk, its tickets and its worker."""

    world: World
    clock: Clock
    written: list[DeskWrite] = field(default_factory=list)

    def survey(self, **changes: Any) -> None:
        """Save a new version of the only survey."""
        (survey,) = self.world.store.read_now(load_surveys)
        self.world.store.writer.do_now(SaveSurvey(parse_survey(changes, base=survey), None, "test"))

    def asked(self, ticket_id: str = "T-1", **more: Any) -> int:
        """Close a ticket of the desk and send its prompt."""
        decided = self._close(ticket_id, **more)
        assert decided.decision == "ask"
        self.world.work()
        return decided.invitation_id

    def closed(self, ticket_id: str) -> tuple[int, bool]:
        """Report that a ticket was closed; return the invitation, and whether it is a new one."""
        decided = self._close(ticket_id)
        return decided.invitation_id, decided.new

    def _close(self, ticket_id: str, **more: Any) -> Decided:
        data = self.world.ticket(ticket_id, desk=DESK, **more)
        installation = Installation(writing=frozenset({DESK}))
        report = DeskReport(parse_ticket(data, now=self.clock.now), self.world.accounts, installation=installation)
        decided = self.world.store.writer.do_now(report)
        assert isinstance(decided, Decided)
        return decided

    def edit(self, number: int, value: int) -> str:
        """Correct a rating as staff."""
        return self.world.store.writer.do_now(EditRating(number, value, "maria", "she told me on the phone")).value

    def look(self, *, per_second: float = 1000, lease: int = MINUTE) -> DeskClaims:
        """Claim once."""
        return self.world.store.writer.do_now(ClaimDesk(DESK, 100, per_second, lease, DELAY))

    def claim(self) -> DeskWrite:
        """Claim the only write that is due."""
        (write,) = self.look().jobs
        return write

    def finish(self, write: DeskWrite, *refused: NotDone, failed: Failed | None = None) -> None:
        """Say what came of it."""
        outcome = failed or TicketWritten(refused)
        self.world.store.writer.do_now(FinishDesk(write.job_id, write.attempt_id, write.wanted, outcome))

    def write(self) -> DeskWrite | None:
        """Let the delay pass and write what is due, successfully; return it."""
        self.clock.forward(DELAY)
        writes = self.look().jobs
        assert len(writes) <= 1
        for write in writes:
            self.finish(write)
        return writes[0] if writes else None

    def result(self, number: int) -> dict[str, Any]:
        """What the ticket has of us."""
        (row,) = self.world.rows(desk_results, invitation_id=number)
        return row

    def jobs(self, number: int) -> list[dict[str, Any]]:
        """The jobs that write about an invitation, the oldest first."""
        found = self.world.rows(jobs, invitation_id=number, kind="desk")
        return sorted(found, key=lambda job: job["revision"])
