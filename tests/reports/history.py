"""A random history of some hundred closings, written straight into the tables: every state, several scales, gaps everywhere."""

import random
from typing import Any

from sqlalchemy import create_engine, insert, text

from ratings.store.report_tables import directory
from ratings.store.schema import invitations, ratings, ticket_tags, tickets
from ratings.times import DAY, HOUR, MINUTE, Instant

ZONE = "America/New_York"
FIRST: Instant = 1_772_000_000_000
"""25 February 2026: New York's clocks go forward on 8 March."""

DAYS = 75
AGENTS = ("anna", "boris", "clara", None)
_SURVEY = "INSERT INTO surveys (id, version, definition) SELECT 'second', version, definition FROM surveys WHERE id = 'default'"
_VERSION = """
INSERT INTO survey_versions (survey_id, version, definition, created_at, created_by)
SELECT 'second', version, definition, created_at, created_by FROM survey_versions WHERE survey_id = 'default'
"""

_SCALES = {"Five": {value: value >= 4 for value in range(1, 6)}, "Two": {1: False, 2: True}}


def fill(url: str, many: int, seed: int = 1) -> None:
    """Write closings, their askings and their ratings."""
    source = random.Random(seed)
    asked: list[dict[str, Any]] = []
    rated: list[dict[str, Any]] = []
    tagged: list[dict[str, Any]] = []
    for number in range(1, many + 1):
        row = _closing(source, number)
        asked.append(row)
        if source.random() < 0.3:
            tagged.append({"tag": "vip", "invitation_id": number})
        if row["decision"] == "ask" and source.random() < 0.6:
            rated.append(_rating(source, row))
        counts = bool(rated) and rated[-1]["id"] == number and rated[-1]["state"] == "confirmed"
        if counts or row["state"] == "answered":
            row["state"] = "answered" if counts else "asked"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            insert(tickets), [{"id": row["id"], "received_at": row["closed_at"], "snapshot": "{}"} for row in asked]
        )
        connection.execute(insert(invitations), asked)
        connection.execute(insert(ratings), rated)
        connection.execute(insert(ticket_tags), tagged)
        connection.execute(
            insert(directory),
            [{"kind": "agent", "id": agent, "name": agent.title(), "seen": 20260225} for agent in AGENTS if agent],
        )
    engine.dispose()


def add_second_survey(url: str) -> None:
    """Make the other survey of the history, as the default one is."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(_SURVEY))
        connection.execute(text(_VERSION))
    engine.dispose()


def _closing(source: random.Random, number: int) -> dict[str, Any]:
    closed_at = FIRST + source.randrange(DAYS * DAY)
    ask = source.random() < 0.8
    was_asked = ask and source.random() < 0.9
    state = source.choice(("asked", "answered", "lapsed", "cancelled")) if was_asked else "scheduled"
    return {
        "id": number,
        "desk": "api",
        "ticket_id": f"T-{number}",
        "closing": "1",
        "closed_at": closed_at,
        "decision": "ask" if ask else "skip",
        "reason": None if ask else source.choice(("opted_out", "rule", "too_old")),
        "decided_at": closed_at + MINUTE,
        "survey_id": source.choice(("default", "second")) if ask else source.choice(("default", None)),
        "survey_version": 1,
        "account": source.choice(("telegram.support", "email.help", None))
        if not ask
        else source.choice(("telegram.support", "email.help")),
        "address": f"{number}",
        "form": source.choice(("support", "sales", None)),
        "group_id": source.choice(("first", "second", None)),
        "agent_id": source.choice(AGENTS),
        "priority": source.choice(("low", "high", None)),
        "kind": "ticket",
        "state": state if ask else "skipped",
        "state_reason": source.choice((None, "survey_off", "quiet_hours")) if ask and not was_asked else None,
        "asked_at": closed_at + source.randrange(30 * HOUR) if was_asked else None,
        "delivery": source.choice((None, "accepted", "seen", "unknown", "bounced")) if was_asked else None,
        "expires_at": closed_at + 30 * DAY,
        "changing": False,
        "revision": 0,
        "first_response_s": source.choice((None, source.randrange(7200))),
        "handling_s": source.choice((None, source.randrange(86400))),
    }


def _rating(source: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    scale = source.choices(tuple(_SCALES), (9, 1))[0]
    value = source.choice(tuple(_SCALES[scale]))
    copied = (
        "id",
        "survey_id",
        "asked_at",
        "closed_at",
        "desk",
        "ticket_id",
        "form",
        "group_id",
        "agent_id",
        "priority",
    )
    return {
        **{name: row[name] for name in copied},
        "state": source.choices(("confirmed", "provisional", "quarantined", "withdrawn"), (8, 1, 1, 1))[0],
        "value": value,
        "satisfied": _SCALES[scale][value],
        "comment": source.choice((None, "thank you")),
        "rated_at": row["closed_at"] + source.randrange(5 * DAY),
        "changed_at": row["closed_at"] + 5 * DAY,
        "scale": scale,
        # some answered at the address before the last one
        "account": source.choices((row["account"], "vk.old"), (9, 1))[0],
    }
