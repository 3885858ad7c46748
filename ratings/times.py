"""Instants and durations: integers, milliseconds; an instant counts from the Unix epoch, UTC.

Integers compare, sort and store the same on every engine, and cost nothing to convert on the path of a tap.
RFC 3339 text appears only at the edges.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Instant = int
Duration = int

SECOND: Duration = 1_000
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# RFC 3339 §5.6, with the space that its note allows. Python reads all of ISO 8601, and more with every version: weeks, days
# without hyphens, commas, hour 24.
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-5][0-9])"
).fullmatch

MAX_INSTANT: Instant = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last that RFC 3339 can write


def parse_instant(text: str) -> Instant:
    """Read an RFC 3339 time.

    Raises ValueError when the text is no time, or has no offset: a time without one is another instant
    in every zone.
    """
    if not _RFC_3339(text):
        raise ValueError("no RFC 3339 time with an offset")
    moment = datetime.fromisoformat(f"{text[:-1]}Z" if text[-1] == "z" else text)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def format_instant(instant: Instant) -> str:
    """Write an instant as RFC 3339 in UTC: to the millisecond, or to the second when it is a whole one."""
    second, rest = divmod(instant, SECOND)
    return f"{_second(second)}.{rest:03d}Z" if rest else f"{_second(second)}Z"


@lru_cache(maxsize=10_000)
def _second(second: int) -> str:
    """Write a second: what one batch tells of was mostly decided, and is mostly due, within the same few."""
    return datetime.fromtimestamp(second, UTC).isoformat()[: -len("+00:00")]
