"""Interleaved rounds: A B A B …, so that whatever else the machine does meets all sides alike; and their median."""

from collections.abc import Callable, Mapping
from statistics import median

from rich.progress import Progress

Side = Callable[[], float]


def interleave(sides: Mapping[str, Side], rounds: int, progress: Progress, title: str) -> dict[str, float]:
    """Run every side once a round, and return the median of each."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    task = progress.add_task(title, total=rounds * len(sides))
    for _ in range(rounds):
        for name, side in sides.items():
            progress.update(task, description=f"{title}: {name}")
            found[name].append(side())
            progress.advance(task)
    progress.update(task, description=title)
    return {name: median(values) for name, values in found.items()}
