"""The customers' side of the mail stand-in: replies, notices and reports arrive as real mails."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope

from sandbox.mail import Mail, MailSandbox, NotPossibleError
from sandbox.mail.quoting import STYLES
from sandbox.phones.serving import LoopbackServer

from .conftest import Clock
from .mail_kit import ANNA, BORIS, INBOX, SENDER, mail, people, send

HTML = '<p>Rate us</p><a href="https://t.test/r/x/5">5</a>'
ASKED = "Как вам помощь?\r\n5 - https://tapfive.test/r/abc/5"


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[MailSandbox]:
    sandbox = people(MailSandbox(clock=clock))
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def got(sandbox: MailSandbox) -> Mail:
    """A question in Anna's mailbox, to be answered at a plus-address of the service's inbox."""
    raw = mail(HTML, ASKED, Reply_To="desk+r.token@tapfive.test", References="<ticket@tapfive.test>")
    await send(sandbox, raw, sender="desk+b.7@tapfive.test")
    return sandbox.mails(ANNA)[0]


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def test_a_reply_stays_in_the_thread(sandbox: MailSandbox, got: Mail) -> None:
    sent = await sandbox.reply(got.mail_id, "5, спасибо!", "gmail_ru")
    assert sent.delivered
    (arrived,) = sandbox.mails(INBOX)
    assert (arrived.recipient, arrived.sender) == ("desk+r.token@tapfive.test", ANNA)
    message = parsed(arrived.raw)
    assert (message["Subject"], message["From"]) == ("Re: How was it?", f"Анна <{ANNA}>")
    assert message["In-Reply-To"] == "<first@tapfive.test>"
    assert message["References"] == "<ticket@tapfive.test> <first@tapfive.test>"
    assert arrived.content.text.startswith("5, спасибо!\n\n")
    assert "> 5 - https://tapfive.test/r/abc/5" in arrived.content.text
    assert "gmail_quote" in arrived.content.html
    assert arrived.problems == []
    assert got.seen


GMAIL_RU = "сб, 21 нояб. 2026 г. в 19:49, Tapfive <desk@tapfive.test>:"
SHAPES = {
    "none": "",
    "gmail_en": "On Sat, Nov 21, 2026 at 07:49 PM Tapfive <desk@tapfive.test> wrote:",
    "gmail_ru": GMAIL_RU,
    "gmail_uk": "сб, 21 лист. 2026 р. о 19:49 Tapfive <desk@tapfive.test> пише:",
    "gmail_pl": "sob., 21 lis 2026 o 19:49 Tapfive <desk@tapfive.test> napisał(a):",
    "yandex": '21.11.2026, 19:49, "Tapfive" <desk@tapfive.test>:',
    "mailru": ">Суббота, 21 ноября 2026, 19:49 +00:00 от Tapfive <desk@tapfive.test>:",
    "outlook_ru": "От: Tapfive <desk@tapfive.test>\nОтправлено: суббота, 21 ноября 2026 г. 19:49\nКому: anna@customer.test\nТема: How was it?",
    "outlook_en": "-----Original Message-----\nFrom: Tapfive <desk@tapfive.test>\nSent: Saturday, November 21, 2026 07:49 PM",
    "iphone_ru": "Отправлено с iPhone\n\n> 21 нояб. 2026 г., в 19:49, Tapfive <desk@tapfive.test> написал(а):",
    "below": "On Sat, 21 Nov 2026, Tapfive wrote:\n> Как вам помощь?",
}


@pytest.mark.parametrize("style", list(STYLES))
async def test_quotes_as_mail_programs_do(sandbox: MailSandbox, clock: Clock, style: str) -> None:
    clock.now = 1_795_290_540  # 2026-11-21 19:49 UTC
    await send(sandbox, mail(text=ASKED))
    await sandbox.reply(sandbox.mails(ANNA)[0].mail_id, "Долго", style)
    (arrived,) = sandbox.mails(INBOX)
    text = arrived.content.text.replace("\r\n", "\n")
    assert SHAPES[style] in text
    assert text.endswith("Долго\n") if style in {"below", "none"} else text.startswith("Долго\n")
    assert ("tapfive.test/r/abc/5" in text) is (style != "none")


async def test_quotes_the_words_of_a_mail_that_has_html_alone(sandbox: MailSandbox) -> None:
    await send(
        sandbox,
        mail(text="x")
        .replace(b"text/plain", b"text/html")
        .replace(b"\r\n\r\nx", b"\r\n\r\n<style>p{}</style><p>Rate <b>us</b><br>now"),
    )
    await sandbox.reply(sandbox.mails(ANNA)[0].mail_id, "5", "yandex")
    assert sandbox.mails(INBOX)[0].content.text.endswith("> Rate us\n> now\n")


async def test_an_assistant_may_answer(sandbox: MailSandbox, got: Mail) -> None:
    await sandbox.reply(got.mail_id, "5", as_address="assistant@customer.test")
    assert parsed(sandbox.mails(INBOX)[0].raw)["From"].addresses[0].addr_spec == "assistant@customer.test"


@pytest.mark.parametrize(
    ("style", "marks", "sender", "to"),
    [
        ("rfc3834", {"Auto-Submitted": "auto-replied"}, "", "desk+b.7@tapfive.test"),
        ("exchange", {"X-Auto-Response-Suppress": "All"}, "", "desk+b.7@tapfive.test"),
        ("legacy", {"Precedence": "bulk", "Auto-Submitted": None}, ANNA, "desk+r.token@tapfive.test"),
    ],
)
async def test_out_of_office(
    sandbox: MailSandbox, got: Mail, style: Any, marks: dict[str, str], sender: str, to: str
) -> None:
    await sandbox.auto_reply(got.mail_id, "5 days away", style)
    (arrived,) = sandbox.mails(INBOX)
    assert (arrived.sender, arrived.recipient) == (sender, to)
    message = parsed(arrived.raw)
    assert {name: message[name] for name in marks} == marks
    assert message["In-Reply-To"] == "<first@tapfive.test>"


async def test_bounces_as_exim_writes_them(sandbox: MailSandbox, got: Mail) -> None:
    await sandbox.bounce(got.mail_id, "exim", words="550 no such user")
    (arrived,) = sandbox.mails(INBOX)
    assert (arrived.sender, arrived.recipient) == ("", "desk+b.7@tapfive.test")
    message = parsed(arrived.raw)
    assert message.get_content_type() == "multipart/report"
    assert (message["Auto-Submitted"], message["References"]) == ("auto-replied", "<first@tapfive.test>")
    prose, status, returned = message.iter_parts()
    assert "550 no such user" in prose.get_content()
    blocks = status.get_payload()
    assert isinstance(blocks, list)
    per_recipient = blocks[1]
    assert isinstance(per_recipient, EmailMessage)
    assert per_recipient.items() == [("Action", "failed"), ("Final-Recipient", f"rfc822;{ANNA}"), ("Status", "5.0.0")]
    assert returned.get_content()["Message-ID"] == "<first@tapfive.test>"


async def test_bounces_in_other_shapes(sandbox: MailSandbox, got: Mail) -> None:
    for style in ("postfix", "headers_only", "delayed", "prose"):
        await sandbox.bounce(got.mail_id, style, status="5.2.2", words="552 5.2.2 Mailbox full")
    postfix, headers, delayed, prose = (parsed(arrived.raw) for arrived in sandbox.mails(INBOX))
    block = list(postfix.iter_parts())[1].get_payload(1)
    assert isinstance(block, EmailMessage)
    assert block["Status"] == "5.2.2 (as the far server says)"
    assert " ".join(block["Diagnostic-Code"].split()) == "smtp; 552 5.2.2 Mailbox full"
    assert list(headers.iter_parts())[2].get_content_type() == "text/rfc822-headers"
    block = list(delayed.iter_parts())[1].get_payload(1)
    assert isinstance(block, EmailMessage)
    assert (block["Action"], "Will-Retry-Until" in block) == ("delayed", True)
    assert (prose.get_content_type(), prose["Auto-Submitted"]) == ("text/plain", None)
    assert "552 5.2.2 Mailbox full" in prose.get_content()


async def test_complains(sandbox: MailSandbox, got: Mail) -> None:
    await sandbox.complain(got.mail_id)
    message = parsed(sandbox.mails(INBOX)[0].raw)
    assert message.get_param("report-type") == "feedback-report"
    _, report, returned = message.iter_parts()
    assert report.get_content_type() == "message/feedback-report"
    assert b"Feedback-Type: abuse" in sandbox.mails(INBOX)[0].raw
    assert returned.get_content()["Message-ID"] == "<first@tapfive.test>"


async def test_what_no_mail_program_does(sandbox: MailSandbox, got: Mail) -> None:
    await send(sandbox, mail(From="", Reply_To=""), sender="<>")
    from_nobody = sandbox.mails(ANNA)[1].mail_id
    for act in (sandbox.bounce, sandbox.auto_reply, sandbox.complain):
        with pytest.raises(NotPossibleError):
            await act(from_nobody)
    with pytest.raises(NotPossibleError, match="where an answer goes"):
        await sandbox.reply(from_nobody, "5")
    with pytest.raises(NotPossibleError, match="empty"):
        await sandbox.reply(got.mail_id, " ")
    with pytest.raises(NotPossibleError, match="one click"):
        await sandbox.unsubscribe(got.mail_id)
    with pytest.raises(LookupError, match="no such style"):
        await sandbox.reply(got.mail_id, "5", "telex")
    with pytest.raises(LookupError, match="no such mail"):
        await sandbox.reply(99, "5")
    await sandbox.reply(got.mail_id, "5")
    with pytest.raises(NotPossibleError, match="own"):
        await sandbox.bounce(sandbox.world.mailbox(ANNA).sent[0].mail_id)


class Receiver:
    """The LMTP side of a service: takes mails, or answers as told."""

    def __init__(self) -> None:
        self.mails: list[tuple[str | None, list[str], bytes | None]] = []
        self.answers: list[str] = []

    async def handle_DATA(self, _server: LMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd finds it by this name
        if self.answers:
            return self.answers.pop(0)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 2.0.0 taken"


async def test_what_is_for_no_mailbox_goes_by_lmtp(sandbox: MailSandbox) -> None:
    loop = asyncio.get_running_loop()
    receiver = Receiver()
    server = await loop.create_server(lambda: LMTP(receiver, hostname="tapfive.test", loop=loop), "127.0.0.1", 0)
    sandbox.send_by_lmtp(*server.sockets[0].getsockname()[:2])
    await send(sandbox, mail(Reply_To="reply@elsewhere.test"), sender="b+1@elsewhere.test")
    asked = sandbox.mails(ANNA)[0]
    receiver.answers = ["451 4.3.0 not now"]
    sent = await sandbox.reply(asked.mail_id, ".5\n.\nspasibo")
    assert (sent.reply, sent.waits) == ("451 4.3.0 not now", True)
    assert await sandbox.outgoing.retry() == [sent]
    assert (sent.reply, sent.tries) == ("250 2.0.0 taken", 2)
    assert await sandbox.outgoing.retry() == []
    assert receiver.mails == [(ANNA, ["reply@elsewhere.test"], sent.raw)]
    await sandbox.bounce(asked.mail_id)
    assert receiver.mails[1][:2] == ("<>", ["b+1@elsewhere.test"])
    server.close()
    await server.wait_closed()
    nowhere = await sandbox.reply(asked.mail_id, "5")
    assert (nowhere.reply, nowhere.waits) == ("", True)


async def test_without_lmtp_a_mail_to_a_stranger_is_refused(sandbox: MailSandbox) -> None:
    await send(sandbox, mail(Reply_To="reply@elsewhere.test"))
    sent = await sandbox.reply(sandbox.mails(ANNA)[0].mail_id, "5")
    assert (sent.reply, sent.waits) == ("550 5.1.1 User unknown", False)


class Site:
    """A page and what was asked of it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, str]] = []
        self.server = LoopbackServer({"/": self.handle})

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = (await request.read()).decode()
        self.seen.append((request.method, request.raw_path, request.headers.get("Sec-Fetch-User", ""), body))
        return web.Response(text="<h1>Thanks</h1>", content_type="text/html")


