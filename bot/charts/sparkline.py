"""A line so small that it needs no axes: it stands beside a number and shows which way that went."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 96, 24
_EDGE = 2.0


@dataclass(frozen=True, slots=True)
class Sparkline:
    """What an inline SVG draws: its size, the path of the line, and the last point (None: there is none)."""

    width: int
    height: int
    path: str
    last: tuple[float, float] | None


def sparkline(values: Sequence[float | None], width: int = WIDTH, height: int = HEIGHT) -> Sparkline | None:
    """Return the line through values in their order; None among them breaks it. None where fewer than two are known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:  # noqa: PLR2004 - one point has no way to go
        return None
    low, high = min(known), max(known)
    across, up = width - 2 * _EDGE, height - 2 * _EDGE
    parts: list[str] = []
    last: tuple[float, float] | None = None
    drawing = False
    for index, value in enumerate(values):
        if value is None:
            drawing = False
            continue
        x = _EDGE + across * index / (len(values) - 1)
        y = height / 2 if high == low else _EDGE + up * (high - value) / (high - low)
        parts.append(f"{'L' if drawing else 'M'}{x:.1f} {y:.1f}")
        drawing, last = True, (round(x, 1), round(y, 1))
    return Sparkline(width, height, "".join(parts), last)
