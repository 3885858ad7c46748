"""Send rules: what an admin asks of a closed ticket before its customer is asked. Read from JSON, judged with an explanation.

A rule judges only what the desk told: about a call without a talk time the minimum talk time says nothing. Durations are ms
inside and whole seconds in JSON.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo
from fnmatch import translate
from functools import lru_cache

from ratings import reading
from ratings.conditions import shown
from ratings.decisions import Skip, SkipReason
from ratings.errors import FieldError, found, step
from ratings.hours import Opening, is_open, opening_to_dict, read_opening
from ratings.ticket import CLOSERS, Ticket
from ratings.times import DAY, SECOND, Duration, Instant

MAX_PATTERNS = 100
MAX_PATTERN = 200
MAX_STAFF = 1_000
MAX_DURATION_S = 10 * 366 * DAY // SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\+?[0-9*?][0-9*?\s().\u00a0-]{4,}").fullmatch
_BETWEEN_DIGITS = re.compile(r"[\s().\u00a0-]+").sub


@dataclass(frozen=True, slots=True)
class SendRules:
    """The rules of a survey; the defaults refuse nobody.

    `every` is the least time between two askings of one customer, over all surveys and channels. `again_after`: a ticket
    that is closed again within this time is asked about once more if nobody answered, and not if somebody did.
    `share` of the tickets is asked about, always the same ones. Patterns are shell patterns without case (`*test*`); those
    of subjects say nothing about a ticket without one, while a ticket that came without tags has none. `staff` are
    addresses, telephone numbers, the desk's ids of customers, or patterns of them, that are never asked.
    """

    min_talk: Duration = 0
    min_customer_messages: int = 0
    min_agent_messages: int = 0
    both_sides: bool = False
    closed_by: tuple[str, ...] = ()
    min_open: Duration = 0
    max_open: Duration = 0
    min_silence: Duration = 0
    max_silence: Duration = 0
    opening: Opening | None = None
    only_subjects: tuple[str, ...] = ()
    never_subjects: tuple[str, ...] = ()
    only_tags: tuple[str, ...] = ()
    never_tags: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    share: float = 1.0
    every: Duration = 0
    again_after: Duration = 0
    recovery: bool = True


NO_RULES = SendRules()


def refuse(rules: SendRules, ticket: Ticket, zone: tzinfo) -> Skip | None:
    """Return why the ticket by itself is not asked about; None where nothing speaks against it. `zone` is the survey's."""
    if rules == NO_RULES:
        return None
    for judge in _JUDGES:
        refused = judge(rules, ticket)
        if refused is not None:
            return refused
    if rules.opening is not None and not is_open(ticket.closed_at, rules.opening, zone):
        local = (_EPOCH + timedelta(milliseconds=ticket.closed_at)).astimezone(zone).isoformat(timespec="seconds")
        return _skip(SkipReason.OUTSIDE_HOURS, "opening", local, opening_to_dict(rules.opening))
    return None


def is_sampled(rules: SendRules, survey_id: str, ticket: Ticket) -> bool:
    """True when the ticket is one of the share that is asked about: always the same answer for a ticket and a survey."""
    return rules.share >= 1.0 or _place(survey_id, ticket) < rules.share


def left_out(rules: SendRules, survey_id: str, ticket: Ticket) -> Skip | None:
    """Return that the ticket is not in the sample; None where it is. What it saw is the ticket's place, from 0 to 1."""
    if is_sampled(rules, survey_id, ticket):
        return None
    return _skip(SkipReason.NOT_SAMPLED, "share", round(_place(survey_id, ticket), 4), rules.share)


def _place(survey_id: str, ticket: Ticket) -> float:
    name = f"{survey_id}\x00{ticket.desk}\x00{ticket.id}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) / 2**64


def _skip(reason: SkipReason, rule: str, saw: object, wanted: object) -> Skip:
    return Skip(reason, {"rule": rule, "saw": saw, "wanted": wanted})


def _staff(rules: SendRules, ticket: Ticket) -> Skip | None:
    if not rules.staff:
        return None
    customer = ticket.customer
    named: list[tuple[str, str | None]] = [("email", customer.email), ("phone", customer.phone)]
    named.append(("customer", customer.id))
    for address in ticket.addresses:
        named += [("address", address.id), ("address", f"{address.channel}:{address.id}")]
    for what, name in named:
        if name and _matching(rules.staff, (name,), _without_gaps) is not None:
            # Neither the name nor the entry that fits it: either is somebody's address.
            return _skip(SkipReason.STAFF, "staff", what, f"none of {len(rules.staff)} entries")
    return None


