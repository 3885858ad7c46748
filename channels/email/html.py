"""The HTML part of a prompt: the template, its style sheet put into the elements, and everything in it escaped. Pure."""

from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template

import css_inline

from channels.base import Links, Prompt
from channels.link_block import choice_table

_TEMPLATE = Path(__file__).with_name("mail.html")
_BREAK = "<br>"


def html_part(prompt: Prompt, links: Links, *, subject: str, marker: str) -> str:
    """The page. `marker` is "" where nobody reads answers; then there is no hint that one can answer either."""
    return _template().substitute(
        language=escape(prompt.language),
        subject=escape(subject),
        preheader=escape(" ".join(prompt.text.split())),
        marker=escape(marker),
        words=_paragraphs(prompt.text),
        choices=choice_table(prompt.choices, links),
        hint=escape(links.hint) if marker else "",
        unsubscribe=escape(links.unsubscribe),
        unsubscribe_label=escape(links.unsubscribe_label),
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    # Inlined before anything is put in: what customers and agents wrote never passes through an HTML parser. The rules
    # of the dark mode stay in the style sheet; attributes cannot say them.
    inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
    return Template(inliner.inline(_TEMPLATE.read_text(encoding="utf-8")))


def _paragraphs(text: str) -> str:
    return _BREAK.join(escape(line) for line in text.strip().splitlines())
