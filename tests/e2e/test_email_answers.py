"""What comes back by mail: answers, absence notes, bounces, complaints, and wishes to be left alone."""

import json
from typing import Any

import pytest

from ratings.store.schema import addresses, comments, inbound_events
from ratings.times import SECOND
from sandbox.mail import Mail, MailSandbox
from sandbox.mail.quoting import STYLES
from tests.e2e.conftest import ANNA, BORIS, SUPPORT, Start
from tests.e2e.kit import Service, heard, outcomes, ratings_of, the_invitation, the_rating, until
from tests.e2e.mail_kit import THREAD, asked, the_mail

WORDS = "5, спасибо!\nВсё решили за час"


async def address_of(service: Service, address: str = ANNA) -> dict[str, Any]:
    """What is known of an address."""
    rows = await service.rows(addresses, "address", "unreachable_at", "opted_out_at", "bounces")
    return next(row for row in rows if row["address"] == address)


async def decision(service: Service, ticket: str, customer: str = ANNA) -> tuple[str, str | None]:
    """Close a ticket; what is decided."""
    decided = json.loads((await service.close(ticket, customer)).body)
    return decided["decision"], decided["reason"]


@pytest.mark.parametrize("hears", ["imap", "lmtp"])
async def test_an_answer_in_every_style_of_quoting_is_its_value_and_its_words(
    start_mail: Start, mail: MailSandbox, store_url: str, hears: str
) -> None:
    service = await start_mail(store_url, hears)
    for number, style in enumerate(STYLES, start=1):
        await service.close(f"T-{number}", person={"id": f"c-{number}", "language": "ru"}, thread=THREAD)
        asking = await the_mail(mail, number=number)
        sent = await mail.reply(asking.mail_id, WORDS, style)
        assert sent.delivered, sent.reply

    async def all_there() -> bool:
        return len(await ratings_of(service)) == len(STYLES)

    await until(all_there)
    found = {rating["ticket"]["id"]: (rating["value"], rating["comment"]) for rating in await ratings_of(service)}
    wrong = {style: found[f"T-{at}"] for at, style in enumerate(STYLES, start=1) if found[f"T-{at}"] != (5, WORDS[3:])}
    assert wrong == {}


@pytest.mark.parametrize("hears", ["imap", "lmtp"])
async def test_somebody_else_may_answer_and_is_kept_with_the_words(
    start_mail: Start, mail: MailSandbox, sqlite_url: str, hears: str
) -> None:
    service = await start_mail(sqlite_url, hears)
    await service.close()
    asking = await asked(service, mail)
    await mail.reply(asking.mail_id, "2, too slow", "gmail_en", as_address="assistant@customer.test")
    await the_rating(service, value=2, comment="too slow")
    assert await service.rows(comments, "text", "sender") == [{"text": "too slow", "sender": "assistant@customer.test"}]


async def test_words_without_a_value_are_kept_and_joined_to_the_vote_that_follows(
    start_mail: Start, mail: MailSandbox, sqlite_url: str
) -> None:
    service = await start_mail(sqlite_url)
    await service.close()
    asking = await asked(service, mail)
    await mail.reply(asking.mail_id, "The courier was late", "outlook_en")
    await heard(service, "commented")
    assert await ratings_of(service) == []
    await mail.reply(asking.mail_id, "4", "gmail_en")
    await the_rating(service, value=4, comment="The courier was late")


async def test_absence_notes_and_our_own_mails_are_no_answers_and_get_none(
    start_mail: Start, mail: MailSandbox, store_url: str
) -> None:
    service = await start_mail(store_url)
    await service.close()
    asking = await asked(service, mail)
    for style in ("rfc3834", "exchange", "legacy"):
        await mail.auto_reply(asking.mail_id, "5 more days until I am back", style)
    # The very mail that we sent comes back, to the address of its answers.
    mail.put(asking.content.answer_to, asking.raw, sender=asking.sender)
    await heard(service, "ignored", 4)
    service.forward(60 * SECOND)
    await mail.reply(asking.mail_id, "3", "gmail_en")
    await the_rating(service, value=3)
    assert await outcomes(service) == ["ignored"] * 4 + ["rated"]
    assert (await the_rating(service))["comment"] is None
    assert len(mail.mails(ANNA)) == 1
    assert len(mail.transactions) == 1


