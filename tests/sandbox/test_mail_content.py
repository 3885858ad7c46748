"""What the mail stand-in reads out of a mail: parts, links, problems, threads."""

import pytest

from sandbox.mail import Mail
from sandbox.mail.content import read
from sandbox.mail.links import for_a_frame, links_of
from sandbox.mail.problems import problems_of
from sandbox.mail.threads import threads

from .mail_kit import mail


def test_links_come_in_order_with_what_a_reader_sees() -> None:
    html = """<style>a { color: red }</style><p>Rate:</p>
    <a href="https://t.test/r/x/1?a=1&amp;b=2">😡 <b>1</b></a><a class=x href='https://t.test/r/x/2'>2</a>
    <a href="https://t.test/trap" style="display:none" tabindex="-1">.</a>
    <div style="font-size: 0px; color: red"><p><a href="https://t.test/deep">deep</a></p></div>
    <div aria-hidden="true"><a href="https://t.test/aria">x</a></div><br>
    <a href="https://t.test/picture"><img src="x.png" alt="5 of 5"></a><a name="no-link">here</a>
    <a style="font-size:0.9em;height:10px" href="mailto:unsub@t.test">Unsubscribe"""
    found = links_of("Rate: https://t.test/r/x/2.\nOr (https://t.test/plain).", html)
    assert [(link.url, link.text, link.hidden, link.part) for link in found] == [
        ("https://t.test/r/x/1?a=1&b=2", "😡 1", False, "html"),
        ("https://t.test/r/x/2", "2", False, "html"),
        ("https://t.test/trap", ".", True, "html"),
        ("https://t.test/deep", "deep", True, "html"),
        ("https://t.test/aria", "x", True, "html"),
        ("https://t.test/picture", "5 of 5", False, "html"),
        ("mailto:unsub@t.test", "Unsubscribe", False, "html"),
        ("https://t.test/plain", "https://t.test/plain", False, "text"),
    ]


def test_a_plain_link_loses_a_last_character_that_linkers_drop() -> None:
    assert [link.url for link in links_of("https://t.test/r/abc-", "")] == ["https://t.test/r/abc"]


def test_in_a_frame_every_link_opens_a_tab_that_knows_nothing() -> None:
    html = (
        '<p>a\nb</p>\n<A HREF="https://t.test/?a=1&amp;b=2" target=_top rel=opener\n onclick="x()">1</A><area href=x>'
    )
    assert for_a_frame(html) == (
        '<!doctype html><meta charset="utf-8"><base target="_blank"><p>a\nb</p>\n'
        '<a href="https://t.test/?a=1&amp;b=2" onclick="x()" target="_blank" rel="noopener noreferrer">1</A>'
        '<area href="x" target="_blank" rel="noopener noreferrer">'
    )


def test_reads_charsets_even_unknown_ones_and_names_attachments() -> None:
    raw = (
        b"From: =?koi8-r?B?4c7OwQ==?= <a@x.test>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ) + "Спасибо\r\n--b\r\nContent-Type: text/plain; charset=martian\r\n\r\nzzz\r\n".encode("cp1251")
    raw += b'--b\r\nContent-Type: application/pdf; name="bill.pdf"\r\nContent-Disposition: attachment; filename="bill.pdf"\r\n\r\nx\r\n--b--\r\n'
    content = read(raw)
    assert content.text.split() == ["Спасибо", "zzz"]
    assert content.author == ("Анна", "a@x.test")
    assert content.attachments == ("bill.pdf",)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0\xff\r\n\r\n", b"From: \r\nTo: <<<>>>\r\nDate: [\r\n\r\n", b"Content-Type: multipart/mixed\r\n\r\nx"],
)
def test_reads_anything(raw: bytes) -> None:
    content = read(raw)
    assert problems_of(raw, content, smtputf8=False, eight_bit=False)


LONG = "<https://tapfive.test/u/" + "t" * 90 + ">"
PROBLEMS: list[tuple[bytes, list[str]]] = [
    (mail(), []),
    (mail("<a href='https://t.test'>1</a>"), []),
    (mail(From="", Date="", Message_ID=""), ["From is missing", "Date is missing", "Message-ID is missing"]),
    (mail(To=""), ["To is missing"]),
    (mail(Date="yesterday"), ["Date is no date"]),
    (b"Subject: again\r\n" + mail(), ["subject stands there 2 times"]),
    (mail().replace(b"<first@tapfive.test>", b"first"), ["Message-ID is not of the form <left@right>"]),
    (
        mail(List_Unsubscribe="<mailto:u@t.test>", List_Unsubscribe_Post="List-Unsubscribe=One-Click"),
        ["List-Unsubscribe has no address for one click"],
    ),
    (
        mail(List_Unsubscribe="<https://t.test/u>", List_Unsubscribe_Post="yes"),
        ["List-Unsubscribe-Post does not read List-Unsubscribe=One-Click"],
    ),
    (
        mail().replace(b"Subject:", b"List-Unsubscribe: =?utf-8?q?=3Chttps=3A//t=2Etest=3E?=\r\nSubject:"),
        ["List-Unsubscribe has encoded words"],
    ),
    (mail().replace(b"How", "Как".encode()), ["headers have 8-bit octets without SMTPUTF8"]),
    (mail(text="Как"), ["the body has 8-bit octets without BODY=8BITMIME"]),
    (mail("<p>x</p>", text=" "), ["there is no plain text beside the HTML"]),
    (mail("<a href='https://t.test'><img src=x></a>"), ["a link has no text"]),
    (mail("<p>" + "word word \r\n" * 10_000 + "</p>"), ["the HTML is cut by Gmail"]),
    (
        mail("<p>x</p>")
        .replace(b"text/plain", b"text/other")
        .replace(b"text/html", b"text/plain")
        .replace(b"text/other", b"text/html"),
        ["the plain text comes after the HTML"],
    ),
]


@pytest.mark.parametrize(
    ("raw", "problems"), PROBLEMS, ids=lambda value: value[0] if value and isinstance(value, list) else ""
)
def test_finds_what_is_wrong(raw: bytes, problems: list[str]) -> None:
    assert problems_of(raw, read(raw), smtputf8=False, eight_bit=False) == problems


def test_email_message_breaks_a_long_unsubscribe_line_and_that_is_found() -> None:
    raw = mail(List_Unsubscribe=LONG)  # the folding of the standard library makes encoded words of it
    assert problems_of(raw, read(raw), smtputf8=False, eight_bit=False) == ["List-Unsubscribe has encoded words"]


def _kept(number: int, **headers: str) -> Mail:
    given = {"Message_ID": f"<{number}@x.test>", **headers}
    return Mail(number, "a@x.test", "a@x.test", "", mail(**given), float(number), number)


def test_threads_follow_references_and_not_subjects() -> None:
    mails = [
        _kept(1),
        _kept(2),
        _kept(3, In_Reply_To="<1@x.test>"),
        _kept(4, References="<gone@x.test> <3@x.test>"),
        _kept(5, References="<gone@x.test>"),
        _kept(6, Message_ID=""),
    ]
    assert [[each.mail_id for each in thread] for thread in threads(reversed(mails))] == [[6], [1, 3, 4, 5], [2]]
