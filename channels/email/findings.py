"""What `check` has to say about an account."""

from collections.abc import Awaitable, Callable, Sequence

from channels.base import Finding, Phrase, failure
from channels.email.pool import Pool
from channels.email.signing import Signer
from net.errors import DeliveryError, Misconfigured

_TRIAL = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: trial\r\n\r\ntrial\r\n"


async def smtp_finding(pool: Pool) -> Finding:
    """Whether the mail server lets us in."""
    try:
        how = await pool.probe()
    except DeliveryError as error:
        ours = isinstance(error, Misconfigured)
        hint = Phrase("see user, password and starttls") if ours else Phrase("see smtp and the network")
        return failure("email.smtp", error, hint)
    return Finding("email.smtp", "ok", Phrase("the mail server lets us in; the connection is %(how)s", how=how))


async def inbound_finding(probe: Callable[[], Awaitable[Phrase]]) -> Finding:
    """Whether answers can be heard."""
    try:
        text = await probe()
    except DeliveryError as error:
        hint = Phrase("see imap, imap_user and imap_password, or lmtp_listen")
        return failure("email.inbound", error, hint)
    return Finding("email.inbound", "ok", text)


def dkim_findings(signer: Signer | None) -> Sequence[Finding]:
    """Whether the key signs; nothing where none is set."""
    if signer is None:
        return []
    try:
        signer.sign(_TRIAL)
    except DeliveryError as error:
        return [failure("email.dkim", error, Phrase("`openssl genrsa 2048` makes one"))]
    where = f"{signer.selector}._domainkey.{signer.domain}"
    text = Phrase("the key signs; its public half must stand in the DNS at %(where)s", where=where)
    return [Finding("email.dkim", "ok", text)]