async def test_opens_links_and_unsubscribes_with_one_click(sandbox: MailSandbox, clock: Clock) -> None:
    site = Site()
    await site.server.start()
    url = site.server.url
    html = f'<a href="{url}/r/x/4">4</a><a href="mailto:a@b.test">write</a>'
    unsubscribing = {
        "List_Unsubscribe": f"<mailto:u@t.test>, <{url}/u/x>",
        "List_Unsubscribe_Post": "List-Unsubscribe=One-Click",
    }
    await send(sandbox, mail(html, **unsubscribing))
    mail_id = sandbox.mails(ANNA)[0].mail_id
    opened = await sandbox.open_link(mail_id, 0)
    assert (opened.status, opened.at, opened.text) == (200, clock.now, "<h1>Thanks</h1>")
    await sandbox.unsubscribe(mail_id)
    assert site.seen == [("GET", "/r/x/4", "?1", ""), ("POST", "/u/x", "", "List-Unsubscribe=One-Click")]
    with pytest.raises(NotPossibleError):
        await sandbox.open_link(mail_id, 1)
    with pytest.raises(LookupError):
        await sandbox.open_link(mail_id, 7)
    await site.server.stop()
    assert (await sandbox.open_link(mail_id, 0)).status is None


# --- over HTTP ------------------------------------------------------------------------------------------------------


