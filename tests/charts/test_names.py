"""Names beside bubbles: none over another, and those with awards first."""

from bot.charts.agents import MAX_NAMED, named


def bubble(x: float, y: float, label: str = "Юрий Морозов", *, awarded: bool = False) -> dict[str, object]:
    return {"x": x, "y": y, "label": label, "awarded": awarded}


def test_of_two_in_one_place_the_awarded_one_is_named() -> None:
    assert named([bubble(1, 1), bubble(1, 1, awarded=True), bubble(9, 9)]) == {1, 2}


def test_names_that_are_far_enough_apart_all_stand() -> None:
    assert named([bubble(1, 1), bubble(1, 5), bubble(9, 1)]) == {0, 1, 2}
    assert named([bubble(3, 3)]) == {0}


def test_of_many_only_the_awarded_are_named() -> None:
    many = [bubble(number, number * 10) for number in range(MAX_NAMED)]
    assert named([*many, bubble(99, 0, awarded=True)]) == {MAX_NAMED}
