"""Alerts: whom to tell of a bad rating, and when. Pure.

A rating at or below a value, or a comment with one of the given words, is told once to each destination: a mail address or a
messenger's chat (`telegram.support:-100200300`, `email.support:head@example.org`) or a web hook (`https://…`). What comes
close together is told together, no more than so many times an hour, and not at night unless the admin says so.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import tzinfo

from ratings import reading
from ratings.errors import FieldError, step
from ratings.hours import Hours, hours_to_dict, may_go, next_allowed, read_hours
from ratings.scale import MAX_VALUE, Scale
from ratings.times import Instant

MAX_WORDS = 100
MAX_WORD = 100
MAX_DESTINATIONS = 20
MAX_DESTINATION = 400
MAX_PER_HOUR = 60
NIGHT = Hours(22 * 60, 8 * 60)
"""When nobody is woken, unless said: from ten in the evening to eight in the morning."""

_DESTINATION = re.compile(r"[a-z][a-z0-9_-]{0,31}\.[A-Za-z0-9][A-Za-z0-9_-]{0,63}:.+").fullmatch


@dataclass(frozen=True, slots=True)
class Alerts:
    """`value_max`: ratings at or below it are told (None: none for their value). `hours` is when to tell (None: at any time)."""

    value_max: int | None = None
    words: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    per_hour: int = 6
    hours: Hours | None = NIGHT


NO_ALERTS = Alerts()


VALUE, WORDS = "value", "words"
WEB = ("https://", "http://")
"""What a destination begins with that is posted to."""


@dataclass(frozen=True, slots=True)
class BadRating:
    """A rating to tell of, and why: `value` as it is counted; `scale` is the one that its customer saw."""

    invitation_id: int
    reasons: tuple[str, ...]
    value: int
    scale: Scale
    comment: str
    rated_at: Instant
    survey: str
    channel: str
    desk: str
    ticket_id: str
    ticket_url: str
    subject: str
    agent: str


def alert_reasons(alerts: Alerts, value: int | None, comment: str) -> tuple[str, ...]:
    """Return every reason for which a rating is to be told of: VALUE, WORDS; each is told once.

    `value` as it is counted: a larger one is better.
    """
    if not alerts.to or value is None:
        return ()
    bad = alerts.value_max is not None and value <= alerts.value_max
    worded = bool(alerts.words and comment) and _holds(comment, alerts.words)
    return tuple(reason for reason, true in ((VALUE, bad), (WORDS, worded)) if true)


def may_tell(alerts: Alerts, told: int, now: Instant, zone: tzinfo) -> bool:
    """True when a destination that was told so many times within the last hour may be told again now."""
    return told < alerts.per_hour and (alerts.hours is None or may_go(now, alerts.hours, zone))


def tell_from(hours: Hours | None, now: Instant, zone: tzinfo) -> Instant:
    """Return from when on somebody may be told: now, or the end of the night."""
    return now if hours is None else next_allowed(now, hours, zone)


def place_of(destination: str) -> tuple[str, str] | None:
    """Return the (account, address) of a messenger's or mail's destination; None for one that is posted to."""
    if destination.startswith(WEB):
        return None
    account, _, address = destination.partition(":")
    return account, address


def _holds(comment: str, words: tuple[str, ...]) -> bool:
    """True when a word or phrase stands in the comment at a word's beginning: «жалоб» finds «жалоба», not «прежалобно»."""
    told = _plain(comment)
    return any(re.search(rf"(?<!\w){re.escape(_plain(word))}", told) for word in words)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")


# --- JSON ---------------------------------------------------------------------------------------------------------

_KEYS = ("value_max", "words", "to", "per_hour", "hours")
_NAMES = dict(zip(_KEYS, _KEYS, strict=True))


def alerts_to_dict(alerts: Alerts) -> dict[str, object]:
    """Write alerts as the JSON data that `read_alerts` reads back to equal ones. `hours` {} is at any time."""
    return {
        "value_max": alerts.value_max,
        "words": list(alerts.words),
        "to": list(alerts.to),
        "per_hour": alerts.per_hour,
        "hours": {} if alerts.hours is None else hours_to_dict(alerts.hours),
    }


def read_alerts(errors: reading.Errors, value: object, start: Alerts, pointer: str) -> Alerts:
    """Read alerts over those of `start`: what is not named stays, null goes back to the default."""
    if value is None:
        return NO_ALERTS
    read = {key: getattr(start, key) for key in _KEYS}
    for key, given, at in reading.changes(errors, value, pointer, _NAMES, read, NO_ALERTS):
        if key in {"value_max", "per_hour"}:
            read[key] = reading.whole(errors, given, at, 1, MAX_VALUE if key == "value_max" else MAX_PER_HOUR)
        elif key == "hours":
            read[key] = None if given == {} else read_hours(errors, given, at)
        elif key == "words":
            read[key] = reading.texts(errors, given, at, MAX_WORDS, MAX_WORD)
        else:
            read[key] = _destinations(errors, given, at)
    return Alerts(**read)


def _destinations(errors: reading.Errors, given: object, at: str) -> tuple[str, ...]:
    listed = reading.texts(errors, given, at, MAX_DESTINATIONS, MAX_DESTINATION)
    for index, one in enumerate(listed):
        if not (_DESTINATION(one) or one.startswith(WEB)) or any(map(str.isspace, one)):
            detail = "no destination; expected account:address such as email.support:head@example.org, or https://…"
            errors.append(FieldError(step(at, index), detail))
    return listed
