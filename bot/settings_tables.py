"""The tables of config.toml: every key with its default, its limits and a line of help."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo

from bot.settings_problems import WrongValueError, did_you_mean
from channels.base import ChannelConfig
from desks.base import DeskConfig
from net.secrets import Secret, resolve_secret

MIN_SECRET_BYTES = 32
EVERY_FORM = "*"
"""Among the forms of a group: all there are."""


# --- what the keys may hold --------------------------------------------------------------------------------------


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):  # pydantic reads true as 1
        raise WrongValueError("a whole number")
    return value


def _as_list(value: object) -> object:
    if value in ([], ()):  # not by min_length: pydantic would count wrong entries as missing ones, too
        raise WrongValueError("one reference or more", found="an empty list")
    return value if isinstance(value, list | tuple) else [value]


def _long_enough(secret: SecretStr) -> SecretStr:
    size = len(secret.get_secret_value().encode())
    if size < MIN_SECRET_BYTES:
        raise WrongValueError(f"at least {MIN_SECRET_BYTES} bytes", found=f"a secret of {size} bytes")
    return secret


def _public_url(value: str) -> str:
    allowed = "empty, or http(s)://host[:port][/path] without user, query or fragment"
    try:
        parts = urlsplit(value)
        proper = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        raise WrongValueError(allowed) from None
    if value and (not proper or parts.username is not None or parts.query or parts.fragment):
        raise WrongValueError(allowed)
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        hint = did_you_mean(value, available_timezones())
        raise WrongValueError(f"an IANA zone such as UTC or Europe/Warsaw{hint}") from None
    return value


def _may_be_reference(value: object, info: ValidationInfo) -> object:
    """A URL with a password may stand in the environment or in a file; one without may be written out."""
    if isinstance(value, str) and value.startswith(("env:", "file:")):
        return (info.context or {})["resolve_secret"](value)
    return value


def _store_url(url: SecretStr) -> SecretStr:
    value = url.get_secret_value()
    scheme, _, rest = value.partition("://")
    if scheme not in {"sqlite", "postgresql+psycopg"} or not rest.strip("/") or ":memory:" in rest:
        found = "a URL of another form" if "://" in value else "no URL"
        raise WrongValueError("sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE", found=found)
    return url


def _redis_url(url: SecretStr) -> SecretStr:
    value = url.get_secret_value()
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise WrongValueError("empty, or a URL with redis://, rediss:// or unix://", found="another text")
    return url


def _secret_or_nothing(value: object, info: ValidationInfo) -> object:
    return "" if value == "" else resolve_secret(value, info)


def _issuer(value: str) -> str:
    if not value:
        return value
    allowed = "empty, or https://host[/path] as the provider itself writes it (http on this machine alone)"
    try:
        parts = urlsplit(value)
        local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        proper = parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and local)) and parts.port != 0
    except ValueError:
        raise WrongValueError(allowed) from None
    if not proper or parts.username is not None or parts.query or parts.fragment:
        raise WrongValueError(allowed)
    return value


def _scopes(value: str) -> str:
    if "openid" not in value.split():
        raise WrongValueError("words with blanks between them, openid among them")
    return " ".join(value.split())


def _groups(value: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in value:
        if not name or name != name.strip() or not name.isprintable():
            raise WrongValueError("names of groups as the provider writes them", found=f"a group called {name!r}")
    return value


def _some_forms(value: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    for name, forms in value.items():
        if not forms or any(not form or form != form.strip() for form in forms):
            allowed = f'a list of forms\' ids for each group, or ["{EVERY_FORM}"] for all of them'
            raise WrongValueError(allowed, found=f"a form without an id, or none at all, for {name!r}")
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


_Whole = Annotated[int, BeforeValidator(_refuse_bool)]
_Seconds = Annotated[_Whole, Field(ge=0, le=86_400)]
_SigningSecrets = Annotated[tuple[Annotated[Secret, AfterValidator(_long_enough)], ...], BeforeValidator(_as_list)]
_DEFAULT_SECRET: Any = ["env:TAPFIVE_SECRET"]  # a reference; validation makes it the secret itself
_DEFAULT_STORE: Any = "sqlite:///tapfive.db"
_NO_URL: Any = ""


class _Table(BaseModel):
    """One table of the file: every key has a default and a description, no other key is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ServerSettings(_Table):
    """`[server]`."""

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on; `0.0.0.0` listens on all")
    port: _Whole = Field(8000, ge=0, le=65_535, description="port to listen on; 0 takes a free one")
    public_url: Annotated[str, AfterValidator(_public_url)] = Field(
        "", description="where messengers and customers reach this server; empty: no webhook is installed"
    )
    secret: _SigningSecrets = Field(
        _DEFAULT_SECRET,
        description="signs prompts and links: a reference or a list of them, newest first; each at least 32 bytes",
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="IANA zone whose days the reports count, one for the installation"
    )
    max_body: _Whole = Field(
        262_144, ge=1024, le=67_108_864, description="bytes that a hook or one ticket may have; more is answered 413"
    )
    allow_private_hooks: bool = Field(
        False, description="true lets events be posted to private addresses, and without encryption"
    )


