"""Alerts in the store: bad ratings that somebody is to be told of, and the jobs that tell.

A rating that is to be told of is a row for each destination and reason, written with the rating itself. It waits out the change
of mind, the night and the destination's share of the hour; then one job tells of everything that waits and still is so. What
is said is read when the job runs: no words of customers stand in it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import groupby
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Insert, Integer, and_, bindparam, func, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ratings.alerting import BadRating, alert_reasons, may_tell, place_of, tell_from
from ratings.hours import hours_to_dict, read_hours, zone_named
from ratings.lifecycle import Invitation, JobKind
from ratings.store.rows import job_row
from ratings.store.schema import alerts, invitations, jobs, leases, ratings
from ratings.store.surveys import kept_version, load_surveys
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation
from ratings.survey import Survey
from ratings.times import HOUR, Duration, Instant
from ratings.votes import VoteState
from ratings.wanted import Drop, Go, Wait

ALERT_HOOKS = "alert:hooks"
"""The account of alerts that are posted to a URL: no kind of channel is called so."""

MAX_TOLD = 1_000
"""Ratings that one message tells of at the most; it shows the worst of them and counts the rest."""

MAX_MESSAGES = 500
"""Messages made in one transaction."""

_LEASE = "alerts"
_TO_THEIR_RATING = and_(ratings.c.id == alerts.c.invitation_id, ratings.c.state == VoteState.CONFIRMED.value)
_WAITING = (
    select(alerts.c.destination, alerts.c.survey_id)
    .where(alerts.c.said_at.is_(None), alerts.c.at <= bindparam("before"))
    .distinct()
    .order_by(alerts.c.destination, alerts.c.survey_id)
)
_WITH_RATINGS = select(
    alerts.c.id.label("alert_id"),
    alerts.c.reason.label("because"),
    alerts.c.said_by,
    invitations,
    ratings.c.value,
    ratings.c.comment.label("words"),
    ratings.c.rated_at,
).select_from(alerts.join(invitations, invitations.c.id == alerts.c.invitation_id).outerjoin(ratings, _TO_THEIR_RATING))
_TO_TELL = (
    _WITH_RATINGS.where(
        alerts.c.destination == bindparam("destination"),
        alerts.c.survey_id.in_(bindparam("surveys", expanding=True)),
        alerts.c.said_at.is_(None),
        alerts.c.at <= bindparam("before"),
    )
    .order_by(alerts.c.at, alerts.c.id)
    .limit(bindparam("most", type_=Integer))
)
# A row that a vote is about to touch comes with the next look: nobody waits here for whoever waits for us.
_LOCK_TO_TELL = _TO_TELL.with_for_update(of=alerts, key_share=True, skip_locked=True)
_OF_JOBS = _WITH_RATINGS.where(
    # The first two only find it by an index: a job tells one destination, and what was said then.
    alerts.c.destination.in_(bindparam("destinations", expanding=True)),
    alerts.c.said_at.in_(bindparam("instants", expanding=True)),
    alerts.c.said_by.in_(bindparam("ids", expanding=True)),
).order_by(alerts.c.said_by, ratings.c.value, invitations.c.id, alerts.c.id)
_TOLD_LATELY = select(func.count(alerts.c.said_by.distinct())).where(
    alerts.c.destination == bindparam("destination"), alerts.c.said_at > bindparam("since")
)
_LAST = (
    select(alerts.c.said_by)
    .where(alerts.c.destination == bindparam("destination"), alerts.c.said_by.is_not(None))
    .order_by(alerts.c.said_at.desc())
    .limit(1)
)
_ON_ITS_WAY = select(jobs.c.id).where(jobs.c.id == _LAST.scalar_subquery(), jobs.c.state.in_(("due", "leased")))
_SAY = (
    update(alerts)
    .where(alerts.c.id == bindparam("of"))
    .values(said_at=bindparam("said", type_=BigInteger), said_by=bindparam("job", type_=BigInteger))
)
_SETTLE = update(alerts).where(alerts.c.id == bindparam("of")).values(said_by=null())
"""What is not true when its message goes out is not told by it, and waits again once it is."""

_ITS_ROW = select(alerts.c.id).where(alerts.c.id == bindparam("of")).with_for_update(key_share=True, skip_locked=True)
_SETTLE_FREE = update(alerts).where(alerts.c.id.in_(_ITS_ROW)).values(said_by=null())


# --- written with the rating ---------------------------------------------------------------------------------------


def alert_rows(unit: Unit, survey: Survey, invitation: Invitation) -> list[Row]:
    """Return what is to be told of a rating as it is now, by the survey of its decision."""
    value = None if invitation.value is None else survey.scale.counted(invitation.value)
    return [
        {
            "invitation_id": invitation.id,
            "survey_id": survey.id,
            "destination": destination,
            "reason": reason,
            "at": unit.now,
        }
        for reason in alert_reasons(survey.alerts, value, invitation.comment)
        for destination in survey.alerts.to
    ]


def write_alerts(unit: Unit, rows: Sequence[Row]) -> None:
    """Write what `alert_rows` returned; what was told stays told, and what was dropped waits again."""
    unit.many(_INSERT_POSTGRESQL if unit.is_postgresql else _INSERT_SQLITE, rows)


def _insert(statement: Any) -> Insert:
    again = and_(alerts.c.said_at.is_not(None), alerts.c.said_by.is_(None))
    changed: Insert = statement.on_conflict_do_update(
        index_elements=[alerts.c.invitation_id, alerts.c.destination, alerts.c.reason],
        set_={"said_at": None, "at": statement.excluded.at},
        where=again,
    ).inline()
    return changed


_INSERT_POSTGRESQL = _insert(postgresql.insert(alerts))
_INSERT_SQLITE = _insert(sqlite.insert(alerts))


# --- told by and by ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SayAlerts(Operation[int]):
    """Make the jobs that tell of what waits, one a destination. Returns how many it made.

    `outcome_delay` as for every outcome; `timezone` of the installation, for surveys that name none; `accounts` are those
    configured: for the others alerts wait.
    """

    outcome_delay: Duration
    timezone: str
    accounts: frozenset[str]

    order: ClassVar[int] = 46

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SayAlerts"]) -> Sequence[int]:
        """Do it once, whoever asked."""
        return [_say(unit, operations[0])] * len(operations)

    def ids_wanted(self) -> int:
        """A job for each destination."""
        return MAX_MESSAGES


def _say(unit: Unit, wanted: SayAlerts) -> int:
    before = unit.now - wanted.outcome_delay
    waiting = unit.rows(_WAITING, {"before": before})
    if not waiting:
        return 0
    if unit.is_postgresql:
        _one_process_at_a_time(unit)
    newest = {survey.id: survey for survey in load_surveys(unit.connection)}
    made: list[Row] = []
    for destination, group in groupby(waiting, key=lambda row: str(row.destination)):
        asked = [newest[row.survey_id] for row in group if row.survey_id in newest]
        surveys = [survey for survey in asked if destination in survey.alerts.to]
        _forget(unit, destination, [survey.id for survey in asked if survey not in surveys], before)
        if len(made) < MAX_MESSAGES and _is_there(destination, wanted.accounts):
            made.extend(_tell(unit, destination, surveys, before, wanted.timezone))
    unit.insert(jobs, made)
    return len(made)


def _one_process_at_a_time(unit: Unit) -> None:
    """Until the COMMIT: two that counted the same hour at once would both tell."""
    unit.insert_missing(leases, [{"name": _LEASE, "owner": "", "until": 0}])
    unit.rows(unit.lock(select(leases.c.name).where(leases.c.name == _LEASE)))


def _forget(unit: Unit, destination: str, surveys: Sequence[str], before: Instant) -> None:
    """Drop what a destination is not told any more: the survey does not name it now."""
    if surveys:
        unit.many(_SAY, [_said(unit, row, None) for row in _rows(unit, destination, surveys, before)])


def _rows(unit: Unit, destination: str, surveys: Sequence[str], before: Instant) -> Sequence[Any]:
    parameters = {"destination": destination, "surveys": surveys, "before": before, "most": MAX_TOLD}
    return unit.rows(_LOCK_TO_TELL if unit.is_postgresql else _TO_TELL, parameters)


def _said(unit: Unit, row: Any, job: Row | None) -> Row:
    """Return the parameters that say of a row that a job tells it, or (None) that nobody does."""
    return {"of": row.alert_id, "said": unit.now, "job": None if job is None else job["id"]}


def _is_there(destination: str, accounts: frozenset[str]) -> bool:
    place = place_of(destination)
    return place is None or place[0] in accounts


def _tell(unit: Unit, destination: str, surveys: Sequence[Survey], before: Instant, timezone: str) -> list[Row]:
    """Return the job that tells a destination what waits for it, in a list; an empty one when there is none now."""
    if unit.rows(_ON_ITS_WAY, {"destination": destination}):
        return []  # what waits now is told together once that one has arrived
    parameters = {"destination": destination, "since": unit.now - HOUR}
    told = unit.connection.execute(_TOLD_LATELY, parameters).scalar_one()
    may = {survey.id: survey for survey in surveys if may_tell(survey.alerts, told, unit.now, _zone(survey, timezone))}
    if not may:
        return []
    rows = _rows(unit, destination, sorted(may), before)
    still = {row.alert_id for row in rows if row.because in _reasons(unit, row)}
    oldest = next((row for row in rows if row.alert_id in still), None)
    job = None if oldest is None else _job(unit, destination, may[oldest.survey_id], timezone)
    unit.many(_SAY, [_said(unit, row, job if row.alert_id in still else None) for row in rows])
    return [] if job is None else [job]


def _job(unit: Unit, destination: str, survey: Survey, timezone: str) -> Row:
    account, address = place_of(destination) or (ALERT_HOOKS, destination)
    hours = survey.alerts.hours
    manner = {
        "language": survey.language,
        "hours": None if hours is None else hours_to_dict(hours),
        "timezone": str(_zone(survey, timezone)),
    }
    return job_row(
        unit,
        kind=JobKind.ALERT,
        invitation_id=None,
        revision=0,
        account=account,
        address=address,
        due_at=unit.now,
        detail=json.dumps(manner),
    )


def _zone(survey: Survey, timezone: str) -> tzinfo:
    return zone_named(survey.timezone) or zone_named(timezone) or UTC


def _reasons(unit: Unit, row: Any) -> tuple[str, ...]:
    """Return why a rating is to be told of as it is now."""
    survey = kept_version(unit, row.survey_id, row.survey_version)
    return alert_reasons(survey.alerts, row.value, row.words or "")


# --- told now --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alert:
    """What one message tells: ratings as they are now, the worst first."""

    language: str
    ratings: tuple[BadRating, ...]


class AlertJobs:
    """What the alerts among claimed jobs tell, and whether they may now."""

    def __init__(self, unit: Unit, rows: Sequence[Any]) -> None:
        self._now = unit.now
        mine = [row for row in rows if row.kind == JobKind.ALERT]
        parameters = {
            "ids": [row.id for row in mine],
            "instants": sorted({row.created_at for row in mine}),
            "destinations": sorted({_destination(row) for row in mine}),
        }
        found = unit.rows(_OF_JOBS, parameters) if mine else ()
        self._told: dict[int, list[BadRating]] = {row.id: [] for row in mine}
        over: list[Row] = []
        for (job_id, _), group in groupby(found, key=lambda row: (row.said_by, row.id)):
            theirs = list(group)
            reasons = _reasons(unit, theirs[0])
            true = tuple(row.because for row in theirs if row.because in reasons)
            over.extend({"of": row.alert_id} for row in theirs if row.because not in true)
            if true:
                self._told[job_id].append(_bad_rating(unit, theirs[0], true))
        unit.many(_SETTLE_FREE if unit.is_postgresql else _SETTLE, over)

    def verdict(self, row: Any) -> Go | Drop | Wait:
        """Return whether an alert's job is still wanted, and whether its reader is awake: it may have waited in the outbox."""
        manner = json.loads(row.detail)
        if not self._told[row.id]:
            return Drop("settled")
        hours = None if manner["hours"] is None else read_hours([], manner["hours"], "")
        awake = tell_from(hours, self._now, zone_named(manner["timezone"]) or UTC)
        return Go() if awake <= self._now else Wait(awake, "quiet_hours")

    def of(self, row: Any) -> Alert | None:
        """Return what an alert's job tells; None for any other job."""
        told = self._told.get(row.id)
        return None if told is None else Alert(json.loads(row.detail)["language"], tuple(told))


def _destination(row: Any) -> str:
    return str(row.address) if row.account == ALERT_HOOKS else f"{row.account}:{row.address}"


def _bad_rating(unit: Unit, row: Any, reasons: tuple[str, ...]) -> BadRating:
    """Return the rating that a row is about, with the reasons to tell of it."""
    return BadRating(
        invitation_id=row.id,
        reasons=reasons,
        value=row.value,
        scale=kept_version(unit, row.survey_id, row.survey_version).scale,
        comment=row.words or "",
        rated_at=row.rated_at,
        survey=row.survey_id,
        channel=row.account,
        desk=row.desk,
        ticket_id=row.ticket_id,
        ticket_url=row.ticket_url or "",
        subject=row.subject or "",
        agent=row.agent_name or row.agent_id or "",
    )
