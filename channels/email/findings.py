"""What `check` has to say about an account."""

from collections.abc import Awaitable, Callable, Sequence

from channels.base import Finding
from channels.email.pool import Pool
from channels.email.signing import Signer
from net.errors import DeliveryError, Misconfigured

_TRIAL = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: trial\r\n\r\ntrial\r\n"


async def smtp_finding(pool: Pool) -> Finding:
    """Whether the mail server lets us in."""
    try:
        how = await pool.probe()
    except DeliveryError as error:
        hint = "see user, password and starttls" if isinstance(error, Misconfigured) else "see smtp and the network"
        return Finding("email.smtp", "error", error.text, hint)
    return Finding("email.smtp", "ok", f"the mail server lets us in; the connection is {how}")


async def inbound_finding(probe: Callable[[], Awaitable[str]]) -> Finding:
    """Whether answers can be heard."""
    try:
        text = await probe()
    except DeliveryError as error:
        return Finding("email.inbound", "error", error.text, "see imap, imap_user and imap_password, or lmtp_listen")
    return Finding("email.inbound", "ok", text)


def dkim_findings(signer: Signer | None) -> Sequence[Finding]:
    """Whether the key signs; nothing where none is set."""
    if signer is None:
        return []
    try:
        signer.sign(_TRIAL)
    except DeliveryError as error:
        return [Finding("email.dkim", "error", error.text, "`openssl genrsa 2048` makes one")]
    where = f"{signer.selector}._domainkey.{signer.domain}"
    return [Finding("email.dkim", "ok", f"the key signs; its public half must stand in the DNS at {where}")]
