"""The links of a mail in their order, hidden ones too, and its HTML made ready to be shown in a sandboxed frame."""

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from itertools import accumulate
from typing import Literal

_URL = re.compile(r"https?://[^\s<>\"']+")
_HIDING = re.compile(
    r"(display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d]*[1-9])"
    r"|(?:font-size|max-height|height|width)\s*:\s*0(?![.\d]*[1-9]))",
    re.IGNORECASE,
)
_EMPTY = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_FRAME_HEAD = '<!doctype html><meta charset="utf-8"><base target="_blank">'


@dataclass(frozen=True, slots=True)
class Link:
    """One link: where it leads, what a reader sees of it, and whether a reader sees it at all."""

    url: str
    text: str
    hidden: bool
    part: Literal["html", "text"]


def links_of(text: str, html: str) -> tuple[Link, ...]:
    """The links of the HTML part in order, then those of the plain part that lead elsewhere."""
    found = _Anchors.of(html).links if html else []
    known = {link.url for link in found}
    for match in _URL.finditer(text):
        url = match[0].rstrip(".,;:!?)-_")  # what automatic linkers leave out, a token's last character included
        if url not in known:
            known.add(url)
            found.append(Link(url, url, hidden=False, part="text"))
    return tuple(found)


def for_a_frame(html: str) -> str:
    """The HTML as it came, but every link opens a new tab that knows nothing of this one.

    It makes nothing else harmless: that is the work of the frame's `sandbox` and of the Content-Security-Policy.
    """
    shown = html
    for at, length, replacement in reversed(_Anchors.of(html).rewritten):
        shown = shown[:at] + replacement + shown[at + length :]
    return _FRAME_HEAD + shown


class _Anchors(HTMLParser):
    """Collects links, and how their tags must read in a frame."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[Link] = []
        self.rewritten: list[tuple[int, int, str]] = []
        self._lines = [0, *accumulate(len(line) + 1 for line in html.split("\n"))]
        self._open: list[tuple[str, bool]] = []
        self._within: tuple[str, bool, list[str]] | None = None

    @classmethod
    def of(cls, html: str) -> "_Anchors":
        anchors = cls(html)
        anchors.feed(html)
        anchors.close()
        anchors._end_link()
        return anchors

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        hidden = (
            "hidden" in given
            or given.get("aria-hidden", "").lower() == "true"
            or _HIDING.search(given.get("style", "")) is not None
            or (bool(self._open) and self._open[-1][1])
        )
        if tag not in _EMPTY:
            self._open.append((tag, hidden))
        if tag in {"a", "area"}:
            self._end_link()
            if url := given.get("href", "").strip():
                self._within = (url, hidden, [given.get("alt", "")] if tag == "area" else [])
            self._rewrite(tag, attrs)
        if tag == "area":
            self._end_link()
        if tag == "img" and self._within:
            self._within[2].append(given.get("alt", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                del self._open[at:]
                break

    def handle_data(self, data: str) -> None:
        if self._within:
            self._within[2].append(data)

    def _end_link(self) -> None:
        if self._within:
            url, hidden, words = self._within
            self.links.append(Link(url, " ".join("".join(words).split()), hidden, "html"))
            self._within = None

    def _rewrite(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = self.get_starttag_text()
        if source is None:
            return
        line, column = self.getpos()
        kept = "".join(
            f' {name}="{escape(value or "")}"' for name, value in attrs if name not in {"target", "rel", "ping"}
        )
        tagged = f'<{tag}{kept} target="_blank" rel="noopener noreferrer">'
        self.rewritten.append((self._lines[line - 1] + column, len(source), tagged))
