"""The result: rows, a table for people and JSON for programs."""

import json
import os
import platform
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One path. `ratio` is value ÷ floor and `ratio_usual` value ÷ usual stack; None where there is no such side.

    `met` is None where the figure has no goal.
    """

    path: str
    engine: str
    unit: str
    value: float
    floor: float | None = None
    usual: float | None = None
    goal: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    @property
    def ratio_usual(self) -> float | None:
        return self.value / self.usual if self.usual else None


def at_least(
    value: float, *, floor: tuple[float, float] | None = None, usual: tuple[float, float] | None = None
) -> bool:
    """True when `value` is at least factor × side for each (side, factor) given."""
    return all(value >= side * factor for side, factor in filter(None, (floor, usual)))


def show(rows: list[Row], console: Console) -> None:
    """Print the table."""
    table = Table(title="Tapfive beside its floors and the usual stack", title_justify="left")
    for name in ("path", "engine"):
        table.add_column(name)
    for name in ("value", "floor", "usual stack", "÷ floor", "÷ usual"):
        table.add_column(name, justify="right")
    for name in ("unit", "goal", "met"):
        table.add_column(name)
    for row in rows:
        met = "" if row.met is None else "[green]yes" if row.met else "[red]no"
        cells = [row.path, row.engine, *map(_number, (row.value, row.floor, row.usual, row.ratio, row.ratio_usual))]
        table.add_row(*cells, row.unit, row.goal, met)
    console.print(table)


def write(rows: list[Row], sizes: str, path: Path = RESULTS) -> None:
    """Write the JSON."""
    told: list[dict[str, Any]] = [{**asdict(row), "ratio": row.ratio, "ratio_usual": row.ratio_usual} for row in rows]
    machine = {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
    }
    written = {"machine": machine, "sizes": sizes, "rows": [_rounded(row) for row in told]}
    path.write_text(json.dumps(written, ensure_ascii=False, indent=2) + "\n")


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in row.items()}


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
