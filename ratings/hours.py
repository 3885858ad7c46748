"""Hours: when prompts, reminders and alerts may go out, when a desk is open, and the zones whose clocks say so.

All of it is judged by the wall clock of a zone, minute by minute: in the hour that a clock shows twice both passes are
quiet, and a quiet time that begins in an hour that a clock leaves out begins where the clock goes on.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from ratings import reading
from ratings.errors import FieldError, found, found_type, step
from ratings.times import DAY, MAX_INSTANT, MINUTE, SECOND, Duration, Instant

DAY_MINUTES = DAY // MINUTE
MAX_ZONE = 64  # characters of a zone's name; the longest of IANA's has 32
MAX_OFFSET_MINUTES = 14 * 60  # Kiribati's, the farthest from UTC
MIN_INSTANT: Instant = -62_135_596_800_000  # the start of the year 1, the first that Python can write
MAX_SPANS = 100  # spans of forbidden time in a row; two weeks without one allowed weekday have about 30

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WEEKDAY = 4  # a Thursday
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})").fullmatch
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])([0-9]{1,2})(?::?([0-9]{2}))?", re.IGNORECASE).fullmatch
_NO_ZONES = frozenset(
    {"factory", "localtime", "posixrules"}
)  # among the files of a system: no answer, or the machine's own


@dataclass(frozen=True, slots=True)
class Hours:
    """When something may go out, by the wall clock of whoever gets it.

    Quiet from `quiet_from` up to, not including, `quiet_to`: minutes of the local day, over midnight when the first is the
    larger; None for no quiet time. `weekdays` are those on which it may go, 1 is Monday and 7 Sunday; () is every day.
    Raises ValueError for what leaves no minute of a week, or is no minute or weekday.
    """

    quiet_from: int | None = None
    quiet_to: int | None = None
    weekdays: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        ends = (self.quiet_from, self.quiet_to)
        if ends != (None, None) and (ends[0] == ends[1] or not all(end in range(DAY_MINUTES) for end in ends)):
            raise ValueError("quiet hours are two different minutes of a day, or two None")
        if not _are_weekdays(self.weekdays):
            raise ValueError("weekdays go from 1 to 7")


@dataclass(frozen=True, slots=True)
class Opening:
    """A desk's opening hours: from `opens` up to, not including, `closes`, minutes of the local day.

    `closes` may be 1440, the day's end. A desk that opens later than it closes is open over midnight, and the hours after
    midnight belong to the weekday before. `weekdays` as those of Hours.
    """

    opens: int
    closes: int
    weekdays: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if (
            self.opens not in range(DAY_MINUTES)
            or self.closes not in range(DAY_MINUTES + 1)
            or self.opens == self.closes
        ):
            raise ValueError("opening hours are two different minutes of a day")
        if not _are_weekdays(self.weekdays):
            raise ValueError("weekdays go from 1 to 7")


def is_open(at: Instant, opening: Opening, zone: tzinfo) -> bool:
    """True when the desk is open at an instant."""
    days, minute = divmod((at + _offset(at, zone)) // MINUTE, DAY_MINUTES)
    if not _is_between(minute, opening.opens, opening.closes):
        return False
    if opening.opens > opening.closes > minute:
        days -= 1  # it opened yesterday
    return not opening.weekdays or _weekday(days) in opening.weekdays


def may_go(at: Instant, hours: Hours, zone: tzinfo) -> bool:
    """True when something may go out at an instant."""
    return _span(at + _offset(at, zone), hours) is None


def next_allowed(at: Instant, hours: Hours, zone: tzinfo) -> Instant:
    """The first instant, `at` or later, at which something may go out."""
    for _ in range(MAX_SPANS):
        offset = _offset(at, zone)
        span = _span(at + offset, hours)
        if span is None:
            return at
        end = span[1] - offset
        at = end if _offset(end, zone) == offset else _last_with(offset, at, end, zone) + 1
    raise ValueError("the zone's clock never shows an allowed time")  # pragma: no cover - no real zone


def last_allowed(not_before: Instant, before: Instant, hours: Hours, zone: tzinfo) -> Instant | None:
    """The last instant from `not_before` up to, not including, `before` at which something may go out; None for none."""
    at = before - 1
    while at >= not_before:
        offset = _offset(at, zone)
        span = _span(at + offset, hours)
        if span is None:
            return at
        earlier = span[0] - offset - 1
        at = earlier if _offset(earlier, zone) == offset else _last_with(offset, at, earlier, zone) - 1
    return None


def _span(local: int, hours: Hours) -> tuple[int, int] | None:
    """From when until when, on a wall clock that is never set, nothing may go out around `local`; None when it may.

    Local times are ms, too. The span is that of one rule, a day at most: another one may lie next to it.
    """
    days, ms = divmod(local, DAY)
    midnight = local - ms
    if hours.weekdays and _weekday(days) not in hours.weekdays:
        return midnight, midnight + DAY
    if hours.quiet_from is None or hours.quiet_to is None:
        return None
    if not _is_between(ms // MINUTE, hours.quiet_from, hours.quiet_to):
        return None
    start, end = midnight + hours.quiet_from * MINUTE, midnight + hours.quiet_to * MINUTE
    return (start if start <= local else start - DAY, end if end > local else end + DAY)


def _is_between(minute: int, first: int, last: int) -> bool:
    """True from `first` up to, not including, `last`; over midnight when `first` is the larger."""
    return first <= minute < last if first < last else minute >= first or minute < last


def _weekday(days: int) -> int:
    return (days + _EPOCH_WEEKDAY - 1) % 7 + 1


def _offset(at: Instant, zone: tzinfo) -> Duration:
    """How far the zone's clock is ahead of UTC. Whole seconds: it was not always whole minutes."""
    # At the ends of what Python can write a day is kept free, so that the local time can be written, too.
    whole = min(max(at, MIN_INSTANT + DAY), MAX_INSTANT - 2 * DAY) // SECOND
    ahead = (_EPOCH + timedelta(seconds=whole)).astimezone(zone).utcoffset()
    return 0 if ahead is None else ahead // timedelta(seconds=1) * SECOND


