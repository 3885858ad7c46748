"""Specifications are drawn by the real Vega-Lite, without a complaint, and say what the figures say."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import vl_convert

from bot.charts.agents import performance, speed
from bot.charts.chart import Chart, steps
from bot.charts.distribution import distribution
from bot.charts.funnel import funnel, skip_reasons
from bot.charts.hours import hours_chart
from bot.charts.parts import parts_chart
from bot.charts.rendering import picture_request
from bot.charts.theme import DARK, LIGHT
from bot.charts.trend import csat_trend, mean_trend, point_days, ratings_trend
from ratings.reports.figures import Days, HourOfWeek, Part, Point
from ratings.scale import DEFAULT_SCALE, Scale
from tests.charts.kit import FIRST, HELD, agent, charts, counts, look

PERIOD = Days(FIRST, FIRST + timedelta(days=29))
VALUES = steps(DEFAULT_SCALE, {}, "en")


def drawn(chart: Chart, language: str = "en") -> str:
    request = picture_request(chart, LIGHT, language, "svg")
    return vl_convert.vegalite_to_svg(
        request["spec"],
        allowed_base_urls=[],
        format_locale=request["format_locale"],
        time_format_locale=request["time_format_locale"],
    )


def texts(svg: str) -> list[str]:
    return [unescape(text).replace("\xa0", " ") for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def data(chart: Chart) -> list[dict[str, Any]]:
    assert chart.spec is not None
    rows: list[dict[str, Any]] = chart.spec["data"]["values"]
    return rows


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(("many", "unit", "points"), [(1, "day", 1), (3, "week", 8), (40, "month", 13)])
def test_everything_is_drawn_without_a_complaint(
    language: str, many: int, unit: str, points: int, capfd: pytest.CaptureFixture[str]
) -> None:
    for chart in charts(many, look(language), unit, points):
        assert "<svg" in drawn(chart, language), chart.name
        assert chart.table.rows, chart.name
        assert all(len(row) == len(chart.table.headers) for row in chart.table.rows), chart.name
    assert capfd.readouterr() == ("", "")


def test_without_a_rating_there_is_nothing_to_draw_and_no_zero_per_cent() -> None:
    for chart in charts(0, look()):
        assert chart.spec is None, chart.name
        told = [cell.text for row in chart.table.rows for cell in row]
        assert not any("0%" in text for text in told), chart.name
    assert [cell.text for cell in charts(0, look("ru"))[0].table.rows[0]][1:3] == ["нет данных", "нет данных"]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_days_are_not_moved_by_anybodys_zone_and_months_have_their_names(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    trend = [Point(FIRST + timedelta(days=day), counts(1, 1, 1, 1, 1)) for day in range(3)]
    shown = texts(drawn(csat_trend(trend, "day", Days(FIRST, FIRST + timedelta(days=2)), look("ru")), "ru"))
    assert "30 окт" in " ".join(" ".join(shown).split())
    assert "29 окт" not in " ".join(" ".join(shown).split())


def test_a_trend_says_what_its_figures_say() -> None:
    trend = [
        Point(FIRST, counts(0, 0, 0, 8, 2)),
        Point(FIRST + timedelta(days=1), counts()),
        Point(FIRST + timedelta(days=2), counts(2), complete=False),
    ]
    chart = csat_trend(trend, "day", PERIOD, look())
    assert [row["share"] for row in data(chart)] == [1.0, None, 0.0]
    assert data(chart)[0]["low"] == pytest.approx(0.7225, abs=1e-4)  # facts: 10 of 10
    assert [row["alone"] for row in data(chart)] == [True, False, True]
    assert [cell.text for cell in chart.table.rows[1]] == ["31 Oct 2026", "no data", "no data", "0"]
    assert chart.table.rows[2][0].text == "1 Nov 2026 (not complete yet)"
    mean = mean_trend(trend, "day", PERIOD, VALUES, look())
    assert [row["mean"] for row in data(mean)] == [4.2, None, 1.0]
    assert [row["low"] for row in data(mean)] == [pytest.approx(3.898, abs=1e-3), None, None]  # statsmodels
    assert mean.table.rows[0][2].text == "3.90–4.50"
    by_value = ratings_trend(trend, "day", PERIOD, VALUES, look())
    assert [(row["start"], row["value"], row["bottom"], row["top"]) for row in data(by_value) if row["rows"]] == [
        ("2026-10-30", "🙂\ufe0f 4", 0, 8),
        ("2026-10-30", "😍\ufe0f 5", 8, 10),
        ("2026-11-01", "😡\ufe0f 1", 0, 2),
    ]


def test_a_mark_leads_to_its_rows_with_the_filters_that_hold() -> None:
    chart = distribution(counts(3, 0, 0, 0, 4), VALUES, PERIOD, look())
    found = [row["rows"] for row in data(chart) if row["rows"]]
    assert len(found) == 2
    assert "<a " not in drawn(chart), "a picture leads nowhere"
    address = urlsplit(found[0])
    assert address.path == "/ratings"
    assert parse_qsl(address.query) == [
        *HELD,
        ("rated_from", "2026-10-30"),
        ("rated_to", "2026-11-28"),
        ("value", "1"),
    ]
    assert chart.table.rows[0][1].address == found[0]
    assert chart.table.rows[1][1].address == ""


def test_no_tick_stands_at_half_a_rating() -> None:
    numbers = [
        text for text in texts(drawn(distribution(counts(0, 0, 0, 1), VALUES, PERIOD, look()))) if text.isdigit()
    ]
    assert numbers == ["0", "1"]
    trend = ratings_trend((Point(FIRST, counts(0, 0, 0, 0, 7)),), "day", Days(FIRST, FIRST), VALUES, look())
    assert "0" in texts(drawn(trend)), "an axis begins with its zero"


def test_no_tick_stands_where_nothing_can_be() -> None:
    quick = replace(counts(0, 0, 0, 0, 20), handling_s=20 * 6, first_response_s=20 * 3)
    slow = replace(counts(0, 0, 0, 0, 9), handling_s=9 * 3_600, first_response_s=9 * 900)
    agents = (agent(1, quick), agent(2, slow), agent(3, counts(1, 1)))
    for chart in (speed(agents, VALUES, PERIOD, look()), performance(agents, VALUES, PERIOD, look())):
        found = texts(drawn(chart))
        assert [text for text in found if text[:1] in {"-", "\u2212"}] == []
        assert [text for text in found if re.fullmatch(r"1[1-9]\d\u00a0?%", text)] == []
        assert any(text.rstrip("\u00a0%") == "0" for text in found)


def test_what_is_filtered_already_is_named_once() -> None:
    chart = parts_chart("group", (Part("second", "Second", counts(1)),), PERIOD, look())
    assert parse_qs(urlsplit(data(chart)[0]["rows"]).query)["group"] == ["second"]


def test_a_week_that_the_period_cuts_leads_to_its_days_alone() -> None:
    period = Days(FIRST, FIRST + timedelta(days=9))
    week = Point(FIRST - timedelta(days=4), counts(1))
    assert point_days(week, "week", period) == Days(FIRST, FIRST + timedelta(days=2))
    month = Point(FIRST.replace(day=1), counts(1))
    assert point_days(month, "month", period) == Days(FIRST, FIRST + timedelta(days=1))


def test_the_funnel_counts_shares_of_its_own_cohorts() -> None:
    chart = funnel(counts(10, 10), PERIOD, look())
    assert [(row[0].text, row[1].text, row[2].text) for row in chart.table.rows] == [
        ("Closed", "80", "100% of the closed"),
        ("To be asked", "60", "75% of the closed"),
        ("Asked", "60", "100% of the asked"),
        ("Delivered", "40", "67% of the asked"),
        ("Answered", "20", "33% of the asked"),
        ("Commented", "10", "17% of the asked"),
    ]
    reasons = skip_reasons(counts(10, 10), PERIOD, {"frequency": "too often", "too_old": "too old"}, look())
    assert [[cell.text for cell in row] for row in reasons.table.rows] == [
        ["too often", "20", "66.7%"],
        ["too old", "10", "33.3%"],
    ]
    assert "reason=frequency" in reasons.table.rows[0][1].address
    assert "show=not_asked" in reasons.table.rows[0][1].address


def test_parts_of_the_same_name_stay_apart_and_the_unknown_leads_to_what_has_none() -> None:
    parts = (Part("1", "Sales", counts(1)), Part("2", "Sales", counts(0, 1)), Part(None, None, counts(0, 0, 1)))
    chart = parts_chart("form", parts, PERIOD, look())
    assert [row["name"] for row in data(chart)] == ["Sales (1)", "Sales (2)", "not known"]
    assert [parse_qs(urlsplit(row["rows"]).query).get("without") for row in data(chart)] == [None, None, ["form"]]
    assert {cell.address for cell in chart.table.rows[2][4:6]} == {
        data(chart)[2]["rows"],
        look().rows.asked(PERIOD, without="form"),
    }
    seen = texts(drawn(chart))
    assert {"0% · 1", "0%", "25%", "50%", "75%", "100%"} <= set(seen), (
        "a value stands beside its dot, and the axis is whole"
    )


def test_an_hour_of_the_week_leads_to_its_ratings() -> None:
    chart = hours_chart((HourOfWeek(0, 9, 4, 3), HourOfWeek(6, 23, 1, 0)), PERIOD, look())
    found = [parse_qs(urlsplit(row["rows"]).query) for row in data(chart)]
    assert [(each["weekday"], each["hour"]) for each in found] == [(["1"], ["9"]), (["7"], ["23"])]
    assert chart.table.rows[0][1].address == data(chart)[0]["rows"]
    assert chart.table.rows[1][7].address == data(chart)[1]["rows"]
    assert chart.table.rows[0][2].address == ""


def test_words_of_an_axis_have_room_in_a_font_with_wider_letters() -> None:
    long, short = (
        picture_request(parts_chart("form", (Part("1", name, counts(1)),), PERIOD, look()), LIGHT, "en", "svg", "page")
        for name in ("Заказы и доставка по всей стране", "A")
    )
    assert long["spec"]["padding"]["left"] > short["spec"]["padding"]["left"] + 40
    trend = picture_request(charts(3, look())[0], LIGHT, "en", "svg", "page")
    assert trend["spec"]["padding"]["left"] == 4


def test_bubbles_run_to_the_better_and_the_best_is_outlined_in_gold() -> None:
    quick = replace(counts(0, 0, 0, 0, 20), handling_s=20 * 60, first_response_s=20 * 10)
    agents = (agent(1, quick, "mean", "reaction"), agent(2, counts(9, 9)), agent(3, counts(1), counted=False))
    svg = drawn(speed(agents, VALUES, PERIOD, look()))
    bubbles = [found.group(0) for found in re.finditer(r"<path [^>]*>", svg) if LIGHT.deed in found.group(0)]
    gold = [bubble for bubble in bubbles if LIGHT.gold in bubble]
    assert len(bubbles) == 3
    assert len(gold) == 1
    places = [tuple(map(float, re.findall(r"translate\(([\d.]+),([\d.]+)\)", bubble)[0])) for bubble in bubbles]
    best = places[bubbles.index(gold[0])]
    assert best[0] == max(x for x, _ in places)
    assert best[1] == min(y for _, y in places)
    assert len([bubble for bubble in bubbles if 'opacity="0.25"' in bubble]) == 1
    assert "🏎️" in " ".join(texts(svg))
    seen = texts(drawn(performance(agents, VALUES, PERIOD, look(symbols=False))))
    assert "Агент 1" in seen


def test_values_of_a_scale_on_which_one_is_best_show_what_customers_saw() -> None:
    turned = Scale("school", DEFAULT_SCALE.choices, one_is_best=True)
    assert [(step.value, step.symbol) for step in steps(turned, {7: 1}, "en")] == [
        (1, "😍"),
        (2, "🙂"),
        (3, "😐"),
        (4, "🙁"),
        (5, "😡"),
        (7, ""),
    ]


def test_themes_change_colours_and_nothing_else() -> None:
    chart = distribution(counts(3, 0, 0, 0, 4), VALUES, PERIOD, look())
    light, dark = (picture_request(chart, theme, "en", "svg")["spec"] for theme in (LIGHT, DARK))
    assert light["config"]["range"]["category"] == list(LIGHT.tones)
    assert dark["config"]["range"]["category"] == list(DARK.tones)
    assert {**light, "config": None} == {**dark, "config": None}


def test_charts_have_the_colours_of_the_pages() -> None:
    css = files("bot.web.pages").joinpath("static", "pages.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)", 1)
    for theme, part in ((LIGHT, light), (DARK, dark)):
        tokens = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", part.split("/* --- ground --- */")[0]))
        for name in ("card", "ink", "soft", "line", "edge", "deed", "deed-ground", "gold"):
            assert getattr(theme, name.replace("-", "_")) == tokens[name], name
        assert list(theme.tones) == [tokens[f"tone-{number}"] for number in range(1, 6)]
