"""When agents see what was said of them: together, never one by one, and for good."""

from hypothesis import given
from hypothesis import strategies as st

from ratings.releasing import Gathered, let_out
from ratings.times import DAY, HOUR

K, DAYS = 5, 14
MIDNIGHT = 20_000 * DAY
moments = st.lists(st.integers(0, 40 * 24), max_size=40)  # hours


def out_by(ratings: list[Gathered], day: int) -> dict[int, int]:
    """Live through the days as the store does: id to the day on which it was let out."""
    out: dict[int, int] = {}
    for today in range(day + 1):
        waiting = [each for each in ratings if each.id not in out]
        for number in let_out(waiting, today * DAY, after_ratings=K, after_days=DAYS):
            out[number] = today
    return out


def test_the_borders() -> None:
    four = [Gathered(number, MIDNIGHT - HOUR) for number in range(4)]
    args = {"after_ratings": K, "after_days": DAYS}
    assert let_out(four, MIDNIGHT, **args) == ()
    assert let_out([*four, Gathered(9, MIDNIGHT)], MIDNIGHT, **args) == ()  # of the day itself
    assert let_out([*four, Gathered(9, MIDNIGHT - 1)], MIDNIGHT, **args) == (0, 1, 2, 3, 9)
    old = Gathered(7, MIDNIGHT - DAYS * DAY)
    assert let_out([old, four[0]], MIDNIGHT, **args) == (0, 7)
    assert let_out([Gathered(7, old.rated_at + 1), four[0]], MIDNIGHT, **args) == ()
    assert let_out([], MIDNIGHT, **args) == ()


@given(moments)
def test_whoever_looks_learns_nothing_of_one_rating(hours: list[int]) -> None:
    ratings = [Gathered(number, hour * HOUR) for number, hour in enumerate(hours)]
    out = out_by(ratings, 60)
    assert set(out) == {each.id for each in ratings}  # nothing is kept for ever
    for today in set(out.values()):
        batch = [each for each in ratings if out[each.id] == today]
        oldest = min(each.rated_at for each in batch)
        assert len(batch) >= K or oldest <= (today - DAYS) * DAY
        assert all(each.rated_at < today * DAY for each in batch)
    for each in ratings:  # in time, to the day
        assert out[each.id] * DAY <= each.rated_at + (DAYS + 1) * DAY


@given(moments, st.integers(0, 50))
def test_within_a_day_nothing_changes_whatever_comes(hours: list[int], today: int) -> None:
    ratings = [Gathered(number, hour * HOUR) for number, hour in enumerate(hours)]
    waiting = [each for each in ratings if each.id not in out_by(ratings, today)]
    assert let_out(waiting, today * DAY, after_ratings=K, after_days=DAYS) == ()
    later = [*waiting, *(Gathered(1_000 + number, today * DAY + number) for number in range(9))]
    assert let_out(later, today * DAY, after_ratings=K, after_days=DAYS) == ()
