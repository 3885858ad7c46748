"""The filters of lists, summary and export as options: the same names as in a URL, with hyphens."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.cli.failures import CommandError
from bot.settings import Settings
from ratings.errors import InvalidInput
from ratings.reports.filters import Filters, parse_filters

DAY_OR_TIME = "a day (2026-01-31) or a time with an offset"
HELP = {
    "survey": "Survey, by id.",
    "form": "Form, by the desk's id.",
    "scale": "Scale of the rating, by name.",
    "value": "Value that was given.",
    "value_max": "Greatest value to show.",
    "rated_from": f"Rated from here on: {DAY_OR_TIME}.",
    "rated_to": "Rated before this time, or until the end of this day.",
    "asked_from": "Asked from here on.",
    "asked_to": "Asked before this time, or until the end of this day.",
    "closed_from": "Closed from here on.",
    "closed_to": "Closed before this time, or until the end of this day.",
    "weekday": "Rated on this weekday: 1 is Monday, 7 is Sunday.",
    "hour": "Rated in this hour of the installation's zone: 17 is the one from 17:00 to 18:00.",
    "channel": "Channel account, such as telegram.support.",
    "agent": "Agent, by the desk's id.",
    "group": "Group, by the desk's id.",
    "priority": "Priority.",
    "without": "That has none: survey, form, channel, agent, group or priority.",
    "tag": "Tag of the ticket.",
    "has_comment": "With a comment, or without.",
    "q": "Words that the comment must have, all of them.",
    "state": "State of the rating; confirmed where none is named.",
}
"""Every filter with its help. The names are those of ratings.reports.filters."""

Given = Mapping[str, list[str]]


def with_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every filter. It gets them as `given`: name → values."""

    def wrapped(**options: Any) -> None:
        given = {name: _texts(value) for name in HELP if (value := options.pop(name)) not in (None, [])}
        command(given=given, **options)

    own = [one for one in inspect.signature(command, eval_str=True).parameters.values() if one.name != "given"]
    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [inspect.Parameter(name, keyword, default=None, annotation=_option(name)) for name in HELP]
    wrapped.__signature__ = inspect.Signature([*options, *(one.replace(kind=keyword) for one in own)])  # type: ignore[attr-defined]  # typer reads it
    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    return wrapped


def _option(name: str) -> Any:
    flag, text = name.replace("_", "-"), HELP[name]
    if name == "has_comment":
        return Annotated[bool | None, typer.Option(f"--{flag}/--no-{flag}", help=text, show_default=False)]
    return Annotated[list[str] | None, typer.Option(f"--{flag}", help=text, metavar="TEXT", show_default=False)]


def _texts(value: list[str] | bool) -> list[str]:
    """As they would stand in a URL."""
    return [str(value).lower()] if isinstance(value, bool) else value


def read_filters(settings: Settings, given: Given) -> Filters:
    """Read the options. Raises CommandError with a line for each wrong one."""
    with wrong_options():
        return parse_filters(given, ZoneInfo(settings.server.timezone))


@contextmanager
def wrong_options() -> Iterator[None]:
    """Turn wrong parameters into a CommandError with a line for each wrong option."""
    try:
        yield
    except InvalidInput as error:
        lines = (f"--{wrong.pointer[1:].replace('_', '-')}: {wrong.detail}" for wrong in error.errors)
        raise CommandError(*lines) from None
