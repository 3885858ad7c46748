"""How charts write numbers and dates: d3's locales, made of what CLDR (Babel) says of the language."""

from collections.abc import Mapping
from typing import Any

from babel import Locale
from babel.dates import get_day_names, get_month_names
from babel.numbers import get_decimal_symbol, get_group_symbol

_SUNDAY_FIRST = (6, 0, 1, 2, 3, 4, 5)


def locales(language: str) -> dict[str, Any]:
    """Return `format_locale` and `time_format_locale` of a language, as d3 wants them."""
    locale = Locale.parse("en_GB" if language == "en" else language)
    return {
        "format_locale": {
            "decimal": get_decimal_symbol(locale),
            "thousands": get_group_symbol(locale),
            "grouping": [3],
            "currency": ["", ""],
        },
        "time_format_locale": {
            "dateTime": "%d.%m.%Y %H:%M",
            "date": "%d.%m.%Y",
            "time": "%H:%M",
            "periods": ["AM", "PM"],
            "days": _days(get_day_names("wide", locale=locale)),
            "shortDays": _days(get_day_names("abbreviated", locale=locale)),
            "months": _months(get_month_names("wide", locale=locale)),
            "shortMonths": _months(get_month_names("abbreviated", locale=locale)),
        },
    }


def _days(names: Mapping[int, str]) -> list[str]:
    """Days as JavaScript counts them: Sunday is the first."""
    return [names[day] for day in _SUNDAY_FIRST]


def _months(names: Mapping[int, str]) -> list[str]:
    return [names[month].rstrip(".") for month in range(1, 13)]
