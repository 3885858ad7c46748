"""What the end-to-end tests of mail share: finding the mail that asks, and doing what a person does on its page."""

import re
from typing import Any
from urllib.parse import urlsplit

from net.http import HttpAnswer
from sandbox.mail import Mail, MailSandbox
from tests.e2e.conftest import ANNA
from tests.e2e.kit import Service, the_invitation

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
THREAD = {"message_id": "<answer.1@desk.test>", "references": ["<question.1@customer.test>"]}


async def the_mail(mail: MailSandbox, address: str = ANNA, *, number: int = 1) -> Mail:
    """Wait for the n-th mail with links that came to an address, and for its 250."""

    def look() -> Mail | None:
        asking = [each for each in mail.mails(address) if links_of(each)]
        return asking[number - 1] if len(asking) >= number and asking[number - 1].accepted_at is not None else None

    return await mail.wait_for(look)


async def asked(service: Service, mail: MailSandbox) -> Mail:
    """Wait until the service knows, too, that its only mail is out: what is too early counts from then."""
    asking = await the_mail(mail)
    await the_invitation(service, state="asked")
    return asking


def links_of(asking: Mail) -> dict[int, str]:
    """The links that a reader sees, by their value."""
    seen = [link.url for link in asking.content.links if not link.hidden]
    return {int(url.rpartition("/")[2]): url for url in seen if re.search(r"/r/[a-z2-7]{34}/\d+$", url)}


async def open_page(service: Service, url: str) -> tuple[str, str]:
    """Follow a link as a person: the page, and its nonce."""
    answer = await service.client.request("GET", url, headers={"User-Agent": AGENT})
    page = answer.body.decode()
    assert answer.status == 200, page
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    assert found, page
    return page, found[1]


async def send_form(service: Service, url: str, **fields: Any) -> HttpAnswer:
    """Open a link, and send the form of its page."""
    _, nonce = await open_page(service, url)
    parts = urlsplit(url)
    action = f"{parts.scheme}://{parts.netloc}/r/{parts.path.split('/')[2]}"
    form = {"nonce": nonce, **{name: str(value) for name, value in fields.items()}}
    return await service.client.request("POST", action, data=form, headers={"User-Agent": AGENT})


async def vote(service: Service, asking: Mail, value: int, comment: str = "") -> None:
    """Follow the link of a value, and press the page's button."""
    answer = await send_form(service, links_of(asking)[value], act="rate", value=value, comment=comment)
    assert answer.status == 303, answer.body