def _last_with(offset: Duration, near: Instant, far: Instant, zone: tzinfo) -> Instant:
    """The last instant on the way from `near` to `far` before the clock is set: `near` has the offset, `far` has not.

    `far` is at most a day away, and no zone ever set its clock twice within a day (the least is 95 hours: Africa/Freetown
    in 1939), so that halving finds the one time that it was set.
    """
    while abs(far - near) > 1:
        middle = (near + far) // 2
        if _offset(middle, zone) == offset:
            near = middle
        else:
            far = middle
    return near


# --- from JSON and back ----------------------------------------------------------------------------------------------


def read_hours(errors: reading.Errors, value: object, pointer: str) -> Hours | None:
    """Read {"quiet": {"from": "22:00", "to": "09:00"}, "weekdays": [1, 2, 3, 4, 5]}, each of them optional.

    None when something is wrong: the errors then say what.
    """
    before = len(errors)
    given = reading.members(errors, value, pointer)
    _known(errors, given, pointer, ("quiet", "weekdays"))
    quiet, weekdays = given.get("quiet"), _read_weekdays(errors, given.get("weekdays"), step(pointer, "weekdays"))
    start = end = None
    if quiet is not None:
        at = step(pointer, "quiet")
        ends = reading.members(errors, quiet, at)
        _known(errors, ends, at, ("from", "to"))
        if type(quiet) is dict:
            start, end = _read_ends(errors, ends, at, "leave quiet out for no quiet hours")
            end = None if end is None else end % DAY_MINUTES
            if start == end == 0 and len(errors) == before:
                errors.append(FieldError(at, "quiet all day; expected some time in which messages may go"))
    return Hours(start, end, weekdays) if len(errors) == before else None


def hours_to_dict(hours: Hours) -> dict[str, object]:
    """Write hours as the JSON data that `read_hours` reads back to equal ones."""
    quiet = None
    if hours.quiet_from is not None and hours.quiet_to is not None:
        quiet = {"from": _clock(hours.quiet_from), "to": _clock(hours.quiet_to)}
    return {"quiet": quiet, "weekdays": list(hours.weekdays)}


def read_opening(errors: reading.Errors, value: object, pointer: str) -> Opening | None:
    """Read {"from": "09:00", "to": "18:00", "weekdays": [1, 2, 3, 4, 5]}; without weekdays it is open every day.

    None when something is wrong: the errors then say what.
    """
    before = len(errors)
    given = reading.members(errors, value, pointer)
    _known(errors, given, pointer, ("from", "to", "weekdays"))
    weekdays = _read_weekdays(errors, given.get("weekdays"), step(pointer, "weekdays"))
    if type(value) is not dict:
        return None
    opens, closes = _read_ends(errors, given, pointer, "00:00 to 24:00 is the whole day")
    return (
        Opening(opens, closes, weekdays) if opens is not None and closes is not None and len(errors) == before else None
    )


