"""A few connections to one mail server, kept between mails. Nothing is sent twice.

A server closes a connection that lies idle, and its farewell may come too late to be seen: so a kept connection that
breaks before it took a recipient is replaced by a new one. That repeats no mail, since nothing of it was written.
"""

import asyncio
import ssl
from dataclasses import dataclass, field

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected

from channels.base import Phrase
from channels.email.failures import Step
from channels.email.message import Mail
from channels.email.smtp import Account, Progress, connect, content, envelope, hang_up, in_order, tls_context, translate
from net.errors import DeliveryError

IDLE_SECONDS = 10.0
"""How long an unused connection is kept; a server under load closes it after ten seconds (Postfix, smtpd_timeout)."""

MAILS_A_CONNECTION = 100
"""Many servers close a connection after so many mails; then it is better ours to do."""

_FAREWELL_SECONDS = 2.0
_CLOSING = 421


@dataclass(eq=False, slots=True)
class _Kept:
    smtp: SMTP
    mails: int = 0
    refused: bool = False
    """The last mail was refused, so that its envelope may still lie there."""
    expiry: asyncio.TimerHandle | None = field(default=None)


class Pool:
    """The connections of one account. Use it inside one event loop, and close it."""

    def __init__(self, account: Account, *, connections: int, timeout: float) -> None:
        """`timeout`: seconds for all up to a mail's text, the wait for a connection included, and again for the receipt."""
        self._account = account
        self._timeout = timeout
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[_Kept] = []
        self._context: ssl.SSLContext | None = None

    async def send(self, mail: Mail) -> None:
        """Hand over one mail. Raises a DeliveryError when it was not taken, and nothing else."""
        progress = Progress()
        failure: DeliveryError
        try:
            async with asyncio.timeout(self._timeout) as clock, self._slots:
                kept = await self._announce(mail, progress)
                try:
                    clock.reschedule(asyncio.get_running_loop().time() + self._timeout)
                    await content(kept.smtp, mail, progress)
                except BaseException as error:
                    self._give_back(kept, error)
                    raise
                self._give_back(kept)
        except Exception as error:  # noqa: BLE001 - aiosmtplib lets more through than its own errors; nothing else may leave
            failure = translate(error, progress.step)
        else:
            return
        # Outside of the handler: the library's errors hold addresses.
        raise failure

    async def probe(self) -> Phrase:
        """Connect and say goodbye, without a mail: how it is encrypted. Raises a DeliveryError."""
        progress = Progress()
        failure: DeliveryError
        try:
            async with asyncio.timeout(self._timeout):
                smtp = await connect(self._account, await self._tls(), progress)
                encrypted = smtp.get_transport_info("sslcontext") is not None
                await _farewell(smtp)
        except Exception as error:  # noqa: BLE001 - as above
            failure = translate(error, progress.step)
        else:
            return Phrase("encrypted") if encrypted else Phrase("not encrypted")
        raise failure

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        idle, self._idle = self._idle, []
        for kept in idle:
            if kept.expiry is not None:
                kept.expiry.cancel()
        await asyncio.gather(*(_farewell(kept.smtp) for kept in idle))

    async def _announce(self, mail: Mail, progress: Progress) -> _Kept:
        """A connection that took the envelope."""
        kept = await self._take()
        if kept is not None:
            try:
                await envelope(kept.smtp, mail, progress)
            except BaseException as error:
                if not _went_stale(error, progress.step):
                    self._give_back(kept, error)
                    raise
                hang_up(kept.smtp)
            else:
                return kept
        kept = _Kept(await connect(self._account, await self._tls(), progress))
        try:
            await envelope(kept.smtp, mail, progress)
        except BaseException as error:
            self._give_back(kept, error)
            raise
        return kept

    async def _take(self) -> _Kept | None:
        """An idle connection, the latest first, with nothing left over from the mail before."""
        while self._idle:
            kept = self._idle.pop()
            if kept.expiry is not None:
                kept.expiry.cancel()
            try:
                if kept.refused:
                    await kept.smtp.rset()
                if kept.smtp.is_connected:
                    return kept
            except (SMTPException, OSError):
                pass
            except BaseException:
                hang_up(kept.smtp)
                raise
            hang_up(kept.smtp)
        return None

    def _give_back(self, kept: _Kept, error: BaseException | None = None) -> None:
        """Keep a connection whose conversation is in order; close any other."""
        kept.mails += 1
        kept.refused = error is not None
        usable = error is None or (isinstance(error, Exception) and in_order(error))
        if not usable or kept.mails >= MAILS_A_CONNECTION or not kept.smtp.is_connected:
            hang_up(kept.smtp)
            return
        kept.expiry = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._expire, kept)
        self._idle.append(kept)

    def _expire(self, kept: _Kept) -> None:
        if kept in self._idle:
            self._idle.remove(kept)
            hang_up(kept.smtp)

    async def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            # Reading the machine's certificates takes a while.
            self._context = await asyncio.to_thread(tls_context, self._account.server.host)
        return self._context


def _went_stale(error: BaseException, step: Step) -> bool:
    """A kept connection broke, or the server took its leave, before anything of this mail was agreed on."""
    if step not in {Step.CONNECT, Step.SENDER}:
        return False
    if isinstance(error, SMTPResponseException):
        return error.code == _CLOSING
    return isinstance(error, SMTPServerDisconnected | ConnectionError)


async def _farewell(smtp: SMTP) -> None:
    try:
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await smtp.quit()
    except (SMTPException, OSError):
        pass
    finally:
        hang_up(smtp)
