"""What the rating page refuses, and that nothing is lost by it: nonces, bodies, limits, a store that is not there."""

import asyncio

import pytest
from markupsafe import escape

from bot.web.rate import guard
from bot.web.rate.nonces import PAGE_LIFE
from ratings.store.writer import StoreAway, StoreBusy
from ratings.times import SECOND
from tests.api.test_front import Gate, is_problem
from tests.web.site import FORM, WILD, Site, checked_of, nonce_of, says

THANKS = "Thank you!"

# --- nonces


@pytest.mark.parametrize("nonce", ["", "forged", "0.0"])
async def test_a_form_without_the_pages_nonce_is_shown_again_with_everything_in_it(site: Site, nonce: str) -> None:
    answer = await site.post(nonce, value=2, comment=WILD, lang="pl")
    assert answer.status_code == 403
    assert says(answer, "Strona była otwarta zbyt długo", WILD)
    assert WILD not in answer.text
    assert checked_of(answer) == [2]
    assert site.votes() == []
    assert (await site.post(nonce_of(answer), value=2, comment=WILD)).status_code == 303
    assert (site.page().value, site.page().comment) == (2, WILD)


async def test_a_nonce_is_of_its_token_and_has_an_end(local: Site) -> None:
    foreign = await local.nonce()
    local.ask("T-2", customer={"id": "c-2", "language": "en"}, address={"channel": "telegram.support", "id": "777"})
    assert (await local.post(foreign, value=2)).status_code == 403
    own = await local.nonce()
    local.clock.forward(PAGE_LIFE)
    assert (await local.post(own, value=2)).status_code == 403
    assert local.votes() == []
    is_problem(await local.post(own, value=2, kind="gesture"), 403)


@pytest.mark.parametrize("act", ["withdraw", "never_here", "never", "less", "again"])
async def test_no_act_goes_without_a_nonce(local: Site, act: str) -> None:
    await local.post(value=4)
    before = local.page()
    answer = await local.post("forged", act=act)
    assert answer.status_code == 403
    assert says(answer, THANKS, "This page was open for too long")
    assert local.page() == before


# --- what a request may be


async def test_a_body_that_is_no_form_of_ours(local: Site) -> None:
    path, nonce = f"/r/{local.token}", await local.nonce()
    json = await local.client.post(path, json={"value": 5})
    assert json.status_code == 415
    large = await local.client.post(path, data={"nonce": nonce, "value": "5", "comment": "x" * 70_000})
    assert large.status_code == 413
    for content in (f"nonce={nonce}&value=5&act=delete", f"nonce={nonce}&value=5&kind=human"):
        assert (await local.client.post(path, content=content, headers={"content-type": FORM})).status_code == 422
    charset = {"content-type": f"{FORM}; charset=UTF-8"}
    assert (await local.client.post(path, content=f"nonce={nonce}&value=5", headers=charset)).status_code == 303
    assert local.votes() == [(5, "confirmed", "button")]


async def test_one_token_posts_so_often_a_minute(local: Site) -> None:
    nonce = await local.nonce()
    for _ in range(60):
        assert (await local.post(nonce, value=5, kind="gesture")).status_code == 200
    script = await local.post(nonce, value=5, kind="gesture")
    is_problem(script, 429)
    assert script.headers["retry-after"] == "60"
    person = await local.post(nonce, value=2, comment=WILD)
    assert person.status_code == 429
    assert says(person, "Too many attempts", WILD)
    local.clock.forward(60 * SECOND)
    assert (await local.post(nonce, value=2, comment=WILD)).status_code == 303


# --- a store that is not there


def _busy(*_arguments: object) -> None:
    raise StoreBusy


def _away(*_arguments: object) -> None:
    raise StoreAway


async def test_a_store_that_cannot_write_loses_nothing(local: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    nonce = await local.nonce()
    for refuse in (_busy, _away):
        with monkeypatch.context() as patched:
            patched.setattr(local.parts.store.writer, "_put", refuse)
            answer = await local.post(nonce, value=2, comment=WILD, lang="ru")
            shown = await local.get("/r/TOKEN/5")
            script = await local.post(nonce, value=2, kind="gesture")
        assert (answer.status_code, shown.status_code) == (503, 503)
        assert answer.headers["retry-after"]
        assert says(answer, "Попробовать ещё раз", WILD)
        is_problem(script, 503)
        for name, value in {"nonce": nonce, "value": "2", "comment": WILD, "act": "rate", "lang": "ru"}.items():
            assert f'name="{name}" value="{escape(value)}"' in answer.text
    assert (await local.post(nonce, value=2, comment=WILD)).status_code == 303
    assert (local.page().value, local.page().comment) == (2, WILD)


async def test_a_store_that_hangs_is_said_in_time(local: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    nonce, gate = await local.nonce(), Gate()
    done = local.parts.store.writer.queue(gate)
    await asyncio.to_thread(gate.reached.wait, 30)
    try:
        monkeypatch.setattr(guard, "WAIT_SECONDS", 0.2)
        answer = await local.post(nonce, value=2, comment=WILD)
        assert answer.status_code == 503
        assert says(answer, "Try again", WILD)
    finally:
        gate.open.set()
        await done
    monkeypatch.setattr(guard, "WAIT_SECONDS", 10)
    assert (await local.post(nonce, value=2, comment=WILD)).status_code == 303
    assert local.votes() == [(2, "confirmed", "comment")]  # the one that was late, or this one: never two


async def test_a_failure_that_nobody_foresaw_is_a_page_and_no_log_holds_the_token(
    local: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    nonce = await local.nonce()

    def fail(*_arguments: object) -> None:
        raise RuntimeError(f"row of {WILD}")

    monkeypatch.setattr("bot.web.rate.routes.load_page", fail)
    answers = [
        await local.get("/r/TOKEN/5"),
        await local.post(nonce, value=2, comment="words"),
        await local.get("/u/TOKEN"),
        await local.client.post(f"/u/{local.token}", data={"List-Unsubscribe": "One-Click"}),
    ]
    assert [answer.status_code for answer in answers] == [500] * 4
    assert says(answers[1], "words", "Try again")
    told = caplog.text + "".join(capsys.readouterr())
    assert "RuntimeError" in told
    assert local.token not in told
    assert "onerror" not in told


# --- files


async def test_style_and_script_are_kept_by_browsers_until_they_change(local: Site) -> None:
    page = (await local.get("/r/TOKEN")).text
    for name, kind in (("rate.css", "text/css"), ("rate.js", "text/javascript")):
        address = page.split(f"/static/{name}")[1].split('"')[0]
        file = await local.client.get(f"/static/{name}{address}")
        assert file.status_code == 200
        assert file.headers["content-type"].startswith(kind)
        assert "max-age=" in file.headers["cache-control"]
        etag = file.headers["etag"]
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            again = await local.client.get(f"/static/{name}", headers={"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
        changed = await local.client.get(f"/static/{name}", headers={"if-none-match": '"other"'})
        assert changed.status_code == 200
    assert (await local.client.get("/static/other.css")).status_code == 404
