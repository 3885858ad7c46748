"""The keys of `[channels.email.<account>]`."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from channels.base import ChannelConfig, Mode, Pace
from channels.email.addresses import MAX_LOCAL, TAG_LENGTH, normalise
from net.errors import Rejected
from net.secrets import Secret

StartTls = Literal["auto", "require", "never"]

_PORTS = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}
_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\s\[\]]+):([0-9]{1,5})")
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is. `tls`: encrypted from the first byte on; `folder` is IMAP's."""

    host: str
    port: int
    tls: bool
    folder: str = ""


def server(url: str) -> Server:
    """Read `smtp://host:port`, `smtps://…`, `imap://host:port/FOLDER` or `imaps://…`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("write it without user and password: they have keys of their own")
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("write it as smtp://host:port, smtps://host:port, or imaps://host:port/FOLDER")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return Server(parts.hostname, port, parts.scheme.endswith("s"), unquote(parts.path.strip("/")))


def listen_address(value: str) -> tuple[str, int]:
    """Read `host:port` to listen on. Raises ValueError."""
    match = _LISTEN.fullmatch(value)
    if match is None or int(match[2]) > MAX_PORT:
        raise ValueError("write it as host:port, such as 127.0.0.1:2424")
    return match[1].strip("[]"), int(match[2])


def _address(value: str) -> str:
    try:
        return normalise(value)
    except Rejected:
        raise ValueError("write it as an address, such as support@example.com") from None


def _sender(value: str) -> str:
    name, address = parseaddr(value)
    whole = value.strip().endswith(f"<{address}>") if name else value.strip("<> ") == address
    if not address or not whole or any(ord(character) < ord(" ") for character in value):
        raise ValueError('write it as "Name <support@example.com>" or as an address alone')
    _address(address)
    return value


Address = Annotated[str, AfterValidator(_address)]


class EmailConfig(ChannelConfig):
    """One sender with its mailbox."""

    hook_secret: ClassVar[None] = None  # type: ignore[misc]  # no key here: mail has no hooks
    takeover: ClassVar[bool] = False  # type: ignore[misc]  # as above

    mode: Mode = Field(Mode.POLLING, description="polling (answers by imap or lmtp_listen) or send-only")
    pace: Pace = Field(
        Pace(per_second=10, per_recipient=1), description="mails a second: over all recipients, and to one recipient"
    )
    timeout: float = Field(
        30.0, gt=0, le=120, description="seconds for all up to the text of a mail, and again for the answer to it"
    )
    smtp: str = Field(description="the server that takes mails: smtp://host:port or smtps://host:port")
    user: str | None = Field(None, description="who logs in at the server; none: nobody does")
    password: Secret | None = Field(None, description="the password of user; env:NAME or file:PATH")
    starttls: StartTls = Field("auto", description="auto, require or never; smtps is encrypted anyway")
    connections: int = Field(4, ge=1, le=50, description="connections to the server at the same time")
    from_: Annotated[str, AfterValidator(_sender)] = Field(
        alias="from", description='whom mails come from: an address, or "Name <address>"'
    )
    reply_to: Address | None = Field(
        None, description="the address that receives answers and bounces; by default that of from"
    )
    separator: str = Field(
        "+", pattern=r"^[+=_-]$", description="what stands between that address and the tag: one of + - = _"
    )
    imap: str | None = Field(None, description="the mailbox of answers: imaps://host:port/FOLDER or imap://…")
    imap_user: str | None = Field(None, description="who logs in at the mailbox; by default user")
    imap_password: Secret | None = Field(None, description="the password of imap_user; by default password")
    imap_poll: float = Field(15.0, ge=0.1, le=3600, description="seconds between two looks into the mailbox")
    lmtp_listen: str = Field("", description="host:port where a mail server hands us answers by LMTP; empty: nowhere")
    dkim_domain: str | None = Field(
        None, description="the domain to sign for by DKIM; none: the mail server signs, or nobody"
    )
    dkim_selector: str | None = Field(None, description="the name of the key below that domain")
    dkim_key: Secret | None = Field(None, description="the RSA key as PEM; env:NAME or file:PATH")

    @model_validator(mode="before")
    @classmethod
    def _hears_nothing_where_nothing_is_set(cls, values: Any) -> Any:
        if isinstance(values, dict) and "mode" not in values and not (values.get("imap") or values.get("lmtp_listen")):
            return {**values, "mode": Mode.SEND_ONLY}
        return values

    @field_validator("mode")
    @classmethod
    def _mode_is_one_of_ours(cls, mode: Mode) -> Mode:
        if mode not in {Mode.POLLING, Mode.SEND_ONLY}:
            raise ValueError("polling or send-only: mail has no hooks")
        return mode

    @field_validator("smtp")
    @classmethod
    def _smtp_is_a_server(cls, url: str) -> str:
        if not url.startswith(("smtp://", "smtps://")) or server(url).folder:
            raise ValueError("write it as smtp://host:port or smtps://host:port")
        return url

    @field_validator("imap")
    @classmethod
    def _imap_is_a_mailbox(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("imap://", "imaps://")):
            raise ValueError("write it as imaps://host:port/FOLDER or imap://host:port/FOLDER")
        if url is not None:
            server(url)
        return url

    @field_validator("lmtp_listen")
    @classmethod
    def _lmtp_is_an_address(cls, value: str) -> str:
        if value:
            listen_address(value)
        return value

    @field_validator("dkim_domain")
    @classmethod
    def _dkim_domain_is_a_domain(cls, value: str | None) -> str | None:
        return None if value is None else _address(f"a@{value}").removeprefix("a@")

    @field_validator("dkim_selector")
    @classmethod
    def _dkim_selector_is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not _SELECTOR.fullmatch(value):
            raise ValueError("write it as the name before ._domainkey, such as mail2026")
        return value

    @model_validator(mode="after")
    def _keys_fit_together(self) -> "EmailConfig":
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together: set both or none")
        if len({self.dkim_domain is None, self.dkim_selector is None, self.dkim_key is None}) > 1:
            raise ValueError("dkim_domain, dkim_selector and dkim_key belong together: set all or none")
        if self.imap and self.lmtp_listen:
            raise ValueError("imap and lmtp_listen are two ways to hear the same: set one of them")
        if self.mode is Mode.POLLING:
            self._can_hear()
        return self

    def _can_hear(self) -> None:
        if not (self.imap or self.lmtp_listen):
            raise ValueError('mode polling needs imap or lmtp_listen; without answers it is mode = "send-only"')
        if self.imap and not (self.imap_user or self.user):
            raise ValueError("imap needs imap_user and imap_password, or user and password")
        if self.imap_user is not None and self.imap_password is None:
            raise ValueError("imap_user needs imap_password")
        if len(self.mailbox.rpartition("@")[0].encode()) > MAX_LOCAL - TAG_LENGTH:
            raise ValueError(
                f"reply_to has at most {MAX_LOCAL - TAG_LENGTH} characters before the @: a tag follows them"
            )
        if not self.mailbox.isascii():
            raise ValueError("reply_to must be plain ASCII: answers have to find their way back from everywhere")

    @property
    def sender(self) -> tuple[str, str]:
        """The name and the address that mails come from."""
        name, address = parseaddr(self.from_)
        return name, normalise(address)

    @property
    def mailbox(self) -> str:
        """The address that receives answers and bounces."""
        return self.reply_to or self.sender[1]
