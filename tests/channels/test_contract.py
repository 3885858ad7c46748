"""One suite over every kind in the registry: what the service relies on, whichever messenger it is."""

import logging
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from channels import registry
from channels.base import (
    Action,
    ActionName,
    ActionPicked,
    Channel,
    Choice,
    ChoicePicked,
    HookRequest,
    Links,
    Message,
    Mode,
    Prompt,
    Unreadable,
)
from net.errors import (
    DeliveryError,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unreachable,
    WebhookRejected,
)
from tests.channels.kinds import KINDS, KindCase
from tests.channels.platform import Answer, Behaviour, Drop, Garbage, Hang, Platform, dead_url

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"
WORDS = "How did we do, Мария-Antoinette?"
FACES = tuple(Choice(value, symbol, f"{value} of 5") for value, symbol in enumerate("😡🙁😐🙂😍", start=1))
ONE_TO_TEN = tuple(Choice(value, str(value), f"{value} of 10") for value in range(1, 11))
ACTIONS = tuple(Action(name, name.value) for name in ActionName)
HASTY, PATIENT = 0.5, 30.0
LINKS = Links(
    rate=f"https://example.org/r/{TOKEN}",
    unsubscribe=f"https://example.org/u/{TOKEN}",
    unsubscribe_label="No more such questions",
    hint="You can also answer in your own words.",
)
HOOK = "https://example.org/hooks/channels/kind/account"


@pytest.fixture(params=KINDS, ids=lambda case: case.kind)
def case(request: pytest.FixtureRequest) -> KindCase:
    chosen: KindCase = request.param
    return chosen


@pytest.fixture
async def platform(case: KindCase) -> AsyncIterator[Platform]:
    async with case.platform() as running:
        yield running


@pytest.fixture
async def channel(case: KindCase, platform: Platform) -> AsyncIterator[Channel]:
    made = case.make(platform.url, case.mode, case.hook_secrets, PATIENT)
    platform.behaviour = case.accepted
    yield made
    await made.close()


def prompt(text: str = WORDS, choices: tuple[Choice, ...] = FACES) -> Prompt:
    return Prompt(key="invitation-1", text=text, choices=choices, token=TOKEN, language="en", links=LINKS)


def message(channel: Channel, text: str = WORDS) -> Message:
    """A kind that only has links says no more than words."""
    return Message(text, ACTIONS if channel.capabilities.converses else (), TOKEN, key="invitation-1-message")


def test_every_kind_has_its_row() -> None:
    assert {case.kind for case in KINDS} == set(registry.kinds())


