"""The customers' side: what people, their programs and their providers do with a mail. Replies and reports are real mails."""

import aiohttp

from sandbox.phones.customers_api import NotPossibleError

from . import writing
from .outgoing import Outgoing, OutgoingMail
from .quoting import STYLES
from .scanner import PERSON, Opened, open_url
from .state import HOST, SEEN, Mail, Mailbox, World
from .writing import AutoReplyStyle, BounceStyle, Writer


class CustomerSide:
    """Acts upon mails, each named by the `mail_id` that it has in the sandbox. Unknown ones raise LookupError."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.outgoing = OutgoingMail(world)
        self._written = 0

    # --- who there is ---------------------------------------------------------------------------------------------

    def add_customer(self, address: str, name: str, language: str = "ru") -> Mailbox:
        """A person with a mailbox, shown on the page with the phones. Raises ValueError for an address that cannot be."""
        return self.world.add(address, name, language, "")

    def add_mailbox(self, address: str, password: str) -> Mailbox:
        """A program's mailbox, to be read by IMAP with its address and this password."""
        return self.world.add(address, "", "", password)

    def mails(self, address: str) -> list[Mail]:
        """What came to an address, oldest first. Tags do not matter."""
        return list(self.world.mailbox(address).mails)

    def put(self, recipient: str, raw: bytes, *, sender: str = "") -> Mail:
        """Lay a mail into a mailbox without any server, whatever its octets are."""
        return self.world.keep(self.world.mailbox(recipient), recipient, sender, raw)

    # --- reading --------------------------------------------------------------------------------------------------

    def read(self, mail_id: int) -> Mail:
        """Open a mail: it is seen. Images are not loaded, scripts do not run."""
        mail = self.world.mail(mail_id)
        if not mail.seen:
            mail.flags.add(SEEN)
            self.world.changes.notify()
        return mail

    def delete(self, mail_id: int) -> None:
        """Throw a mail away."""
        mail = self.world.mail(mail_id)
        self.world.forget(self.world.mailbox(mail.mailbox), lambda each: each is mail)

    async def open_link(self, mail_id: int, number: int) -> Opened:
        """Follow a link of `mail.content.links` (from 0) as a browser without scripts does after a click."""
        links = self.read(mail_id).content.links
        if not 0 <= number < len(links):
            raise LookupError("no such link in this mail")
        url = links[number].url
        if not url.startswith(("http://", "https://")):
            raise NotPossibleError("this link leads to no page")
        async with aiohttp.ClientSession() as session:
            return await open_url(session, "GET", url, PERSON, self.world.clock)

    async def unsubscribe(self, mail_id: int) -> Opened:
        """Press the provider's own "unsubscribe": one POST, no cookies, no redirect (RFC 8058)."""
        content = self.read(mail_id).content
        addresses = [part.strip(" <>") for part in content.header("List-Unsubscribe").split(",")]
        url = next((address for address in addresses if address.startswith(("http://", "https://"))), "")
        if not url or content.header("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
            raise NotPossibleError("this mail offers no unsubscribing by one click")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            form = {"List-Unsubscribe": "One-Click"}
            return await open_url(session, "POST", url, {}, self.world.clock, data=form, follow=False)

    # --- answering ------------------------------------------------------------------------------------------------

    async def reply(self, mail_id: int, text: str, style: str = "none", *, as_address: str = "") -> Outgoing:
        """Answer, quoting as `style` does (quoting.STYLES); `as_address` for an assistant who answers instead."""
        text = text.strip()
        if not text:
            raise NotPossibleError("an empty mail is not sent")
        if style not in STYLES:
            raise LookupError("no such style of quoting")
        mail, mailbox = self._theirs(mail_id)
        mail.flags.add(SEEN)
        address = as_address or mailbox.address
        to, raw = writing.reply(self._writer(mailbox.name, address), mail, text, style)
        if not to:
            raise NotPossibleError("the mail does not say where an answer goes")
        self.world.keep(mailbox, to, address, raw, mine=True)
        return await self.outgoing.send(address, to, raw)

    async def auto_reply(
        self, mail_id: int, text: str = "I am out of the office.", style: AutoReplyStyle = "rfc3834"
    ) -> Outgoing:
        """Answer as an out-of-office program: to the envelope's sender (RFC 3834), or as "legacy" to Reply-To."""
        mail, mailbox = self._theirs(mail_id)
        to = mail.content.answer_to if style == "legacy" else mail.sender
        if not to:
            raise NotPossibleError("a mail from nobody is never answered")
        raw = writing.auto_reply(self._writer(mailbox.name, mailbox.address), mail, text, style)
        return await self.outgoing.send(mailbox.address if style == "legacy" else "", to, raw)

    async def complain(self, mail_id: int, *, to: str = "") -> Outgoing:
        """Press "spam": the provider reports it to the envelope's sender, or to where a feedback loop was set up."""
        mail, _ = self._theirs(mail_id)
        to = to or mail.sender
        if not to:
            raise NotPossibleError("a mail from nobody has nobody to report to")
        raw = writing.complaint(self._writer("", f"fbl@{HOST}"), mail, to)
        return await self.outgoing.send(f"fbl@{HOST}", to, raw)

    async def bounce(
        self,
        mail_id: int,
        style: BounceStyle = "postfix",
        *,
        status: str = "5.1.1",
        words: str = "550 5.1.1 User unknown",
    ) -> Outgoing:
        """Let a mail that was accepted come back after all: a notice from <> to the envelope's sender."""
        mail, _ = self._theirs(mail_id)
        if not mail.sender:
            raise NotPossibleError("a bounce never bounces")
        raw = writing.bounce(self._writer("", ""), mail, style, status, words)
        return await self.outgoing.send("", mail.sender, raw)

    # --- the rest -------------------------------------------------------------------------------------------------

    def _theirs(self, mail_id: int) -> tuple[Mail, Mailbox]:
        mail = self.world.mail(mail_id)
        if mail.mine:
            raise NotPossibleError("that mail is the customer's own")
        return mail, self.world.mailbox(mail.mailbox)

    def _writer(self, name: str, address: str) -> Writer:
        self._written += 1
        unique = f"{self._written}.{self.world.random.getrandbits(48):x}@{HOST}"
        return Writer(name, address, unique, self.world.clock())
