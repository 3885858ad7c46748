"""The mail itself: what spam filters, mail programs and standards demand of it."""

import re
from dataclasses import replace
from email.header import decode_header, make_header
from html.parser import HTMLParser

import pytest

from channels.base import Action, ActionName, Choice, Message, Prompt, Thread
from channels.email.message import Mail, Sender, is_our_id, prompt_mail, text_mail
from net.errors import Misconfigured, Rejected
from tests.channels.email_kit import ANN, DOMAIN, FACES, LINKS, NOW, PROMPT, SENDER, TOKEN, part, raw_headers, read

CHAIN = tuple(f"<{number}.{'c' * 60}@desk.example.org>" for number in range(40))


def mail(prompt: Prompt = PROMPT, sender: Sender = SENDER, address: str = ANN) -> Mail:
    return prompt_mail(sender, address, prompt, NOW)


def links(html: str) -> list[tuple[str, dict[str, str | None]]]:
    found: list[tuple[str, dict[str, str | None]]] = []

    class Anchors(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "a":
                found.append((str(dict(attrs)["href"]), dict(attrs)))

    Anchors().feed(html)
    return found


def test_headers_of_a_prompt() -> None:
    sent = mail()
    message = read(sent.content)
    assert message["From"] == "Служба поддержки <support@example.org>"
    assert message["To"] == ANN
    assert message["Subject"] == "Как мы справились?"
    assert message["Date"].datetime.timestamp() * 1000 == NOW
    assert message["Message-ID"] == sent.message_id
    assert message["Reply-To"] == f"support+r.{TOKEN}@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent.sender == f"support+b.{TOKEN}@example.org", "bounces are matched by the envelope's sender (VERP)"
    assert sent.recipient == ANN
    assert not sent.international
    assert all(line.isascii() for line in sent.content.split(b"\r\n"))
    assert b"\n" not in sent.content.replace(b"\r\n", b"")


def test_the_unsubscribe_pair_is_never_encoded_however_long_it_is() -> None:
    long = replace(LINKS, unsubscribe=f"https://a-rather-long-name.of.a.host.example.org/with/a/path/u/{TOKEN}")
    headers = raw_headers(mail(replace(PROMPT, links=long)).content)
    assert headers["List-Unsubscribe"] == f"<{long.unsubscribe}>, <mailto:support+u.{TOKEN}@example.org>"
    assert len(long.unsubscribe) > 78


def test_encoded_words_are_never_longer_than_they_may_be() -> None:
    subject = "Re: Вопрос о доставке " + "очень длинный " * 12 + "😍"
    content = mail(replace(PROMPT, thread=Thread(subject))).content
    words = re.findall(rb"=\?[^?]+\?[bq]\?[^?]*\?=", content)
    assert words
    assert max(map(len, words)) <= 75, "RFC 2047"
    assert read(content)["Subject"] == subject.strip()


def test_a_long_name_is_kept_whole() -> None:
    name = "Служба поддержки покупателей «Рога и копыта» в Москве и области"
    content = mail(sender=replace(SENDER, name=name)).content
    assert max(map(len, re.findall(rb"=\?[^?]+\?[bq]\?[^?]*\?=", content))) <= 75
    told = raw_headers(content)["From"]
    assert str(make_header(decode_header(told))) == f"{name} <support@example.org>"


def test_a_prompt_stands_in_its_thread() -> None:
    thread = Thread("Re: Заказ 5", "<last@desk.example.org>", ("<first@desk.example.org>", "<last@desk.example.org>"))
    message = read(mail(replace(PROMPT, thread=thread)).content)
    assert message["Subject"] == "Re: Заказ 5"
    assert message["In-Reply-To"] == "<last@desk.example.org>"
    assert message["References"] == "<first@desk.example.org> <last@desk.example.org>"


def test_a_long_thread_keeps_its_first_and_latest_ids_whole() -> None:
    headers = raw_headers(mail(replace(PROMPT, thread=Thread("Re: x", CHAIN[-1], CHAIN))).content)
    kept = headers["References"].split()
    assert kept[0] == CHAIN[0]
    assert kept[-3:] == list(CHAIN[-3:])
    assert len(kept) <= 20
    assert set(kept) <= set(CHAIN)


@pytest.mark.parametrize(
    "bad", ["", "no id", "<a b@c>", "<a@b>\r\nBcc: x@example.org", "<я@b.example>", f"<{'a' * 300}@b>"]
)
def test_what_is_no_id_stays_out_of_the_thread(bad: str) -> None:
    headers = raw_headers(mail(replace(PROMPT, thread=Thread("Re: x", bad, (bad,)))).content)
    assert not {"In-Reply-To", "References", "Bcc"} & set(headers)


def test_nothing_in_a_subject_becomes_a_header() -> None:
    thread = Thread("Re: hello\r\nBcc: everybody@example.org\x00\u2028Cc: a@example.org")
    message = read(mail(replace(PROMPT, thread=thread)).content)
    assert message["Subject"] == "Re: hello Bcc: everybody@example.org Cc: a@example.org"
    assert not message["Bcc"]
    assert not message["Cc"]


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "ann",
            "@example.net",
            "ann@",
            "ann@example..net",
            "ann@-example.net",
            "a b@example.net",
            "ann@[127.0.0.1]",
        ),
        *("ann@example.net\r\nRCPT TO:<bob@example.net>", "ann@example.net>", "<ann@example.net>", '"a"@example.net'),
        *("ann@example.net, bob@example.net", "ann@exa mple.net", f"{'a' * 65}@example.net", f"a@{'b' * 250}.net"),
        *("ann@example.net SIZE=1", "ann\u200b@example.net", "ann\ud800@example.net", "Ann <ann@example.net>"),
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Rejected) as refused:
        mail(address=address)
    assert not address or address not in str(vars(refused.value))


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("Ann@Example.NET", "Ann@example.net"),
        (" ann@example.net ", "ann@example.net"),
        ("o'neil+x=y@example.net", "o'neil+x=y@example.net"),
        ("ann@пример.рф", "ann@xn--e1afmkfd.xn--p1ai"),
        (f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example", f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example"),
    ],
)
def test_addresses_are_sent_to_as_they_are(address: str, sent_to: str) -> None:
    sent = mail(address=address)
    assert sent.recipient == sent_to
    assert raw_headers(sent.content)["To"] == sent_to


