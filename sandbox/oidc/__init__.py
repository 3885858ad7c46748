"""A stand-in of a provider of OpenID Connect: it signs people in on a page of its own, and refuses what a provider refuses."""

from .server import Client, OidcSandbox
from .signing import Keys

__all__ = ["Client", "Keys", "OidcSandbox"]
