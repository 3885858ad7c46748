"""What agents see: what was said of them, where a survey lets it out, once it was let out, and nothing that tells by whom.

No customer, no ticket, no time but the day on which it was let out. The rights are in the query.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, literal_column, select

from ratings.masking import mask
from ratings.release import Release
from ratings.releasing import Gathered
from ratings.reports.figures import Counts
from ratings.rights import Right, Viewer, may
from ratings.scale import Choice, Scale
from ratings.store.people_tables import releases
from ratings.store.schema import invitations, rating_history, ratings
from ratings.store.surveys import load_survey_version, load_surveys
from ratings.survey import Survey
from ratings.times import DAY, Duration, Instant
from ratings.votes import VoteState

SHOWN_FOR: Duration = 365 * DAY
"""How long after it was let out a rating is shown."""

COMMENTS = 200
"""Comments that are shown at the most, the last let out first."""

BACKLOG: Duration = 30 * DAY
"""Where a survey begins to let ratings out, those that are older than its longest wait by more than this stay where they are."""

_CONFIRMED: ColumnElement[str] = literal_column(f"'{VoteState.CONFIRMED.value}'")


@dataclass(frozen=True, slots=True)
class Bar:
    """How often a choice was picked. `place` among `of` choices: 0 is the worst."""

    choice: Choice
    place: int
    of: int
    many: int


@dataclass(frozen=True, slots=True)
class Words:
    """A comment with the choice that it came with; what tells who wrote it is hidden."""

    text: str
    bar: Bar | None
    value: int


@dataclass(frozen=True, slots=True)
class Day:
    """The comments that were let out on a day, in no telling order."""

    day: Instant
    words: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class OwnScale:
    """What was said on one scale: numbers of different scales are never added up."""

    name: str
    counts: Counts
    bars: tuple[Bar, ...]
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Own:
    """An agent's page. `rules` are those of the surveys that let ratings out: none, and there is never anything."""

    scales: tuple[OwnScale, ...]
    rules: tuple[Release, ...]


# --- what an agent sees ------------------------------------------------------------------------------------------


def own_ratings(connection: Connection, viewer: Viewer, now: Instant) -> Own:
    """Return what somebody may see of what was said of them."""
    surveys = letting_out(connection)
    rules = tuple(dict.fromkeys(surveys[survey_id].release for survey_id in sorted(surveys)))
    if not may(viewer, Right.OWN_RATINGS) or not viewer.agents or not surveys:
        return Own((), rules)
    many = connection.execute(_seen(viewer, surveys, now, _COUNTED).group_by(*_COUNTED[:-1])).all()
    words = connection.execute(
        _seen(viewer, surveys, now, _SAID)
        .where(ratings.c.comment.is_not(None))
        .order_by(releases.c.day.desc(), ratings.c.value.desc(), ratings.c.id)
        .limit(COMMENTS)
    ).all()
    said = _said_in_time(connection, words)
    by_scale: dict[str, list[Any]] = defaultdict(list)
    for row in many:
        by_scale[row.scale].append(row)
    scales = [
        _on_scale(connection, name, rows, [row for row in words if row.scale == name and said[row.id]], said)
        for name, rows in sorted(by_scale.items(), key=lambda each: -sum(row.many for row in each[1]))
    ]
    return Own(tuple(scales), rules)


_COUNTED = (
    ratings.c.scale,
    ratings.c.survey_id,
    invitations.c.survey_version,
    ratings.c.value,
    ratings.c.satisfied,
    func.count().label("many"),
)
_SAID = (ratings.c.id, ratings.c.scale, ratings.c.value, ratings.c.comment, releases.c.day)
_CHANGES = (
    select(rating_history.c.invitation_id, rating_history.c.at, rating_history.c.old)
    .where(
        rating_history.c.invitation_id.in_(bindparam("ids", expanding=True)),
        rating_history.c.what == literal_column("'comment'"),
    )
    .order_by(rating_history.c.at, rating_history.c.id)
)


