"""The whole path by mail: the prompt through SMTP, the page by plain HTTP, and scanners that were there first."""

import json
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import dkim  # type: ignore[import-untyped]  # it ships no types
import pytest

from ratings.store.schema import hits, votes
from ratings.times import MINUTE, SECOND
from sandbox.mail import Behaviour, MailSandbox, Scanner
from sandbox.telegram import TelegramSandbox
from tests.e2e.conftest import ANN, ANNA, SUPPORT, Start, telegram
from tests.e2e.kit import Service, ratings_of, the_invitation, the_rating
from tests.e2e.mail_kit import THREAD, asked, links_of, open_page, send_form, vote

STORMS: list[Behaviour] = ["all_links_in_order", "head_storm", "trap", "prefetch"]
SETTLED = 16 * MINUTE


async def states_of(service: Service) -> list[tuple[int, str]]:
    """Every vote: its value and state."""
    return [(row["value"], row["state"]) for row in await service.rows(votes, "value", "state")]


async def test_close_ask_open_the_page_press_the_button_and_read(
    start_mail: Start, mail: MailSandbox, store_url: str
) -> None:
    service = await start_mail(store_url)
    assert (await service.close(thread=THREAD)).status == 202
    asking = await asked(service, mail)
    assert asking.problems == []
    content = asking.content
    assert content.subject == "Re: Printer <b>&"
    assert content.header("In-Reply-To") == THREAD["message_id"]
    assert content.header("References") == "<question.1@customer.test> <answer.1@desk.test>"
    assert content.header("Auto-Submitted") == "auto-generated"
    assert content.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert content.answer_to.startswith("support+r.")
    assert asking.sender.startswith("support+b.")
    assert sorted(links_of(asking)) == [1, 2, 3, 4, 5]
    assert [link.url[-2:] for link in content.links if link.hidden] == ["/0"]
    page, _ = await open_page(service, links_of(asking)[4])
    assert "Printer" not in page  # whoever holds the mail sees the page
    assert await states_of(service) == []
    service.forward(20 * SECOND)
    await vote(service, asking, 4, "Quick answer, thanks")
    rating = await the_rating(service, comment="Quick answer, thanks")
    assert (rating["value"], rating["state"], rating["channel"]) == (4, "confirmed", "email.support")
    assert len(mail.mails(ANNA)) == 1  # what follows an answer is said on the page


