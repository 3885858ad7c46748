"""What somebody asks an export for, read from parameters: the registry's own, and `format`, `columns`, `headers`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.exporting.columns import Say, read_columns
from bot.exporting.export import Asked
from bot.exporting.formats import FORMATS
from ratings.errors import FieldError, InvalidInput
from ratings.reports.registry import Wanted, parse_wanted

OWN = ("format", "columns", "headers")
"""The parameters of an export beside those of the registry."""

NAMES = "names"
"""Headings for programs: names of columns, codes, times with an offset."""

LANGUAGES = ("en", "ru")
"""The languages in which headings can be: those of the pages."""

Value = TypeVar("Value")


def read_asked(
    parameters: Mapping[str, Sequence[str]],
    zone: ZoneInfo,
    file_format: str = "csv",
    columns: Sequence[str] = (),
    headers: str = NAMES,
) -> Asked:
    """Read what is asked for. Raises InvalidInput that lists every wrong parameter."""
    errors: list[FieldError] = []
    wanted = _read(lambda: parse_wanted(parameters, zone, also=OWN), errors) or Wanted()
    chosen = _read(lambda: read_columns(columns), errors) or ()
    if file_format not in FORMATS:
        errors.append(FieldError("/format", f"{file_format[:40]!r} is none of {', '.join(FORMATS)}"))
    if headers not in {NAMES, *LANGUAGES}:
        errors.append(FieldError("/headers", f"{headers[:40]!r} is none of {', '.join((NAMES, *LANGUAGES))}"))
    if errors:
        raise InvalidInput(tuple(errors))
    if headers == NAMES:
        return Asked(wanted, file_format, chosen, zone=zone)
    return Asked(wanted, file_format, chosen, _speech(headers, zone), headers, zone)


def _speech(language: str, zone: ZoneInfo) -> Say:
    from bot.web.pages.speech import Speech  # noqa: PLC0415 - the pages take a while to import, and few commands speak

    return Speech(language, zone).say


def _read(read: Callable[[], Value], errors: list[FieldError]) -> Value | None:
    try:
        return read()
    except InvalidInput as error:
        errors.extend(error.errors)
        return None
