"""The rating page by HTTP: what a link does, what a form does, and what is never lost."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.web.rate.requests import MAX_COMMENT
from ratings.lifecycle import TEST_INVITATION
from ratings.store.schema import hits, votes
from ratings.times import DAY, SECOND
from tests.api.test_front import is_problem
from tests.web.site import SECRET_SUBJECT, WILD, Site, checked_of, nonce_of, says, values_of

THANKS = "Thank you!"
ASK = "How did we do?"
NONCE = re.compile(r'name="nonce" value="[^"]+"').sub
PRIVATE = (SECRET_SUBJECT, "Anna", "Petrova", "T-1", "555001", "telegram")

# --- links


async def test_a_link_is_evidence_and_never_a_vote(site: Site) -> None:
    for path in ("/r/TOKEN", "/r/TOKEN/5", "/r/TOKEN/1", "/r/TOKEN/0", "/r/TOKEN/77", "/r/TOKEN/abc", "/r/TOKEN/99999"):
        assert (await site.get(path)).status_code == 200
    await site.client.head(f"/r/{site.token}/4")
    expected = [(None, "GET"), (5, "GET"), (1, "GET"), (0, "GET"), (77, "GET"), (None, "GET"), (None, "GET")]
    assert site.hits() == [*expected, (4, "HEAD")]
    assert site.votes() == []
    assert (site.page().value, site.page().pending) == (None, None)


async def test_the_linked_value_is_chosen_and_all_can_be(local: Site) -> None:
    page = await local.get("/r/TOKEN/4")
    assert (values_of(page), checked_of(page)) == ([1, 2, 3, 4, 5], [4])
    assert 'id="rate"' in page.text
    for path in ("/r/TOKEN", "/r/TOKEN/0", "/r/TOKEN/6", "/r/TOKEN/x"):
        page = await local.get(path)
        assert (values_of(page), checked_of(page)) == ([1, 2, 3, 4, 5], [])
        assert "data-linked" not in page.text


async def test_head_is_get_without_a_body(local: Site) -> None:
    for path in ("/r/TOKEN/4", "/r/nonsense", "/u/TOKEN", "/static/rate.css"):
        got = await local.get(path)
        status, headers, body = await ask_plainly(local, "HEAD", path.replace("TOKEN", local.token))
        assert body == b""
        assert (status, headers) == (got.status_code, dict(got.headers))


async def ask_plainly(site: Site, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """What the application answers, before any client tidies it up: they drop the body of a HEAD themselves."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [], "root_path": ""}
    await site.parts.application(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("path", ["/r/TOKEN", "/r/TOKEN/4", "/u/TOKEN"])
async def test_a_slash_at_the_end_is_the_same_page_and_leads_nowhere(local: Site, path: str) -> None:
    answer = await local.get(f"{path}/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 200
    assert answer.headers["referrer-policy"] == "no-referrer"
    plain = await local.get(path)
    assert NONCE("", answer.text) == NONCE("", plain.text)


async def test_nobody_is_led_to_the_host_that_a_request_names(local: Site) -> None:
    answer = await local.client.get("/healthz/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(local: Site, method: str) -> None:
    for path, allowed in (
        ("/r/TOKEN", "GET, HEAD, POST"),
        ("/r/TOKEN/4", "GET, HEAD"),
        ("/u/TOKEN", "GET, HEAD, POST"),
    ):
        response = await local.client.request(method, path.replace("TOKEN", local.token))
        is_problem(response, 405)
        assert response.headers["allow"] == allowed
    is_problem(await local.client.post(f"/r/{local.token}/4", data={"value": "4"}), 405)
    assert local.hits() == []


async def test_every_page_keeps_its_token_to_itself(local: Site) -> None:
    for response in (
        await local.get("/r/TOKEN/4"),
        await local.get("/r/nonsense"),
        await local.get("/u/TOKEN"),
        await local.post("forged", value=4),
        await local.post(value=4),
        await local.client.put(f"/r/{local.token}"),
    ):
        headers = response.headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-robots-tag"] == "noindex, nofollow"
        assert headers["x-content-type-options"] == "nosniff"
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
        assert "unsafe" not in headers["content-security-policy"]
        assert "set-cookie" not in headers
        assert "http:" not in response.text
        assert "https:" not in response.text


async def test_whoever_holds_the_link_reads_nothing_personal(local: Site) -> None:
    local.world.tap(local.invitation, 4)
    local.world.write("my own words about Anna")
    texts = [(await local.get(path)).text for path in ("/r/TOKEN", "/r/TOKEN/4", "/r/TOKEN/1", "/u/TOKEN")]
    local.clock.forward(2 * DAY)
    texts.append((await local.get("/r/TOKEN")).text)
    assert all("passed on" in text for text in texts[:2])
    for text in texts:
        assert not any(private in text for private in (*PRIVATE, "my own words"))


async def test_one_page_for_every_token_that_is_none(local: Site) -> None:
    missing = local.parts.tokens.issue(10_000)
    forged = ("b" if local.token[-3] == "a" else "a").join((local.token[:-3], local.token[-2:]))
    pages = []
    for token in (missing, forged, local.token.upper(), local.token[:-1], "x", "%00"):
        for answer in (
            await local.client.get(f"/r/{token}/5"),
            await local.client.get(f"/r/{token}"),
            await local.client.get(f"/u/{token}"),
            await local.client.post(f"/r/{token}", data={"value": "5"}),
            await local.client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"}),
        ):
            assert answer.status_code == 404
            pages.append((answer.text, answer.headers))
    assert all(page == pages[0] for page in pages)
    russian = await local.client.get("/r/x", headers={"accept-language": "ru-RU,ru;q=0.9"})
    assert says(russian, "Эта ссылка не работает")
    assert russian.headers["content-language"] == "ru"


async def test_a_skipped_closing_has_no_page(local: Site) -> None:
    skipped = local.world.close("T-2", ask=False)
    token = local.parts.tokens.issue(skipped.invitation_id)
    assert (await local.client.get(f"/r/{token}")).status_code == 404


# --- votes


async def test_a_vote_by_the_button_counts_and_leads_to_thanks(site: Site) -> None:
    answer = await site.post(value=4)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/r/{site.token}")
    assert site.votes() == [(4, "confirmed", "button")]
    assert site.page().value == 4
    thanks = await site.get("/r/TOKEN")
    assert says(thanks, THANKS, "Your rating: Good.", "Change rating", "Withdraw my rating", "Send comment")
    assert site.hits()[-1] == (None, "GET")


async def test_words_count_as_words_and_are_never_shown_again(site: Site) -> None:
    await site.post(value=5, comment=f"{WILD}\r\nsecond line")
    assert site.votes() == [(5, "confirmed", "comment")]
    assert site.page().comment == f"{WILD}\nsecond line"
    thanks = await site.get("/r/TOKEN")
    assert says(thanks, "Your words have been passed on")
    assert "second line" not in thanks.text
    assert "Send comment" not in thanks.text


async def test_the_script_is_answered_in_json(site: Site) -> None:
    nonce = await site.nonce()
    automatic = await site.post(nonce, value=4, kind="auto")
    assert (automatic.status_code, automatic.json()) == (200, {"state": "provisional"})
    touched = await site.post(nonce, value=4, kind="gesture")
    assert touched.json() == {"state": "confirmed"}
    assert site.votes() == [(4, "provisional", "auto"), (4, "confirmed", "gesture")]
    assert touched.headers["cache-control"] == "no-store"


async def test_the_page_tells_who_sends_and_that_it_was_fetched_ahead(local: Site) -> None:
    await local.get("/r/TOKEN/4", headers={"user-agent": "Eye/1", "sec-purpose": "prefetch;prerender"})
    nonce = await local.nonce()
    headers = {"user-agent": "Finger/2"}
    await local.client.post(f"/r/{local.token}", data={"nonce": nonce, "value": "4"}, headers=headers)
    assert [(row["agent"], row["prefetch"]) for row in local._rows(hits)][:1] == [("Eye/1", True)]
    assert [(row["agent"], row["prefetch"]) for row in local._rows(votes)] == [("Finger/2", False)]


async def test_a_vote_that_waits_is_thanked_for_what_it_is(local: Site) -> None:
    await local.post(value=5)
    await local.get("/r/TOKEN/1")  # a program looks at another link
    answer = await local.post(value=2)
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"chose": ["2"]}
    thanks = await local.client.get(answer.headers["location"])
    assert says(thanks, THANKS, "Your rating: Bad.")
    assert local.page().value == 5


async def test_another_link_is_a_change_of_mind_and_the_same_one_is_none(local: Site) -> None:
    await local.post(value=4)
    local.clock.forward(120 * SECOND)
    again = await local.get("/r/TOKEN/4")
    assert says(again, THANKS)
    local.clock.forward(120 * SECOND)
    other = await local.get("/r/TOKEN/2")
    assert says(other, ASK, "Your rating so far: Good.")
    assert checked_of(other) == [2]
    assert local.page().value == 4
    await local.post(nonce_of(other), value=2)
    assert local.page().value == 2


async def test_an_automatic_vote_is_confirmed_by_a_second_visit(local: Site) -> None:
    nonce = nonce_of(await local.get("/r/TOKEN/4"))
    await local.post(nonce, value=4, kind="auto")
    page = await local.get("/r/TOKEN/4")
    assert says(page, ASK)
    assert checked_of(page) == [4]
    await local.post(nonce, value=4)
    assert local.page().value == 4


@pytest.mark.parametrize("value", ["", "0", "6", "77", "five"])
async def test_a_form_without_a_choice_keeps_its_words(local: Site, value: str) -> None:
    answer = await local.post(value=value, comment=WILD)
    assert answer.status_code == 422
    assert says(answer, "Please choose a rating.", WILD)
    assert WILD not in answer.text
    assert local.votes() == []


async def test_a_long_comment_is_refused_and_nothing_of_it_is_lost(local: Site) -> None:
    words = "ы" * MAX_COMMENT
    answer = await local.post(value=2, comment=words + "!")
    assert answer.status_code == 422
    assert says(answer, "up to 4000 characters", words + "!")
    assert checked_of(answer) == [2]
    assert (await local.post(nonce_of(answer), value=2, comment=words)).status_code == 303
    assert local.page().comment == words


# --- what comes after a vote


async def test_a_rating_can_be_withdrawn_and_given_again(site: Site) -> None:
    await site.post(value=4)
    assert (await site.post(act="withdraw")).status_code == 303
    page = await site.get("/r/TOKEN")
    assert says(page, ASK, "Your rating has been withdrawn.")
    assert checked_of(page) == []
    assert site.page().value is None
    site.clock.forward(120 * SECOND)
    await site.post(value=3)
    assert site.page().value == 3


@pytest.mark.parametrize(
    ("act", "text"),
    [
        ("less", "no more than once in 90 days"),
        ("never_here", "we will not ask you for a rating again"),
        ("never", "we will not ask you for a rating again"),
    ],
)
async def test_a_wish_about_later_askings_is_kept_and_can_be_taken_back(site: Site, act: str, text: str) -> None:
    await site.post(value=4)
    page = await site.get("/r/TOKEN")
    assert says(page, "Ask me less often", "Do not ask me at this address", "Do not ask me anywhere")
    assert (await site.post(act=act)).status_code == 303
    assert says(await site.get("/r/TOKEN"), text, "Ask me again")
    assert site.page().opted_out is (act != "less")
    assert (site.page().resting_until is not None) is (act == "less")
    await site.post(act="again")
    assert not site.page().opted_out
    assert site.page().resting_until is None
    assert site.page().value == 4


async def test_the_edit_window_ends(site: Site) -> None:
    await site.post(value=4)
    nonce = await site.nonce()
    site.clock.forward(DAY)
    page = await site.get("/r/TOKEN/2")
    assert page.status_code == 200
    assert says(page, "can no longer be changed", "Your rating: Good.")
    assert values_of(page) == []
    fresh = nonce_of(page)
    assert (await site.post(nonce, value=2)).status_code == 403  # the page was open for a day
    for refused in (await site.post(fresh, value=2), await site.post(fresh, act="withdraw")):
        assert refused.status_code == 409
        assert says(refused, "can no longer be changed")
    is_problem(await site.post(fresh, value=2, kind="gesture"), 409)
    assert site.page().value == 4


async def test_the_time_for_an_answer_ends(site: Site) -> None:
    nonce_early = await site.nonce()
    assert nonce_early
    site.clock.forward(31 * DAY)
    page = await site.get("/r/TOKEN/5")
    assert page.status_code == 410
    assert says(page, "The time to rate this request is over")
    assert site.hits()[-1] == (5, "GET")
    nonce = nonce_of(page)  # of the opt-out, which has no end
    assert (await site.post(nonce, value=5)).status_code == 410
    is_problem(await site.post(nonce, value=5, kind="auto"), 410)
    assert site.votes() == []
    assert (await site.post(nonce, act="never_here")).status_code == 303
    assert site.page().opted_out


# --- languages


@pytest.mark.parametrize(
    ("language", "question", "label"),
    [
        ("ru", "Как мы справились?", "Отлично"),
        ("en", "How did we do?", "Excellent"),
        ("uk", "Як ми впоралися?", "Чудово"),
        ("pl", "Jak sobie poradziliśmy?", "Świetnie"),
    ],
)
async def test_the_page_speaks_the_invitations_language_and_can_be_switched(
    local: Site, language: str, question: str, label: str
) -> None:
    customer = {"id": "c-2", "language": language}
    local.ask("T-2", customer=customer, address={"channel": "telegram.support", "id": "777"})
    page = await local.get("/r/TOKEN/5")
    assert says(page, question, label)
    assert f'<html lang="{language}" dir="ltr">' in page.text
    assert page.headers["content-language"] == language
    for other in ("ru", "en", "uk", "pl"):
        assert f'href="?lang={other}" lang="{other}" hreflang="{other}"' in page.text
    switched = await local.get(f"/r/TOKEN/5?lang={'en' if language != 'en' else 'ru'}")
    assert checked_of(switched) == [5]
    assert not says(switched, question)


async def test_a_switched_language_stays_through_a_vote(local: Site) -> None:
    page = await local.get("/r/TOKEN/5?lang=uk")
    assert 'name="lang" value="uk"' in page.text
    answer = await local.post(nonce_of(page), value=5, lang="uk")
    assert answer.headers["location"] == f"/r/{local.token}?lang=uk"
    assert says(await local.client.get(answer.headers["location"]), "Дякуємо!")


async def test_a_language_cannot_carry_anything_else(local: Site) -> None:
    answer = await local.post(value=5, lang="ru\r\nX: 1&next=//evil.example")
    assert answer.headers["location"].startswith(f"/r/{local.token}?lang=ru%0D%0AX")
    assert (await local.client.get(answer.headers["location"])).status_code == 200


async def test_words_of_the_survey_are_the_newest(local: Site) -> None:
    local.change_survey(texts={"en": {"page_question": "Were <we> any good?"}})
    assert says(await local.get("/r/TOKEN"), "Were <we> any good?")


async def test_the_links_of_a_test_message_say_that_nothing_is_saved(local: Site) -> None:
    token = local.parts.tokens.issue(TEST_INVITATION)
    assert (await local.client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})).status_code == 200
    for path in (f"/r/{token}", f"/r/{token}/5", f"/u/{token}"):
        response = await local.get(path)
        assert response.status_code == 200
        assert "This is a test message: the rating is not saved." in response.text
    assert local.votes() == []


async def test_a_reaction_stands_on_the_page_of_thanks_without_the_tickets_words(local: Site) -> None:
    local.change_survey(
        company="Acme", texts={"en": {"reaction.5": "{company} is glad[ about {ticket.subject}]! {symbol}"}}
    )
    local.ask("T-9")
    await local.post(value="5")
    assert "Acme is glad! 😍" in (await local.get("/r/TOKEN")).text
