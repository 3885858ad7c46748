"""One suite over every kind of desk: what the service relies on, whichever helpdesk it is."""

import json
import logging
import traceback
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desks import registry
from desks.base import Desk, Result, TicketClosed, Told, Unreadable, Verb
from net.errors import DeliveryError, Misconfigured, OutcomeUnknown, Throttled, Unreachable, WebhookRejected
from net.hooks import HookRequest
from ratings.ticket import parse_ticket, ticket_to_dict
from tests.channels.platform import Answer, Behaviour, Drop, Garbage, Hang, Platform, dead_url, running_platform
from tests.desks.kinds import ADDRESS, KINDS, NOW, WORDS, KindCase, World

HASTY, PATIENT = 0.5, 30.0
HOOK = "https://example.org/hooks/desks/kind/name"
HOOKED = [case for case in KINDS if case.closing]
NOTE = "Оценка 1: рейтинг от покупателя"


def kind_of(case: KindCase) -> str:
    return case.kind


@pytest.fixture(params=KINDS, ids=kind_of)
def case(request: pytest.FixtureRequest) -> KindCase:
    chosen: KindCase = request.param
    return chosen


@pytest.fixture
async def world(case: KindCase) -> AsyncIterator[World]:
    async with case.world() as running:
        yield running


def result(ticket_id: str, *verbs: Verb) -> Result:
    return Result(
        key="result-1",
        ticket_id=ticket_id,
        verbs=frozenset(verbs),
        value=1,
        symbol="😡",
        label="Плохо",
        scale="faces",
        comment=WORDS,
        rated_at=NOW,
        tag="rated-1",
        untag=("rated-2",),
        note=NOTE,
        ticket={"id": ticket_id, "addresses": [{"channel": "telegram.support", "id": ADDRESS}], "subject": WORDS},
    )


def able(desk: Desk) -> list[Verb]:
    return [verb for verb in Verb if desk.capabilities.can(verb)]


def test_every_kind_has_its_row() -> None:
    assert {case.kind for case in KINDS} == set(registry.kinds())


def test_a_kind_that_does_not_exist_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        registry.load("pigeon")
    with pytest.raises(KeyError):
        registry.config_class("pigeon")


def test_what_a_kind_declares_is_true_of_it(case: KindCase) -> None:
    desk = case.idle()
    kind = type(desk)
    assert kind is registry.load(case.kind)
    assert kind.kind == case.kind
    assert kind.title
    assert kind.Config is registry.config_class(case.kind)
    assert isinstance(desk.config, kind.Config)
    assert desk.name.startswith(f"{case.kind}.")
    assert set(kind.capabilities.verbs) == set(Verb), "every verb is declared, also what cannot be done"
    assert set(kind.capabilities.verbs.values()) <= {"native", "emulated", "unsupported"}
    assert kind.capabilities.hooks is (case.closing is not None)
    assert kind.capabilities.hooks or kind.capabilities.polls, "or nothing would ever be heard"
    assert kind.capabilities.polls or not desk.polls


# --- what comes in


@pytest.mark.parametrize("case", HOOKED, ids=kind_of)
def test_a_closing_becomes_a_ticket(case: KindCase) -> None:
    desk = case.idle()
    assert case.closing
    request = case.closing(NOW)
    desk.verify(request, NOW)
    (told,) = desk.parse(request, NOW)
    assert isinstance(told, TicketClosed), told
    ticket = told.ticket
    assert (ticket.desk, ticket.subject) == (desk.name, WORDS)
    assert ticket.id
    assert abs(ticket.closed_at - NOW) < 86_400_000
    assert ("telegram.support", ADDRESS) in [(address.channel, address.id) for address in ticket.addresses]
    assert parse_ticket(ticket_to_dict(ticket), now=NOW) == ticket
    assert_storable(told)
    assert list(desk.parse(request, NOW)) == [told], "parse is pure: a redelivery has the same event id"
    assert desk.reply(request).status == 200


