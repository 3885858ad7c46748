"""Formatted text: HTML, MarkdownV2 and the old Markdown, to plain text and entities with UTF-16 offsets.

https://core.telegram.org/bots/api#formatting-options. The refusals keep the real words; byte offsets are those of
the text as it was sent.
"""

import html
import re
from typing import Any

from .refusals import RefusedError, bad_request

Entity = dict[str, Any]

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:\s+[^<>]*)?)>")
_HREF = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")

_MARKS = {"__": "underline", "||": "spoiler", "*": "bold", "_": "italic", "~": "strikethrough"}
_RESERVED = "_*[]()~`>#+-=|{}.!"
_LINK = re.compile(r"\]\(((?:\\.|[^)\\])*)\)")


def utf16_length(text: str) -> int:
    """The length that Telegram counts: UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def parse(text: str, mode: str) -> tuple[str, list[Entity]]:
    """Plain text and entities of a text in a parse mode. Raises RefusedError for an unknown mode or broken markup."""
    match mode.lower():
        case "":
            return text, []
        case "html":
            return _parse_html(text)
        case "markdownv2":
            return _parse_markdown(text)
        case "markdown":
            return _parse_old_markdown(text)
        case _:
            raise bad_request("unsupported parse_mode")


def _broken(problem: str, text: str, position: int) -> RefusedError:
    return bad_request(f"can't parse entities: {problem} at byte offset {len(text[:position].encode())}")


class _Writer:
    """Collects plain text and the entities that are open in it."""

    def __init__(self) -> None:
        self.text = ""
        self.entities: list[Entity] = []
        self.open: list[tuple[str, int, int, Entity]] = []  # mark, where it began in the source, in the text, entity

    def begin(self, mark: str, position: int, entity: Entity) -> None:
        self.open.append((mark, position, utf16_length(self.text), entity))

    def end(self, extra: Entity | None = None) -> None:
        _, _, offset, entity = self.open.pop()
        length = utf16_length(self.text) - offset
        if length:
            self.entities.append({"offset": offset, "length": length, **entity, **(extra or {})})

    def result(self) -> tuple[str, list[Entity]]:
        return self.text, sorted(self.entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _parse_html(text: str) -> tuple[str, list[Entity]]:
    writer = _Writer()
    position = 0
    while position < len(text):
        character = text[position]
        if character == "&" and (reference := _REFERENCE.match(text, position)):
            writer.text += html.unescape(reference.group())
            position = reference.end()
            continue
        if character != "<":
            writer.text += character
            position += 1
            continue
        tag = _TAG.match(text, position)
        if tag is None:
            raise _broken("Unclosed start tag", text, position)
        _read_tag(tag, text, writer)
        position = tag.end()
    if writer.open:
        raise bad_request(
            f"can't parse entities: Can't find end tag corresponding to start tag \"{writer.open[-1][0]}\""
        )
    return writer.result()


def _read_tag(tag: re.Match[str], text: str, writer: _Writer) -> None:
    closing, name, attributes = tag.group(1), tag.group(2).lower(), tag.group(3)
    position = tag.start()
    if name not in _TAGS:
        raise _broken(f'Unsupported start tag "{name}"', text, position)
    if not closing:
        entity: Entity = {"type": _TAGS[name]}
        if name == "a" and (link := _HREF.search(attributes)):
            entity["url"] = html.unescape(link.group(1) or link.group(2) or "")
        writer.begin(name, position, entity)
    elif not writer.open:
        raise _broken("Unexpected end tag", text, position)
    elif writer.open[-1][0] != name:
        raise _broken(f'Unmatched end tag, expected "</{writer.open[-1][0]}>", found "</{name}>"', text, position)
    else:
        writer.end()


def _parse_markdown(text: str) -> tuple[str, list[Entity]]:
    writer = _Writer()
    position = 0
    while position < len(text):
        character = text[position]
        mark = text[position : position + 2] if text[position : position + 2] in _MARKS else character
        if character == "\\" and position + 1 < len(text) and text[position + 1].isascii():
            writer.text += text[position + 1]
            position += 2
        elif character == "`":
            position = _read_code(text, position, writer)
        elif mark in _MARKS:
            if writer.open and writer.open[-1][0] == mark:
                writer.end()
            else:
                writer.begin(mark, position, {"type": _MARKS[mark]})
            position += len(mark)
        elif character == "[":
            writer.begin("[", position, {"type": "text_link"})
            position += 1
        elif writer.open and writer.open[-1][0] == "[" and (link := _LINK.match(text, position)):
            writer.end({"url": re.sub(r"\\(.)", r"\1", link.group(1))})
            position = link.end()
        elif character in _RESERVED:
            problem = f"Character '{character}' is reserved and must be escaped with the preceding '\\'"
            raise bad_request(f"can't parse entities: {problem}")
        else:
            writer.text += character
            position += 1
    if writer.open:
        kind = writer.open[-1][3]["type"]
        raise _broken(
            f"Can't find end of {kind.replace('_', ' ').title().replace(' ', '')} entity", text, writer.open[-1][1]
        )
    return writer.result()


def _read_code(text: str, position: int, writer: _Writer) -> int:
    fence = "```" if text.startswith("```", position) else "`"
    kind = "pre" if fence == "```" else "code"
    end = text.find(fence, position + len(fence))
    if end < 0:
        raise _broken(f"Can't find end of {kind.title()} entity", text, position)
    writer.begin(fence, position, {"type": kind})
    writer.text += text[position + len(fence) : end]
    writer.end()
    return end + len(fence)


def _parse_old_markdown(text: str) -> tuple[str, list[Entity]]:
    writer = _Writer()
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\" and text[position + 1 : position + 2] in {"_", "*", "`", "["}:
            writer.text += text[position + 1]
            position += 2
        elif character == "`":
            try:
                position = _read_code(text, position, writer)
            except RefusedError:
                raise _broken("Can't find end of the entity starting", text, position) from None
        elif character in "*_":
            end = text.find(character, position + 1)
            if end < 0:
                raise _broken("Can't find end of the entity starting", text, position)
            writer.begin(character, position, {"type": _MARKS[character]})
            writer.text += text[position + 1 : end]
            writer.end()
            position = end + 1
        elif character == "[" and (link := re.compile(r"\[([^\]]*)\]\(([^)]*)\)").match(text, position)):
            writer.begin("[", position, {"type": "text_link", "url": link.group(2)})
            writer.text += link.group(1)
            writer.end()
            position = link.end()
        else:
            writer.text += character
            position += 1
    return writer.result()
