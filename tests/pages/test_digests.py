"""Digests: set up on their page, said with the cards' own figures, with pictures where the channel takes them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_bytes, policy

from bot.digests import Digests
from channels.base import Message
from channels.email.adapter import Email
from channels.email.addresses import Mailbox
from channels.email.message import Sender, text_mail
from ratings.digests import DAILY, Digest
from ratings.reports.audit import list_audit
from ratings.store.digests import AddDigest, RemoveDigest, SendDigests, load_digests
from ratings.store.store import Store
from ratings.times import DAY, HOUR, parse_instant
from tests.pages.office import Office
from tests.pages.test_dashboard import rate
from tests.store.world import ACCOUNT

SAID = """Оценки за день: 1 янв. 2026 г.

CSAT: 67 % (за прошлый период нет данных; 95-процентный интервал: 21–94 %; с учётом промолчавших: 50–75 %)
Средняя оценка: 3,67 (раньше: нет данных)
Отклик: 75 % (за прошлый период нет данных; от спрошенных; от всех закрытых: 75 %)
Оценки: 3 (раньше: 0)
😡️ 1 – 33 % · 😍️ 5 – 67 %
Закрыто: 4 (раньше: 0)
Спросили: 4 (раньше: 0)
Доставлено: 4 (раньше: 0)
Ответили: 3 (раньше: 0)

https://tapfive.example/?period=days&from=2026-01-01&to=2026-01-01&form=help"""


async def test_a_digest_is_set_up_told_and_removed(local: Office) -> None:
    refused = await local.admin.post("/settings/digests", account="nowhere", address="1", hour="9", period=DAILY)
    assert refused.status_code == 422
    assert "Choose by which account it goes." in refused.text
    fields = {"account": ACCOUNT, "address": "-100200", "hour": "9", "period": DAILY, "language": "ru", "form": "help"}
    made = await local.admin.follow(await local.admin.post("/settings/digests", **fields))
    assert "The digest is set up." in made.text
    assert "-100200" in made.text
    (digest,) = local.parts.store.read_now(load_digests)
    assert replace(digest, id="") == Digest("", f"{ACCOUNT}:-100200", DAILY, 9, "ru", filters={"form": ("help",)})
    await local.admin.post("/settings/digests/remove", id=digest.id)
    assert local.parts.store.read_now(load_digests) == ()
    removed, created = local.parts.store.read_now(list_audit, kinds=["digest"]).items
    assert (created["by"], created["what"], created["object"]) == ("user:admin", "created", ACCOUNT)
    assert (removed["what"], removed["before"], removed["after"]) == ("removed", created["after"], None)
    assert "-100200" not in str(created)  # somebody's address
    assert "расс" in (await local.admin.get("/settings/audit?lang=ru")).text


def test_two_who_set_up_digests_at_once_lose_none(make_store: Callable[[str], Store], store_url: str) -> None:
    stores = [make_store(store_url), make_store(store_url)]
    digests = [Digest(f"d{number}", f"{ACCOUNT}:{number}", DAILY, 9, "en") for number in range(20)]
    with ThreadPoolExecutor(2) as threads:
        for place in (0, 1):
            for digest in digests[place::2]:
                threads.submit(stores[place].writer.do_now, AddDigest(digest, "test"))
    assert {digest.id for digest in stores[0].read_now(load_digests)} == {digest.id for digest in digests}
    assert stores[0].writer.do_now(RemoveDigest("d7", "test"))
    assert not stores[1].writer.do_now(RemoveDigest("d7", "test"))
    assert len(stores[0].read_now(load_digests)) == 19


async def test_a_digest_says_what_the_cards_say_and_carries_pictures_by_mail(local: Office) -> None:
    local.clock.now = parse_instant("2026-01-01T12:00:00Z")
    for number, value in enumerate((5, 5, 1, None)):
        rate(local, number, value)
    rate(local, 9, 1, form="sales")
    local.admin.client.cookies.set("tapfive", local.session("admin", "new year"))
    fields = {"account": ACCOUNT, "address": "-100200", "hour": "9", "period": DAILY, "language": "ru", "form": "help"}
    assert (await local.admin.post("/settings/digests", **fields)).status_code == 303
    local.clock.now += DAY - 3 * HOUR
    assert local.parts.store.writer.do_now(SendDigests("UTC", frozenset({ACCOUNT}))) == 1
    [job] = [job for job in local.world.claim() if job.kind == "digest"]
    digests = Digests(local.parts.store, local.parts.drawing, "UTC", "https://tapfive.example", local.clock)
    told = await digests.tell(job, Email.capabilities)
    assert told.text.replace("\xa0", " ") == SAID
    assert [picture.name for picture in told.pictures] == ["distribution", "csat"]
    bare = await digests.tell(job, replace(Email.capabilities, pictures=0))
    assert bare == replace(told, pictures=())
    mail = message_from_bytes(_mail(told), policy=policy.default)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/mixed", "text/plain", "image/png", "image/png"]
    picture = next(iter(mail.iter_attachments()))
    assert picture.get_content().startswith(b"\x89PNG")
    assert picture.get_content_disposition() == "inline"
    assert mail["Subject"] == "Оценки за день: 1 янв. 2026 г."
    assert _mail(told) == _mail(told)


def _mail(told: Message) -> bytes:
    sender = Sender("email.support", "Shop", "hello@shop.example", Mailbox("hello@shop.example", "+"), hears=False)
    return text_mail(sender, "head@example.org", told, 1_767_225_600_000).content
