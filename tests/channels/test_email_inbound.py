"""Received mails as events: who is meant, what is an answer, what never is."""

from dataclasses import replace
from typing import Any

import pytest

from channels.base import DeliveryReported, Inbound, OptOut, TextReceived, Unknown, Unreadable
from channels.email.inbound import Envelope, read_mail
from channels.email.message import prompt_mail
from tests.channels.email_kit import ANN, DOMAIN, MAILBOX, NOW, PROMPT, SENDER, TOKEN, received

OTHER = TOKEN[::-1]
OURS = prompt_mail(SENDER, ANN, PROMPT, NOW).message_id
REPLY, BOUNCE, NEVER = (f"support+{letter}.{TOKEN}@example.org" for letter in "rbu")
HTML = "text/html; charset=utf-8"


def event(raw: bytes, envelope: Envelope = Envelope()) -> Inbound:  # noqa: B008 - frozen
    return read_mail(raw, envelope, mailbox=MAILBOX, domain=DOMAIN)


def answer(raw: bytes, envelope: Envelope = Envelope()) -> TextReceived:  # noqa: B008 - frozen
    found = event(raw, envelope)
    assert isinstance(found, TextReceived)
    return found


def what(raw: bytes, envelope: Envelope = Envelope()) -> str:  # noqa: B008 - frozen
    found = event(raw, envelope)
    assert isinstance(found, Unknown)
    return found.what


def test_an_answer() -> None:
    raw = received({"In-Reply-To": OURS}, "5\r\n\r\nСпасибо!\r\n")
    found = answer(raw, Envelope(at=NOW))
    assert (found.text, found.token, found.reply_to) == ("5\n\nСпасибо!", TOKEN, OURS)
    assert (found.address, found.message_id, found.at) == (ANN, "<answer@example.net>", NOW)
    assert answer(raw, Envelope(at=NOW)) == found


@pytest.mark.parametrize("header", ["Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"])
def test_the_tagged_address_is_found_wherever_it_stands(header: str) -> None:
    headers = {"To": "support@example.org", header: f'"Us" <{REPLY}>'}
    assert answer(received(headers)).token == TOKEN


def test_what_the_transport_knows_comes_first() -> None:
    raw = received({"To": f"support+r.{OTHER}@example.org"})
    assert answer(raw, Envelope((REPLY,), "ann@example.net")).token == TOKEN
    delivered = received({"To": f"support+r.{OTHER}@example.org", "Delivered-To": REPLY})
    assert answer(delivered).token == TOKEN


def test_the_case_of_an_address_does_not_count() -> None:
    assert answer(received({"To": REPLY.upper()})).token == TOKEN


@pytest.mark.parametrize("separator", "+=_-")
def test_other_separators(separator: str) -> None:
    mailbox = replace(MAILBOX, separator=separator)
    raw = received({"To": f"support{separator}r.{TOKEN}@example.org"})
    found = read_mail(raw, Envelope(), mailbox=mailbox, domain=DOMAIN)
    assert isinstance(found, TextReceived)
    assert found.token == TOKEN


@pytest.mark.parametrize(
    "to",
    [
        *(
            "support@example.org",
            f"support+x.{TOKEN}@example.org",
            f"support+r{TOKEN}@example.org",
            "support+r.@example.org",
        ),
        *(
            f"other+r.{TOKEN}@example.org",
            f"not.support+r.{TOKEN}@example.org",
            f"support+r.{TOKEN}@example.org.evil.example",
        ),
        *(f"support+r.{TOKEN}0@example.org", f"support+r.{TOKEN}@example.com", ""),
    ],
)
def test_a_mail_for_somebody_else_is_not_ours(to: str) -> None:
    assert what(received({"To": to})) == "not an answer"


def test_without_a_tag_the_ids_tell() -> None:
    for headers in ({"In-Reply-To": OURS}, {"References": f"<a@b> {OURS} <c@d>"}):
        found = answer(received({"To": "support@example.org", **headers}))
        assert (found.reply_to, found.token) == (OURS, "")
    foreign = OURS.replace("example.org", "example.com")
    assert what(received({"To": "support@example.org", "In-Reply-To": foreign})) == "not an answer"
    assert what(received({"To": "support@example.org", "Subject": "Re: Как мы справились?"})) == "not an answer"


def test_the_sender_may_be_somebody_else() -> None:
    found = answer(received({"From": "Assistant <Bob@Example.COM>"}))
    assert (found.token, found.address) == (TOKEN, "Bob@example.com")


@pytest.mark.parametrize("sender", ["", "nobody", "<>", "a@b@c", "=?utf-8?q?=ff?=", "\x00@example.net"])
def test_a_sender_that_is_none_is_no_address(sender: str) -> None:
    assert answer(received({"From": sender})).address == ""


def test_a_whole_sender_can_be_encoded() -> None:
    assert answer(received({"From": "=?utf-8?q?ann=40example=2enet?="})).address == ANN


# --- automatic mail is never an answer

