"""What became of a survey: its versions, when it was off, and which of its invitations are open."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from ratings.errors import step
from ratings.lifecycle import JobKind, State
from ratings.store.loading import INTERNAL
from ratings.store.rows import DUE, PRIORITY_ANSWER
from ratings.store.schema import invitations, jobs, survey_versions
from ratings.survey import parse_survey, survey_to_dict
from ratings.times import Instant

_IS_SCHEDULED: ColumnElement[str] = literal_column(f"'{State.SCHEDULED.value}'")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a survey: who saved it when, whether it was on, and which parts changed, as JSON pointers."""

    version: int
    at: Instant
    by: str
    enabled: bool
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a survey was off; `until` None: it still is."""

    since: Instant
    until: Instant | None


def list_versions(connection: Connection, survey_id: str) -> list[Version]:
    """Return a survey's versions, the oldest first; none where there is no such survey."""
    found = select(survey_versions).where(survey_versions.c.survey_id == survey_id).order_by(survey_versions.c.version)
    versions: list[Version] = []
    before: dict[str, object] = {}
    for row in connection.execute(found):
        # Read and written again: what an older program did not know yet is no change.
        now = survey_to_dict(parse_survey(json.loads(row.definition)))
        changed = tuple(changes(before, now)) if versions else ()
        enabled = now["enabled"] is True
        versions.append(Version(row.version, row.created_at, row.created_by, enabled, changed))
        before = now
    return versions


def pauses(versions: Sequence[Version]) -> list[Pause]:
    """Return when a survey was off, from its versions in their order."""
    found: list[Pause] = []
    since: Instant | None = None
    for version in versions:
        if not version.enabled:
            since = version.at if since is None else since
        elif since is not None:
            found.append(Pause(since, version.at))
            since = None
    return found if since is None else [*found, Pause(since, None)]


def changes(before: Mapping[str, Any], after: Mapping[str, Any], pointer: str = "") -> Iterator[str]:
    """Tell where two JSON objects differ, as pointers to what is no object. The version itself is no difference."""
    for key in {**before, **after}:
        at, old, new = step(pointer, key), before.get(key), after.get(key)
        if old == new or at == "/version":
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from changes(old, new, at)
        else:
            yield at


def open_invitations(connection: Connection, survey_id: str) -> dict[str, int]:
    """Count a survey's invitations that wait: for their prompt, or for an answer."""
    scheduled = select(func.count()).where(invitations.c.survey_id == survey_id, invitations.c.state == _IS_SCHEDULED)
    # Whoever was asked has a lapse to come: those are few, all that were ever asked are not.
    asked = (
        select(func.count())
        .select_from(jobs.join(invitations, invitations.c.id == jobs.c.invitation_id))
        .where(
            jobs.c.account == INTERNAL,
            jobs.c.state == DUE,
            jobs.c.priority == PRIORITY_ANSWER,
            jobs.c.kind == JobKind.LAPSE.value,
            invitations.c.survey_id == survey_id,
            invitations.c.state == State.ASKED.value,
        )
    )
    return {
        "scheduled": connection.execute(scheduled).scalar_one(),
        "asked": connection.execute(asked).scalar_one(),
    }
