"""What a desk can post: the two standards, its own JSON by a mapping; and how it proves itself."""

import base64
import json
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from desks.base import TicketClosed, TicketReopened, Unknown, Unreadable
from desks.generic.config import GenericConfig
from net.errors import WebhookRejected
from net.hooks import HookRequest
from ratings.times import format_instant
from tests.desks.generic_kit import SECRET, TOKEN, desk, post, read
from tests.desks.kinds import NOW, standard_hook

AT = format_instant(NOW)
TICKET: dict[str, Any] = {"id": "T-1", "closed_at": AT, "callback_url": "https://desk.example/back"}


# --- what it is wrapped in


def test_a_standard_webhook() -> None:
    told = read(desk(), {"type": "ticket.closed", "timestamp": AT, "data": TICKET}, webhook_id="msg_9")
    assert isinstance(told, TicketClosed)
    assert (told.event_id, told.ticket.id, told.ticket.closed_at) == ("msg_9", "T-1", NOW)
    assert told.ticket.fields == {"raw": {"callback_url": "https://desk.example/back"}}


def test_the_time_of_the_event_stands_in_for_the_closing() -> None:
    told = read(desk(), {"type": "ticket.closed", "timestamp": AT, "data": {"id": 7}})
    assert isinstance(told, TicketClosed)
    assert (told.ticket.id, told.ticket.closed_at) == ("7", NOW)
    assert told.event_id.startswith("sha256:")


def test_a_ticket_with_nothing_around_it() -> None:
    for form in ("auto", "json"):
        told = read(desk(format=form), TICKET)
        assert isinstance(told, TicketClosed)


def test_a_reopening() -> None:
    told = read(desk(), {"type": "ticket.reopened", "timestamp": AT, "data": {"id": "T-1", "desk": "other"}})
    assert isinstance(told, TicketReopened)
    assert (told.report.desk, told.report.id, told.report.reopened_at) == ("generic.main", "T-1", NOW)


@pytest.mark.parametrize(
    ("kind", "what"),
    [("ticket.deleted", "ticket.deleted"), ("words of Ann", "other"), ("xticket.closed", "xticket.closed")],
)
def test_types_that_are_not_ours(kind: str, what: str) -> None:
    told = read(desk(), {"type": kind, "timestamp": AT, "data": {}})
    assert isinstance(told, Unknown)
    assert told.what == what


def cloud(**more: Any) -> dict[str, Any]:
    known = {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "com.shop.ticket.closed"}
    return {**known, "subject": "T-5", "time": AT, "data": {"subject": "Where is it?"}, "shopext": "kept", **more}


@pytest.mark.parametrize("content_type", ["application/cloudevents+json; charset=utf-8", "application/json"])
def test_a_structured_cloud_event(content_type: str) -> None:
    told = read(desk(), cloud(), content_type=content_type)
    assert isinstance(told, TicketClosed)
    assert told.event_id == "/shop e1"
    assert (told.ticket.id, told.ticket.closed_at, told.ticket.subject) == ("T-5", NOW, "Where is it?")


def test_a_cloud_event_with_its_data_as_base64_or_without_any() -> None:
    event = cloud(data_base64=base64.b64encode(b'{"id": "T-6", "subject": "?"}').decode())
    del event["data"]
    told = read(desk(), event)
    assert isinstance(told, TicketClosed)
    assert told.ticket.id == "T-6", "what the data says goes before the subject"
    del event["data_base64"]
    bare = read(desk(), event)
    assert isinstance(bare, TicketClosed)
    assert bare.ticket.id == "T-5"
    assert isinstance(read(desk(), cloud(data_base64="%%%")), Unreadable)


def test_a_binary_cloud_event() -> None:
    headers = {
        "content_type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": "e2",
        "ce_source": "/shop%20two",
        "ce_type": "com.shop.ticket.closed",
        "ce_subject": "T-%E2%82%AC",
        "ce_time": AT,
    }
    told = read(desk(), {"priority": "high"}, **headers)
    assert isinstance(told, TicketClosed)
    assert (told.event_id, told.ticket.id, told.ticket.priority) == ("/shop two e2", "T-€", "high")
    assert isinstance(read(desk(), b"", **headers), TicketClosed)


