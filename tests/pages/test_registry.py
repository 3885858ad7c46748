"""`/ratings`: the filter is the address, pages, columns, views, what is new; each by the rights of whoever looks."""

import csv
import json
from collections.abc import Sequence
from datetime import date
from html import unescape
from io import BytesIO, StringIO

import httpx
import openpyxl
import pytest

from bot.web.pages.periods import PERIODS, days_of, expand
from bot.web.pages.registry_columns import AT_FIRST, COLUMNS, PREFERENCE, file_columns
from bot.web.pages.registry_query import Query
from ratings.errors import InvalidInput
from ratings.reports.filters import write_id
from ratings.reports.registry import SORTS
from ratings.store.people_tables import users
from ratings.times import DAY, MINUTE
from tests.pages.office import Office, Person

WEEK = {"rated": "last_week", "value_max": "2"}


def rate(office: Office, ticket: str, value: int | None, words: str = "", form: str = "help") -> int:
    """Have a ticket closed, and rated where a value is given."""
    world = office.world
    invitation = world.close(ticket, form=form, customer={"id": ticket, "name": f"Customer {ticket}"}).invitation_id
    world.work()
    if value is not None:
        world.tap(invitation, value)
    if words:
        world.write(words)
    office.clock.forward(MINUTE)
    return invitation


@pytest.fixture
def filled(office: Office) -> Office:
    """Last week: T-1 rated 1, T-2 rated 5 (of sales), T-3 rated 2; this week: T-4 rated 2; T-5 never answered, T-6 not asked."""
    office.clock.now -= 5 * DAY  # from Monday to the Wednesday before
    rate(office, "T-1", 1, "Слишком <b>долго")
    rate(office, "T-2", 5, form="sales")
    rate(office, "T-3", 2, form="sales")
    office.clock.forward(5 * DAY - 3 * MINUTE)
    rate(office, "T-4", 2)
    rate(office, "T-5", None)
    office.world.close("T-6", ask=False)
    return office


def tickets(response: httpx.Response) -> list[str]:
    """The tickets of a page, in its order."""
    assert response.status_code == 200, response.text
    return [part.partition("?")[0] for part in response.text.split('href="/tickets/')[1:]]


async def listed(person: Person, **parameters: str) -> list[str]:
    return tickets(await person.get("/ratings", params=parameters))


async def test_the_address_is_the_filter(filled: Office) -> None:
    found: Sequence[tuple[dict[str, str], list[str]]] = [
        ({}, ["T-4", "T-3", "T-2", "T-1"]),
        (WEEK, ["T-3", "T-1"]),
        ({"rated": "today"}, ["T-4"]),
        ({"rated_from": "2026-09-14", "rated_to": "2026-09-20", "sort": "value"}, ["T-1", "T-3", "T-2"]),
        ({"form": "sales"}, ["T-3", "T-2"]),
        ({"has_comment": "true"}, ["T-1"]),
        ({"show": "unanswered"}, ["T-5"]),
        ({"show": "not_asked", "reason": "ask_false"}, ["T-6"]),
        ({"ticket": "T-2"}, ["T-2"]),
        ({"value": "4"}, []),
    ]
    for parameters, wanted in found:
        assert await listed(filled.manager, **parameters) == wanted, parameters
        assert await listed(filled.sales, **parameters) == [each for each in wanted if each in {"T-2", "T-3"}]


async def test_a_form_leads_to_the_short_address_and_chips_take_filters_off(filled: Office) -> None:
    typed = {"show": "rated", "rated": "range", "rated_from": "2026-09-14", "closed": "", "value_max": "2", "q": ""}
    led = await filled.manager.get("/ratings", params=typed)
    assert led.headers["location"] == "/ratings?show=rated&rated_from=2026-09-14&value_max=2"
    page = await filled.manager.follow(led)
    assert "Rated: from 14 Sept 2026" in page.text
    assert 'href="/ratings?show=rated&amp;rated_from=2026-09-14"' in page.text, "the chip of ≤ 2"
    assert "Europe/Moscow" in page.text
    named = await filled.manager.get("/ratings", params={**WEEK, "lang": "ru"})
    assert "прошлая неделя (14 сент. – 20 сент. 2026 г.)" in named.text
    assert "2 оценки" in named.text


