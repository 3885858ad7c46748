"""A stand-in of VK: the API, the Callback API and the long poll of communities on loopback, and the customers' side."""

from sandbox.phones.customers_api import NotPossibleError

from .events import Event
from .limits import Limits
from .server import Request, VkSandbox
from .state import Answer, CallbackServer, Chat, Community, Message, Tap

__all__ = [
    "Answer",
    "CallbackServer",
    "Chat",
    "Community",
    "Event",
    "Limits",
    "Message",
    "NotPossibleError",
    "Request",
    "Tap",
    "VkSandbox",
]
