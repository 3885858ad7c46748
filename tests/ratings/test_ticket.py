import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.errors import FieldError, InvalidInput
from ratings.ticket import Address, Party, Reopened, Sides, Ticket, parse_reopened, parse_ticket, ticket_to_dict
from ratings.times import DAY, MINUTE, format_instant, parse_instant

NOW = parse_instant("2026-11-21T12:00:00Z")
CLOSED = "2026-11-21T14:59:00.250+03:00"

FULL: dict[str, Any] = {
    "id": 1001,
    "closed_at": CLOSED,
    "closing_id": "c-7",
    "desk": "pyrus.main",
    "form": {"id": 5, "name": "Поддержка"},
    "kind": "chat",
    "direction": "in",
    "subject": "Не работает оплата",
    "url": "https://desk.example/t/1001",
    "priority": "high",
    "group": "L1",
    "agent": {"id": "a1", "name": "Анна", "email": "anna@desk.example"},
    "closed_by": "agent",
    "customer": {
        "id": 7,
        "name": "Иван",
        "language": "ru",
        "timezone": "Europe/Moscow",
        "email": "i@x.example",
        "phone": 79990000000,
    },
    "address": {"channel": "telegram.support", "id": -42},
    "addresses": [{"channel": "vk.shop", "id": "9"}, {"channel": "telegram.support", "id": "-42"}],
    "thread": {"message_id": "<1@x>", "references": "<0@x>  <1@x>"},
    "opened_at": "2026-11-20T12:00:00Z",
    "first_response_at": "2026-11-20T12:05:00Z",
    "last_message_at": {"customer": "2026-11-21T11:00:00Z", "agent": "2026-11-21T11:30:00Z"},
    "talk_s": 12.5,
    "handling_s": 600,
    "messages": {"customer": 3, "agent": 0},
    "tags": ["vip", "оплата", "vip", ""],
    "fields": {"product": "X", "nested": {"n": [1, 2.5, None, True]}},
    "recording_url": "http://desk.example/r/1",
    "ask": False,
    "sla": {"broken": True},
}


def ticket(**more: Any) -> Ticket:
    return parse_ticket({"id": "T-1", "closed_at": CLOSED, **more}, now=NOW)


def pointers(data: object) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_ticket(data, now=NOW)
    return [error.pointer for error in caught.value.errors]


def test_a_full_ticket_is_read_field_by_field() -> None:
    read = parse_ticket(FULL, now=NOW)
    assert read.id == "1001"
    assert read.closed_at == NOW - MINUTE + 250
    assert read.form == Party("5", "Поддержка")
    assert read.group == Party("L1", "L1")
    assert read.agent == Party("a1", "Анна", "anna@desk.example")
    assert (read.customer.id, read.customer.phone, read.customer.language) == ("7", "79990000000", "ru")
    assert read.addresses == (Address("telegram.support", "-42"), Address("vk.shop", "9"))
    assert read.thread.references == ("<0@x>", "<1@x>")
    assert read.last_message_at == Sides(NOW - 60 * MINUTE, NOW - 30 * MINUTE)
    assert read.messages == Sides(3, 0)
    assert (read.talk_s, read.handling_s, read.ask, read.tags) == (12.5, 600, False, ("vip", "оплата"))
    assert read.fields["raw"] == {"sla": {"broken": True}}
    assert read.fields["product"] == "X"


def test_the_least_ticket_has_the_defaults() -> None:
    read = ticket()
    assert (read.desk, read.kind, read.ask, read.addresses, read.fields) == ("api", "ticket", True, (), {})
    assert read.customer.id is None


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_are_not_said(nothing: object) -> None:
    names = ("closing_id", "desk", "form", "kind", "direction", "subject", "url", "priority", "group", "closed_by")
    more = dict.fromkeys((*names, "opened_at", "recording_url"), nothing)
    assert ticket(**more) == ticket()
    assert ticket(agent={}, customer={"id": nothing}, thread={}, messages={}, group={"id": nothing}) == ticket()


def test_a_party_without_an_id_goes_by_its_name_else_its_mail() -> None:
    assert ticket(agent={"name": "Анна"}).agent == Party("Анна", "Анна")
    assert ticket(agent={"email": "a@x.example"}).agent == Party("a@x.example", None, "a@x.example")
    assert ticket(form="Sales").form == ticket(form={"id": "Sales", "name": "Sales"}).form


