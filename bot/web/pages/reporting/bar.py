"""The filter bar of reports: read from the URL, written into it, and said as a sentence."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from bot.web.pages import periods
from bot.web.pages.speech import mark
from ratings.errors import FieldError, InvalidInput
from ratings.reports.directory import Entry
from ratings.reports.figures import Days
from ratings.reports.filters import Filters
from ratings.rights import Sight
from ratings.times import SECOND, Instant

DIMENSIONS = ("survey", "form", "group", "channel")
"""What reports can be filtered by, under the names that the registry and the API use."""

OWN_DAYS = "days"
DEFAULT_PERIOD = "30d"
PERIODS: Mapping[str, str] = {
    "today": mark("today"),
    "yesterday": mark("yesterday"),
    "7d": mark("the last 7 days"),
    "30d": mark("the last 30 days"),
    "90d": mark("the last 90 days"),
    "last_week": mark("last week"),
    "month": mark("this month"),
    "last_month": mark("last month"),
    "quarter": mark("this quarter"),
    "year": mark("this year"),
    "365d": mark("the last 365 days"),
    OWN_DAYS: mark("days of your choice"),
}
"""The periods by their names in the URL, in the order of the choice. They are called as in the registry."""

UNITS: Mapping[str, str] = {"day": mark("days"), "week": mark("weeks"), "month": mark("months")}
EARLIEST = date(2000, 1, 1)
MAX_YEARS = 20
MAX_VALUES = 100
_KNOWN = frozenset({"period", "from", "to", "scale", "unit", "sort", "lang", *DIMENSIONS})


@dataclass(frozen=True, slots=True)
class Bar:
    """What a report is about. `chosen` has ids by dimension; no dimension: all of it."""

    period: str
    days: Days
    before: Days
    chosen: Mapping[str, tuple[str, ...]]
    scale: str | None
    unit: str | None
    sort: str | None

    def filters(self, sight: Sight) -> Filters:
        """Return the filters, over what somebody may see."""
        return Filters(equal=dict(self.chosen)).seen_by(sight)

    @property
    def held(self) -> list[tuple[str, str]]:
        """The filters, but for the period, as the registry's parameters: ids may have commas, so each stands alone."""
        return [(name, each) for name, ids in self.chosen.items() for each in ids]

    def pairs(self, **changed: str | None) -> list[tuple[str, str]]:
        """Return the URL's parameters, with some changed or (None) left out."""
        period: list[tuple[str, str]] = [("period", self.period)]
        if self.period == OWN_DAYS:
            period += [("from", self.days.first.isoformat()), ("to", self.days.last.isoformat())]
        rest = [
            (name, value) for name, value in (("scale", self.scale), ("unit", self.unit), ("sort", self.sort)) if value
        ]
        kept = [(name, value) for name, value in (*period, *self.held, *rest) if name not in changed]
        return [*kept, *((name, value) for name, value in changed.items() if value is not None)]

    def query(self, **changed: str | None) -> str:
        """Return the URL's query, with some parameters changed."""
        return urlencode(self.pairs(**changed))


def read_bar(query: QueryParams, now: Instant, zone: ZoneInfo, also: Collection[str] = ()) -> Bar:
    """Read the filter bar; `also` is what else an address may say. Raises InvalidInput that lists every wrong parameter."""
    errors: list[FieldError] = [
        FieldError(f"/{name}", "there is no such parameter")
        for name in query
        if name not in _KNOWN and name not in also
    ]
    today = datetime.fromtimestamp(now / SECOND, zone).date()
    period = query.get("period") or (OWN_DAYS if query.get("from") or query.get("to") else DEFAULT_PERIOD)
    if period not in PERIODS:
        errors.append(FieldError("/period", f"{period[:40]!r} is none of {', '.join(PERIODS)}"))
        period = DEFAULT_PERIOD
    days = _own_days(query, today, errors) if period == OWN_DAYS else _days_of(period, today)
    unit = query.get("unit") or None
    if unit is not None and unit not in UNITS:
        errors.append(FieldError("/unit", f"{unit[:40]!r} is none of {', '.join(UNITS)}"))
    chosen = {name: ids for name in DIMENSIONS if (ids := _ids(query, name, errors))}
    if errors:
        raise InvalidInput(tuple(errors))
    scale, sort = query.get("scale") or None, query.get("sort") or None
    return Bar(period, days, before(period, days), chosen, scale, unit, sort)


def _ids(query: QueryParams, name: str, errors: list[FieldError]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(each for each in query.getlist(name) if each))
    if len(found) > MAX_VALUES or any("\0" in each for each in found):
        errors.append(FieldError(f"/{name}", f"at most {MAX_VALUES} ids, without NUL characters"))
    return found


def _days_of(period: str, today: date) -> Days:
    if period.endswith("d"):
        return Days(today - timedelta(days=int(period.removesuffix("d")) - 1), today)
    return Days(*periods.days_of(period, today))


def _own_days(query: QueryParams, today: date, errors: list[FieldError]) -> Days:
    default = _days_of(DEFAULT_PERIOD, today)
    first, last = (_day(query, name, errors) for name in ("from", "to"))
    last = last or max(default.last, first or default.last)
    first = first or min(default.first, last)
    if first > last:
        errors.append(FieldError("/to", "it is before from"))
    elif last.year - first.year > MAX_YEARS:
        errors.append(FieldError("/to", f"a period has at most {MAX_YEARS} years"))
    return Days(first, last)


def _day(query: QueryParams, name: str, errors: list[FieldError]) -> date | None:
    found = query.get(name)
    if not found:
        return None
    try:
        day = date.fromisoformat(found)
    except ValueError:
        errors.append(FieldError(f"/{name}", f"{found[:40]!r} is no day; write 2026-01-31"))
        return None
    if not EARLIEST <= day <= date(2199, 12, 31):
        errors.append(FieldError(f"/{name}", f"{found} is too far away"))
        return None
    return day


def before(period: str, days: Days) -> Days:
    """Return the period that one is compared with: as many days just before it; for a month, the same days of the one before."""
    if period in {"month", "last_month"}:
        end = days.first - timedelta(days=1)
        first = end.replace(day=1)
        return Days(first, end if period == "last_month" else min(end, first + (days.last - days.first)))
    length = (days.last - days.first).days + 1
    return Days(days.first - timedelta(days=length), days.first - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a word of the sentence can be."""

    value: str
    title: str
    chosen: bool


def options(known: Iterable[Entry], chosen: Sequence[str]) -> list[Option]:
    """Return what a dimension can be set to; what is set stays among them, also when nothing known is called so."""
    entries = {entry.id: entry.name or entry.id for entry in known}
    entries |= {each: each for each in chosen if each not in entries}
    names = list(entries.values())
    return [
        Option(each, name if names.count(name) == 1 else f"{name} ({each})", each in chosen)
        for each, name in entries.items()
    ]
