"""The keys of a mail account: what is taken, what is refused, and with which words."""

from typing import Any

import pytest
from pydantic import ValidationError

from channels.base import Mode
from channels.email.config import EmailConfig, Server, listen_address, server
from channels.email.smtp import tls_context
from tests.channels.email_kit import config, secret

IN = {"imap": "imaps://imap.example.org/INBOX", "imap_user": "support", "imap_password": secret("x")}


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("smtp://mx.example.org", Server("mx.example.org", 587, tls=False)),
        ("smtp://mx.example.org:25", Server("mx.example.org", 25, tls=False)),
        ("smtps://mx.example.org", Server("mx.example.org", 465, tls=True)),
        ("smtp://[::1]:2525", Server("::1", 2525, tls=False)),
        ("imap://imap.example.org", Server("imap.example.org", 143, tls=False)),
        (
            "imaps://imap.example.org:9993/INBOX/Answers%20in",
            Server("imap.example.org", 9993, tls=True, folder="INBOX/Answers in"),
        ),
    ],
)
def test_where_a_server_is(url: str, where: Server) -> None:
    assert server(url) == where


@pytest.mark.parametrize(
    "keys",
    [
        {"smtp": "mx.example.org"},
        {"smtp": "http://mx.example.org"},
        {"smtp": "smtp://user:pass@mx.example.org"},
        {"smtp": "smtp://user@mx.example.org"},
        {"smtp": "smtp://mx.example.org/folder"},
        {"smtp": "smtp://mx.example.org:99999"},
        {"smtp": "imap://mx.example.org"},
        {"from": "nobody"},
        {"from": ""},
        {"from": "a@example.org, b@example.org"},
        {"from": "Us <a@example.org>, b@example.org"},
        {"from": "Us <a@example.org>\r\nBcc: b@example.org"},
        {"reply_to": "Us <a@example.org>"},
        {"separator": "."},
        {"separator": "++"},
        {"separator": ""},
        {"starttls": "sometimes"},
        {"user": "support"},
        {"password": secret("x")},
        {"mode": "webhook"},
        {"mode": "relay"},
        {"mode": "polling"},
        {**IN, "lmtp_listen": "127.0.0.1:24"},
        {**IN, "imap": "smtp://imap.example.org"},
        {**IN, "imap": "imaps://a:b@imap.example.org"},
        {"imap": "imaps://imap.example.org"},
        {"imap": "imaps://imap.example.org", "imap_user": "support"},
        {**IN, "reply_to": f"{'a' * 28}@example.org"},
        {**IN, "reply_to": "почта@example.org"},
        {"lmtp_listen": "24"},
        {"lmtp_listen": "127.0.0.1:70000"},
        {"dkim_domain": "example.org"},
        {"dkim_domain": "example.org", "dkim_selector": "a"},
        {"dkim_domain": "not a domain", "dkim_selector": "a", "dkim_key": secret("x")},
        {"dkim_domain": "example.org", "dkim_selector": "a b", "dkim_key": secret("x")},
        {"connections": 0},
        {"imap_poll": 0},
        {"from_": "a@example.org"},
    ],
    ids=lambda keys: " ".join(f"{name}={value}" for name, value in keys.items())[:60],
)
def test_what_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**keys)


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        ("support@Example.ORG", ("", "support@example.org")),
        ("Support <support@example.org>", ("Support", "support@example.org")),
        ('"Us, the people" <support@example.org>', ("Us, the people", "support@example.org")),
        ("Служба поддержки <support@example.org>", ("Служба поддержки", "support@example.org")),
    ],
)
def test_who_sends(given: str, sender: tuple[str, str]) -> None:
    made = config(**{"from": given})
    assert made.sender == sender
    assert made.mailbox == "support@example.org"
    assert config(reply_to="answers@Example.net").mailbox == "answers@example.net"


def test_without_a_way_to_hear_an_account_only_sends() -> None:
    assert config().mode is Mode.SEND_ONLY
    assert config(**IN).mode is Mode.POLLING
    assert config(lmtp_listen="127.0.0.1:2424").mode is Mode.POLLING
    assert config(**IN, mode="send-only").mode is Mode.SEND_ONLY


def test_the_login_of_the_server_is_that_of_the_mailbox_unless_it_has_its_own() -> None:
    assert config(user="a", password=secret("b"), imap="imaps://imap.example.org").mode is Mode.POLLING


@pytest.mark.parametrize(
    ("value", "address"),
    [("127.0.0.1:2424", ("127.0.0.1", 2424)), ("[::1]:24", ("::1", 24)), ("localhost:0", ("localhost", 0))],
)
def test_where_to_listen(value: str, address: tuple[str, int]) -> None:
    assert listen_address(value) == address


def test_certificates_are_verified_but_not_this_machines_own() -> None:
    assert tls_context("mx.example.org").check_hostname
    assert tls_context("127.0.0.2.example.org").check_hostname
    for host in ("localhost", "127.0.0.1", "::1"):
        assert not tls_context(host).check_hostname


def test_a_secret_is_a_reference() -> None:
    with pytest.raises(ValidationError) as refused:
        EmailConfig.model_validate(
            {"smtp": "smtp://a", "from": "a@b.example", "user": "a", "password": "plain-password"}, context={}
        )
    assert [error["loc"] for error in refused.value.errors()] == [("password",)]
