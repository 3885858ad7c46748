"""A stand-in of Viber: the bot API on loopback as strict as the real one, and the customers' side of it."""

from sandbox.phones.customers_api import NotPossibleError

from .server import Request, ViberSandbox
from .state import Bot, Chat, Customer, Event, Message

__all__ = ["Bot", "Chat", "Customer", "Event", "Message", "NotPossibleError", "Request", "ViberSandbox"]
