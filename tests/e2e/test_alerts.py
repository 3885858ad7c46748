"""A customer's bad rating reaches the chief in a messenger and by mail, with the words and a link."""

from datetime import UTC, datetime

from bot.assembly import say_alerts
from ratings.digests import DAILY, SETTING, Digest, digests_to_list
from ratings.store.digests import SendDigests
from ratings.store.settings import SaveSetting
from ratings.times import DAY, MINUTE, SECOND
from sandbox.mail import MailSandbox
from sandbox.telegram import TelegramSandbox
from tests.e2e.conftest import ANN, Start, telegram
from tests.e2e.kit import the_rating
from tests.e2e.test_telegram import the_prompt

CHIEF, HEAD = 555009, "head@shop.test"
SAID = """1 bad rating

😡 1 Very bad
Ticket T-1 “Printer <b>&”
Agent: Ivan
Channel: telegram.support
Customer: “Never <i>again</i>”
https://desk.example/T-1"""


async def test_a_chief_hears_of_a_bad_rating(
    start_mail: Start, mail: MailSandbox, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    mail.add_customer(HEAD, "Head", "en")
    sandbox.add_customer(CHIEF, "Chief", "en")
    sandbox.press_start(CHIEF)
    service = await start_mail(sqlite_url, "", others={"telegram.support": telegram(sandbox, "polling")})
    to = [f"telegram.support:{CHIEF}", f"email.support:{HEAD}"]
    await service.change_survey(language="en", alerts={"value_max": 2, "to": to, "hours": {}})
    address = {"channel": "telegram.support", "id": str(ANN)}
    await service.close(address=address, agent={"name": "Ivan"}, url="https://desk.example/T-1")
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 0))
    sandbox.write(ANN, "Never <i>again</i>")
    await the_rating(service, comment="Never <i>again</i>")
    service.forward(MINUTE)
    await service.parts.store.writer.do(say_alerts(service.parts.settings))
    service.forward(0)
    message = await sandbox.wait_for(
        lambda: next((each for each in sandbox.messages(CHIEF) if "bad" in each.text), None)
    )
    assert (message.text, message.rows) == (SAID, [])
    told = await mail.wait_for(lambda: next(iter(mail.mails(HEAD)), None))
    assert told.content.subject == "1 bad rating"
    assert told.content.text.strip().replace("\r\n", "\n") == SAID
    assert told.problems == []


async def test_a_head_gets_the_days_digest_with_its_pictures(
    start_mail: Start, mail: MailSandbox, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    mail.add_customer(HEAD, "Head", "en")
    sandbox.add_customer(CHIEF, "Chief", "en")
    sandbox.press_start(CHIEF)
    service = await start_mail(sqlite_url, "", others={"telegram.support": telegram(sandbox, "polling")})
    await service.close(address={"channel": "telegram.support", "id": str(ANN)})
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    await the_rating(service, value=5)
    service.forward(DAY)
    hour = datetime.fromtimestamp(service.clock() / SECOND, UTC).hour
    digests = (
        Digest("by-mail", f"email.support:{HEAD}", DAILY, hour, "en"),
        Digest("in-a-chat", f"telegram.support:{CHIEF}", DAILY, hour, "en"),
    )
    writer = service.parts.store.writer
    await writer.do(SaveSetting(SETTING, digests_to_list(digests), "test"))
    assert await writer.do(SendDigests("UTC", frozenset(service.parts.channels))) == 2
    service.forward(0)
    told = await mail.wait_for(lambda: next(iter(mail.mails(HEAD)), None))
    assert told.content.subject.startswith("Ratings of the day: ")
    assert "CSAT: 100%" in told.content.text
    assert told.content.attachments == ("distribution.png", "csat.png")
    assert told.problems == []
    message = await sandbox.wait_for(lambda: next((each for each in sandbox.messages(CHIEF) if each.media), None))
    assert message.caption == told.content.text.strip().replace("\r\n", "\n")
