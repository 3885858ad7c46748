"""Whether a closing is asked about: one decision, `Ask(at)` or `Skip(reason)`, for every closing. Pure; the clock is passed in.

The checks come in a fixed order, and the first that refuses is the reason that is stored and shown.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ratings.conditions import (
    All,
    Any_,
    Condition,
    Saw,
    Test,
    condition_to_dict,
    evaluate,
    parse_condition,
)
from ratings.survey import Survey
from ratings.ticket import Address, Ticket
from ratings.times import SECOND, Instant, format_instant

__all__ = [
    "All",
    "Any_",
    "Ask",
    "Condition",
    "Decision",
    "Facts",
    "Saw",
    "Skip",
    "SkipReason",
    "Test",
    "condition_to_dict",
    "decide",
    "evaluate",
    "parse_condition",
]


class SkipReason(StrEnum):
    """Why nobody is asked. The codes are stored, counted and documented: they never change."""

    NO_SURVEY = "no_survey"
    SURVEY_OFF = "survey_off"
    ASK_FALSE = "ask_false"
    NO_ADDRESS = "no_address"
    CHANNEL_UNKNOWN = "channel_unknown"
    OPTED_OUT = "opted_out"
    UNREACHABLE = "unreachable"
    ALREADY_ASKED = "already_asked"
    RESTING = "resting"  # the customer asked to be asked less
    REOPENED = "reopened"  # the reopen was reported before this closing was
    TOO_OLD = "too_old"
    CONDITION_NOT_MET = "condition_not_met"  # "ask only when" is false
    CONDITION_EXCLUDES = "condition_excludes"  # "do not ask when" is true


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask at this instant, on this account (`channel`), at this address; `further` ones may follow if it takes no prompt."""

    at: Instant
    channel: str
    address: str
    further: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """Do not ask. `detail` is the rule and what it saw, JSON-able, without addresses and words."""

    reason: SkipReason
    detail: Mapping[str, object] = field(default_factory=dict)


Decision = Ask | Skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store and the settings know.

    `accounts` are the slugs of configured channel accounts; `opted_out` and `unreachable` hold (account, address);
    `asked_until` is `closed_at` of the ticket's newest closing that was asked or answered, `reopened_at` when the ticket
    was last reopened. `customer_opted_out` and `resting_until` are the customer's wishes for every channel.
    """

    accounts: Container[str]
    opted_out: Container[tuple[str, str]] = frozenset()
    unreachable: Container[tuple[str, str]] = frozenset()
    asked_until: Instant | None = None
    reopened_at: Instant | None = None
    customer_opted_out: bool = False
    resting_until: Instant | None = None


def decide(ticket: Ticket, survey: Survey | None, facts: Facts, now: Instant) -> Decision:
    """Decide for one closing. `survey` is what `choose_survey` chose, on or off."""
    if survey is None:
        return Skip(SkipReason.NO_SURVEY, {"form": None if ticket.form is None else ticket.form.id})
    if not survey.enabled:
        return Skip(SkipReason.SURVEY_OFF, {"survey": survey.id})
    if not ticket.ask:
        return Skip(SkipReason.ASK_FALSE, {"ask": False})
    refused = _not_again(ticket, survey, facts, now) or _unwanted(facts, now)
    if refused is not None:
        return refused
    all_usable = [address for address in ticket.addresses if _obstacle(address, facts) is None]
    usable = all_usable[0] if all_usable else None
    if survey.skip_when is not None or survey.ask_when is not None:
        excluded = _excluded(ticket, survey, usable)
        if excluded is not None:
            return excluded
    if usable is None:
        return _nowhere(ticket, facts)
    further = tuple((address.channel, address.id) for address in all_usable[1:]) if survey.fallback else ()
    return Ask(max(now, ticket.closed_at + survey.timing.delay), usable.channel, usable.id, further)


def _not_again(ticket: Ticket, survey: Survey, facts: Facts, now: Instant) -> Skip | None:
    """What the ticket's age and its earlier closings say."""
    timing = survey.timing
    if ticket.closed_at < now - timing.max_age:
        age, limit = (now - ticket.closed_at) // SECOND, timing.max_age // SECOND
        return Skip(SkipReason.TOO_OLD, {"age_s": age, "max_age_s": limit})
    if facts.asked_until is not None and ticket.closed_at <= facts.asked_until:
        return Skip(SkipReason.ALREADY_ASKED, {"asked_until": format_instant(facts.asked_until)})
    if facts.reopened_at is not None and ticket.closed_at < facts.reopened_at:
        return Skip(SkipReason.REOPENED, {"reopened_at": format_instant(facts.reopened_at)})
    return None


def _unwanted(facts: Facts, now: Instant) -> Skip | None:
    """What the customer wishes on every channel."""
    if facts.customer_opted_out:
        return Skip(SkipReason.OPTED_OUT, {"everywhere": True})
    if facts.resting_until is not None and now < facts.resting_until:
        return Skip(SkipReason.RESTING, {"until": format_instant(facts.resting_until)})
    return None


def _obstacle(address: Address, facts: Facts) -> SkipReason | None:
    """Why an address cannot be used; None when it can."""
    channel = address.channel
    if channel not in facts.accounts:
        return SkipReason.CHANNEL_UNKNOWN
    place = (channel, address.id)
    if place in facts.opted_out:
        return SkipReason.OPTED_OUT
    return SkipReason.UNREACHABLE if place in facts.unreachable else None


def _excluded(ticket: Ticket, survey: Survey, usable: Address | None) -> Skip | None:
    """What the survey's conditions say. The channel they see is the one that would be used, else the one preferred."""
    address = usable or (ticket.addresses[0] if ticket.addresses else None)
    account = None if address is None else address.channel
    if survey.skip_when is not None:
        applies, saw = evaluate(survey.skip_when, ticket, account)
        if applies:
            return Skip(SkipReason.CONDITION_EXCLUDES, {"rule": "skip_when", **saw.to_dict()})
    if survey.ask_when is not None:
        met, saw = evaluate(survey.ask_when, ticket, account)
        if not met:
            return Skip(SkipReason.CONDITION_NOT_MET, {"rule": "ask_when", **saw.to_dict()})
    return None


def _nowhere(ticket: Ticket, facts: Facts) -> Skip:
    """No address can be used: the reason is that of the preferred one, the detail counts them all."""
    obstacles = [reason for address in ticket.addresses if (reason := _obstacle(address, facts)) is not None]
    if not obstacles:
        return Skip(SkipReason.NO_ADDRESS, {"addresses": 0})
    counts = {reason.value: obstacles.count(reason) for reason in dict.fromkeys(obstacles)}
    detail = {"addresses": len(obstacles), "channel": ticket.addresses[0].channel, **counts}
    return Skip(obstacles[0], detail)
