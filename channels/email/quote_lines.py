"""Lines that mail programs put into an answer, in Russian, English, Ukrainian and Polish. Pure.

No library reads Russian and Ukrainian quotes. Every question is asked of one line, or of a few that stand together, and
every pattern takes time linear in a line that is cut to MAX_LINE.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

MAX_LINE = 400
"""Characters of a line that are looked at: a header of a quote is shorter, wrapped or not."""

_DRESS = "*_|\t \u00a0\u202f\u200b\ufeff"  # bold and frames, as HTML becomes plain text
_CLOCK = re.compile(r"\b\d{1,2}[:.]\d\d\b")
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b")
_ADDRESS = re.compile(r"[^\s<>@\"(]{1,100}@[^\s<>@\":)]{1,200}")
_ATTRIBUTION_END = re.compile(r":[*_\s\u200b]*$")
_VERB = re.compile(
    r"\b(?:wrote|writes|said|пишет|пишете|писал|писала|писали|написал|написала|написали|сообщил|сообщает"
    r"|пише|пишуть|писав|писали|написав|написала|написали|надіслав|pisze|pisał|pisała|napisał|napisała|napisali)\b",
    re.IGNORECASE,
)
_DAY = (
    r"(?:пн|вт|ср|чт|пт|сб|вс|нд|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|понеділок|вівторок|середа"
    r"|п.?ятниця|субота|неділя|mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|pon|wt|śr|czw|pt|sob|niedz|ndz|poniedziałek|wtorek|środa|piątek|sobota|niedziela)"
)
_ATTRIBUTION_START = re.compile(
    rf"(?:on|dnia|w dniu|le|{_DAY})\b[.,]?|\d{{1,4}}[ ./-]|<?[^\s@]{{1,64}}@", re.IGNORECASE
)

_HEADER_KEYS = {
    "from": "from|от|от кого|від|від кого|od|отправитель|відправник|nadawca|de",
    "sent": "sent|date|дата|отправлено|отправлен|надіслано|відправлено|wysłano|wysłane|data|когда|дата и время",
    "to": "to|кому|до|do|cc|копия|копія|dw|bcc|adresat|получатель|одержувач",
    "subject": "subject|тема|temat|re",
}
_HEADER = re.compile(
    "(?:" + "|".join(rf"(?P<{name}>{keys})" for name, keys in _HEADER_KEYS.items()) + r")[*_\s]*:",
    re.IGNORECASE,
)
_FORWARDED = (
    r"original (?:message|e?-?mail)|forwarded (?:message|by)|исходное сообщение|оригинальное сообщение|исходное письмо"
    r"|перес\w+ сообщение|пересылаемое письмо|конец пересылаемого сообщения|пересылаемое сообщение"
    r"|вихідне повідомлення|оригінальне повідомлення|початкове повідомлення|пере\w+ повідомлення|переслане повідомлення"
    r"|оригінал повідомлення|wiadomość oryginalna|oryginalna wiadomość|wiadomość pierwotna|treść oryginalnej wiadomości"
    r"|wiadomość przekazana|przekazana wiadomość|przekazywana wiadomość|treść przekazanej wiadomości|treść wiadomości"
)
_RULE = re.compile(rf"[-–—_=*]{{2,}}\s*(?:{_FORWARDED})\b.{{0,60}}|_{{5,}}\s*|[-–—]{{20,}}\s*", re.IGNORECASE)
_BLANKS = " \t\u00a0"
_RULE_STARTS = (
    "-",
    "–",
    "—",
    "_",
    "=",
    "*",
    "b",
    "н",
    "п",
    "p",
)  # what can begin one: a quick look before the patterns
_BEGIN_FORWARDED = re.compile(
    r"(?:begin forwarded message|начало перес\w+ сообщения|начало переадресованного сообщения|початок пере\w+ (?:повідомлення|листа)"
    r"|początek (?:przekazywanej|przesyłanej|przekazanej) wiadomości)\s*:?",
    re.IGNORECASE,
)
_DEVICES = (
    r"iphone|ipad|i-?phone|айфон|android|андроид|андроїд|galaxy|samsung|xiaomi|redmi|poco|huawei|honor|realme|oppo|nokia|pixel"
    r"|blackberry|windows|outlook|gmail|yahoo|mail|почт|пошт|poczt|яндекс|yandex|proton|spark|thunderbird|mymail|bluemail"
    r"|мобил|мобіл|телефон|смартфон|планшет|устройств|пристро|telefon|smartfon|urządz|phone|device|mobile|tablet|appl|эпл"
    r"|icloud|wp\b|onet|interia|ukr\.net|rambler|рамблер"
)
_SENT_FROM = re.compile(
    r"(?:sent (?:from|via|with|using)|(?:отправлен[оа]?|послано|написано) (?:с|со|из|на|через|при помощи|с помощью)\b"
    r"|(?:надіслано|відправлено|написано) (?:з|із|через|за допомогою)\b|(?:wysłan[eoay]|napisane) (?:z|ze|przez|za pomocą|na)\b)",
    re.IGNORECASE,
)
_APP_OFFER = re.compile(
    r"(?:get|получить|получите|скачать|скачайте|отримати|отримайте|завантажити|завантажте|pobierz(?: aplikację)?|uzyskaj"
    r"|zainstaluj) (?:outlook|bluemail|mymail|spark|yahoo|aqua mail)\b",
    re.IGNORECASE,
)
_DEVICE = re.compile(_DEVICES, re.IGNORECASE)
_MAX_SENT_FROM = 100
_MAX_WRAPPED = 2  # lines of a header above its last one
_MAX_BLOCK = 8  # lines in which the keys of a header block stand

_RATE_LINK = re.compile(r"/r/[a-z2-7]{16,128}(?:/\d{1,2})?\b")
_ROW_NUMBER = re.compile(r"(?<![\w.,:/-])\d{1,2}(?![\w.,:/-]{0,40}\d)")
_WORDY_ROW = re.compile(r"\W{0,12}\d{1,2}(?:[^\w.,)]|$)")
_LISTED = re.compile(r"\d[.,)]|\d\s(?:и|і|та|and|i|или|or|або|lub)\s")
_LEADING_NUMBER = re.compile(r"[^\w.,?!()#№-]{0,12}(\d{1,2})(?![\d.,)])(.{0,40})$", re.DOTALL)
_MIN_RUN = 3


def bare(line: str) -> str:
    """A line without blanks and the dress of HTML around it, cut to what is looked at."""
    return line[: MAX_LINE + 1].strip(_DRESS)


def is_quoted(line: str) -> bool:
    """True for a line behind ">"."""
    return line[:MAX_LINE].lstrip().startswith(">")


def is_rule(line: str) -> bool:
    """True for ____ and -----Original Message----- in their many forms."""
    if not line.lstrip(_BLANKS)[:1].lower().startswith(_RULE_STARTS):
        return False
    text = bare(line) if "_" not in line[:4] else line[: MAX_LINE + 1].strip()
    return len(text) <= MAX_LINE and (_RULE.fullmatch(text) or _BEGIN_FORWARDED.fullmatch(text)) is not None


def is_sent_from(line: str) -> bool:
    """True for "Отправлено с iPhone" and its kin; a sentence that only begins so names no device."""
    text = bare(line)
    if len(text) > _MAX_SENT_FROM:
        return False
    return bool(_APP_OFFER.match(text)) or (
        (found := _SENT_FROM.match(text)) is not None and bool(_DEVICE.search(text, found.end()))
    )


def attribution(lines: Sequence[str], at: int) -> int | None:
    """Where a quote's header that ends in line `at` begins: it may be wrapped over three lines; None for no header."""
    if not _ATTRIBUTION_END.search(lines[at][-40:]) or len(lines[at]) > MAX_LINE:
        return None
    for first in range(at, max(-1, at - _MAX_WRAPPED - 1), -1):
        if first < at and not lines[first].strip():
            return None
        joined = " ".join(bare(line) for line in lines[first : at + 1])
        if len(joined) > MAX_LINE:
            return None
        if _is_attribution(joined):
            begin = first
            while begin > 0 and at - begin < _MAX_WRAPPED and _begins_attribution(lines[begin - 1]):
                begin -= 1
            return begin
    return None