@pytest.mark.parametrize("hears", ["imap", "lmtp"])
async def test_a_hard_bounce_makes_the_address_unreachable(
    start_mail: Start, mail: MailSandbox, sqlite_url: str, hears: str
) -> None:
    service = await start_mail(sqlite_url, hears)
    await service.close()
    asking = await asked(service, mail)
    assert (await mail.bounce(asking.mail_id)).delivered
    await the_invitation(service, state="asked", delivery="bounced")
    assert await decision(service, "T-2") == ("skip", "unreachable")
    assert await decision(service, "T-3", BORIS) == ("ask", None)


async def test_soft_bounces_are_counted_and_the_third_in_a_row_is_too_many(
    start_mail: Start, mail: MailSandbox, store_url: str
) -> None:
    service = await start_mail(store_url)
    for number in (1, 2, 3):
        assert await decision(service, f"T-{number}") == ("ask", None)
        asking = await the_mail(mail, number=number)
        await mail.bounce(asking.mail_id, status="4.2.2", words="452 4.2.2 Mailbox full")

        async def counted(many: int = number) -> bool:
            return int((await address_of(service))["bounces"]) == many

        await until(counted)
    assert await decision(service, "T-4") == ("skip", "unreachable")


async def test_a_delay_is_no_bounce(start_mail: Start, mail: MailSandbox, sqlite_url: str) -> None:
    service = await start_mail(sqlite_url)
    await service.close()
    asking = await asked(service, mail)
    await mail.bounce(asking.mail_id, "delayed", status="4.4.1", words="421 4.4.1 No answer")
    await heard(service, "ignored")
    assert (await the_invitation(service))["delivery"] == "accepted"


@pytest.mark.parametrize("way", ["complaint", "mailto", "one click"])
async def test_who_wants_no_more_of_it_is_not_asked_again(
    start_mail: Start, mail: MailSandbox, store_url: str, way: str
) -> None:
    service = await start_mail(store_url)
    await service.close()
    asking = await asked(service, mail)
    await _refuse(mail, asking, way)
    await the_invitation(service, state="cancelled", state_reason="opted_out")
    assert await decision(service, "T-2") == ("skip", "opted_out")
    assert await decision(service, "T-3", BORIS) == ("ask", None)
    await the_mail(mail, BORIS)
    assert len(mail.mails(ANNA)) == 1  # nobody is sent a mail about getting none


async def _refuse(mail: MailSandbox, asking: Mail, way: str) -> None:
    if way == "complaint":
        assert (await mail.complain(asking.mail_id)).delivered
    elif way == "one click":
        assert (await mail.unsubscribe(asking.mail_id)).status == 200
    else:
        to = asking.content.header("List-Unsubscribe").partition("<mailto:")[2].partition(">")[0]
        lines = [f"From: {ANNA}", f"To: {to}", "Subject: unsubscribe", "Message-ID: <u@customer.test>", "", ""]
        assert (await mail.outgoing.send(ANNA, to, "\r\n".join(lines).encode())).delivered


async def test_an_answer_that_is_read_twice_counts_once(start_mail: Start, mail: MailSandbox, sqlite_url: str) -> None:
    service = await start_mail(sqlite_url)
    await service.close()
    asking = await asked(service, mail)
    await mail.reply(asking.mail_id, "5, thanks", "gmail_en")
    await the_rating(service, value=5)
    # Restored as from a backup: everything has another number, and is read again.
    mail.renew_uids(SUPPORT)
    await mail.reply(asking.mail_id, "And quick", "none")
    await the_rating(service, comment="thanks\nAnd quick")
    assert sorted(row["outcome"] for row in await service.rows(inbound_events, "outcome")) == ["commented", "rated"]