def test_unknown_keys_are_kept_and_a_raw_of_the_desk_is_not_lost() -> None:
    assert ticket(x=1, fields={"raw": {"y": 2}}).fields == {"raw": {"y": 2, "x": 1}}
    assert ticket(x=1, fields={"raw": "text"}).fields == {"raw": {"x": 1, "raw": "text"}}
    assert ticket(fields={"raw": "text"}).fields == {"raw": "text"}


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"id": None}, "/id"),
        ({"id": ""}, "/id"),
        ({"id": True}, "/id"),
        ({"id": 1.5}, "/id"),
        ({"id": "x" * 201}, "/id"),
        ({"id": 10**5000}, "/id"),
        ({"id": "a\0"}, "/id"),
        ({"id": "\ud800"}, "/id"),
        ({"closed_at": None}, "/closed_at"),
        ({"closed_at": 1790000000}, "/closed_at"),
        ({"closed_at": "yesterday"}, "/closed_at"),
        ({"closed_at": "2026-11-21T10:00:00"}, "/closed_at"),
        ({"closed_at": "2026-W10-1T00:00:00Z"}, "/closed_at"),
        ({"closed_at": "20261121T100000Z"}, "/closed_at"),
        ({"closed_at": "2026-11-21T10:00Z"}, "/closed_at"),
        ({"closed_at": "2026-11-21T10:00:00,5Z"}, "/closed_at"),
        ({"closed_at": "2026-11-21T10:00:00+0300"}, "/closed_at"),
        ({"closed_at": "2026-11-21T10:00:00+03:60"}, "/closed_at"),
        ({"closed_at": "2026-11-20T24:00:00Z"}, "/closed_at"),
        ({"closed_at": "2026-11-21T10:00:00Z\n"}, "/closed_at"),
        ({"closed_at": "٢٠٢٦-11-21T10:00:00Z"}, "/closed_at"),
        ({"closed_at": format_instant(NOW + 5 * MINUTE + 1)}, "/closed_at"),
        ({"closed_at": "0001-01-01T00:00:00Z"}, "/closed_at"),
        ({"opened_at": "9999-12-31T23:59:59-14:00"}, "/opened_at"),
        ({"last_message_at": {"agent": "soon"}}, "/last_message_at/agent"),
        ({"last_message_at": "2026-11-21T10:00:00Z"}, "/last_message_at"),
        ({"closing_id": []}, "/closing_id"),
        ({"desk": "a:b"}, "/desk"),
        ({"desk": 5}, "/desk"),
        ({"form": {"id": False}}, "/form/id"),
        ({"form": 1.5}, "/form"),
        ({"agent": "Anna"}, "/agent"),
        ({"agent": {"name": "x" * 1001}}, "/agent/name"),
        ({"kind": "letter"}, "/kind"),
        ({"kind": ["chat"]}, "/kind"),
        ({"direction": "sideways"}, "/direction"),
        ({"closed_by": "robot"}, "/closed_by"),
        ({"subject": "x" * 1001}, "/subject"),
        ({"subject": 5}, "/subject"),
        ({"url": "javascript:alert(1)"}, "/url"),
        ({"url": "https://x.example/" + "x" * 2000}, "/url"),
        ({"recording_url": "file:///etc"}, "/recording_url"),
        ({"url": "https://x.example/a\r\nSet-Cookie: x"}, "/url"),
        ({"priority": 1.5}, "/priority"),
        ({"priority": 10**100}, "/priority"),
        ({"customer": []}, "/customer"),
        ({"customer": {"phone": "5" * 101}}, "/customer/phone"),
        ({"address": "telegram"}, "/address"),
        ({"address": {"channel": "telegram", "id": "1"}}, "/address/channel"),
        ({"address": {"channel": "Telegram.support", "id": "1"}}, "/address/channel"),
        ({"address": {"channel": "telegram.support\n", "id": "1"}}, "/address/channel"),
        ({"addresses": [{"channel": "vk.a", "id": ""}]}, "/addresses/0/id"),
        ({"addresses": [{"channel": "vk.a", "id": "1"}] * 21}, "/addresses"),
        ({"addresses": {}}, "/addresses"),
        ({"thread": {"references": [1]}}, "/thread/references/0"),
        ({"thread": 1}, "/thread"),
        ({"talk_s": -1}, "/talk_s"),
        ({"talk_s": True}, "/talk_s"),
        ({"talk_s": "5"}, "/talk_s"),
        ({"talk_s": float("nan")}, "/talk_s"),
        ({"handling_s": float("inf")}, "/handling_s"),
        ({"handling_s": 10**5000}, "/handling_s"),
        ({"messages": {"agent": -1}}, "/messages/agent"),
        ({"messages": {"customer": 1.0}}, "/messages/customer"),
        ({"messages": {"customer": False}}, "/messages/customer"),
        ({"tags": "vip"}, "/tags"),
        ({"tags": ["a", 5]}, "/tags/1"),
        ({"tags": [None]}, "/tags/0"),
        ({"tags": ["x" * 101]}, "/tags/0"),
        ({"tags": ["x"] * 101}, "/tags"),
        ({"fields": []}, "/fields"),
        ({"fields": {"a": "x" * 65536}}, "/fields"),
        ({"fields": {"a": float("nan")}}, "/fields"),
        ({"fields": {"a": "\ud800"}}, "/fields"),
        ({"fields": {"a": [{"b/c": "\0"}]}}, "/fields/a/0/b~1c"),
        ({"fields": json.loads("[" * 30 + "]" * 30)}, "/fields"),
        ({"fields": {"a": json.loads("[" * 30 + "]" * 30)}}, "/fields"),
        ({"whatever": "\0"}, "/fields/raw/whatever"),
        ({"ask": 0}, "/ask"),
        ({"ask": "false"}, "/ask"),
    ],
)
def test_a_wrong_field_is_named(more: dict[str, object], pointer: str) -> None:
    assert pointers({"id": "T-1", "closed_at": CLOSED, **more}) == [pointer]


