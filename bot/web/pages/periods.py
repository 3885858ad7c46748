"""Periods by name, such as "last week": an address with one stays true tomorrow, and a saved view of last week is of last week.

`rated=last_week` in the address of a page stands for `rated_from` and `rated_to`. Days are those of the installation's zone.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from bot.web.pages.speech import mark
from ratings.errors import FieldError, InvalidInput

PERIODS: Mapping[str, str] = {
    "today": mark("today"),
    "yesterday": mark("yesterday"),
    "7_days": mark("the last 7 days"),
    "30_days": mark("the last 30 days"),
    "90_days": mark("the last 90 days"),
    "last_week": mark("last week"),
    "month": mark("this month"),
    "last_month": mark("last month"),
    "quarter": mark("this quarter"),
    "year": mark("this year"),
}
"""Each period with its words."""

RANGES = ("rated", "closed", "asked")
"""What a period can be of: the filters that have `_from` and `_to`."""

_WEEK = 7
_QUARTER = 3


def days_of(period: str, today: date) -> tuple[date, date]:
    """Return the first and the last day of a period. Raises KeyError."""
    monday = today - timedelta(days=today.weekday())
    first_of_month = today.replace(day=1)
    last_month = first_of_month - timedelta(days=1)
    return {
        "today": (today, today),
        "yesterday": (today - timedelta(days=1), today - timedelta(days=1)),
        "7_days": (today - timedelta(days=6), today),
        "30_days": (today - timedelta(days=29), today),
        "90_days": (today - timedelta(days=89), today),
        "last_week": (monday - timedelta(days=_WEEK), monday - timedelta(days=1)),
        "month": (first_of_month, today),
        "last_month": (last_month.replace(day=1), last_month),
        "quarter": (today.replace(month=(today.month - 1) // _QUARTER * _QUARTER + 1, day=1), today),
        "year": (today.replace(month=1, day=1), today),
    }[period]


def expand(parameters: Mapping[str, Sequence[str]], today: date) -> dict[str, list[str]]:
    """Return the parameters with days in the place of periods. Raises InvalidInput."""
    expanded = {name: list(values) for name, values in parameters.items()}
    errors = []
    for name in RANGES:
        found = expanded.pop(name, [])
        if not found:
            continue
        if len(found) > 1 or found[0] not in PERIODS:
            errors.append(FieldError(f"/{name}", f"{found[0][:40]!r} is none of {', '.join(PERIODS)}"))
        elif f"{name}_from" in expanded or f"{name}_to" in expanded:
            errors.append(FieldError(f"/{name}", "give a period or days, not both"))
        else:
            first, last = days_of(found[0], today)
            expanded[f"{name}_from"], expanded[f"{name}_to"] = [first.isoformat()], [last.isoformat()]
    if errors:
        raise InvalidInput(tuple(errors))
    return expanded
