"""A stand-in of the world of mail: an SMTP and an IMAP server on loopback, the customers who read and answer, and scanners."""

from sandbox.phones.customers_api import NotPossibleError

from .content import Content
from .links import Link
from .outgoing import Outgoing
from .scanner import Behaviour, Opened, Scanner
from .server import MailSandbox
from .smtp import Transaction
from .state import Mail, Mailbox

__all__ = [
    "Behaviour",
    "Content",
    "Link",
    "Mail",
    "MailSandbox",
    "Mailbox",
    "NotPossibleError",
    "Opened",
    "Outgoing",
    "Scanner",
    "Transaction",
]
