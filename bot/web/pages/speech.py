"""How pages speak: translations by gettext, and numbers, dates and durations as people of a language write them (CLDR, by Babel).

Texts stand in the code in English; `locale/<language>/*.po` holds them in other languages, a file for each area of the pages.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, get_day_names
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations, Translations

from ratings.times import SECOND, Instant

LANGUAGES = {"en": "English", "ru": "Русский"}
DEFAULT = "en"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
NO_BREAK = "\u00a0"


def mark(text: str) -> str:
    """Mark a text for translation where it is only kept; it is translated where it is said."""
    return text


def pick(wanted: str | None, accept_language: str = "") -> str:
    """Return the language that somebody chose, else the one that their browser likes best, else English."""
    if wanted in LANGUAGES:
        return wanted
    for part in accept_language[:200].split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return DEFAULT


@cache
def _translations(language: str) -> NullTranslations:
    """Read a language's files, when somebody first reads it."""
    folder = files("bot.web.pages").joinpath("locale", language)
    whole = Catalog(language)
    if language == DEFAULT:
        return NullTranslations()
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        with file.open("rb") as opened:
            for message in read_po(opened, language):
                if message.id:
                    whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(compiled)


class Speech:
    """One reader's language and the installation's zone."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.language = language
        self.zone = zone
        self._locale = Locale.parse("en_GB" if language == "en" else language)
        self._translations = _translations(language)

    # --- words ---

    def say(self, text: str, **values: object) -> str:
        """Return a text in the reader's language; `%(name)s` in it are filled."""
        said = self._translations.ugettext(text)
        return said % values if values else said.replace("%%", "%")

    def plural(self, one: str, many: str, number: int, **values: object) -> str:
        """Return the form that fits a number; `%(number)s` in it is the number as it is written."""
        said = self._translations.ungettext(one, many, number)
        return said % {"number": self.number(number), **values}

    def several(self, texts: Sequence[str], *, any_of: bool = False) -> str:
        """Write texts as a sentence has them: all of them (a, b and c), or any (a, b or c)."""
        return format_list(texts, style="or" if any_of else "standard", locale=self._locale) if texts else ""

    # --- numbers ---

    def number(self, value: float | None, digits: int = 0) -> str:
        """Write a number with so many digits after the point; no value is a dash."""
        if value is None:
            return "—"
        places = "" if digits == 0 else f".{'0' * digits}"
        return format_decimal(value, format=f"#,##0{places}", locale=self._locale)

    def percent(self, share: float | None, digits: int = 0) -> str:
        """Write a share (0 to 1) in per cent; no value is "no data", never 0 %.

        0 % is none and 100 % is all: what rounding alone would make so is "<1 %" or ">99 %".
        """
        if share is None:
            return self.say("no data")
        places = "" if digits == 0 else f".{'0' * digits}"
        pattern = f"#,##0{places}{NO_BREAK}%" if self.language != "en" else f"#,##0{places}%"
        least = 10.0 ** -(digits + 2)
        sign = ""
        if 0 < share <= least / 2:
            sign, share = "<", least
        elif 1 - least / 2 <= share < 1:
            sign, share = ">", 1 - least
        return sign + format_percent(share, format=pattern, locale=self._locale)

    def interval(self, ends: tuple[float, float] | None, digits: int = 0) -> str:
        """Write an interval of shares: 71–84 %."""
        if ends is None:
            return self.say("no data")
        low, high = (self.number(100 * end, digits) for end in ends)
        return f"{low}–{high}{NO_BREAK}%" if self.language != "en" else f"{low}–{high}%"

    # --- times: always of the installation's zone ---

    def moment(self, instant: Instant | None) -> str:
        """Write an instant: 29 Nov 2026, 14:05."""
        if instant is None:
            return "—"
        return format_datetime(
            self._local(instant), self._pattern("d MMM y, HH:mm", "d MMM y 'г'., HH:mm"), locale=self._locale
        )

    def short_moment(self, instant: Instant | None, now: Instant) -> str:
        """Write an instant for a dense table: the time alone today, without the year this year."""
        if instant is None:
            return "—"
        local, today = self._local(instant), self._local(now)
        if local.date() == today.date():
            return format_time(local, "HH:mm", locale=self._locale)
        pattern = "d MMM, HH:mm" if local.year == today.year else "d MMM y, HH:mm"
        return format_datetime(local, pattern, locale=self._locale)

    def exact(self, instant: Instant) -> str:
        """Write an instant to the second, with its offset: for a title over a shorter one."""
        return format_datetime(self._local(instant), "d MMMM y, HH:mm:ss ZZZZZ", locale=self._locale)

    def day(self, day: date | Instant) -> str:
        """Write a day: 29 Nov 2026."""
        found = self._local(day).date() if isinstance(day, int) else day
        return format_date(found, self._pattern("d MMM y", "d MMM y 'г'."), locale=self._locale)

    def days(self, first: date, last: date) -> str:
        """Write a period of whole days."""
        if first == last:
            return self.day(first)
        if first.year == last.year:
            return f"{format_date(first, 'd MMM', locale=self._locale)} – {self.day(last)}"
        return f"{self.day(first)} – {self.day(last)}"

    def weekday(self, weekday: int) -> str:
        """Write a weekday (1 is Monday) shortly."""
        return str(get_day_names("abbreviated", "stand-alone", self._locale)[weekday - 1])

    def iso(self, instant: Instant) -> str:
        """Write an instant for a machine (the attribute of <time>)."""
        return datetime.fromtimestamp(instant / SECOND, UTC).isoformat(timespec="seconds")

    def duration(self, seconds: float | None) -> str:
        """Write a duration by its two largest units: 2 d 3 h, 4 h 10 min, 35 s."""
        if seconds is None:
            return "—"
        whole = round(seconds)
        parts = (
            (whole // _DAY, self.say("d")),
            (whole % _DAY // _HOUR, self.say("h")),
            (whole % _HOUR // _MINUTE, self.say("min")),
            (whole % _MINUTE, self.say("s")),
        )
        first = next((place for place, (many, _) in enumerate(parts) if many), len(parts) - 1)
        shown = [(many, unit) for many, unit in parts[first : first + 2] if many] or [parts[-1]]
        return " ".join(f"{self.number(many)}{NO_BREAK}{unit}" for many, unit in shown)

    def _local(self, instant: Instant) -> datetime:
        return datetime.fromtimestamp(instant / SECOND, self.zone)

    def _pattern(self, other: str, russian: str) -> str:
        return russian if self.language == "ru" else other


Say = Callable[..., str]