def test_a_cyrillic_address_needs_an_international_mail() -> None:
    sent = mail(address="анна@пример.рф")
    assert sent.international
    assert "To: анна@xn--e1afmkfd.xn--p1ai\r\n".encode() in sent.content


def test_the_same_prompt_gives_the_same_octets_and_another_another_id() -> None:
    assert mail() == mail()
    others = [
        mail(replace(PROMPT, key="prompt-17-1")),
        mail(replace(PROMPT, token=TOKEN[::-1])),
        mail(address="bob@example.net"),
        mail(sender=replace(SENDER, account="email.sales")),
    ]
    assert len({one.message_id for one in [mail(), *others]}) == 5
    assert all(is_our_id(one.message_id, DOMAIN) for one in others)
    assert not is_our_id(mail().message_id, "example.net")


def test_the_plain_part_comes_first_and_reads_well() -> None:
    content = mail().content
    assert [each.get_content_type() for each in read(content).iter_parts()] == ["text/plain", "text/html"]
    lines = part(content, "plain").splitlines()
    assert lines[2:5] == ["Как мы справились?", "", "Обращение № 5"]
    assert lines[6:11] == [f"{each.value} - {each.label}: {LINKS.rate}/{each.value}" for each in FACES]
    assert lines[12:] == [LINKS.hint, "", f"{LINKS.unsubscribe_label}: {LINKS.unsubscribe}"]
    assert lines[0]
    assert all(len(line) < 998 for line in content.split(b"\r\n"))
    assert b"quoted-printable" in content
    assert b"base64" not in content.partition(b"\r\n\r\n")[2], "filters and people can read it"
    encoded = [line for line in content.partition(b"--=_")[2].split(b"\r\n") if b"=" in line]
    assert max(map(len, encoded)) <= 76


def test_each_choice_is_a_cell_with_its_colour_symbol_digit_and_words() -> None:
    html = part(mail().content, "html")
    cells = re.findall(r'<td width="20%"[^>]*bgcolor="([^"]+)"[^>]*>\s*<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', html)
    assert [colour for colour, _, _ in cells] == [each.colour for each in FACES]
    assert [link for _, link, _ in cells] == [f"{LINKS.rate}/{each.value}" for each in FACES]
    for each, (_, _, shown) in zip(FACES, cells, strict=True):
        assert f"{each.symbol} {each.value}" in shown
        assert each.label in shown


def test_choices_keep_the_order_of_the_prompt() -> None:
    turned = mail(replace(PROMPT, choices=FACES[::-1])).content
    assert [link for link, given in links(part(turned, "html")) if "/r/" in link and "aria-hidden" not in given] == [
        f"{LINKS.rate}/{value}" for value in (5, 4, 3, 2, 1)
    ]
    assert re.findall(r"/r/\w+/(\d)", part(turned, "plain")) == ["5", "4", "3", "2", "1"]