def test_a_batch_of_cloud_events_where_one_is_broken() -> None:
    batch = [
        cloud(),
        cloud(id="e2", subject="T-6"),
        {"specversion": "1.0"},
        cloud(id="e3", type="com.shop.ticket.reopened"),
        5,
    ]
    told = desk().parse(post(batch, content_type="application/cloudevents-batch+json"), NOW)
    assert [type(one) for one in told] == [TicketClosed, TicketClosed, Unreadable, TicketReopened, Unreadable]
    assert len({one.event_id for one in told}) == 5


def test_an_id_that_the_store_could_not_keep_becomes_its_digest() -> None:
    for odd in ("x" * 500, "a\0b", "ключ"):
        told = read(desk(), cloud(id=odd))
        assert told.event_id.startswith("sha256:")
        assert told.event_id == read(desk(), cloud(id=odd)).event_id
    assert read(desk(), TICKET, webhook_id="x" * 500).event_id.startswith("sha256:")


def test_a_wrong_ticket_is_told_by_pointers_and_never_by_values() -> None:
    wrong = {
        "id": "T-1",
        "closed_at": "yesterday; expected by Ann",
        "kind": "Ann's",
        "addresses": [{"channel": "Ann", "id": "5"}],
        "fields": {"Ann": float("1e308"), "n\0Ann": "\0"},
        "tags": ["x" * 500],
    }
    told = read(desk(), {"type": "ticket.closed", "timestamp": AT, "data": wrong})
    assert isinstance(told, Unreadable)
    for pointer in (
        "/closed_at: expected an RFC 3339",
        "/kind: expected one of ticket",
        "/addresses/0/channel: ",
        "/tags",
    ):
        assert pointer in told.error
    assert "Ann" not in told.error
    assert json.loads(told.raw)["data"]["id"] == "T-1"


# --- by a mapping

VENDOR: dict[str, Any] = {
    "event": {"id": 991, "actor": {"login": "someone"}},
    "ticket": {
        "number": 17,
        "status": "Solved",
        "prio": 3,
        "done": 1_790_000_000,
        "opened": "2026-09-21 10:00:00",
        "labels": [{"name": "vip"}, {"name": 5}, {}],
        "words": "a, b,,c",
        "custom": [{"id": 41, "value": "x"}, {"id": 42, "value": "ru"}],
        "a.b": "dotted",
        "people": [{"name": "Ann"}, {"name": "Bob", "mail": "bob@desk.example"}],
        "client": {"telegram": 501, "vk": None},
    },
}
MAPPING: dict[str, Any] = {
    "id": "ticket.number",
    "closed_at": {"path": "ticket.done", "time": "unix"},
    "opened_at": {"path": "ticket.opened", "time": "local", "zone": "Europe/Warsaw"},
    "priority": {"path": "ticket.prio", "values": {"3": "high"}, "default": "normal"},
    "kind": {"value": "chat"},
    "form": "ticket.none",
    "group": {"path": ["ticket.nowhere", 'ticket["a.b"]']},
    "agent": {"name": "ticket.people[-1].name", "email": "ticket.people[-1].mail"},
    "customer": {"language": "ticket.custom[id=42].value"},
    "tags": "ticket.labels[*].name",
    "fields": {"words": {"path": "ticket.words", "split": ","}, "deep": {"status": "ticket.status"}},
    "addresses": [
        {"channel": "vk.shop", "id": "ticket.client.vk"},
        {"channel": "telegram.support", "id": "ticket.client.telegram"},
    ],
    "event_id": "event.id",
    "when": {"path": "ticket.status", "in": ["Solved", "Closed"]},
    "reopened_when": [{"path": "ticket.status", "in": ["Open"]}, {"path": "ticket.reopens", "present": True}],
    "own_when": {"path": "event.actor.login", "in": ["tapfive"]},
}


def changed(**ticket: Any) -> dict[str, Any]:
    return {**VENDOR, "ticket": {**VENDOR["ticket"], **ticket}}