def is_weak_attribution(line: str) -> bool:
    """True for what is a header only above a quote: "Support wrote:", "21.11.2026 19:49, Support:"."""
    text = bare(line)
    if len(text) > MAX_LINE or not _ATTRIBUTION_END.search(text):
        return False
    return _VERB.search(text) is not None or _DATE.search(text) is not None


def _is_attribution(text: str) -> bool:
    is_dated, is_timed = _DATE.search(text) is not None, _CLOCK.search(text) is not None
    says = _VERB.search(text) is not None
    if "@" in text and _ADDRESS.search(text):
        return says or (is_dated and is_timed)
    return says and is_dated and is_timed


def _begins_attribution(line: str) -> bool:
    """True for the first half of a wrapped header: it begins like one, and holds a year."""
    text = bare(line)
    return (
        0 < len(text) <= MAX_LINE
        and _ATTRIBUTION_START.match(text) is not None
        and _DATE.search(text) is not None
        and text[-1] not in ".!?:"
    )


def header_block(lines: Sequence[str], at: int) -> int | None:
    """Where a block of От: / Дата: / Кому: that begins in line `at` ends; None for no block.

    It begins with the sender or the date; two different keys on neighbouring lines make it a block.
    """
    found = _header(lines[at])
    if found not in ("from", "sent"):
        return None
    keys, end, skipped = {found}, at + 1, 0
    for place in range(at + 1, min(len(lines), at + _MAX_BLOCK)):
        key = _header(lines[place])
        if key is not None:
            keys.add(key)
            end, skipped = place + 1, 0
        elif not lines[place].strip():
            if len(keys) > 1:
                break
            skipped += 1
        else:
            skipped += 1  # a long list of recipients, wrapped
        if skipped > 1:
            break
    return end if len(keys) > 1 and "from" in keys else None


def _header(line: str) -> str | None:
    found = _HEADER.match(bare(line))
    return None if found is None else next(name for name in _HEADER_KEYS if found[name])


def is_prompt_row(line: str) -> bool:
    """True for a line of a rating prompt: a link to vote by, or its values in a row: "1 2 3 4 5", "😡 1 🙁 2 😐 3"."""
    text = line[: 4 * MAX_LINE]
    if "/r/" in text and _RATE_LINK.search(text):
        return True
    if len(text) > MAX_LINE or not is_run([int(number) for number in _ROW_NUMBER.findall(text)]):
        return False
    has_words = any(map(str.isalpha, text))
    return not has_words or (_WORDY_ROW.match(text) is not None and not _LISTED.search(text))


def is_run(numbers: Sequence[int]) -> bool:
    """True for three or more whole numbers that go up or down one by one, to or from 1 at the least."""
    if len(numbers) < _MIN_RUN or min(numbers) != 1:
        return False
    step = numbers[1] - numbers[0]
    return step in (1, -1) and all(after - before == step for before, after in pairwise(numbers))


def prompt_number(line: str) -> int | None:
    """The value that a short line of a prompt begins with ("😡 1", "5 - отлично"); "1." and "1)" make a list, not a prompt."""
    found = _LEADING_NUMBER.match(line.strip()[:MAX_LINE])
    return int(found[1]) if found is not None else None
