"""The grammar of IMAP4rev1 (RFC 3501) as far as this server speaks it: words of a command, sets of numbers, parts of a mail."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from .state import DELETED, SEEN, Mail

Words = list[Any]
"""Words of a command: str, or a list for what stood in parentheses."""

_ATOM = re.compile(r'(?:[^\s()"\[]|\[[^\]]*\])+')
_SET = re.compile(r"(?:\d+|\*)(?::(?:\d+|\*))?(?:,(?:\d+|\*)(?::(?:\d+|\*))?)*")
_SECTION = re.compile(r"BODY(\.PEEK)?\[(.*)\](?:<(\d+)\.(\d+)>)?", re.IGNORECASE)
_FIELDS = re.compile(r"HEADER\.FIELDS \((.+)\)", re.IGNORECASE)


class BadCommandError(Exception):
    """The client said what no client may say; the text goes into the BAD."""


class RefusedError(Exception):
    """Understood, but no; the text goes into the NO."""


def words_of(line: str) -> Words:
    """The words of a command without its tag."""
    stack: list[Words] = [[]]
    at = 0
    while at < len(line):
        letter = line[at]
        if letter == " ":
            at += 1
        elif letter == "(":
            stack.append([])
            at += 1
        elif letter == ")":
            if len(stack) == 1:
                raise BadCommandError("a parenthesis closes nothing")
            closed = stack.pop()
            stack[-1].append(closed)
            at += 1
        elif letter == '"':
            word, at = _quoted(line, at + 1)
            stack[-1].append(word)
        elif match := _ATOM.match(line, at):
            stack[-1].append(match[0])
            at = match.end()
        else:
            raise BadCommandError("there is a character that no word has")
    if len(stack) > 1:
        raise BadCommandError("a parenthesis is not closed")
    return stack[0]


def _quoted(line: str, at: int) -> tuple[str, int]:
    word = ""
    while at < len(line):
        if line[at] == '"':
            return word, at + 1
        if line[at] == "\\":
            at += 1
        word += line[at : at + 1]
        at += 1
    raise BadCommandError("a quotation is not closed")


def quote(words: bytes) -> str:
    """A literal as a quoted word, so that a command is one line."""
    return '"' + words.decode(errors="replace").replace("\\", "\\\\").replace('"', '\\"') + '"'


def chosen(text: Any, highest: int) -> Callable[[int], bool]:
    """Whether a number is in a set such as 1:3,7,9:*.

    The star is the highest there is, and the ends of a range may stand either way: 9:* names the last mail even when
    its number is 5 (RFC 3501, 6.4.8), which surprises clients that ask for everything after the last they know.
    """
    if not isinstance(text, str) or not _SET.fullmatch(text):
        raise BadCommandError("that is no set of numbers")
    ranges = []
    for part in text.split(","):
        ends = [highest if end == "*" else int(end) for end in part.split(":")]
        if 0 in ends and highest:
            raise BadCommandError("numbers begin with 1")
        ranges.append((min(ends), max(ends)))
    return lambda number: any(low <= number <= high for low, high in ranges)


def found(view: Sequence[Mail], keys: Words) -> list[tuple[int, Mail]]:
    """The mails that a search means, with their sequence numbers."""
    keys = list(keys)
    if keys and str(keys[0]).upper() == "CHARSET":
        if len(keys) < 2 or str(keys[1]).upper() not in {"US-ASCII", "UTF-8"}:
            raise RefusedError("[BADCHARSET (US-ASCII UTF-8)] no such charset")
        keys = keys[2:]
    if not keys:
        raise BadCommandError("SEARCH for what?")
    tests = []
    while keys:
        tests.append(_test(view, keys))
    return [(number, mail) for number, mail in enumerate(view, 1) if all(test(number, mail) for test in tests)]


def _test(view: Sequence[Mail], keys: Words) -> Callable[[int, Mail], bool]:
    """Take one search key from the front."""
    if not keys:
        raise BadCommandError("the search ends too early")
    key = keys.pop(0)
    if isinstance(key, list):
        tests = []
        while key:
            tests.append(_test(view, key))
        return lambda number, mail: all(test(number, mail) for test in tests)
    match key.upper():
        case "ALL":
            return lambda _number, _mail: True
        case "SEEN" | "DELETED" as flag:
            wanted = SEEN if flag == "SEEN" else DELETED
            return lambda _number, mail: wanted in mail.flags
        case "UNSEEN" | "UNDELETED" as flag:
            unwanted = SEEN if flag == "UNSEEN" else DELETED
            return lambda _number, mail: unwanted not in mail.flags
        case "NOT":
            test = _test(view, keys)
            return lambda number, mail: not test(number, mail)
        case "OR":
            one, other = _test(view, keys), _test(view, keys)
            return lambda number, mail: one(number, mail) or other(number, mail)
        case "UID":
            by_uid = chosen(keys.pop(0) if keys else None, view[-1].uid if view else 0)
            return lambda _number, mail: by_uid(mail.uid)
        case "HEADER":
            if len(keys) < 2:
                raise BadCommandError("HEADER wants a name and words")
            name, words = str(keys.pop(0)).lower(), str(keys.pop(0)).lower()
            return lambda _number, mail: any(
                known.lower() == name and words in value.lower() for known, value in mail.content.headers
            )
        case _:
            by_number = chosen(key, len(view))
            return lambda number, _mail: by_number(number)


def part(item: str, mail: Mail) -> tuple[str, bytes, bool] | None:
    """A part of the mail that FETCH names: how the answer calls it, its octets, whether that counts as reading it.

    None for what is no part.
    """
    head, _, body = mail.stored.partition(b"\r\n\r\n")
    head += b"\r\n\r\n"
    plain = {"RFC822": (mail.stored, True), "RFC822.HEADER": (head, False), "RFC822.TEXT": (body, True)}
    if item.upper() in plain:
        octets, reads = plain[item.upper()]
        return item.upper(), octets, reads
    match = _SECTION.fullmatch(item)
    if match is None:
        return None
    peek, section, start, length = match.groups()
    if fields := _FIELDS.fullmatch(section):
        octets = _header_fields(head, fields[1].upper().split())
    else:
        sections = {"": mail.stored, "HEADER": head, "TEXT": body}
        if section.upper() not in sections:
            raise BadCommandError("no such section")
        octets = sections[section.upper()]
    if start is not None:
        octets = octets[int(start) : int(start) + int(length)]
        return f"BODY[{section}]<{start}>", octets, not peek
    return f"BODY[{section}]", octets, not peek


def _header_fields(head: bytes, names: Sequence[str]) -> bytes:
    unfolded = re.split(rb"\r\n(?![ \t])", head.rstrip(b"\r\n"))
    kept = [line for line in unfolded if line.partition(b":")[0].decode(errors="replace").upper() in names]
    return b"".join(line + b"\r\n" for line in kept) + b"\r\n"