def _seen(viewer: Viewer, surveys: Collection[str], now: Instant, columns: tuple[Any, ...]) -> Select[Any]:
    """Select from what somebody may see: their own, of surveys that let it out, let out, still counting."""
    seen = (
        select(*columns)
        .select_from(
            releases.join(ratings, ratings.c.id == releases.c.rating_id).join(
                invitations, invitations.c.id == ratings.c.id
            )
        )
        .where(
            releases.c.agent_id.in_(viewer.agents),
            releases.c.day > now - SHOWN_FOR,
            releases.c.day <= now,
            ratings.c.agent_id.in_(viewer.agents),
            ratings.c.survey_id.in_(surveys),
            ratings.c.state == _CONFIRMED,
        )
    )
    forms = viewer.sight.forms
    return seen if forms is None else seen.where(ratings.c.form.in_(forms))


def _said_in_time(connection: Connection, rows: Sequence[Any]) -> dict[int, str]:
    """Return what was said with each rating before it was let out, by its id.

    A customer may go on writing for ever, and edit what they wrote: words that move by themselves tell whose they are.
    """
    days = {row.id: row.day for row in rows}
    said = {row.id: row.comment for row in rows}
    moved: set[int] = set()
    for change in connection.execute(_CHANGES, {"ids": list(days)}) if days else ():
        number = change.invitation_id
        if change.at >= days[number] and number not in moved:
            moved.add(number)
            said[number] = change.old or ""
    return said


def _on_scale(
    connection: Connection, name: str, rows: list[Any], words: list[Any], said: Mapping[int, str]
) -> OwnScale:
    by_value: dict[int, int] = defaultdict(int)
    for row in rows:
        by_value[row.value] += row.many
    counts = Counts(
        ratings=sum(by_value.values()),
        satisfied=sum(row.many for row in rows if row.satisfied),
        sum_of_values=sum(value * many for value, many in by_value.items()),
        by_value=dict(by_value),
    )
    newest = max(rows, key=lambda row: row.survey_version)
    bars = _bars(load_survey_version(connection, newest.survey_id, newest.survey_version).scale, by_value)
    days = [
        Day(day, tuple(sorted((_words(row, bars, said) for row in of_day), key=lambda each: (-each.value, each.text))))
        for day, of_day in groupby(words, key=lambda row: row.day)
    ]
    return OwnScale(name, counts, tuple(bars.values()), tuple(days))


def _bars(scale: Scale, by_value: Mapping[int, int]) -> dict[int, Bar]:
    """Return how often each choice was picked, by the value as it is counted, the best first."""
    bars = {}
    for place, value in reversed(list(enumerate(scale.values))):
        choice = scale.get(scale.counted(value))
        assert choice is not None, "a scale's values mirror each other"
        bars[value] = Bar(choice, place, len(scale.values), by_value.get(value, 0))
    return bars


def _words(row: Any, bars: Mapping[int, Bar], said: Mapping[int, str]) -> Words:
    return Words(mask(said[row.id]), bars.get(row.value), row.value)


# --- what is to be let out ---------------------------------------------------------------------------------------


def gathered(connection: Connection, survey: Survey, midnight: Instant) -> dict[tuple[str, str], list[Gathered]]:
    """Return a survey's ratings that count and were not let out yet, by desk and agent; none that the customer may still change.

    One that changed after it was let out would be told by the day on which it did.
    """
    since = midnight - survey.release.after_days * DAY - survey.timing.edit_window - BACKLOG
    waiting = (
        select(ratings.c.id, ratings.c.rated_at, ratings.c.desk, ratings.c.agent_id, invitations.c.survey_version)
        .select_from(
            ratings.join(invitations, invitations.c.id == ratings.c.id).outerjoin(
                releases, releases.c.rating_id == ratings.c.id
            )
        )
        .where(
            ratings.c.rated_at >= since,
            ratings.c.rated_at < midnight,
            ratings.c.survey_id == survey.id,
            ratings.c.state == _CONFIRMED,
            ratings.c.agent_id.is_not(None),
            releases.c.rating_id.is_(None),
        )
    )
    rows = connection.execute(waiting).all()
    # Each may be changed for as long as the survey said when it was asked.
    windows = {
        version: load_survey_version(connection, survey.id, version).timing.edit_window
        for version in {row.survey_version for row in rows}
    }
    found: dict[tuple[str, str], list[Gathered]] = defaultdict(list)
    for row in rows:
        if row.rated_at + windows[row.survey_version] <= midnight:
            found[row.desk, row.agent_id].append(Gathered(row.id, row.rated_at))
    return found


def letting_out(connection: Connection) -> dict[str, Survey]:
    """Return the surveys that let ratings out to agents, by their ids."""
    return {each.id: each for each in load_surveys(connection) if each.release.to_agents}