async def test_the_same_over_http(sandbox: MailSandbox, got: Mail, http: aiohttp.ClientSession) -> None:
    customers = f"{sandbox.url}/mail/customers"

    async def act(path: str, **content: Any) -> tuple[int, Any]:
        async with http.post(customers + path, json=content) as response:
            return response.status, await response.json()

    assert await act("", address="vera@customer.test", name="Vera") == (200, {"id": "vera@customer.test"})
    assert await act("/anna%40customer.test/reply", mail_id=got.mail_id, text="5", style="yandex") == (
        200,
        {"reply": "250 2.0.0 3"},
    )
    async with http.get(customers) as response:
        phones = await response.json()
    assert [(each["id"], each["name"], len(each["chats"])) for each in phones["customers"]] == [
        (ANNA, "Анна", 1),
        (BORIS, "Boris", 0),
        ("vera@customer.test", "Vera", 0),
    ]
    (chat,) = phones["customers"][0]["chats"]
    assert chat["title"] == "How was it?"
    assert [(each["mine"], each["author"], each["page"], each["seen"]) for each in chat["messages"]] == [
        (False, "Tapfive", f"/mail/{got.mail_id}/html", True),
        (True, "Анна", None, True),
    ]
    assert "mail-pass" not in str(phones)
    refused: list[tuple[str, dict[str, Any], int, str]] = [
        (f"/{ANNA}/dance", {"mail_id": 1}, 404, "no such act"),
        (f"/{BORIS}/read", {"mail_id": got.mail_id}, 404, "no such mail in this mailbox"),
        ("/nobody@x.test/read", {"mail_id": 1}, 404, "no such mailbox in the sandbox"),
        (f"/{ANNA}/reply", {"mail_id": got.mail_id}, 400, "text is missing"),
        (f"/{ANNA}/reply", {"mail_id": got.mail_id, "text": ""}, 409, "an empty mail is not sent"),
        (f"/{ANNA}/unsubscribe", {"mail_id": got.mail_id}, 409, "this mail offers no unsubscribing by one click"),
        ("", {"address": "nowhere", "name": "x"}, 400, "that is not what this act takes"),
        ("/1/2/3", {}, 404, "not found"),
    ]
    for path, content, status, words in refused:
        assert await act(path, **content) == (status, {"error": words}), path
    for name in ("read", "auto_reply", "complain", "bounce", "delete"):
        assert (await act(f"/{ANNA}/{name}", mail_id=got.mail_id))[0] == 200, name
    assert sandbox.mails(ANNA) == []


async def test_a_form_of_a_foreign_page_is_refused(
    sandbox: MailSandbox, got: Mail, http: aiohttp.ClientSession
) -> None:
    async with http.post(
        f"{sandbox.url}/mail/customers/{ANNA}/delete", data=f'{{"mail_id": {got.mail_id}}}'
    ) as response:
        assert response.status == 415
    assert sandbox.mails(ANNA) == [got]
    assert got.sender != SENDER
