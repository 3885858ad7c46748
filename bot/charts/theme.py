"""Colours of charts, light, dark and on paper: those of `bot/web/pages/static/pages.css`, which a test holds together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Theme:
    """The tokens that charts use, each "#rrggbb". `tones` are of the scale, from the worst to the best."""

    card: str
    ink: str
    soft: str
    line: str
    edge: str
    deed: str
    deed_ground: str
    gold: str
    tones: tuple[str, str, str, str, str]


LIGHT = Theme(
    card="#ffffff",
    ink="#1d2129",
    soft="#565d69",
    line="#d5d9e0",
    edge="#8b93a1",
    deed="#1f5fd6",
    deed_ground="#e8effc",
    gold="#b8860b",
    tones=("#d32f2f", "#e8711a", "#d9a400", "#6fae2a", "#2e7d32"),
)
DARK = Theme(
    card="#1e2229",
    ink="#eceff4",
    soft="#b3bac6",
    line="#353c48",
    edge="#7d8798",
    deed="#8ab4ff",
    deed_ground="#1d2a42",
    gold="#f0c53d",
    tones=("#ff6f69", "#ff9b52", "#f0c53d", "#a3d65c", "#5cc46a"),
)
PRINT = Theme(
    card="#ffffff",
    ink="#000000",
    soft="#333333",
    line="#bbbbbb",
    edge="#666666",
    deed="#1f5fd6",
    deed_ground="#e8effc",
    gold="#b8860b",
    tones=LIGHT.tones,
)
PAGE = Theme(
    card="var(--card)",
    ink="var(--ink)",
    soft="var(--soft)",
    line="var(--line)",
    edge="var(--edge)",
    deed="var(--deed)",
    deed_ground="var(--deed-ground)",
    gold="var(--gold)",
    tones=("var(--tone-1)", "var(--tone-2)", "var(--tone-3)", "var(--tone-4)", "var(--tone-5)"),
)
"""On a page colours are the stylesheet's own tokens: they follow the reader's system, and paper, without being drawn again."""

THEMES: Mapping[str, Theme] = {"light": LIGHT, "dark": DARK, "print": PRINT}

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
"""The pages' own."""

PICTURE_FONT = "sans-serif"
"""Of pictures: whatever the machine has; one with Cyrillic letters comes with vl-convert."""

SMALL, TEXT = 12, 13


def tones(theme: Theme, many: int) -> list[str]:
    """Return so many colours (two or more) from the worst to the best; between the five it is a plain mixture."""
    last = len(theme.tones) - 1
    return [_mixed(theme.tones, index * last / (max(many, 2) - 1)) for index in range(many)]


def _mixed(colours: tuple[str, ...], place: float) -> str:
    below = min(int(place), len(colours) - 2)
    share = place - below
    if share in {0, 1}:
        return colours[below + round(share)]
    if colours[below].startswith("var("):
        return f"color-mix(in srgb, {colours[below + 1]} {share:.0%}, {colours[below]})"
    pairs = zip(_parts(colours[below]), _parts(colours[below + 1]), strict=True)
    return "#" + "".join(f"{round(one + (other - one) * share):02x}" for one, other in pairs)


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))


def config(theme: Theme, many: int = 5, font: str = FONT) -> Config:
    """Return Vega-Lite's `config`: how the styles that specifications name look. `many` is the number of the scale's values."""
    deed, soft, card = theme.deed, theme.soft, theme.card
    return {
        "aria": False,  # a chart is one picture with a description; its table says the rest
        "background": card,
        "font": font,
        "padding": 4,
        "view": {"stroke": None},
        "axis": {
            "labelColor": soft,
            "titleColor": soft,
            "titleFontWeight": "normal",
            "gridColor": theme.line,
            "domainColor": theme.edge,
            "tickColor": theme.edge,
            "labelFontSize": SMALL,
            "titleFontSize": SMALL,
            "labelLimit": 240,
            "labelOverlap": True,
            "labelSeparation": 5,
        },
        "legend": {
            "labelColor": soft,
            "titleColor": soft,
            "titleFontWeight": "normal",
            "labelFontSize": SMALL,
            "titleFontSize": SMALL,
        },
        "title": {"color": theme.ink, "fontSize": TEXT, "anchor": "start", "fontWeight": 600, "subtitleColor": soft},
        "range": {
            "category": tones(theme, many),
        },
        "mark": {"color": deed},
        "style": {
            "line": {"strokeWidth": 2},
            "band": {"opacity": 0.16},
            "bar-soft": {"color": theme.edge},
            "whisker": {"color": theme.edge, "strokeWidth": 2},
            "dot": {"color": deed, "stroke": card, "strokeWidth": 1, "opacity": 1},
            "dot-open": {"color": card, "stroke": deed, "strokeWidth": 1.5, "opacity": 1},
            "bubble": {"color": deed, "stroke": card, "strokeWidth": 1},
            "bubble-best": {"color": deed, "stroke": theme.gold, "strokeWidth": 3},
            "label": {"color": theme.ink, "fontSize": SMALL},
            "cell": {"stroke": card, "strokeWidth": 1},
        },
    }
