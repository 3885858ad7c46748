"""A stand-in of a helpdesk that speaks webhooks: it posts signed closings, and takes signed results at its callback."""

from .delivery import Attempt
from .server import Callback, DeskSandbox
from .state import Ticket

__all__ = ["Attempt", "Callback", "DeskSandbox", "Ticket"]
