"""Statistics of ratings. Pure; no data is no value (None), never 0."""

from collections.abc import Mapping, Sequence
from math import hypot, sqrt
from statistics import NormalDist

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: two-sided 95 %."""

MIN_FOR_MEAN = 10
"""Ratings from which on a mean has an interval: below, the t-interval of a few whole numbers says nothing."""

Interval = tuple[float, float]


def share(part: int, whole: int) -> float | None:
    """Return part ÷ whole, or None where there is nothing to divide by."""
    return part / whole if whole else None


def wilson(part: int, whole: int, z: float = Z_95) -> Interval | None:
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


def newcombe(first: tuple[int, int], second: tuple[int, int], z: float = Z_95) -> tuple[float, Interval] | None:
    """Return first − second of two independent shares (part, whole), and its interval; None where one of them is of nothing.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
    17 (1998), method 10: the two Wilson intervals, squared and added.
    """
    theirs, others = wilson(*first, z), wilson(*second, z)
    if theirs is None or others is None:
        return None
    return _apart(first, second, theirs, others)


def _apart(
    first: tuple[int, int], second: tuple[int, int], theirs: Interval, others: Interval
) -> tuple[float, Interval]:
    """Return the difference of two shares and its interval, of their own intervals."""
    (low_1, high_1), (low_2, high_2) = theirs, others
    share_1, share_2 = first[0] / first[1], second[0] / second[1]
    difference = share_1 - share_2
    below = hypot(share_1 - low_1, high_2 - share_2)
    above = hypot(high_1 - share_1, share_2 - low_2)
    return difference, (difference - below, difference + above)


def silence(satisfied: int, answered: int, asked: int) -> Interval | None:
    """Return the share of the satisfied if all who were asked and kept silent were dissatisfied, and if all were satisfied.

    None where nobody was asked, or more answered than were asked (answers to askings of another period).
    """
    if asked == 0 or answered > asked:
        return None
    return satisfied / asked, (satisfied + asked - answered) / asked


def mean_interval(count: int, total: float, squares: float) -> Interval | None:
    """Return the 95 % t-interval of a mean, of how many values, their sum and the sum of their squares.

    None below MIN_FOR_MEAN values, and where all are equal: its width would be zero, and certainty a lie.
    """
    if count < MIN_FOR_MEAN:
        return None
    mean = total / count
    variance = (squares - total * mean) / (count - 1)
    if variance <= 1e-12:  # noqa: PLR2004 - what rounding leaves of equal values
        return None
    half = student(count - 1) * sqrt(variance / count)
    return mean - half, mean + half


def student(freedom: int, z: float = Z_95) -> float:
    """Return the quantile of Student's t that belongs to a normal quantile, for at least 9 degrees of freedom (to 0.0001).

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.7.5 (Cornish and Fisher's expansion).
    """
    x, n = z, freedom
    first = (x**3 + x) / 4
    second = (5 * x**5 + 16 * x**3 + 3 * x) / 96
    third = (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384
    fourth = (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160
    return x + first / n + second / n**2 + third / n**3 + fourth / n**4


def holm(values: Sequence[float], alpha: float = 0.05) -> list[bool]:
    """Return which of many p-values stand, so that the chance of one wrong among them is at most `alpha`.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    stand = [False] * len(values)
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        if values[index] > alpha / (len(values) - rank):
            break
        stand[index] = True
    return stand


def stratified(strata: Mapping[str, tuple[int, int]], weights: Mapping[str, int]) -> float | None:
    """Return the share of the satisfied re-weighted to a mix: Σ Wₕ·pₕ (post-stratification).

    `strata` are (satisfied, ratings) by stratum, `weights` how many tickets were closed in each. None where a stratum that
    weighs has no ratings, or nothing weighs: what nobody said cannot be re-weighted.
    """
    whole = sum(weights.values())
    if whole == 0 or any(weight and not strata.get(name, (0, 0))[1] for name, weight in weights.items()):
        return None
    return sum(weight / whole * strata[name][0] / strata[name][1] for name, weight in weights.items() if weight)


def weighted_total(inclusions: Sequence[tuple[int, float]]) -> float:
    """Return how many there are, of how many were taken with which probability (Horvitz and Thompson, JASA 47, 1952): Σ n ÷ π."""
    return sum(count / probability for count, probability in inclusions)


def difference_p(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Return the p-value that Newcombe's intervals give: 1 − the widest confidence at which the interval leaves out zero."""
    low, high = 0.0, 40.0
    found = newcombe(first, second, z=1.0)
    if found is None or found[0] == 0:
        return 1.0
    # By secants, which find it in some steps: an interval's half is nearly a multiple of z. Where one leads astray, by halves.
    before, at = 0.0, 1.0
    beyond_before, beyond = -abs(found[0]), _reaches(found)
    while True:
        low, high = (at, high) if beyond < 0 else (low, at)
        following = at - beyond * (at - before) / (beyond - beyond_before) if beyond != beyond_before else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - at) < 1e-12 or high - low < 1e-12:  # noqa: PLR2004 - what numbers of this size can tell
            return 2 * NormalDist().cdf(-following)
        found = newcombe(first, second, z=following)
        assert found is not None
        before, at, beyond_before, beyond = at, following, beyond, _reaches(found)


def _reaches(found: tuple[float, Interval]) -> float:
    """Return how far the interval of a difference goes beyond zero; below 0 where it leaves it out."""
    difference, (low, high) = found
    return -low if difference > 0 else high


def ranks(shares: Mapping[str, tuple[int, int]], minimum: int, alpha: float = 0.05) -> dict[str, int]:
    """Rank shares (part, whole) in groups that statistics cannot tell apart: 1 is the best group.

    Two differ only if Newcombe's interval of their difference leaves out zero, with Holm's correction over all pairs. A group
    is its leader with all behind who do not differ from the leader. Who has fewer than `minimum` is not ranked.
    """
    ranked = sorted(
        ((name, pair) for name, pair in shares.items() if pair[1] >= minimum and pair[1] > 0),
        key=lambda item: (-item[1][0] / item[1][1], -item[1][1], item[0]),
    )
    differs = _differing([pair for _, pair in ranked], alpha)
    groups: dict[str, int] = {}
    leader, rank = 0, 0
    for index, (name, _) in enumerate(ranked):
        if index == 0 or (leader, index) in differs:
            leader, rank = index, rank + 1
        groups[name] = rank
    return groups


def _differing(shares: Sequence[tuple[int, int]], alpha: float) -> set[tuple[int, int]]:
    """Return the pairs that differ, each as its two positions."""
    pairs = [(first, second) for second in range(len(shares)) for first in range(second)]
    if not pairs:
        return set()
    # Far from the limits the answer is known by one interval: what differs at Bonferroni's level, or not even at the plain one.
    strict, plain = (
        [wilson(*each, NormalDist().inv_cdf(1 - level / 2)) or (0.0, 1.0) for each in shares]
        for level in (alpha / len(pairs), alpha)
    )
    values: list[float] = []
    for first, second in pairs:
        if _differ(shares, strict, first, second):
            values.append(0.0)
        elif not _differ(shares, plain, first, second):
            values.append(1.0)
        else:
            values.append(difference_p(shares[first], shares[second]))
    return {pair for pair, stands in zip(pairs, holm(values, alpha), strict=True) if stands}


def _differ(shares: Sequence[tuple[int, int]], intervals: Sequence[Interval], first: int, second: int) -> bool:
    low, high = _apart(shares[first], shares[second], intervals[first], intervals[second])[1]
    return low > 0 or high < 0
