"""`column IN (many values)` whose text does not depend on how many.

SQLAlchemy's expanding IN writes a mark a value and has to be put together, and parsed by the database, for every number of
values anew; on the path of a tap that costs more than the search.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BigInteger, Boolean, ColumnElement, Dialect, Text, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class _Values(TypeDecorator[Any]):
    """Many values as one parameter: a JSON text on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, numbers: bool) -> None:
        super().__init__()
        self.numbers = numbers

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return what the database sees."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(ARRAY(BigInteger() if self.numbers else Text()))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """Write the values."""
        values = list(value or ())
        return msgspec.json.encode(values).decode() if dialect.name == "sqlite" else values


class one_of(FunctionElement[bool]):  # noqa: N801 - it reads as a function, as SQLAlchemy's own do
    """True where the column is one of the values given as the parameter `name`."""

    type = Boolean()
    inherit_cache = True
    name = "one_of"

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        numbers = isinstance(column.type, BigInteger)
        super().__init__(column, bindparam(name, type_=_Values(numbers)))


@compiles(one_of, "sqlite")
def _on_sqlite(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    found = compiler.process(values, **options)
    return f"{compiler.process(column, **options)} IN (SELECT value FROM json_each({found}))"  # noqa: S608 - a parameter


@compiles(one_of, "postgresql")
def _on_postgresql(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **options)} = ANY({compiler.process(values, **options)})"
