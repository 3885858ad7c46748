"""Settings: config.toml, the environment over it, and one line for each wrong key. The only reader of the environment.

pydantic-settings merges the two layers; the tables are validated afterwards by their models, because resolving a
secret needs a validation context and BaseSettings cannot pass one.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.settings_problems import Findings, SettingsError, WrongValueError, did_you_mean
from bot.settings_tables import TABLES, Settings
from channels import registry
from channels.base import ChannelConfig
from desks import registry as desk_registry
from desks.base import DeskConfig

__all__ = ["SettingRow", "Settings", "SettingsError", "build_settings", "describe_settings", "load_settings"]

PREFIX = "TAPFIVE_"
DELIMITER = "__"
CONFIG_VARIABLE = "TAPFIVE_CONFIG"
DEFAULT_PATH = Path("config.toml")
MAX_SECRET_FILE_BYTES = 64 * 1024
_TOP_LEVEL = [*TABLES, "channels", "desks"]
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


# --- where the values come from ----------------------------------------------------------------------------------


class _EnvironmentSource(PydanticBaseSettingsSource):
    """`TAPFIVE_SERVER__PORT=9000` → `server.port`; names without `__` are not settings.

    pydantic-settings' own source reads the process' environment only, and guesses the type of values in open tables.
    Here a value is text, which the models convert, or JSON where it starts with `[` or `{`.
    """

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._environ = environ

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - inherited
        return self().get(field_name), field_name, True

    def __call__(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, path in sorted(_overrides(self._environ).items()):
            table = values
            for part in path[:-1]:
                if not isinstance(table.get(part), dict):
                    table[part] = {}
                table = table[part]
            table[path[-1]] = _parse_override(self._environ[name])
        return values


def _overrides(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(name.removeprefix(PREFIX).lower().split(DELIMITER))
        for name in environ
        if name.startswith(PREFIX) and DELIMITER in name
    }


def _parse_override(text: str) -> object:
    if text.startswith(("[", "{")):
        try:
            return json.loads(text)
        except ValueError:
            return text  # the key's model says what it wants instead
    return text


def _merge_layers(path: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    class Layers(BaseSettings):
        model_config = SettingsConfigDict(extra="allow", toml_file=path)

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - inherited
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - inherited
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - inherited
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - inherited
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return _EnvironmentSource(settings_cls, environ), TomlConfigSettingsSource(settings_cls)

    return dict(Layers().model_extra or {})


def load_settings(path: Path | None, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file (else TAPFIVE_CONFIG, else ./config.toml) and the environment over it.

    `environ` stands in for the process' environment. Raises SettingsError with a line for each wrong key.
    """
    if environ is None:
        environ = os.environ  # noqa: TID251 - this is the one place that reads the environment
    path = path or Path(environ.get(CONFIG_VARIABLE) or DEFAULT_PATH)
    if not path.is_file():  # pydantic-settings would read nothing, silently
        hint = f"a TOML file, named by --config PATH or {CONFIG_VARIABLE}; the repository's config.toml is a start"
        raise SettingsError([f"{path}: found {'no plain file' if path.exists() else 'no such file'}; allowed: {hint}"])
    try:
        values = _merge_layers(path, environ)
    except UnicodeDecodeError as error:
        raise SettingsError(
            [f"{path}: found a byte that is not UTF-8 at position {error.start}; allowed: TOML"]
        ) from None
    except OSError as error:
        raise SettingsError([f"{path}: found a file that cannot be read ({error.strerror})"]) from None
    except ValueError as error:  # tomllib's error; its text is a reason and a place, and may quote one character
        raise SettingsError([f"{path}: found no valid TOML: {error}"]) from None
    return build_settings(values, environ=environ, origin=str(path), folder=path.parent)


