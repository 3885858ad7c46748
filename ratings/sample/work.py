"""The jobs of a sample: those that the cleaning would still have kept, what failed and why, and what is yet to come. Pure."""

from random import Random

from ratings.sample.cast import CHANNELS, DESK
from ratings.sample.life import LAPSE_AFTER, SETTLE, Invited
from ratings.sample.portion import Portion
from ratings.times import DAY, MINUTE, SECOND, Duration, Instant

KEEP: Duration = 30 * DAY
"""As `ratings.store.cleaning`: what ended well is forgotten after so long; what failed stays until somebody looks."""

_DESK_FAILS, _RENDER_FAILS = 0.002, 0.001
_REFUSED = (
    ("rejected", "404", "the ticket does not exist any more"),
    ("rejected", "403", "the field “Оценка” cannot be written by this user"),
    ("misconfigured", "401", "the access key was refused"),
)
_PROMPT, _ANSWER = 2, 1


class Work:
    """Tells of jobs."""

    def __init__(self, chance: Random, portion: Portion, until: Instant) -> None:
        self.chance = chance
        self.portion = portion
        self.until = until

    def tell(self, it: Invited) -> None:
        """Tell of the jobs of an invitation that was decided to be asked."""
        account = CHANNELS[it.closing.channel].account
        if it.problem == "recipient_gone":
            code, text = CHANNELS[it.closing.channel].gone
            self._ended(it, "prompt", account, "failed", it.due_at, (it.problem, code, text))
        elif it.problem == "outcome_unknown":
            text = "the request was written, and no answer came in time"
            self._ended(it, "prompt", account, "unknown", it.due_at, (it.problem, "", text))
        elif it.due_at > self.until - KEEP:
            self._ended(it, "prompt", account, "done", it.due_at)
        if it.state == "asked":
            self._waiting(it)
        if it.rated_at is not None and it.state == "answered":
            self._answered(it, account, it.rated_at)

    def _answered(self, it: Invited, account: str, rated_at: Instant) -> None:
        drawn = self.chance.random()
        recent = rated_at > self.until - KEEP
        if drawn < _DESK_FAILS:
            problem = self.chance.choice(_REFUSED)
            self._ended(it, "desk", f"desk:{DESK}", "failed", rated_at + MINUTE, problem)
        elif recent:
            self._ended(it, "desk", f"desk:{DESK}", "done", rated_at + MINUTE)
        if drawn > 1 - _RENDER_FAILS:
            problem = ("rejected", "400", "the message cannot be edited any more")
            self._ended(it, "render", account, "failed", rated_at, problem)
        elif recent:
            self._ended(it, "render", account, "done", rated_at)

    def _ended(
        self,
        it: Invited,
        kind: str,
        account: str,
        state: str,
        due_at: Instant,
        problem: tuple[str, str, str] | None = None,
    ) -> None:
        number, attempt = it.next_id(), it.next_id()
        finished_at = due_at + int(self.chance.uniform(0.1, 0.9) * SECOND)
        result, code, text = problem or ("done", None, None)
        address = "" if kind == "desk" else it.closing.address
        lane = f"desk:{it.id}" if kind == "desk" else str(it.id)
        priority = _PROMPT if kind == "prompt" else _ANSWER
        self.portion.jobs.append(
            (
                *(number, kind, it.id, 0 if kind == "prompt" else it.revision, account, address, priority, state),
                *(due_at, lane, 1, attempt, due_at, finished_at, "", problem[0] if problem else None),
            )
        )
        self.portion.attempts.append((attempt, number, due_at, finished_at, result, code, text))

    def _waiting(self, it: Invited) -> None:
        """What the store itself is yet to do: end the time for an answer; decide about a vote that waits."""
        assert it.asked_at is not None
        address = it.closing.address
        self.portion.jobs.append(
            (
                *(it.next_id(), "lapse", it.id, 0, "", address, _ANSWER, "due", it.asked_at + LAPSE_AFTER),
                *(None, 0, None, it.asked_at, None, "", None),
            )
        )
        if it.waiting_vote is not None:
            self.portion.jobs.append(
                (
                    *(it.next_id(), "settle", it.id, it.revision, "", address, _ANSWER, "due", self.until + SETTLE),
                    *(None, 0, None, self.until, None, str(it.waiting_vote), None),
                )
            )
