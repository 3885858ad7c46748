from bot.charts.sparkline import sparkline


def test_a_line_goes_through_its_values_and_breaks_where_there_are_none() -> None:
    line = sparkline([1, 3, None, 2, 2], width=44, height=24)
    assert line is not None
    assert line.path == "M2.0 22.0L12.0 2.0M32.0 12.0L42.0 12.0"
    assert line.last == (42.0, 12.0)


def test_one_value_is_no_line_and_equal_ones_are_a_level_one() -> None:
    assert sparkline([None, 4.0]) is None
    level = sparkline([4.0, 4.0], height=24)
    assert level is not None
    assert level.path == "M2.0 12.0L94.0 12.0"
