"""Hooks of the channels."""

from collections.abc import Awaitable, Mapping

from bot.answers import Answers
from bot.metrics import Metrics
from bot.web.hook_endpoint import HookEndpoint
from channels.base import Channel, HookReply, HookRequest, Mode

PREFIX = "/hooks/channels/"
_HEARING = (Mode.WEBHOOK, Mode.RELAY)


def hook_path(account: str) -> str:
    """Return the path of an account's hook: "telegram.support" is at /hooks/channels/telegram/support."""
    kind, _, name = account.partition(".")
    return f"{PREFIX}{kind}/{name}"


class Hooks(HookEndpoint[Channel]):
    """The ASGI endpoint of all channel hooks; several accounts, one path each."""

    def __init__(self, channels: Mapping[str, Channel], answers: Answers, metrics: Metrics, max_body: int) -> None:
        hearing = {
            hook_path(account): channel for account, channel in channels.items() if channel.config.mode in _HEARING
        }
        super().__init__(hearing, metrics)
        self._answers = answers
        self._max_body = max_body

    def name(self, owner: Channel) -> str:
        """Return the account."""
        return owner.account

    def limit(self, owner: Channel) -> int:  # noqa: ARG002 - one limit for all
        """Return the server's own limit."""
        return self._max_body

    def verify(self, owner: Channel, request: HookRequest) -> None:
        """Let the channel look at the request's proof."""
        owner.verify(request)

    def take(self, owner: Channel, request: HookRequest) -> Awaitable[object]:
        """Store what happened at the platform."""
        return self._answers.receive(owner, owner.parse(request))

    def reply(self, owner: Channel, request: HookRequest) -> HookReply:
        """Answer as the platform wants it."""
        return owner.reply(request)
