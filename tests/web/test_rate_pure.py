"""What the rating page decides before anything is stored or shown."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.rate.limits import Limit
from bot.web.rate.nonces import PAGE_LIFE, SKEW, Nonces, linked_value
from bot.web.rate.requests import (
    MAX_AGENT,
    Act,
    NotUnderstood,
    Posted,
    is_one_click,
    language_wanted,
    parse_form,
    value_of,
    visit_of,
)
from bot.web.rate.view import Asking, Screen, choose_language, refused_view, screen_of, tones, visit_view, words
from ratings.links import LinkKind, Visit
from ratings.scale import DEFAULT_SCALE, Choice, Scale
from ratings.store.pages import Page
from ratings.survey import DEFAULT_SURVEY
from ratings.times import MINUTE, SECOND
from ratings.votes import VoteState
from tests.conftest import START

OLD, NEW = b"o" * 32, b"n" * 32
TOKEN = "a" * 34
PAGE = Page(
    invitation_id=1,
    open=True,
    reason="",
    value=None,
    vote_state=None,
    pending=None,
    comment="",
    scale=DEFAULT_SCALE,
    reverse=False,
    language="en",
    survey=DEFAULT_SURVEY,
    opted_out=False,
    resting_until=None,
)

# --- nonces


def test_a_nonce_tells_by_which_link_its_page_was_reached() -> None:
    nonces = Nonces([NEW])
    nonce = nonces.issue(TOKEN, START, 4)
    assert nonces.holds(nonce, TOKEN, START)
    assert linked_value(nonce) == 4
    assert linked_value(nonces.issue(TOKEN, START)) is None
    assert not nonces.holds(nonce.replace(".4.", ".5."), TOKEN, START)
    assert not nonces.holds(nonce.replace(".4.", ".."), TOKEN, START)


def test_a_nonce_holds_for_its_page_and_its_life() -> None:
    nonces = Nonces([NEW])
    nonce = nonces.issue(TOKEN, START)
    assert nonces.holds(nonce, TOKEN, START)
    assert nonces.holds(nonce, TOKEN, START + PAGE_LIFE - 1)
    assert not nonces.holds(nonce, TOKEN, START + PAGE_LIFE)
    assert not nonces.holds(nonce, "b" * 34, START)


def test_the_newest_secret_signs_and_any_verifies() -> None:
    nonce = Nonces([OLD]).issue(TOKEN, START)
    assert Nonces([NEW, OLD]).holds(nonce, TOKEN, START)
    assert not Nonces([NEW]).holds(nonce, TOKEN, START)
    assert Nonces([NEW]).holds(Nonces([NEW, OLD]).issue(TOKEN, START), TOKEN, START)
    with pytest.raises(ValueError, match="secret"):
        Nonces([])


def test_a_nonce_from_the_future_is_forged_but_for_a_clock_that_is_a_little_ahead() -> None:
    nonces = Nonces([NEW])
    assert nonces.holds(nonces.issue(TOKEN, START + SKEW), TOKEN, START)
    assert not nonces.holds(nonces.issue(TOKEN, START + SKEW + 1), TOKEN, START)


def test_no_character_of_a_nonce_may_differ() -> None:
    nonces = Nonces([NEW])
    nonce = nonces.issue(TOKEN, START)
    for place, character in enumerate(nonce):
        other = "0" if character != "0" else "1"
        assert not nonces.holds(nonce[:place] + other + nonce[place + 1 :], TOKEN, START)
    for wrong in ("", ".", nonce + "0", nonce.upper(), nonce[:-1], f" {nonce}", nonce.partition(".")[0] + "."):
        assert not nonces.holds(wrong, TOKEN, START)


@given(st.text(max_size=60))
def test_garbage_is_no_nonce(text: str) -> None:
    assert not Nonces([NEW]).holds(text, TOKEN, START)


# --- the limit


def test_a_token_may_post_so_often_in_a_window_and_others_do_not_pay_for_it() -> None:
    limit = Limit(most=3, window=MINUTE)
    assert [limit.wait_s(1, START) for _ in range(4)] == [0, 0, 0, 60]
    assert limit.wait_s(2, START) == 0
    assert limit.wait_s(1, START + MINUTE - 1) == 1
    assert limit.wait_s(1, START + MINUTE) == 0


def test_the_limit_forgets_windows_that_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.rate.limits.SWEEP_AT", 10)
    limit = Limit()
    for key in range(10):
        limit.wait_s(key, START + key * SECOND)
    limit.wait_s(100, START + MINUTE + 4 * SECOND)
    assert sorted(limit._counts) == [5, 6, 7, 8, 9, 100]


# --- requests


@pytest.mark.parametrize(
    ("segment", "value"),
    [
        ("5", 5),
        ("0", 0),
        ("10", 10),
        ("999", 999),
        ("1000", None),
        ("05", None),
        ("-1", None),
        ("5.", None),
        ("٥", None),
        ("5\n", None),
        ("", None),
        ("abc", None),
    ],
)
def test_only_a_plain_number_is_a_value(segment: str, value: int | None) -> None:
    assert value_of(segment) == value


@pytest.mark.parametrize(
    ("headers", "prefetch"),
    [
        ({}, False),
        ({"sec-purpose": "prefetch"}, True),
        ({"sec-purpose": "prefetch;prerender"}, True),
        ({"purpose": "prefetch"}, True),
        ({"x-moz": "prefetch"}, True),
        ({"x-purpose": "preview"}, False),
    ],
)
def test_a_browser_that_fetches_ahead_says_so(headers: dict[str, str], prefetch: bool) -> None:
    assert visit_of({"user-agent": "Browser", **headers}) == Visit("Browser", prefetch)


def test_an_agent_is_cut() -> None:
    assert len(visit_of({"user-agent": "x" * 1000}).agent) == MAX_AGENT


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de-DE, pl;q=0.5", "pl"),
        ("de", "en"),
        ("", "en"),
        ("*", "en"),
        (";;,,", "en"),
    ],
)
def test_a_page_without_an_invitation_speaks_as_the_browser_does(header: str, language: str) -> None:
    assert language_wanted(header) == language


@pytest.mark.parametrize(
    ("body", "posted"),
    [
        (b"", Posted()),
        (b"value=5&nonce=n&lang=ru", Posted(value=5, nonce="n", language="ru")),
        (b"value=4&comment=", Posted(value=4)),
        (b"value=4&comment=%20%0D%0A", Posted(value=4)),
        (b"value=4&comment=a%0D%0Ab", Posted(value=4, comment="a\nb", kind=LinkKind.COMMENT)),
        (b"value=4&comment=a%00b%FF", Posted(value=4, comment="ab\N{REPLACEMENT CHARACTER}", kind=LinkKind.COMMENT)),
        (b"value=4&kind=auto&comment=words", Posted(value=4, kind=LinkKind.AUTO)),
        (b"value=4&kind=gesture", Posted(value=4, kind=LinkKind.GESTURE)),
        (b"value=4&kind=comment", Posted(value=4)),
        (b"value=4&value=5", Posted(value=4)),
        (b"value=five", Posted()),
        (b"act=never_here", Posted(act=Act.NEVER_HERE)),
        (b"\xff\xfe=\xff", Posted()),
    ],
)
def test_a_form_is_read(body: bytes, posted: Posted) -> None:
    assert parse_form(body) == posted


@pytest.mark.parametrize("body", [b"act=delete", b"kind=human", b"&".join(b"a%d=1" % n for n in range(30))])
def test_a_form_that_no_page_of_ours_has_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        parse_form(body)


BOUNDARY = "multipart/form-data; boundary=xyz"
PARTS = b'--xyz\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--xyz--\r\n'


@pytest.mark.parametrize(
    ("content_type", "body", "one_click"),
    [
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click", True),
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click\r\n", True),
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=Two", False),
        ("application/x-www-form-urlencoded", b"", False),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(30)), False),
        (BOUNDARY, PARTS, True),
        (BOUNDARY, PARTS.replace(b"One-Click", b"no"), False),
        (BOUNDARY, PARTS.replace(b"name=", b"nome="), False),
        (BOUNDARY, b"", False),
        (BOUNDARY, b"garbage", False),
        ("multipart/form-data", PARTS, False),
        ("Multipart/Form-Data; Boundary=xyz", PARTS, True),
    ],
)
def test_the_one_click_of_a_mail_provider_is_read_in_both_encodings(
    content_type: str, body: bytes, one_click: bool
) -> None:
    assert is_one_click(content_type, body) is one_click


# --- the view


def page(**more: Any) -> Page:
    return replace(PAGE, **more)


@pytest.mark.parametrize(
    ("facts", "linked", "screen"),
    [
        ({}, None, Screen.ASK),
        ({}, 4, Screen.ASK),
        ({"value": 4}, None, Screen.THANKS),
        ({"value": 4}, 4, Screen.THANKS),
        ({"value": 4}, 2, Screen.ASK),
        ({"pending": 4, "vote_state": VoteState.PROVISIONAL}, None, Screen.THANKS),
        ({"pending": 4, "vote_state": VoteState.PROVISIONAL}, 4, Screen.ASK),
        ({"pending": 4, "vote_state": VoteState.WITHDRAWN}, None, Screen.ASK),
        ({"open": False, "reason": "stands", "value": 4}, 2, Screen.STANDS),
        ({"open": False, "reason": "expired"}, 2, Screen.EXPIRED),
    ],
)
def test_the_screen_follows_from_what_is_known(facts: dict[str, Any], linked: int | None, screen: Screen) -> None:
    assert screen_of(page(**facts), linked) is screen


@pytest.mark.parametrize("value", [0, 6, 77, None])
def test_a_value_that_the_scale_does_not_have_chooses_nothing(value: int | None) -> None:
    view = visit_view(PAGE, TOKEN, "n", value, "")
    assert (view.linked, view.chosen, [tile.checked for tile in view.tiles]) == (None, None, [False] * 5)


def test_the_linked_value_is_chosen_and_all_are_there_in_the_survey_s_order() -> None:
    assert [(tile.value, tile.checked) for tile in visit_view(PAGE, TOKEN, "n", 2, "").tiles] == [
        (1, False),
        (2, True),
        (3, False),
        (4, False),
        (5, False),
    ]
    assert [tile.value for tile in visit_view(page(reverse=True), TOKEN, "n", 2, "").tiles] == [5, 4, 3, 2, 1]


def test_later_askings_are_not_offered_before_a_vote_but_can_be_taken_back_at_any_time() -> None:
    assert visit_view(PAGE, TOKEN, "n", 2, "").asking is Asking.NOTHING
    assert visit_view(page(value=2), TOKEN, "n", 2, "").asking is Asking.CHOICES
    assert visit_view(page(opted_out=True), TOKEN, "n", 2, "").asking is Asking.OPTED_OUT
    assert visit_view(page(value=2, resting_until=START), TOKEN, "n", 2, "").asking is Asking.RESTING


def test_thanks_are_for_the_value_that_was_posted_also_where_it_has_to_wait() -> None:
    posted = visit_view(page(value=5), TOKEN, "n", None, "", 2)
    assert posted.chosen is not None
    assert posted.chosen.value == 2
    assert posted.say("page_chosen") == "Your rating: Bad."
    stands = visit_view(page(value=5, open=False, reason="stands"), TOKEN, "n", None, "", 2)
    assert stands.chosen is not None
    assert stands.chosen.value == 5


def test_a_refused_form_keeps_everything() -> None:
    posted = Posted(value=2, comment="words", language="pl")
    view = refused_view(page(value=5), TOKEN, "n", posted, "page_stale")
    assert (view.screen, view.comment, view.speech.language, view.live) == (Screen.ASK, "words", "pl", False)
    assert [tile.value for tile in view.tiles if tile.checked] == [2]
    wish = refused_view(page(value=5), TOKEN, "n", Posted(act=Act.NEVER), "page_stale")
    assert (wish.screen, wish.asking) == (Screen.THANKS, Asking.CHOICES)


@pytest.mark.parametrize(
    ("of_invitation", "wanted", "language"),
    [
        ("ru", "", "ru"),
        ("ru", "pl", "pl"),
        ("ru", "xx", "ru"),
        ("ru-RU", "", "ru"),
        ("de", "", "de"),
        ("de", "en", "en"),
        ("ru", "de", "ru"),
        ("fr", "", "ru"),
        ("", "", "ru"),
    ],
)
def test_the_language_is_the_invitations_and_can_be_switched(of_invitation: str, wanted: str, language: str) -> None:
    survey = replace(DEFAULT_SURVEY, texts={"de": {"page_question": "Wie war es?"}})
    speech = choose_language(survey, of_invitation, wanted)
    assert speech.language == language
    assert [tongue.tag for tongue in speech.tongues if tongue.current] == [language]
    assert ("de" in [tongue.tag for tongue in speech.tongues]) is (of_invitation == "de")


def test_a_language_that_runs_from_the_right_does() -> None:
    survey = replace(DEFAULT_SURVEY, texts={"he": {"page_question": "?"}})
    assert (choose_language(survey, "he", "").direction, choose_language(survey, "he", "en").direction) == (
        "rtl",
        "ltr",
    )


def test_no_text_of_the_page_can_tell_of_the_ticket() -> None:
    survey = replace(DEFAULT_SURVEY, texts={"en": {"page_question": "How was “{ticket.subject}” by {agent.name}?"}})
    assert words(survey, "en", DEFAULT_SCALE, None)("page_question") == "How was by?"


def scale(*satisfied: bool) -> Scale:
    return Scale("s", tuple(Choice(n, str(n), {}, each) for n, each in enumerate(satisfied, start=1)))


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (scale(False, True), [1, 5]),
        (scale(True, False), [5, 1]),
        (scale(False, False, True), [1, 3, 5]),
        (scale(True, True, True, False, False), [5, 4, 3, 2, 1]),
        (scale(*[False] * 5, *[True] * 5), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
    ],
)
def test_colours_go_from_the_worst_to_the_best(of: Scale, expected: list[int]) -> None:
    assert list(tones(of).values()) == expected


def test_a_choice_without_words_is_its_symbol() -> None:
    view = visit_view(page(scale=scale(False, True)), TOKEN, "n", 1, "")
    assert [(tile.symbol, tile.label) for tile in view.tiles] == [("1", ""), ("2", "")]
