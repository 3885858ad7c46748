"""Long polling of channels: what a platform keeps for us is fetched, committed, and only then confirmed."""

from collections.abc import AsyncIterator, Mapping, Sequence

from bot.answers import Answers
from bot.pollers import Pollers, PollSource
from channels.base import Channel, Inbound, Unreadable
from ratings.store.store import Store


class Polling(Pollers):
    """A poller an account in polling mode."""

    def __init__(self, store: Store, answers: Answers, channels: Mapping[str, Channel]) -> None:
        super().__init__(store, [_ChannelSource(channel, answers) for channel in channels.values()])


class _ChannelSource(PollSource):
    """What a channel's platform keeps."""

    def __init__(self, channel: Channel, answers: Answers) -> None:
        self.account = channel.account
        self._channel = channel
        self._answers = answers

    def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Inbound], str]]:
        """Ask the platform."""
        return self._channel.listen(position)

    async def receive(self, events: Sequence[Inbound], reached: str | None) -> None:
        """Store what customers did, and how far we are."""
        await self._answers.receive(self._channel, events, reached)

    def lost(self, event: Inbound, error: str) -> Inbound:
        """Keep the event's id."""
        return Unreadable(event_id=event.event_id, address="", at=event.at, raw=b"", error=error)
