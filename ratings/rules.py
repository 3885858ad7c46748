"""Whether a closing is asked about: one decision, `Ask(at)` or `Skip(reason)`, for every closing. Pure; the clock is passed in.

The checks come in a fixed order, and the first that refuses is the reason that is stored and shown.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

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
from ratings.decisions import WINDOW_MARGIN, Ask, Decision, Skip, SkipReason
from ratings.hours import Hours, last_allowed, may_go, next_allowed, zone_named
from ratings.send_rules import left_out, next_chance, refuse
from ratings.survey import Survey
from ratings.ticket import Address, Ticket
from ratings.times import SECOND, Duration, Instant, format_instant

__all__ = [
    "All",
    "Any_",
    "Ask",
    "Condition",
    "Decision",
    "Earlier",
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


MOST_ASKS_OF_A_TICKET = 2
"""How often a ticket that is closed again and again may be asked about within `again_after`: at first, and once more."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of a ticket's earlier closings.

    `asked_until` is `closed_at` of its newest closing that was asked or answered; `asks` are when its customer was asked, or
    is to be; `answered_at` when it was last rated; `bad_rating` is the invitation with the bad rating that nobody has asked
    about again.
    """

    asked_until: Instant | None = None
    asks: tuple[Instant, ...] = ()
    answered_at: Instant | None = None
    bad_rating: int | None = None


NOTHING_EARLIER = Earlier()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store and the settings know.

    `accounts` are the slugs of configured channel accounts; `opted_out` and `unreachable` hold (account, address);
    `reopened_at` is when the ticket was last reopened. `customer_opted_out` and `resting_until` are the customer's wishes for
    every channel, `last_ask` is when this customer was last asked, or is to be, by any survey. `timezone` is the customer's,
    `default_timezone` the installation's. `windows` tells of accounts how long after the customer's last message they take
    messages.
    """

    accounts: Container[str]
    opted_out: Container[tuple[str, str]] = frozenset()
    unreachable: Container[tuple[str, str]] = frozenset()
    earlier: Earlier = NOTHING_EARLIER
    reopened_at: Instant | None = None
    customer_opted_out: bool = False
    resting_until: Instant | None = None
    last_ask: Instant | None = None
    timezone: str | None = None
    default_timezone: str = "UTC"
    windows: Mapping[str, Duration] = field(default_factory=dict)


def decide(ticket: Ticket, survey: Survey | None, facts: Facts, now: Instant) -> Decision:
    """Decide for one closing. `survey` is what `choose_survey` chose, on or off."""
    if survey is None:
        return Skip(SkipReason.NO_SURVEY, {"form": None if ticket.form is None else ticket.form.id})
    refused = (
        _switched_off(ticket, survey)
        or _not_again(ticket, survey, facts, now)
        or _unwanted(facts, now)
        or refuse(survey.rules, ticket, zone_for(survey.timezone, facts.default_timezone))
    )
    if refused is not None:
        return refused
    usable = [address for address in ticket.addresses if _obstacle(address, facts) is None]
    if (survey.skip_when or survey.ask_when) and (excluded := _excluded(ticket, survey, usable[0] if usable else None)):
        return excluded
    if not usable:
        return _nowhere(ticket, facts)
    recovering = survey.rules.recovery and facts.earlier.bad_rating is not None
    refused = (None if recovering else _reclosed(ticket, survey, facts)) or left_out(survey.rules, survey.id, ticket)
    if refused is not None:
        return refused
    planned = _plan(ticket, survey, facts, usable, now)
    if isinstance(planned, Skip):
        return planned
    if recovering:
        return replace(planned, recovery_of=facts.earlier.bad_rating)
    return _asked_recently(survey, facts, planned.at) or planned


def _switched_off(ticket: Ticket, survey: Survey) -> Skip | None:
    """What the admin's switch and the agent's own say."""
    if not survey.enabled:
        since = {} if survey.paused_at is None else {"paused_at": format_instant(survey.paused_at)}
        return Skip(SkipReason.SURVEY_OFF, {"survey": survey.id, **since})
    return None if ticket.ask else Skip(SkipReason.ASK_FALSE, {"ask": False})


def zone_for(*names: str | None) -> tzinfo:
    """The first of the zones that is one: the customer's, else the survey's, else the installation's; UTC at the last."""
    for name in names:
        if name and (zone := zone_named(name)) is not None:
            return zone
    return UTC


