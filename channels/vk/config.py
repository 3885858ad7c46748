"""The keys of `[channels.vk.<account>]`."""

import re

from pydantic import Field, field_validator

from channels.api_url import base_of
from channels.base import ChannelConfig, Pace
from net.secrets import Secret

API_VERSION = "5.199"
"""The shape of calls, answers and events. vk_api's own default is 5.92."""

MAX_SECRET = 50
"""Characters of a Callback API server's secret: https://dev.vk.com/ru/method/groups.addCallbackServer."""

_TOKEN = re.compile(r"[!-~]{16,}")
_CONFIRMATION = re.compile(r"[0-9A-Za-z]{1,64}")


class VkConfig(ChannelConfig):
    """One community."""

    token: Secret = Field(description="the community's access key; env:NAME or file:PATH")
    group_id: int = Field(gt=0, description="the community's number, without a minus")
    confirmation: str | None = Field(
        None, description="what VK wants to read as the hook's confirmation; by default VK is asked for it"
    )
    api_url: str = Field("https://api.vk.ru", description="where VK's API is; point it at a stand-in to try things out")
    # https://dev.vk.com/ru/api/api-requests: 20 calls a second with a community's key. VK names no limit for one
    # recipient; it calls many messages in a row to one person a flood, and does not say how many.
    pace: Pace = Field(
        Pace(per_second=20, per_recipient=2), description="messages a second: over all customers, and to one of them"
    )
    threads: int = Field(8, ge=1, le=64, description="calls to VK at the same time; vk_api blocks a thread for each")
    poll_wait: int = Field(25, ge=1, le=90, description="polling: seconds that VK may hold a request open")

    @field_validator("token")
    @classmethod
    def _token_has_its_shape(cls, token: Secret) -> Secret:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("this is no access key of a community; it reads like vk1.a.… and has no blanks")
        return token

    @field_validator("hook_secret")
    @classmethod
    def _secret_fits(cls, secret: Secret | None) -> Secret | None:
        if secret is not None and len(secret.get_secret_value()) > MAX_SECRET:
            raise ValueError(f"VK takes a secret of at most {MAX_SECRET} characters")
        return secret

    @field_validator("confirmation")
    @classmethod
    def _confirmation_has_its_shape(cls, confirmation: str | None) -> str | None:
        if confirmation is not None and not _CONFIRMATION.fullmatch(confirmation):
            raise ValueError("write the string that VK shows, such as a1b2c3d4: letters and digits alone")
        return confirmation

    @field_validator("api_url")
    @classmethod
    def _api_url_is_a_base(cls, api_url: str) -> str:
        return base_of(api_url, "https://host, with a path if need be, and without /method")
