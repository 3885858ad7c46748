"""The vectors that are published or were computed elsewhere, and random data against scipy and statsmodels."""

import random
from collections.abc import Sequence

import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped] # it has no types
from statsmodels.stats.proportion import (  # type: ignore[import-untyped] # it has no types
    confint_proportions_2indep,
    proportion_confint,
)

from ratings.statistics import (
    difference_p,
    holm,
    mean_interval,
    newcombe,
    ranks,
    silence,
    stratified,
    student,
    weighted_total,
    wilson,
)

Pair = tuple[int, int]


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (0, 1, 0, 79.35),
        (1, 1, 20.65, 100),
        (0, 5, 0, 43.45),
        (5, 5, 56.55, 100),
        (3, 5, 23.07, 88.24),
        (8, 10, 49.02, 94.33),
        (10, 10, 72.25, 100),
        (0, 10, 0, 27.75),
        (45, 50, 78.64, 95.65),
        (90, 100, 82.56, 94.48),
        (2, 2, 34.24, 100),
        (10, 12, 55.20, 95.30),
    ],
)
def test_wilson(part: int, whole: int, low: float, high: float) -> None:
    found = wilson(part, whole)
    assert found == pytest.approx((low / 100, high / 100), abs=0.00005)
    assert found == pytest.approx(proportion_confint(part, whole, method="wilson"), abs=1e-9)


@pytest.mark.parametrize(("part", "whole", "low"), [(2, 2, 21.65), (10, 12, 44.72)])
def test_wilson_at_another_level_is_not_divided_twice(part: int, whole: int, low: float) -> None:
    found = wilson(part, whole, z=2.69)
    assert found is not None
    assert found[0] == pytest.approx(low / 100, abs=0.00005)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((56, 70), (48, 80), (0.2000, 0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.6000, 0.1705, 0.8090)),
        ((85, 100), (90, 100), (-0.0500, -0.1442, 0.0437)),
    ],
)
def test_newcombe(first: Pair, second: Pair, expected: tuple[float, float, float]) -> None:
    found = newcombe(first, second)
    assert found is not None
    assert (found[0], *found[1]) == pytest.approx(expected, abs=0.00005)


def test_newcombe_is_statsmodels_on_random_shares() -> None:
    for first, second in _pairs(200):
        theirs = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
        found = newcombe(first, second)
        assert found is not None
        assert found[1] == pytest.approx(theirs, abs=1e-9)


def test_nothing_is_no_value() -> None:
    assert wilson(0, 0) is None
    assert newcombe((0, 0), (1, 2)) is None
    assert newcombe((1, 2), (0, 0)) is None
    assert silence(0, 0, 0) is None
    assert mean_interval(0, 0, 0) is None
    assert stratified({}, {}) is None
    assert ranks({}, 10) == {}


def test_silence_between_the_worst_and_the_best() -> None:
    assert silence(900, 1000, 10_000) == (0.09, 0.99)
    assert silence(3, 3, 3) == (1, 1)
    assert silence(3, 5, 4) is None


def test_the_quantile_of_t_is_scipy_s() -> None:
    for freedom in (*range(9, 200), 1000, 10**6):
        assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-4)


def test_the_interval_of_a_mean_is_scipy_s_and_needs_ten_that_differ() -> None:
    source = random.Random(5)
    for _ in range(100):
        values = [source.randint(1, 5) for _ in range(source.randint(10, 300))]
        if len(set(values)) == 1:
            continue
        theirs = stats.t.interval(0.95, len(values) - 1, loc=sum(values) / len(values), scale=stats.sem(values))
        assert _mean(values) == pytest.approx(theirs, abs=1e-4)
    assert _mean([4] * 50) is None
    assert _mean([1, 2, 3, 4, 5, 4, 3, 2, 1]) is None
    assert _mean([1, 5, 3, 2, 5, 4, 3, 2, 1, 5]) is not None


def test_holm_is_statsmodels() -> None:
    source = random.Random(7)
    for size in (1, 2, 5, 40):
        for _ in range(5):
            values = [source.random() ** 4 for _ in range(size)]
            assert holm(values) == list(multipletests(values, alpha=0.05, method="holm")[0])


def test_the_p_value_of_a_difference_agrees_with_its_interval() -> None:
    for first, second in _pairs(100):
        found = newcombe(first, second)
        assert found is not None
        low, high = found[1]
        assert (difference_p(first, second) < 0.05) == (low > 0 or high < 0)


def test_agents_that_cannot_be_told_apart_share_a_rank() -> None:
    assert ranks({"anna": (95, 100), "boris": (93, 100), "clara": (40, 100), "dmitri": (1, 1)}, 10) == {
        "anna": 1,
        "boris": 1,
        "clara": 2,
    }
    assert ranks({"anna": (10, 10), "boris": (0, 9)}, 10) == {"anna": 1}, "nobody is the worst on nine ratings"


def test_a_rank_is_given_only_for_what_stands_after_holm() -> None:
    """Twenty who are alike but for chance: one pair differs by itself, and not among 190."""
    shares = {f"a{number}": (80, 100) for number in range(18)} | {"best": (88, 100), "last": (74, 100)}
    alone = newcombe(shares["best"], shares["last"])
    assert alone is not None
    assert alone[1][0] > 0
    assert set(ranks(shares, 10).values()) == {1}


def test_alike_agents_are_torn_apart_in_one_of_twenty_worlds_at_the_most() -> None:
    source = random.Random(11)
    apart = 0
    for _ in range(200):
        shares = {str(agent): (sum(source.random() < 0.8 for _ in range(60)), 60) for agent in range(8)}
        apart += len(set(ranks(shares, 10).values())) > 1
    assert apart <= 20


def test_a_mix_that_shifts_does_not_look_like_a_change() -> None:
    """Simpson: each channel is as good as before; the raw share rises only because the better one answers more."""
    before, after = {"chat": (90, 100), "mail": (50, 100)}, {"chat": (270, 300), "mail": (20, 40)}
    closed = {"chat": 500, "mail": 500}
    raw = [
        sum(part for part, _ in year.values()) / sum(whole for _, whole in year.values()) for year in (before, after)
    ]
    assert raw[1] > raw[0] + 0.1
    assert stratified(before, closed) == pytest.approx(0.7)
    assert stratified(after, closed) == pytest.approx(0.7)
    assert stratified({"chat": (9, 10)}, closed) is None
    assert stratified({"chat": (9, 10)}, {"chat": 5, "mail": 0}) == pytest.approx(0.9)


def test_a_sample_stands_for_what_it_was_drawn_from() -> None:
    source = random.Random(3)
    found = [weighted_total([(sum(source.random() < 0.2 for _ in range(1000)), 0.2), (400, 1.0)]) for _ in range(300)]
    assert sum(found) / len(found) == pytest.approx(1400, rel=0.01)


def _pairs(many: int) -> list[tuple[Pair, Pair]]:
    source = random.Random(1)

    def one() -> Pair:
        whole = source.randint(1, 400)
        return source.randint(0, whole), whole

    return [(one(), one()) for _ in range(many)]


def _mean(values: Sequence[int]) -> tuple[float, float] | None:
    return mean_interval(len(values), sum(values), sum(value * value for value in values))
