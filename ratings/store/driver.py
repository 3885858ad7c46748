"""Statements as the driver takes them: compiled once, and from then on past SQLAlchemy, which costs more than the database.

On the path of a tap it counts: for a SELECT of sixty columns SQLAlchemy prepares half a millisecond, for a list of values that is
written out (`expanding`) another, whatever it then finds; and each column of a row takes it longer than an attribute takes.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ARRAY, Boolean, ColumnElement, Dialect, Executable, Select, Text, any_, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

Row = dict[str, Any]


class _Values(TypeDecorator[Sequence[Any]]):
    """A list as one parameter: an array, or JSON where there are none."""

    impl = Text
    cache_ok = True

    def __init__(self, each: TypeEngine[Any]) -> None:
        super().__init__()
        self.each = each

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.each) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return _listed(value, dialect)


class _OneOf(FunctionElement[bool]):
    """Without a type of its own: SQLAlchemy would compare a boolean with 1 on SQLite, which no index answers."""

    name = "one_of"
    inherit_cache = True


@compiles(_OneOf, "postgresql")
def _in_array(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    return compiler.process(column == any_(values), **options)


@compiles(_OneOf, "sqlite")
def _in_json(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - what the compiler wrote


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """True where a column has one of the values of the list parameter `name`: one parameter, however many they are."""
    return _OneOf(column, bindparam(name, type_=_Values(column.type)))


class Reading(NamedTuple):
    """A SELECT: its text, what makes the driver's parameters, and what makes a row of the driver's."""

    sql: str
    bind: Callable[[Mapping[str, Any]], Any]
    row: Callable[[Sequence[Any]], Any]


@cache
def reading(statement: Select[Any], dialect: Dialect) -> Reading:
    """Compile a SELECT that stands in a module. Its rows are named tuples."""
    compiled = statement.compile(dialect=dialect)
    columns = statement.selected_columns
    named: Any = NamedTuple("named", [(column.key, Any) for column in columns])  # type: ignore[misc] # the statement's own
    flags = [place for place, column in enumerate(columns) if isinstance(column.type, Boolean)]
    fixed, marks = compiled.params, compiled.positiontup
    if marks is None:  # psycopg takes names, arrays and booleans as they are
        return Reading(str(compiled), lambda given: {**fixed, **given}, named._make)

    def bind(given: Mapping[str, Any]) -> list[Any]:
        every = {**fixed, **given}
        return [_listed(every[name], dialect) for name in marks]

    def with_flags(values: Sequence[Any]) -> Any:
        listed = list(values)
        for place in flags:
            if listed[place] is not None:
                listed[place] = bool(listed[place])
        return named._make(listed)

    return Reading(str(compiled), bind, with_flags if flags else named._make)


AT_ONCE = (32, 8)
"""So many rows one INSERT writes on SQLite: to begin it anew for each takes a quarter of the work.

Of few lengths, for each is a statement of its own that a connection keeps compiled.
"""


class Writing(NamedTuple):
    """A statement that writes: its text, its own fixed values, and what orders a row's values (None: it takes names).

    `several` are the same for so many rows at once, the most first, where the engine gains by it.
    """

    sql: str
    fixed: Row
    order: Callable[[Row], tuple[Any, ...]] | None
    several: Sequence[tuple[int, str]] = ()


@cache
def writing(statement: Executable, dialect: Dialect, keys: tuple[str, ...]) -> Writing:
    """Compile a statement for rows with these keys."""
    compiled = statement.compile(dialect=dialect, column_keys=list(keys))  # type: ignore[attr-defined] # of every DML
    fixed = {name: value for name, value in compiled.params.items() if name not in keys}
    marks = compiled.positiontup
    sql = str(compiled)
    if marks is None:
        return Writing(sql, fixed, None)
    # A getter of one name would return the bare value.
    order = itemgetter(*marks) if len(marks) > 1 else lambda row: (row[marks[0]],)
    values = f"({', '.join('?' * len(marks))})"
    # Where another clause has parameters, too, there are no such values in it: that statement runs row by row.
    found = f" VALUES {values}" in sql
    several = [(many, sql.replace(values, ", ".join([values] * many), 1)) for many in AT_ONCE if found]
    return Writing(sql, fixed, order, several)


def _listed(value: Any, dialect: Dialect) -> Any:
    """Return a parameter as the driver takes it: SQLite's knows no lists."""
    return msgspec.json.encode(value).decode() if isinstance(value, list) and dialect.name == "sqlite" else value