def test_a_mapping_reads_any_json() -> None:
    told = read(desk(mapping=MAPPING), VENDOR)
    assert isinstance(told, TicketClosed), told
    ticket = told.ticket
    assert told.event_id == "991"
    assert (ticket.id, ticket.desk, ticket.kind, ticket.priority) == ("17", "generic.main", "chat", "high")
    assert ticket.closed_at == 1_790_000_000_000
    assert ticket.opened_at
    assert format_instant(ticket.opened_at) == "2026-09-21T08:00:00Z"
    assert ticket.form is None
    assert ticket.group
    assert ticket.group.name == "dotted"
    assert ticket.agent
    assert (ticket.agent.name, ticket.agent.email) == ("Bob", "bob@desk.example")
    assert ticket.customer.language == "ru"
    assert ticket.tags == ("vip", "5")
    assert ticket.fields == {"words": ["a", "b", "c"], "deep": {"status": "Solved"}}
    assert [(one.channel, one.id) for one in ticket.addresses] == [("telegram.support", "501")], "no id, no address"


def test_conditions_decide_what_happened() -> None:
    one = desk(mapping=MAPPING)
    other = read(one, changed(status="New"))
    assert isinstance(other, Unknown)
    assert other.what == "other"
    assert isinstance(read(one, changed(status="Open")), Unknown), "every condition of a list must hold"
    reopened = read(one, changed(status="Open", reopens=1))
    assert isinstance(reopened, TicketReopened)
    assert (reopened.report.id, reopened.report.reopened_at) == ("17", NOW)


def test_the_echo_of_our_own_write_is_ignored() -> None:
    own = read(desk(mapping=MAPPING), {**VENDOR, "event": {"id": 992, "actor": {"login": "tapfive"}}})
    assert isinstance(own, Unknown)
    assert own.what == "own"


def test_without_conditions_the_type_decides_where_a_standard_is_spoken_and_else_it_is_a_closing() -> None:
    mapping = {"id": "data.number", "closed_at": "data.at"}
    data = {"number": 5, "at": AT}
    assert isinstance(read(desk(mapping=mapping), {"type": "ticket_update", "data": data}), TicketClosed)
    assert isinstance(read(desk(mapping=mapping), {"data": data}), TicketClosed)
    assert isinstance(read(desk(mapping=mapping), {"type": "ticket.reopened", "data": data}), TicketReopened)
    assert isinstance(read(desk(mapping=mapping), cloud(data=data)), TicketClosed)
    assert isinstance(read(desk(mapping=mapping), cloud(data=data, type="com.shop.paid")), Unknown)
    assert isinstance(read(desk(mapping=mapping, format="webhook"), {"type": "ticket_update", "data": data}), Unknown)


def test_the_moment_of_receipt_can_stand_in_for_a_time_that_the_desk_does_not_tell() -> None:
    told = read(desk(mapping={"id": "n", "closed_at": {"received": True}}), {"n": 1})
    assert isinstance(told, TicketClosed)
    assert told.ticket.closed_at == NOW


@pytest.mark.parametrize("done", ["soon", None, {}, [1], True, 10**400, -1, 1e300, "9" * 5000])
def test_odd_values_are_named_and_stop_nobody(done: Any) -> None:
    told = read(desk(mapping=MAPPING), changed(done=done))
    assert isinstance(told, Unreadable)
    assert "/closed_at" in told.error or "JSON" in told.error


def test_the_sources_say_which_path_gave_which_value() -> None:
    found = {(one.pointer, one.path): one.value for one in desk(mapping=MAPPING).sources(post(VENDOR), NOW)}
    assert found["/id", "ticket.number"] == 17
    assert found["/priority", "ticket.prio"] == "high"
    assert found["/kind", "constant"] == "chat"
    assert found["/addresses/1/id", "ticket.client.telegram"] == 501
    assert not [pointer for pointer, _ in found if pointer.startswith(("/form", "/addresses/0"))]
    assert desk().sources(post(TICKET), NOW) == []


