"""Digests: who is told of the last day or week, when, and of which days. Pure.

A digest goes out once on its day, at its hour or within a few hours after it: what an outage kept back longer is left out
rather than told late, and never piles up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from ratings import reading
from ratings.errors import FieldError, InvalidInput, found, step
from ratings.times import SECOND, Instant

SETTING = "digests"
"""The name under which they are set for the installation."""

DAILY, WEEKLY = "daily", "weekly"
PERIODS = (DAILY, WEEKLY)
FILTERS = ("survey", "form", "group", "channel")
LATEST_HOURS = 6
"""How late a digest may still begin its way."""

MAX_DIGESTS = 50
MAX_DESTINATION = 400
MAX_IDS = 100
MAX_ID = 200
_MONDAY, _SATURDAY = 0, 5
_KEYS = ("id", "destination", "period", "hour", "language", "weekdays_only", "filters")


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest. `destination` is account:address, `hour` of the installation's zone; `filters` have ids by dimension.

    With `weekdays_only` a daily one is silent on Saturday and Sunday, and Monday's tells of Friday to Sunday.
    """

    id: str
    destination: str
    period: str
    hour: int
    language: str
    weekdays_only: bool = False
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """The channel's account that sends it."""
        return self.destination.partition(":")[0]

    @property
    def address(self) -> str:
        """The mail address or the chat that gets it."""
        return self.destination.partition(":")[2]


def day_to_tell(digest: Digest, now: Instant, zone: tzinfo) -> date | None:
    """Return the day whose digest may go out now; None where it is not its hour (any more)."""
    local = datetime.fromtimestamp(now / SECOND, zone)
    if not digest.hour <= local.hour < digest.hour + LATEST_HOURS:
        return None
    weekday = local.weekday()
    if digest.period == WEEKLY:
        return local.date() if weekday == _MONDAY else None
    return None if digest.weekdays_only and weekday >= _SATURDAY else local.date()


def days_told(digest: Digest, day: date) -> tuple[date, date]:
    """Return the first and the last day that the digest of a day tells of: whole days before it."""
    last = day - timedelta(days=1)
    if digest.period == WEEKLY:
        return last - timedelta(days=6), last
    if digest.weekdays_only and day.weekday() == _MONDAY:
        return last - timedelta(days=2), last
    return last, last


# --- JSON ---------------------------------------------------------------------------------------------------------


def digests_to_list(digests: tuple[Digest, ...]) -> list[dict[str, object]]:
    """Write digests as JSON data that `read_digests` reads back to equal ones."""
    return [
        {
            "id": digest.id,
            "destination": digest.destination,
            "period": digest.period,
            "hour": digest.hour,
            "language": digest.language,
            "weekdays_only": digest.weekdays_only,
            "filters": {name: list(ids) for name, ids in digest.filters.items()},
        }
        for digest in digests
    ]


def read_digests(data: object) -> tuple[Digest, ...]:
    """Read digests; None: none are set. Raises InvalidInput with every wrong field."""
    if data is None:
        return ()
    errors: list[FieldError] = []
    if not isinstance(data, list) or len(data) > MAX_DIGESTS:
        raise InvalidInput([FieldError("", f"expected a list of at most {MAX_DIGESTS} digests")])
    read = [_read(errors, each, f"/{index}") for index, each in enumerate(data)]
    ids = [digest.id for digest in read]
    errors.extend(FieldError(f"/{index}/id", "it stands twice") for index, id_ in enumerate(ids) if id_ in ids[:index])
    if errors:
        raise InvalidInput(errors)
    return tuple(read)


def _read(errors: list[FieldError], data: object, pointer: str) -> Digest:
    given = reading.members(errors, data, pointer)
    errors.extend(
        FieldError(step(pointer, key), f"unknown key; expected one of {', '.join(_KEYS)}")
        for key in given
        if key not in _KEYS
    )

    def wrong(key: str, expected: str) -> None:
        errors.append(FieldError(step(pointer, key), f"{found(given.get(key))}; expected {expected}"))

    id_, destination, hour = given.get("id"), given.get("destination"), given.get("hour")
    if not isinstance(id_, str) or not 0 < len(id_) <= MAX_ID:
        wrong("id", "a short text")
    if not is_destination(destination):
        wrong("destination", "account:address, such as email.support:head@example.org")
    if given.get("period") not in PERIODS:
        wrong("period", " or ".join(PERIODS))
    if type(hour) is not int or hour not in range(24):
        wrong("hour", "a whole number from 0 to 23")
    if not isinstance(given.get("language"), str):
        wrong("language", "a language's tag")
    if not isinstance(given.get("weekdays_only", False), bool):
        wrong("weekdays_only", "true or false")
    filters: Any = given.get("filters", {})
    if not _are_filters(filters):
        wrong("filters", f"lists of ids by {', '.join(FILTERS)}")
        filters = {}
    return Digest(
        str(id_),
        str(destination),
        str(given.get("period")),
        hour if type(hour) is int else 0,
        str(given.get("language")),
        given.get("weekdays_only") is True,
        {name: tuple(ids) for name, ids in filters.items() if ids},
    )


def is_destination(given: object) -> bool:
    """True for an account and an address: digests go to people, not to URLs."""
    if not isinstance(given, str) or len(given) > MAX_DESTINATION or any(map(str.isspace, given)):
        return False
    account, colon, address = given.partition(":")
    return bool(colon and address and "." in account) and not address.startswith("//")


def _are_filters(given: object) -> bool:
    return isinstance(given, dict) and all(
        name in FILTERS
        and isinstance(ids, list)
        and len(ids) <= MAX_IDS
        and all(isinstance(each, str) and 0 < len(each) <= MAX_ID for each in ids)
        for name, ids in given.items()
    )
