"""A survey as text, for those who keep it in a file: TOML, as `tapfive survey export` writes it."""

import json
import tomllib
from typing import Any

import tomli_w

from ratings.survey import Survey, survey_to_dict


class NoDocument(ValueError):
    """The text is neither TOML nor JSON; the message says where."""


def survey_to_toml(survey: Survey) -> str:
    """Write a survey as TOML. The store counts versions, so the file only mentions its own in a comment."""
    document = _without_null({key: value for key, value in survey_to_dict(survey).items() if key != "version"})
    return f"# Version {survey.version}. `tapfive survey import FILE` stores it as the next one.\n{tomli_w.dumps(document)}"


def read_document(text: str) -> dict[str, Any]:
    """Read TOML, or JSON where it begins with a brace. Raises NoDocument."""
    try:
        read = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoDocument(str(error)) from None
    assert isinstance(read, dict)
    return read


def _without_null(value: Any) -> Any:
    """TOML has no null. Wherever a survey has one it is the default, so that it can be left out."""
    if isinstance(value, dict):
        return {key: _without_null(each) for key, each in value.items() if each is not None}
    return value
