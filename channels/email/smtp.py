"""The conversation with a mail server, by aiosmtplib: greet, encrypt, log in, hand over one mail to one recipient.

Only one recipient a transaction: each has an envelope sender of their own, and an answer that concerns them alone.
"""

import asyncio
import re
import ssl
from dataclasses import dataclass

from aiosmtplib import (
    SMTP,
    SMTPConnectResponseError,
    SMTPDataError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from channels.email.addresses import is_this_machine
from channels.email.config import Server, StartTls
from channels.email.failures import Step, decide, unsettled
from channels.email.message import Mail
from net.errors import DeliveryError, Misconfigured, Rejected, Unreachable

_START_INPUT = 354
_DONE = range(200, 300)
_PERIOD = re.compile(rb"(?m)^\.")  # RFC 5321 §4.5.2


@dataclass(frozen=True, slots=True)
class Account:
    """A server and who logs in there. `greeting` is the name that we say hello with."""

    server: Server
    starttls: StartTls
    user: str | None
    password: str | None
    greeting: str


@dataclass(slots=True)
class Progress:
    """How far a mail has come: what a failure means depends on it."""

    step: Step = Step.CONNECT


def tls_context(host: str) -> ssl.SSLContext:
    """Verify certificates, but not this machine's own: a mail server's out-of-the-box certificate names nobody."""
    context = ssl.create_default_context()
    if is_this_machine(host):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def connect(account: Account, context: ssl.SSLContext, progress: Progress) -> SMTP:
    """Open, greet, encrypt, log in. Raises DeliveryError and what aiosmtplib and the network raise."""
    smtp = SMTP(
        hostname=account.server.host,
        port=account.server.port,
        use_tls=account.server.tls,
        start_tls=False,
        tls_context=context,
        local_hostname=account.greeting,
        timeout=None,  # the caller has a clock over all of it
    )
    progress.step = Step.CONNECT
    try:
        await smtp.connect()
        await smtp.ehlo()
        if not account.server.tls and account.starttls != "never":
            await _encrypt(smtp, account)
        if account.user is not None:
            progress.step = Step.LOGIN
            await _log_in(smtp, account.user, account.password or "")
    except BaseException:
        hang_up(smtp)
        raise
    return smtp


async def _encrypt(smtp: SMTP, account: Account) -> None:
    if smtp.supports_extension("starttls"):
        await smtp.starttls()
        await smtp.ehlo()
    elif account.starttls == "require":
        raise Misconfigured("the mail server offers no encryption, and starttls is require")
    elif account.user is not None and not is_this_machine(account.server.host):
        raise Misconfigured("the mail server offers no encryption, and the password is not sent without")


async def _log_in(smtp: SMTP, user: str, password: str) -> None:
    if not smtp.supported_auth_methods:
        raise Misconfigured("the mail server offers no login that we know: CRAM-MD5, PLAIN or LOGIN")
    await smtp.login(user, password)


async def envelope(smtp: SMTP, mail: Mail, progress: Progress) -> None:
    """Announce a mail, up to the server's "go ahead"."""
    progress.step = Step.SENDER
    options = [f"SIZE={len(mail.content)}"] if smtp.supports_extension("size") else []
    if mail.international:
        if not smtp.supports_extension("smtputf8"):
            raise Rejected("the mail server takes no address with letters beyond ASCII before the @")
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    encoding = "utf-8" if mail.international else "ascii"
    await smtp.mail(mail.sender, options=options, encoding=encoding)
    progress.step = Step.RECIPIENT
    await smtp.rcpt(mail.recipient, encoding=encoding)
    progress.step = Step.DATA
    go_ahead = await smtp.execute_command(b"DATA")
    if go_ahead.code != _START_INPUT:
        raise SMTPDataError(go_ahead.code, go_ahead.message)


async def content(smtp: SMTP, mail: Mail, progress: Progress) -> None:
    """Write the mail and wait for the receipt. aiosmtplib's own `data` does not tell whether anything was written."""
    if smtp.protocol is None:
        raise SMTPServerDisconnected("closed")
    progress.step = Step.CONTENT
    smtp.protocol.write(_PERIOD.sub(b"..", mail.content) + b".\r\n")
    receipt = await smtp.protocol.read_response()
    if receipt.code not in _DONE:
        raise SMTPDataError(receipt.code, receipt.message)


def translate(error: Exception, step: Step) -> DeliveryError:
    """What an exception of aiosmtplib or of the network means."""
    if isinstance(error, DeliveryError):
        return error
    if isinstance(error, SMTPResponseException):
        return decide(step, error.code, str(error.message))
    name = type(error).__name__
    if _has_certificate_error(error):
        return Unreachable("the mail server's certificate cannot be verified", platform_code=name)
    if isinstance(error, TimeoutError):
        return unsettled(step, "the mail server did not answer in time", "timeout")
    if isinstance(error, SMTPException | OSError):
        text = "no connection to the mail server" if step is Step.CONNECT else "the mail server broke off"
        return unsettled(step, text, name)
    # ValueError and the like: aiosmtplib refused an address or an answer before it went anywhere.
    return unsettled(step, "the mail could not be handed over", name)


def in_order(error: Exception) -> bool:
    """True when the conversation can go on after this failure: it was a plain refusal."""
    if isinstance(error, SMTPConnectResponseError):
        return False
    if isinstance(error, SMTPResponseException):
        return 400 <= error.code < 600 and error.code != 421  # noqa: PLR2004 - RFC 5321: refusals; 421 hangs up
    return isinstance(error, Rejected)


def _has_certificate_error(error: BaseException) -> bool:
    linked: BaseException | None = error
    while linked is not None:
        if isinstance(linked, ssl.SSLCertVerificationError):
            return True
        linked = linked.__cause__ or linked.__context__
    return False


def hang_up(smtp: SMTP) -> None:
    """Close a connection at once. By itself it waits for the other side's end of TLS, which some servers never send."""
    transport = smtp.transport
    smtp.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
