"""The choices as links: lines for plain text, a table for HTML. Pure, and complete in itself.

The table carries its own attributes and needs no style sheet, so that it can also stand in somebody else's notice.
Rules that mail programs set: tables, since the Word engine of classic Outlook lays out nothing else; colours as bgcolor
on the cell and padding on the cell, since it ignores both on links; no images, since most programs hide them at first;
symbol and digit together, since old ones draw symbols black and white and colour alone says nothing to many people.
"""

from html import escape

from channels.base import Choice, Links

MAX_IN_ROW = 5  # on a phone each is then wide enough for a thumb
TRAP_VALUE = 0
"""The value of the link that no person sees. No choice has it: the rating page knows whoever opens it for a program."""

_NEUTRAL = "#e3e6ea"
_DARK_INK, _LIGHT_INK = "#1b1f24", "#fafafa"
_FONT = "font-family:Arial,Helvetica,sans-serif"


def choice_lines(choices: tuple[Choice, ...], links: Links) -> str:
    """One line a choice: `5 - Excellent: https://…/5`."""
    return "\n".join(
        f"{choice.value} - {choice.label or choice.symbol}: {links.rate}/{choice.value}" for choice in choices
    )


def choice_table(choices: tuple[Choice, ...], links: Links) -> str:
    """One cell a choice, in their order, in even rows; then the trap, which is not among them."""
    count = -(-len(choices) // MAX_IN_ROW)
    width = -(-len(choices) // count)
    rows = [choices[start : start + width] for start in range(0, len(choices), width)]
    cells = "".join(f"<tr>{''.join(_cell(choice, links, width) for choice in row)}</tr>" for row in rows)
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="4" border="0" style="table-layout:fixed">'
        f"{cells}</table>{_trap(links)}"
    )


def _cell(choice: Choice, links: Links, in_row: int) -> str:
    ground = choice.colour or _NEUTRAL
    ink = _ink(ground)
    digit = str(choice.value)
    shown = digit if choice.symbol in {"", digit} else f"{choice.symbol} {digit}"
    label = (
        "" if choice.label in {"", shown, digit} else f'<br><span style="font-size:11px">{escape(choice.label)}</span>'
    )
    link = (
        f'<a href="{escape(links.rate)}/{digit}" style="display:block;color:{ink};text-decoration:none;'
        f'font-size:22px;line-height:30px;{_FONT}">{escape(shown)}{label}</a>'
    )
    return (
        f'<td width="{100 // in_row}%" align="center" valign="top" bgcolor="{escape(ground)}"'
        f' style="padding:10px 2px;background-color:{escape(ground)}">{link}</td>'
    )


def _trap(links: Links) -> str:
    # Nothing that counts hangs on it, so that it does no harm to whoever opens it all the same.
    return (
        f'<div style="font-size:1px;line-height:1px"><a href="{escape(links.rate)}/{TRAP_VALUE}" aria-hidden="true"'
        ' tabindex="-1" style="font-size:1px;line-height:1px;color:transparent;text-decoration:none">&nbsp;</a></div>'
    )


def _ink(ground: str) -> str:
    """The darker or the lighter of two inks, whichever can be read better on `ground` (WCAG 2.2, relative luminance)."""
    try:
        channels = [int(ground[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    except ValueError:
        return _DARK_INK
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]  # noqa: PLR2004 - WCAG's own numbers
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return _DARK_INK if luminance > 0.19 else _LIGHT_INK  # noqa: PLR2004 - where both inks contrast equally
