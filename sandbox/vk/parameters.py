"""Reading the parameters of a method: query string and form, never JSON; objects are JSON inside a field.

https://dev.vk.com/ru/api/api-requests
"""

import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from .refusals import RefusedError, invalid

Parameters = dict[str, str]
Version = tuple[int, int]

OLDEST: Version = (5, 103)
"""The events and answers of older versions have other shapes, which this stand-in gives by events alone."""


async def read_parameters(request: web.BaseRequest) -> Parameters:
    """The fields of one request. A JSON body holds none, as far as VK is concerned."""
    _, _, query = request.raw_path.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    if request.content_type == "multipart/form-data":
        parameters.update({name: value for name, value in (await request.post()).items() if isinstance(value, str)})
    elif request.content_type == "application/x-www-form-urlencoded":
        body = (await request.read()).decode(errors="replace")
        parameters.update(parse_qsl(body, keep_blank_values=True))
    return parameters


def version_of(text: str) -> Version | None:
    """5.199 as (5, 199); None for what is no version."""
    major, _, minor = text.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        return None
    return int(major), int(minor)


def check_version(parameters: Parameters) -> None:
    """Raises RefusedError without a `v`, or with one whose shapes are other ones."""
    given = parameters.get("v", "")
    if not given:
        raise RefusedError(8, "v is required")
    version = version_of(given)
    if version is None or version < OLDEST:
        raise RefusedError(8, 'versions below 5.103 are deprecated. Version param should be passed as "v"')


def integer_of(parameters: Parameters, name: str) -> int | None:
    """A whole number, or None where the field is missing or empty. Raises RefusedError for other text."""
    given = parameters.get(name, "")
    if not given:
        return None
    try:
        return int(given)
    except ValueError:
        raise invalid(f"{name} not integer") from None


def required_integer(parameters: Parameters, name: str) -> int:
    """A whole number that must be there. Raises RefusedError."""
    number = integer_of(parameters, name)
    if number is None:
        raise invalid(f"{name} is a required parameter")
    return number


def integers_of(parameters: Parameters, name: str) -> list[int]:
    """Whole numbers with commas between them. Raises RefusedError."""
    try:
        return [int(one) for one in parameters.get(name, "").split(",") if one.strip()]
    except ValueError:
        raise invalid(f"{name} not integer") from None


def flag_of(parameters: Parameters, name: str) -> bool | None:
    """1 or 0; None where it is not given."""
    given = parameters.get(name)
    return None if given is None else given.lower() in {"1", "true"}


def object_of(parameters: Parameters, name: str) -> Any:
    """The JSON in a field; None where there is none. Raises RefusedError where it is no JSON."""
    given = parameters.get(name, "")
    if not given:
        return None
    try:
        return json.loads(given)
    except ValueError:
        raise invalid(f"{name} contains incorrect JSON") from None