def test_settings_do_not_import_the_library(case: KindCase) -> None:
    program = (
        "import sys; from channels import registry; registry.kinds(); "
        f"registry.config_class({case.kind!r}); sys.exit({case.library!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_kind_that_does_not_exist_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        registry.load("pigeon")
    with pytest.raises(KeyError):
        registry.config_class("pigeon")


async def test_what_a_kind_declares_is_true_of_it(case: KindCase, channel: Channel) -> None:
    kind = type(channel)
    assert kind is registry.load(case.kind)
    assert kind.kind == case.kind
    assert kind.title
    assert kind.Config is registry.config_class(case.kind)
    assert kind.Config.model_fields["pace"].default == kind.capabilities.pace
    assert channel.account.startswith(f"{case.kind}.")


@pytest.mark.parametrize("choices", [FACES, ONE_TO_TEN], ids=["faces", "one-to-ten"])
async def test_choices_come_back_as_they_went(
    case: KindCase, channel: Channel, platform: Platform, choices: tuple[Choice, ...]
) -> None:
    assert len(choices) <= channel.capabilities.max_choices
    sent = await channel.send_prompt(case.address, prompt(choices=choices))
    assert sent.external_id
    assert sent.new_address is None

    payloads = case.payloads(platform.requests[-1])
    assert len(payloads) == len(choices)
    assert (case.tap is None) == (channel.capabilities.choices == "links"), "links are opened in a browser"
    if case.tap is None:
        assert payloads == [f"{LINKS.rate}/{choice.value}" for choice in choices]
        return
    for choice, payload in zip(choices, payloads, strict=True):
        request = case.tap(payload, case.hook_secrets[0])
        channel.verify(request)
        (picked,) = channel.parse(request)
        assert isinstance(picked, ChoicePicked)
        assert (picked.value, picked.token, picked.address) == (choice.value, TOKEN, case.address)
        assert picked.event_id
        assert channel.parse(request) == [picked], "parse is pure: a redelivery has the same event id"
        assert channel.reply(request).status == 200


async def test_actions_come_back_as_they_went(case: KindCase, channel: Channel, platform: Platform) -> None:
    if case.tap is None:
        with pytest.raises(Rejected):
            await channel.send_text(case.address, Message(WORDS, ACTIONS, TOKEN))
        assert not platform.requests
        return
    await channel.send_text(case.address, message(channel))
    payloads = case.payloads(platform.requests[-1])
    assert len(payloads) == len(ACTIONS)
    for action, payload in zip(ACTIONS, payloads, strict=True):
        (picked,) = channel.parse(case.tap(payload, case.hook_secrets[0]))
        assert isinstance(picked, ActionPicked)
        assert (picked.action, picked.token, picked.address) == (action.name, TOKEN, case.address)


async def test_the_longest_text_is_said_and_a_longer_one_refused_unsent(
    case: KindCase, channel: Channel, platform: Platform
) -> None:
    longest = "x" * channel.capabilities.max_text
    await channel.send_prompt(case.address, prompt(longest))
    await channel.send_text(case.address, message(channel, longest))
    asked = len(platform.requests)
    too_many = tuple(Choice(value, "x", "x") for value in range(1, channel.capabilities.max_choices + 2))
    for refused in (
        channel.send_prompt(case.address, prompt(longest + "x")),
        channel.send_text(case.address, message(channel, longest + "x")),
        channel.send_text(case.address, message(channel, " ")),
        channel.send_prompt(case.address, prompt(choices=too_many)),
        channel.send_prompt(case.address, prompt(choices=())),
    ):
        with pytest.raises(Rejected):
            await refused
    if channel.capabilities.acknowledge:
        with pytest.raises(Rejected):
            await channel.acknowledge("1", "x" * (channel.capabilities.max_acknowledgment + 1))
    assert len(platform.requests) == asked


async def test_forged_hooks_are_refused(case: KindCase, channel: Channel) -> None:
    for secret in case.hook_secrets if case.tap else ():
        assert case.tap
        good = case.tap("x", secret)
        channel.verify(good)
        for forged in case.forged(good):
            with pytest.raises(WebhookRejected) as refused:
                channel.verify(forged)
            assert_silent(case, refused.value)
    with pytest.raises(WebhookRejected):
        channel.verify(HookRequest("POST", {}, b""))
    if case.tap is None:
        with pytest.raises(Misconfigured):
            await channel.install(HOOK)


@pytest.mark.parametrize("hook_secrets", [(), ("",), ("good", "")])
def test_an_account_without_a_hook_secret_does_not_start(case: KindCase, hook_secrets: tuple[str, ...]) -> None:
    if case.tap is None or not case.needs_hook_secret:
        pytest.skip(f"{case.kind} has no hooks, or proves them otherwise")
    with pytest.raises(ValueError, match="secret"):
        case.make(dead_url(case.scheme), case.mode, hook_secrets, 1)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b'{"a": 1}', b'"\\ud800"'])
def test_a_body_that_cannot_be_read_is_kept(case: KindCase, body: bytes) -> None:
    channel = case.make(dead_url(case.scheme), case.mode, case.hook_secrets, 1)
    request = HookRequest("POST", {}, body)
    (unreadable,) = channel.parse(request)
    assert isinstance(unreadable, Unreadable)
    assert unreadable.raw == body[: 16 * 1024]
    assert unreadable.event_id
    assert unreadable.error
    assert channel.parse(request) == [unreadable]


# --- failures

Call = Callable[[KindCase, Channel], Awaitable[object]]

CALLS: dict[str, Call] = {
    "send_prompt": lambda case, channel: channel.send_prompt(case.address, prompt()),
    "send_text": lambda case, channel: channel.send_text(case.address, message(channel)),
    "edit": lambda case, channel: channel.edit(case.address, "77", message(channel)),
    "acknowledge": lambda case, channel: channel.acknowledge(case.waiting, "Thank you!"),
}