def _talk(rules: SendRules, ticket: Ticket) -> Skip | None:
    if rules.min_talk and ticket.talk_s is not None and ticket.talk_s * SECOND < rules.min_talk:
        return _skip(SkipReason.TALK_TOO_SHORT, "min_talk_s", ticket.talk_s, rules.min_talk // SECOND)
    return None


def _messages(rules: SendRules, ticket: Ticket) -> Skip | None:
    told = ticket.messages
    sides = (
        ("min_customer_messages", told.customer, rules.min_customer_messages),
        ("min_agent_messages", told.agent, rules.min_agent_messages),
    )
    for rule, saw, least in sides:
        if saw is not None and saw < least:
            return _skip(SkipReason.TOO_FEW_MESSAGES, rule, saw, least)
    if rules.both_sides and 0 in (told.customer, told.agent):
        both = {"customer": told.customer, "agent": told.agent}
        return _skip(SkipReason.ONE_SIDED, "both_sides", both, {"customer": 1, "agent": 1})
    return None


def _closer(rules: SendRules, ticket: Ticket) -> Skip | None:
    if rules.closed_by and ticket.closed_by is not None and ticket.closed_by not in rules.closed_by:
        return _skip(SkipReason.CLOSED_BY, "closed_by", ticket.closed_by, list(rules.closed_by))
    return None


def _open_time(rules: SendRules, ticket: Ticket) -> Skip | None:
    if ticket.opened_at is None:
        return None
    names = ("min_open_s", "max_open_s")
    return _between(SkipReason.OPEN_TIME, names, ticket.closed_at - ticket.opened_at, rules.min_open, rules.max_open)


def _silence(rules: SendRules, ticket: Ticket) -> Skip | None:
    told = [at for at in (ticket.last_message_at.customer, ticket.last_message_at.agent) if at is not None]
    if not told:
        return None
    names = ("min_silence_s", "max_silence_s")
    return _between(SkipReason.SILENCE, names, ticket.closed_at - max(told), rules.min_silence, rules.max_silence)


def _between(
    reason: SkipReason, names: tuple[str, str], passed: Duration, least: Duration, most: Duration
) -> Skip | None:
    passed = max(passed, 0)  # clocks differ, and people write after the closing
    if passed < least:
        return _skip(reason, names[0], passed // SECOND, least // SECOND)
    if most and passed > most:
        return _skip(reason, names[1], -(-passed // SECOND), most // SECOND)
    return None


def _subject(rules: SendRules, ticket: Ticket) -> Skip | None:
    subject = ticket.subject
    if subject is None:
        return None
    saw = f"a text of {len(subject)} characters"
    return _patterns(SkipReason.SUBJECT, "subjects", (subject,), saw, rules.only_subjects, rules.never_subjects)


def _tags(rules: SendRules, ticket: Ticket) -> Skip | None:
    tags = ticket.tags
    return _patterns(SkipReason.TAGS, "tags", tags, shown(tags), rules.only_tags, rules.never_tags)


def _patterns(
    reason: SkipReason, name: str, seen: tuple[str, ...], saw: object, only: tuple[str, ...], never: tuple[str, ...]
) -> Skip | None:
    if never and (fitting := _matching(never, seen)) is not None:
        return _skip(reason, f"never_{name}", saw, fitting)
    if only and _matching(only, seen) is None:
        return _skip(reason, f"only_{name}", saw, list(only)[:10])
    return None


def _matching(
    patterns: tuple[str, ...], names: Iterable[str], plain: Callable[[str], str] = str.casefold
) -> str | None:
    """Return the first of the patterns that fits one of the names; None for none of them. `plain` is how both are read."""
    whole, wild = _compiled(patterns, plain)
    fitting: list[int] = []
    for name in map(plain, names):
        if (index := whole.get(name)) is not None:
            fitting.append(index)
        fitting.extend(index for index, fits in wild if fits(name))
    return patterns[min(fitting)] if fitting else None


@lru_cache(maxsize=256)
def _compiled(
    patterns: tuple[str, ...], plain: Callable[[str], str]
) -> tuple[Mapping[str, int], tuple[tuple[int, Callable[[str], object]], ...]]:
    """Patterns made ready, with their places: whole names to look up, and those to be tried one by one.

    A survey may have a thousand of them, and is asked for every ticket of a batch; fnmatch keeps fewer than that.
    """
    whole: dict[str, int] = {}
    wild: list[tuple[int, Callable[[str], object]]] = []
    for index, pattern in enumerate(map(plain, patterns)):
        if "*" in pattern or "?" in pattern:
            # Only * and ? are special: subjects are full of brackets.
            wild.append((index, re.compile(translate(pattern.replace("[", "[[]"))).match))
        else:
            whole.setdefault(pattern, index)
    return whole, tuple(wild)


def _without_gaps(name: str) -> str:
    """Without case; a telephone number without what people write between its digits."""
    return _BETWEEN_DIGITS("", name) if _NUMBER(name) else name.casefold()


_JUDGES: tuple[Callable[[SendRules, Ticket], Skip | None], ...] = (
    _staff,
    _talk,
    _messages,
    _closer,
    _open_time,
    _silence,
    _subject,
    _tags,
)


# --- JSON ---------------------------------------------------------------------------------------------------------

_DURATIONS = frozenset(
    {"min_talk", "min_open", "max_open", "min_silence", "max_silence", "every", "again_after"},
)
_KEYS = {f"{one.name}_s" if one.name in _DURATIONS else one.name: one.name for one in fields(SendRules)}


def rules_to_dict(rules: SendRules) -> dict[str, object]:
    """Write the rules as the JSON data that `read_rules` reads back to equal ones."""
    written: dict[str, object] = {}
    for key, name in _KEYS.items():
        value = getattr(rules, name)
        if name in _DURATIONS:
            value //= SECOND
        elif name == "opening":
            value = None if value is None else opening_to_dict(value)
        elif isinstance(value, tuple):
            value = list(value)
        written[key] = value
    return written


def read_rules(errors: reading.Errors, value: object, start: SendRules, pointer: str) -> SendRules:
    """Read rules over those of `start`: what is not named stays, null goes back to the default."""
    if value is None:
        return NO_RULES
    read = {name: getattr(start, name) for name in _KEYS.values()}
    for name, given, at in reading.changes(errors, value, pointer, _KEYS, read, NO_RULES):
        read[name] = _read_one(errors, given, name, at)
    rules = SendRules(**read)
    for least, most in (("min_open", "max_open"), ("min_silence", "max_silence")):
        if 0 < getattr(rules, most) < getattr(rules, least):
            errors.append(FieldError(step(pointer, f"{most}_s"), f"less than {least}_s; expected 0 (no limit) or more"))
    return rules


def _read_one(errors: reading.Errors, given: object, name: str, at: str) -> object:
    default = getattr(NO_RULES, name)
    if name in _DURATIONS:
        return _number(errors, given, at, MAX_DURATION_S) * SECOND
    if name == "opening":
        return read_opening(errors, given, at)
    if name == "share":
        if isinstance(given, (int, float)) and not isinstance(given, bool) and 0 < given <= 1:
            return float(given)
        errors.append(FieldError(at, f"{found(given)}; expected a number above 0, at most 1: the share to ask"))
        return 1.0
    if name == "closed_by":
        return _closers(errors, given, at)
    if isinstance(default, bool):
        if not isinstance(given, bool):
            errors.append(FieldError(at, f"{found(given)}; expected true or false"))
        return given is True
    if isinstance(default, tuple):
        return reading.texts(errors, given, at, MAX_STAFF if name == "staff" else MAX_PATTERNS, MAX_PATTERN)
    return _number(errors, given, at, reading.MAX_NUMBER)


def _number(errors: reading.Errors, given: object, at: str, most: int) -> int:
    if type(given) is int and 0 <= given <= most:
        return given
    errors.append(FieldError(at, f"{found(given)}; expected a whole number from 0 to {most}"))
    return 0


def _closers(errors: reading.Errors, given: object, at: str) -> tuple[str, ...]:
    listed = reading.texts(errors, given, at, len(CLOSERS), MAX_PATTERN)
    for index, one in enumerate(listed):
        if one not in CLOSERS:
            errors.append(FieldError(step(at, index), f"{found(one)}; expected one of {', '.join(CLOSERS)}"))
    return listed


def next_chance(last: Instant | None, every: Duration) -> Instant | None:
    """Return from when on a customer, last asked then, may be asked again; None for at any time."""
    return None if last is None or not every else last + every
