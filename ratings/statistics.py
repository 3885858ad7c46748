"""Statistics of ratings. Pure; no data is no value (None), never 0."""

from math import sqrt

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: two-sided 95 %."""


def share(part: int, whole: int) -> float | None:
    """Return part ÷ whole, or None where there is nothing to divide by."""
    return part / whole if whole else None


def wilson(part: int, whole: int, z: float = Z_95) -> tuple[float, float] | None:
    """Return the score interval of a share, or None where there is nothing.

    Source: E. B. Wilson, "Probable inference…", JASA 22 (1927); recommended by Brown, Cai and DasGupta (2001).
    """
    if whole == 0:
        return None
    proportion = part / whole
    centre = proportion + z * z / (2 * whole)
    half = z * sqrt(proportion * (1 - proportion) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
