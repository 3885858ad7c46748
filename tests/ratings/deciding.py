"""What the tests of decisions share: a moment, a ticket, and what to make of a decision."""

import json
from typing import Any

from ratings.rules import Ask, Facts, Skip, SkipReason
from ratings.survey import DEFAULT_SURVEY, Survey, parse_survey
from ratings.ticket import Address, Ticket
from ratings.times import parse_instant

NOW = parse_instant("2026-11-21T12:00:00Z")  # 15:00 in Moscow
TELEGRAM, VIBER, VK = Address("telegram.a", "1"), Address("viber.b", "2"), Address("vk.c", "3")
FACTS = Facts(frozenset({"telegram.a", "viber.b", "vk.c"}))
TICKET = Ticket(id="T-1", closed_at=NOW, addresses=(TELEGRAM,))
DAY_S = 86_400


def survey(**more: Any) -> Survey:
    return parse_survey(more, base=DEFAULT_SURVEY)


def asked(decision: Ask | Skip) -> Ask:
    assert isinstance(decision, Ask)
    return decision


def skipped(decision: Ask | Skip, reason: SkipReason) -> dict[str, Any]:
    assert isinstance(decision, Skip)
    assert decision.reason is reason
    written: dict[str, Any] = json.loads(json.dumps(decision.detail))
    return written
