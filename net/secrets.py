"""Secrets in settings: references to the environment or to a file, resolved while the settings are validated."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, SecretStr, ValidationInfo

Resolve = Callable[[str], str]
"""Turns `env:NAME` or `file:PATH` into the secret. Raises ValueError with a hint."""


def resolve_secret(value: object, info: ValidationInfo) -> object:
    """Return the secret that a reference names. Raises ValueError."""
    if isinstance(value, SecretStr):
        return value
    resolve: Resolve | None = (info.context or {}).get("resolve_secret")
    if not isinstance(value, str) or resolve is None or not value.startswith(("env:", "file:")):
        raise ValueError("write env:NAME or file:PATH, never the secret itself")
    return SecretStr(resolve(value))


Secret = Annotated[SecretStr, BeforeValidator(resolve_secret)]
