"""The columns of the registry: their names, their headings, and where a file finds their cells.

A chunk is read column by column, not row by row: a million rows of thirty cells are thirty million calls else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bot.exporting.words import OUTCOMES, REASONS, STATE_REASONS, STATES, VOTE_STATES, mark
from ratings.errors import FieldError, InvalidInput
from ratings.reports.registry import Chunk
from ratings.scale import Scale

Say = Callable[[str], str]
"""Says an English text in the reader's language."""


class Kind(Enum):
    """What cells are."""

    TEXT = "text"  # somebody else's words: a spreadsheet must not run them
    CODE = "code"  # one of our own words
    NUMBER = "number"
    TRUTH = "truth"
    TIME = "time"  # an instant


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `of` is the column of the query; `words` say what its codes mean where the heading is in words, too."""

    name: str
    title: str
    kind: Kind
    of: str = ""
    words: Mapping[str, str] | None = None

    @property
    def source(self) -> str:
        """The name in the query's rows."""
        return self.of or self.name


def _text(name: str, title: str, of: str = "") -> Column:
    return Column(name, title, Kind.TEXT, of)


def _time(name: str, title: str) -> Column:
    return Column(name, title, Kind.TIME)


COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        _time("rated_at", mark("Rated")),
        Column("value", mark("Rating"), Kind.NUMBER),
        Column("symbol", mark("Symbol"), Kind.CODE, "symbol"),
        Column("label", mark("In words"), Kind.TEXT, "label"),
        Column("satisfied", mark("Satisfied"), Kind.TRUTH),
        _text("comment", mark("Comment")),
        _text("customer", mark("Customer"), "customer_name"),
        _text("ticket_desk", mark("Desk"), "desk"),
        _text("ticket_id", mark("Ticket")),
        _text("ticket_subject", mark("Subject"), "subject"),
        _text("ticket_url", mark("Link to the ticket")),
        _text("agent_id", mark("Agent's id")),
        _text("agent_name", mark("Agent")),
        _text("group", mark("Group's id"), "group_id"),
        _text("group_name", mark("Group")),
        _text("form", mark("Form's id")),
        _text("form_name", mark("Form")),
        _text("priority", mark("Priority")),
        Column("kind", mark("Kind"), Kind.CODE),
        Column("channel", mark("Channel"), Kind.CODE, "account"),
        Column("survey", mark("Survey"), Kind.CODE, "survey_id"),
        _text("scale", mark("Scale")),
        Column("state", mark("State"), Kind.CODE, words=STATES),
        Column("vote_state", mark("Vote"), Kind.CODE, words=VOTE_STATES),
        Column("reason", mark("Why not asked"), Kind.CODE, words=REASONS),
        Column("state_reason", mark("Why held or called off"), Kind.CODE, words=STATE_REASONS),
        Column("outcome", mark("Outcome on the desk"), Kind.CODE, words=OUTCOMES),
        _text("tag", mark("Tag of the rating")),
        _text("recording_url", mark("Recording")),
        _time("closed_at", mark("Closed")),
        _time("decided_at", mark("Decided")),
        _time("asked_at", mark("Asked")),
        Column("first_response_s", mark("First response, s"), Kind.NUMBER),
        Column("handling_s", mark("Handling, s"), Kind.NUMBER),
        Column("id", mark("Invitation"), Kind.NUMBER),
    )
}
"""Every column, in the order in which they are unless others are chosen."""


def read_columns(given: Sequence[str]) -> tuple[Column, ...]:
    """Return the chosen columns (repeated, or separated by commas) in their order; all where none is. Raises InvalidInput."""
    names = list(dict.fromkeys(name for text in given for name in text.split(",") if name))
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or (given and not names):
        there_are = f"there are {', '.join(COLUMNS)}"
        said = f"{unknown[0][:40]!r} is no column" if unknown else "it names no column"
        raise InvalidInput((FieldError("/columns", f"{said}; {there_are}"),))
    return tuple(COLUMNS[name] for name in names) if names else tuple(COLUMNS.values())


_OF_CHOICES = {"symbol", "label"}
_CHOICE = ("survey_id", "survey_version", "value")


class Cutter:
    """Cuts chunks of raw rows into columns. `sources` are the columns of the query that it needs."""

    def __init__(self, columns: Sequence[Column], language: str) -> None:
        self._columns = columns
        self._language = language
        wanted = {column.source for column in columns}
        self._says_choices = bool(wanted & _OF_CHOICES)
        self.sources = frozenset(wanted - _OF_CHOICES).union(_CHOICE if self._says_choices else ())
        self._choices: dict[tuple[Any, Any, Any], tuple[str | None, str | None]] = {(None, None, None): (None, None)}

    def cut(self, chunk: Chunk) -> list[Sequence[Any]]:
        """Return the cells of each column."""
        read = dict(chunk.columns)
        if self._says_choices:
            keys = list(zip(*(read[name] for name in _CHOICE), strict=True))
            for key in set(keys) - self._choices.keys():
                self._choices[key] = self._choice(key, chunk.scales)
            read["symbol"] = [self._choices[key][0] for key in keys]
            read["label"] = [self._choices[key][1] for key in keys]
        return [read[column.source] for column in self._columns]

    def _choice(
        self, key: tuple[Any, Any, Any], scales: Mapping[tuple[str, int], Scale]
    ) -> tuple[str | None, str | None]:
        survey_id, version, value = key
        scale = scales.get((survey_id, version))
        choice = None if scale is None or value is None else scale.get(scale.counted(value))
        return (None, None) if choice is None else (choice.symbol, choice.label(self._language))
