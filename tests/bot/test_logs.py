"""Logs: one stream for everybody's records, and nothing secret or personal in it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from bot.logs import configure_logging, redact, redact_text

BOT_TOKEN = "123456789:AAF-this_is_the_token_of_a_bot_0123"
API_KEY = "tf_k3y1d_0123456789abcdefABCDEF"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """What the fixture of all tests does not put back: the levels of others' loggers."""
    names = ["uvicorn", "uvicorn.error", "uvicorn.access", "aiogram", "aiohttp", "httpx", "httpcore", "sqlalchemy"]
    kept = [
        (logging.getLogger(name), logging.getLogger(name).level, logging.getLogger(name).disabled) for name in names
    ]
    yield
    for logger, level, disabled in kept:
        logger.setLevel(level)
        logger.disabled = disabled


def records(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    configure_logging("info", "json", stream=stream)
    return stream


def test_our_records_are_json_with_level_logger_and_time(stream: io.StringIO) -> None:
    structlog.get_logger("bot.outbox").info("sent", channel="telegram.support", wait_ms=12, ok=True, spare=None)
    (record,) = records(stream)
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "event": "sent", "level": "info", "logger": "bot.outbox",
        "channel": "telegram.support", "wait_ms": 12, "ok": True, "spare": None,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error", "alembic.runtime.migration", "any.library"])
def test_records_of_libraries_take_the_same_way(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("Running upgrade %s -> %s", "a", "b")
    (record,) = records(stream)
    assert (record["event"], record["level"], record["logger"]) == ("Running upgrade a -> b", "info", name)
    assert "timestamp" in record


@pytest.mark.parametrize("name", ["aiogram", "aiogram.event", "aiohttp.client", "httpx", "sqlalchemy.engine.Engine"])
def test_libraries_that_write_urls_or_rows_are_heard_from_warning_on(name: str) -> None:
    stream = io.StringIO()
    configure_logging("debug", "json", stream=stream)
    logging.getLogger(name).info("POST https://api.telegram.org/bot%s/getMe", BOT_TOKEN)
    logging.getLogger(name).warning("slow")
    assert [record["event"] for record in records(stream)] == ["slow"]


def test_access_lines_of_the_web_server_are_off(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").warning('"GET /r/abcdefghijklmnop HTTP/1.1" 200')
    assert stream.getvalue() == ""


def test_the_level_holds_for_ours_and_theirs() -> None:
    stream = io.StringIO()
    configure_logging("warning", "json", stream=stream)
    structlog.get_logger("bot").info("ours, too low")
    logging.getLogger("library").info("theirs, too low")
    structlog.get_logger("bot").error("ours")
    logging.getLogger("library").error("theirs")
    assert [record["event"] for record in records(stream)] == ["ours", "theirs"]


def test_a_later_call_reaches_loggers_that_exist_already() -> None:
    first, second = io.StringIO(), io.StringIO()
    logger = structlog.get_logger("bot")
    configure_logging("info", "json", stream=first)
    logger.info("one")
    configure_logging("debug", "json", stream=second)
    logger.debug("two")
    assert [record["event"] for record in records(first)] == ["one"]
    assert [record["event"] for record in records(second)] == ["two"]


def test_bound_context_is_written(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(invitation=7, comment="hidden as well"):
        structlog.get_logger("bot").info("asked")
    (record,) = records(stream)
    assert (record["invitation"], record["comment"]) == (7, "[redacted]")


@pytest.mark.parametrize(("format_", "on_terminal", "pretty"), [
    ("auto", True, True), ("auto", False, False), ("pretty", False, True), ("json", True, False),
])  # fmt: skip
def test_the_format_follows_the_setting_or_the_terminal(format_: Any, on_terminal: bool, pretty: bool) -> None:
    stream = Terminal() if on_terminal else io.StringIO()
    configure_logging("info", format_, stream=stream)
    structlog.get_logger("bot").info("asked", invitation=7)
    assert stream.getvalue().startswith("{") is not pretty
    assert "asked" in stream.getvalue()


# --- what is taken out -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [
    "token", "bot_token", "tokens", "botToken", "X-Telegram-Bot-Api-Secret-Token", "secret", "hook_secret", "Authorization",
    "password", "address", "addresses", "new_address", "comment", "text", "prompt_text", "phone", "email", "customer.email",
    "cookie", "api_key", "chat_id",
])  # fmt: skip
def test_values_are_hidden_by_the_name_of_their_key(stream: io.StringIO, key: str) -> None:
    structlog.get_logger("bot").info("event", **{key: "Vasya", "nested": {"deep": [{key: 12345}]}})
    (record,) = records(stream)
    assert record[key] == "[redacted]"
    assert record["nested"] == {"deep": [{key: "[redacted]"}]}


@pytest.mark.parametrize("key", ["context", "invitation", "channel", "texture", "kind", "state", "seconds", "status"])
def test_other_values_stay(key: str) -> None:
    assert redact(None, "info", {key: "telegram.support"}) == {key: "telegram.support"}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"POST https://api.telegram.org/bot{BOT_TOKEN}/getMe", "POST https://api.telegram.org/bot[redacted]/getMe"),
        (f"bot{BOT_TOKEN.replace(':', '%3A')}/getMe", "bot[redacted]/getMe"),
        (f"key {API_KEY}, known", "key [redacted], known"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]"),
        ("authorization: basic dXNlcjpwYXNz'", "authorization: basic [redacted]'"),
        ("postgresql+psycopg://tapfive:p@ss:w/rd@db:5432/t", "postgresql+psycopg://tapfive:[redacted]@db:5432/t"),
        ("redis://:hunter2@cache/0", "redis://:[redacted]@cache/0"),
        ("GET /r/mfrggzdfmztwq2lk/5 and /u/mfrggzdfmztwq2lk", "GET /r/[redacted]/5 and /u/[redacted]"),
        ("INSERT … [parameters: (1, 'the customer said')]", "INSERT … [parameters: [redacted]]"),
        ("mail to anna.k+1@mail.example.com bounced", "mail to [redacted] bounced"),
        ("sms to +380501234567 failed", "sms to [redacted] failed"),
        (
            "closed 12:34:56 at http://127.0.0.1:8000/hooks, 5 of 12",
            "closed 12:34:56 at http://127.0.0.1:8000/hooks, 5 of 12",
        ),
    ],
)
def test_what_looks_secret_is_taken_out_of_any_text(text: str, clean: str) -> None:
    assert redact_text(text) == clean


