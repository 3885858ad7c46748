"""`tapfive sample`."""

from ratings.store.sample import load_sample
from tests.cli.conftest import Tapfive, one_line
from tests.store.world import World


def test_fills_the_store_and_says_what_is_true_of_it(tapfive: Tapfive, world: World) -> None:
    ended = tapfive("sample", "--rows", "250", "--seed", "7", "--days", "60", "--until", "2026-09-20")
    assert (ended.code, ended.err) == (0, "")
    assert ended.lines[-1].startswith("Filled the store with 250 closings of 60 days by 8 agents (seed 7)")
    held = world.store.read_now(load_sample)
    assert held is not None
    assert (held.seed, held.rows, held.days, held.until, held.complete) == (7, 250, 60, "2026-09-21T00:00:00Z", True)
    listed = tapfive("ratings", "list")
    assert "telegram.sample" in listed.out
    assert "0 %" not in tapfive("ratings", "summary").out


def test_a_store_that_is_not_empty_is_a_line_with_a_remedy(tapfive: Tapfive, world: World) -> None:
    world.close()
    one_line(tapfive("sample", "--rows", "9"), ["closings of its own", "TAPFIVE_STORE__URL=sqlite:///sample.db"])


def test_a_day_that_is_none_is_a_line(tapfive: Tapfive) -> None:
    one_line(tapfive("sample", "--rows", "9", "--until", "yesterday"), ["--until", "2026-01-31"])