def able(channel: Channel, call: str) -> bool:
    return bool(getattr(channel.capabilities, call, True))


def unsettled(channel: Channel, call: str) -> type[DeliveryError]:
    """What an answer that never came means: only a send that is not idempotent must not be repeated."""
    sends = call.startswith("send") and not channel.capabilities.idempotent_send
    return OutcomeUnknown if sends else Unreachable


def assert_silent(case: KindCase, error: BaseException) -> None:
    """Neither the error nor anything that hangs on it shows a secret, an address or a customer's words."""
    shown = [repr(error), str(error), *traceback.format_exception(error), str(vars(error))]
    linked: BaseException | None = error
    while linked is not None:
        shown += [repr(linked), str(linked)]
        linked = linked.__cause__ or linked.__context__
    for hidden in (*case.secrets, case.address, WORDS, TOKEN):
        assert not [text for text in shown if hidden in text]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("trouble", ["throttled", "out_of_order", "timeout", "hang-up", "garbage", "no http", "dead"])
async def test_trouble_gives_the_declared_error_and_no_secret(
    *,
    case: KindCase,
    channel: Channel,
    platform: Platform,
    call: str,
    trouble: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if not able(channel, call):
        pytest.skip(f"{case.kind} declares {call}=False")
    caplog.set_level(logging.DEBUG)
    behaviours: dict[str, Behaviour] = {
        "throttled": case.throttled,
        "out_of_order": case.out_of_order,
        "timeout": Hang(),
        "hang-up": Drop(),
        "garbage": case.garbage,
        "no http": Garbage(b"220 smtp.example.org ready\r\n"),
        "dead": Answer(),
    }
    platform.behaviour = behaviours[trouble]
    known = {"throttled": Throttled, "dead": Unreachable, **case.declared}
    declared = known.get(trouble) or unsettled(channel, call)
    url = dead_url(case.scheme) if trouble == "dead" else platform.url
    asked = case.make(url, case.mode, case.hook_secrets, HASTY if trouble == "timeout" else PATIENT)
    with pytest.raises(DeliveryError) as failure:
        await CALLS[call](case, asked)
    await asked.close()
    assert type(failure.value) is declared
    if isinstance(failure.value, Throttled):
        assert failure.value.retry_after == case.retry_after
    assert len(platform.requests) == (0 if trouble == "dead" else 1), "an adapter never retries"
    assert_silent(case, failure.value)
    for hidden in (*case.secrets, case.address, WORDS, TOKEN):
        assert hidden not in caplog.text


@pytest.mark.parametrize("call", CALLS)
async def test_refused_credentials_are_a_matter_for_a_person(
    case: KindCase, channel: Channel, platform: Platform, call: str
) -> None:
    if not able(channel, call):
        pytest.skip(f"{case.kind} declares {call}=False")
    platform.behaviour = case.refused_credentials
    with pytest.raises(Misconfigured) as failure:
        await CALLS[call](case, channel)
    assert failure.value.platform_code
    assert_silent(case, failure.value)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("trouble", ["refused", "out_of_order", "timeout", "garbage", "dead"])
async def test_check_fails_cleanly(case: KindCase, platform: Platform, trouble: str, mode: Mode) -> None:
    if mode not in registry.load(case.kind).capabilities.modes:
        pytest.skip(f"{case.kind} has no mode {mode}")
    url = dead_url(case.scheme) if trouble == "dead" else platform.url
    channel = case.make(url, mode, case.hook_secrets, HASTY if trouble == "timeout" else PATIENT)
    behaviours: dict[str, Behaviour] = {
        "refused": case.refused_credentials,
        "out_of_order": case.out_of_order,
        "timeout": Hang(),
        "garbage": case.garbage,
        "dead": Answer(),
        **case.unsent,
    }
    platform.behaviour = behaviours[trouble]
    findings = await channel.check(HOOK)
    await channel.close()
    assert [finding for finding in findings if finding.level == "error"]
    for finding in findings:
        assert finding.id.startswith(f"{case.kind}.")
        assert not [hidden for hidden in case.secrets if hidden in finding.text + finding.hint]