@pytest.mark.parametrize("case", HOOKED, ids=kind_of)
def test_forged_hooks_are_refused(case: KindCase) -> None:
    desk = case.idle()
    assert case.closing
    good = case.closing(NOW)
    desk.verify(good, NOW)
    changed = [replace(good, body=body) for body in (good.body + b" ", good.body[:-1], b"", b"x" * 1_000_000)]
    for forged in [*case.forged(good), *changed, HookRequest("POST", {}, good.body), HookRequest("POST", {}, b"")]:
        with pytest.raises(WebhookRejected) as refused:
            desk.verify(forged, NOW)
        assert_silent(case, refused.value)


def assert_storable(told: Told) -> None:
    """What the store keeps of an event fits it, whatever whoever holds the secret puts into it."""
    assert 1 <= len(told.event_id) <= 200
    assert not isinstance(told, Unreadable) or len(told.raw) <= 16 * 1024
    for part in fields(told):
        value = getattr(told, part.name)
        if isinstance(value, str):
            assert "\0" not in value
            assert len(value) <= 2000
            value.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("case", HOOKED, ids=kind_of)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'"\\ud800"', b"x" * 300_000])
def test_what_cannot_be_read_is_kept(case: KindCase, body: bytes) -> None:
    desk = case.idle()
    (told,) = desk.parse(HookRequest("POST", {}, body), NOW)
    assert isinstance(told, Unreadable)
    assert told.raw == body[: 16 * 1024]
    assert told.error
    assert_storable(told)


@pytest.mark.parametrize("case", HOOKED, ids=kind_of)
@given(data=st.data())
@settings(max_examples=40)
def test_no_body_stops_the_reader(case: KindCase, data: st.DataObject) -> None:
    assert case.closing
    desk, request = case.idle(), case.closing(NOW)
    body = data.draw(st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()))
    if data.draw(st.booleans()):  # a hook as it should be, but for one member
        event = json.loads(request.body)
        places = list(_places(event))
        holder, key = data.draw(st.sampled_from(places))
        holder[key] = data.draw(JSON)
        body = json.dumps(event).encode()
    odd = replace(request, body=body)
    found = list(desk.parse(odd, NOW))
    assert found == list(desk.parse(odd, NOW))
    for told in found:
        assert_storable(told)
    desk.sources(odd, NOW)


def _places(thing: Any) -> list[tuple[Any, Any]]:
    keys = list(thing) if isinstance(thing, dict) else list(range(len(thing))) if isinstance(thing, list) else []
    return [place for key in keys for place in [(thing, key), *_places(thing[key])]]


# --- what goes out


@pytest.mark.parametrize("verb", Verb)
async def test_each_verb_is_carried_out_or_refused_with_words(case: KindCase, world: World, verb: Verb) -> None:
    wanted = result(world.ticket_id, verb)
    before = world.snapshot()
    written = await world.desk.write(wanted)
    if world.desk.capabilities.can(verb):
        assert written.refused == ()
        assert world.done(verb, wanted)
        return
    (refused,) = written.refused
    assert refused.verb is verb
    assert refused.code
    assert refused.text
    assert world.snapshot() == before
    assert case.kind == world.desk.kind


async def test_writing_the_same_twice_does_no_harm(world: World) -> None:
    verbs = [verb for verb in able(world.desk) if not verb.startswith(("close", "reopen"))]
    wanted = result(world.ticket_id, *verbs, *([Verb.REOPEN_KEEP] if Verb.REOPEN_KEEP in able(world.desk) else []))
    first = await world.desk.write(wanted)
    once = world.snapshot()
    assert first.refused == ()
    assert all(world.done(verb, wanted) for verb in wanted.verbs)
    assert await world.desk.write(wanted) == first
    assert world.snapshot() == once


