"""What is wrong with the settings: one line for each wrong key, with what was found and what is allowed.

A value is shown only where it can be no secret.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.logs import redact_text

SECRET_ALLOWED = "env:NAME or file:PATH, never the secret itself"  # noqa: S105 - the rule about secrets, not one
KeyPath = tuple[str | int, ...]
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+")
_ACCOUNT = re.compile(r"[a-z0-9_-]{1,32}")


class SettingsError(Exception):
    """The settings cannot be used. `lines`: one for each wrong key, without any secret's value."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


class WrongValueError(ValueError):
    """A value that one of our own validators refuses. `found` is None where the value itself may be shown."""

    def __init__(self, allowed: str, *, found: str | None = None) -> None:
        super().__init__(allowed)
        self.found = found
        self.allowed = allowed


# --- what is wrong with them -------------------------------------------------------------------------------------


class Findings:
    """Collects a line for each wrong key."""

    def __init__(self, origin: str, overrides: Mapping[str, tuple[str, ...]]) -> None:
        self.lines: list[str] = []
        self._origin = origin
        self._overrides = {path: name for name, path in overrides.items()}

    def add(self, path: KeyPath, found: str, allowed: str) -> None:
        """Note one wrong key."""
        key = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", ".".join(map(str, path)))
        self.lines.append(f"{self._whence(path)}: {redact_text(key)}: found {found}; allowed: {allowed}")

    def _whence(self, path: KeyPath) -> str:
        """The variable that set this key, or something in or around it; else the file."""
        for override, name in self._overrides.items():
            shared = min(len(override), len(path))
            if override[:shared] == path[:shared]:
                return name
        return self._origin

    def validate(self, path: KeyPath, model: type[BaseModel], raw: object, context: Mapping[str, Any]) -> Any:
        """One table by its model; None after noting what is wrong with it."""
        if not isinstance(raw, dict):
            self.add(path, "no table", f"a table [{'.'.join(map(str, path))}]")
            return None
        try:
            return model.model_validate(raw, context=dict(context))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self.add((*path, *detail["loc"]), *_describe(detail, model))
        return None

    def accounts(
        self, section: str, raw: object, kinds: list[str]
    ) -> Iterator[tuple[tuple[str, str, str], str, object]]:
        """The entries of `[section.<kind>.<account>]` whose kind and name are right; the others become lines."""
        if not isinstance(raw, dict):
            self.add((section,), "no table", f"tables [{section}.<kind>.<account>]")
            return
        for kind, accounts in raw.items():
            if kind not in kinds:
                allowed = (", ".join(kinds) or "none, no kind exists yet") + did_you_mean(kind, kinds)
                self.add((section, kind), "an unknown kind", allowed)
            elif not isinstance(accounts, dict):
                self.add((section, kind), "no table", f"a table for each account: [{section}.{kind}.<account>]")
            else:
                for account, entry in accounts.items():
                    path = (section, kind, account)
                    if not isinstance(entry, dict):
                        self.add(path, "a key outside an account", f"keys below [{section}.{kind}.<account>]")
                    elif not _ACCOUNT.fullmatch(account):
                        self.add(path, "an account's name of another form", "1 to 32 of a-z, 0-9, _ and -")
                    else:
                        yield path, kind, entry


def _describe(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """What pydantic found and what it wants, in our words, without the value of anything that may be secret."""
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    table, holds_secret = _locate(detail["loc"], model)
    if detail["type"] == "extra_forbidden":
        keys = [described.alias or name for name, described in table.model_fields.items()]
        return "an unknown key", ", ".join(keys) + did_you_mean(key, keys)
    if detail["type"] == "missing":
        described = next((each for name, each in table.model_fields.items() if key in {name, each.alias}), None)
        return "nothing", (SECRET_ALLOWED if holds_secret else described and described.description) or "a value"
    cause = detail.get("ctx", {}).get("error")
    found = _show(detail["input"], hidden=holds_secret)
    if isinstance(cause, WrongValueError):
        return cause.found or found, cause.allowed
    if cause is not None:
        return found, str(cause).removeprefix("write ").removeprefix("it as ")  # the text says what to write
    message = detail["msg"].removeprefix("Input should ").removeprefix("be ")
    return found, message[:1].lower() + message[1:]


def _locate(path: KeyPath, model: type[BaseModel]) -> tuple[type[BaseModel], bool]:
    """The model whose key is wrong, and whether secrets may stand there."""
    secret = False
    for part in path:
        described = model.model_fields.get(str(part))
        if described is None:
            continue  # the index in a list, or an unknown key
        secret = "SecretStr" in repr(described.annotation)
        inner = next(_models(described.annotation), None)
        if inner is not None and part != path[-1]:
            model = inner
    return model, secret


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """The models in an annotation: its own, those of a list or a table, and what may also be None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _show(value: object, *, hidden: bool) -> str:
    if isinstance(value, str):
        if hidden:
            return f"something else in {value}" if _REFERENCE.fullmatch(value) else "a plain string"
        return redact_text(json.dumps(value, ensure_ascii=False))[:80]
    if isinstance(value, bool | int | float) and not hidden:
        return str(value).lower()
    names = {dict: "a table", list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "a date or time")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a line: the known word that was probably meant, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
