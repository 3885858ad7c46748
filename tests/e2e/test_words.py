"""What customers read where an admin has words of their own: greetings, reminders, reactions, silence, other scales."""

from ratings.store.schema import jobs
from ratings.times import DAY
from sandbox.telegram import TelegramSandbox
from sandbox.viber import ViberSandbox
from tests.e2e.conftest import ANN, Start
from tests.e2e.kit import Service, the_rating, until
from tests.e2e.test_telegram import labels, shows, the_prompt
from tests.e2e.test_viber import VERA, StartViber, said, viber
from tests.e2e.test_viber import start as start_viber

__all__ = ["start_viber", "viber"]

ENGLISH = {
    "question": "How was {ticket.id}?",
    "reminder": "Please, a word on {ticket.id}.",
    "reminder_2": "The last time we ask, {customer.name}.",
    "reaction.5": "We will tell [{agent.name} ]about it! {symbol}",
    "reaction.1": "",
}


async def at_rest(service: Service) -> None:
    """Wait until what was sent is recorded: reminders keep their distance to it."""

    async def look() -> bool:
        return all(row["state"] != "leased" for row in await service.rows(jobs, "state"))

    await until(look)


async def test_a_first_message_greets_and_each_reminder_has_its_own_words(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    timing = {"reminders_s": [86400, 86400], "lapse_after_s": 86400}
    await service.change_survey(greeting=True, company="Acme <b>", texts={"en": ENGLISH}, timing=timing)
    await service.close("T-1", person={"name": "Ann"})
    prompt = await the_prompt(sandbox)
    assert prompt.text == "Hello! This is Acme <b>.\n\nHow was T-1?"
    await at_rest(service)
    service.forward(DAY)
    assert (await the_prompt(sandbox, number=2)).text == "Please, a word on T-1."
    await at_rest(service)
    service.forward(DAY)
    assert (await the_prompt(sandbox, number=3)).text == "The last time we ask, Ann."
    await service.close("T-2")
    assert (await the_prompt(sandbox, number=4)).text == "How was T-2?", "greeted once"


async def test_a_reaction_stands_in_the_place_of_the_thanks_and_of_the_prompt(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    await service.change_survey(texts={"en": ENGLISH})
    await service.close(agent={"name": "Maria"})
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    await sandbox.wait_for(shows(sandbox, "We will tell Maria about it! 😍", "Change rating", "No comment"))


async def test_an_empty_reaction_says_nothing_where_a_prompt_cannot_be_replaced(
    start_viber: StartViber, viber: ViberSandbox, sqlite_url: str
) -> None:
    service = await start_viber(sqlite_url)
    await service.change_survey(texts={"en": ENGLISH})
    await service.close()
    prompt = await viber.wait_for(lambda: said(viber)[-1:])
    viber.tap(VERA, 0)
    await the_rating(service, value=1)
    await service.close("T-2")
    await viber.wait_for(lambda: said(viber)[-1] == "How was T-2?")
    assert said(viber) == [prompt[0], "How was T-2?"], "no word in between"


async def test_on_a_scale_where_1_is_best_reports_count_its_mirror_image(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    choices = [
        {"value": value, "symbol": symbol, "satisfied": value < 3}
        for value, symbol in ((1, "①"), (2, "②"), (3, "③"), (4, "④"))
    ]
    await service.change_survey(scale={"name": "1 is best", "choices": choices, "one_is_best": True})
    await service.close()
    prompt = await sandbox.wait_for(lambda: next((one for one in sandbox.messages(ANN) if len(labels(one)) == 4), None))
    assert labels(prompt) == ["①", "②", "③", "④"]
    sandbox.tap(ANN, prompt.message_id, (0, 0))
    await sandbox.wait_for(shows(sandbox, "① Thank you", "Change rating", "No comment"))
    assert (await the_rating(service, value=4))["satisfied"] is True
