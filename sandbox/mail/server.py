"""The stand-in itself: the servers, the customers' side, the pages, and what a test needs to break it."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping

from sandbox.phones.customers_api import CustomersApi
from sandbox.phones.serving import Handler
from sandbox.stand_in import StandIn

from .customers import CustomerSide
from .customers_http import Phones
from .faults import CLOSING, GREYLISTED, Fault, Faults
from .imap import ImapServer
from .page import MailPage
from .smtp import SmtpRules, SmtpServer, Transaction
from .state import Mail, World


class MailSandbox(CustomerSide, StandIn):
    """An SMTP server and an IMAP server with the mailboxes between them, for the demo, the tests and the benchmarks.

    `clock` gives seconds since the epoch; `keep_log` bounds `transactions` (None: unbounded, 0: off). `tls` makes SMTP
    offer STARTTLS (`require_tls`: refuse anything else), or speak TLS at once with `implicit_tls`; IMAP speaks TLS at
    once where there is `imap_tls`. `auth` is the one user and password that may send; None: anybody. `size_limit` in
    octets. `separator` stands between an address and its tag.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        keep_log: int | None = None,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        require_tls: bool = False,
        imap_tls: ssl.SSLContext | None = None,
        auth: tuple[str, str] | None = None,
        smtputf8: bool = True,
        size_limit: int = 10_000_000,
        separator: str = "+",
    ) -> None:
        CustomerSide.__init__(self, World(clock, seed, separator))
        StandIn.__init__(self, self.world.changes)
        self._faults = Faults()
        rules = SmtpRules(tls, implicit_tls, require_tls, auth, smtputf8, size_limit)
        self.smtp = SmtpServer(self.world, rules, self._faults, keep_log)
        self.imap = ImapServer(self.world, imap_tls)

    # --- running --------------------------------------------------------------------------------------------------

    @property
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler, to be mounted beside others in one LoopbackServer."""
        return {
            "/mail/": MailPage(self.world).handle,
            "/mail/customers": CustomersApi("/mail/customers", self.world, Phones(self)).handle,
        }

    async def start_servers(self, host: str = "127.0.0.1", smtp_port: int = 0, imap_port: int = 0) -> None:
        """Serve SMTP and IMAP, and leave the pages to whoever mounts `routes`. Port 0 takes a free one."""
        await self.smtp.start(host, smtp_port)
        await self.imap.start(host, imap_port)

    async def start(self, host: str = "127.0.0.1", port: int = 0, smtp_port: int = 0, imap_port: int = 0) -> None:
        """Serve SMTP, IMAP, the mailboxes' pages and the page with the phones."""
        await self.start_servers(host, smtp_port, imap_port)
        await super().start(host, port)

    async def _end(self) -> None:
        await self.smtp.stop()
        await self.imap.stop()

    @property
    def smtp_url(self) -> str:
        """smtp://127.0.0.1:PORT, or smtps://."""
        return self.smtp.url

    @property
    def imap_url(self) -> str:
        """imap://127.0.0.1:PORT, or imaps://."""
        return self.imap.url

    # --- what tests wait for --------------------------------------------------------------------------------------

    @property
    def transactions(self) -> deque[Transaction]:
        """Every SMTP transaction that was answered, or cut."""
        return self.smtp.transactions

    async def wait_for_mail(self, address: str, count: int = 1, timeout: float = 60.0) -> Mail:  # noqa: ASYNC109 - a test must not hang
        """The mail that makes it `count` in a mailbox. Raises TimeoutError."""
        mailbox = self.world.mailbox(address)
        await self.wait_for(lambda: len(mailbox.mails) >= count, timeout)
        return mailbox.mails[count - 1]

    # --- knobs ----------------------------------------------------------------------------------------------------

    def refuse(self, address: str, reply: str, *, after_data: bool = False, times: int | None = None) -> None:
        """Refuse the next mails for an address ("*": any) at RCPT, or once the mail itself was sent. None: all of them.

        `reply` is a whole one: the sandbox.mail.faults name the usual (NO_SUCH_USER, MAILBOX_FULL, …). After a 421
        the connection is closed.
        """
        self._faults.add(address, Fault("data" if after_data else "rcpt", reply), times)

    def greylist(self, address: str) -> None:
        """Refuse the first try with 451 4.7.1, and take the next."""
        self.refuse(address, GREYLISTED, times=1)

    def drop_before(self, address: str, times: int = 1) -> None:
        """Close the connection at DATA; the mail is not taken."""
        self._faults.add(address, Fault("drop_before"), times)

    def drop_after(self, address: str, times: int = 1) -> None:
        """Take the mail, and close the connection without the 250."""
        self._faults.add(address, Fault("drop_after"), times)

    def hang(self, address: str) -> asyncio.Event:
        """Take the next mail, and say the 250 only when the event that is returned is set."""
        event = self._hang()
        self._faults.add(address, Fault("hang", released=event), 1)
        return event

    def refuse_connections(self, times: int = 1, reply: str = CLOSING) -> None:
        """Greet the next connections with this, and close them."""
        self.smtp.greetings.extend([reply] * times)

    def clear_faults(self) -> None:
        """Forget the faults that have not happened yet."""
        self._faults.clear()
        self.smtp.greetings.clear()

    def send_by_lmtp(self, host: str, port: int) -> None:
        """Where replies, bounces and reports go that are for no mailbox of the sandbox."""
        self.outgoing.lmtp = (host, port)

    def renew_uids(self, address: str) -> None:
        """Restore a mailbox as from a backup: another UIDVALIDITY, UIDs counted anew, and the programs in it are sent away."""
        mailbox = self.world.mailbox(address)
        mailbox.uid_validity += 1
        for uid, mail in enumerate(mailbox.mails, 1):
            mail.uid = uid
        mailbox.uid_next = len(mailbox.mails) + 1
        self.imap.disconnect(mailbox)