@pytest.mark.parametrize(
    ("mapping", "wrong"),
    [
        ({}, "write at least id"),
        ({"id": "a", "priorty": "b"}, "priorty is none; did you mean priority"),
        ({"id": ""}, "write a path such as"),
        ({"id": "a..b"}, "in id"),
        ({"id": "a[x]"}, "in id"),
        ({"id": "a[*].b[*].c"}, "one \\[\\*\\]"),
        ({"id": 5}, "write id as a path"),
        ({"id": {"path": "a", "formula": "1+1"}}, "write id as a path"),
        ({"id": {"value": 1, "path": "a"}}, "alone"),
        ({"id": {"path": "a", "time": "lunar"}}, "id.time"),
        ({"id": {"path": "a", "time": "local", "zone": "Mars/Olympus"}}, "id.zone"),
        ({"id": {"path": "a", "time": "unix", "zone": "UTC"}}, "id.time"),
        ({"id": "a", "agent": {"nick": "b"}}, "write agent as a table of id, name, email"),
        ({"id": "a", "agent": "b"}, "write agent as a table"),
        ({"id": "a", "addresses": [{"channel": "telegram.support"}]}, "addresses\\[0\\]"),
        ({"id": "a", "when": {"path": "b"}}, "write when as"),
        ({"id": "a", "when": {"path": "b", "in": []}}, "when.in"),
        ({"id": "a", "when": {"path": "b", "eval": "1"}}, "write when as"),
    ],
)
def test_a_mapping_that_is_none_is_refused_with_the_key(mapping: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        desk(mapping=mapping)


# --- how it proves itself


def accepted(request: HookRequest, **keys: Any) -> bool:
    try:
        desk(**keys).verify(request, NOW)
    except WebhookRejected:
        return False
    return True


@pytest.mark.parametrize(
    ("header", "told", "proven"),
    [
        ("authorization", f"Bearer {TOKEN}", True),
        ("authorization", f"bearer {TOKEN}", True),
        ("authorization", TOKEN, False),
        ("authorization", f"Bearer {TOKEN}x", False),
        ("authorization", "Basic " + base64.b64encode(TOKEN.encode()).decode(), True),
        ("authorization", "Basic %%%", False),
        ("authorization", "Bearer ü", False),
        ("authorization", "", False),
        ("X-Desk-Token", TOKEN, True),
        ("X-Desk-Token", f"Bearer {TOKEN}", False),
    ],
)
def test_a_static_token(header: str, told: str, *, proven: bool) -> None:
    request = HookRequest("POST", {header.lower(): told}, b"{}")
    assert accepted(request, token=TOKEN, token_header=header) is proven
    older = [SecretStr("another-token-of-it-0002"), SecretStr(TOKEN)]
    assert accepted(request, token=older, token_header=header) is proven


def test_all_that_is_set_up_must_hold() -> None:
    signed = standard_hook(SECRET, b"{}", NOW)
    both = HookRequest("POST", {**signed.headers, "authorization": f"Bearer {TOKEN}"}, signed.body)
    assert accepted(signed, secret=SECRET)
    assert not accepted(signed, secret=SECRET, token=TOKEN)
    assert accepted(both, secret=SECRET, token=TOKEN)
    verify = {"secret": SecretStr("k"), "header": "X-Sig"}
    assert not accepted(both, secret=SECRET, token=TOKEN, verify=verify)


def test_a_signature_of_the_desks_own() -> None:
    verify = {
        "secret": [SecretStr("test-secret-1")],
        "header": "X-Hub-Signature",
        "prefix": "sha1=",
        "algorithm": "sha1",
    }
    body = b'{"ticket":{"id":7,"state":"closed"}}'
    good = HookRequest("POST", {"x-hub-signature": "sha1=e626d5d421b76b365280ef94977cfea4b58d6d02"}, body)
    assert accepted(good, verify=verify)
    assert not accepted(HookRequest("POST", good.headers, body + b" "), verify=verify)


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({}, "secret, verify or token"),
        ({"token": SecretStr("short")}, "at least 16"),
        ({"secret": SecretStr("not base64!")}, "whsec_"),
        ({"secret": []}, "at least 1"),
        ({"token": SecretStr(TOKEN), "callback_url": "https://desk.example"}, "callback_secret"),
        ({"secret": SecretStr(SECRET), "callback_url": "ftp://desk.example"}, "https://host/path"),
        ({"secret": SecretStr(SECRET), "callback_url": "https://user:pass@desk.example"}, "https://host/path"),
        ({"verify": {"secret": SecretStr("k"), "header": "X Sig"}}, "name of a header"),
        ({"verify": {"secret": SecretStr("k"), "header": "X", "template": "{timestamp}"}}, "{body}"),
    ],
)
def test_settings_that_would_prove_nothing_are_refused(keys: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        GenericConfig.model_validate(keys)
