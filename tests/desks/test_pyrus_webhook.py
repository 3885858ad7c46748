"""A bot's webhook: what is proven, and what is told."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from desks.base import TicketClosed, TicketReopened, Unknown, Unreadable
from desks.pyrus import webhook
from desks.pyrus.history import Us
from desks.pyrus.shapes import Comment, Person
from net.errors import WebhookRejected
from net.hooks import HookRequest
from ratings.ticket import Address, Party, Sides, Ticket, ticket_to_dict
from tests.desks.pyrus_kit import (
    AGENT,
    FORM,
    KEY,
    LOGIN,
    MAIL,
    TELEGRAM,
    TO_ANNA,
    Scene,
    hook_of,
    make_desk,
    scene,
    signed,
)
from tests.desks.row import ADDRESS, NOW, WORDS

VECTOR = b'{"event":"comment","task_id":1532}'
SIGNATURE = "8d669db4408729cded05ef9b8eb608f7a4e0042b"


def closed(made: Scene) -> Ticket:
    told = made.told()
    assert isinstance(told, TicketClosed), told
    return told.ticket


@pytest.mark.parametrize("signature", [SIGNATURE, SIGNATURE.upper(), f" {SIGNATURE} "])
def test_the_signature_is_the_hmac_of_the_raw_body_in_hex_of_either_case(signature: str) -> None:
    webhook.verify(HookRequest("POST", {"x-pyrus-sig": signature}, VECTOR), "test-secret-1")
    with pytest.raises(WebhookRejected):
        webhook.verify(HookRequest("POST", {"x-pyrus-sig": signature}, VECTOR + b"\n"), "test-secret-1")


def test_the_webhook_may_have_a_secret_of_its_own() -> None:
    desk = make_desk("http://127.0.0.1:1/", webhook_secret=SecretStr("another-secret"))
    desk.verify(signed(b"{}", "another-secret"), NOW)
    with pytest.raises(WebhookRejected):
        desk.verify(signed(b"{}", KEY), NOW)


async def test_everything_that_a_task_says_is_in_the_ticket() -> None:
    async with scene() as made:
        made.clock.now += 60
        made.pyrus.agent_writes(made.task, made.agent, "Смотрим", TO_ANNA)
        made.pyrus.agent_writes(made.task, made.agent, "кто знает?")  # among staff
        made.clock.now += 60
        made.pyrus.customer_writes(made.task, "Ещё вот", MAIL)
        made.clock.now += 60
        comment = made.close(text="Готово", channel=TO_ANNA)
        ticket = closed(made)
        assert ticket.closing_id == str(comment["id"])
        assert ticket.closed_at == NOW + 180_000
        assert (ticket.desk, ticket.form) == ("pyrus.main", Party(str(FORM)))
        assert (ticket.subject, ticket.priority) == (WORDS, "high")
        assert ticket.agent == Party(str(made.agent.id), "Мария Ким", "m.kim@example.com")
        assert ticket.group == Party("Поддержка", "Поддержка")
        assert ticket.closed_by == "agent"
        assert (ticket.customer.name, ticket.customer.email) == ("Анна", "anna@example.org")
        assert ticket.addresses == (
            Address("telegram.support", ADDRESS),
            Address("email.support", "anna@example.org"),
        )
        assert (ticket.opened_at, ticket.first_response_at) == (NOW, NOW + 60_000)
        assert ticket.messages == Sides(customer=2, agent=2)
        assert ticket.last_message_at == Sides(customer=NOW + 120_000, agent=NOW + 180_000)
        assert ticket.tags == ("vip", "rated-2")
        assert ticket.url == f"https://pyrus.com/t#id{made.task.id}"
        assert ticket.fields == {"12": ["Высокий"], "24": ["vip", "rated-2"], "channel": "email"}


async def test_the_token_in_a_call_is_neither_told_nor_kept() -> None:
    async with scene() as made:
        made.close()
        request = made.hook()
        assert b"tok-of-the-bot" in request.body
        assert "tok-of" not in str(ticket_to_dict(closed(made)))
        for body in (
            request.body[:-1],
            request.body.replace(b'"task": {"id"', b'"task": {"id": "no", "di"'),
            request.body[:80],
        ):
            told = made.told(signed(body))
            assert isinstance(told, Unreadable)
            assert b"tok-of" not in told.raw
            assert "tok-of" not in told.error


async def test_a_call_that_is_repeated_tells_the_same() -> None:
    async with scene() as made:
        made.close()
        first = made.told()
        again = replace(made.hook(), headers={**made.hook().headers, "x-pyrus-retry": "3/3"})
        assert made.told(again) == first
        made.clock.now += 5
        made.pyrus.agent_writes(made.task, made.agent, "заметка")
        later = made.told()
        assert later.event_id != first.event_id
        assert isinstance(first, TicketClosed)
        assert isinstance(later, TicketClosed)
        assert later.ticket.closing_key == first.ticket.closing_key, "one closing, whatever is said below it"


async def test_a_task_that_is_closed_again_was_closed_a_second_time() -> None:
    async with scene() as made:
        made.close()
        first = closed(made)
        made.pyrus.reopen(made.task, made.agent)
        made.clock.now += 60
        made.close()
        assert closed(made).closing_key != first.closing_key


async def test_our_own_comments_are_ignored() -> None:
    """Pitfall 3: Pyrus calls us about what we wrote, too."""
    async with scene() as made:
        made.close()
        made.pyrus.comment_as(made.bot, made.task, {"text": "Оценка 5", "skip_auto_reopen": True})
        assert made.told() == Unknown(event_id=made.told().event_id, what="own")
        made.pyrus.comment_as(made.bot, made.task, {"action": "reopened"})
        assert isinstance(made.told(), Unknown)
        made.pyrus.comment_as(made.bot, made.task, {"action": "finished", "skip_satisfaction": True})
        assert isinstance(made.told(), Unknown)
        made.pyrus.agent_writes(made.task, made.agent, "заметка")
        assert isinstance(made.told(), Unknown), "we closed it: nobody is asked for that"


@pytest.mark.parametrize(
    ("us", "author", "user_id", "ours"),
    [
        (Us(7, LOGIN), Person(7), None, True),
        (Us(7, LOGIN), Person(8, email=LOGIN), 8, False),
        (Us(None, LOGIN), Person(8, email=LOGIN.upper()), None, True),
        (Us(None, LOGIN), Person(8, type="bot"), 8, True),
        (Us(None, LOGIN), Person(8, type="user"), 8, False),  # should user_id be who wrote
        (Us(None, LOGIN), Person(8, type="bot"), 9, False),
        (Us(None, LOGIN), None, 9, False),
    ],
)
def test_we_are_known_by_id_and_until_then_by_login(
    us: Us, author: Person | None, user_id: int | None, *, ours: bool
) -> None:
    assert us.wrote(Comment(1, author=author), user_id) is ours


@pytest.mark.parametrize("tells", [True, False])
async def test_thanks_that_opens_a_task_is_a_reopening(*, tells: bool) -> None:
    """Pitfall 4: a customer's "thanks" opens the task, with or without a comment that says so."""
    async with scene() as made:
        made.close()
        made.clock.now += 30
        made.pyrus.customer_writes(made.task, "спасибо", MAIL, tells=tells)
        told = made.told()
        assert isinstance(told, TicketReopened)
        assert (told.report.id, told.report.reopened_at) == (str(made.task.id), NOW + 30_000)
        made.pyrus.agent_writes(made.task, made.agent, "на здоровье", TO_ANNA)
        assert made.told() == Unknown(event_id=made.told().event_id, what="comment")