async def test_no_rating_empties_what_was_written(world: World) -> None:
    verbs = [verb for verb in (Verb.SCORE, Verb.COMMENT, Verb.RATED_AT) if verb in able(world.desk)]
    await world.desk.write(result(world.ticket_id, *verbs))
    none = replace(result(world.ticket_id, *verbs), key="result-2", value=None, comment="", rated_at=None, label="")
    assert (await world.desk.write(none)).refused == ()
    assert all(world.done(verb, none) for verb in verbs)


async def test_what_is_not_wanted_stays(world: World) -> None:
    verb = next(verb for verb in able(world.desk) if verb is not Verb.SCORE)
    before = result(world.ticket_id, verb)
    assert not world.done(Verb.SCORE, before)
    await world.desk.write(before)
    assert not world.done(Verb.SCORE, before)


TROUBLES: dict[str, Behaviour] = {
    "throttled": Answer(429, WORDS.encode(), (("Retry-After", "7"),)),
    "out_of_order": Answer(503, WORDS.encode()),
    "timeout": Hang(),
    "hang-up": Drop(),
    "garbage": Answer(200, b"<html>captive portal</html>", (("Content-Type", "text/html"),)),
    "no http": Garbage(b"220 smtp.example.org ready\r\n"),
    "refused_credentials": Answer(401, WORDS.encode()),
    "redirect": Answer(302, b"", (("Location", "https://example.org/login"),)),
    "dead": Answer(),
}
MEANT: dict[str, type[DeliveryError]] = {
    "throttled": Throttled,
    "out_of_order": Unreachable,
    "refused_credentials": Misconfigured,
    "redirect": Misconfigured,
    "dead": Unreachable,
}


def assert_silent(case: KindCase, error: BaseException) -> None:
    """Neither the error nor anything that hangs on it shows a secret, an address or a customer's words."""
    shown = [repr(error), str(error), *traceback.format_exception(error), str(vars(error))]
    linked: BaseException | None = error
    while linked is not None:
        shown += [repr(linked), str(linked)]
        linked = linked.__cause__ or linked.__context__
    for hidden in (*case.secrets, ADDRESS, WORDS, NOTE):
        assert not [text for text in shown if hidden in text]


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_gives_the_declared_error_and_no_secret(
    case: KindCase, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running_platform() as platform:
        platform.behaviour = {**TROUBLES, **case.troubles}[trouble]
        desk = _troubled(case, platform, trouble)
        declared = case.declared.get(trouble, MEANT.get(trouble, OutcomeUnknown))
        wanted = result("T-1", *able(desk))
        if declared is None:
            await desk.write(wanted)
        else:
            with pytest.raises(DeliveryError) as failure:
                await desk.write(wanted)
            assert type(failure.value) is declared
            assert_silent(case, failure.value)
            if isinstance(failure.value, Throttled):
                assert failure.value.retry_after == case.retry_after
        await desk.close()
        assert len(platform.requests) == (0 if trouble == "dead" else 1), "an adapter never retries"
    for hidden in (*case.secrets, ADDRESS, WORDS, NOTE):
        assert hidden not in caplog.text


@pytest.mark.parametrize("trouble", ["refused_credentials", "out_of_order", "timeout", "garbage", "dead"])
async def test_check_never_raises(case: KindCase, trouble: str) -> None:
    async with running_platform() as platform:
        platform.behaviour = {**TROUBLES, **case.troubles}[trouble]
        desk = _troubled(case, platform, trouble)
        for url in (HOOK, None):
            findings = await desk.check(url)
            assert findings
            for finding in findings:
                assert finding.id.startswith(f"{case.kind}.")
                assert finding.level in {"ok", "warning", "error"}
                assert not [hidden for hidden in case.secrets if hidden in finding.text + finding.hint]
        await desk.close()


def _troubled(case: KindCase, platform: Platform, trouble: str) -> Desk:
    url = dead_url() if trouble == "dead" else platform.url
    return case.make(url, HASTY if trouble == "timeout" else PATIENT)
