"""Lists and the summary: filters, days of the zone, paging while new ones arrive, events without gaps."""

import asyncio
from typing import Any

import pytest

from bot.web.api.operations import COMPONENTS
from ratings.reports.filters import NAMES
from ratings.times import DAY, MINUTE, SECOND, format_instant, parse_instant
from tests.api.service import ACCOUNT, ZONE, Service

NIGHT = parse_instant("2026-09-20T23:30:00+03:00")
"""Half an hour before midnight in Moscow; in UTC the day is the same for three hours more."""


async def fill(service: Service) -> dict[int, int]:
    """Six closings, one skipped, four rated, two with comments, around midnight in Moscow. Ticket number → invitation."""
    service.clock.now = NIGHT
    told: list[dict[str, Any]] = [
        {
            "form": "web",
            "group": {"id": "g1", "name": "First"},
            "agent": {"id": "7", "name": "Anna"},
            "priority": "low",
        },
        {
            "form": "web",
            "group": "g2",
            "agent": {"id": "8", "name": "Boris"},
            "priority": "high",
            "tags": ["vip", "new"],
        },
        {
            "form": {"id": "shop", "name": "Shop"},
            "group": "g2",
            "agent": {"id": "7"},
            "priority": "high",
            "tags": ["vip"],
        },
        {"form": "shop", "subject": "A parcel", "url": "https://desk.example/4"},
        {"form": "shop"},
        {"form": "shop", "ask": False},
    ]
    invitations = {}
    for number, about in enumerate(told, start=1):
        invitations[number] = (await service.close(number, **about))["invitation"]
    service.send()
    for number, value, comment in ((1, 5, "Спасибо большое"), (2, 2, "Слишком долго"), (3, 4, ""), (4, 1, "")):
        service.clock.now = NIGHT + number * 20 * MINUTE
        service.rate(invitations[number], number, value, comment)
    service.clock.forward(DAY)
    return invitations


async def test_a_rating_as_it_is_listed(service: Service) -> None:
    invitations = await fill(service)
    first, *_rest, last = (await service.get("/v1/ratings"))["items"]
    assert [item["ticket"]["id"] for item in (first, last)] == ["T-4", "T-1"], "the newest first"
    assert last == {
        "id": invitations[1],
        "value": 5,
        "comment": "Спасибо большое",
        "rated_at": format_instant(NIGHT + 20 * MINUTE),
        "state": "confirmed",
        "satisfied": True,
        "scale": "1-5",
        "channel": ACCOUNT,
        "survey": "default",
        "agent": {"id": "7", "name": "Anna"},
        "group": "g1",
        "form": "web",
        "priority": "low",
        "ticket": {"desk": "api", "id": "T-1", "url": None, "subject": None},
        "closed_at": format_instant(NIGHT - MINUTE),
        "asked_at": format_instant(NIGHT),
    }


FILTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({"survey": "default"}, {1, 2, 3, 4}),
    ({"survey": "other"}, set()),
    ({"form": "web"}, {1, 2}),
    ({"form": "web,shop"}, {1, 2, 3, 4}),
    ({"value": 5}, {1}),
    ({"scale": "1-5"}, {1, 2, 3, 4}),
    ({"scale": "1\\,5"}, set()),
    ({"scale": ["1-5", "other"], "value": 5}, {1}),
    ({"value": "1,2"}, {2, 4}),
    ({"value": ["5", "4"]}, {1, 3}),
    ({"value_max": 2}, {2, 4}),
    ({"channel": ACCOUNT}, {1, 2, 3, 4}),
    ({"channel": "telegram.sales"}, set()),
    ({"agent": "7"}, {1, 3}),
    ({"group": "g2"}, {2, 3}),
    ({"priority": "high"}, {2, 3}),
    ({"tag": "vip"}, {2, 3}),
    ({"tag": "new"}, {2}),
    ({"has_comment": "true"}, {1, 2}),
    ({"has_comment": "false"}, {3, 4}),
    ({"q": "спасибо"}, {1}),
    ({"q": "долг слиш"}, {2}),
    ({"q": "спасибо долго"}, set()),
    ({"state": "confirmed"}, {1, 2, 3, 4}),
    ({"state": "provisional"}, set()),
    ({"rated_from": "2026-09-21"}, {2, 3, 4}),
    ({"rated_to": "2026-09-20"}, {1}),
    ({"rated_from": "2026-09-20", "rated_to": "2026-09-20"}, {1}),
    ({"rated_to": format_instant(NIGHT + 40 * MINUTE)}, {1}),
    ({"rated_from": format_instant(NIGHT + 40 * MINUTE)}, {2, 3, 4}),
    ({"rated_from": "2026-09-21T00:10:00+03:00"}, {2, 3, 4}),
    ({"rated_from": "2026-09-21T00:10:00 03:00"}, {2, 3, 4}),
    ({"rated_to": "2026-09-21T00:10:00.000 03:00"}, {1}),
    ({"weekday": 7}, {1}),
    ({"weekday": "1,2", "hour": "0"}, {2, 3, 4}),
    ({"hour": [22, 23]}, {1}),
    ({"without": "priority"}, {4}),
    ({"without": "priority,survey"}, set()),
    ({"asked_from": "2026-09-21"}, set()),
    ({"asked_to": "2026-09-20"}, {1, 2, 3, 4}),
    ({"closed_from": "2026-09-20", "closed_to": "2026-09-20"}, {1, 2, 3, 4}),
    ({"closed_to": "2026-09-19"}, set()),
    ({"form": "web", "value_max": 4, "tag": "vip", "rated_from": "2026-09-21"}, {2}),
]


