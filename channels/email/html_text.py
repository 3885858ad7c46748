"""An HTML mail as plain text, without what mail programs mark as quoted or signed. Pure.

Reads tags with a scanner of its own: it looks at every character a bounded number of times and knows no error. The
standard library's HTMLParser needs minutes for a megabyte of "<a " and stops at "<![" with an AssertionError (measured
on Python 3.11), and mail comes from anybody.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from html import unescape

_MAX_HTML = 1_000_000  # characters that are read
_MAX_TAG = 20_000  # characters of one tag: styles and links are long, but not so long
_MAX_ALT = 16

_NAME = re.compile(r"/?[A-Za-z][A-Za-z0-9:_-]{0,40}")
_ATTRIBUTE = re.compile(r"""(?<![\w-])(class|id|style|alt)\b(?:\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""", re.IGNORECASE)  # fmt: skip
_HIDDEN = re.compile(
    r"display\s{0,5}:\s{0,5}none|mso-hide\s{0,5}:\s{0,5}all|visibility\s{0,5}:\s{0,5}hidden", re.IGNORECASE
)
_BLANKS = re.compile(r"[ \t\n\r\f]+")

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_RAW = frozenset(("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"))
_DROPPED = frozenset(("head", "select", "object", "svg", "math", "template", "audio", "video"))
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre",
    "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "caption",
))  # fmt: skip

# Names that mail programs give to what they put into an answer. A program that receives it may put a prefix before them
# ("x_gmail_quote", "m_-123gmail_quote").
_QUOTE_NAMES = (
    "moz-cite-prefix", "moz-forward-container", "yahoo_quoted", "gmail_attr", "protonmail_quote", "tutanota_quote",
    "zmail_extra", "wordsection_quote", "outlookmessageheader", "mailru-blockquote", "reply-header", "quoted-text",
)  # fmt: skip
_SIGNATURE_NAMES = (
    "gmail_signature", "gmail_signature_prefix", "moz-signature", "protonmail_signature_block", "ms-outlook-mobile-signature",
    "yahoo-signature", "js-signature", "signature-container",
)  # fmt: skip
_SIGNATURE_IDS = ("signature", "ms-outlook-mobile-signature", "applemailsignature")
_END_IDS = ("appendonsend", "divrplyfwdmsg", "mail-editor-reference-message-container", "ms-outlook-mobile-body-separator-line", "olk_src_body_section")  # fmt: skip
_GMAIL_QUOTE = ("gmail_quote", "gmail_quote_container")


@dataclass(slots=True)
class _Tag:
    name: str
    classes: tuple[str, ...] = ()
    id: str = ""
    style: str = ""
    alt: str = ""


@dataclass(slots=True)
class _Page:
    """What is read so far. `dropping` and `gmail` are the heights of the stack at which such an element began."""

    pieces: list[str] = field(default_factory=list)
    tail: str = "\n"  # the last character that was written
    word: str = ""  # the last one that is no blank
    stack: list[str] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)
    inside: Counter[str] = field(default_factory=Counter)  # of them, those in the dropped element, itself included
    dropping: int | None = None
    gmail: int | None = None
    gmail_quoted: bool = False
    ended: bool = False


def html_to_text(html: str) -> str:
    """The words of a page: block elements on lines of their own, quotes and signatures left out.

    Where a quote stood below a line that ends in ":", one line ">" tells that this was the quote's header. Linear in
    the length of the page; never raises; elements may be nested as deep as they like.
    """
    page = _Page()
    source = html[:_MAX_HTML]
    at = 0
    while at < len(source) and not page.ended:
        begin = source.find("<", at)
        if begin < 0:
            begin = len(source)
        _words(page, source[at:begin])
        at = _markup(page, source, begin) if begin < len(source) else begin
    return _lines("".join(page.pieces))


def _markup(page: _Page, source: str, begin: int) -> int:
    """Read what stands at a "<"; return where it ends."""
    if source.startswith("<!--", begin):
        end = source.find("-->", begin + 4)
        return len(source) if end < 0 else end + 3
    if source.startswith(("<!", "<?"), begin):
        return _end_of_tag(source, begin)
    named = _NAME.match(source, begin + 1)
    if named is None:
        _words(page, "<")
        return begin + 1
    end = _end_of_tag(source, begin)
    name = named.group().lower()
    if name.startswith("/"):
        _close(page, name[1:])
        return end
    tag = _read_tag(name, source[named.end() : min(end, named.end() + _MAX_TAG)])
    if name in _RAW:
        # Nothing in them is a tag but their own end. Without an end they are all the rest.
        close = re.compile(rf"</{name}\b", re.IGNORECASE).search(source, end)
        return len(source) if close is None else _end_of_tag(source, close.start())
    _open(page, tag)
    return end


def _end_of_tag(source: str, begin: int) -> int:
    """The place after the ">" of a tag. One within quotes does not end it, unless the quote has no end nearby."""
    plain = source.find(">", begin, begin + _MAX_TAG)
    if plain < 0:
        return min(len(source), begin + _MAX_TAG)
    piece = source[begin:plain]
    if piece.count('"') % 2 == 0 or '"' not in piece:
        return plain + 1
    closing = source.find('"', plain, begin + _MAX_TAG)
    real = source.find(">", closing, begin + _MAX_TAG) if closing >= 0 else -1
    return (real if real >= 0 else plain) + 1


def _read_tag(name: str, rest: str) -> _Tag:
    tag = _Tag(name)
    for found in _ATTRIBUTE.finditer(rest):
        key, value = found[1].lower(), unescape(next((part for part in found.groups()[1:] if part is not None), ""))
        if key == "class":
            tag.classes = tuple(value.lower().split())
        elif key == "id":
            tag.id = value.lower()
        elif key == "style":
            tag.style = value
        else:
            tag.alt = value
    return tag


def _open(page: _Page, tag: _Tag) -> None:
    if page.dropping is None and tag.id.endswith(_END_IDS):
        page.ended = True
        return
    if tag.name in _VOID:
        _void(page, tag)
        return
    if tag.name in _BLOCKS and page.stack and page.stack[-1] == "p":
        _close(page, "p")  # a paragraph holds no blocks
    height = len(page.stack)
    page.stack.append(tag.name)
    page.open[tag.name] += 1
    if page.dropping is None and _is_dropped(tag):
        page.dropping = height
        page.inside.clear()
        _break(page)
        if _is_quote(tag):
            page.gmail_quoted = page.gmail_quoted or tag.name == "blockquote"
            if page.word == ":":
                _write(page, ">\n")
    if page.dropping is not None:
        page.inside[tag.name] += 1
        return
    if page.gmail is None and any(name.endswith(_GMAIL_QUOTE) for name in tag.classes):
        # What Gmail puts before the quote within it goes; what a customer writes between quotes stays.
        page.gmail, page.gmail_quoted = height, False
    if tag.name in _BLOCKS:
        _break(page)


def _is_dropped(tag: _Tag) -> bool:
    return (
        _is_quote(tag)
        or tag.name in _DROPPED
        or _HIDDEN.search(tag.style) is not None
        or tag.id.endswith(_SIGNATURE_IDS)
        or any(name.endswith(_SIGNATURE_NAMES) for name in tag.classes)
    )


def _is_quote(tag: _Tag) -> bool:
    return (
        tag.name == "blockquote" or "yahoo_quoted" in tag.id or any(name.endswith(_QUOTE_NAMES) for name in tag.classes)
    )


def _close(page: _Page, name: str) -> None:
    """Close an element and all within it. An end without a beginning is none, nor may one end what drops it."""
    known = page.open if page.dropping is None else page.inside
    if name == "br":
        _void(page, _Tag("br"))
    if not known[name]:
        return
    while page.stack:
        last = page.stack.pop()
        page.open[last] -= 1
        if page.dropping is not None:
            page.inside[last] -= 1
            if len(page.stack) == page.dropping:
                page.dropping = None
        if page.gmail is not None and len(page.stack) <= page.gmail:
            page.gmail = None
        if last in _BLOCKS:
            _break(page)
        if last == name:
            break


def _void(page: _Page, tag: _Tag) -> None:
    if not _is_shown(page):
        return
    if tag.name == "br":
        _write(page, "\n")
    elif tag.name == "hr":
        _break(page)
    elif tag.name == "img" and 0 < len(tag.alt) <= _MAX_ALT and not any(map(str.isalnum, tag.alt)):
        _words(page, tag.alt)  # an emoji as a picture


def _is_shown(page: _Page) -> bool:
    return page.dropping is None and (page.gmail is None or page.gmail_quoted)


def _words(page: _Page, text: str) -> None:
    if not text or not _is_shown(page):
        return
    words = unescape(_BLANKS.sub(" ", text))
    _write(page, words.lstrip(" ") if page.tail in " \n" else words)


def _break(page: _Page) -> None:
    """End the line, if there is one."""
    if page.tail != "\n" and _is_shown(page):
        _write(page, "\n")


def _write(page: _Page, text: str) -> None:
    if not text:
        return
    page.pieces.append(text)
    page.tail = text[-1]
    stripped = text.rstrip()
    if stripped:
        page.word = stripped[-1]


def _lines(text: str) -> str:
    kept: list[str] = []
    for line in text.split("\n"):
        bare = line.strip()
        if bare or (kept and kept[-1]):
            kept.append(bare)
    return "\n".join(kept).strip()