async def test_hours_of_the_week_read_as_a_sentence_in_both_languages(filled: Office) -> None:
    rated = {"weekday": "3", "hour": "17"}  # T-1 … T-3: on a Wednesday, some minutes after 17:13 of Moscow
    assert await listed(filled.manager, **rated) == ["T-3", "T-2", "T-1"]
    assert await listed(filled.manager, weekday="3", hour="18") == []
    assert await listed(filled.manager, weekday="1") == ["T-4"]
    query = "value_max=2&weekday=5,3&hour=9,10,11,17"
    for language, said in (
        ("en", "on Wednesdays and Fridays between 09:00 and 12:00 or between 17:00 and 18:00"),
        ("ru", "по средам и пятницам с 09:00 до 12:00 или с 17:00 до 18:00"),
    ):
        page = (await filled.manager.get(f"/ratings?{query}&lang={language}")).text
        assert f": {said} <a" in page, "the chip"
        assert f"</span>{said}</summary>" in page, "the bar"
        assert 'href="/ratings?value_max=2"' in page, "one cross takes both off"
        assert page.count('type="checkbox" name="hour"') == 24
        assert 'name="weekday" value="5" checked' in page
    wrong = await filled.manager.get("/ratings", params={"weekday": "8", "hour": "9" * 5_000})
    assert wrong.status_code == 422
    assert "is no weekday: they go from 1, Monday, to 7, Sunday" in unescape(wrong.text)


async def test_what_only_numbers_lead_to_can_be_seen_and_taken_off(filled: Office) -> None:
    query = "show=all&decision=ask&has_first_response=true&has_handling=false&without=agent"
    page = unescape((await filled.manager.get(f"/ratings?{query}&lang=en")).text)
    for chip in ("decision: decided to ask", "first response known", "handling time not known", "no agent"):
        assert f'<li class="chip">{chip} <a' in page, chip
    assert 'name="without" value="agent" checked' in page, "though no agent is known"
    form = unescape((await filled.manager.get("/ratings?without=form&value_max=2&lang=ru")).text)
    assert 'name="without" value="form" checked' in form
    assert "без формы" in form
    assert 'name="without" value="channel"' not in form, "every rating came by one"


async def test_what_is_wrong_is_said_and_shows_no_rows(filled: Office) -> None:
    for query in ("stars=5", "value=many", "rated=someday", "sort=mood", "show=some", "rated_from=soon", "cursor=x"):
        answered = await filled.manager.get(f"/ratings?{query}")
        assert (answered.status_code, 'role="alert"' in answered.text) == (422, True), query
        assert "/tickets/T-1" not in answered.text


async def test_what_is_wrong_is_said_in_the_readers_words(filled: Office) -> None:
    for query, said in (
        ("rated_from=2026-09-20&rated_to=2026-09-01", "Оценено: последний день раньше первого"),
        ("closed_from=2026-02-30", "Закрыто: '2026-02-30' — не день"),
        ("closed_to=9999-12-31", "Закрыто: такого дня нет"),
        ("q=%25", "Слова в комментарии: здесь нет ни одного слова: нужны буквы или цифры"),
        ("value_max=worst", "Оценка: 'worst' — не целое число"),
        ("weekday=8", "Оценено в эти дни: '8' — не день недели: они идут от 1 (понедельник) до 7 (воскресенье)"),
        ("cursor=x", "Страницы: эта страница от другого фильтра или порядка: начните с первой"),
        ("rated=today&sort=mood", "'mood' нет среди -rated, rated"),
        ("has_comment=true&has_comment=false", "Комментарий: указано больше одного раза"),
    ):
        page = unescape((await filled.manager.get(f"/ratings?{query}&lang=ru")).text)
        assert said in page.split('role="alert">')[1].partition("</p>")[0], query


async def test_a_filter_that_is_too_long_to_be_kept_is_refused_not_cut(filled: Office) -> None:
    query = "&".join(["value_max=2", *(f"agent=agent-{number:040}" for number in range(99))])
    refused = await filled.manager.post("/ratings/views", name="Everybody", query=query, lang="ru")
    assert "the filter is too long to be kept" in unescape(refused.text).split('role="alert">')[1].partition("</p>")[0]
    assert "Everybody" not in (await filled.manager.get("/ratings")).text
    led = await filled.manager.post("/ratings/columns", column=["value"], query=query)
    assert led.headers["location"] == f"/ratings?{query}", "the filter stays as it was"


async def test_a_number_of_any_length_is_no_trouble(filled: Office) -> None:
    for name in ("value", "value_max"):
        answered = await filled.manager.get("/ratings", params={name: "9" * 5_000})
        assert (answered.status_code, 'role="alert"' in answered.text) == (422, True), name


