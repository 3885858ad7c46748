"""Bounces as mail servers really write them, and which of them give an address up."""

import pytest

from channels.base import DeliveryReported, Inbound, Unknown
from channels.email.inbound import Envelope, read_mail
from channels.email.message import prompt_mail
from tests.channels.email_kit import ANN, DOMAIN, MAILBOX, NOW, PROMPT, SENDER, TOKEN, received

OURS = prompt_mail(SENDER, ANN, PROMPT, NOW)
BOUNCE = f"support+b.{TOKEN}@example.org"
EXIM_PROSE = """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@example.net
    {reason}
"""


def report(status: str, *, prose: str = "It failed.", original: str | None = None, kind: str = "message/rfc822") -> str:
    original = f"Message-ID: {OURS.message_id}\nFrom: support@example.org\n\ntext\n" if original is None else original
    return (
        f"--=_dsn\nContent-Type: text/plain; charset=us-ascii\n\n{prose}\n"
        f"--=_dsn\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n{status}\n"
        f"--=_dsn\nContent-Type: {kind}\n\n{original}\n--=_dsn--\n"
    )


def event(body: str, to: str = BOUNCE, **headers: str) -> Inbound:
    known = {
        "Return-Path": "<>",
        "From": "Mail Delivery System <MAILER-DAEMON@example.org>",
        "Auto-Submitted": "auto-replied",
        "Message-ID": "<dsn@example.org>",
    }
    kind = 'multipart/report; report-type=delivery-status; boundary="=_dsn"'
    raw = received({**known, "To": to, **headers}, body.replace("\n", "\r\n"), kind=headers.pop("kind", kind))
    return read_mail(raw, Envelope(), mailbox=MAILBOX, domain=DOMAIN)


def bounced(body: str, **headers: str) -> DeliveryReported:
    found = event(body, **headers)
    assert isinstance(found, DeliveryReported)
    assert (found.delivery, found.token, found.address) == ("bounced", TOKEN, "")
    return found


STATUSES = (
    ("Action: failed\nFinal-Recipient: rfc822; ann@example.net\nStatus: 5.1.1", True),
    ("Action: failed\nFinal-Recipient: rfc822;ann@example.net\nStatus: 5.1.1 (bad destination mailbox address)", True),
    ("Action: Failed\nFinal-Recipient: utf-8; анна@example.net\nStatus: 5.1.10", True),
    ("Original-Recipient: rfc822;a@b\nFinal-Recipient: rfc822;c@d\nAction: failed (ouch)\nStatus: 5.1.2", True),
    (
        "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does\n not exist",
        True,
    ),
    ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp;\n 550\n 5.1.1\n no", True),
    ("Action: failed\nStatus: 5.1.0\nDiagnostic-Code: smtp; 550 unknown", True),
    ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 User unknown", True),
    ("Action: failed\nStatus: 5.2.2 (quota)", False),
    ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 5.2.2 full", False),
    ("Action: failed\nStatus: 5.7.1", False),
    ("Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 from 5.1.1.4 refused", False),
    ("Action: failed\nStatus: 5.1.8", False),
    ("Action: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp; 450 5.1.1 later", False),
    ("Action: failed\nStatus: 5.0.0", False),
    ("Action: failed", False),
    ("Action: failed\nStatus: \nDiagnostic-Code: smtp; host 5.1.1.25 did not answer", False),
)


@pytest.mark.parametrize(("status", "gone"), STATUSES)
def test_only_a_bad_address_is_given_up(status: str, gone: bool) -> None:
    found = bounced(report(status))
    assert found.gone is gone
    assert found.external_id == OURS.message_id


@pytest.mark.parametrize(
    ("reason", "gone"),
    [
        ("Unrouteable address", True),
        ("SMTP error from remote mail server after RCPT TO:<ann@example.net>:\n    550 5.1.1 User unknown", True),
        ("SMTP error from remote mail server after RCPT TO:<ann@example.net>:\n    552 5.2.2 mailbox full", False),
        ("all hosts have been failing for a long time", False),
    ],
)
def test_a_real_exim_bounce_tells_its_reason_in_prose_alone(reason: str, gone: bool) -> None:
    status = "Action: failed\nFinal-Recipient: rfc822;ann@example.net\nStatus: 5.0.0"
    found = bounced(
        report(status, prose=EXIM_PROSE.format(reason=reason)),
        **{"X-Failed-Recipients": ANN, "References": OURS.message_id},
    )
    assert found.gone is gone


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_delay_or_a_receipt_is_no_failure(action: str) -> None:
    found = event(report(f"Action: {action}\nStatus: 4.4.7\nWill-Retry-Until: Mon, 02 Nov 2026 10:00:00 +0000"))
    assert isinstance(found, Unknown)
    assert found.what == "delivery notice"


def test_one_of_several_recipients_may_have_failed() -> None:
    several = "Action: delivered\nStatus: 2.0.0\n\nAction: failed\nStatus: 5.1.1\n\nAction: delayed\nStatus: 4.0.0"
    assert bounced(report(several)).gone


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822"])
def test_our_mail_comes_back_whole_or_as_headers(kind: str) -> None:
    assert bounced(report("Action: failed\nStatus: 5.1.1", kind=kind)).external_id == OURS.message_id


@pytest.mark.parametrize("original", ["", "Message-ID: <x@example.net>\n\n", "no header\n"])
def test_without_our_mail_the_token_tells(original: str) -> None:
    assert bounced(report("Action: failed\nStatus: 5.1.1", original=original)).external_id == ""


def test_an_old_server_writes_prose_alone() -> None:
    found = bounced("User unknown\n", kind="text/plain")
    assert not found.gone, "not enough to give an address up"


def test_a_bounce_counts_only_where_ours_return_to() -> None:
    body = report("Action: failed\nStatus: 5.1.1")
    for to in ("support@example.org", f"support+r.{TOKEN}@example.org", f"support+b.{TOKEN}@example.com"):
        found = event(body, to)
        assert isinstance(found, Unknown)
        assert found.what == "automatic"


def test_the_same_bounce_is_the_same_event() -> None:
    body = report("Action: failed\nStatus: 5.1.1")
    assert event(body) == event(body)


@pytest.mark.parametrize(
    "status", ["", "no header", "Action:\nStatus: x.y.z", "Action: failed\nStatus: 5." + "1." * 9999]
)
def test_a_broken_report_gives_nobody_up(status: str) -> None:
    found = event(report(status))
    assert isinstance(found, Unknown) or (isinstance(found, DeliveryReported) and not found.gone)
