"""The mail programs, as sandbox.phones.customers_api answers them below `/mail/customers`: each thread is a chat.

The acts, all upon a mail: read, reply, auto_reply, complain, bounce, unsubscribe, open_link, delete.
"""

from collections.abc import Awaitable, Callable

from sandbox.phones.customers_api import SHOWN_CUSTOMERS, Json, known_act

from .customers import CustomerSide
from .state import Mail, Mailbox
from .threads import threads

SHOWN_THREADS = 30


class Phones:
    """All mail programs, and what can be done in them."""

    def __init__(self, side: CustomerSide) -> None:
        self._side = side

    def shown(self) -> list[Json]:
        """All customers with their threads; the newest when there are very many."""
        world = self._side.world
        owners = [mailbox for mailbox in world.mailboxes.values() if mailbox.name][-SHOWN_CUSTOMERS:]
        return [
            {
                "id": mailbox.address,
                "kind": "email",
                "name": mailbox.name,
                "language": mailbox.language,
                "deactivated": False,
                "chats": _chats(mailbox),
            }
            for mailbox in owners
        ]

    def add(self, given: Json) -> Json:
        """Add a customer."""
        mailbox = self._side.add_customer(given["address"], str(given["name"]), str(given.get("language", "ru")))
        return {"id": mailbox.address}

    async def act(self, customer: str, act: str, given: Json) -> Json:
        """Let a customer do something with a mail."""
        function = known_act(_ACTS, act)
        mailbox, mail = self._side.world.mailbox(customer), self._side.world.mail(int(given["mail_id"]))
        if mail.mailbox != mailbox.address:
            raise LookupError("no such mail in this mailbox")
        return await function(self._side, mail, given)


async def _read(side: CustomerSide, mail: Mail, _given: Json) -> Json:
    side.read(mail.mail_id)
    return {}


async def _delete(side: CustomerSide, mail: Mail, _given: Json) -> Json:
    side.delete(mail.mail_id)
    return {}


async def _reply(side: CustomerSide, mail: Mail, given: Json) -> Json:
    return {"reply": (await side.reply(mail.mail_id, str(given["text"]), str(given.get("style", "none")))).reply}


async def _auto_reply(side: CustomerSide, mail: Mail, _given: Json) -> Json:
    return {"reply": (await side.auto_reply(mail.mail_id)).reply}


async def _complain(side: CustomerSide, mail: Mail, _given: Json) -> Json:
    return {"reply": (await side.complain(mail.mail_id)).reply}


async def _bounce(side: CustomerSide, mail: Mail, _given: Json) -> Json:
    return {"reply": (await side.bounce(mail.mail_id)).reply}


async def _unsubscribe(side: CustomerSide, mail: Mail, _given: Json) -> Json:
    return {"status": (await side.unsubscribe(mail.mail_id)).status}


async def _open_link(side: CustomerSide, mail: Mail, given: Json) -> Json:
    return {"status": (await side.open_link(mail.mail_id, int(given["number"]))).status}


_ACTS: dict[str, Callable[[CustomerSide, Mail, Json], Awaitable[Json]]] = {
    "read": _read,
    "delete": _delete,
    "reply": _reply,
    "auto_reply": _auto_reply,
    "complain": _complain,
    "bounce": _bounce,
    "unsubscribe": _unsubscribe,
    "open_link": _open_link,
}


def _chats(mailbox: Mailbox) -> list[Json]:
    return [
        {
            "bot": str(thread[0].mail_id),
            "title": thread[0].content.subject,
            "blocked": False,
            "started": True,
            "messages": [_message(mail) for mail in thread],
            "tap": None,
        }
        for thread in threads([*mailbox.mails, *mailbox.sent])[:SHOWN_THREADS]
    ]


def _message(mail: Mail) -> Json:
    name, address = mail.content.author
    return {
        "id": mail.mail_id,
        "mine": mail.mine,
        "text": mail.content.text,
        "entities": [],
        "media": None,
        "date": int(mail.received_at),
        "edited": False,
        "reply_to": None,
        "keyboard": [],
        "reply_keyboard": [],
        "subject": mail.content.subject,
        "author": name or address,
        "author_address": address,
        "seen": mail.seen,
        "page": f"/mail/{mail.mail_id}/html" if mail.content.html else None,
        "links": [{"url": link.url, "text": link.text, "hidden": link.hidden} for link in mail.content.links],
        "one_click": bool(mail.content.header("List-Unsubscribe-Post")),
        "problems": mail.problems,
    }
