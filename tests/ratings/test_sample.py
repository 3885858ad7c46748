"""The sample's history: the same for the same plan, true to what it says of itself, written as the service writes."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from math import sqrt
from random import Random
from typing import Any

import pytest

from ratings.decisions import SkipReason
from ratings.lifecycle import EventType, JobKind, State
from ratings.outcomes import NO_OUTCOMES, then_of
from ratings.sample.cast import CHANNELS, INCIDENT_FORM, MOST_AGENTS, Cast, truth_of
from ratings.sample.closings import Closing
from ratings.sample.history import IDS_PER_ROW, History
from ratings.sample.plan import BAD_DROP, BAD_HOURS, BAD_WEEKDAY, INCIDENT_DROP, TREND, Plan
from ratings.sample.portion import COLUMNS, Portion
from ratings.scale import DEFAULT_SCALE
from ratings.store.snapshots import read_snapshot
from ratings.survey import DEFAULT_SURVEY
from ratings.ticket import parse_ticket, ticket_to_dict
from ratings.times import DAY, Instant
from ratings.votes import VoteState
from tests.conftest import START

PLAN = Plan(30_000, 5, START)
SURE = 4.5
"""Standard deviations: beyond them by chance once in a hundred thousand times. The seed is fixed: what holds once holds."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """All rows of a history."""

    rows: dict[str, list[Row]]

    def __getattr__(self, name: str) -> list[Row]:
        return self.rows[name]


@cache
def told() -> Told:
    return tell(PLAN)


def tell(plan: Plan) -> Told:
    rows: dict[str, list[Row]] = {name: [] for name in COLUMNS}
    for portion in History(plan).portions():
        for name, found in portion.tables():
            rows[name].extend(dict(zip(COLUMNS[name], row, strict=True)) for row in found)
    return Told(rows)


def _all(portions: Iterable[Portion]) -> Iterator[tuple[str, list[Any]]]:
    for portion in portions:
        yield from portion.tables()


def close_to(part: int, whole: int, truth: float) -> bool:
    """True when a share is what a probability would give."""
    assert whole
    return abs(part / whole - truth) <= SURE * sqrt(truth * (1 - truth) / whole)


def test_the_same_plan_is_the_same_history_and_another_seed_is_another() -> None:
    plan = Plan(300, 1, START)
    first, again, other = (list(_all(History(each).portions())) for each in (plan, plan, Plan(300, 2, START)))
    assert first == again
    assert all(one != two for (name, one), (_, two) in zip(first, other, strict=True) if len(one) > 9)


@pytest.mark.parametrize("rows", [1, 2, 299, 10_001])
def test_there_are_as_many_closings_as_wanted_each_with_its_ticket_and_ids_of_its_own(rows: int) -> None:
    plan = Plan(rows, 1, START)
    history = History(plan, first_id=100)
    portions = list(history.portions())
    ids = [row[0] for portion in portions for row in portion.invitations]
    assert len(set(ids)) == len(ids) == rows
    assert ids == [row[0] for portion in portions for row in portion.tickets]
    own = [
        row[COLUMNS[name].index("id")]
        for portion in portions
        for name, found in portion.tables()
        if "id" in COLUMNS[name] and name not in {"tickets", "ratings"}
        for row in found
    ]
    assert len(set(own)) == len(own)
    assert min(own) >= 100
    assert max(own) < history.end_id == 100 + rows * IDS_PER_ROW
    assert len(Cast(plan).everybody) <= MOST_AGENTS


def test_nothing_happens_before_its_cause_or_after_the_end() -> None:
    rows = told()
    by_id = {row["id"]: row for row in rows.invitations}
    for row in rows.invitations:
        assert PLAN.start <= row["closed_at"] < row["decided_at"] <= PLAN.until + 3_000
        assert row["asked_at"] is None or row["decided_at"] <= row["asked_at"]
    for row in rows.ratings:
        assert by_id[row["id"]]["asked_at"] < row["rated_at"] <= row["changed_at"] <= PLAN.until
    for row in (*rows.votes, *rows.hits, *rows.comments, *rows.rating_history):
        assert by_id[row["invitation_id"]]["asked_at"] < row["at"] <= PLAN.until
    for row in rows.events:
        assert by_id[row["invitation_id"]]["decided_at"] <= row["at"] <= PLAN.until + 10_000


def test_snapshots_are_what_the_desk_would_have_told() -> None:
    rows = told()
    by_id = {row["id"]: row for row in rows.invitations}
    for row in rows.tickets[:2_000]:
        ticket = read_snapshot(row["snapshot"])
        data = json.loads(row["snapshot"])
        assert parse_ticket(data, now=START + DAY) == ticket
        assert ticket_to_dict(ticket) == data
        invitation = by_id[row["id"]]
        assert (ticket.closing_key, ticket.closed_at) == (invitation["closing"], invitation["closed_at"])
        assert ticket.opened_at is not None
        assert ticket.first_response_at is not None
        assert (ticket.first_response_at - ticket.opened_at) // 1000 == invitation["first_response_s"]
        assert ticket.handling_s == invitation["handling_s"]
        assert ticket.customer_key(invitation["account"] or "", invitation["address"] or "") == invitation["customer"]
        assert ticket.ask is (invitation["reason"] != "ask_false")
        assert bool(ticket.addresses) is (invitation["reason"] != "no_address")


def test_words_of_states_are_the_service_s() -> None:
    rows = told()
    assert {row["state"] for row in rows.invitations} == set(State) - {State.SCHEDULED}
    assert {row["reason"] for row in rows.invitations} - {None} <= set(SkipReason)
    assert {row["state"] for row in rows.ratings} == set(VoteState)
    assert {row["type"] for row in rows.events} == set(EventType)
    assert {row["kind"] for row in rows.jobs} <= set(JobKind)
    assert {row["scale"] for row in rows.ratings} == {DEFAULT_SCALE.name}
    satisfied = {choice.value for choice in DEFAULT_SCALE.choices if choice.satisfied}
    assert all(row["satisfied"] is (row["value"] in satisfied) for row in rows.ratings)
    assert {row["survey_id"] for row in rows.invitations} == {DEFAULT_SURVEY.id}
    for row in rows.desk_results:
        assert row["outcome"] == then_of(NO_OUTCOMES, DEFAULT_SCALE, row["value"])
    lapses = DEFAULT_SURVEY.timing.lapse_after
    for row in rows.invitations:
        if row["state"] in {"asked", "lapsed"}:
            assert (row["state"] == "lapsed") is (row["asked_at"] + lapses <= PLAN.until)
        assert (row["comment"] is not None) <= (row["state"] == "answered")


def test_a_rating_is_what_its_votes_its_history_and_its_words_say() -> None:
    rows = told()
    votes: dict[int, list[Row]] = {}
    for vote in rows.votes:
        votes.setdefault(vote["invitation_id"], []).append(vote)
    words = {row["invitation_id"]: row["text"] for row in rows.comments}
    answered = {row["id"]: row for row in rows.invitations if row["state"] == "answered"}
    confirmed = {row["id"]: row for row in rows.ratings if row["state"] == "confirmed"}
    assert answered.keys() == confirmed.keys()
    for number, row in confirmed.items():
        newest = max((vote for vote in votes[number] if vote["state"] == "confirmed"), key=lambda vote: vote["at"])
        assert (newest["value"], words.get(number)) == (row["value"], row["comment"])
        assert answered[number]["comment"] == row["comment"]
    changes = Counter(row["what"] for row in rows.rating_history)
    assert changes["value"] > 200
    assert changes["comment"] == len(words)


def test_nothing_of_it_is_ever_sent_anywhere() -> None:
    rows = told()
    accounts = {row["account"] for row in rows.jobs if row["state"] in {"due", "failed", "unknown"}}
    assert accounts <= {"", "desk:sample", *(channel.account for channel in CHANNELS)}
    assert all(account == "" or account.endswith("sample") for account in accounts)
    assert {row["desk"] for row in rows.invitations} == {"sample"}
    assert not [row for row in rows.jobs if row["state"] == "due" and row["account"] != ""]
    assert {row["result"] for row in rows.attempts} >= {"done", "recipient_gone", "outcome_unknown", "rejected"}


def test_response_rates_are_those_of_the_channels() -> None:
    truth = truth_of(PLAN)
    asked = _by(told().invitations, "account", lambda row: row["asked_at"] and row["asked_at"] < START - 8 * DAY)
    for account, expected in truth.channels.items():
        first = [row for row in asked[account] if row["recovery_of"] is None]
        assert close_to(sum(row["state"] == "answered" for row in first), len(first), expected.response)


def test_satisfaction_is_that_of_agents_channels_forms_and_of_the_whole() -> None:
    truth = truth_of(PLAN)
    rated = _first_ratings()
    assert close_to(sum(row["satisfied"] for row in rated), len(rated), truth.satisfied)
    for column, expected in (
        ("agent_id", {agent: each.satisfied for agent, each in truth.agents.items()}),
        ("account", {account: each.satisfied for account, each in truth.channels.items()}),
        ("form", dict(truth.forms)),
    ):
        groups = _by(rated, column)
        assert groups.keys() <= expected.keys()
        for name, group in groups.items():
            assert close_to(sum(row["satisfied"] for row in group), len(group), expected[name]), (column, name)
    # Priorities are drawn for nothing: whoever finds a difference between them is wrong.
    for group in _by(rated, "priority").values():
        assert close_to(sum(row["satisfied"] for row in group), len(group), truth.satisfied)


def test_the_better_of_two_agents_looks_worse_over_all() -> None:
    truth = truth_of(PLAN)
    better, worse = truth.agents[truth.paradox.better], truth.agents[truth.paradox.worse]
    assert better.satisfied < worse.satisfied - 0.04
    assert all(first > second + 0.03 for first, second in truth.paradox.by_form.values())
    rated = _first_ratings()
    for agent, which in ((truth.paradox.better, 0), (truth.paradox.worse, 1)):
        for form, group in _by([row for row in rated if row["agent_id"] == agent], "form").items():
            expected = truth.paradox.by_form[form][which]
            assert close_to(sum(row["satisfied"] for row in group), len(group), expected)


def test_the_probabilities_of_closings_are_what_the_truth_says_of_them() -> None:
    """Without the chance of each answer, so that small differences show."""
    history = History(PLAN)
    truth, chance = history.truth, Random(1)
    closings = [history.closer.close(chance, number) for number in range(0, PLAN.rows, 2)]
    assert abs(_probability(closings) - truth.satisfied) < 0.004
    for agent, each in truth.agents.items():
        own = [closing for closing in closings if closing.agent.id == agent]
        assert abs(_probability(own) - each.satisfied) < 0.5 / sqrt(len(own))
    evening = [closing for closing in closings if _is_friday_evening(closing.closed_at)]
    others = [closing for closing in closings if not _is_friday_evening(closing.closed_at)]
    assert len(evening) > 300
    assert abs(_probability(others) - _probability(evening) - BAD_DROP) < 0.015
    assert PLAN.incident is not None
    first, end = PLAN.incident
    orders = [closing for closing in closings if closing.form == INCIDENT_FORM]
    hit = [closing for closing in orders if first <= closing.closed_at < end]
    spared = [closing for closing in orders if not first <= closing.closed_at < end]
    assert len(hit) > 50
    assert abs(_probability(spared) - _probability(hit) - INCIDENT_DROP) < 0.03
    early = [closing for closing in closings if closing.closed_at < PLAN.start + PLAN.days * DAY // 4]
    late = [closing for closing in closings if closing.closed_at > PLAN.until - PLAN.days * DAY // 4]
    assert abs(_probability(late) - _probability(early) - TREND * 0.75) < 0.015


def test_who_answers_says_what_was_probable() -> None:
    rated = _first_ratings()
    evening = [row for row in rated if _is_friday_evening(row["closed_at"])]
    assert close_to(sum(row["satisfied"] for row in evening), len(evening), truth_of(PLAN).satisfied - BAD_DROP)


def test_bad_ratings_are_recovered_as_often_as_it_says() -> None:
    truth = truth_of(PLAN)
    rows = told()
    confirmed = {row["id"]: row for row in rows.ratings if row["state"] == "confirmed"}
    again = [row for row in rows.invitations if row["recovery_of"] is not None]
    assert len(again) > 500
    assert all(confirmed[row["recovery_of"]]["value"] <= 2 for row in again)
    assert len({row["recovery_of"] for row in again}) == len(again)
    second = [confirmed[row["id"]] for row in again if row["id"] in confirmed]
    assert close_to(sum(row["satisfied"] for row in second), len(second), truth.recovered)
    old = [row for row in again if row["asked_at"] and row["asked_at"] < START - 8 * DAY]
    assert close_to(sum(row["id"] in confirmed for row in old), len(old), truth.recovery_response)


def test_people_sleep_rest_on_sundays_and_one_in_six_says_why() -> None:
    hours = Counter(datetime.fromtimestamp(row["closed_at"] // 1000, UTC).hour for row in told().invitations)
    assert sum(hours[hour] for hour in range(6)) < 0.03 * PLAN.rows
    days = Counter(datetime.fromtimestamp(row["closed_at"] // 1000, UTC).weekday() for row in told().invitations)
    assert days[6] < days[0] / 2
    rated = _first_ratings()
    assert 0.15 < sum(row["comment"] is not None for row in rated) / len(rated) < 0.25


def _first_ratings() -> list[Row]:
    again = {row["id"] for row in told().invitations if row["recovery_of"] is not None}
    return [row for row in told().ratings if row["state"] == "confirmed" and row["id"] not in again]


def _probability(closings: list[Closing]) -> float:
    # Who cannot be reached, or was closed while the survey was off, has a probability all the same.
    by_channel = [CHANNELS[closing.channel].response for closing in closings]
    weighted = sum(closing.satisfied * weight for closing, weight in zip(closings, by_channel, strict=True))
    return weighted / sum(by_channel)


def _is_friday_evening(at: Instant) -> bool:
    when = datetime.fromtimestamp(at // 1000, UTC)
    return when.weekday() == BAD_WEEKDAY and when.hour in BAD_HOURS


def _by(rows: list[Row], column: str, wanted: Any = None) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if wanted is None or wanted(row):
            groups.setdefault(row[column], []).append(row)
    return groups
