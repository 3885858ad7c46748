"""Whom a draft would have asked, told while it is found out: it reads every closing of the time, and takes seconds."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response, StreamingResponse

from bot.web.api.survey_trials import DEFAULT_DAYS, Surroundings
from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
from bot.web.pages.visit import HEADERS, Form, Visit
from bot.zones import zone_of
from ratings.store.rehearsing import MAX_DAYS, RehearsalTooLarge, Rehearsed, rehearse
from ratings.survey import Survey
from ratings.texts import reason_text

PATIENCE_SECONDS = 15.0
"""How long a page without a script waits: less than the shell gives a page."""

LOOK_EVERY = 0.2
"""Seconds between two looks at how far it is."""

_BUSY = mark("Another rehearsal runs: try again when it is done.")
_TOO_LONG = mark("There are too many closings to wait for: take fewer days.")
_NO_SCRIPT = mark("It takes longer than a page can wait: take fewer days, or run “tapfive survey rehearse”.")
_DAYS = mark("Take 1 to 366 days.")


@dataclass(frozen=True, slots=True)
class Found:
    """What a rehearsal found: its figures as the API answers them, or why there are none."""

    days: int
    figures: Mapping[str, Any] | None = None
    problem: str = ""


class Rehearsing:
    """Rehearses for the pages: one at a time in a process, since each keeps a core busy."""

    def __init__(self, shell: Shell, around: Surroundings) -> None:
        self._shell = shell
        self._around = around
        self._running: asyncio.Task[Rehearsed] | None = None
        self._progress = (0, 0)

    async def soon(self, visit: Visit, draft: Survey, form: Form) -> Found:
        """Return what it finds, waiting no longer than a page can."""
        days = days_of(form)
        task = self._start(visit, draft, days)
        if task is None:
            return Found(days, problem=_DAYS if not 1 <= days <= MAX_DAYS else _BUSY)
        done, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        return _found(task, days) if done else Found(days, problem=_NO_SCRIPT)

    def stream(self, visit: Visit, draft: Survey, form: Form) -> Response:
        """Answer with a line of JSON for each step, `{"done", "of"}`, and at last `{"html"}`: what it found."""
        days = days_of(form)
        task = self._start(visit, draft, days)
        return StreamingResponse(self._lines(visit, task, days), 200, dict(HEADERS), "application/x-ndjson")

    async def _lines(self, visit: Visit, task: asyncio.Task[Rehearsed] | None, days: int) -> AsyncIterator[str]:
        if task is None:
            found = Found(days, problem=_DAYS if not 1 <= days <= MAX_DAYS else _BUSY)
        else:
            while not (await asyncio.wait([task], timeout=LOOK_EVERY))[0]:
                done, of = self._progress
                yield json.dumps({"done": done, "of": of}) + "\n"
            found = _found(task, days)
        context = {"rehearsed": found, "reason": reason_in(visit)}
        yield json.dumps({"html": self._shell.render(visit, "surveys/rehearsal.html", context)}) + "\n"

    def _start(self, visit: Visit, draft: Survey, days: int) -> asyncio.Task[Rehearsed] | None:
        if (self._running is not None and not self._running.done()) or not 1 <= days <= MAX_DAYS:
            return None
        self._progress = (0, 0)
        self._running = asyncio.create_task(
            asyncio.to_thread(
                rehearse,
                self._shell.store,
                draft,
                now=visit.now,
                days=days,
                accounts=frozenset(self._around.channels),
                installation=self._around.installation,
                zone_of=zone_of,
                progress=self._tell,
            )
        )
        # Where nobody waits any more, nobody hears of its failure: it is not to be told at the end of the process.
        self._running.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._running

    def _tell(self, done: int, of: int) -> None:
        self._progress = (done, of)


def days_of(form: Form) -> int:
    """Return over how many days to rehearse; 0 for what is no number of them."""
    given = form.get("days", "").strip() or str(DEFAULT_DAYS)
    return int(given) if given.isascii() and given.isdigit() and len(given) < 5 else 0  # noqa: PLR2004 - no more than MAX_DAYS anyway


def reason_in(visit: Visit) -> Callable[[str], str]:
    """Return how to say why somebody was not asked."""
    return lambda reason: reason_text(reason, visit.speech.language)


def _found(task: asyncio.Task[Rehearsed], days: int) -> Found:
    try:
        return Found(days, task.result().to_dict())
    except RehearsalTooLarge:
        return Found(days, problem=_TOO_LONG)
