"""What a list of surveys tells of each beside the survey itself: who changed it last, and how many it asked lately."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, select

from ratings.lifecycle import State
from ratings.store.schema import invitations, survey_versions, surveys
from ratings.times import Instant


@dataclass(frozen=True, slots=True)
class Change:
    """When a survey was saved last, and by whom ("user:NAME", "api:KEY", "cli" …)."""

    at: Instant
    by: str


@dataclass(frozen=True, slots=True)
class Lately:
    """How many were asked since some instant, and how many of these have answered."""

    asked: int
    answered: int


def last_changes(connection: Connection) -> dict[str, Change]:
    """Return each survey's last change, by its id."""
    newest = and_(survey_versions.c.survey_id == surveys.c.id, survey_versions.c.version == surveys.c.version)
    columns = (surveys.c.id, survey_versions.c.created_at, survey_versions.c.created_by)
    found = connection.execute(select(*columns).select_from(surveys.join(survey_versions, newest)))
    return {row.id: Change(row.created_at, row.created_by) for row in found}


def asked_since(connection: Connection, since: Instant) -> dict[str, Lately]:
    """Return how many each survey asked since an instant, by its id; none where it asked nobody."""
    answered = func.sum(case((invitations.c.state == State.ANSWERED.value, 1), else_=0))
    found = connection.execute(
        select(invitations.c.survey_id, func.count().label("asked"), answered.label("answered"))
        .where(invitations.c.asked_at >= since)
        .group_by(invitations.c.survey_id)
    )
    return {row.survey_id: Lately(row.asked, int(row.answered)) for row in found}
