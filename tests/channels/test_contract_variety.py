"""The same suite, second part: whatever a survey says, whatever an app knows, whatever a platform tells."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from channels.base import (
    Action,
    ActionName,
    ActionPicked,
    Channel,
    Choice,
    ChoicePicked,
    Message,
    Mode,
    Thread,
)
from net.errors import DeliveryError, Misconfigured, OutcomeUnknown, Rejected, Unreachable
from ratings.scale import MAX_CHOICES, MAX_LABEL, MAX_SYMBOL, MIN_CHOICES
from ratings.texts import MAX_TEMPLATE
from tests.channels.kinds import KINDS, KindCase
from tests.channels.platform import Answer, Drop, Platform
from tests.channels.test_contract import ACTIONS, HOOK, PATIENT, TOKEN, WORDS, assert_silent, message, prompt

MAX_CLIENT = 100
FAMILY = "👨‍👩‍👧‍👦"
LABELS = {
    "as long as a label may be": ("x" * MAX_SYMBOL, "Ы" * MAX_LABEL),
    "emoji of several characters": (FAMILY, (FAMILY * 6)[:MAX_LABEL].rstrip("\u200d")),
    "emoji of two units each": ("😡" * MAX_SYMBOL, "😡" * MAX_LABEL),
    "from right to left": ("٥", "\u202bممتاز جدًا، شكرًا لكم\u202c"),
    "marks on letters": ("é", "e\u0301" * (MAX_LABEL // 2)),
    "mark-up": ("<", "<b>&amp;\"'{}[id1|Ann]*_`"),
    "only a symbol": ("🙂", ""),
}


@pytest.fixture(params=KINDS, ids=lambda case: case.kind)
def case(request: pytest.FixtureRequest) -> KindCase:
    chosen: KindCase = request.param
    return chosen


@pytest.fixture
async def platform(case: KindCase) -> AsyncIterator[Platform]:
    async with case.platform() as running:
        running.behaviour = case.accepted
        yield running


@pytest.fixture
async def channel(case: KindCase, platform: Platform) -> AsyncIterator[Channel]:
    made = case.make(platform.url, case.mode, case.hook_secrets, PATIENT)
    yield made
    await made.close()


# --- what is declared


def test_what_is_declared_fits_together(case: KindCase) -> None:
    kind = type(case.idle())
    can = kind.capabilities

    def overridden(name: str) -> bool:
        return getattr(kind, name) is not getattr(Channel, name)

    assert can.max_choices >= MAX_CHOICES, "every scale fits every kind"
    assert can.max_text >= MAX_TEMPLATE, "so does every text"
    assert can.edit == overridden("edit")
    assert can.acknowledge == overridden("acknowledge")
    assert (can.max_acknowledgment > 0) == can.acknowledge
    assert can.acknowledge or can.acknowledge_within is None
    assert (Mode.POLLING in can.modes) == overridden("listen")
    assert Mode.SEND_ONLY in can.modes
    assert (Mode.WEBHOOK in can.modes) == (Mode.RELAY in can.modes) == (case.tap is not None)
    assert kind.Config.model_fields["mode"].default in can.modes
    assert len(set(can.modes)) == len(can.modes)
    assert can.converses == (can.choices != "links"), "where a page is opened, what follows is said on it"
    assert can.window is None or can.window > 0


async def test_what_is_not_declared_cannot_be_called(case: KindCase) -> None:
    channel = case.idle()
    if not channel.capabilities.edit:
        with pytest.raises(NotImplementedError):
            await channel.edit(case.address, "77", message(channel))
    if not channel.capabilities.acknowledge:
        with pytest.raises(NotImplementedError):
            await channel.acknowledge("77", "Thank you!")
    if Mode.POLLING not in channel.capabilities.modes:
        with pytest.raises(NotImplementedError):
            channel.listen(None)


@pytest.mark.parametrize("mode", Mode)
def test_a_mode_that_is_not_declared_is_refused_by_the_settings(case: KindCase, mode: Mode) -> None:
    if mode in type(case.idle()).capabilities.modes:
        assert case.idle(mode).config.mode is mode
        return
    with pytest.raises(ValueError, match="mode"):
        case.idle(mode)


# --- what goes out


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("count", [MIN_CHOICES, MAX_CHOICES])
async def test_any_label_of_a_survey_is_shown_and_changes_no_tap(
    case: KindCase, channel: Channel, platform: Platform, labels: tuple[str, str], count: int
) -> None:
    symbol, label = labels
    values = range(100 - count, 100)
    choices = tuple(Choice(value, symbol, label, "#12ab9F") for value in values)
    await channel.send_prompt(case.address, prompt(choices=choices))
    payloads = case.payloads(platform.requests[-1])
    assert len(set(payloads)) == len(payloads) == count
    if case.tap is None:
        return
    for value, payload in zip(values, payloads, strict=True):
        for event in case.read(channel, payload):
            assert isinstance(event, ChoicePicked)
            assert (event.value, event.token) == (value, TOKEN)
    actions = tuple(Action(name, label or symbol) for name in ActionName)
    await channel.send_text(case.address, Message(WORDS, actions, TOKEN))
    pressed = [event for payload in case.payloads(platform.requests[-1]) for event in case.read(channel, payload)]
    assert {event.action for event in pressed if isinstance(event, ActionPicked)} == set(ActionName)


async def test_no_app_changes_what_a_tap_says(case: KindCase, channel: Channel, platform: Platform) -> None:
    events = [event for some in case.told(channel).values() for event in some]
    clients = {event.client for event in events if event.client is not None}
    for client in ("", *sorted(clients), "\0", "9" * MAX_CLIENT, "an app of tomorrow"):
        await channel.send_prompt(case.address, replace(prompt(), client=client))
        payloads = case.payloads(platform.requests[-1])
        assert len(payloads) == len(prompt().choices)
        if case.tap is None:
            continue
        for choice, payload in zip(prompt().choices, payloads, strict=True):
            assert {(event.token, event.value) for event in case.read(channel, payload)} == {(TOKEN, choice.value)}  # type: ignore[attr-defined]  # another event fails as it should
        await channel.send_text(case.address, replace(message(channel), client=client))
        payloads = case.payloads(platform.requests[-1])
        for action, payload in zip(ACTIONS, payloads, strict=True):
            assert {(event.token, event.action) for event in case.read(channel, payload)} == {(TOKEN, action.name)}  # type: ignore[attr-defined]  # as above


async def test_links_and_thread_concern_only_those_who_show_them(
    case: KindCase, channel: Channel, platform: Platform
) -> None:
    thread = Thread("Printer\r\nBcc: all@example.org", "<a@b> x\r\n", ("no id", "<c@d>", "\ud83d"))
    await channel.send_prompt(case.address, replace(prompt(), thread=thread, language="xx-unknown"))
    if case.tap is None:
        asked = len(platform.requests)
        with pytest.raises(Misconfigured):
            await channel.send_prompt(case.address, replace(prompt(), links=None))
        assert len(platform.requests) == asked
        return
    await channel.send_prompt(case.address, replace(prompt(), links=None))
    with_links, without = platform.requests[-2:]
    assert with_links.body == without.body


async def test_a_repetition_is_known_by_its_key(case: KindCase, channel: Channel, platform: Platform) -> None:
    key = case.send_key
    assert key is not None or not channel.capabilities.idempotent_send
    if key is None:
        pytest.skip(f"{case.kind} sends nothing to know a repetition by")
    keys = []
    for content in (prompt(), prompt(), replace(prompt(), key="invitation-2")):
        await channel.send_prompt(case.address, content)
        keys.append(key(platform.requests[-1]))
    assert keys[0] == keys[1] != keys[2]
    for _ in range(2):
        await channel.send_text(case.address, message(channel))
        keys.append(key(platform.requests[-1]))
    assert keys[3] == keys[4]
    assert len(set(keys)) == 3


@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without a key"])
async def test_only_what_has_a_key_may_be_sent_again(
    case: KindCase, channel: Channel, platform: Platform, *, keyed: bool
) -> None:
    platform.behaviour = Drop()
    safe = keyed and channel.capabilities.idempotent_send
    with pytest.raises(Unreachable if safe else OutcomeUnknown):
        await channel.send_text(case.address, replace(message(channel), key="invitation-3" if keyed else ""))
    assert len(platform.requests) == 1


@pytest.mark.parametrize("address", ["", " ", "Мария Иванова", "x" * 5000, "\ud800", "1\r\n2", "½", "\0"])
async def test_what_is_no_address_is_refused_unsent_and_unnamed(
    case: KindCase, channel: Channel, platform: Platform, address: str
) -> None:
    for refused in (channel.send_prompt(address, prompt()), channel.send_text(address, message(channel))):
        with pytest.raises(Rejected) as failure:
            await refused
        assert_silent(case, failure.value)
        assert len(address) < 5 or address not in failure.value.text
    assert not platform.requests


@pytest.mark.parametrize("words", ["\ud83d half an emoji of Мария", "", " \n\t"])
async def test_what_is_no_text_is_refused_unsent_and_unnamed(
    case: KindCase, channel: Channel, platform: Platform, words: str
) -> None:
    for refused in (
        channel.send_prompt(case.address, prompt(words)),
        channel.send_text(case.address, message(channel, words)),
    ):
        with pytest.raises(Rejected) as failure:
            await refused
        assert_silent(case, failure.value)
        assert "Мария" not in repr(failure.value)
    assert not platform.requests


@pytest.mark.parametrize("words", ["\ud83d half an emoji of Мария"])
async def test_what_is_no_text_is_acknowledged_by_nothing(
    case: KindCase, channel: Channel, platform: Platform, words: str
) -> None:
    if not channel.capabilities.acknowledge:
        pytest.skip(f"{case.kind} declares acknowledge=False")
    with pytest.raises(Rejected) as failure:
        await channel.acknowledge(case.waiting, words)
    assert_silent(case, failure.value)
    with pytest.raises(Rejected):
        await channel.edit(case.address, "77", message(channel, words))
    assert not platform.requests


@pytest.mark.parametrize("token", ["", "UPPER", "a" * 41, "a:b", "ю", "../x"])
async def test_a_token_that_no_button_carries_is_refused_unsent(
    case: KindCase, channel: Channel, platform: Platform, token: str
) -> None:
    if case.tap is None:
        pytest.skip("the links are made where tokens are")
    with pytest.raises(Rejected) as failure:
        await channel.send_prompt(case.address, replace(prompt(), token=token))
    assert_silent(case, failure.value)
    assert not platform.requests


# --- the account


async def test_a_kind_without_hooks_has_nothing_to_install_or_remove(case: KindCase, platform: Platform) -> None:
    if case.tap is not None:
        pytest.skip(f"{case.kind} has hooks")
    channel = case.make(platform.url, case.mode, case.hook_secrets, PATIENT)
    with pytest.raises(Misconfigured):
        await channel.install(HOOK)
    await channel.uninstall(HOOK)
    await channel.uninstall()
    await channel.close()
    assert not platform.requests


@pytest.mark.parametrize("mode", Mode)
async def test_a_hook_is_installed_in_mode_webhook_alone(case: KindCase, platform: Platform, mode: Mode) -> None:
    if mode is Mode.WEBHOOK or mode not in type(case.idle()).capabilities.modes:
        pytest.skip("nothing to show here")
    channel = case.make(platform.url, mode, case.hook_secrets, PATIENT)
    with pytest.raises(Misconfigured):
        await channel.install(HOOK)
    await channel.close()
    assert not platform.requests


async def test_an_account_can_be_closed_at_any_time_and_twice(case: KindCase, platform: Platform) -> None:
    channel = case.make(platform.url, case.mode, case.hook_secrets, PATIENT)
    await channel.close()
    await channel.close()
    platform.behaviour = Answer(500)
    used = case.make(platform.url, case.mode, case.hook_secrets, PATIENT)
    with pytest.raises(DeliveryError):
        await used.send_text("no address at all", message(used))
    await used.close()
    await used.close()
