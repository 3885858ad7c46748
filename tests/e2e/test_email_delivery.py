"""What a mail server says, or does not say, to a prompt."""

import json

from ratings.store.schema import jobs, votes
from ratings.times import HOUR, SECOND
from sandbox.mail import MailSandbox
from sandbox.mail.faults import NO_SUCH_USER
from sandbox.telegram import TelegramSandbox
from tests.e2e.conftest import ANN, ANNA, Start, telegram
from tests.e2e.kit import Service, outcomes, ratings_of, the_invitation, the_rating, until
from tests.e2e.mail_kit import asked, the_mail, vote
from tests.e2e.test_telegram import labels, the_prompt


async def put_off(service: Service) -> None:
    """Wait until the server's "not now" is stored."""

    async def look() -> bool:
        return [row["error"] for row in await service.rows(jobs, "error")] == ["throttled"]

    await until(look)


async def test_a_greylisted_mail_is_sent_again_and_taken(start_mail: Start, mail: MailSandbox, store_url: str) -> None:
    service = await start_mail(store_url, "")
    mail.greylist(ANNA)
    await service.close()
    await put_off(service)
    service.forward(HOUR)
    asking = await asked(service, mail)
    assert [transaction.recipients[ANNA][:3] for transaction in mail.transactions] == ["451", "250"]
    service.forward(20 * SECOND)
    await vote(service, asking, 5)
    assert (await the_rating(service))["value"] == 5


async def test_an_address_that_there_is_not_is_undeliverable_and_not_asked_again(
    start_mail: Start, mail: MailSandbox, store_url: str
) -> None:
    service = await start_mail(store_url, "")
    await service.close("T-1", customer="nobody@customer.test")
    invitation = await the_invitation(service, state="undeliverable")
    assert invitation["state_reason"] == "recipient_gone"
    assert json.loads((await service.close("T-2", customer="nobody@customer.test")).body)["reason"] == "unreachable"
    assert len(mail.transactions) == 1


async def test_what_the_mail_does_not_reach_the_next_address_does_with_one_invitation_and_one_vote(
    start_mail: Start, mail: MailSandbox, sandbox: TelegramSandbox, store_url: str
) -> None:
    service = await start_mail(store_url, "", others={"telegram.support": telegram(sandbox)})
    await sandbox.wait_for(lambda: sandbox.calls("setWebhook", ok=True))
    await service.change_survey(fallback=True)
    mail.refuse(ANNA, NO_SUCH_USER)
    places = [{"channel": "email.support", "id": ANNA}, {"channel": "telegram.support", "id": str(ANN)}]
    await service.close("T-1", address=None, addresses=places)
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    rating = await the_rating(service, value=5)
    assert rating["channel"] == "telegram.support"
    assert (await the_invitation(service))["id"] == rating["id"]
    assert len(await service.rows(votes, "id")) == 1
    assert mail.mails(ANNA) == []


async def test_a_bounce_that_comes_later_leads_to_the_next_address_and_both_answers_are_one_vote(
    start_mail: Start, mail: MailSandbox, sandbox: TelegramSandbox, store_url: str
) -> None:
    service = await start_mail(store_url, others={"telegram.support": telegram(sandbox)})
    await sandbox.wait_for(lambda: sandbox.calls("setWebhook", ok=True))
    await service.change_survey(fallback=True)
    places = [{"channel": "email.support", "id": ANNA}, {"channel": "telegram.support", "id": str(ANN)}]
    await service.close("T-1", address=None, addresses=places)
    asking = await asked(service, mail)
    await mail.bounce(asking.mail_id)
    prompt = await the_prompt(sandbox)
    await the_invitation(service, state="asked", channel="telegram.support")
    service.forward(20 * SECOND)
    await vote(service, asking, 1)  # it had arrived at a second mailbox all the same
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    await the_rating(service, value=5)
    assert [rating["value"] for rating in await ratings_of(service)] == [5]
    assert len([each for each in sandbox.messages(ANN) if len(labels(each)) == 5]) <= 1


async def test_a_mail_that_was_taken_without_a_word_is_never_sent_again(
    start_mail: Start, mail: MailSandbox, store_url: str
) -> None:
    service = await start_mail(store_url, timeout=1)
    mail.hang(ANNA)
    await service.close()
    await the_invitation(service, state="asked", delivery="unknown")
    service.forward(HOUR)
    (asking,) = mail.mails(ANNA)
    await mail.reply(asking.mail_id, "4, quick", "gmail_en")
    await the_rating(service, value=4, comment="quick")
    assert len(mail.transactions) == 1


async def test_a_mail_whose_line_was_cut_after_it_was_taken_is_never_sent_again(
    start_mail: Start, mail: MailSandbox, sqlite_url: str
) -> None:
    service = await start_mail(sqlite_url, "")
    mail.drop_after(ANNA)
    await service.close()
    await the_invitation(service, state="asked", delivery="unknown")
    service.forward(HOUR)
    (asking,) = mail.mails(ANNA)
    await vote(service, asking, 4)
    assert (await the_rating(service))["value"] == 4
    assert len(mail.transactions) == 1


async def test_a_server_that_is_away_is_asked_again(start_mail: Start, mail: MailSandbox, sqlite_url: str) -> None:
    service = await start_mail(sqlite_url, "")
    mail.refuse_connections()
    await service.close()
    await put_off(service)
    service.forward(HOUR)
    await the_mail(mail)
    assert await outcomes(service) == []
