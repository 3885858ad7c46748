"""Mail through Exim and out of Dovecot: what stand-ins written by us cannot show of the e-mail channel."""

import asyncio
import base64
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dkim  # type: ignore[import-untyped]  # it ships no types
import pytest

from channels.base import DeliveryReported, Inbound, TextReceived, Unknown
from channels.email.adapter import Email
from net.errors import DeliveryError, Misconfigured, RecipientGone, Rejected, Throttled
from ratings.store.positions import load_position
from ratings.store.schema import addresses, invitations
from tests.channels.email_kit import LINKS, PROMPT, TOKEN, config, part, raw_headers, read, secret
from tests.e2e.conftest import Serve
from tests.e2e.kit import the_rating, until
from tests.e2e.mail_servers import PASSWORD, MailServers, mail_servers

pytestmark = pytest.mark.xdist_group("real mail")  # one start of the servers serves them all

ANN = "ann@example.net"
SELECTOR = "mail2026"
Batch = tuple[Sequence[Inbound], str]
MakeAccount = Callable[..., Email]


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    with mail_servers() as running:
        yield running


@pytest.fixture
async def make_account(servers: MailServers) -> AsyncIterator[MakeAccount]:
    """Accounts that send by Exim, encrypted, and read by Dovecot."""
    made: list[Email] = []

    def make(**keys: Any) -> Email:
        known = {
            "smtp": f"smtp://127.0.0.1:{servers.smtp}",
            "starttls": "require",
            "imap": f"imaps://127.0.0.1:{servers.imaps}/INBOX",
            "imap_user": "support",
            "imap_password": secret(PASSWORD),
            "imap_poll": 0.1,
        }
        made.append(Email("email.support", config(**{**known, **keys}), ()))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def batch(listening: AsyncIterator[Batch]) -> Batch:
    async with asyncio.timeout(60):
        return await anext(listening)


async def first(channel: Email, position: str | None) -> Batch:
    listening = channel.listen(position)
    try:
        return await batch(listening)
    finally:
        await listening.aclose()  # type: ignore[attr-defined]  # it is a generator


async def delivered(servers: MailServers, send: Callable[[], Any], person: str = "ann") -> bytes:
    """What comes into a customer's mailbox by this."""
    before = await asyncio.to_thread(servers.last_uid, person)
    await send()
    return await asyncio.to_thread(servers.next_mail, person, before)


async def answer(servers: MailServers, mail: bytes, words: str, sender: str = ANN, number: int = 1) -> None:
    """Answer as a mail program does: to whom the mail says, the mail quoted below."""
    asked = read(mail)
    quoted = "".join(f"> {line}\n" for line in part(mail, "plain").splitlines())
    written = (
        f"From: Ann <{sender}>\nTo: {asked['Reply-To']}\nSubject: Re: {asked['Subject']}\n"
        f"Message-ID: <{number}.{asked['Message-ID'].strip('<>')}.customer>\nIn-Reply-To: {asked['Message-ID']}\n"
        f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        f"{words}\n\nOn Sat, Nov 21, 2026 at 7:49 PM Support <support@example.org> wrote:\n{quoted}"
    )
    await asyncio.to_thread(servers.hand_in, sender, asked["Reply-To"], written.replace("\n", "\r\n").encode())


def openssl(*arguments: str | Path) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout  # noqa: S607 - from the PATH; Dovecot's package brings it


# --- out