@pytest.mark.parametrize("levels", [21, 900, 100_000])
def test_what_is_nested_too_deep_is_a_wrong_field_however_deep_it_is(levels: int) -> None:
    deep: list[Any] = []
    for _ in range(levels):
        deep = [deep]
    with pytest.raises(InvalidInput, match="nested too deep"):
        ticket(zzz=deep)


def test_twenty_levels_are_kept() -> None:
    fields = {"a": json.loads("[" * 19 + "]" * 19)}
    assert ticket(fields=fields).fields == fields


@pytest.mark.parametrize(
    "written",
    ["2026-11-21t11:59:00.250z", "2026-11-21T11:59:00.25Z", "2026-11-21 14:59:00.250999999+03:00"],
)
def test_a_time_may_be_written_as_rfc_3339_allows(written: str) -> None:
    assert ticket(closed_at=written) == ticket()


def test_every_wrong_field_is_listed_at_once() -> None:
    data = {"closed_at": "no", "kind": "x", "talk_s": -1, "tags": [1, 2], "address": {}, "ask": "yes"}
    assert pointers(data) == [
        "/id", "/closed_at", "/kind", "/address/channel", "/address/id", "/talk_s", "/tags/0", "/tags/1", "/ask",
    ]  # fmt: skip


@pytest.mark.parametrize("data", [None, [], "ticket", 5, True])
def test_what_is_no_object_is_refused(data: object) -> None:
    assert pointers(data) == [""]


def test_errors_repeat_no_address_and_no_words() -> None:
    secret = "anna@secret.example"
    data = {
        "id": [secret],
        "closed_at": CLOSED,
        "subject": [secret],
        "customer": {"email": secret + "\0", "phone": secret * 10, "name": {"x": secret}},
        "address": {"channel": "vk", "id": {"x": secret}},
        "tags": secret,
        "fields": secret,
    }
    with pytest.raises(InvalidInput) as caught:
        parse_ticket(data, now=NOW)
    assert secret not in str(caught.value)


def test_a_clock_five_minutes_ahead_is_borne_and_no_more() -> None:
    assert ticket(closed_at=format_instant(NOW + 5 * MINUTE)).closed_at == NOW + 5 * MINUTE


def test_half_a_kilobyte_under_the_limit_of_fields_is_kept_and_literal_backslashes_are_no_nul() -> None:
    assert ticket(fields={"a": "я" * 32_000}).fields["a"] == "я" * 32_000
    assert ticket(fields={"a": "\\u0000"}).fields == {"a": "\\u0000"}


def test_the_closing_key_is_the_desks_own_else_the_second() -> None:
    assert ticket(closing_id="c-7").closing_key == "id:c-7"
    assert ticket().closing_key == f"at:{(NOW - MINUTE) // 1000}"
    assert ticket().closing_key == ticket(closed_at="2026-11-21T11:59:00.999Z").closing_key
    assert ticket().closing_key != ticket(closed_at="2026-11-21T11:59:01Z").closing_key


