"""Answers handed over by a mail server: each is taken only once it is committed."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator, Sequence

import pytest

from channels.base import TextReceived, Unknown
from channels.email.adapter import Email
from net.errors import Misconfigured
from tests.channels.email_kit import ANN, REPLY, TOKEN, account, answer, batch, first, received, texts


@pytest.fixture
async def taker() -> AsyncIterator[Email]:
    made = account("smtp://127.0.0.1:1", lmtp_listen="127.0.0.1:0")
    yield made
    await made.close()


async def door(channel: Email) -> int:
    """The port that it listens on."""
    async with asyncio.timeout(60):
        while not (port := channel._lmtp_listener().port):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
    return port


def hand_in(port: int, recipients: Sequence[str], raw: bytes, sender: str = ANN) -> list[bytes]:
    """The replies of an LMTP server, one for each recipient that it accepted."""
    with smtplib.LMTP("127.0.0.1", port, timeout=10) as client:
        client.ehlo_or_helo_if_needed()
        client.mail(sender)
        told = [client.rcpt(recipient) for recipient in recipients]
        accepted = [code for code, _ in told if code == 250]
        if not accepted:
            return [b"%d %b" % one for one in told]
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(raw.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
        return [b"%d %b" % client.getreply() for _ in accepted]


async def test_a_mail_is_taken_only_after_the_caller_asks_for_the_next(taker: Email) -> None:
    listening = taker.listen(None)
    getting = asyncio.create_task(batch(listening))
    handing = asyncio.create_task(asyncio.to_thread(hand_in, await door(taker), [REPLY], answer(1)))
    events, position = await getting
    assert texts(events) == ["1"]
    assert [event.token for event in events if isinstance(event, TextReceived)] == [TOKEN]
    assert position
    waiting = taker._lmtp_listener()._open
    assert waiting is not None
    (letter,) = waiting._waiting
    assert not letter.taken.done(), "nothing is committed yet"
    assert not handing.done()
    following = asyncio.create_task(batch(listening))
    assert (await handing)[0].startswith(b"250")
    following.cancel()


async def test_what_was_not_committed_is_handed_in_again(taker: Email) -> None:
    listening = taker.listen(None)
    getting = asyncio.create_task(batch(listening))
    handing = asyncio.create_task(asyncio.to_thread(hand_in, await door(taker), [REPLY], answer(1)))
    events, _ = await getting
    await listening.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert (await handing)[0].startswith(b"451")
    again = taker.listen(None)
    getting = asyncio.create_task(batch(again))
    handing = asyncio.create_task(asyncio.to_thread(hand_in, await door(taker), [REPLY], answer(1)))
    assert list((await getting)[0]) == list(events)
    await taker.close()
    assert (await handing)[0].startswith(b"451")


async def test_a_caller_that_failed_and_forgot_its_listening_can_listen_again(taker: Email) -> None:
    forgotten = taker.listen(None)
    getting = asyncio.create_task(batch(forgotten))
    handing = asyncio.create_task(asyncio.to_thread(hand_in, await door(taker), [REPLY], answer(1)))
    await getting
    again = asyncio.create_task(first(taker, None))
    assert (await handing)[0].startswith(b"451")
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)


async def test_who_is_not_asked_is_told_so(taker: Email) -> None:
    getting = asyncio.create_task(first(taker, None))
    port = await door(taker)
    for recipient in ("support@example.org", "other@example.org", f"support+x.{TOKEN}@example.org"):
        (said,) = await asyncio.to_thread(hand_in, port, [recipient], answer(1))
        assert said.startswith(b"550 5.1.1")
        assert not getting.done()
    getting.cancel()


async def test_one_line_a_recipient_and_one_event_each(taker: Email) -> None:
    listening = taker.listen(None)
    getting = asyncio.create_task(batch(listening))
    recipients = [REPLY, "nobody@example.org", f"support+r.{TOKEN[::-1]}@example.org"]
    handing = asyncio.create_task(asyncio.to_thread(hand_in, await door(taker), recipients, answer(1)))
    events, _ = await getting
    following = asyncio.create_task(batch(listening))
    assert [line[:3] for line in await handing] == [b"250", b"250"]
    assert [event.token for event in events if isinstance(event, TextReceived)] == [TOKEN, TOKEN[::-1]]
    assert len({event.event_id for event in events}) == 2
    following.cancel()


async def test_a_mail_that_is_too_large_is_refused(taker: Email) -> None:
    getting = asyncio.create_task(first(taker, None))
    raw = answer(1) + b"\r\n" + (b"A" * 900 + b"\r\n") * 2500
    (said,) = await asyncio.to_thread(hand_in, await door(taker), [REPLY], raw)
    assert said.startswith(b"552")
    assert not getting.done()
    getting.cancel()


async def test_long_lines_and_octets_beyond_ascii_are_taken(taker: Email) -> None:
    getting = asyncio.create_task(first(taker, None))
    raw = received({"From": "Анна <ann@example.net>"}, "слово " * 2000)
    handing = asyncio.create_task(asyncio.to_thread(hand_in, await door(taker), [REPLY], raw))
    events, _ = await getting
    assert texts(events)[0].count("слово") == 2000
    assert [event.address for event in events] == [ANN]
    await handing


async def test_a_bounce_by_lmtp_has_an_empty_sender(taker: Email) -> None:
    getting = asyncio.create_task(first(taker, None))
    handing = asyncio.create_task(asyncio.to_thread(hand_in, await door(taker), [REPLY], answer(1), ""))
    (event,) = (await getting)[0]
    assert isinstance(event, Unknown)
    assert event.what == "automatic"
    await handing


async def test_nothing_of_a_mail_is_logged(taker: Email, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    getting = asyncio.create_task(first(taker, None))
    port = await door(taker)
    handing = asyncio.create_task(asyncio.to_thread(hand_in, port, [REPLY], answer(1, "secret words")))
    await getting
    await handing
    assert not [hidden for hidden in (TOKEN, ANN, "secret words") if hidden in caplog.text]


async def test_a_taken_port_is_a_matter_for_a_person() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = account("smtp://127.0.0.1:1", lmtp_listen=f"127.0.0.1:{port}")
        with pytest.raises(Misconfigured, match="lmtp_listen"):
            await first(other, None)


async def test_check_finds_the_port_free_or_answered_by_a_mail_server(taker: Email) -> None:
    getting = asyncio.create_task(first(taker, None))
    port = await door(taker)
    same = account("smtp://127.0.0.1:1", lmtp_listen=f"127.0.0.1:{port}")
    levels = {finding.id: finding.level for finding in await same.check(None)}
    assert levels == {"email.smtp": "error", "email.inbound": "ok"}
    getting.cancel()
    await asyncio.gather(getting, return_exceptions=True)
    assert {finding.id: finding.level for finding in await same.check(None)}["email.inbound"] == "ok"