def _keys(folder: Path) -> tuple[str, bytes]:
    """A private key as PEM, and its public half. Skips without the openssl program."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on the PATH to make a key with")
    private, public = str(folder / "key.pem"), str(folder / "public.der")
    subprocess.run([openssl, "genrsa", "-out", private, "2048"], check=True, capture_output=True)
    told = [openssl, "rsa", "-in", private, "-pubout", "-outform", "DER", "-out", public]
    subprocess.run(told, check=True, capture_output=True)
    return Path(private).read_text(), Path(public).read_bytes()


async def test_a_mail_is_signed_for_who_asks_the_domain_s_key(
    start_mail: Start, mail: MailSandbox, sqlite_url: str, tmp_path: Path
) -> None:
    private, public = _keys(tmp_path)
    names = {"dkim_domain": "shop.test", "dkim_selector": "mail2026", "dkim_key": "env:DKIM_KEY"}
    service = await start_mail(sqlite_url, "", environ={"DKIM_KEY": private}, **names)
    await service.close(thread=THREAD)
    raw = (await asked(service, mail)).raw
    looked_up: list[bytes] = []

    def published(name: bytes, timeout: int = 5) -> bytes:
        del timeout
        looked_up.append(name)
        return b"v=DKIM1; k=rsa; p=" + b64encode(public)

    assert dkim.verify(raw, dnsfunc=published)
    assert looked_up == [b"mail2026._domainkey.shop.test."]
    assert not dkim.verify(raw.replace(b"Subject: Re", b"Subject: Fw"), dnsfunc=published)


async def test_a_vote_sooner_than_a_person_reads_waits_and_then_counts(
    start_mail: Start, mail: MailSandbox, store_url: str
) -> None:
    service = await start_mail(store_url, "")
    await service.close()
    asking = await asked(service, mail)
    await vote(service, asking, 5)
    assert await states_of(service) == [(5, "provisional")]
    assert await ratings_of(service) == []
    service.forward(SETTLED)
    assert (await the_rating(service))["value"] == 5


@pytest.mark.parametrize("storm", STORMS)
async def test_a_scanner_s_storm_is_no_vote_and_the_person_s_vote_later_counts_at_once(
    start_mail: Start, mail: MailSandbox, sqlite_url: str, storm: Behaviour
) -> None:
    service = await start_mail(sqlite_url, "")
    async with Scanner(mail, ANNA, [storm]) as scanner:
        await service.close()
        asking = await asked(service, mail)
        await scanner.idle()
    assert len(scanner.log) >= 2
    assert {opened.status for opened in scanner.log} == {200}
    assert await states_of(service) == []
    service.forward(2 * MINUTE)
    await vote(service, asking, 2)
    assert [(rating["value"], rating["state"]) for rating in await ratings_of(service)] == [(2, "confirmed")]


async def test_after_all_storms_together_a_person_s_vote_is_theirs_once_it_settled(
    start_mail: Start, mail: MailSandbox, store_url: str
) -> None:
    service = await start_mail(store_url, "")
    async with Scanner(mail, ANNA, STORMS) as scanner:
        await service.close()
        asking = await asked(service, mail)
        await scanner.idle()
    assert len(await service.rows(hits, "id")) >= 20
    service.forward(20 * SECOND)
    await vote(service, asking, 2, "Took a week")
    assert await states_of(service) == [(2, "provisional")]
    service.forward(SETTLED)
    rating = await the_rating(service, value=2)
    assert (rating["comment"], len(await ratings_of(service))) == ("Took a week", 1)


async def test_change_of_mind_and_taking_it_back_on_the_page(
    start_mail: Start, mail: MailSandbox, sqlite_url: str
) -> None:
    service = await start_mail(sqlite_url, "")
    await service.close()
    asking = await asked(service, mail)
    service.forward(20 * SECOND)
    await vote(service, asking, 1)
    await vote(service, asking, 5)
    assert [rating["value"] for rating in await ratings_of(service)] == [5]
    assert (await send_form(service, links_of(asking)[5], act="withdraw")).status == 303
    assert await ratings_of(service) == []
    await the_invitation(service, state="lapsed")


async def test_a_form_without_the_page_s_nonce_is_nobody_s_vote(
    start_mail: Start, mail: MailSandbox, sqlite_url: str
) -> None:
    service = await start_mail(sqlite_url, "")
    await service.close()
    asking = await asked(service, mail)
    service.forward(20 * SECOND)
    address = links_of(asking)[5].rpartition("/")[0]
    answer = await service.client.request("POST", address, data={"act": "rate", "value": "5"})
    assert answer.status == 403
    assert await states_of(service) == []


@pytest.mark.parametrize(("wish", "elsewhere"), [("never", "opted_out"), ("never_here", None)])
async def test_what_a_customer_with_several_addresses_wants_covers_what_they_say(
    start_mail: Start, mail: MailSandbox, sandbox: TelegramSandbox, store_url: str, wish: str, elsewhere: str | None
) -> None:
    service = await start_mail(store_url, "", others={"telegram.support": telegram(sandbox, "send-only")})
    customer = {"id": "c-1", "language": "en"}
    assert (await _close(service, "T-1", customer))["decision"] == "ask"
    asking = await asked(service, mail)
    service.forward(20 * SECOND)
    await vote(service, asking, 5)
    assert (await send_form(service, links_of(asking)[5], act=wish)).status == 303
    assert (await _close(service, "T-2", customer))["reason"] == "opted_out"
    at_telegram = {"address": {"channel": "telegram.support", "id": str(ANN)}}
    assert (await _close(service, "T-3", customer, **at_telegram))["reason"] == elsewhere
    # Somebody else is asked as ever.
    assert (await _close(service, "T-4", {"id": "c-2"}, **at_telegram))["decision"] == "ask"
    assert [rating["value"] for rating in await ratings_of(service)] == [5]


async def _close(service: Service, ticket: str, customer: dict[str, Any], **more: Any) -> dict[str, Any]:
    decided: dict[str, Any] = json.loads((await service.close(ticket, person=customer, **more)).body)
    return decided


async def test_a_notice_of_the_desk_s_own_asks_and_its_reader_s_vote_counts(
    start_mail: Start, mail: MailSandbox, store_url: str
) -> None:
    service = await start_mail(store_url, "")
    ticket = {
        "id": "T-9",
        "customer": {"id": "c-1", "language": "en"},
        "address": {"channel": "email.support", "id": ANNA},
    }
    notice = "<p>Your request is closed.</p>${satisfaction:rating}"
    rendered = json.loads((await service.post("/render", {"ticket": ticket, "html": notice})).body)
    assert rendered["decision"] == "ask"
    lines = [f"From: {SUPPORT}", f"To: {ANNA}", "Subject: Closed", "Content-Type: text/html; charset=utf-8", "", ""]
    asking = mail.put(ANNA, "\r\n".join(lines).encode() + rendered["html"].encode(), sender=SUPPORT)
    async with Scanner(mail, ANNA, STORMS) as scanner:
        await scanner.scan(asking)
    assert await states_of(service) == []
    service.forward(2 * MINUTE)
    await vote(service, asking, 3)
    rating = await the_rating(service, value=3)
    # The closing that is reported afterwards is the one that the notice was about: nobody is asked again.
    reported = await service.close("T-9")
    assert (reported.status, json.loads(reported.body)["invitation"]) == (200, rating["id"])
    assert list(mail.transactions) == []