class StoreSettings(_Table):
    """`[store]`."""

    url: Annotated[SecretStr, BeforeValidator(_may_be_reference), AfterValidator(_store_url)] = Field(
        _DEFAULT_STORE,
        description="`sqlite:///FILE` or `postgresql+psycopg://…`; with a password better as `env:NAME` or `file:PATH`",
    )
    queue_limit: _Whole = Field(
        10_000, ge=1, le=1_000_000, description="votes, closings and results that may wait for the writer; then 503"
    )


class RedisSettings(_Table):
    """`[redis]`."""

    url: Annotated[SecretStr, BeforeValidator(_may_be_reference), AfterValidator(_redis_url)] = Field(
        _NO_URL, description="shared pace and leases of several processes; empty: one process, none needed"
    )


class VotesSettings(_Table):
    """`[votes]`, in seconds."""

    min_age: _Seconds = Field(10, description="seconds a link message must be out before a click counts at once")
    sibling_window: _Seconds = Field(60, description="seconds in which hits on several values look like a link scanner")
    settle: _Seconds = Field(900, description="seconds after which a provisional vote is decided")
    outcome_delay: _Seconds = Field(60, description="seconds an outcome waits, so that a change of mind is heard first")


class OidcSettings(_Table):
    """`[oidc]`: signing in at a provider of OpenID Connect."""

    issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        "", description="the provider's address, as it writes it itself; empty: people sign in by password alone"
    )
    client_id: str = Field("", max_length=500, description="how the provider knows this installation")
    client_secret: Annotated[SecretStr, BeforeValidator(_secret_or_nothing)] = Field(
        _NO_URL, description="what proves it: `env:NAME` or `file:PATH`; empty: a public client"
    )
    title: str = Field(
        "OpenID Connect", min_length=1, max_length=60, description="the provider's name on the page of signing in"
    )
    scopes: Annotated[str, AfterValidator(_scopes)] = Field(
        "openid email profile", description="what the provider is asked to tell"
    )
    claim: str = Field(
        "email", min_length=1, max_length=100, description="which of that is the user's name; email must be verified"
    )
    role: Literal["", "agent", "manager", "admin"] = Field(
        "", description="agent, manager or admin: what somebody gets whom nobody let in before; empty: they stay out"
    )
    groups_claim: str = Field(
        "groups", min_length=1, max_length=100, description="which claim lists somebody's groups, or a path to it"
    )
    roles: Annotated[dict[str, Literal["agent", "manager", "admin"]], AfterValidator(_groups)] = Field(
        {},
        description="group → role, of several the highest; set, it rules at each sign-in there; empty: no group rules",
    )
    forms: Annotated[dict[str, tuple[str, ...]], AfterValidator(_groups), AfterValidator(_some_forms)] = Field(
        {}, description='group → ids of forms that it sees, `["*"]` all; empty: forms are set on the page of users'
    )


class LogSettings(_Table):
    """`[log]`."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "info", description="the least important lines to write: debug, info, warning or error"
    )
    format: Literal["auto", "json", "pretty"] = Field(
        "auto", description="json, pretty, or auto: pretty on a terminal, json elsewhere"
    )


TABLES: dict[str, type[_Table]] = {
    "server": ServerSettings,
    "store": StoreSettings,
    "redis": RedisSettings,
    "votes": VotesSettings,
    "oidc": OidcSettings,
    "log": LogSettings,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it, validated. `channels` is by account slug ("telegram.support"), `desks` by name ("pyrus.main")."""

    server: ServerSettings
    store: StoreSettings
    redis: RedisSettings
    votes: VotesSettings
    oidc: OidcSettings
    log: LogSettings
    channels: Mapping[str, ChannelConfig] = field(default_factory=dict)
    desks: Mapping[str, DeskConfig] = field(default_factory=dict)
