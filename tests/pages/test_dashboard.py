"""The dashboard and the table of agents: the figures of who may see them, said honestly, each leading to its rows."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx

from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import parse_survey, survey_to_dict
from ratings.times import DAY
from tests.pages.office import Office, Person

ANN, BOB = {"id": "a-1", "name": "Ann"}, {"id": "a-2", "name": "Bob"}


def rate(
    office: Office, number: int, value: int | None, *, form: str = "help", agent: dict[str, str] | None = None
) -> None:
    """Close a ticket; the customer rates it, or stays silent (None)."""
    customer = {"id": f"c-{number}", "name": f"Customer {number}"}
    made = office.world.close(f"T-{number}", form=form, agent=agent or ANN, customer=customer).invitation_id
    office.world.work()
    if value is not None:
        office.world.tap(made, value)


def cards(response: httpx.Response) -> dict[str, str]:
    """The text of each card, tags and blanks taken out."""
    assert response.status_code == 200, response.text
    parts = re.findall(r'data-card="(\w+)">(.*?)</li>', response.text, flags=re.DOTALL)
    return {name: words(part) for name, part in parts}


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).replace("\xa0", " ").split())


def links(html: str, path: str = "/ratings") -> list[dict[str, list[str]]]:
    found = [urlsplit(unescape(each)) for each in re.findall(r'href="([^"]+)"', html)]
    return [parse_qs(each.query) for each in found if each.path == path and each.query]


async def test_cards_say_what_is_known_and_against_what(office: Office) -> None:
    for number, value in enumerate((5, 5, 4, 1, None)):
        rate(office, number, value)
    shown = cards(await office.manager.get("/"))
    assert shown["csat"].startswith(
        "CSAT 75% no data for the period before 95% interval: 30–95% with the silent: 60–80%"
    )
    assert shown["mean"] == "Mean rating 3.75 before: no data"
    assert shown["response"] == "Response rate 80% no data for the period before of those asked of all closed: 80%"
    assert shown["ratings"] == "Ratings 4 before: 0 😡 1 25% 🙁 2 0% 😐 3 0% 🙂 4 25% 😍 5 50%"
    assert shown["closed"] == "Closed 5 before: 0"
    (card,) = re.findall(r'data-card="delivered">(.*?)</li>', (await office.manager.get("/")).text, flags=re.DOTALL)
    (query,) = links(card)
    assert (query["show"], query["delivered"], "asked_from" in query) == (["all"], ["true"], True)
    found = await office.manager.get(
        "/ratings", params={**{name: each[0] for name, each in query.items()}, "lang": "ru"}
    )
    assert len(re.findall(r'href="/tickets/T-', found.text)) == 5
    assert "доставлено ×" in words(found.text), "the chip"
    page = await office.manager.get("/?lang=ru")
    assert "часовой пояс" in page.text
    assert "в сравнении с" in page.text


async def test_nothing_is_no_data_and_never_zero_per_cent(local: Office) -> None:
    response = await local.manager.get("/?lang=ru")
    shown = cards(response)
    assert shown["csat"] == "CSAT нет данных"
    assert shown["response"].startswith("Отклик нет данных")
    assert "0 %" not in response.text.replace("\xa0", " ")
    assert "Применить" in response.text, "the button is called by what it does"
    assert "data-chart=" not in response.text
    assert "За этот период никто ничего не закрыл" in (await local.manager.get("/agents?lang=ru")).text
    rate(local, 1, None)
    asked = await local.manager.get("/?lang=ru")
    assert re.findall(r'data-chart="(\w+)"', asked.text) == ["funnel"], "a page of empty frames says less"
    assert "Пока нет данных: CSAT по времени, Оценки по времени" in words(asked.text)
    assert cards(asked)["response"].startswith("Отклик 0 %"), "one was asked: that is data"
    assert "Показать всё за последние 365 дней" in response.text


async def test_an_arrow_stands_only_where_the_change_is_sure(local: Office) -> None:
    for number in range(30):
        rate(local, number, 1 if number % 3 else 5)
    local.clock.now += 8 * DAY
    for number in range(100, 130):
        rate(local, number, 5 if number % 10 else 1)
    manager = Person(local.parts, "manager", local.session("manager", "a week later"))
    shown = cards(await manager.get("/?period=7d"))
    assert "▲ 56.7 points up from 33%" in shown["csat"]
    local.clock.now += 8 * DAY
    for number in range(200, 203):
        rate(local, number, 5)
    manager = Person(local.parts, "manager", local.session("manager", "two weeks later"))
    assert "no sure change (before: 90%)" in cards(await manager.get("/?period=7d"))["csat"]


async def test_a_manager_of_one_form_sees_its_numbers_alone(local: Office) -> None:
    rate(local, 1, 5, form="sales", agent=ANN)
    rate(local, 2, 1, form="help", agent=BOB)
    assert cards(await local.manager.get("/"))["ratings"].startswith("Ratings 2")
    seen = await local.sales.get("/")
    assert cards(seen)["csat"].startswith("CSAT 100%")
    assert cards(seen)["ratings"].startswith("Ratings 1")
    assert ">help<" not in seen.text
    assert cards(await local.sales.get("/?form=help"))["closed"].startswith("Closed 0")
    staff = (await local.sales.get("/agents")).text
    assert "Ann" in staff
    assert "Bob" not in staff
    assert (await local.sales.get("/charts/csat.svg?form=help")).status_code == 404


async def test_the_filter_bar_is_in_every_link(local: Office) -> None:
    rate(local, 1, 5, form="sales")
    page = (await local.manager.get("/?period=7d&form=sales")).text
    found = links(page)
    assert len(found) > 10
    assert all(query["form"] == ["sales"] for query in found)
    ranges = {name for query in found for name in query if name.endswith("_from")}
    assert ranges == {"rated_from", "asked_from", "closed_from"}
    assert all("form=sales" in each for each in re.findall(r'href="(/charts/[^"]+)"', page))
    assert '<p class="on-paper">Form: sales</p>' in page, "paper has no bar, and says what it is of"
    assert "on-paper" in (await local.manager.get("/agents?form=sales")).text
    assert 'data-chart="form"' not in page, "of one part the cards say it all"
    rate(local, 2, 4, form="help")
    both = (await local.manager.get("/?period=7d")).text
    assert 'data-chart="form"' in both
    assert "on-paper" not in both
    refused = await local.manager.get("/?period=soon&colour=red")
    assert refused.status_code == 422
    assert "period" in refused.text
    assert "colour" in refused.text


async def test_agents_are_sorted_and_those_not_compared_say_why(local: Office) -> None:
    for number in range(12):
        rate(local, number, 5 if number % 2 else 4, agent=ANN)
    rate(local, 50, 2, agent=BOB)
    page = (await local.manager.get("/agents?sort=csat")).text
    rows = [
        words(row)
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page.split("<tbody>")[1].split("</tbody>")[0], flags=re.DOTALL)
    ]
    assert rows[0].startswith("Bob not compared: few closed tickets 1 1 100%")
    assert rows[1].startswith("Ann 12 12 100% 100% 12 100% 76–100% 1 4.50")
    assert "🏆 Best mean" in rows[1]
    assert '<tr class="faint">' in page
    assert 'aria-sort="ascending"' in page
    assert next(query["agent"] for query in links(page) if "agent" in query) == ["a-2"]
    assert (await local.manager.get("/agents?sort=luck")).status_code == 422


async def test_a_chart_is_a_picture_with_the_pages_filters(local: Office) -> None:
    rate(local, 1, 5, form="sales")
    svg = await local.manager.get("/charts/distribution.svg?form=sales&lang=ru")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in svg.headers["content-security-policy"]
    assert "1 (100\xa0%)" in svg.text
    assert "· форма: sales" in svg.text, "a picture goes where no bar stands beside it"
    png = await local.manager.get("/charts/distribution.png")
    assert png.content.startswith(b"\x89PNG")
    assert (await local.manager.get("/charts/distribution.svg?theme=blue")).status_code == 404
    assert (await local.manager.get("/?theme=dark")).status_code == 422, "a page follows its reader's system"
    dark = await local.manager.get("/charts/distribution.svg?theme=dark&place=phone")
    assert "#1e2229" in dark.text
    assert "Ratings by value" not in dark.text, "the page says it above"
    script = await local.stranger.get(re.findall(r'src="(/static/vega[^"]+)"', (await local.manager.get("/")).text)[0])
    assert "immutable" in script.headers["cache-control"]
    assert "vegaEmbed" in script.text


async def test_a_picture_that_is_known_is_not_sent_again_and_never_to_whom_may_not_see_it(local: Office) -> None:
    rate(local, 1, 5, form="sales")
    address = "/charts/distribution.svg?form=sales"
    shown = await local.manager.get(address)
    assert shown.headers["cache-control"] == "private, no-cache"
    known = {"if-none-match": shown.headers["etag"]}
    again = await local.manager.get(address, headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", shown.headers["etag"])
    assert (await local.sales.get(address, headers=known)).status_code == 304, "the same figures are the same picture"
    assert (await local.stranger.get(address, headers=known)).status_code == 303
    assert (await local.agent.get(address, headers=known)).status_code == 403
    rate(local, 2, 5, form="help")
    assert (await local.manager.get("/charts/distribution.svg", headers=known)).status_code == 200
    assert "2 (100%)" not in (await local.sales.get("/charts/distribution.svg")).text
    rate(local, 3, 4, form="sales")
    changed = await local.manager.get(address, headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] != shown.headers["etag"]


async def test_scales_are_switched_between_and_never_mixed(local: Office) -> None:
    thumbs = {
        "name": "thumbs",
        "choices": [
            {"value": 1, "symbol": "👎", "labels": {"en": "Bad"}, "satisfied": False},
            {"value": 2, "symbol": "👍", "labels": {"en": "Good"}, "satisfied": True},
        ],
    }
    for number, value in enumerate((5, 5, 4)):
        rate(local, number, value)
    (survey,) = local.parts.store.read_now(load_surveys)
    changed = parse_survey({**survey_to_dict(survey), "scale": thumbs})
    local.parts.store.writer.do_now(SaveSurvey(changed, None, "test"))
    for number, value in enumerate((1, 2), 10):
        rate(local, number, value)
    page = await local.manager.get("/?period=7d&form=help")
    assert cards(page)["csat"].startswith("CSAT 100%")
    assert cards(page)["mean"].startswith("Mean rating 4.67")
    (other,) = [query for query in links(page.text, "/") if query.get("scale") == ["thumbs"]]
    assert other == {"period": ["7d"], "form": ["help"], "scale": ["thumbs"]}
    shown = await local.manager.get("/?period=7d&form=help&scale=thumbs")
    assert cards(shown)["csat"].startswith("CSAT 50%")
    assert "👎" in shown.text
    assert "😡" not in shown.text
    for page_, of in ((page, "1-5"), (shown, "thumbs")):
        rated = [query for query in links(page_.text) if "rated_from" in query]
        assert rated
        assert all(query["scale"] == [of] for query in rated)
    assert not any("scale" in query for query in links(page.text) if "rated_from" not in query)
    rated = [query for query in links((await local.manager.get("/agents?period=7d")).text) if "rated_from" in query]
    assert [(query["scale"], query["agent"]) for query in rated] == [(["1-5"], ["a-1"])] * 3, "ratings, CSAT, mean"
    query, *_ = [
        query
        for query in links((await local.manager.get("/agents?period=7d&scale=thumbs")).text)
        if "rated_from" in query
    ]
    found = await local.manager.get(
        "/ratings", params={**{name: each[0] for name, each in query.items()}, "lang": "ru"}
    )
    assert re.findall(r'href="/tickets/(T-\d+)', found.text) == ["T-11", "T-10"]
    assert "шкала: thumbs" in words(found.text)
