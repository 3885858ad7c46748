"""The keys of `[channels.viber.<account>]`."""

import re
from typing import ClassVar

from pydantic import Field, field_validator

from channels.api_url import base_of
from channels.base import ChannelConfig, Mode, Pace
from net.secrets import Secret

# Only what a header can carry: how a token reads is not written down.
_TOKEN = re.compile(r"[!-~]{8,512}")


class ViberConfig(ChannelConfig):
    """One bot."""

    hook_secret: ClassVar[None] = None  # type: ignore[misc]  # no key here: the token itself signs every hook

    mode: Mode = Field(Mode.WEBHOOK, description="webhook, relay or send-only")
    token: Secret = Field(
        description="the bot's authentication token, from its edit info screen; env:NAME or file:PATH"
    )
    sender: str = Field(
        "Support", min_length=1, max_length=28, description="the name beside our messages, at most 28 characters"
    )
    api_url: str = Field(
        "https://chatapi.viber.com/pa", description="where the Bot API is; point it at a stand-in to try things out"
    )
    pace: Pace = Field(
        Pace(per_second=50, per_recipient=1), description="messages a second: over all customers, and to one customer"
    )
    api_version: int = Field(
        4, ge=1, le=100, description="what a customer's app is taken to know before it has told its own API version"
    )
    hide_input: bool = Field(
        True, description="hide the input field below the choices, so that a tap is the only answer"
    )
    wait_when_throttled: float = Field(
        600.0, ge=1, le=3600, description="seconds to leave a customer alone who got all that Viber allows in an hour"
    )

    @field_validator("token")
    @classmethod
    def _token_fits_a_header(cls, token: Secret) -> Secret:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("this is no Viber token; it has letters, digits and dashes, and no blanks")
        return token

    @field_validator("sender")
    @classmethod
    def _sender_can_be_seen(cls, sender: str) -> str:
        if not sender.strip() or not sender.isprintable():
            raise ValueError("write a name that can be seen, on one line")
        return sender

    @field_validator("api_url")
    @classmethod
    def _api_url_is_a_base(cls, api_url: str) -> str:
        return base_of(api_url, "https://host/pa, without a method")

    @field_validator("mode")
    @classmethod
    def _mode_exists(cls, mode: Mode) -> Mode:
        if mode is Mode.POLLING:
            raise ValueError("Viber has no polling: webhook, relay or send-only")
        return mode