def test_ten_choices_wrap_into_even_rows() -> None:
    ten = tuple(Choice(value, str(value), f"{value} of 10") for value in range(1, 11))
    html = part(mail(replace(PROMPT, choices=ten)).content, "html")
    assert [row.count("<td width=") for row in re.findall(r"<tr>(?:<td width=.*?)</tr>", html)] == [5, 5]
    assert ">1<br>" in html, "a symbol that is the digit stands there once"


def test_exactly_one_trap_and_no_person_comes_upon_it() -> None:
    content = mail().content
    traps = [given for link, given in links(part(content, "html")) if link == f"{LINKS.rate}/0"]
    assert len(traps) == 1
    assert traps[0]["aria-hidden"] == "true"
    assert traps[0]["tabindex"] == "-1"
    assert f"{LINKS.rate}/0" not in part(content, "plain")
    with pytest.raises(Rejected):
        mail(replace(PROMPT, choices=(Choice(0, "0", "0"), *FACES)))


def test_the_html_needs_no_pictures_no_script_and_no_other_server() -> None:
    html = part(mail().content, "html").lower()
    for absent in ("<img", "<script", "background-image", "url(", "@import", "<link", "<form", "javascript:"):
        assert absent not in html
    assert {link.split("/")[2] for link, _ in links(html)} == {"rate.example.org"}
    tables = re.findall(r"<table[^>]*>", html)
    assert tables
    assert all('role="presentation"' in table for table in tables)
    assert len(mail().content) < 102_000, "Gmail cuts what is longer"


def test_the_html_knows_dark_mode_and_its_language() -> None:
    html = part(mail().content, "html")
    assert "@media (prefers-color-scheme: dark)" in html, "kept when the other rules moved into the elements"
    assert '<meta name="color-scheme" content="light dark">' in html
    assert '<meta name="supported-color-schemes" content="light dark">' in html
    assert '<html lang="ru"' in html
    assert re.search(r'<td class="words" style="[^"]*font-size: 16px', html), "inlined"


def test_whatever_people_wrote_is_text() -> None:
    evil = '<script>alert(1)</script> & "quotes" $words ${x} </td></table>'
    choices = (replace(FACES[0], label='<b>"x"</b>'), replace(FACES[1], symbol="<i>"))
    links_ = replace(LINKS, hint="<u>hint</u>", unsubscribe_label="<s>never</s>", rate=LINKS.rate + '"><b>')
    content = mail(replace(PROMPT, text=evil, choices=choices, links=links_, language='"><b>')).content
    html = part(content, "html")
    assert not [tag for tag in ("<script", "<b>", "<i>", "<u>", "<s>") if tag in html]
    assert "$words ${x}" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;" in html
    assert evil in part(content, "plain")


def test_dots_and_long_lines_survive() -> None:
    text = ".\n.hidden\n" + "word " * 3000
    assert part(mail(replace(PROMPT, text=text)).content, "plain").count("word") == 3000


def test_who_hears_nothing_promises_nothing() -> None:
    sent = mail(sender=replace(SENDER, hears=False))
    headers = raw_headers(sent.content)
    assert sent.sender == "support@example.org"
    assert "Reply-To" not in headers
    assert headers["List-Unsubscribe"] == f"<{LINKS.unsubscribe}>"
    assert TOKEN not in "".join(value for name, value in headers.items() if name != "List-Unsubscribe")
    for subtype in ("plain", "html"):
        assert LINKS.hint not in part(sent.content, subtype)
    assert part(sent.content, "plain").startswith("Как мы справились?")


def test_without_a_public_address_a_person_must_act() -> None:
    with pytest.raises(Misconfigured, match="public_url"):
        mail(replace(PROMPT, links=None))


@pytest.mark.parametrize("token", ["", "UPPER", "short", "a" * 41, "a.b" * 5, "a\r\nb" * 4])
def test_a_token_that_no_address_can_carry_is_refused(token: str) -> None:
    with pytest.raises(Rejected):
        mail(replace(PROMPT, token=token))


def test_words_alone_are_a_plain_mail() -> None:
    sent = text_mail(SENDER, ANN, Message("Спасибо!\nВсё записано.", key="thanks-17"), NOW)
    message = read(sent.content)
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == ["Спасибо!", "Всё записано."]
    assert message["Subject"] == "Спасибо!"
    assert message["Auto-Submitted"] == "auto-generated"
    assert sent == text_mail(SENDER, ANN, Message("Спасибо!\nВсё записано.", key="thanks-17"), NOW)
    with pytest.raises(Rejected):
        text_mail(SENDER, ANN, Message("x", (Action(ActionName.NEVER, "never"),), TOKEN), NOW)
