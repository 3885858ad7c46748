"""Who changed each survey last."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, select

from ratings.store.schema import survey_versions, surveys
from ratings.times import Instant


@dataclass(frozen=True, slots=True)
class Change:
    """When a survey was saved last, and by whom ("user:NAME", "api:KEY", "cli" …)."""

    at: Instant
    by: str


def last_changes(connection: Connection) -> dict[str, Change]:
    """Return each survey's last change, by its id."""
    newest = and_(survey_versions.c.survey_id == surveys.c.id, survey_versions.c.version == surveys.c.version)
    columns = (surveys.c.id, survey_versions.c.created_at, survey_versions.c.created_by)
    found = connection.execute(select(*columns).select_from(surveys.join(survey_versions, newest)))
    return {row.id: Change(row.created_at, row.created_by) for row in found}
