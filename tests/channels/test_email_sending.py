"""Mails over SMTP: what each answer means, the connections, the login."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from channels.base import Message
from channels.email.adapter import Email
from net.errors import (
    DeliveryError,
    Misconfigured,
    OutcomeUnknown,
    RecipientGone,
    Rejected,
    Throttled,
    Unreachable,
)
from tests.channels.email_kit import ANN, PROMPT, TOKEN, account, read, secret
from tests.channels.platform import Behaviour, Drop, Hang, running_platform
from tests.channels.smtp_platform import PLAIN_EHLO, Replies, SmtpPlatform


@pytest.fixture
async def server() -> AsyncIterator[SmtpPlatform]:
    async with running_platform(SmtpPlatform, "smtp") as platform:
        assert isinstance(platform, SmtpPlatform)
        yield platform


@pytest.fixture
async def mailer(server: SmtpPlatform) -> AsyncIterator[Email]:
    made = account(server.url)
    yield made
    await made.close()


async def failing(channel: Email) -> DeliveryError:
    with pytest.raises(DeliveryError) as failure:
        await channel.send_prompt(ANN, PROMPT)
    assert ANN not in str(vars(failure.value))
    assert failure.value.__context__ is None, "the library's own error holds addresses"
    return failure.value


async def test_one_mail_one_recipient_and_an_envelope_of_its_own(server: SmtpPlatform) -> None:
    mailer = account(server.url, lmtp_listen="127.0.0.1:0")
    sent = await mailer.send_prompt(ANN, PROMPT)
    await mailer.close()
    (mail,) = server.mails
    assert mail.path == f"support+b.{TOKEN}@example.org"
    assert mail.recipient == ANN
    assert mail.options == f"SIZE={len(mail.body)}"
    assert sent.external_id == read(mail.body)["Message-ID"]
    assert sent.new_address is None


async def test_an_address_is_told_as_it_is_sent_to(mailer: Email) -> None:
    sent = await mailer.send_prompt("Ann@Example.NET", PROMPT)
    assert sent.new_address == "Ann@example.net", "so that an answer is recognised by its sender"


async def test_lines_that_begin_with_a_dot_arrive_whole(server: SmtpPlatform, mailer: Email) -> None:
    await mailer.send_text(ANN, Message(".\n..\n.x", key="1"))
    assert read(server.mails[0].body).get_content().splitlines() == [".", "..", ".x"]


async def test_a_cyrillic_address_goes_where_the_server_can(server: SmtpPlatform, mailer: Email) -> None:
    await mailer.send_prompt("анна@пример.рф", PROMPT)
    assert server.mails[0].recipient == "анна@xn--e1afmkfd.xn--p1ai"
    assert "SMTPUTF8" in server.mails[0].options
    server.behaviour = Replies({"EHLO": PLAIN_EHLO})
    other = account(server.url)
    with pytest.raises(Rejected):
        await other.send_prompt("анна@пример.рф", PROMPT)
    await other.send_prompt(ANN, PROMPT)
    assert server.connections == 2, "the conversation goes on"
    await other.close()


# --- what an answer means

AGAIN = (Throttled, "recipient", 300.0)
GONE, NO, US, LATER, UNKNOWN = RecipientGone, Rejected, Misconfigured, Unreachable, OutcomeUnknown

CASES: tuple[tuple[str, str | Behaviour, Any], ...] = (
    ("greeting", "421 4.3.2 overloaded", (Throttled, "account", 60.0)),
    ("greeting", "554 5.7.1 your address is blocked", US),
    ("greeting", "450 4.3.2 not now", LATER),
    ("greeting", Drop(), LATER),
    ("EHLO", "451 4.3.0 out of order", LATER),
    ("EHLO", "421 4.7.0 go away", (Throttled, "account", 60.0)),
    ("MAIL", "421 4.7.0 too many", (Throttled, "account", 60.0)),
    ("MAIL", "451 4.3.0 out of order", LATER),
    ("MAIL", "530 5.7.0 log in first", US),
    ("MAIL", "553 5.7.1 not your address", US),
    ("MAIL", "550 5.1.8 sender unknown", US),
    ("MAIL", "552 5.3.4 too large", NO),
    ("MAIL", Drop(), LATER),
    ("RCPT", "421 4.7.0 too many", (Throttled, "account", 60.0)),
    ("RCPT", "450 4.2.0 busy", AGAIN),
    ("RCPT", "451 4.7.1 greylisted, come back later", AGAIN),
    ("RCPT", "452 4.2.2 mailbox full", AGAIN),
    ("RCPT", "450 no enhanced code", AGAIN),
    ("RCPT", "550 5.1.1 no such user ann@example.net", GONE),
    ("RCPT", "550 5.1.10 null MX", GONE),
    ("RCPT", "550-5.1.1 The account that you tried to reach\r\n550 5.1.1 does not exist", GONE),
    ("RCPT", "550 no such user", GONE),
    ("RCPT", "550 relay not permitted", NO),
    ("RCPT", "550 Administrative prohibition", NO),
    ("RCPT", "550 5.0.0 rejected because 192.0.2.1 is in a black list", NO),
    ("RCPT", "553 sorry, that domain isn't in my list; relaying denied", NO),
    ("RCPT", "553 mailbox name not allowed", GONE),
    ("RCPT", "553 mailbox name not allowed", GONE),
    ("RCPT", "551 user not local", GONE),
    ("RCPT", "550 5.1.7 bad sender", NO),
    ("RCPT", "550 5.2.1 disabled", NO),
    ("RCPT", "552 5.2.2 mailbox full", NO),
    ("RCPT", "552 mailbox full", NO),
    ("RCPT", "550 5.7.1 spam", NO),
    ("RCPT", "554 5.7.1 relay access denied", NO),
    ("RCPT", "550 5.7.26 unauthenticated", NO),
    ("RCPT", "530 5.7.0 authentication required", US),
    ("RCPT", Drop(), LATER),
    ("DATA", "451 4.3.0 try again", AGAIN),
    ("DATA", "554 5.5.1 no valid recipients", NO),
    ("DATA", Drop(), LATER),
    ("content", "421 4.3.0 closing", (Throttled, "account", 60.0)),
    ("content", "451 4.3.0 try again", AGAIN),
    ("content", "550 5.7.1 spam", NO),
    ("content", "550 rejected by content", NO),
    ("content", "550 5.1.1 no such user", GONE),
    ("content", "552 5.3.4 too large", NO),
    ("content", "554 transaction failed", NO),
    ("content", "535 5.7.8 expired", US),
    ("content", "199 what is this", UNKNOWN),
    ("content", Drop(), UNKNOWN),
)


@pytest.mark.parametrize(("where", "said", "meant"), CASES, ids=[f"{where}-{said}"[:40] for where, said, _ in CASES])
async def test_what_an_answer_means(
    server: SmtpPlatform, mailer: Email, where: str, said: str | Behaviour, meant: Any
) -> None:
    server.behaviour = Replies({where: said})
    error = await failing(mailer)
    if isinstance(meant, tuple):
        assert isinstance(error, Throttled)
        assert (type(error), error.scope, error.retry_after) == meant
    else:
        assert type(error) is meant
    if isinstance(said, str):
        code = said[:3]
        assert error.platform_code.startswith(code)
        assert (
            error.platform_code.removeprefix(code).strip().replace(".", "").isdigit() or " " not in error.platform_code
        )


@pytest.mark.parametrize("where", ["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "content"])
async def test_silence_means_unknown_only_after_the_mail_was_written(server: SmtpPlatform, where: str) -> None:
    server.behaviour = Replies({where: Hang()})
    mailer = account(server.url, timeout=1, user="support", password=secret("x"))
    error = await failing(mailer)
    assert type(error) is (OutcomeUnknown if where == "content" else Unreachable)
    assert error.platform_code == "timeout"
    await mailer.close()


async def test_waiting_for_a_free_connection_has_an_end(server: SmtpPlatform) -> None:
    server.behaviour = Replies({"content": Hang()})
    mailer = account(server.url, timeout=1, connections=1)
    first = asyncio.create_task(mailer.send_prompt(ANN, PROMPT))
    while not server.requests:  # noqa: ASYNC110 - the first has the only connection then
        await asyncio.sleep(0)
    second = await failing(mailer)
    assert isinstance(second, Unreachable), "nothing of it was written"
    with pytest.raises(OutcomeUnknown):
        await first
    await mailer.close()


# --- connections


async def test_a_connection_is_kept_for_the_next_mail(server: SmtpPlatform, mailer: Email) -> None:
    for key in "abc":
        await mailer.send_prompt(ANN, replace(PROMPT, key=key))
    assert (server.connections, len(server.mails)) == (1, 3)
    await mailer.close()
    assert server.seen[-1] == "QUIT"


async def test_no_more_connections_than_allowed(server: SmtpPlatform) -> None:
    mailer = account(server.url, connections=2)
    await asyncio.gather(*(mailer.send_prompt(ANN, replace(PROMPT, key=str(key))) for key in range(10)))
    assert server.connections == 2
    assert len(server.mails) == 10
    await mailer.close()


@pytest.mark.parametrize("where", ["RCPT", "content"])
async def test_a_refused_mail_leaves_a_clean_conversation(server: SmtpPlatform, mailer: Email, where: str) -> None:
    server.behaviour = Replies({where: "550 5.1.1 nobody"})
    await failing(mailer)
    server.behaviour = Replies()
    await mailer.send_prompt(ANN, replace(PROMPT, key="next"))
    assert server.connections == 1
    assert "RSET" in server.seen


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced(server: SmtpPlatform, mailer: Email) -> None:
    await mailer.send_prompt(ANN, PROMPT)
    server.drop_all()
    await mailer.send_prompt(ANN, replace(PROMPT, key="next"))
    assert (server.connections, len(server.mails)) == (2, 2)


async def test_a_farewell_instead_of_an_answer_replaces_a_kept_connection_once(
    server: SmtpPlatform, mailer: Email
) -> None:
    await mailer.send_prompt(ANN, PROMPT)
    server.behaviour = Replies({"MAIL": "421 4.4.2 timed out"})
    error = await failing(mailer)
    assert isinstance(error, Throttled), "the new connection hears the same"
    assert server.connections == 2
    server.behaviour = Replies({"RCPT": Drop()})
    await failing(mailer)
    assert server.connections == 3, "past the sender nothing is tried a second time"


async def test_a_cancelled_mail_leaves_no_half_conversation(server: SmtpPlatform, mailer: Email) -> None:
    server.behaviour = Replies({"RCPT": Hang()})
    sending = asyncio.create_task(mailer.send_prompt(ANN, PROMPT))
    while not any(line.startswith("RCPT") for line in server.seen):  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    server.behaviour = Replies()
    await mailer.send_prompt(ANN, PROMPT)
    assert server.connections == 2


# --- who we are


async def test_the_password_is_sent_and_only_then_the_mail(server: SmtpPlatform) -> None:
    mailer = account(server.url, user="support", password=secret("pass wörd"))
    await mailer.send_prompt(ANN, PROMPT)
    await mailer.close()
    words = [line.split(" ")[0].split(":")[0] for line in server.seen]
    assert words[:3] == ["EHLO", "AUTH", "MAIL"]
    assert base64.b64decode(server.seen[1].split(" ")[2]) == "\0support\0pass wörd".encode()
    assert server.seen[0] == "EHLO example.org"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("535 5.7.8 wrong", Misconfigured),
        ("534 5.7.9 too weak", Misconfigured),
        ("530 5.7.0 must use TLS", Misconfigured),
        ("454 4.7.0 temporary", Unreachable),
        ("504 5.5.4 unknown", Misconfigured),
    ],
)
async def test_a_refused_login(server: SmtpPlatform, said: str, meant: type[DeliveryError]) -> None:
    server.behaviour = Replies({"AUTH": said})
    mailer = account(server.url, user="support", password=secret("x"))
    assert type(await failing(mailer)) is meant
    assert not server.mails


async def test_a_server_without_a_login_that_we_know(server: SmtpPlatform) -> None:
    server.behaviour = Replies({"EHLO": PLAIN_EHLO})
    mailer = account(server.url, user="support", password=secret("x"))
    assert isinstance(await failing(mailer), Misconfigured)