def test_the_customer_is_the_desks_else_the_address() -> None:
    assert ticket(desk="d", customer={"id": 7}).customer_key("vk.a", "1") == "c:d:7"
    assert ticket().customer_key("vk.a", "1") == "a:vk.a:1"


def test_a_reopening_is_read() -> None:
    at = "2026-11-21T11:00:00Z"
    assert parse_reopened({"id": 5, "desk": "d", "reopened_at": at, "x": 1}, NOW) == Reopened(
        "d", "5", parse_instant(at)
    )
    assert parse_reopened({"id": "5"}, NOW) == Reopened("api", "5", NOW)


@pytest.mark.parametrize("data", [None, {"id": ""}, {"id": "1", "reopened_at": "x"}, {"id": "1", "desk": ":"}])
def test_a_wrong_reopening_is_refused(data: object) -> None:
    with pytest.raises(InvalidInput):
        parse_reopened(data, NOW)


# --- properties ---------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
IDS = st.one_of(WORDS, st.integers(-(10**90), 10**90))
TIMES = st.integers(0, NOW + 400 * DAY).map(format_instant)
JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)
PARTIES = st.fixed_dictionaries({}, optional={"id": IDS, "name": IDS, "email": WORDS})
ADDRESSES = st.fixed_dictionaries(
    {"channel": st.sampled_from(["vk.a", "telegram.b-1"]), "id": st.integers(-(10**90), 10**90)}
)
SECONDS = st.one_of(st.integers(0, 10**9), st.floats(0, 1e9))
COUNTS = st.fixed_dictionaries({}, optional={"customer": st.integers(0, 10**9), "agent": st.integers(0, 10**9)})
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "closing_id": IDS,
    "desk": st.sampled_from(["api", "pyrus.main"]),
    "form": st.one_of(IDS, PARTIES),
    "kind": st.sampled_from(["ticket", "chat", "call", "callback"]),
    "direction": st.sampled_from(["in", "out", None]),
    "subject": WORDS,
    "url": WORDS.map(lambda words: f"https://x.example/{quote(words)}"),
    "priority": IDS,
    "group": st.one_of(IDS, PARTIES),
    "agent": PARTIES,
    "closed_by": st.sampled_from(["agent", "customer", "auto"]),
    "customer": st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("id", "phone"), IDS) | dict.fromkeys(("name", "language", "timezone", "email"), WORDS),
    ),
    "address": ADDRESSES,
    "addresses": st.lists(ADDRESSES, max_size=3),
    "thread": st.fixed_dictionaries({}, optional={"message_id": WORDS, "references": st.lists(WORDS, max_size=3)}),
    "opened_at": TIMES,
    "first_response_at": TIMES,
    "last_message_at": st.fixed_dictionaries({}, optional={"customer": TIMES, "agent": TIMES}),
    "talk_s": SECONDS,
    "handling_s": SECONDS,
    "messages": COUNTS,
    "tags": st.lists(WORDS, max_size=4),
    "fields": st.dictionaries(st.one_of(WORDS, st.just("raw")), JSONS, max_size=4),
    "recording_url": st.just("http://x.example"),
    "ask": st.booleans(),
    "unknown": JSONS,
}
TICKETS = st.fixed_dictionaries(
    {
        "id": st.one_of(WORDS.filter(bool), st.integers(-(10**90), 10**90)),
        "closed_at": st.integers(0, NOW).map(format_instant),
    },
    optional=OPTIONAL,
)


@given(TICKETS)
def test_a_ticket_written_and_read_again_is_the_same(data: dict[str, object]) -> None:
    read = parse_ticket(data, now=NOW)
    written = json.loads(json.dumps(ticket_to_dict(read)))
    assert parse_ticket(written, now=NOW) == read


@given(st.fixed_dictionaries({}, optional=dict.fromkeys((*OPTIONAL, "id", "closed_at"), JSONS)))
def test_any_json_is_read_or_refused_with_pointers_and_never_crashes(data: dict[str, object]) -> None:
    errors: tuple[FieldError, ...] | None = None
    try:
        parse_ticket(data, now=NOW)
    except InvalidInput as wrong:
        errors = wrong.errors
    assert errors is None or (errors and all(error.pointer.startswith("/") and error.detail for error in errors))
