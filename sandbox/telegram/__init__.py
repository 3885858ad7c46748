"""A stand-in of Telegram: a Bot API server on loopback as strict as the real one, and the customers' side of it."""

from sandbox.phones.customers_api import NotPossibleError

from .limits import Limits
from .server import Request, TelegramSandbox
from .state import Answer, Chat, Message, Tap

__all__ = ["Answer", "Chat", "Limits", "Message", "NotPossibleError", "Request", "Tap", "TelegramSandbox"]
