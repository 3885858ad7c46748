"""The keys of `[channels.telegram.<account>]`."""

import re

from pydantic import Field, field_validator

from channels.api_url import base_of
from channels.base import ChannelConfig, Pace
from net.secrets import Secret

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")


class TelegramConfig(ChannelConfig):
    """One bot."""

    token: Secret = Field(description="the bot's token, as BotFather gave it; env:NAME or file:PATH")
    api_url: str = Field(
        "https://api.telegram.org", description="where the Bot API is; point it at a stand-in to try things out"
    )
    # https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
    pace: Pace = Field(
        Pace(per_second=30, per_recipient=1), description="messages a second: over all chats, and to one chat"
    )
    poll_wait: int = Field(25, ge=1, le=50, description="polling: seconds that Telegram may hold a request open")
    max_connections: int = Field(40, ge=1, le=100, description="webhook: hooks that Telegram may post at the same time")

    @field_validator("token")
    @classmethod
    def _token_has_its_shape(cls, token: Secret) -> Secret:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("this is no bot token; it reads like 123456:ABC-def, digits before the colon")
        return token

    @field_validator("api_url")
    @classmethod
    def _api_url_is_a_base(cls, api_url: str) -> str:
        return base_of(api_url, "https://host, with a path if need be, and without the token")
