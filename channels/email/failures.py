"""What a mail server's refusal means: by its code (RFC 5321 §4.2.3), and before that by its enhanced code (RFC 3463).

The words beside the codes are never kept: servers repeat addresses in them, and ours hold tokens. Pure; knows nothing
of aiosmtplib.
"""

import re
from enum import StrEnum

from net.errors import DeliveryError, Misconfigured, OutcomeUnknown, RecipientGone, Rejected, Throttled, Unreachable

AGAIN_AFTER = 300.0
"""Seconds to wait after "not now" for one recipient: greylisting (451 4.7.1) wants a few minutes."""

HOST_AGAIN_AFTER = 60.0
"""Seconds to leave the whole server alone after a 421."""

_ENHANCED = re.compile(r"\s*([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![.0-9])")
_CREDENTIALS = {530, 534, 535, 538}
_BAD_SENDER = {"5.1.7", "5.1.8"}
_NO_ADDRESS = {550, 551, 553}
_VAGUE = {"", "5.0.0"}
_POLICY = re.compile(
    r"relay|prohibit|black\W?list|block\W?list|blocked|listed at|spam|policy|not permitted|not allowed to send|denied"
    r"|authenticat|reputation|\brbl\b|dnsbl|\bspf\b|dkim|dmarc",
    re.IGNORECASE,
)
"""Words of servers that refuse us, not the address, without an enhanced code (Exim does): one wrong relay or one listing must
not make every customer unreachable."""


_REASONS = {
    "5.7.23": "the recipient's server refused by policy: the domain's SPF record does not allow this mail server",
    "5.7.20": "the recipient's server refused by policy: no DKIM signature passed",
    "5.7.22": "the recipient's server refused by policy: the DKIM signature is not of the sender's domain",
    "5.7.25": "the recipient's server refused by policy: the mail server's address has no name (reverse DNS)",
    "5.7.26": "the recipient's server refused by policy: neither SPF nor DKIM passed",
    "5.7.27": "the recipient's server refused by policy: the sender's domain says that it takes no mail",
}
"""https://www.iana.org/assignments/smtp-enhanced-status-codes (RFC 7372, RFC 7505)."""


class Step(StrEnum):
    """How far a mail had come."""

    CONNECT = "connect"
    LOGIN = "login"
    SENDER = "sender"  # MAIL FROM
    RECIPIENT = "recipient"  # RCPT TO
    DATA = "data"  # the word alone
    CONTENT = "content"  # the mail was written


def decide(step: Step, code: int, said: str) -> DeliveryError:
    """The failure that an answer means. `said` is what stood behind the code."""
    match = _ENHANCED.match(said)
    enhanced = match[0].strip() if match else ""
    platform_code = f"{code} {enhanced}".strip()
    if code in _CREDENTIALS:
        return Misconfigured("the mail server refused user and password", platform_code=platform_code)
    if code == 421:  # noqa: PLR2004 - RFC 5321: the server closes the connection
        text = "the mail server asks to come back later"
        return Throttled(text, retry_after=HOST_AGAIN_AFTER, platform_code=platform_code)
    if step in {Step.CONNECT, Step.LOGIN, Step.SENDER}:
        return _of_account(step, code, enhanced, platform_code)
    if 400 <= code < 500:  # noqa: PLR2004 - "transient negative"
        text = "the mail server does not take it now: greylisting, a full mailbox or too many mails"
        return Throttled(text, retry_after=AGAIN_AFTER, scope="recipient", platform_code=platform_code)
    if 500 <= code < 600:  # noqa: PLR2004 - "permanent negative"
        return _of_recipient(step, code, enhanced, said, platform_code)
    return unsettled(step, "the mail server answered something that is no refusal and no receipt", platform_code)


def unsettled(step: Step, text: str, platform_code: str = "") -> DeliveryError:
    """No clear answer came. A mail whose text was written may have been taken; before that nothing was sent."""
    if step is Step.CONTENT:
        return OutcomeUnknown(text, platform_code=platform_code)
    return Unreachable(text, platform_code=platform_code)


def is_bad_address(enhanced: str) -> bool:
    """True for the codes that say: there is no such address (RFC 3463 §3.2), ours as the sender excepted."""
    return enhanced.startswith("5.1.") and enhanced not in _BAD_SENDER and enhanced != "5.1.5"


def _of_account(step: Step, code: int, enhanced: str, platform_code: str) -> DeliveryError:
    """Nothing here concerns the recipient: it is our server, our login or our sender."""
    if not 500 <= code < 600:  # noqa: PLR2004 - what is not refused for good may pass later
        return Unreachable("the mail server is out of order", platform_code=platform_code)
    if step is Step.CONNECT:
        return Misconfigured("the mail server refuses this machine", platform_code=platform_code)
    if step is Step.LOGIN:
        return Misconfigured("the mail server refused the login", platform_code=platform_code)
    if enhanced.startswith("5.3.") or code == 552:  # noqa: PLR2004 - RFC 1870: too large
        return Rejected("the mail is too large for the mail server", platform_code=platform_code)
    return Misconfigured("the mail server does not let this account send from its address", platform_code=platform_code)


def _of_recipient(step: Step, code: int, enhanced: str, said: str, platform_code: str) -> DeliveryError:
    if is_bad_address(enhanced):
        return RecipientGone("there is no such address", platform_code=platform_code)
    if enhanced in _BAD_SENDER:
        return Rejected("the recipient's server does not believe the sender's address", platform_code=platform_code)
    if enhanced == "5.2.2":
        return Rejected("the mailbox is full", platform_code=platform_code)
    if enhanced in {"5.2.3", "5.3.4"}:
        return Rejected("the mail is too large for the recipient", platform_code=platform_code)
    if enhanced.startswith("5.7.") or (enhanced in _VAGUE and _POLICY.search(said)):
        text = "the recipient's server refused by policy: spam filter, relaying or reputation"
        return Rejected(_REASONS.get(enhanced, text), platform_code=platform_code)
    if enhanced in _VAGUE and step is Step.RECIPIENT and code in _NO_ADDRESS:
        return RecipientGone("there is no such address", platform_code=platform_code)
    if code == 552:  # noqa: PLR2004 - RFC 5321: exceeded storage allocation
        return Rejected("the mailbox is full, or the mail too large", platform_code=platform_code)
    return Rejected("the mail server refused the mail", platform_code=platform_code)
