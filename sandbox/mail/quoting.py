"""How mail programs quote the mail that is answered: the shapes that a reader of replies has to cut away."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from html.parser import HTMLParser

_MONTHS = {
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    "ru": ["янв.", "февр.", "мар.", "апр.", "мая", "июн.", "июл.", "авг.", "сент.", "окт.", "нояб.", "дек."],
    "uk": ["січ.", "лют.", "бер.", "квіт.", "трав.", "черв.", "лип.", "серп.", "вер.", "жовт.", "лист.", "груд."],
    "pl": ["sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"],
}
_DAYS = {
    "en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    "ru": ["пн", "вт", "ср", "чт", "пт", "сб", "вс"],
    "uk": ["пн", "вт", "ср", "чт", "пт", "сб", "нд"],
    "pl": ["pon.", "wt.", "śr.", "czw.", "pt.", "sob.", "niedz."],
}
_LONG_DAYS_RU = ["Понедельник", "Вторник", "Среда", "Четверг", "Пятница", "Суббота", "Воскресенье"]
_LONG_MONTHS_RU = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
]


@dataclass(frozen=True, slots=True)
class Quoted:
    """The mail that is answered, as far as a quotation names it. `at` in seconds since the epoch."""

    name: str
    address: str
    to: str
    subject: str
    text: str
    html: str
    at: float

    @property
    def when(self) -> datetime:
        """Its moment, in UTC."""
        return datetime.fromtimestamp(self.at, UTC)

    @property
    def lines(self) -> str:
        """Its words, each line marked."""
        return "\n".join(f"> {line}".rstrip() for line in self.words.splitlines())

    @property
    def words(self) -> str:
        """Its words, from the HTML where there is no plain part."""
        return self.text.strip() or _Words.of(self.html)


Style = Callable[[str, Quoted], tuple[str, str]]


def _date(quoted: Quoted, language: str) -> tuple[str, str, str]:
    when = quoted.when
    return _DAYS[language][when.weekday()], f"{when.day} {_MONTHS[language][when.month - 1]}", f"{when:%H:%M}"


def _gmail(language: str) -> Style:
    def quote(words: str, quoted: Quoted) -> tuple[str, str]:
        day, date, clock = _date(quoted, language)
        year, who = quoted.when.year, f"{quoted.name} <{quoted.address}>"
        head = {
            "en": f"On {day}, {date.split()[1]} {quoted.when.day}, {year} at {quoted.when:%I:%M %p} {who} wrote:",
            "ru": f"{day}, {date} {year} г. в {clock}, {who}:",
            "uk": f"{day}, {date} {year} р. о {clock} {who} пише:",
            "pl": f"{day}, {date} {year} o {clock} {who} napisał(a):",
        }[language]
        page = (
            f'<div dir="ltr">{_page(words)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{escape(head)}<br></div>'
            f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{quoted.html or _page(quoted.text)}</blockquote></div>'
        )
        return f"{words}\n\n{head}\n\n{quoted.lines}\n", page

    return quote


def _yandex(words: str, quoted: Quoted) -> tuple[str, str]:
    head = f'{quoted.when:%d.%m.%Y, %H:%M}, "{quoted.name}" <{quoted.address}>:'
    return f"{words}\n\n{head}\n{quoted.lines}\n", ""


def _mailru(words: str, quoted: Quoted) -> tuple[str, str]:
    when = quoted.when
    date = f"{_LONG_DAYS_RU[when.weekday()]}, {when.day} {_LONG_MONTHS_RU[when.month - 1]} {when:%Y, %H:%M} +00:00"
    quote = "\n".join(f">{line}" for line in quoted.words.splitlines())
    return f"{words}\n\n \n>{date} от {quoted.name} <{quoted.address}>:\n>\n{quote}\n", ""


def _outlook_ru(words: str, quoted: Quoted) -> tuple[str, str]:
    when = quoted.when
    head = (
        f"От: {quoted.name} <{quoted.address}>\n"
        f"Отправлено: {_LONG_DAYS_RU[when.weekday()].lower()}, {when.day} {_LONG_MONTHS_RU[when.month - 1]} {when:%Y г. %H:%M}\n"
        f"Кому: {quoted.to}\nТема: {quoted.subject}"
    )
    page = f'{_page(words)}<div id="appendonsend"></div><div id="divRplyFwdMsg">{_page(head)}</div>{quoted.html or _page(quoted.text)}'
    return f"{words}\n\n{'_' * 32}\n{head}\n\n{quoted.words}\n", page


def _outlook_en(words: str, quoted: Quoted) -> tuple[str, str]:
    head = (
        f"-----Original Message-----\nFrom: {quoted.name} <{quoted.address}>\n"
        f"Sent: {quoted.when:%A, %B %d, %Y %I:%M %p}\nTo: {quoted.to}\nSubject: {quoted.subject}"
    )
    return f"{words}\n\n{head}\n\n{quoted.words}\n", ""


def _iphone_ru(words: str, quoted: Quoted) -> tuple[str, str]:
    _, date, clock = _date(quoted, "ru")
    head = f"> {date} {quoted.when.year} г., в {clock}, {quoted.name} <{quoted.address}> написал(а):"
    return f"{words}\n\nОтправлено с iPhone\n\n{head}\n> \n{quoted.lines}\n", ""


def _below(words: str, quoted: Quoted) -> tuple[str, str]:
    day, date, _ = _date(quoted, "en")
    return f"On {day}, {date} {quoted.when.year}, {quoted.name} wrote:\n{quoted.lines}\n\n{words}\n", ""


STYLES: dict[str, Style] = {
    "none": lambda words, _: (f"{words}\n", ""),
    "gmail_en": _gmail("en"),
    "gmail_ru": _gmail("ru"),
    "gmail_uk": _gmail("uk"),
    "gmail_pl": _gmail("pl"),
    "yandex": _yandex,
    "mailru": _mailru,
    "outlook_ru": _outlook_ru,
    "outlook_en": _outlook_en,
    "iphone_ru": _iphone_ru,
    "below": _below,
}
"""Name to shape: words and the quoted mail in; the plain part and, where such a program writes it, the HTML part out."""


def _page(text: str) -> str:
    return escape(text).replace("\n", "<br>")


class _Words(HTMLParser):
    """The words of an HTML part, as a program that quotes in plain text sees them."""

    def __init__(self) -> None:
        super().__init__()
        self._words: list[str] = []
        self._silent = 0

    @classmethod
    def of(cls, html: str) -> str:
        reader = cls()
        reader.feed(html)
        reader.close()
        lines = "".join(reader._words).splitlines()
        return "\n".join(kept for line in lines if (kept := " ".join(line.split())))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._silent += tag in {"style", "script", "title"}
        self._words.append("\n" if tag in {"br", "p", "div", "tr", "table", "h1", "h2", "li"} else " ")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"style", "script", "title"} and self._silent > 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words.append(data)
