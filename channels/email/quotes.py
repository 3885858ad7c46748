"""What a customer wrote themselves in an answer by mail: without quotes, signatures and our own prompt. Pure.

The worst that can happen here is that the "1 2 3 4 5" of our own mail is read as the customer's answer. So the marker
goes on top of every mail, a row of values is cut wherever it stands, and what cannot be told from a quote is dropped:
the raw mail stays for staff.
"""

from channels.email.html_text import html_to_text
from channels.email.quote_lines import (
    attribution,
    bare,
    header_block,
    is_prompt_row,
    is_quoted,
    is_rule,
    is_run,
    is_sent_from,
    is_weak_attribution,
    prompt_number,
)

__all__ = ["MARKER", "MARKER_END", "html_to_text", "marker_line", "reply_text"]

MARKER = "##-"
"""How the marker line begins in every language: what a mail program leaves of it is still found."""
MARKER_END = "-##"
_MARKERS = {
    "ru": "Пожалуйста, пишите ответ выше этой строки",
    "en": "Please write your reply above this line",
    "uk": "Будь ласка, пишіть відповідь вище цього рядка",
    "pl": "Prosimy pisać odpowiedź powyżej tej linii",
}
_MAX_TEXT = 500_000  # characters of a text that are read; quotes below are not missed
_BLANK = " \t\u00a0\u200b\ufeff"
_WRAPPED_AT = 66  # characters; programs wrap quotes at 72 to 78, and a word is left over
_MAX_COLUMN = 40  # lines of a column of ten values
_MAX_BETWEEN, _MAX_LABEL = 2, 44  # a symbol and a label may stand on lines of their own
_MAX_LEFT_OVER = 3  # characters of a line that may be the end of a wrapped one: the 5 of "from 1 to 5"


def marker_line(language: str) -> str:
    """The line for the top of every mail that may be answered; English for a language that has none."""
    return f"{MARKER} {_MARKERS.get(language) or _MARKERS['en']} {MARKER_END}"


def reply_text(plain: str) -> str:
    """The customer's own words of a plain text; "" where there are none.

    Never longer than the text; linear in its length; never raises.
    """
    text = plain[:_MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    lines = _without_wrapped_ends([line.rstrip() for line in text.split("\n")])
    own: list[str | None] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line:
            own.append(line)
            at += 1
        elif is_quoted(line):
            _end_of_part(own)
            at += 1
        elif (end := _quote_at(lines, at, own)) is not None:
            _end_of_part(own)
            if not _is_quoted_below(lines, end):
                break
            at = end
        elif _is_marker(line) or is_prompt_row(line) or _is_column(lines, at):
            break
        else:
            if not is_sent_from(line):
                own.append(line)
            at += 1
    _end_of_part(own)
    return _tidy(own)


def _quote_at(lines: list[str], at: int, own: list[str | None]) -> int | None:
    """Where the header of a quote that begins or ends in a line ends; its first lines are taken back from `own`."""
    if is_rule(lines[at]):
        return at + 1
    if ":" not in lines[at]:
        return None
    begin = attribution(lines, at)
    if begin is not None:
        del own[max(0, len(own) - (at - begin)) :]
        return at + 1
    if is_weak_attribution(lines[at]) and _is_quoted_below(lines, at + 1):
        return at + 1
    return header_block(lines, at)


def _is_quoted_below(lines: list[str], at: int) -> bool:
    """True where a quote with ">" follows: what stands below that may be the customer's. Without, all the rest is quoted."""
    below = _next_line(lines, at - 1)
    return below < len(lines) and is_quoted(lines[below])


def _is_marker(line: str) -> bool:
    text = bare(line)
    return text.startswith(MARKER) or text.endswith(MARKER_END)


def _is_column(lines: list[str], at: int) -> bool:
    """True where the values of a prompt stand one below the other, as a table does in plain text."""
    if not lines[at].strip() or any(map(str.isalnum, lines[at])):
        return prompt_number(lines[at]) is not None and _is_run_below(lines, at)
    # A symbol on its own line is the customer's, unless it stands right on a value, or the next value has one, too.
    below = _next_line(lines, at)
    if below >= len(lines) or prompt_number(lines[below]) is None or not _is_run_below(lines, below):
        return False
    after = lines[_next_line(lines, below)]
    return below == at + 1 or not any(map(str.isalnum, after))


def _next_line(lines: list[str], at: int) -> int:
    at += 1
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _is_run_below(lines: list[str], at: int) -> bool:
    numbers: list[int] = []
    between = 0
    for line in lines[at : at + _MAX_COLUMN]:
        number = prompt_number(line)
        if number is not None:
            if numbers and abs(number - numbers[-1]) != 1:
                break
            if len(numbers) > 1 and number - numbers[-1] != numbers[1] - numbers[0]:
                break
            numbers.append(number)
            between = 0
        elif line.strip():
            between += 1
            if between > _MAX_BETWEEN or len(line) > _MAX_LABEL:
                break
    return is_run(numbers)


def _without_wrapped_ends(lines: list[str]) -> list[str]:
    """Drop a bare "5" that is the last word of a quoted line, wrapped without its ">"."""
    return [
        line
        for at, line in enumerate(lines)
        if not (
            0 < at < len(lines) - 1
            and 0 < len(line.strip()) <= _MAX_LEFT_OVER
            and is_quoted(lines[at - 1])
            and len(lines[at - 1]) >= _WRAPPED_AT
            and is_quoted(lines[at + 1])
        )
    ]


def _end_of_part(own: list[str | None]) -> None:
    """Cut the signature of the part of the customer's lines that ends here; None is the border after it."""
    begin = len(own)
    while begin and own[begin - 1] is not None:
        begin -= 1
    for at in range(begin, len(own)):
        if (own[at] or "").strip() == "--":
            del own[at:]
            break
    if len(own) > begin:
        own.append(None)


def _tidy(own: list[str | None]) -> str:
    """The lines as one text: at most one empty line in a row."""
    kept: list[str] = []
    for line in own:
        text = line if line is not None and line.strip(_BLANK) else ""
        if text or (kept and kept[-1]):
            kept.append(text)
    return "\n".join(kept).strip()