def _plan(ticket: Ticket, survey: Survey, facts: Facts, usable: list[Address], now: Instant) -> Ask | Skip:
    """When to ask, and where: at the first address whose window is open at a moment at which we may write.

    What would come after a window's end is asked earlier than wanted: a window that ends takes the delay with it.
    """
    wanted = max(now, ticket.closed_at + survey.timing.delay)
    hours = survey.timing.hours
    zone = zone_for(facts.timezone, survey.timezone, facts.default_timezone)
    at = wanted if hours is None else next_allowed(wanted, hours, zone)
    if at >= ticket.closed_at + survey.timing.expires_after:
        rule = "hours" if at > wanted else "expires_after_s"
        detail = {"rule": rule, "saw": format_instant(at), "wanted": survey.timing.expires_after // SECOND}
        return Skip(SkipReason.EXPIRED, detail)
    open_ones: list[tuple[Address, Instant, Instant | None]] = []
    shut: Instant | None = None
    for address in usable:
        until = window_until(ticket.last_message_at.customer, ticket.closed_at, facts.windows.get(address.channel))
        moment = at if until is None else _within(until, at, hours, zone, now)
        if moment is not None:
            open_ones.append((address, moment, until))
        elif shut is None:
            shut = until
    if not open_ones:
        detail = {"rule": "window", "channel": usable[0].channel, "saw": format_instant(at)}
        return Skip(SkipReason.WINDOW_CLOSED, detail | ({"wanted": format_instant(shut)} if shut is not None else {}))
    first, moment, until = open_ones[0]
    further = tuple((each.channel, each.id) for each, _, _ in open_ones[1:]) if survey.fallback else ()
    share = survey.rules.share
    return Ask(moment, first.channel, first.id, further, facts.timezone, until, share)


def _within(until: Instant, at: Instant, hours: Hours | None, zone: tzinfo, now: Instant) -> Instant | None:
    """`at`, or the last moment before it at which the window that ends at `until` is open and we may write; None for none.

    A margin is kept free at its end, and before quiet hours, unless it has begun already: what is sent right now still arrives.
    """
    if now >= until:
        return None
    latest = max(now, until - WINDOW_MARGIN)
    if at <= latest:
        return at
    if hours is None:
        return latest
    last = last_allowed(now, latest + 1, hours, zone)
    if last is None or may_go(last + WINDOW_MARGIN, hours, zone):
        return last
    return next_allowed(max(now, last - WINDOW_MARGIN), hours, zone)


def window_until(last_message: Instant | None, closed_at: Instant, window: Duration | None) -> Instant | None:
    """When a messenger stops taking messages that nobody asked for; None for never.

    Counted from the customer's last message, from the closing where the desk did not tell of one.
    """
    if window is None:
        return None
    return (closed_at if last_message is None else last_message) + window


def _asked_recently(survey: Survey, facts: Facts, at: Instant) -> Skip | None:
    """What the customer's last asking says, whichever survey and channel it was by."""
    chance = next_chance(facts.last_ask, survey.rules.every)
    if chance is None or facts.last_ask is None or at >= chance:
        return None
    detail = {
        "rule": "every_s",
        "wanted": survey.rules.every // SECOND,
        "saw": {"last_ask": format_instant(facts.last_ask)},
        "next_at": format_instant(chance),
    }
    return Skip(SkipReason.ASKED_RECENTLY, detail)


def _reclosed(ticket: Ticket, survey: Survey, facts: Facts) -> Skip | None:
    """What the ticket's own earlier askings say: once more if nobody answered, and not if somebody did."""
    again_after, earlier = survey.rules.again_after, facts.earlier
    if not again_after:
        return None
    since = ticket.closed_at - again_after
    detail: dict[str, object] = {"rule": "again_after_s", "wanted": again_after // SECOND}
    if earlier.answered_at is not None and earlier.answered_at > since:
        until = format_instant(earlier.answered_at + again_after)
        seen: dict[str, object] = {"answered_at": format_instant(earlier.answered_at)}
        return Skip(SkipReason.RECLOSED, {**detail, "saw": seen, "next_at": until})
    lately = sorted(at for at in earlier.asks if at > since)
    if len(lately) >= MOST_ASKS_OF_A_TICKET:
        until = format_instant(lately[-MOST_ASKS_OF_A_TICKET] + again_after)
        return Skip(SkipReason.RECLOSED, {**detail, "saw": {"asks": len(lately)}, "next_at": until})
    return None


def _not_again(ticket: Ticket, survey: Survey, facts: Facts, now: Instant) -> Skip | None:
    """What the ticket's age and its earlier closings say."""
    timing = survey.timing
    if ticket.closed_at < now - timing.max_age:
        age, limit = (now - ticket.closed_at) // SECOND, timing.max_age // SECOND
        return Skip(SkipReason.TOO_OLD, {"age_s": age, "max_age_s": limit})
    if facts.earlier.asked_until is not None and ticket.closed_at <= facts.earlier.asked_until:
        return Skip(SkipReason.ALREADY_ASKED, {"asked_until": format_instant(facts.earlier.asked_until)})
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