async def test_a_prompt_arrives_as_it_was_written_and_signed(
    servers: MailServers, make_account: MakeAccount, tmp_path: Path
) -> None:
    key = tmp_path / "key.pem"
    openssl("genrsa", "-out", key, "2048")
    public = base64.b64encode(openssl("rsa", "-in", key, "-pubout", "-outform", "DER"))
    mailer = make_account(
        dkim_domain="example.org",
        dkim_selector=SELECTOR,
        dkim_key=secret(key.read_text()),
        **{"from": "Служба <support@example.org>"},
    )
    # Longer than the line at which Python's own policies make encoded words of an address.
    links = replace(LINKS, unsubscribe=f"https://ratings.of-the-customers.example.org/opinions/u/{TOKEN}")
    raw = await delivered(servers, lambda: mailer.send_prompt(ANN, replace(PROMPT, links=links)))
    mail, headers = read(raw), raw_headers(raw)

    assert mail["Return-Path"] == f"<support+b.{TOKEN}@example.org>"
    assert mail["Reply-To"] == f"support+r.{TOKEN}@example.org"
    assert "esmtps" in mail["Received"], "encrypted, since the server offers it"
    assert (mail["Subject"], mail["From"]) == ("Как мы справились?", "Служба <support@example.org>")
    assert [each.get_content_type() for each in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    for value in range(1, 6):
        assert f"{LINKS.rate}/{value}" in part(raw, "plain").splitlines()[-10 + value]
        assert f'href="{LINKS.rate}/{value}"' in part(raw, "html")
    assert headers["List-Unsubscribe"] == f"<{links.unsubscribe}>, <mailto:support+u.{TOKEN}@example.org>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def published(name: bytes, timeout: float = 5) -> bytes:  # noqa: ARG001 - dkimpy hands it over
        assert name == b"mail2026._domainkey.example.org."
        return b"v=DKIM1; k=rsa; p=" + public

    assert dkim.verify(raw, dnsfunc=published), "neither server changed what is signed"
    assert not dkim.verify(raw.replace(b"One-Click", b"Two-Click"), dnsfunc=published)


async def test_an_address_beyond_ascii(servers: MailServers, make_account: MakeAccount) -> None:
    raw = await delivered(servers, lambda: make_account().send_prompt("анна@example.net", PROMPT), "анна")
    assert "анна@example.net".encode() in raw.partition(b"\r\n\r\n")[0]
    assert f"{LINKS.rate}/5" in part(raw, "plain")


async def test_refusals_at_once_and_the_same_connection_goes_on(
    servers: MailServers, make_account: MakeAccount
) -> None:
    mailer = make_account(connections=1)

    async def failure(address: str) -> DeliveryError:
        with pytest.raises(DeliveryError) as raised:
            await mailer.send_prompt(address, PROMPT)
        return raised.value

    later = await failure("later@example.net")
    assert isinstance(later, Throttled)
    assert (later.again, later.scope, later.retry_after, later.platform_code) == (True, "recipient", 300, "451 4.7.1")
    assert isinstance(await failure("nobody@example.net"), RecipientGone)
    assert isinstance(await failure("policy@example.net"), Rejected)
    await delivered(servers, lambda: mailer.send_prompt(ANN, PROMPT))
    assert servers.log().count("policy@example.net") >= 1


async def test_a_login(servers: MailServers, make_account: MakeAccount) -> None:
    mailer = make_account(user="support", password=secret(PASSWORD))
    assert {finding.id: finding.level for finding in await mailer.check(None)} == {
        "email.smtp": "ok",
        "email.inbound": "ok",
    }
    raw = await delivered(servers, lambda: mailer.send_prompt(ANN, PROMPT))
    assert "esmtpsa" in read(raw)["Received"], "encrypted and logged in"
    stranger = make_account(user="support", password=secret("wrong"), imap_password=secret("wrong"))
    with pytest.raises(Misconfigured):
        await stranger.send_prompt(ANN, PROMPT)
    assert {finding.id: finding.level for finding in await stranger.check(None)} == {
        "email.smtp": "error",
        "email.inbound": "error",
    }


# --- in


async def test_a_reply_comes_back_once(servers: MailServers, make_account: MakeAccount) -> None:
    reader = make_account()
    _, start = await first(reader, None)
    sent: list[str] = []

    async def send() -> None:
        sent.append((await reader.send_prompt(ANN, PROMPT)).external_id)

    mail = await delivered(servers, send)
    await answer(servers, mail, "5, спасибо!")
    events, position = await first(reader, start)
    (event,) = events
    assert isinstance(event, TextReceived)
    assert (event.text, event.token, event.reply_to, event.address) == ("5, спасибо!", TOKEN, sent[0], ANN)
    assert event.at > 0
    validity, _, uid = start.partition(":")
    assert position == f"{validity}:{int(uid) + 1}"

    await answer(servers, mail, "и ещё", number=2)
    after_a_restart = make_account()
    events, further = await first(after_a_restart, position)
    assert [each.text for each in events if isinstance(each, TextReceived)] == ["и ещё"]
    assert further == f"{validity}:{int(uid) + 2}"
    assert await asyncio.to_thread(servers.marked, "support") == 0, "the mailbox belongs to people"


async def test_what_is_not_ours_stays_the_helpdesks(servers: MailServers, make_account: MakeAccount) -> None:
    reader = make_account()
    _, position = await first(reader, None)
    mail = (
        b"From: Ann <ann@example.net>\r\nTo: support@example.org\r\nSubject: Re: x\r\nMessage-ID: <new@x>\r\n\r\n5\r\n"
    )
    await asyncio.to_thread(servers.hand_in, ANN, "support@example.org", mail)
    ((event,), _) = await first(reader, position)
    assert isinstance(event, Unknown)


@pytest.mark.parametrize(
    ("address", "gone"),
    [
        ("lost-ann@example.net", True),  # Exim's own words, and Status: 5.0.0
        ("nobody@far.example", True),  # 550 5.1.1 of the server behind it
        ("full@far.example", False),  # 552 5.2.2
        ("spam@far.example", False),  # 550 5.7.1
    ],
)
async def test_a_bounce_comes_back(servers: MailServers, make_account: MakeAccount, address: str, gone: bool) -> None:
    reader = make_account()
    _, position = await first(reader, None)
    sent = await reader.send_prompt(address, PROMPT)
    ((event,), _) = await first(reader, position)
    assert isinstance(event, DeliveryReported), servers.log()
    assert (event.delivery, event.gone, event.token, event.external_id) == ("bounced", gone, TOKEN, sent.external_id)


async def test_exim_hands_over_by_lmtp_as_documented(servers: MailServers, make_account: MakeAccount) -> None:
    taker = make_account(reply_to="taker@example.org", imap=None, lmtp_listen=f"127.0.0.1:{servers.lmtp}")
    mail = await delivered(servers, lambda: taker.send_prompt(ANN, PROMPT))
    await answer(servers, mail, "4, быстро")
    listening = taker.listen(None)
    getting = asyncio.create_task(batch(listening))
    # Nobody took it until now, so Exim kept it.
    await until(lambda: asyncio.to_thread(servers.queued))
    trying = asyncio.create_task(asyncio.to_thread(servers.run_queue))
    ((event,), _) = await getting
    assert isinstance(event, TextReceived)
    assert (event.text, event.token, event.address) == ("4, быстро", TOKEN, ANN)
    following = asyncio.create_task(batch(listening))  # whoever asks for more has committed
    await trying
    assert await asyncio.to_thread(servers.queued) == 0
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


# --- all of it


async def the_service(servers: MailServers, serve: Serve, store_url: str) -> Any:
    account = {
        "smtp": f"smtp://127.0.0.1:{servers.smtp}",
        "from": "Support <support@example.org>",
        "imap": f"imaps://127.0.0.1:{servers.imaps}/INBOX",
        "imap_user": "support",
        "imap_password": "env:IMAP_PASSWORD",
        "imap_poll": 0.1,
    }
    environ = {"IMAP_PASSWORD": PASSWORD}
    service = await serve(store_url, {"email.support": account}, customer=ANN, environ=environ)
    await until(lambda: service.parts.store.read(load_position, "email.support"))  # it begins behind what is there
    return service


async def test_close_ask_reply_and_read(servers: MailServers, serve: Serve, sqlite_url: str) -> None:
    service = await the_service(servers, serve, sqlite_url)
    mail = await delivered(servers, service.close)
    assert f"{service.url}/r/" in part(mail, "plain")
    await answer(servers, mail, "5, thank you")
    rating = await the_rating(service, value=5)
    assert (rating["comment"], rating["state"], rating["channel"]) == ("thank you", "confirmed", "email.support")


async def test_close_ask_and_bounce(servers: MailServers, serve: Serve, sqlite_url: str) -> None:
    service = await the_service(servers, serve, sqlite_url)
    await service.close(customer="lost-boris@example.net")

    async def given_up() -> bool:
        return {"address": "lost-boris@example.net", "unreachable_code": "bounced"} in await service.rows(
            addresses, "address", "unreachable_code"
        )

    await until(given_up)
    assert await service.rows(invitations, "state", "delivery") == [{"state": "asked", "delivery": "bounced"}]
    again = await service.close("T-2", customer="lost-boris@example.net")
    assert b'"unreachable"' in again.body