async def test_each_filter(service: Service) -> None:
    await fill(service)
    for wanted, numbers in FILTERS:
        found = await service.get("/v1/ratings", **wanted)
        assert {item["ticket"]["id"] for item in found["items"]} == {f"T-{number}" for number in numbers}, wanted
    assert {name for wanted, _ in FILTERS for name in wanted} == set(NAMES), "every filter is tried above"


async def test_the_filters_of_invitations(service: Service) -> None:
    invitations = await fill(service)
    for wanted, numbers in (
        ({}, {1, 2, 3, 4, 5, 6}),
        ({"state": "answered"}, {1, 2, 3, 4}),
        ({"state": "asked,skipped"}, {5, 6}),
        ({"reason": "ask_false"}, {6}),
        ({"reason": ["no_address", "too_old"]}, set()),
        ({"ticket": ["T-2", "T-5"]}, {2, 5}),
        ({"ticket": "T-2,T-5"}, set()),
        ({"form": "shop", "value_max": 4}, {3, 4}),
        ({"asked_from": "2026-09-20"}, {1, 2, 3, 4, 5}),
    ):
        found = await service.get("/v1/invitations", **wanted)
        assert {item["ticket"]["id"] for item in found["items"]} == {f"T-{number}" for number in numbers}, wanted
    skipped = (await service.get("/v1/invitations", ticket="T-6"))["items"][0]
    assert (skipped["id"], skipped["decision"], skipped["reason"]) == (invitations[6], "skip", "ask_false")
    assert skipped["detail"] == {"ask": False}


async def test_a_bare_date_is_a_day_of_the_zone(service: Service) -> None:
    await fill(service)
    assert (await service.get("/v1/summary"))["timezone"] == ZONE
    # 23:50 in Moscow is 20:50 UTC, 00:10 the next day is 21:10 of the same day in UTC.
    for day, ratings in (("2026-09-20", 1), ("2026-09-21", 3), ("2026-09-22", 0)):
        found = await service.get("/v1/summary", rated_from=day, rated_to=day)
        assert found["ratings"] == ratings, day


async def test_the_summary_divides_within_its_cohorts(service: Service) -> None:
    await fill(service)
    found = await service.get("/v1/summary")
    assert (found["ratings"], found["matching"], found["csat"], found["mean"]) == (4, 4, 50.0, 3.0)
    assert found["distribution"] == {"1": 1, "2": 1, "4": 1, "5": 1}
    assert (found["asked"]["asked"], found["asked"]["answered"], found["asked"]["response_rate"]) == (5, 4, 80.0)
    assert (found["closed"]["closed"], found["closed"]["skipped"]) == (6, {"ask_false": 1})
    assert found["closed"]["answered_of_closed"] == 66.67


async def test_what_the_customer_said_never_touches_a_denominator(service: Service) -> None:
    await fill(service)
    whole = await service.get("/v1/summary")
    for wanted, matching in (
        ({"value_max": 2}, 2),
        ({"value": 5}, 1),
        ({"has_comment": "true"}, 2),
        ({"scale": "other"}, 0),
        ({"q": "долго"}, 1),
        ({"state": "quarantined"}, 0),
    ):
        found = await service.get("/v1/summary", **wanted)
        assert found == {**whole, "matching": matching}, wanted
    part = await service.get("/v1/summary", form="web", value_max=2)
    assert (part["ratings"], part["matching"], part["csat"]) == (2, 1, 50.0)


