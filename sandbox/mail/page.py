"""`/mail/`: every mailbox, and its mails shown safely. Reading changes nothing, and the page has no script at all.

The HTML of a mail is shown in a frame that may do nothing but open links in new tabs: its `sandbox` attribute and the
policy of its own answer say so twice, so that it is as harmless when it is opened by itself.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files

from aiohttp import web

from .links import for_a_frame
from .state import Mail, World

FRAME = "allow-popups allow-popups-to-escape-sandbox"
_COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
_PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_MAIL_POLICY = (
    f"sandbox {FRAME}; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class MailPage:
    """Answers `/mail/…`, but for the customers' JSON."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request: `/mail/`, `/mail/{id}`, `/mail/{id}/html`, `/mail/mail.css`."""
        path = request.raw_path.partition("?")[0].removeprefix("/mail/")
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, text="Method Not Allowed")
        if path == "mail.css":
            return _answer(_style(), {}, "text/css")
        number, _, part = path.partition("/")
        if part not in {"", "html"} or not (number.isdecimal() or not path):
            return web.Response(status=404, text="Not Found")
        try:
            mail = self._world.mail(int(number)) if number else None
        except LookupError:
            return web.Response(status=404, text="Not Found")
        if mail is not None and part:
            return _answer(for_a_frame(mail.content.html), {"Content-Security-Policy": _MAIL_POLICY})
        page = f"{_head(mail)}<body>{self._mailboxes(mail)}{_opened(mail)}</body></html>"
        return _answer(page, {"Content-Security-Policy": _PAGE_POLICY})

    def _mailboxes(self, shown: Mail | None) -> str:
        boxes = "".join(
            f"<section><h2>{escape(mailbox.name or mailbox.address)} <small>{escape(mailbox.address)}</small></h2>"
            + (
                f"<ol>{''.join(_line(mail, shown) for mail in reversed(mailbox.mails))}</ol>"
                if mailbox.mails
                else "<p>No mails yet</p>"
            )
            + "</section>"
            for mailbox in self._world.mailboxes.values()
        )
        return f'<nav aria-label="Mails"><h1><a href="/mail/">Mail</a></h1>{boxes or "<p>No mailboxes yet</p>"}</nav>'


def _line(mail: Mail, shown: Mail | None) -> str:
    name, address = mail.content.author
    here = ' aria-current="page"' if mail is shown else ""
    return (
        f'<li class="{"" if mail.seen else "unseen"}"><a href="/mail/{mail.mail_id}"{here}>'
        f"<b>{escape(mail.content.subject or '(no subject)')}</b>"
        f"<span>{escape(name or address)}</span><time>{_clock(mail.received_at)}</time></a></li>"
    )


def _opened(mail: Mail | None) -> str:
    if mail is None:
        return '<main><p class="hint">Choose a mail.</p></main>'
    content = mail.content
    facts = [
        ("Envelope", f"<{mail.sender}> → <{mail.recipient}>"),
        ("Accepted", _clock(mail.accepted_at) if mail.accepted_at else "never said"),
        *content.headers,
    ]
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    found = "".join(f"<li>{escape(problem)}</li>" for problem in mail.problems)
    links = "".join(
        f"<li>{'<em>hidden</em> ' if link.hidden else ''}{escape(link.text)} <code>{escape(link.url)}</code></li>"
        for link in content.links
    )
    frame = (
        f'<iframe title="The mail" sandbox="{FRAME}" referrerpolicy="no-referrer" src="/mail/{mail.mail_id}/html"></iframe>'
        if content.html
        else ""
    )
    return (
        f'<main><h2>{escape(content.subject or "(no subject)")}</h2><p class="from">{escape(content.header("From"))}</p>'
        + (f'<ul class="problems" aria-label="Problems">{found}</ul>' if found else "")
        + frame
        + _folded("Plain text", f"<pre>{escape(content.text)}</pre>", opened=not frame)
        + _folded("Headers", f'<div class="wide"><table>{rows}</table></div>')
        + _folded(f"Links ({len(content.links)})", f"<ol>{links}</ol>")
        + (_folded("Attachments", f"<p>{escape(', '.join(content.attachments))}</p>") if content.attachments else "")
        + "</main>"
    )


def _folded(title: str, content: str, *, opened: bool = False) -> str:
    return f"<details{' open' if opened else ''}><summary>{title}</summary>{content}</details>"


def _head(mail: Mail | None) -> str:
    title = escape(mail.content.subject) if mail else "Mail"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{title} · Tapfive sandbox</title>'
        '<link rel="stylesheet" href="/mail/mail.css"></head>'
    )


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _answer(text: str, headers: Mapping[str, str], content_type: str = "text/html") -> web.Response:
    return web.Response(
        body=text.encode(errors="replace"), content_type=content_type, charset="utf-8", headers={**_COMMON, **headers}
    )


@cache
def _style() -> str:
    return (files(__package__) / "mail.css").read_text(encoding="utf-8")
