"""Answers from a mailbox: nothing is lost, nothing is marked, nothing comes twice unseen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels.base import DeliveryReported, Mode, OptOut, TextReceived, Unknown
from channels.email.adapter import Email
from channels.email.imap import REFUSED_WAIT
from channels.email.inbound import MAX_MAIL
from net.errors import Misconfigured, Unreachable
from sandbox.mail import MailSandbox
from sandbox.mail.state import SEEN
from tests.channels.email_kit import ANN, PROMPT, REPLY, TOKEN, account, answer, batch, first, received, secret, texts

INBOX, PASSWORD = "support@example.org", "mail-pass"


@pytest.fixture
async def world() -> AsyncIterator[MailSandbox]:
    sandbox = MailSandbox()
    sandbox.add_customer(ANN, "Анна")
    sandbox.add_mailbox(INBOX, PASSWORD)
    await sandbox.start_servers()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def reader(world: MailSandbox) -> AsyncIterator[Email]:
    made = by_imap(world)
    yield made
    await made.close()


def by_imap(world: MailSandbox, **keys: Any) -> Email:
    known = {"imap": f"{world.imap_url}/INBOX", "imap_user": INBOX, "imap_password": secret(PASSWORD), "imap_poll": 0.1}
    return account(world.smtp_url, **{**known, **keys})


async def test_a_prompt_goes_out_and_its_answer_comes_back(world: MailSandbox, reader: Email) -> None:
    events, position = await first(reader, None)
    assert list(events) == []
    sent = await reader.send_prompt(ANN, PROMPT)
    (mail,) = world.mails(ANN)
    assert mail.problems == []
    await world.reply(mail.mail_id, "5, спасибо!")
    await world.auto_reply(mail.mail_id)
    await world.bounce(mail.mail_id, "exim")
    events, position = await first(reader, position)
    text, automatic, bounce = events
    assert isinstance(text, TextReceived)
    assert (text.text, text.token, text.reply_to, text.address) == ("5, спасибо!", TOKEN, sent.external_id, ANN)
    assert text.at > 0
    assert isinstance(automatic, Unknown)
    assert isinstance(bounce, DeliveryReported)
    assert (bounce.token, bounce.gone, bounce.external_id) == (TOKEN, True, sent.external_id)


async def test_a_complaint_and_an_unsubscribing_mail(world: MailSandbox, reader: Email) -> None:
    _, position = await first(reader, None)
    await reader.send_prompt(ANN, PROMPT)
    await world.complain(world.mails(ANN)[0].mail_id)
    world.put(f"support+u.{TOKEN}@example.org", received({"To": f"support+u.{TOKEN}@example.org"}, ""))
    events, _ = await first(reader, position)
    assert [type(event) for event in events] == [OptOut, OptOut]
    assert [event.token for event in events if isinstance(event, OptOut)] == [TOKEN, TOKEN]


async def test_a_first_look_starts_behind_what_is_there(world: MailSandbox, reader: Email) -> None:
    world.put(REPLY, sender=ANN, raw=answer(1))
    listening = reader.listen(None)
    events, position = await batch(listening)
    assert (list(events), position.partition(":")[2]) == ([], "1")
    world.put(REPLY, sender=ANN, raw=answer(2))
    assert texts((await batch(listening))[0]) == ["2"]


async def test_the_position_is_the_last_mail_that_was_read(world: MailSandbox, reader: Email) -> None:
    _, position = await first(reader, None)
    for number in range(1, 4):
        world.put(REPLY, sender=ANN, raw=answer(number))
    events, reached = await first(reader, position)
    assert texts(events) == ["1", "2", "3"]
    again, _ = await first(reader, position)
    assert list(again) == list(events), "what was not committed comes again, with the same ids"
    world.put(REPLY, sender=ANN, raw=answer(4))
    assert texts((await first(reader, reached))[0]) == ["4"]


async def test_a_mail_that_a_person_deletes_brings_no_older_one_back(world: MailSandbox, reader: Email) -> None:
    _, position = await first(reader, None)
    world.put(REPLY, sender=ANN, raw=answer(1))
    last = world.put(REPLY, sender=ANN, raw=answer(2))
    _, position = await first(reader, position)
    world.delete(last.mail_id)
    listening = reader.listen(position)
    waiting = asyncio.create_task(batch(listening))
    await world.imap.looked(3)
    world.put(REPLY, sender=ANN, raw=answer(3))
    assert texts((await waiting)[0]) == ["3"], "n:* holds the last mail even when its number is below n"


async def test_nothing_new_is_nothing(world: MailSandbox, reader: Email) -> None:
    world.put(REPLY, sender=ANN, raw=answer(1))
    listening = reader.listen((await first(reader, None))[1])
    waiting = asyncio.create_task(batch(listening))
    await world.imap.looked(3)
    assert not waiting.done()
    world.put(REPLY, sender=ANN, raw=answer(2))
    assert texts((await waiting)[0]) == ["2"]


async def test_batches_have_an_end(world: MailSandbox, reader: Email) -> None:
    _, position = await first(reader, None)
    for number in range(60):
        world.put(REPLY, sender=ANN, raw=answer(number, f"n{number}"))
    listening = reader.listen(position)
    (one, _), (two, _) = await batch(listening), await batch(listening)
    assert (len(one), len(two)) == (50, 10)
    assert texts([*one, *two]) == [f"n{number}" for number in range(60)]


async def test_a_renumbered_mailbox_is_read_again_with_the_same_ids(world: MailSandbox, reader: Email) -> None:
    _, position = await first(reader, None)
    world.put(REPLY, sender=ANN, raw=answer(1))
    world.put(REPLY, sender=ANN, raw=answer(2))
    events, reached = await first(reader, position)
    world.renew_uids(INBOX)
    world.put(REPLY, sender=ANN, raw=answer(3))
    again, newer = await first(reader, reached)
    assert [event.event_id for event in again][:2] == [event.event_id for event in events]
    assert texts(again) == ["1", "2", "3"]
    assert newer.partition(":")[0] != reached.partition(":")[0]


async def test_nothing_is_marked_moved_or_deleted(world: MailSandbox, reader: Email) -> None:
    _, position = await first(reader, None)
    mail = world.put(REPLY, sender=ANN, raw=answer(1))
    await first(reader, position)
    assert SEEN not in mail.flags
    assert world.mails(INBOX) == [mail]


async def test_of_a_huge_mail_only_the_beginning_is_fetched(world: MailSandbox, reader: Email) -> None:
    _, position = await first(reader, None)
    body = "--x\r\nContent-Type: text/plain\r\n\r\n5\r\n--x\r\nContent-Type: image/png\r\n\r\n"
    raw = received({}, body, kind='multipart/mixed; boundary="x"') + b"A" * (2 * MAX_MAIL)
    world.put(REPLY, raw, sender=ANN)
    assert texts((await first(reader, position))[0]) == ["5"]


async def test_one_odd_mail_does_not_stop_the_others(world: MailSandbox, reader: Email) -> None:
    _, position = await first(reader, None)
    world.put(REPLY, b"\xff\x00 no mail at all\r\n\r\n", sender=ANN)
    world.put(REPLY, sender=ANN, raw=answer(2))
    events, _ = await first(reader, position)
    assert len(events) == 2
    assert texts(events)[-1] == "2"


async def test_a_lost_connection_ends_the_listening(world: MailSandbox, reader: Email) -> None:
    listening = reader.listen(None)
    _, position = await batch(listening)
    waiting = asyncio.create_task(batch(listening))
    world.put(REPLY, sender=ANN, raw=answer(1))
    assert texts((await waiting)[0]) == ["1"]
    world.imap.disconnect()
    with pytest.raises(Unreachable):
        await batch(listening)
    assert texts((await first(reader, position))[0]) == ["1"], "whoever listens again goes on where it committed"


async def test_who_stops_listening_leaves_no_connection(world: MailSandbox, reader: Email) -> None:
    await first(reader, None)
    await world.wait_for(lambda: world.imap.connected == 0)


async def test_a_refused_login_is_not_repeated_at_once(world: MailSandbox) -> None:
    reader = by_imap(world, imap_password=secret("wrong-password"))
    with pytest.raises(Misconfigured) as refused:
        await first(reader, None)
    assert "wrong-password" not in str(vars(refused.value))
    assert refused.value.__context__ is None
    listener, loop = reader._imap_listener(), asyncio.get_running_loop()
    assert REFUSED_WAIT - 10 < listener._not_before - loop.time() <= REFUSED_WAIT
    soon = listener._not_before = loop.time() + 0.05
    with pytest.raises(Misconfigured):
        await first(reader, None)
    assert loop.time() >= soon, "mail servers shut out whoever tries too often"


async def test_a_folder_that_does_not_exist(world: MailSandbox) -> None:
    with pytest.raises(Misconfigured, match="folder"):
        await first(by_imap(world, imap=f"{world.imap_url}/Answers"), None)


async def test_a_dead_mailbox_is_unreachable() -> None:
    reader = account("smtp://127.0.0.1:1", imap="imap://127.0.0.1:1", imap_user="a", imap_password=secret("b"))
    with pytest.raises(Unreachable):
        await first(reader, None)


async def test_check_looks_into_the_mailbox(world: MailSandbox, reader: Email) -> None:
    found = {finding.id: finding.level for finding in await reader.check(None)}
    assert found == {"email.smtp": "ok", "email.inbound": "ok"}
    wrong = by_imap(world, imap_password=secret("wrong-password"))
    assert {finding.id: finding.level for finding in await wrong.check(None)}["email.inbound"] == "error"


async def test_who_only_sends_listens_to_nothing(world: MailSandbox) -> None:
    with pytest.raises(Misconfigured):
        await first(account(world.smtp_url, mode=Mode.SEND_ONLY), None)
