"""Reading the parameters of a method: query string, form, multipart or JSON, all of them allowed at once.

In the string encodings a nested object is a JSON string; in a JSON body it is an object. Numbers and booleans may
be strings anywhere. https://core.telegram.org/bots/api#making-requests
"""

import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from .refusals import bad_request

Parameters = dict[str, Any]


async def read_parameters(request: web.BaseRequest) -> Parameters:
    """The parameters of one request. Raises RefusedError for a JSON body that is none."""
    _, _, query = request.raw_path.partition("?")
    parameters: Parameters = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    if not request.body_exists:
        return parameters
    content_type = request.content_type
    if content_type == "multipart/form-data":
        for name, value in (await request.post()).items():
            parameters[name] = value.file.read() if isinstance(value, web.FileField) else value
        return parameters
    body = await request.read()
    if body:
        parameters.update(parse_body(body, content_type))
    return parameters


def parse_body(body: bytes, content_type: str) -> Parameters:
    """The parameters of a JSON or form body; other types hold none."""
    if content_type == "application/json":
        try:
            content = json.loads(body)
        except ValueError:
            raise bad_request("can't parse JSON object") from None
        if not isinstance(content, dict):
            raise bad_request("expected a JSON object")
        return content
    if content_type == "application/x-www-form-urlencoded":
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
    return {}


def text_of(parameters: Parameters, name: str) -> str:
    """A string; "" where it is missing."""
    value = parameters.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value)


def integer_of(parameters: Parameters, name: str, default: int = 0) -> int:
    """A whole number, also from its text; the default where there is none."""
    value = parameters.get(name)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    try:
        return int(value) if isinstance(value, str) else default
    except ValueError:
        return default


def flag_of(parameters: Parameters, name: str) -> bool:
    """True for true, "true", 1, "yes"."""
    value = parameters.get(name)
    return value is True or (not isinstance(value, bool) and str(value).lower() in {"true", "1", "yes"})


def object_of(parameters: Parameters, name: str, what: str) -> Any:
    """A JSON value: decoded where it came as a string; None where it is missing. Raises RefusedError naming `what`."""
    value = parameters.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {what} JSON object") from None
    return value
