"""Telling staff of bad ratings at a URL, signed by Standard Webhooks. Destinations of a channel are the outbox's.

A URL's secret is derived from the server's: `GET /api/v1/alerts/secret` shows it to admins, and nothing is stored. What a
receiver does not take is tried again as the outbox tries everything; it can get an alert twice, with the same `webhook-id`.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence

import msgspec
import structlog

from bot.event_delivery import TIMEOUT_SECONDS, EventSender
from bot.wake import Wake
from bot.workers import LEASE_MARGIN, Work, Workers
from ratings.alerting import BadRating
from ratings.deliveries import Reply, SigningSecret, said
from ratings.store.alerts import ALERT_HOOKS
from ratings.store.claims import Claim, Claimed
from ratings.store.results import Done, Failed, Finish
from ratings.store.writer import Writer
from ratings.times import DAY, MINUTE, SECOND, Instant, format_instant

MAX_POSTED = 100
"""Ratings that one webhook shows; it counts the rest."""

_PER_SECOND = 20.0
_LEASE = int(TIMEOUT_SECONDS * SECOND) + LEASE_MARGIN
_GONE = 410
_log = structlog.get_logger("tapfive.alerts")


def hook_secret(server_secret: bytes, url: str) -> str:
    """Return the secret that signs what goes to a URL, as Standard Webhooks writes it."""
    key = hmac.digest(server_secret, b"tapfive alert " + url.encode(), hashlib.sha256)
    return f"whsec_{base64.b64encode(key).decode()}"


def alert_body(job: Claimed, now: Instant) -> bytes:
    """Return what is posted: the ratings as `GET /api/v1/ratings` would name their parts, the worst first."""
    assert job.alert is not None
    ratings = job.alert.ratings
    data = {"ratings": [_rating(each) for each in ratings[:MAX_POSTED]], "more": max(0, len(ratings) - MAX_POSTED)}
    return msgspec.json.encode({"type": "rating.alert", "timestamp": format_instant(now), "data": data})


def _rating(rating: BadRating) -> dict[str, object]:
    return {
        "id": rating.invitation_id,
        "reasons": list(rating.reasons),
        "value": rating.value,
        "scale": rating.scale.name,
        "comment": rating.comment or None,
        "rated_at": format_instant(rating.rated_at),
        "survey": rating.survey,
        "channel": rating.channel,
        "agent": rating.agent or None,
        "ticket": {
            "desk": rating.desk,
            "id": rating.ticket_id,
            "url": rating.ticket_url or None,
            "subject": rating.subject or None,
        },
    }


class AlertHooks(Workers):
    """The worker that posts alerts. Several processes may run it."""

    def __init__(
        self, writer: Writer, sender: EventSender, secrets: Sequence[bytes], wake: Wake, clock: Callable[[], Instant]
    ) -> None:
        super().__init__(writer, [_Posting(sender, secrets, clock)], wake, clock)


class _Posting(Work):
    """What is told by posting it."""

    account = ALERT_HOOKS

    def __init__(self, sender: EventSender, secrets: Sequence[bytes], clock: Callable[[], Instant]) -> None:
        self._sender = sender
        self._secrets = secrets
        self._clock = clock

    def claim(self, most: int) -> Claim:
        """Claim what may be posted now."""
        return Claim(ALERT_HOOKS, most, _PER_SECOND, 1.0, _LEASE, idempotent=True, acknowledge_within=None)

    async def carry_out(self, job: Claimed) -> Finish:
        """Post one alert."""
        started_at = self._clock()
        secrets = [SigningSecret(hook_secret(secret, job.address)) for secret in self._secrets]
        message_id = f"alert_{job.job_id}_{job.created_at}"
        try:
            reply = await self._sender.send(job.address, secrets, message_id, alert_body(job, started_at))
            outcome = _outcome(reply, started_at - job.created_at)
        except Exception as error:  # noqa: BLE001 - a defect must not keep others' alerts
            outcome = Failed("internal", again=True, text=f"internal error: {type(error).__name__}")
        if isinstance(outcome, Failed):
            _log.warning("an alert was not taken", job_id=job.job_id, code=outcome.code, status=outcome.platform_code)
        return Finish(job.job_id, job.attempt_id, outcome, started_at, idempotent=True, ended_at=self._clock())


def _outcome(reply: Reply, age: int) -> Done | Failed:
    """Return what an answer means for the job. A receiver that asks for time gets it, for a day."""
    if reply.ok:
        return Done()
    status = "" if reply.status is None else str(reply.status)
    if reply.retry_after is not None and age < DAY:
        wait = min(max(reply.retry_after, SECOND), 60 * MINUTE)
        return Failed("throttled", True, said(reply), status, retry_after=wait, scope="recipient")
    code = "unreachable" if reply.status is None else "rejected"
    return Failed(code, reply.status != _GONE, said(reply), status)