@pytest.mark.parametrize("format_", ["json", "pretty"])
@pytest.mark.parametrize("name", ["ours", "a library's"])
def test_exceptions_are_written_without_secrets_and_without_local_variables(format_: Any, name: str) -> None:
    def fail(words: str) -> None:
        raise ValueError(f"no answer from https://api.telegram.org/bot{BOT_TOKEN}/sendMessage in {len(words)} s")

    stream = Terminal()
    configure_logging("info", format_, stream=stream)
    logger = structlog.get_logger("bot") if name == "ours" else logging.getLogger("library")
    try:
        fail("sdrow s'remotsuc eht"[::-1])  # backwards, so that the traceback's source line does not hold them
    except ValueError:
        logger.exception("failed")
    written = stream.getvalue()
    assert "Traceback" in written
    assert "ValueError: no answer from https://api.telegram.org/bot[redacted]/sendMessage in 20 s" in written
    assert "customer's words" not in written


def test_values_that_are_no_json_are_described_without_their_secrets(stream: io.StringIO) -> None:
    class Thing:
        def __repr__(self) -> str:
            return f"<Thing {BOT_TOKEN}>"

    structlog.get_logger("bot").info("odd", thing=Thing(), body=b"customer's words", both=(SecretStr("abc"), {1}))
    (record,) = records(stream)
    assert record["thing"] == "<Thing [redacted]>"
    assert record["body"] == "[16 bytes]"
    assert record["both"] == ["SecretStr('**********')", [1]]


def test_arguments_of_foreign_records_are_cleaned_too(stream: io.StringIO) -> None:
    logging.getLogger("library").error("%s sent %r", BOT_TOKEN, {"Authorization": "Bearer abcdef"})
    (record,) = records(stream)
    assert BOT_TOKEN not in str(record)
    assert "abcdef" not in str(record)


@pytest.mark.parametrize(
    "token", ["vk1.a.Zz0-_9AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", "4453b6ac12345678-abcdef0123456789-0011223344556677"]
)
def test_tokens_of_vk_and_viber_are_taken_out_wherever_they_stand(token: str) -> None:
    assert token not in redact_text(f"POST /pa with {token} failed")
