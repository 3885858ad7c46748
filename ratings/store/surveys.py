"""Surveys in the store: read inside the transaction that decides, so that the switch acts from the next decision on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from ratings.alerting import alerts_to_dict
from ratings.send_rules import rules_to_dict
from ratings.store.audit import differing, fingerprint, note_change
from ratings.store.schema import invitations, jobs, survey_versions, surveys
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.survey import Survey, parse_survey, survey_to_dict
from ratings.times import Instant

HELD_OFF = "survey_off"
"""Why a scheduled prompt waits: its survey was switched off after the decision."""

_ALL = select(surveys.c.id, surveys.c.version, surveys.c.definition, surveys.c.paused_at).order_by(surveys.c.id)
_VERSION = select(survey_versions.c.definition).where(
    survey_versions.c.survey_id == bindparam("survey_id"), survey_versions.c.version == bindparam("version")
)

_KEPT_VERSIONS: WeakKeyDictionary[Engine, dict[tuple[str, int], Survey]] = WeakKeyDictionary()


@lru_cache(maxsize=1024)
def _parse(survey_id: str, version: int, definition: str, paused_at: Instant | None = None) -> Survey:
    return replace(parse_survey(json.loads(definition)), id=survey_id, version=version, paused_at=paused_at)


def load_surveys(connection: Connection) -> list[Survey]:
    """Return every survey in its newest version, with since when it is off."""
    return [_parse(row.id, row.version, row.definition, row.paused_at) for row in connection.execute(_ALL)]


def load_survey_version(connection: Connection, survey_id: str, version: int) -> Survey:
    """Return a survey as it was at a version. Versions never change."""
    definition = connection.execute(_VERSION, {"survey_id": survey_id, "version": version}).scalar_one()
    return _parse(survey_id, version, definition)


def kept_version(unit: Unit, survey_id: str, version: int) -> Survey:
    """Return a survey as it was at a version, for the writer: read once in the life of a process."""
    kept = _KEPT_VERSIONS.setdefault(unit.connection.engine, {})
    key = survey_id, version
    if key not in kept:
        kept[key] = load_survey_version(unit.connection, *key)
    return kept[key]


@dataclass(frozen=True, slots=True)
class SaveSurvey(Operation["SurveySaved"]):
    """Store a survey as its next version, if `expected_version` still is the newest.

    None: whatever is the newest, or none; 0: only where there is none.
    """

    survey: Survey
    expected_version: int | None
    by: str

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SaveSurvey"]) -> Sequence["SurveySaved"]:
        """Save one after another."""
        return [_save(unit, operation) for operation in operations]


@dataclass(frozen=True, slots=True)
class SurveySaved:
    """The survey as it now stands; `conflict` when somebody else saved another version first."""

    survey: Survey | None
    conflict: bool = False


def _save(unit: Unit, operation: SaveSurvey) -> SurveySaved:
    wanted = operation.survey
    current = _locked(unit, wanted.id)
    newest = current.version if current else 0
    if operation.expected_version is not None and operation.expected_version != newest:
        return SurveySaved(current, conflict=True)
    paused_at = _paused_at(wanted, current, unit.now)
    saved = replace(wanted, version=newest + 1, paused_at=paused_at)
    if current is not None and saved == replace(current, version=saved.version):
        return SurveySaved(current)
    definition = json.dumps(survey_to_dict(saved), ensure_ascii=False, separators=(",", ":"))
    row = {"id": saved.id, "version": saved.version, "definition": definition, "paused_at": paused_at}
    if current is None:
        unit.insert_missing(surveys, [row])
        made = _locked(unit, saved.id)
        if made != saved:  # another process made one at the same time
            return SurveySaved(made, conflict=True)
    else:
        unit.upsert(surveys, [row])
    unit.connection.execute(
        insert(survey_versions).values(
            survey_id=saved.id,
            version=saved.version,
            definition=definition,
            created_at=unit.now,
            created_by=operation.by,
        )
    )
    _note(unit, operation.by, current, saved)
    if saved.enabled and current is not None and not current.enabled:
        _wake_held(unit, saved.id)
    return SurveySaved(saved)


def _note(unit: Unit, by: str, current: Survey | None, saved: Survey) -> None:
    """Note what was changed. Whom alerts go to and who is of the staff is told by fingerprints alone: they are addresses and secret URLs."""
    before, after = differing(_noted(current), _noted(saved))
    what = "created" if current is None else "changed"
    note_change(unit, by, what, "survey", saved.id, before=None if current is None else before, after=after)


def _noted(survey: Survey | None) -> dict[str, Any]:
    if survey is None:
        return {}
    noted = survey_to_dict(survey)
    alerts = {**alerts_to_dict(survey.alerts), "to": [fingerprint(each) for each in survey.alerts.to]}
    rules = {**rules_to_dict(survey.rules), "staff": [fingerprint(each) for each in survey.rules.staff]}
    return {**noted, "alerts": alerts, "rules": rules}


def _locked(unit: Unit, survey_id: str) -> Survey | None:
    """Return a survey's newest version; nobody else changes it meanwhile."""
    row = unit.connection.execute(unit.lock(select(surveys).where(surveys.c.id == survey_id))).one_or_none()
    return _parse(row.id, row.version, row.definition, row.paused_at) if row else None


def _paused_at(wanted: Survey, current: Survey | None, now: Instant) -> Instant | None:
    """Return since when the survey is off: other changes meanwhile do not move it."""
    if wanted.enabled:
        return None
    return now if current is None or current.enabled else current.paused_at


def _wake_held(unit: Unit, survey_id: str) -> None:
    """Prompts that were held because the survey was off become due now, not at the end of their hold."""
    from_survey = select(invitations.c.id).where(
        invitations.c.survey_id == survey_id, invitations.c.state == "scheduled", invitations.c.state_reason == HELD_OFF
    )
    accounts = unit.connection.execute(
        update(jobs)
        .where(
            jobs.c.invitation_id.in_(from_survey),
            jobs.c.kind == "prompt",
            jobs.c.state == "due",
            jobs.c.due_at > unit.now,
        )
        .values(due_at=unit.now)
        .returning(jobs.c.account)
    ).scalars()
    unit.woken.update(accounts)
