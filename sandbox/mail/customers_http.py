"""The customers' side over HTTP, for the page with the phones and for scripts: the shape of the other stand-ins.

`GET /mail/customers[?since=VERSION&wait=SECONDS]` answers all customers, each thread of theirs as a chat, and with
`since` only once something has changed. `POST /mail/customers` adds one; `POST /mail/customers/{address}/{act}` acts
upon a mail: read, reply, auto_reply, complain, bounce, unsubscribe, open_link, delete. A refused act is
`{"error": …}`: 404 for the unknown, 409 for what a mail program does not allow.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from .customers import CustomerSide, NotPossibleError
from .state import Mail, Mailbox
from .threads import threads

MAX_WAIT = 25.0
SHOWN_THREADS = 30
SHOWN_CUSTOMERS = 60

Json = dict[str, Any]


class CustomersHttp:
    """Answers `/mail/customers…`."""

    def __init__(self, side: CustomerSide) -> None:
        self._side = side

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path, _, query = request.raw_path.partition("?")
        parts = [unquote(part) for part in path.strip("/").split("/")][1:]
        if request.method == "GET" and len(parts) == 1:
            asked = dict(parse_qsl(query))
            await self._wait(asked.get("since", ""), asked.get("wait", ""))
            return _json(self.phones())
        if request.method != "POST" or len(parts) not in (1, 3):
            return _json({"error": "not found"}, 404)
        if request.content_type != "application/json":
            return _json({"error": "send application/json"}, 415)  # so that no foreign page can post here by a form
        return _json(*await self._answer(parts, await request.read()))

    async def _answer(self, parts: list[str], body: bytes) -> tuple[Json, int]:
        try:
            given = json.loads(body or b"{}")
            return (self._add(given) if len(parts) == 1 else await self._act(parts[1], parts[2], given)), 200
        except KeyError as problem:
            return {"error": f"{problem.args[0]} is missing"}, 400
        except LookupError as problem:
            return {"error": str(problem)}, 404
        except NotPossibleError as problem:
            return {"error": str(problem)}, 409
        except (AttributeError, TypeError, ValueError):
            return {"error": "that is not what this act takes"}, 400

    def phones(self) -> Json:
        """All customers with their threads, and the version to wait on. The newest when there are very many."""
        world = self._side.world
        owners = [mailbox for mailbox in world.mailboxes.values() if mailbox.name][-SHOWN_CUSTOMERS:]
        return {
            "version": world.changes.version,
            "now": world.clock(),
            "customers": [
                {
                    "id": mailbox.address,
                    "kind": "email",
                    "name": mailbox.name,
                    "language": mailbox.language,
                    "deactivated": False,
                    "chats": _chats(mailbox),
                }
                for mailbox in owners
            ],
        }

    async def _wait(self, since: str, wait: str) -> None:
        changes = self._side.world.changes
        if not since.isdecimal():
            return
        patience = min(float(wait), MAX_WAIT) if wait.isdecimal() else MAX_WAIT
        try:
            await changes.wait_for(lambda: changes.version != int(since), patience)
        except TimeoutError:
            return
        await asyncio.sleep(0)  # one act makes several changes: show them together

    def _add(self, given: Json) -> Json:
        mailbox = self._side.add_customer(given["address"], str(given["name"]), str(given.get("language", "ru")))
        return {"id": mailbox.address}

    async def _act(self, address: str, act: str, given: Json) -> Json:
        function = _ACTS.get(act)
        if function is None:
            raise LookupError("no such act")
        mailbox, mail = self._side.world.mailbox(address), self._side.world.mail(int(given["mail_id"]))
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


def _json(content: Any, status: int = 200) -> web.Response:
    return web.Response(
        text=json.dumps(content), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