async def test_the_newest_comment_alone_tells_the_same_closing() -> None:
    async with scene() as made:
        comment = made.close()
        whole = closed(made)
        made.bot.only_last_comment = True
        part = closed(made)
        assert part.closing_key == whole.closing_key == f"id:{comment['id']}"
        assert part.messages == Sides(), "who sees one comment cannot count"
        made.clock.now += 60
        made.pyrus.agent_writes(made.task, made.agent, "заметка")
        assert made.told() == Unknown(event_id=made.told().event_id, what="comment"), "it closed nothing"


async def test_a_close_that_no_comment_tells_is_known_by_its_date() -> None:
    async with scene() as made:
        made.pyrus.agent_writes(made.task, made.agent, "утверждено")
        made.task.closed = made.clock.now
        ticket = closed(made)
        assert (ticket.closing_id, ticket.closing_key) == (None, f"at:{NOW // 1000}")
        assert ticket.closed_by is None


async def test_a_bot_that_closes_is_no_agent() -> None:
    async with scene() as made:
        robot = made.pyrus.add_person("Робот", kind="bot")
        made.pyrus.close(made.task, robot)
        assert closed(made).closed_by == "auto"


async def test_other_forms_and_calls_without_a_task_are_not_for_us() -> None:
    async with scene(form_ids=[FORM + 1]) as made:
        made.close()
        assert made.told() == Unknown(event_id=made.told().event_id, what="other_form")
        bare = made.told(signed(b'{"event":"task_created","task_id":5}'))
        assert isinstance(bare, Unknown)
        assert bare.what == "task_created"


async def test_an_agent_of_no_field_is_the_tasks_responsible() -> None:
    async with scene(agent_field=None, group_field=None) as made:
        role = made.pyrus.add_person("Линия 1", kind="role")
        made.close()
        assert closed(made).agent == Party(str(made.agent.id), "Мария Ким", "m.kim@example.com")
        made.task.responsible = role
        ticket = closed(made)
        assert (ticket.agent, ticket.group) == (None, Party(str(role.id), "Линия 1"))


async def test_settings_of_one_form_go_before_those_of_all() -> None:
    own = {str(FORM): {"subject_field": TELEGRAM, "agent_field": None}}
    async with scene(forms=own) as made:
        made.close()
        ticket = closed(made)
        assert ticket.subject == ADDRESS
        assert ticket.priority == "high"
        assert ticket.agent == Party(str(made.agent.id), "Мария Ким", "m.kim@example.com")


async def test_a_part_that_does_not_fit_costs_the_part_and_not_the_closing() -> None:
    async with scene(task_url="tel:{id}") as made:
        made.task.values[AGENT] = None
        made.task.text = "т" * 5000
        made.close()
        ticket = closed(made)
        assert ticket.url is None
        assert ticket.addresses


def test_long_calls_are_taken() -> None:
    assert make_desk("http://127.0.0.1:1/").capabilities.max_body == 16 * 1024 * 1024


async def test_a_table_and_a_phone_are_read_where_they_stand() -> None:
    async with scene(
        addresses=[{"channel": "sms.main", "from": "channel", "types": ["sms"]}], customer_phone_field=91
    ) as made:
        made.pyrus.customer_writes(made.task, "смс", {"type": "sms", "phone": "+79991234567", "direction": "Inbound"})
        made.close()
        body: dict[str, Any] = json.loads(hook_of(made.pyrus, made.task, made.bot).body)
        rows = [{"row_id": 0, "cells": [{"id": 91, "type": "phone", "value": "+70000000000"}]}, {"row_id": 1}]
        body["task"]["fields"].append({"id": 90, "type": "table", "value": rows})
        told = made.told(signed(json.dumps(body).encode()))
        assert isinstance(told, TicketClosed)
        assert told.ticket.customer.phone == "+70000000000"
        assert told.ticket.addresses == (Address("sms.main", "+79991234567"),)
