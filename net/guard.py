"""Where requests to addresses that somebody entered may go: never into the network that we stand in (server-side request forgery).

Names are resolved first and every address is looked at; the socket that is opened then is looked at once more, so that it leads to
the very address that was checked, whatever the name means a moment later (DNS rebinding), and also where a URL holds an address and
no name is resolved. Which addresses are public: IANA's special-purpose registries (RFC 6890), and the metadata services of clouds.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any
from urllib.parse import SplitResult, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

LOOK_UP_SECONDS = 5.0
"""How long a name may take to be resolved when its URL is saved."""

MAX_URL = 2_000

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""Resolves (host, port) to addresses. Raises OSError where there are none."""

_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network: Linux takes 0.0.0.0 for itself
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT; a metadata service at 100.100.100.200
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's platform, in a range that is public elsewhere
            "169.254.0.0/16",  # link-local; most metadata services at 169.254.169.254
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # everything else is local, multicast, mapped, or nobody's
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols' own, Teredo (2001::/32) among them: a tunnel to an IPv4 address that it hides
            "2001:db8::/32",
            "3fff::/20",
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")


class ForbiddenAddress(OSError):
    """A name or a URL leads to an address that is not public."""


class ForbiddenUrl(ValueError):
    """A URL that nothing is sent to; the text says why, and does not repeat it."""


def is_public(address: str) -> bool:
    """True when a numeric address belongs to the public internet, the IPv4 address that an IPv6 one carries included."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return _is_public_4(parsed) if isinstance(parsed, IPv4Address) else _is_public_6(parsed)


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _NOT_PUBLIC_4)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return _is_public_4(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address in _6TO4:
        return _is_public_4(IPv4Address(int(address) >> 80 & 0xFFFF_FFFF))
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC_6)


async def look_up(host: str, port: int) -> Sequence[str]:
    """Resolve a name as connections do. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Guard:
    """Decides which URLs and addresses requests may go to. `allow_private`: any of them, and without encryption, too."""

    def __init__(self, *, allow_private: bool = False, look_up: LookUp = look_up) -> None:
        self.allow_private = allow_private
        self.look_up = look_up

    def check(self, url: str) -> SplitResult:
        """Look at what a URL says by itself; return its parts. Raises ForbiddenUrl."""
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname, parts.port
        except ValueError:
            raise ForbiddenUrl("no URL that can be read") from None
        if len(url) > MAX_URL:
            raise ForbiddenUrl(f"a URL of {len(url)} characters; expected at most {MAX_URL}")
        if not url.isprintable() or " " in url or "\\" in url:
            raise ForbiddenUrl("a URL with blanks, line ends or backslashes; expected them escaped")
        if parts.scheme not in ({"https", "http"} if self.allow_private else {"https"}):
            raise ForbiddenUrl("expected a URL that starts with https://")
        if not host:
            raise ForbiddenUrl("a URL without a host")
        if "@" in parts.netloc:
            raise ForbiddenUrl("a URL with a user or password; signatures tell who sends")
        if _is_numeric(host) and not self.allows(host):
            raise ForbiddenUrl("a private address; expected a public one")
        return parts

    async def check_resolved(self, url: str) -> None:
        """Look also at what the URL's name leads to now. A name that cannot be resolved passes: it may be, later.

        Raises ForbiddenUrl.
        """
        parts = self.check(url)
        host = parts.hostname or ""
        if self.allow_private or _is_numeric(host):
            return
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = await self.look_up(host, parts.port or 443)
        except (OSError, UnicodeError, TimeoutError):
            return
        if not all(map(self.allows, found)):
            raise ForbiddenUrl("a name that leads to a private address; expected a public one")

    def allows(self, address: str) -> bool:
        """True when a connection to a numeric address may be opened."""
        return self.allow_private or is_public(address)

    def connector(self, connections: int) -> aiohttp.TCPConnector:
        """Return what opens connections for a client, and none that this guard forbids."""
        return aiohttp.TCPConnector(limit=connections, resolver=_Resolver(self), socket_factory=self._socket)

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Open the socket for an address: the last look at where it leads."""
        family, kind, protocol, _name, address = info
        if not self.allows(str(address[0])):
            raise ForbiddenAddress("a private address")
        return socket.socket(family, kind, protocol)


class _Resolver(AbstractResolver):
    """Resolves names, and refuses those of which any address is forbidden."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._guard.look_up(host, port)
        if not all(map(self._guard.allows, found)):
            raise ForbiddenAddress("a name that leads to a private address")
        return [_resolved(host, address, port) for address in found if family in {socket.AF_UNSPEC, _family(address)}]

    async def close(self) -> None:
        """There is nothing to close."""


def _resolved(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=_family(address),
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _is_numeric(host: str) -> bool:
    """True for an address, and for the short, octal and hexadecimal ways to write one that a resolver takes (127.1, 0x7f000001)."""
    if ":" in host:
        return True
    last = host.rstrip(".").rpartition(".")[2]
    return last.isdigit() or last.lower().startswith("0x")
