"""What a channel or a desk says of itself, in the reader's language. Kinds know English alone; their phrases keep what they are made of."""

from dataclasses import dataclass

from markupsafe import Markup

from bot.account_checks import Finding
from bot.web.pages.speech import Say, mark
from bot.web.pages.troubles import trouble
from net.findings import Phrase

LEVELS = {
    "ok": ("good", mark("good")),
    "warning": ("warn", mark("think of this")),
    "error": ("bad", mark("wrong")),
}
"""How each level looks, and what it is called."""


@dataclass(frozen=True, slots=True)
class SaidFinding:
    """A finding as its line shows it: `look` is the badge's, `do` is "" where there is nothing to do."""

    id: str
    look: str
    level: str
    text: Markup
    do: Markup


def said_finding(finding: Finding, say: Say) -> SaidFinding:
    """Say a finding. Where an error was met, its code says what that means, and what to do if nothing closer is known."""
    look, level = LEVELS[finding.level]
    text, do = said(finding.text, say), said(finding.hint, say)
    if finding.code:
        words = trouble(finding.code)
        text = Markup("{}. {}").format(say(words.means), text)
        do = do or Markup.escape(say(words.do))
    return SaidFinding(finding.id, look, say(level), text, do)


def said(text: str, say: Say) -> Markup:
    """Say a text: a phrase in the reader's language, what somebody else told as they told it, and marked so."""
    if not isinstance(text, Phrase):
        return Markup('<span lang="en">{}</span>').format(text) if text else Markup()
    values = {
        name: Markup('<q lang="en">{}</q>').format(value) if name == "told" else _value(value, say)
        for name, value in text.values.items()
    }
    return Markup.escape(say(text.pattern)) % values if text else Markup()


def _value(value: object, say: Say) -> object:
    return said(value, say) if isinstance(value, Phrase) else value
