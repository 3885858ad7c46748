"""The demo's mail: mailboxes, some of them behind a scanner, and people who press the page's button or write back."""

import secrets
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from typing import Any
from urllib.parse import urlsplit

from bot.demo.browser import Browser
from bot.demo.places import DEADLINE, Keep, Place, Reached, waited
from bot.demo.story import EMAIL, Person, Scene
from channels.base import Mode
from sandbox.mail import Behaviour, Mail, MailSandbox, Scanner

SUPPORT = "support@shop.example"
SCANNING: tuple[Behaviour, ...] = ("all_links_in_order", "head_storm", "trap")
QUOTING = "gmail_ru"


class ByMail(Place):
    """One sender with its mailbox, read by IMAP."""

    account = EMAIL

    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        self._sandbox = MailSandbox(keep_log=100, seed=secrets.randbits(32))
        self._password = secrets.token_urlsafe(16)
        self._sandbox.add_mailbox(SUPPORT, self._password)
        self._scanners: dict[str, Scanner] = {}
        self.routes = self._sandbox.routes

    async def start(self) -> None:
        """Serve SMTP and IMAP, and let the scanners loose."""
        await self._sandbox.start_servers()
        for scanner in self._scanners.values():
            await scanner.start()

    async def stop(self) -> None:
        """Stop scanners and servers."""
        for scanner in self._scanners.values():
            await scanner.stop()
        await self._sandbox.stop()

    def add(self, person: Person) -> None:
        """Give a person a mailbox."""
        self._sandbox.add_customer(person.id, person.name, person.language)
        if person.protected:
            self._scanners[person.id] = Scanner(self._sandbox, person.id, SCANNING)

    def settings(self, url: str, keep: Keep) -> Mapping[str, Any]:  # noqa: ARG002 - mail is not served over HTTP
        """Return the sender's settings."""
        return {
            "from": f"Support <{SUPPORT}>",
            "smtp": self._sandbox.smtp_url,
            "imap": self._sandbox.imap_url,
            "imap_user": SUPPORT,
            "imap_password": keep("imap_password", self._password),
            "imap_poll": 1,
        }

    def address(self, person: Person) -> str:
        """Return the mail address."""
        return person.id

    async def ready(self, reached: Reached) -> None:
        """Wait until the mailbox is read: what lay there before is not."""
        await waited(reached)

    def before(self, scene: Scene) -> None:
        """Let the agent's answer lie in the customer's mailbox: the prompt comes into its thread."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = f"Support <{SUPPORT}>", scene.person.id
        mail["Subject"], mail["Message-ID"] = scene.subject, scene.message_id
        mail["Date"] = format_datetime(localtime())
        mail.set_content(f"{scene.answer}\n\n{scene.agent[1]}\n")
        self._sandbox.put(scene.person.id, mail.as_bytes(), sender=SUPPORT)

    async def play(self, scene: Scene) -> None:
        """Write back, or press the button of a link's page; a protected mailbox shows a mail once it was scanned."""
        person = scene.person
        mail = await self._sandbox.wait_for(lambda: self._prompt(scene), DEADLINE)
        if person.protected:
            await self._scanners[person.id].idle()
        if scene.reply:
            await self._sandbox.reply(mail.mail_id, scene.reply, QUOTING)
            return
        async with Browser() as browser:
            for value in scene.taps:
                await browser.open(_link(mail, value))
                await browser.submit("rate")

    def _prompt(self, scene: Scene) -> Mail | None:
        """The mail that asks about the ticket."""
        mails = self._sandbox.mails(scene.person.id)
        return next((mail for mail in reversed(mails) if scene.message_id in mail.content.relatives), None)


def _link(mail: Mail, value: int) -> str:
    """The link that its reader sees for a value."""
    paths = {urlsplit(link.url).path: link.url for link in mail.content.links if not link.hidden}
    return next(url for path, url in paths.items() if path.startswith("/r/") and path.endswith(f"/{value}"))
