"""The guard against private addresses: for URLs that come from outside and not from the settings.

Without it, whoever may name a URL could make us post into the network we stand in (server-side request forgery).
"""

import asyncio
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from net.errors import Rejected, Unreachable


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet: not private, loopback, link-local, shared or reserved."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return mapped.is_global and not mapped.is_multicast


async def refuse_private(url: str) -> None:
    """Raise Rejected unless `url` is https and every address of its host is public; Unreachable where it has none.

    The name is looked up again when the request goes out: whoever can change it in between gets past this.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise Rejected("a URL that came from outside must be https")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Unreachable("the host of a URL that came from outside has no address")
    if not all(is_public(str(entry[4][0])) for entry in found):
        raise Rejected("a URL that came from outside leads to a private address")
