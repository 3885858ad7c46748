"""Query parameters: filters by the reports' own reader, and the few that belong to a list. Every wrong one is named at once."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from starlette.requests import Request

from bot.web.api.errors import wrong_fields
from ratings.errors import FieldError, InvalidInput
from ratings.reports.filters import RANGES, STATES, Filters, parse_filters
from ratings.reports.lists import DEFAULT_LIMIT, MAX_LIMIT

PAGING = ("limit", "cursor")
MAX_NUMBER = 2**63 - 1
_TIMES = {f"{name}_{end}" for name in RANGES for end in ("from", "to")}
_LOST_PLUS = re.compile(r"([Tt ][0-9:.]+) (?=[0-9]{2}:[0-9]{2}\Z)")  # where nobody escaped it, a URL's + is a space
_DIGITS = 19  # of MAX_NUMBER
_MAX_SHOWN = 40

Parameters = Mapping[str, Sequence[str]]
Value = TypeVar("Value")


def read_parameters(request: Request) -> dict[str, list[str]]:
    """Return the query's values by name. Raises ApiProblem (422) for NUL, which no column can hold."""
    parameters: dict[str, list[str]] = {}
    for name, found in request.query_params.multi_items():
        value = _LOST_PLUS.sub(r"\1+", found) if name in _TIMES else found
        parameters.setdefault(name, []).append(value)
    nul = [name for name, values in parameters.items() if "\0" in name or any("\0" in value for value in values)]
    if nul:
        raise wrong_fields([FieldError(f"/{name}", "a text with NUL; expected text without it") for name in nul])
    return parameters


def no_parameters(request: Request) -> None:
    """Raises ApiProblem (422) when the request has any."""
    query = Query(request)
    query.only(())
    query.finish()


class Query:
    """Reads a request's parameters; `finish` raises one problem with everything that is wrong."""

    def __init__(self, request: Request) -> None:
        self.parameters = read_parameters(request)
        self.errors: list[FieldError] = []

    def filters(self, zone: ZoneInfo, *, states: Iterable[str] = STATES, also: Iterable[str] = ()) -> Filters:
        """Read the filters; `also` are the parameters that the caller reads itself."""
        try:
            return parse_filters(self.parameters, zone, states=states, also=also)
        except InvalidInput as error:
            self.errors.extend(error.errors)
            return Filters()

    def only(self, known: Iterable[str]) -> None:
        """Refuse every other parameter."""
        allowed = sorted(known)
        there_are = f"there are {', '.join(allowed)}" if allowed else "there are none"
        for name in self.parameters:
            if name not in allowed:
                self.errors.append(FieldError(f"/{name}", f"there is no such parameter; {there_are}"))

    def limit(self) -> int:
        """Read how many items a page may have."""
        return self._number("limit", 1, MAX_LIMIT, DEFAULT_LIMIT)

    def number(self, name: str) -> int:
        """Read a whole number, 0 when it is not given."""
        return self._number(name, 0, MAX_NUMBER, 0)

    def text(self, name: str) -> str | None:
        """Read a text that may stand once."""
        found = self.parameters.get(name, [])
        if len(found) > 1:
            self.errors.append(FieldError(f"/{name}", "it is given more than once"))
        return found[0] if found else None

    def texts(self, name: str) -> list[str]:
        """Read a text that may stand several times."""
        found = self.parameters.get(name, [])
        if "" in found:
            self.errors.append(FieldError(f"/{name}", "it is empty; leave it out or give a value"))
        return found

    def words(self, name: str, allowed: Sequence[str]) -> list[str]:
        """Read words of a closed set, repeated or separated by commas."""
        found = [word for text in self.texts(name) for word in text.split(",") if word]
        for word in found:
            if word not in allowed:
                detail = f"{word[:_MAX_SHOWN]!r} is none of {', '.join(allowed)}"
                self.errors.append(FieldError(f"/{name}", detail))
        return found

    def finish(self) -> None:
        """Raise ApiProblem (422) when anything was wrong."""
        if self.errors:
            raise wrong_fields(self.errors)

    def _number(self, name: str, least: int, most: int, default: int) -> int:
        return self._convert(name, lambda found: _whole(found, least, most), default)

    def _convert(self, name: str, read: Callable[[str], Value], default: Value) -> Value:
        found = self.text(name)
        if found is None:
            return default
        try:
            return read(found)
        except ValueError as error:
            self.errors.append(FieldError(f"/{name}", str(error)))
            return default


def _whole(found: str, least: int, most: int) -> int:
    if found.isascii() and found.isdecimal() and len(found) <= _DIGITS and least <= int(found) <= most:
        return int(found)
    raise ValueError(f"{found[:_MAX_SHOWN]!r} is no whole number from {least} to {most}")


def page(items: Sequence[Any], following: str | None) -> dict[str, Any]:
    """Return a list as it is answered."""
    return {"items": items, "next": following}
