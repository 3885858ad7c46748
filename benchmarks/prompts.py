"""Prompts sent: the outbox beside loops that do nothing else, all to the same stand-in; and our HTTP client alone."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rich.progress import Progress
from sqlalchemy import create_engine, text

from benchmarks.databases import Databases
from benchmarks.plan import Plan
from benchmarks.processes import Side, side
from benchmarks.report import Row, at_least
from benchmarks.rounds import interleave
from benchmarks.seed import counts, now, seed
from benchmarks.service import service

AIOGRAM_SHARE, ORM_FACTOR, HTTP_SHARE = 0.8, 5.0, 0.7


def run(databases: Databases, folder: Path, plan: Plan, progress: Progress) -> Iterator[Row]:
    """Measure on one engine. Every side is timed by the stand-in: from its first message to its last."""
    most = max(plan.prompts, plan.usual_prompts)
    template = databases.create("prompts_template")
    asked = seed(template, most, asked=False)
    _hold_back(template, plan.prompts)
    databases.settle(template)
    told, addresses = folder / "asked.json", folder / "addresses.json"
    told.write_text(json.dumps(asked))
    addresses.write_text(json.dumps([address for _, address in asked]))
    with side("stand_in", folder / "stand_in.log", addresses=str(addresses)) as stand_in:
        api_url = stand_in.hear()["url"]

        def ours() -> float:
            url = databases.copy(template, "prompts_tapfive")
            rate = _timed(stand_in, plan.prompts, service(folder, url, api_url, work=True, unpaced=True))
            found = counts(url, ["attempts"])
            if found["attempts"] != plan.prompts:
                raise RuntimeError(f"{plan.prompts} prompts were sent by {found['attempts']} attempts")
            return rate

        def loop(how: str, count: int) -> Callable[[], float]:
            def send() -> float:
                url = databases.copy(template, "prompts_usual") if how == "aiogram_orm" else ""
                given: dict[str, Any] = {"how": how, "api_url": api_url, "asked": str(told), "count": count, "url": url}
                return _timed(stand_in, count, side("senders", folder / "senders.log", **given))

            return send

        found = interleave(
            {
                "Tapfive": ours,
                "bare aiogram": loop("aiogram", plan.prompts),
                "bare aiohttp": loop("aiohttp", plan.prompts),
                "aiogram + ORM": loop("aiogram_orm", plan.usual_prompts),
            },
            plan.rounds,
            progress,
            f"prompts, {databases.engine}",
        )
    value, aiogram, orm = found["Tapfive"], found["bare aiogram"], found["aiogram + ORM"]
    yield Row(
        "prompts sent (floor: bare aiogram loop)",
        databases.engine,
        "prompts/s",
        value,
        aiogram,
        orm,
        f"≥ {AIOGRAM_SHARE} × floor, ≥ {ORM_FACTOR:.0f} × usual",
        at_least(value, floor=(aiogram, AIOGRAM_SHARE), usual=(orm, ORM_FACTOR)),
    )
    yield Row("prompts sent (floor: bare aiohttp loop)", databases.engine, "prompts/s", value, found["bare aiohttp"])


def run_http(folder: Path, plan: Plan, progress: Progress) -> Iterator[Row]:
    """net/http.py beside a bare aiohttp loop: the same bytes to a platform that takes no time."""
    told = folder / "posts.json"
    told.write_text(json.dumps([[number, str(1_000_000 + number)] for number in range(plan.posts)]))
    with side("echo", folder / "echo.log") as echo:
        api_url = f"http://127.0.0.1:{echo.hear()['port']}"

        def loop(how: str) -> Callable[[], float]:
            def send() -> float:
                given: dict[str, Any] = {"how": how, "api_url": api_url, "asked": str(told), "count": plan.posts}
                with side("senders", folder / "senders.log", **given) as sender:
                    return plan.posts / float(sender.hear()["seconds"])

            return send

        sides = {"net/http.py": loop("http_client"), "bare aiohttp": loop("aiohttp")}
        found = interleave(sides, plan.rounds, progress, "posts")
    value, floor = found["net/http.py"], found["bare aiohttp"]
    met = at_least(value, floor=(floor, HTTP_SHARE))
    yield Row(
        "posts by net/http.py (floor: bare aiohttp)", "–", "posts/s", value, floor, None, f"≥ {HTTP_SHARE} × floor", met
    )


def _timed(stand_in: Side, count: int, sending: AbstractContextManager[object]) -> float:
    stand_in.tell(count)
    assert stand_in.hear() == "ready"
    with sending:
        told = stand_in.hear()
    assert told["messages"] == count
    return count / float(told["seconds"])


def _hold_back(url: str, due: int) -> None:
    """Leave only as many prompts due as a round sends."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE jobs SET due_at = :later WHERE id NOT IN (SELECT id FROM jobs ORDER BY id LIMIT :due)"),
            {"later": now() + 3_600_000, "due": due},
        )
    engine.dispose()
