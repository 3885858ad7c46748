"""The community's own settings at VK, as far as they concern us: asked, changed, and never those of other programs.

https://dev.vk.com/ru/method/groups: up to ten Callback API servers live side by side, each with its own switches, so
ours harms nobody's and takes nothing over. The long poll's switches are one set for all who poll: ours are added.
"""

import asyncio
from contextlib import suppress

from msgspec import Struct

from channels.vk.client import Client
from channels.vk.config import API_VERSION
from channels.vk.updates import EVENTS
from channels.webhooks import host
from net.errors import Misconfigured, Unreachable

TITLE = "Tapfive"  # VK takes at most 14 characters
LOOK_AGAIN = 0.5
"""Seconds between two looks at whether VK has confirmed a server."""

MANY_LOOKS = 20
_DOWN = frozenset({"failed", "unconfigured"})


class Server(Struct):
    """A Callback API server; `status` is ok, wait, failed or unconfigured."""

    id: int
    url: str = ""
    secret_key: str = ""
    status: str = ""


class Servers(Struct):
    """What `groups.getCallbackServers` answers."""

    items: list[Server]


class Events(Struct):
    """Which events are switched on, and in the shape of which version; `is_enabled` is the long poll's alone."""

    events: dict[str, object]
    api_version: str = ""
    is_enabled: bool | int = False

    @property
    def missing(self) -> list[str]:
        """Those that we need and that are off."""
        return [name for name in EVENTS if not self.events.get(name)]


class Permission(Struct):
    """One thing that the access key may do."""

    name: str


class Permissions(Struct):
    """What `groups.getTokenPermissions` answers."""

    permissions: list[Permission]


class Group(Struct):
    """A community."""

    id: int
    name: str = ""


class Groups(Struct):
    """What `groups.getById` answers."""

    groups: list[Group]


class _Code(Struct):
    code: str


class _Added(Struct):
    server_id: int


class Community:
    """One community's settings. Each call raises a DeliveryError when it fails, and nothing else."""

    def __init__(self, client: Client, group_id: int) -> None:
        self._client = client
        self._group = group_id

    async def confirmation_code(self) -> str:
        """What VK wants to read when it next asks one of our servers for a confirmation. It changes with every one."""
        return (await self._client.ask("groups.getCallbackConfirmationCode", _Code, group_id=self._group)).code

    async def servers_at(self, url: str) -> list[Server]:
        """The servers at `url`, the oldest first: more than one where two processes made theirs at once."""
        found = await self._client.ask("groups.getCallbackServers", Servers, group_id=self._group)
        return sorted((server for server in found.items if server.url == url), key=lambda server: server.id)

    async def point(self, url: str, secret: str) -> None:
        """Have one server at `url`, with this secret and all our events. VK asks the hook for the code meanwhile.

        Raises Unreachable when VK does not confirm it: it is done again later, by this or another process.
        """
        ours = await self.servers_at(url)
        fields: dict[str, str | int] = {"group_id": self._group, "url": url, "title": TITLE, "secret_key": secret}
        if not ours:
            await self._client.ask("groups.addCallbackServer", _Added, **fields)
            ours = await self.servers_at(url)
            if not ours:
                raise Unreachable("VK made a Callback API server and does not show it")
        elif ours[0].secret_key != secret or ours[0].status in _DOWN:
            await self._client.ask("groups.editCallbackServer", int, server_id=ours[0].id, **fields)
        for twin in ours[1:]:
            with suppress(Misconfigured):  # the other process has removed it already
                await self._remove(twin)
        switches: dict[str, str | int] = dict.fromkeys(EVENTS, 1)
        await self._client.ask(
            "groups.setCallbackSettings",
            int,
            group_id=self._group,
            server_id=ours[0].id,
            api_version=API_VERSION,
            **switches,
        )
        await self._confirmed(url)

    async def remove(self, url: str) -> None:
        """Remove the servers at `url`."""
        for server in await self.servers_at(url):
            await self._remove(server)

    async def callback_events(self, server: Server) -> Events:
        """The switches of a server."""
        return await self._client.ask("groups.getCallbackSettings", Events, group_id=self._group, server_id=server.id)

    async def long_poll_events(self) -> Events:
        """The long poll's switches."""
        return await self._client.ask("groups.getLongPollSettings", Events, group_id=self._group)

    async def switch_long_poll_on(self) -> None:
        """Switch the long poll and our events on, where they are not; what others have switched on stays."""
        state = await self.long_poll_events()
        if state.is_enabled and not state.missing:
            return
        wanted = [name for name, on in state.events.items() if on and name not in EVENTS] + list(EVENTS)
        switches: dict[str, str | int] = dict.fromkeys(wanted, 1)
        # Whoever polls already reads events of the version that is set; we read all shapes.
        version = state.api_version if state.is_enabled and state.api_version else API_VERSION
        await self._client.ask(
            "groups.setLongPollSettings", int, group_id=self._group, enabled=1, api_version=version, **switches
        )

    async def may(self) -> set[str]:
        """The names of what the access key may do."""
        return {one.name for one in (await self._client.ask("groups.getTokenPermissions", Permissions)).permissions}

    async def itself(self) -> Group:
        """The community that the access key belongs to."""
        groups = (await self._client.ask("groups.getById", Groups)).groups
        if not groups:
            raise Misconfigured("VK knows no community with this access key")
        return groups[0]

    async def _remove(self, server: Server) -> None:
        await self._client.ask("groups.deleteCallbackServer", int, group_id=self._group, server_id=server.id)

    async def _confirmed(self, url: str) -> None:
        for _ in range(MANY_LOOKS):
            status = next((server.status for server in await self.servers_at(url)), "")
            if status == "ok":
                return
            if status in _DOWN:
                break
            await asyncio.sleep(LOOK_AGAIN)
        raise Unreachable(f"VK has not confirmed the hook at {host(url)}: does it answer from the internet?")