def opening_to_dict(opening: Opening) -> dict[str, object]:
    """Write opening hours as the JSON data that `read_opening` reads back to equal ones."""
    return {"from": _clock(opening.opens), "to": _clock(opening.closes), "weekdays": list(opening.weekdays)}


def _known(errors: reading.Errors, given: dict[str, object], pointer: str, keys: tuple[str, ...]) -> None:
    detail = f"unknown key; expected one of {', '.join(keys)}"
    errors.extend(FieldError(step(pointer, key), detail) for key in given if key not in keys)


def _read_ends(
    errors: reading.Errors, given: dict[str, object], pointer: str, remedy: str
) -> tuple[int | None, int | None]:
    first = _read_clock(errors, given, "from", pointer, DAY_MINUTES - 1)
    last = _read_clock(errors, given, "to", pointer, DAY_MINUTES)
    if first is not None and first == last:
        errors.append(FieldError(step(pointer, "to"), f"the same time as from; expected another one: {remedy}"))
    return first, last


def _read_clock(errors: reading.Errors, given: dict[str, object], key: str, pointer: str, most: int) -> int | None:
    value = given.get(key)
    if type(value) is str and (parts := _CLOCK(value)):
        minute = int(parts[1]) * 60 + int(parts[2])
        if int(parts[2]) < 60 and minute <= most:  # noqa: PLR2004 - minutes of an hour
            return minute
    what = "missing" if key not in given else found(value)
    errors.append(FieldError(step(pointer, key), f"{what}; expected a time from 00:00 to {_clock(most)} such as 09:30"))
    return None


def _read_weekdays(errors: reading.Errors, value: object, pointer: str) -> tuple[int, ...]:
    """In order, each of them once; a null and an empty list are every day."""
    if value is None:
        return ()
    if type(value) is not list:
        errors.append(
            FieldError(pointer, f"{found_type(value)}; expected a list of weekdays, 1 (Monday) to 7 (Sunday)")
        )
        return ()
    if len(value) > DAY_MINUTES:
        errors.append(FieldError(pointer, f"{len(value)} items; expected at most the 7 weekdays"))
        return ()
    read = set()
    for index, item in enumerate(value):
        if type(item) is int and _are_weekdays((item,)):
            read.add(item)
        else:
            errors.append(FieldError(step(pointer, index), f"{found(item)}; expected 1 (Monday) to 7 (Sunday)"))
    return tuple(sorted(read))


def _are_weekdays(weekdays: tuple[int, ...]) -> bool:
    return all(1 <= weekday <= 7 for weekday in weekdays)  # noqa: PLR2004 - the days of a week


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


# --- zones -----------------------------------------------------------------------------------------------------------


def zone_named(name: str | None) -> tzinfo | None:
    """The zone of an IANA name in any case ("Europe/Warsaw"), or of a fixed offset ("+03:00", "UTC+3", "GMT-5"); else None.

    `str()` of a zone is a name of it again. An offset is what people mean by it: "GMT-5" is behind Greenwich, while IANA's
    "Etc/GMT-5" is ahead of it.
    """
    if name is None or not 0 < len(name) <= MAX_ZONE:  # a desk may send anything: nothing long is kept
        return None
    return _zone(name.strip())


@lru_cache(maxsize=1_000)
def _zone(name: str) -> tzinfo | None:
    known = _names().get(name.lower())
    if known is not None:
        return ZoneInfo(known)
    parts = _OFFSET(name.replace("−", "-"))
    if parts is None:
        return None
    hours, minutes = int(parts[2]), int(parts[3] or 0)
    ahead = hours * 60 + minutes
    if minutes >= 60 or ahead > MAX_OFFSET_MINUTES:  # noqa: PLR2004 - minutes of an hour
        return None
    return timezone(timedelta(minutes=-ahead if parts[1] == "-" else ahead))


@cache
def _names() -> dict[str, str]:
    """Every name in small letters → as IANA writes it. A name that is not here never gets near a file system."""
    return {name.lower(): name for name in available_timezones() if name.lower() not in _NO_ZONES}