async def test_an_id_with_a_comma_is_found_from_every_number(filled: Office) -> None:
    rate(filled, "T-7", 4, form="help, sales")
    rate(filled, "T-8", 3, form="\\,")
    for form, ticket in (("help, sales", "T-7"), ("\\,", "T-8")):
        dashboard = await filled.manager.get("/", params={"form": form})
        addresses = [unescape(part.partition('"')[0]) for part in dashboard.text.split('href="/ratings')[1:]]
        closed = next(each for each in addresses if "closed_from" in each)
        page = await filled.manager.get(f"/ratings{closed}")
        assert tickets(page) == [ticket]
        assert f"form: {form}" in unescape(page.text), "its chip"
        assert f'value="{write_id(form)}" checked' in unescape(page.text), "its box"
    both = await listed(filled.manager, form="help, sales,sales".replace(", ", "\\, "))
    assert both == ["T-7", "T-3", "T-2"]


async def test_pages_go_forth_and_back(filled: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.pages.registry.ROWS", 3)
    first = await filled.manager.get("/ratings")
    second = await filled.manager.get(link(first, "next"))
    assert (tickets(first), tickets(second)) == (["T-4", "T-3", "T-2"], ["T-1"])
    assert tickets(await filled.manager.get(link(second, "prev"))) == tickets(first)
    assert 'rel="prev"' not in first.text
    assert 'id="live"' in first.text
    assert 'id="live"' not in second.text


def link(response: httpx.Response, rel: str) -> str:
    return response.text.split(f'rel="{rel}" href="')[1].partition('"')[0].replace("&amp;", "&")


async def test_chosen_columns_are_remembered(filled: Office) -> None:
    person = filled.manager
    chosen = await person.post("/ratings/columns", column=["customer", "value", "mood"], query="value_max=2&x=1")
    assert chosen.headers["location"] == "/ratings?value_max=2"
    page = await person.follow(chosen)
    assert page.text.count('<td class="of-') == 3 * 2
    assert page.text.index('class="of-value"') < page.text.index('class="of-customer"')
    stored = filled.world.rows(users, id=filled.ids["manager"])[0]["preferences"]
    assert json.loads(stored) == {PREFERENCE: ["value", "customer"]}
    await person.post("/ratings/columns", column=["value"], reset="1")
    assert filled.world.rows(users, id=filled.ids["manager"])[0]["preferences"] == "{}"


async def test_views_are_kept_shared_renamed_and_forgotten(filled: Office) -> None:
    manager, sales = filled.manager, filled.sales
    query = "rated=last_week&value_max=2"
    saved = await manager.post("/ratings/views", name="Worst of last week", query=query, shared="on")
    assert "Worst of last week" in (await manager.follow(saved)).text
    page = await sales.get("/ratings")
    assert "by manager" in page.text
    assert f'href="/ratings?{query}"'.replace("&", "&amp;") in page.text
    assert await listed(sales, **WEEK) == ["T-3"]
    number = (await manager.get("/ratings")).text.split('action="/ratings/views/')[1].partition('"')[0]
    assert (await sales.post(f"/ratings/views/{number}", name="Mine")).status_code == 404
    await manager.post(f"/ratings/views/{number}", name="Worst", query=query)
    assert "Worst" not in (await sales.get("/ratings")).text
    assert "name" in (await manager.post("/ratings/views", name="", query=query)).text
    await manager.post(f"/ratings/views/{number}", delete="1", query=query)
    assert "Worst" not in (await manager.get("/ratings")).text


async def test_what_is_new_is_answered_by_filter_and_rights(filled: Office) -> None:
    ids = [rate(filled, "T-7", 1), rate(filled, "T-8", 5, form="sales")]
    for person, query, wanted in (
        (filled.manager, "", ids[::-1]),
        (filled.manager, "value_max=2", ids[:1]),
        (filled.sales, "", ids[1:]),
    ):
        asked = "&".join([query, *(f"id={number}" for number in (*ids, 10**15))])
        told = (await person.get(f"/ratings/new?{asked}")).json()
        assert told["ids"] == wanted
        assert [f'id="i{number}"' in told["html"] for number in ids] == [number in wanted for number in ids]
        assert told["said"].startswith(f"{len(wanted)} new or changed rating")
    led = await filled.stranger.get("/ratings/new?id=1", headers={"accept": "application/json"})
    assert led.status_code == 401


async def test_a_file_has_exactly_the_rows_of_the_page(filled: Office) -> None:
    columns = file_columns([COLUMNS[name] for name in ("value", "comment", "ticket")])
    for person in (filled.manager, filled.sales):
        for parameters in (WEEK, {"show": "all", "sort": "closed"}):
            wanted = await listed(person, **parameters)
            asked = {**parameters, "columns": columns}
            answered = await person.get("/ratings/export", params={**asked, "format": "xlsx"})
            assert 'filename="ratings-2026-09-21.xlsx"' in answered.headers["content-disposition"]
            rows = list(openpyxl.load_workbook(BytesIO(answered.content))["Ratings"].values)
            assert [row[3] for row in rows[1:]] == wanted
            assert answered.headers["x-total-rows"] == str(len(wanted))
            text = (await person.get("/ratings/export", params={**asked, "lang": "ru"})).content.decode("utf-8-sig")
            read = list(csv.DictReader(StringIO(text, newline="")))
            assert [row["Обращение"] for row in read] == wanted


async def test_a_file_in_frames_tells_how_far_it_is(filled: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.exporting.export.ROWS", 2)
    plain = (await filled.manager.get("/ratings/export?format=csv")).content
    framed = (await filled.manager.get("/ratings/export?format=csv&progress=1")).content
    told, file = read_frames(framed)
    assert file == plain
    assert [each["rows"] for each in told if "rows" in each] == [0, 2, 4, 4]
    assert told[-1] == {"done": True}
    monkeypatch.setattr("bot.exporting.formats.Xls.most", 2)
    refused = await filled.manager.get("/ratings/export?format=xls&progress=1")
    assert (refused.status_code, "Narrow the filter" in refused.json()["problem"]) == (422, True)
    assert "Narrow the filter" in (await filled.manager.get("/ratings/export?format=xls")).text


def read_frames(content: bytes) -> tuple[list[dict[str, object]], bytes]:
    """Read a file in frames: what was told, and the file."""
    told, file = [], b""
    while content:
        line, _, content = content.partition(b"\n")
        told.append(json.loads(line))
        size = told[-1].get("bytes", 0)
        file, content = file + content[:size], content[size:]
    return told, file


def test_periods_are_whole_days_of_the_calendar() -> None:
    today = date(2026, 11, 29)  # a Sunday
    assert {name: tuple(map(str, days_of(name, today))) for name in PERIODS} == {
        "today": ("2026-11-29", "2026-11-29"),
        "yesterday": ("2026-11-28", "2026-11-28"),
        "7_days": ("2026-11-23", "2026-11-29"),
        "30_days": ("2026-10-31", "2026-11-29"),
        "90_days": ("2026-09-01", "2026-11-29"),
        "last_week": ("2026-11-16", "2026-11-22"),
        "month": ("2026-11-01", "2026-11-29"),
        "last_month": ("2026-10-01", "2026-10-31"),
        "quarter": ("2026-10-01", "2026-11-29"),
        "year": ("2026-01-01", "2026-11-29"),
    }


def test_a_query_is_written_as_it_is_read() -> None:
    query = Query.of([("value", "1"), ("value", "2,3"), ("q", "a, b"), ("x", "1"), ("form", "")])
    assert query.text == "value=1&value=2%2C3&q=a%2C+b"
    assert query.get("value") == ("1", "2", "3")
    assert query.without("value", "2").text == "value=1&value=3&q=a%2C+b"
    assert query.with_(q=None, form=("a", "b")).text == "value=1&value=2%2C3&form=a&form=b"


def test_every_column_that_is_seen_at_first_is_one_and_sorts_by_what_can_be_sorted() -> None:
    names = {name for names in SORTS.values() for name in names}
    assert all(set(at_first) <= set(COLUMNS) for at_first in AT_FIRST.values())
    assert {column.sort for column in COLUMNS.values()} - {""} <= names


def test_a_period_and_days_do_not_go_together() -> None:
    with pytest.raises(InvalidInput):
        expand({"rated": ["today"], "rated_from": ["2026-01-01"]}, date(2026, 1, 1))


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"form=f{number}" for number in range(3_000)),
        "agent=" + ",".join(f"a{number}" for number in range(3_000)),
    ],
)
async def test_more_values_than_a_filter_has_are_refused_in_a_page_of_a_page_s_size(filled: Office, query: str) -> None:
    page = await filled.manager.follow(await filled.manager.get(f"/ratings?{query}"))
    assert (page.status_code, "at most 100" in page.text) == (422, True)
    assert page.text.count('class="chip"') == 101
    assert len(page.text) < 500_000, "each chip had the address of all the others"
