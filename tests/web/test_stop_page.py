"""The one-click opt-out (RFC 8058), as mail providers, programs and people use it."""

import httpx
import pytest

from ratings.store.writer import StoreBusy
from tests.web.site import Site, nonce_of, says

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def stop(site: Site, **more: object) -> httpx.Response:
    return await site.client.post(f"/u/{site.token}", **(more or {"data": ONE_CLICK}))  # type: ignore[arg-type] # of httpx


async def test_following_the_link_changes_nothing(site: Site) -> None:
    page = await site.get("/u/TOKEN")
    assert page.status_code == 200
    assert says(page, "No more requests for ratings?", "Do not ask me at this address")
    await site.client.head(f"/u/{site.token}")
    assert not site.page().opted_out
    assert site.hits() == []


async def test_a_mail_providers_post_is_enough_and_may_come_twice(site: Site) -> None:
    for _ in range(2):
        answer = await stop(site)
        assert answer.status_code == 200
        assert says(answer, "we will not ask you for a rating again")
        assert site.page().opted_out
    refused = site.world.close("T-2")
    assert (refused.decision, refused.reason) == ("skip", "opted_out")


async def test_multipart_is_as_good(site: Site) -> None:
    answer = await stop(site, files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert site.page().opted_out


async def test_a_slash_that_something_added_is_no_redirect(local: Site) -> None:
    answer = await local.client.post(f"/u/{local.token}/", data=ONE_CLICK)
    assert answer.status_code == 200
    assert local.page().opted_out


async def test_it_is_of_this_channel_alone(local: Site) -> None:
    await stop(local)
    other = local.world.close("T-2", address={"channel": "telegram.support", "id": "777"})
    assert other.decision == "ask"


async def test_it_can_be_taken_back_and_the_rating_is_still_welcome(site: Site) -> None:
    answer = await stop(site)
    assert says(answer, "Ask me again")
    assert (await site.post(nonce_of(answer), act="again")).status_code == 303
    assert not site.page().opted_out
    assert (await site.post(value=5)).status_code == 303
    assert site.page().value == 5


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"data": {"a": "b"}}, 400),
        ({"data": {"List-Unsubscribe": "Two-Clicks"}}, 400),
        ({"content": b"", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
        ({"content": b"", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400),
        ({"json": ONE_CLICK}, 415),
        ({}, 415),
        ({"data": {"List-Unsubscribe": "One-Click", "more": "x" * 70_000}}, 413),
    ],
)
async def test_another_body_stops_nothing(local: Site, more: dict[str, object], status: int) -> None:
    answer = await local.client.post(f"/u/{local.token}", **more)  # type: ignore[arg-type] # of httpx
    assert answer.status_code == status
    assert not local.page().opted_out


async def test_it_works_after_everything_else_has_ended(local: Site) -> None:
    local.clock.forward(400 * 24 * 3600 * 1000)
    assert (await local.get("/u/TOKEN")).status_code == 200
    assert (await stop(local)).status_code == 200
    assert local.page().opted_out


async def test_a_store_that_is_away_is_said_so_that_the_provider_comes_again(
    local: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_arguments: object) -> None:
        raise StoreBusy

    with monkeypatch.context() as patched:
        patched.setattr(local.parts.store.writer, "_put", busy)
        answer = await stop(local)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert 'name="List-Unsubscribe" value="One-Click"' in answer.text
    assert not local.page().opted_out


async def test_the_page_speaks_the_wanted_language(local: Site) -> None:
    assert says(await local.get("/u/TOKEN?lang=ru"), "Больше не просить вас об оценке?")