AUTOMATIC: tuple[dict[str, str], ...] = (
    {"Return-Path": "<>"},
    {"Auto-Submitted": "auto-replied"},
    {"Auto-Submitted": "Auto-Generated (by a rule)"},
    {"Auto-Submitted": "auto-notified; owner-email=x@example.net"},
    {"Precedence": "bulk"},
    {"Precedence": "Junk"},
    {"Precedence": "list"},
    {"Precedence": "auto_reply"},
    {"X-Autoreply": "yes"},
    {"X-Autorespond": "Out of office"},
    {"List-Id": "<news.example.net>"},
    {"From": "Mail Delivery System <MAILER-DAEMON@example.net>"},
    {"From": "postmaster@example.net"},
    {"Content-Type": 'multipart/report; report-type=disposition-notification; boundary="x"'},
    {"From": "support@example.org"},
)


@pytest.mark.parametrize("headers", AUTOMATIC, ids="-".join)
def test_automatic_mail_is_never_an_answer(headers: dict[str, str]) -> None:
    assert what(received({"In-Reply-To": OURS, **headers})) == "automatic"


def test_the_empty_sender_of_the_transport_counts_too() -> None:
    assert what(received({}), Envelope((REPLY,), "")) == "automatic"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "no"},
        {"Precedence": "first-class"},
        {"X-Autoreply": "no"},
        {"Return-Path": "<ann@example.net>"},
    ],
)
def test_what_a_person_wrote_is_an_answer(headers: dict[str, str]) -> None:
    assert answer(received(headers)).text == "5"


def test_an_absence_notice_to_the_envelopes_sender_is_no_bounce() -> None:
    raw = received({"To": BOUNCE, "Auto-Submitted": "auto-replied", "Return-Path": "<>"}, "I am away.")
    assert what(raw) == "automatic"


# --- no more prompts


@pytest.mark.parametrize("headers", [{}, {"Auto-Submitted": "auto-generated"}, {"Precedence": "bulk"}])
def test_a_mail_to_the_unsubscribe_address_asks_for_no_more(headers: dict[str, str]) -> None:
    found = event(received({"To": NEVER, **headers}, ""))
    assert isinstance(found, OptOut)
    assert (found.token, found.reason, found.address) == (TOKEN, "asked", ANN)


COMPLAINT = f"""\
--x
Content-Type: text/plain

This is an email abuse report.
--x
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1
--x
Content-Type: message/rfc822

From: support@example.org
Reply-To: {REPLY}
Subject: x

text
--x--
"""


def test_a_complaint_is_an_opt_out() -> None:
    headers = {"From": "staff@provider.example", "To": "abuse@example.org", "Return-Path": "<>"}
    kind = 'multipart/report; report-type=feedback-report; boundary="x"'
    found = event(received(headers, COMPLAINT, kind=kind))
    assert isinstance(found, OptOut)
    assert found.token == TOKEN
    assert what(received(headers, COMPLAINT.replace(REPLY, "a@b.example"), kind=kind)) == "complaint"


# --- the words


@pytest.mark.parametrize("charset", ["utf-8", "koi8-r", "windows-1251", "iso-8859-5", "utf-16"])
def test_charsets(charset: str) -> None:
    raw = received({}, "", kind=f"text/plain; charset={charset}") + "отлично, спасибо".encode(charset)
    assert answer(raw).text == "отлично, спасибо"


@pytest.mark.parametrize("charset", ["martian-7", "unknown-8bit", "x-user-defined", '"', "hex", "rot13", "idna", ""])
def test_a_charset_that_does_not_exist_harms_nobody(charset: str) -> None:
    raw = received({}, "", kind=f"text/plain; charset={charset}") + "5, хорошо".encode()
    assert answer(raw).text == "5, хорошо"
    cyrillic = received({}, "", kind=f"text/plain; charset={charset}") + "5, хорошо".encode("windows-1251")
    assert answer(cyrillic).text == "5, хорошо"


def test_octets_that_are_no_text_are_replaced() -> None:
    raw = received({}) + b"\xff\xfe \x00 ok"
    assert answer(raw).text == "5\n\ufffd\ufffd  ok"


def test_html_alone_is_read_too() -> None:
    raw = received({}, "<html><body><p>4, <b>хорошо</b></p></body></html>", kind=HTML)
    assert answer(raw).text == "4, хорошо"


ALTERNATIVE = "--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{plain}\r\n--x\r\nContent-Type: text/html\r\n\r\n{html}\r\n--x--\r\n"


@pytest.mark.parametrize(("plain", "expected"), [("3", "3"), (" \r\n ", "4")])
def test_plain_text_comes_before_html(plain: str, expected: str) -> None:
    body = ALTERNATIVE.format(plain=plain, html="<p>4</p>")
    assert answer(received({}, body, kind='multipart/alternative; boundary="x"')).text == expected


def test_lines_that_a_program_broke_are_joined() -> None:
    body = "Всё прошло очень \r\nхорошо, спасибо.\r\nЕщё строка\r\n> quoted \r\n"
    assert answer(received({}, body, kind="text/plain; charset=utf-8; format=flowed")).text.splitlines()[:2] == [
        "Всё прошло очень хорошо, спасибо.",
        "Ещё строка",
    ]