def build_settings(
    values: Mapping[str, Any], *, environ: Mapping[str, str], origin: str = "settings", folder: Path | None = None
) -> Settings:
    """Validate merged values. `file:` references are relative to `folder`; `environ` holds what `env:` names.

    Overrides in `environ` are only named in errors here, not applied. Raises SettingsError.
    """
    found = Findings(origin, _overrides(environ))
    context = {"resolve_secret": _Resolver(environ, folder or Path())}
    tables: dict[str, Any] = {}
    for name in values:
        if name not in _TOP_LEVEL:
            found.add((name,), "an unknown key", ", ".join(_TOP_LEVEL) + did_you_mean(name, _TOP_LEVEL))
    for name, model in TABLES.items():
        tables[name] = found.validate((name,), model, values.get(name, {}), context)
    _look_at_oidc(found, tables)
    channels: dict[str, ChannelConfig] = {}
    for path, kind, raw in found.accounts("channels", values.get("channels", {}), list(registry.kinds())):
        config = found.validate(path, registry.config_class(kind), raw, context)
        if config is not None:
            channels[".".join(path[1:])] = config
    desks: dict[str, DeskConfig] = {}
    for path, kind, raw in found.accounts("desks", values.get("desks", {}), list(desk_registry.kinds())):
        of_desk = found.validate(path, desk_registry.config_class(kind), raw, context)
        if of_desk is not None:
            desks[".".join(path[1:])] = of_desk
    if found.lines:
        raise SettingsError(found.lines)
    return Settings(**tables, channels=channels, desks=desks)


def _look_at_oidc(found: Findings, tables: Mapping[str, Any]) -> None:
    """Note what a provider of OpenID Connect needs and what stands in two tables, or in two keys of one."""
    server, oidc = tables["server"], tables["oidc"]
    if server is None or oidc is None or not oidc.issuer:
        return
    if not oidc.client_id:
        found.add(("oidc", "client_id"), "nothing", "what the provider knows this installation by")
    if not server.public_url:
        found.add(("server", "public_url"), "nothing", "the address that the provider of [oidc] leads back to")
    if oidc.forms and not oidc.roles:
        found.add(
            ("oidc", "forms"), "forms of groups, and no roles", "nothing, or roles of groups in [oidc] roles, too"
        )


class _Resolver:
    """Turns `env:NAME` and `file:PATH` into the text they refer to."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self._environ = environ
        self._folder = folder

    def __call__(self, reference: str) -> str:
        source, _, name = reference.partition(":")
        return self._variable(name) if source == "env" else self._file(name)

    def _variable(self, name: str) -> str:
        if not _VARIABLE.fullmatch(name):  # perhaps the secret itself: not shown
            raise WrongValueError("env:NAME with the name of a variable", found="env: without a variable's name")
        value = self._environ.get(name)
        if not value:
            state = "is not set" if value is None else "is empty"
            raise WrongValueError("a variable that is set", found=f"env:{name}, and {name} {state}")
        return value

    def _file(self, name: str) -> str:
        path = self._folder / Path(name).expanduser()
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_SECRET_FILE_BYTES + 1)
            value = content.decode().rstrip("\r\n")
        except FileNotFoundError:
            problem = "no such file"
        except (OSError, ValueError) as error:
            problem = f"it cannot be read ({error.strerror})" if isinstance(error, OSError) else "it is not UTF-8 text"
        else:
            if value and len(content) <= MAX_SECRET_FILE_BYTES:
                return value
            problem = "it is too large" if value else "it is empty"
        raise WrongValueError("a readable file that holds the secret alone", found=f"file:{name}, and {problem}")


# --- what the docs say of them -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A key for people: `default` as config.toml writes it, or the word required, or the word none."""

    table: str
    key: str
    default: str
    help: str

    @property
    def variable(self) -> str:
        """The environment variable that overrides the key."""
        return PREFIX + DELIMITER.join([*self.table.split("."), self.key]).upper()


def describe_settings() -> list[SettingRow]:
    """Every key of every table, those of each kind under `channels.<kind>.<account>` and `desks.<kind>.<name>`."""
    models: dict[str, type[BaseModel]] = dict(TABLES)
    models |= {f"channels.{kind}.<account>": registry.config_class(kind) for kind in registry.kinds()}
    models |= {f"desks.{kind}.<name>": desk_registry.config_class(kind) for kind in desk_registry.kinds()}
    return [
        SettingRow(table, described.alias or key, _default(described), described.description or "")
        for table, model in models.items()
        for key, described in model.model_fields.items()
    ]


def _default(described: FieldInfo) -> str:
    if described.is_required():
        return "required"
    value = described.get_default(call_default_factory=True, validated_data={})
    return "none" if value is None else _toml(value)


def _toml(value: object) -> str:
    if isinstance(value, BaseModel):
        inner = ", ".join(f"{key} = {_toml(part)}" for key, part in value.model_dump(mode="json").items())
        return f"{{ {inner} }}"
    return json.dumps(value, ensure_ascii=False)
