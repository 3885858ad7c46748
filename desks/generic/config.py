"""The keys of `[desks.generic.<name>]`."""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from desks.base import DeskConfig
from desks.generic.mapping import compile_mapping
from net.secrets import Secret
from net.signatures import HmacScheme, standard_key

MIN_TOKEN = 16
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_NO_URL = "write it as https://host/path, without a user and a fragment"


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


_Secrets = Annotated[tuple[Secret, ...], BeforeValidator(_as_list), Field(min_length=1, max_length=10)]


def _standard_keys(secrets: tuple[Secret, ...] | None) -> tuple[Secret, ...] | None:
    for secret in secrets or ():
        standard_key(secret.get_secret_value())
    return secrets


class VerifyConfig(BaseModel):
    """`verify`: how the desk signs, where it is by no standard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret: _Secrets = Field(description="the key, or a list of them; env:NAME or file:PATH")
    header: str = Field(description="the header with the signature")
    prefix: str = Field("", max_length=100, description="what stands before the signature, such as sha256=")
    algorithm: Literal["sha1", "sha256", "sha512"] = Field("sha256", description="sha1, sha256 or sha512")
    encoding: Literal["hex", "base64"] = Field("hex", description="hex or base64")
    template: str = Field("{body}", max_length=500, description="the signed text: {body}, {timestamp}, {id}, {url}")
    timestamp_header: str = Field("", description="the header with the time, which must be in the signed text")
    id_header: str = Field("", description="the header with the id, for {id}")
    url: str = Field("", max_length=2000, description="our address as the desk knows it, for {url}")
    tolerance: float = Field(300.0, ge=0, le=86_400, description="seconds that the time may be off; 0: any")

    @field_validator("header", "timestamp_header", "id_header")
    @classmethod
    def _is_a_header(cls, name: str) -> str:
        if name and not _HEADER.fullmatch(name):
            raise ValueError("write the name of a header")
        return name

    @model_validator(mode="after")
    def _proves_something(self) -> Self:
        if not self.header:
            raise ValueError("write the header with the signature")
        self.scheme()
        return self

    def scheme(self) -> HmacScheme:
        """The verifier. Raises ValueError where it would prove nothing."""
        return HmacScheme(
            header=self.header,
            prefix=self.prefix,
            algorithm=self.algorithm,
            encoding=self.encoding,
            template=self.template,
            timestamp_header=self.timestamp_header,
            id_header=self.id_header,
            url=self.url,
            tolerance=round(self.tolerance * 1000),
        )


class GenericConfig(DeskConfig):
    """One desk. Whatever of `secret`, `verify` and `token` is given must hold; one must be."""

    secret: _Secrets | None = Field(
        None, description="the desk signs by Standard Webhooks with this, or with one of a list"
    )
    verify: VerifyConfig | None = Field(
        None, description="the desk signs in a way of its own: a table that describes it"
    )
    token: _Secrets | None = Field(None, description="the desk sends this, or one of a list, in `token_header`")
    token_header: str = Field(
        "authorization", description="where the token is; in `authorization` as Bearer, or as Basic with user:password"
    )
    format: Literal["auto", "webhook", "cloudevents", "json"] = Field(
        "auto", description="what the desk posts: auto, webhook, cloudevents or json"
    )
    mapping: dict[str, Any] | None = Field(
        None, description="our ticket's fields, and where they are in what the desk posts; none: it posts our ticket"
    )
    callback_url: str = Field("", max_length=2000, description="where results are posted; empty: nowhere")
    callback_secret: _Secrets | None = Field(
        None, description="signs results by Standard Webhooks, each of a list; by default `secret`"
    )
    allow_ticket_callback: bool = Field(
        False, description="a ticket may name its own `callback_url`; private addresses are refused"
    )

    _check_keys = field_validator("secret", "callback_secret")(_standard_keys)

    @field_validator("token")
    @classmethod
    def _token_is_long(cls, token: tuple[Secret, ...] | None) -> tuple[Secret, ...] | None:
        if any(len(one.get_secret_value()) < MIN_TOKEN for one in token or ()):
            raise ValueError(f"write a token of at least {MIN_TOKEN} characters")
        return token

    @field_validator("token_header")
    @classmethod
    def _token_has_a_header(cls, name: str) -> str:
        if not _HEADER.fullmatch(name):
            raise ValueError("write the name of a header")
        return name.lower()

    @field_validator("mapping")
    @classmethod
    def _mapping_can_be_read(cls, mapping: dict[str, Any] | None) -> dict[str, Any] | None:
        if mapping is not None:
            compile_mapping(mapping)
        return mapping

    @field_validator("callback_url")
    @classmethod
    def _callback_is_a_url(cls, url: str) -> str:
        if url and not is_callback(url):
            raise ValueError(_NO_URL)
        return url

    @model_validator(mode="after")
    def _can_prove_and_sign(self) -> Self:
        if self.secret is None and self.verify is None and self.token is None:
            raise ValueError("write secret, verify or token: without one of them anybody could close tickets")
        if (self.callback_url or self.allow_ticket_callback) and not (self.callback_secret or self.secret):
            raise ValueError("write callback_secret: results are signed, and there is no secret to sign them with")
        return self


def is_callback(url: str) -> bool:
    """Whether results can be posted there."""
    try:
        parts = urlsplit(url)
        proper = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return proper and parts.username is None and not parts.fragment and url.isprintable() and " " not in url
