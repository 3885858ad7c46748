"""What ratings do to tickets: claimed desk by desk, written by their adapters, with what came of it recorded."""

from collections.abc import Callable, Mapping

import structlog

from bot.acts import failed
from bot.metrics import Metrics
from bot.restarts import told
from bot.wake import Wake
from bot.workers import LEASE_MARGIN, Work, Workers
from desks.base import Desk, Result, Verb
from net.errors import DeliveryError
from ratings.builtin_texts import NOTES
from ratings.store.desk_results import UNSUPPORTED, FinishDesk, NotDone, TicketWritten
from ratings.store.desk_writes import ClaimDesk, DeskWrite
from ratings.store.loading import desk_account
from ratings.store.results import OUTCOME_UNKNOWN, Failed
from ratings.store.writer import Writer
from ratings.texts import pick_language, render
from ratings.times import SECOND, Duration, Instant

REQUESTS = 6
"""Requests that one write may make one after another, each with the desk's timeout: look, write, close, tag, and a new token."""

_log = structlog.get_logger("tapfive.desks")


class DeskOutbox(Workers):
    """A worker a desk. `outcome_delay` in milliseconds."""

    def __init__(
        self,
        writer: Writer,
        desks: Mapping[str, Desk],
        wake: Wake,
        metrics: Metrics,
        clock: Callable[[], Instant],
        outcome_delay: Duration,
    ) -> None:
        works = [_Writing(desk, metrics, outcome_delay) for desk in desks.values()]
        super().__init__(writer, works, wake, clock)


class _Writing(Work):
    """What one desk is to be told."""

    def __init__(self, desk: Desk, metrics: Metrics, outcome_delay: Duration) -> None:
        self.account = desk_account(desk.name)
        self._desk = desk
        self._metrics = metrics
        self._outcome_delay = outcome_delay

    def claim(self, most: int) -> ClaimDesk:
        """Claim what the desk's pace allows."""
        config = self._desk.config
        lease = int(REQUESTS * config.timeout * SECOND) + LEASE_MARGIN
        return ClaimDesk(self._desk.name, most, config.per_second, lease, self._outcome_delay)

    async def carry_out(self, job: DeskWrite) -> FinishDesk:
        """Write it to the ticket."""
        with self._metrics.send_seconds.labels(self.account).time():
            outcome = await self._attempt(job)
        result = outcome.code if isinstance(outcome, Failed) else "refused" if outcome.refused else "done"
        self._metrics.sends.labels(self.account, "desk", result).inc()
        return FinishDesk(job.job_id, job.attempt_id, job.wanted, outcome)

    async def _attempt(self, job: DeskWrite) -> TicketWritten | Failed:
        desk = self._desk
        unable = sorted(verb for verb in job.wanted.verbs if not desk.capabilities.can(Verb(verb)))
        try:
            result = result_of(job, frozenset(unable))
            refused = (await desk.write(result)).refused if result.verbs else ()
        except DeliveryError as error:
            _log.info(
                "a result was not written",
                desk=desk.name,
                job_id=job.job_id,
                code=error.code,
                platform_code=error.platform_code,
            )
            return failed(error)
        except Exception as error:  # noqa: BLE001 - an adapter's defect must not end its desk's worker
            _log.error("an adapter failed", desk=desk.name, job_id=job.job_id, **told(error))
            return Failed(OUTCOME_UNKNOWN, again=False, text=f"internal error: {type(error).__name__}")
        for one in refused:
            _log.warning("the desk refused", desk=desk.name, job_id=job.job_id, verb=one.verb.value, code=one.code)
        # There is no survey to keep back where the desk has none.
        cannot = (NotDone(verb, UNSUPPORTED, f"{desk.title} cannot do this") for verb in unable if verb != _NATIVE)
        return TicketWritten((*(NotDone(one.verb.value, one.code, one.text) for one in refused), *cannot))


_NATIVE = Verb.SUPPRESS_NATIVE.value


def result_of(job: DeskWrite, without: frozenset[str] = frozenset()) -> Result:
    """Return what the desk is told, but for the verbs that it cannot do."""
    wanted = job.wanted
    verbs = frozenset(Verb(verb) for verb in wanted.verbs - without)
    return Result(
        key=job.key,
        ticket_id=job.ticket_id,
        verbs=verbs,
        value=wanted.value,
        symbol=job.symbol,
        label=job.label,
        scale=job.scale,
        comment=wanted.comment,
        rated_at=wanted.rated_at,
        tag=wanted.tag,
        untag=wanted.untag,
        note=_note(job) if Verb.NOTE in verbs else "",
        ticket=job.ticket,
    )


def _note(job: DeskWrite) -> str:
    """Return what staff reads on the ticket: the rating, and below it the customer's words as they are."""
    words = NOTES[pick_language(job.language, NOTES, "en")]
    values = {"value": str(job.wanted.value), "symbol": job.symbol, "label": job.label}
    return "\n".join(part for part in (render(words, values), job.wanted.comment) if part)