ATTACHED = (
    "--x\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--x\r\nContent-Type: image/png\r\nContent-Disposition: {how}\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("text", "how", "expected"),
    [("5", "attachment", ("5", "attachment")), ("", "attachment", ("", "attachment")), ("5", "inline", ("5", None))],
)
def test_attachments_are_told_and_pictures_in_the_text_are_not(text: str, how: str, expected: tuple[str, Any]) -> None:
    found = answer(received({}, ATTACHED.format(text=text, how=how), kind='multipart/mixed; boundary="x"'))
    assert (found.text, found.media) == expected


def test_a_reply_without_words_says_nothing() -> None:
    assert what(received({}, "\r\n \r\n")) == "empty"


def test_a_long_reply_is_cut() -> None:
    assert len(answer(received({}, "слово " * 100_000)).text) == 16_384


def test_a_text_within_a_forwarded_mail_is_not_the_reply() -> None:
    body = "--x\r\nContent-Type: text/plain\r\n\r\n4\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: a\r\n\r\n1\r\n--x--\r\n"
    assert answer(received({}, body, kind='multipart/mixed; boundary="x"')).text == "4"


# --- odd mails


def test_the_event_is_the_same_whenever_it_is_read_and_another_for_another() -> None:
    first = received({"Message-ID": "<1@example.net>"})
    others = [
        received({"Message-ID": "<2@example.net>"}),
        received({"Message-ID": "<1@example.net>", "From": "bob@example.net"}),
        received({"Message-ID": "<1@example.net>", "To": f"support+r.{OTHER}@example.org"}),
        received({"Message-ID": "<1@example.net>", "To": NEVER}),
        received({"Message-ID": ""}),
        received({"Message-ID": ""}, "4"),
    ]
    assert len({event(raw).event_id for raw in [first, *others]}) == 7
    again = received({"Message-ID": "<1@example.net>", "Received": "from elsewhere", "X-Spam": "no"})
    assert event(again).event_id == event(first).event_id


def test_a_message_id_that_is_too_long_is_replaced() -> None:
    found = answer(received({"Message-ID": f"<{'x' * 5000}@example.net>"}))
    assert found.message_id == found.event_id


def nested(depth: int) -> bytes:
    kind = 'multipart/mixed; boundary="b0"'
    body = ""
    for level in range(depth):
        body += f'--b{level}\r\nContent-Type: multipart/mixed; boundary="b{level + 1}"\r\n\r\n'
    return received({}, body + f"--b{depth}\r\nContent-Type: text/plain\r\n\r\n5\r\n", kind=kind)


def test_nesting_and_parts_have_an_end() -> None:
    assert answer(nested(9)).text == "5"
    assert what(nested(11)) == "empty"
    assert isinstance(event(nested(5000)), Unknown | Unreadable), "the parser's own limits are not ours to break"
    many = "".join(f"--x\r\nContent-Type: text/plain\r\n\r\n{'' if number < 150 else '5'}\r\n" for number in range(200))
    assert what(received({}, many, kind='multipart/mixed; boundary="x"')) == "empty"


def test_of_a_large_mail_the_beginning_is_read() -> None:
    body = "--x\r\nContent-Type: text/plain\r\n\r\n5\r\n--x\r\nContent-Type: image/png\r\nContent-Disposition: attachment\r\n\r\n"
    raw = received({}, body + "A" * 76, kind='multipart/mixed; boundary="x"') + b"A" * 5_000_000
    found = answer(raw)
    assert (found.text, found.media) == ("5", "attachment")


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"\x00", b"\r\n\r\n", b"no header at all", b"\xff" * 1000, b"To: " + b"<" * 100_000),
        b"Content-Type: multipart/mixed\r\n\r\n--\r\n",
        received({"Content-Type": "multipart/mixed; boundary="}),
        received({"Content-Transfer-Encoding": "base64"}, "5"),
        received({"Content-Type": "text/plain; charset*0*=utf-8''%zz; charset*x=1"}),
        received({"Content-Disposition": "attachment; filename*=x"}),
        received({"From": "=?utf-8?b?!!!?= <a@b>", "Subject": "=?x?q?=="}),
    ],
)
def test_no_mail_stops_the_others(raw: bytes) -> None:
    found = event(raw, Envelope((REPLY,), "ann@example.net"))
    assert found.event_id
    assert event(raw, Envelope((REPLY,), "ann@example.net")) == found


def test_what_cannot_be_read_is_kept_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(_raw: bytes) -> None:
        raise KeyError(ANN)

    monkeypatch.setattr("channels.email.inbound.message_from_bytes", stumble)
    found = event(received({}, "x" * 50_000), Envelope(at=5))
    assert isinstance(found, Unreadable)
    assert (len(found.raw), found.error, found.at) == (16 * 1024, "KeyError", 5)


def test_a_forged_delivery_status_to_another_address_is_nothing() -> None:
    raw = received(
        {"To": REPLY}, "--x\r\nContent-Type: message/delivery-status\r\n\r\n", kind='multipart/report; boundary="x"'
    )
    assert not isinstance(event(raw), DeliveryReported)