async def test_without_ratings_there_is_no_value(service: Service) -> None:
    found = await service.get("/v1/summary")
    assert (found["ratings"], found["csat"], found["mean"], found["asked"]["response_rate"]) == (0, None, None, None)


@pytest.mark.parametrize("path", ["/v1/ratings", "/v1/invitations", "/v1/summary", "/v1/events", "/v1/surveys"])
async def test_a_parameter_that_is_unknown_or_cannot_be(local: Service, path: str) -> None:
    for query, pointer in (("stars=5", "/stars"), ("form=%00", "/form"), ("a%00b=1", "/a\0b"), ("limit=&x=1", "/x")):
        response = await local.ask("GET", f"{path}?{query}")
        assert response.status_code == 422, (query, response.text)
        assert pointer in {error["pointer"] for error in response.json()["errors"]}


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "", "1e2", "٣", "9" * 30])
async def test_a_limit_that_is_none(local: Service, limit: str) -> None:
    for path in ("/v1/ratings", "/v1/invitations", "/v1/events"):
        response = await local.ask("GET", path, params={"limit": limit})
        assert response.status_code == 422
        assert [error["pointer"] for error in response.json()["errors"]] == ["/limit"]


@pytest.mark.parametrize("cursor", ["x", "", "MSwyLDM", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "ключ"])
async def test_a_cursor_of_somebody_else(local: Service, cursor: str) -> None:
    for path in ("/v1/ratings", "/v1/invitations"):
        response = await local.ask("GET", path, params={"cursor": cursor})
        assert response.status_code == 422
        assert [error["pointer"] for error in response.json()["errors"]] == ["/cursor"]


@pytest.mark.parametrize("path", ["/v1/ratings", "/v1/invitations"])
async def test_pages_show_each_row_once_while_new_ones_arrive(service: Service, path: str) -> None:
    decided = [await service.close(number) for number in range(30)]
    for number, decision in enumerate(decided):
        service.rate(decision["invitation"], number, 5)  # many within one millisecond
    seen: list[int] = []
    cursor: dict[str, str] = {}
    arriving = 100
    while True:
        page = await service.get(path, limit=7, **cursor)
        seen += [item["id"] for item in page["items"]]
        for _ in range(3):
            service.clock.forward(SECOND)
            invitation = (await service.close(arriving))["invitation"]
            service.rate(invitation, arriving, 1)
            arriving += 1
        if page["next"] is None:
            break
        assert len(page["items"]) == 7
        cursor = {"cursor": page["next"]}
    assert sorted(seen) == sorted(decision["invitation"] for decision in decided)
    assert len(seen) == len(set(seen))


async def test_a_page_that_ends_exactly_has_no_next(service: Service) -> None:
    for number in range(4):
        await service.close(number)
    first = await service.get("/v1/invitations", limit=2)
    second = await service.get("/v1/invitations", limit=2, cursor=first["next"])
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 2, None)


async def test_events_are_read_once_each_and_in_order_while_they_are_made(service: Service) -> None:
    decided = [await service.close(number) for number in range(20)]
    making = asyncio.Event()

    async def make() -> None:
        service.send()
        for number, decision in enumerate(decided):
            service.rate(decision["invitation"], number, 1 + number % 5, "так себе" if number % 2 else "")
            service.number_events()
            await asyncio.sleep(0)
        making.set()

    async def read() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        since = "0"
        while True:
            over = making.is_set()
            page = await service.get("/v1/events", since=since, limit=7)
            found += page["items"]
            since = page["next"] or since
            if over and page["next"] is None:
                return found

    events, _ = await asyncio.gather(read(), make())
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["type"] for event in events]
    assert (kinds.count("invitation.asked"), kinds.count("rating.received")) == (20, 20)
    assert set(events[0]) == set(COMPONENTS["Event"]["properties"])
    again = await service.get("/v1/events", cursor=15)
    assert again["items"][0]["number"] == 16, "cursor is another name for since"


async def test_events_are_asked_for_by_one_name(local: Service) -> None:
    response = await local.ask("GET", "/v1/events", params={"since": 1, "cursor": 1})
    assert response.status_code == 422
    for since in ("x", "-1", "9" * 20):
        response = await local.ask("GET", "/v1/events", params={"since": since})
        assert [error["pointer"] for error in response.json()["errors"]] == ["/since"]
    assert await local.get("/v1/events", since=2**63 - 1) == {"items": [], "next": None}
