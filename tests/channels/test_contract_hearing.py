"""The same suite, third part: what a kind hears, from its customers and from whoever else holds the secret."""

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import DeliveryReported, HookRequest, Inbound, OptIn, OptOut, TextReceived
from tests.channels.kinds import KINDS, KindCase
from tests.channels.test_contract import TOKEN
from tests.channels.test_contract_variety import MAX_CLIENT

HOOKED = [case for case in KINDS if case.tap]


def kind_of(case: KindCase) -> str:
    return case.kind


@pytest.mark.parametrize("case", HOOKED, ids=kind_of)
def test_what_customers_do_is_understood(case: KindCase) -> None:
    channel = case.idle()
    found = case.told(channel)
    for meant, events in found.items():
        for event in events:
            assert type(event) is meant
            assert event.address == case.address
            assert event.at >= 0
            assert getattr(event, "token", "") == "", "a messenger's sender tells whose invitation is meant"
    ids = [event.event_id for events in found.values() for event in events]
    assert len(set(ids)) == len(ids)
    texts, reports = found[TextReceived], found.get(DeliveryReported, [])
    assert "asked" in {getattr(event, "reason", "") for event in found[OptOut]}
    assert "asked" in {getattr(event, "reason", "") for event in found[OptIn]}
    assert all(getattr(event, "text", "") or getattr(event, "media", "") for event in texts)
    assert channel.capabilities.receipts == ({"delivered", "seen"} <= {getattr(it, "delivery", "") for it in reports})


def assert_storable(event: Inbound) -> None:
    """What the store keeps of an event fits it, whatever a platform, or whoever holds the secret, puts into it."""
    assert event.event_id
    assert len(event.event_id) <= 200
    assert len(event.address) <= 100
    assert event.client is None or len(event.client) <= MAX_CLIENT
    assert 0 <= event.at < 2**53
    for part in fields(event):
        value = getattr(event, part.name)
        if isinstance(value, str):
            assert "\0" not in value
            value.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20) | st.just("\0" * 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


def samples(case: KindCase) -> list[bytes]:
    """Bodies of hooks as they should be."""
    assert case.tap
    secret = case.hook_secrets[0]
    known = [request for some in case.heard(secret, case.address).values() for request in some]
    return [request.body for request in (*known, case.tap(f"r1:{TOKEN}:5", secret))]


def places(thing: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as its holder and the key there."""
    keys = list(thing) if isinstance(thing, dict) else list(range(len(thing))) if isinstance(thing, list) else []
    return [place for key in keys for place in [(thing, key), *places(thing[key])]]


@pytest.mark.parametrize("case", KINDS, ids=kind_of)
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=60, deadline=None)
def test_no_body_stops_the_reader(case: KindCase, body: bytes) -> None:
    channel = case.idle()
    request = HookRequest("POST", {}, body)
    events = channel.parse(request)
    assert events == channel.parse(request), "parse is pure"
    for event in events:
        assert_storable(event)


ODD: tuple[Any, ...] = (
    None,
    True,
    "",
    "\0",
    "\ud83d",
    "x" * 20_000,
    "Мария",
    -1,
    2**53,
    2**70,
    0.5,
    [],
    {},
    [[]],
    {"id": "\0"},
)


@pytest.mark.parametrize("case", HOOKED, ids=kind_of)
def test_each_member_of_an_event_can_be_odd(case: KindCase) -> None:
    channel = case.idle()
    for body in samples(case):
        for number in range(len(places(json.loads(body)))):
            for odd in ODD:
                event = json.loads(body)
                holder, key = places(event)[number]
                holder[key] = f"words {odd}" if odd in ("\0", "\ud83d") else odd
                for read in channel.parse(HookRequest("POST", {}, json.dumps(event).encode())):
                    assert_storable(read)


@pytest.mark.parametrize("case", HOOKED, ids=kind_of)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_events_that_are_odd_in_several_places_stop_no_reader(case: KindCase, data: st.DataObject) -> None:
    channel = case.idle()
    event = json.loads(data.draw(st.sampled_from(samples(case))))
    for _ in range(data.draw(st.integers(1, 3))):
        found = places(event)
        if found:
            holder, key = data.draw(st.sampled_from(found))
            if isinstance(holder, dict) and data.draw(st.booleans()):
                del holder[key]
            else:
                holder[key] = data.draw(JSON)
    for read in channel.parse(HookRequest("POST", {}, json.dumps(event).encode())):
        assert_storable(read)
