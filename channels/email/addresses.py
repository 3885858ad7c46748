"""Addresses: what is sent to, and the plus-addresses that carry an invitation's token back. Pure.

`support+r.TOKEN@example.com`: r answers the prompt, b is where its bounces go (VERP), u asks for no more prompts. The
token has its own signature, so whoever knows none can neither answer nor mark an address as gone.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from net.errors import Misconfigured, Rejected

MAX_LOCAL = 64  # octets before the @ (RFC 5321 §4.5.3.1.1)
MAX_ADDRESS = 254  # octets in all: a path of 256 with its angle brackets (RFC 5321 §4.5.3.1.3)
TAG_LENGTH = 37
"""What a tag adds to the local part: the separator, a letter, a dot and a token of 34 characters."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NOT_IN_LOCAL = re.compile(r"[\s\u0080-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_TOKEN = re.compile(r"[a-z2-7]{8,40}")  # lower-case base32


class Purpose(StrEnum):
    """What a tagged address is for."""

    REPLY = "r"
    BOUNCE = "b"
    UNSUBSCRIBE = "u"


@dataclass(frozen=True, slots=True)
class Tag:
    """What a tagged address carries. Whether the token is one of ours is not known here."""

    purpose: Purpose
    token: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The address that receives, and how its tags are written."""

    address: str
    separator: str = "+"

    def tagged(self, purpose: Purpose, token: str) -> str:
        """The address with a tag. Raises Rejected for a token that an address cannot carry, Misconfigured for a long address."""
        if not _TOKEN.fullmatch(token):
            raise Rejected("an address carries a token of 8 to 40 characters of lower-case base32")
        local, _, domain = self.address.rpartition("@")
        whole = f"{local}{self.separator}{purpose}.{token}"
        if len(whole) > MAX_LOCAL:
            raise Misconfigured(f"reply_to has more than {MAX_LOCAL - TAG_LENGTH} characters before the @")
        return f"{whole}@{domain}"

    def read(self, recipients: Iterable[str]) -> Tag | None:
        """The tag of the first recipient that has one. `recipients` are addresses, or header values with addresses in them.

        Case does not count: some programs change it.
        """
        local, _, domain = self.address.lower().rpartition("@")
        pattern = re.compile(
            rf"(?<![\w.+=-]){re.escape(local + self.separator)}([{''.join(Purpose)}])\.([a-z2-7]{{8,40}})@{re.escape(domain)}(?![\w.-])"
        )
        for recipient in recipients:
            match = pattern.search(recipient.lower())
            if match:
                return Tag(Purpose(match[1]), match[2])
        return None


def normalise(address: str) -> str:
    """The address as it is sent to: its domain in lower case and in ASCII. Raises Rejected for what is no address.

    Comments, quoted local parts and bare IP addresses are refused: no customer has them, and they are what header
    injection is made of.
    """
    local, _, domain = address.strip().rpartition("@")
    try:
        domain = domain.lower() if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    whole = f"{local}@{domain}"
    if (
        not _LOCAL.fullmatch(local)
        or _NOT_IN_LOCAL.search(local)
        or not _DOMAIN.fullmatch(domain)
        or len(local.encode()) > MAX_LOCAL
        or len(whole.encode()) > MAX_ADDRESS
    ):
        raise Rejected("the address is no e-mail address")
    return whole


def is_this_machine(host: str) -> bool:
    """True for localhost and loopback addresses."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
