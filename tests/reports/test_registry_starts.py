"""The registry finds the same rows whether it begins with something rare and sorts it, or walks along an order: those of a plain computation."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, create_engine, func, insert, select, update

from ratings.reports.lists import list_ratings
from ratings.reports.registry import Total, count_registry, list_registry, read_chunk
from ratings.reports.registry_query import Show, Wanted, parse_wanted
from ratings.reports.registry_starts import FEW, candidates, lazy_start, rare_start, rarest
from ratings.rights import EVERYTHING, Sight
from ratings.store.engine import is_sqlite
from ratings.store.schema import invitations, ratings, ticket_tags
from ratings.store.store import Store
from tests.reports.history import ZONE, add_second_survey, fill

NEW_YORK = ZoneInfo(ZONE)
COLUMNS = {
    "survey": "survey_id",
    "channel": "account",
    "form": "form",
    "agent": "agent_id",
    "group": "group_id",
}
RATED = {"rated_from": "2026-03-08", "rated_to": "2026-04-30"}
CASES: Sequence[dict[str, str]] = [
    {"survey": "second"},
    {"survey": "second", "sort": "value"},
    {"survey": "second", "sort": "closed", "tag": "late"},
    {"survey": "default,second", "sort": "rated", **RATED},
    {"survey": "nobody's", "tag": "vip", "q": "thank"},
    {"channel": "vk.old"},
    {"channel": "vk.old,email.help", "form": "sales"},
    {"tag": "vip"},
    {"tag": "vip,late", "sort": "-value"},
    {"tag": "late", "agent": "anna", "has_comment": "true"},
    {"q": "thank"},
    {"q": "than yo", "tag": "vip,late", **RATED},
    {"q": "THANK", "survey": "second", "value_max": "3"},
    {"q": "nothing like it"},
    {"q": "thank", "asked_from": "2026-03-01", "sort": "asked"},
    {"group": "first", "without": "group"},
    {"without": "agent,form", "q": "wo"},
    {"survey": "second", "weekday": "1,3"},
    {"tag": "late", "weekday": "1,3", "sort": "rated"},
    {"ticket": "T-7", "survey": "default,second", "show": "all"},
    {"show": "all", "survey": "second", "closed_from": "2026-03-08"},
    {"show": "all", "tag": "vip,late", "sort": "decided"},
    {"show": "all", "q": "thank", "form": "sales,support"},
    {"show": "all", "without": "survey"},
    {"show": "all", "asked_from": "2026-03-08", "sort": "-asked", "tag": "late", "survey": "second"},
    {"show": "unanswered", "survey": "second", "tag": "vip"},
    {"show": "unanswered", "channel": "email.help", "agent": "boris"},
    {"show": "not_asked", "reason": "opted_out,too_old", "form": "sales"},
    {"show": "not_asked", "reason": "opted_out", "tag": "vip,late", "sort": "decided"},
]


@pytest.fixture
def filled(store: Store, store_url: str) -> Store:
    fill(store_url, 600, seed=11)
    add_second_survey(store_url)
    engine = create_engine(store_url)
    with engine.begin() as connection:
        # Some have both tags; and not all who say something say the same.
        late = [{"tag": "late", "invitation_id": number} for number in range(1, 601, 7)]
        connection.execute(insert(ticket_tags), late)
        connection.execute(
            update(ratings)
            .where(ratings.c.id % 3 == 0, ratings.c.comment.is_not(None))
            .values(comment="wonderful, thanks")
        )
    engine.dispose()
    return store


def asked_for(case: dict[str, str], sight: Sight) -> Wanted:
    return parse_wanted({name: [text] for name, text in case.items()}, NEW_YORK, seen_by=sight)


def plain(connection: Connection, case: dict[str, str], wanted: Wanted) -> list[int]:
    """Return the ids of the rows, in their order, by nothing but loops."""
    rated = {row["id"]: row for row in connection.execute(select(ratings)).mappings()}
    tags: dict[int, set[str]] = {}
    for tagged in connection.execute(select(ticket_tags)):
        tags.setdefault(tagged.invitation_id, set()).add(tagged.tag)
    found: list[dict[str, Any]] = []
    for row in connection.execute(select(invitations)).mappings():
        rating = rated.get(row["id"])
        counts = rating is not None and rating["state"] == "confirmed"
        silent = row["state"] != "answered"
        shown = {
            Show.RATED: counts,
            Show.UNANSWERED: row["asked_at"] is not None and silent,
            Show.NOT_ASKED: row["asked_at"] is None and silent,
            Show.ALL: counts or not wanted.about_answers,
        }
        if not shown[wanted.show]:
            continue
        whole = {**row, **({name: rating[name] for name in ("value", "rated_at", "comment")} if rating else {})}
        place = rating if wanted.by_ratings and rating is not None else row
        if _fits(whole, place, tags.get(row["id"], set()), case, wanted):
            found.append(whole)
    keys = {"value": ("value", "rated_at", "id")}.get(wanted.sort.name, (f"{wanted.sort.name}_at", "id"))
    found.sort(key=lambda row: tuple(row[key] for key in keys), reverse=wanted.sort.falling)
    return [row["id"] for row in found]


def _fits(row: Any, place: Any, tags: set[str], case: dict[str, str], wanted: Wanted) -> bool:
    filters = wanted.filters
    for name, column in COLUMNS.items():
        one_of = name in filters.equal and place[column] in filters.equal[name]
        none = name in filters.without and place[column] is None
        if name in filters.places and not (one_of or none):
            return False
    if filters.sight.forms is not None and place["form"] not in filters.sight.forms:
        return False
    for name, given in filters.ranges.items():
        at = row.get(f"{name}_at")
        if given.start is not None and (at is None or at < given.start):
            return False
        if given.end is not None and (at is None or at >= given.end):
            return False
    if "weekday" in case:
        day = datetime.fromtimestamp(row["rated_at"] / 1000, UTC).astimezone(NEW_YORK).isoweekday()
        if str(day) not in case["weekday"].split(","):
            return False
    said = (row.get("comment") or "").replace(",", "").casefold().split()
    return (
        (not filters.tags or bool(tags & set(filters.tags)))
        and all(any(word.startswith(begun.casefold()) for word in said) for begun in filters.words)
        and (filters.value_max is None or row["value"] <= filters.value_max)
        and (filters.has_comment is None or bool(said) is filters.has_comment)
        and (not wanted.reasons or row["reason"] in wanted.reasons)
        and (not wanted.tickets or row["ticket_id"] in wanted.tickets)
    )


def paged(connection: Connection, wanted: Wanted) -> tuple[list[int], list[int], list[int]]:
    """Return the ids page by page, back from the last one, and as an export reads them."""
    page = list_registry(connection, wanted, limit=120)
    forth = [row.id for row in page.rows]
    while page.next is not None:
        page = list_registry(connection, wanted, limit=120, cursor=page.next)
        forth += [row.id for row in page.rows]
    back = [row.id for row in page.rows]
    while page.previous is not None:
        page = list_registry(connection, wanted, limit=120, cursor=page.previous)
        back = [row.id for row in page.rows] + back
    exported: list[int] = []
    after: Sequence[int] | None = None
    while True:
        chunk = read_chunk(connection, wanted, 120, after)
        exported += chunk.columns.get("id", ())
        after = chunk.after
        if after is None:
            return forth, back, exported


@pytest.mark.parametrize("few", [0, 100, FEW])
@pytest.mark.parametrize("sight", [EVERYTHING, Sight(("sales",))], ids=["everything", "sales"])
def test_rows_and_their_number_are_those_of_a_plain_computation(
    filled: Store, store_url: str, monkeypatch: pytest.MonkeyPatch, sight: Sight, few: int
) -> None:
    """Where nothing is rare, where some things are, and where everything is."""
    monkeypatch.setattr("ratings.reports.registry_starts.FEW", few)
    if few != FEW and not is_sqlite(store_url):
        pytest.skip("it chooses by itself")

    def compare(connection: Connection) -> int:
        most = 0
        for case in CASES:
            wanted = asked_for(case, sight)
            right = plain(connection, case, wanted)
            assert paged(connection, wanted) == (right, right, right), case
            assert count_registry(connection, wanted) == Total(len(right), exact=True), case
            if {"show", "sort", "ticket"}.isdisjoint(case):
                assert [item["id"] for item in list_ratings(connection, wanted.filters, limit=1000).items] == right, (
                    case
                )
            if len(right) > 3:
                assert count_registry(connection, wanted, most=3) == Total(3, exact=False), case
            most = max(most, len(right))
        return most

    assert filled.read_now(compare) > 50


def test_the_rarest_is_begun_with_where_it_is_rare(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def begun(connection: Connection, **case: str) -> tuple[str | None, str | None]:
        wanted = asked_for(case, EVERYTHING)
        rare, lazy = rare_start(connection, wanted), lazy_start(connection, wanted)
        return None if rare is None else rare.name, None if lazy is None else lazy.name

    def compare(connection: Connection) -> None:
        if connection.dialect.name != "sqlite":
            assert begun(connection, survey="second", tag="late") == (None, None), "it knows by itself"
            return
        assert begun(connection) == (None, None)
        assert begun(connection, survey="second", tag="late") == ("tag", "tag")
        assert begun(connection, survey="nobody's", q="thank") == ("survey", "words")
        assert begun(connection, channel="vk.old", form="sales", q="thank") == ("channel", "words")
        assert begun(connection, channel="vk.old", value="1") == ("channel", None)
        assert begun(connection, channel="vk.old") == (None, None), "its index leads straight to its rows, in order"
        assert begun(connection, channel="vk.old", sort="closed") == ("channel", None)
        monkeypatch.setattr("ratings.reports.registry_starts.FEW", 20)
        assert begun(connection, survey="second", tag="late") == (None, "tag")
        assert begun(connection, q="thank", tag="late") == (None, "words")
        assert begun(connection, ticket="T-7", tag="vip") == ("ticket", "tag")

    filled.read_now(compare)


def test_what_is_common_is_counted_no_further() -> None:
    assert rarest({}) is None
    assert rarest({"tag": FEW + 1, "survey": FEW + 1}) is None
    assert rarest({"tag": FEW, "survey": FEW + 1}) == "tag"
    assert rarest({"tag": 0, "survey": 3}) == "tag"


def test_what_can_be_begun_with_names_each_row_once(filled: Store) -> None:
    def compare(connection: Connection) -> None:
        if connection.dialect.name != "sqlite":
            return
        for case in CASES:
            for name, ids in candidates(asked_for(case, Sight(("sales", "support")))).items():
                found = ids.subquery()
                many, different = connection.execute(select(func.count(), func.count(found.c.id.distinct()))).one()
                assert many == different, (case, name)

    filled.read_now(compare)
