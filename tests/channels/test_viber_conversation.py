"""The adapter and the stand-in of Viber: a whole conversation over real HTTP, signatures and keyboards included."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from channels.base import (
    Action,
    ActionName,
    ActionPicked,
    Choice,
    ChoicePicked,
    DeliveryReported,
    Handshake,
    HookRequest,
    Inbound,
    Message,
    Mode,
    OptIn,
    OptOut,
    Prompt,
    TextReceived,
    Unknown,
)
from channels.viber.adapter import Viber
from channels.viber.config import ViberConfig
from net.errors import Misconfigured, RecipientGone, Throttled, Unreachable, WebhookRejected
from sandbox.phones.serving import LoopbackServer
from sandbox.viber import ViberSandbox

BOT = "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9"
TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"
ANN = 1
FACES = tuple(
    Choice(value, symbol, f"<{value}> & more", colour)
    for value, (symbol, colour) in enumerate(
        zip("😡🙁😐🙂😍", ("#c0392b", "#e67e22", "#f1c40f", "#2ecc71", "#1e8449"), strict=True), start=1
    )
)
PROMPT = Prompt(key="1", text="How did we do?", choices=FACES, token=TOKEN, language="en")
THANKS = Message("Thank you! Anything to add?", (Action(ActionName.SKIP, "Skip"),), TOKEN)


class Hook:
    """What `bot/web/hooks.py` does, without the store."""

    def __init__(self) -> None:
        self.channel: Viber | None = None
        self.heard: list[Inbound] = []
        self.server = LoopbackServer({"/hook": self.take})

    @property
    def url(self) -> str:
        return f"{self.server.url}/hook"

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        hook = HookRequest(request.method, headers, await request.read())
        assert self.channel is not None
        try:
            self.channel.verify(hook)
        except WebhookRejected:
            return web.Response(status=401)
        self.heard += self.channel.parse(hook)
        reply = self.channel.reply(hook)
        return web.Response(status=reply.status, body=reply.body)

    def of(self, kind: type[Inbound]) -> list[Any]:
        return [event for event in self.heard if isinstance(event, kind)]


Make = Callable[..., Viber]


@pytest.fixture
async def viber() -> AsyncIterator[ViberSandbox]:
    sandbox = ViberSandbox()
    await sandbox.start()
    sandbox.add_bot(BOT)
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    await hook.server.start()
    yield hook
    await hook.server.stop()


@pytest.fixture
async def make(viber: ViberSandbox) -> AsyncIterator[Make]:
    made: list[Viber] = []

    def one(**keys: Any) -> Viber:
        known = {"token": SecretStr(BOT), "api_url": f"{viber.url}/pa"}
        made.append(Viber("viber.support", ViberConfig.model_validate({**known, **keys}), ()))
        return made[-1]

    yield one
    for channel in made:
        await channel.close()


@pytest.fixture
async def channel(make: Make, hook: Hook) -> Viber:
    hook.channel = make()
    await hook.channel.install(hook.url)
    return hook.channel


async def test_a_rating_and_its_comment(viber: ViberSandbox, channel: Viber, hook: Hook) -> None:
    assert [type(event) for event in hook.heard] == [Handshake]
    viber.add_customer("Ann", subscribed=())
    viber.write(ANN, "My order is late")
    await viber.settled()
    (question,) = hook.of(TextReceived)
    ann = question.address
    assert question.client

    sent = await channel.send_prompt(ann, PROMPT)
    chat = viber.chat(ANN)
    assert chat.input == "hidden"
    viber.tap(ANN, value(5))
    await viber.settled()
    (picked,) = hook.of(ChoicePicked)
    assert (picked.token, picked.value, picked.address) == (TOKEN, 5, ann)
    assert {report.external_id for report in hook.of(DeliveryReported)} == {sent.external_id}

    await channel.send_text(ann, THANKS)
    assert chat.input == "regular"
    viber.write(ANN, "Quick, thanks")
    viber.tap(ANN, f"r1:{TOKEN}:s")
    await viber.settled()
    assert [event.text for event in hook.of(TextReceived)][1:] == ["Quick, thanks"]
    assert [event.action for event in hook.of(ActionPicked)] == [ActionName.SKIP]

    await channel.send_text(ann, Message("Thank you!"))
    assert chat.keyboard is None
    assert len({event.event_id for event in hook.heard}) == len(hook.heard)


def value(number: int) -> str:
    return f"r1:{TOKEN}:{number}"


async def test_what_is_sent_again_is_the_same_event(viber: ViberSandbox, channel: Viber, hook: Hook) -> None:
    viber.add_customer("Ann", devices=3)
    viber.deliver_twice = True
    await channel.send_prompt(viber.user_id(ANN), PROMPT)
    viber.tap(ANN, value(1))
    viber.see(ANN)
    await viber.settled()
    taps = hook.of(ChoicePicked)
    assert len(taps) > 1
    assert len({tap.event_id for tap in taps}) == 1
    for kind in ("delivered", "seen"):
        reports = [report for report in hook.of(DeliveryReported) if report.delivery == kind]
        assert len(reports) > 1
        assert len({report.event_id for report in reports}) == 1


@pytest.mark.parametrize("api_version", [1, 3])
async def test_an_old_app_is_asked_by_old_means(
    viber: ViberSandbox, channel: Viber, hook: Hook, api_version: int
) -> None:
    viber.add_customer("Ann", api_version=api_version)
    ann = viber.user_id(ANN)
    await channel.send_prompt(ann, PROMPT)
    assert [request.status for request in viber.calls("send_message")] == [13, 0]
    viber.tap(ANN, value(3))
    await viber.settled()
    (picked,) = hook.of(ChoicePicked)
    again = Prompt("2", PROMPT.text, FACES, TOKEN, "en", client=picked.client or "")
    await channel.send_prompt(ann, again)
    assert [request.status for request in viber.calls("send_message")] == [13, 0, 0], "now it is known"


async def test_who_only_opened_the_chat_or_left_it_cannot_be_written_to(
    viber: ViberSandbox, channel: Viber, hook: Hook
) -> None:
    viber.add_customer("Ann", subscribed=())
    ann = viber.user_id(ANN)
    viber.open_chat(ANN)
    await viber.settled()
    assert not hook.of(OptIn)
    (opened,) = hook.of(Unknown)
    assert (opened.what, opened.address) == ("conversation_started", ann)
    with pytest.raises(RecipientGone) as refused:
        await channel.send_prompt(ann, PROMPT)
    assert refused.value.platform_code == "6"
    assert not viber.chat(ANN).messages, "no welcome either"

    viber.subscribe(ANN)
    await viber.settled()
    assert [event.reason for event in hook.of(OptIn)] == ["unblocked"]
    await channel.send_prompt(ann, PROMPT)
    viber.unsubscribe(ANN)
    await viber.settled()
    assert [event.reason for event in hook.of(OptOut)] == ["blocked"]
    with pytest.raises(RecipientGone):
        await channel.send_prompt(ann, PROMPT)


async def test_the_id_that_another_bot_knows_is_nobodys(viber: ViberSandbox, channel: Viber) -> None:
    other = viber.add_bot("99fffaaz1s345z78-helpdesk-owns-this-bot", "Desk", "desk")
    viber.add_customer("Ann")
    with pytest.raises(RecipientGone) as refused:
        await channel.send_prompt(viber.user_id(ANN, other.token), PROMPT)
    assert refused.value.platform_code == "5"


async def test_a_message_that_was_taken_can_fail_on_the_device(viber: ViberSandbox, channel: Viber, hook: Hook) -> None:
    viber.add_customer("Ann")
    viber.refuse_on_device()
    sent = await channel.send_prompt(viber.user_id(ANN), PROMPT)
    await viber.settled()
    (report,) = hook.of(DeliveryReported)
    assert (report.delivery, report.external_id, report.gone) == ("bounced", sent.external_id, False)


async def test_a_hundred_messages_are_enough(viber: ViberSandbox, channel: Viber) -> None:
    viber.add_customer("Ann")
    ann = viber.user_id(ANN)
    for _ in range(100):
        await channel.send_text(ann, Message("?"))
    with pytest.raises(Throttled) as refused:
        await channel.send_text(ann, Message("?"))
    assert refused.value.scope == "recipient"


async def test_the_helpdesk_keeps_its_webhook(viber: ViberSandbox, make: Make, channel: Viber, hook: Hook) -> None:
    desk_url = hook.url
    with pytest.raises(Misconfigured):
        await make().install("http://127.0.0.1:1/hook")
    with pytest.raises(Unreachable):
        await make(takeover=True).install("http://127.0.0.1:1/hook")
    assert {finding.id: finding.level for finding in await channel.check(desk_url)} == {
        "viber.token": "ok",
        "viber.webhook": "ok",
        "viber.event_types": "ok",
    }
    assert [finding.level for finding in await make(mode=Mode.RELAY).check("https://rate.example.com/")] == ["ok"] * 3
    await channel.uninstall()
    viber.add_customer("Ann")
    with pytest.raises(Misconfigured) as refused:
        await channel.send_text(viber.user_id(ANN), Message("Hi"))
    assert refused.value.platform_code == "10"
