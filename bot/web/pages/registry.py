"""`/ratings`: the managers' daily page. Every closing with its rating, filtered by the address, seen by one's rights."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute

from bot.exporting.asking import read_asked
from bot.exporting.columns import COLUMNS as FILE_COLUMNS
from bot.exporting.export import Export, TooManyRows, matching
from bot.exporting.formats import FORMATS
from bot.exporting.words import OUTCOMES, STATES, VOTE_STATES, why_of
from bot.web.live import Live
from bot.web.pages.registry_columns import COLUMNS, PREFERENCE, PageColumn, file_columns, shown_columns, sort_of
from bot.web.pages.registry_filters import Bar, tone_of
from bot.web.pages.registry_problems import problems_said
from bot.web.pages.registry_query import FILTERS, Query
from bot.web.pages.shell import PACKAGE, Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.visit import HEADERS, Visit
from bot.web.static_files import StaticFile
from ratings.errors import InvalidInput
from ratings.reports.directory import list_directory
from ratings.reports.registry import Sort, Wanted, count_registry, list_registry, rows_by_ids
from ratings.rights import Right
from ratings.store.surveys import load_surveys
from ratings.store.views import ChangeView, DeleteView, Prefer, SaveView, list_views
from ratings.times import SECOND

PAGE = "/ratings"
ROWS = 50
MOST_NEW = 200
"""New ratings that a page which is open takes in at once."""


class Registry:
    """`/ratings` and what belongs to it."""

    def __init__(self, shell: Shell, live: Live) -> None:
        self._shell = shell
        self._live = live
        self._files = {name: StaticFile(PACKAGE, name) for name in ("registry.css", "registry.js")}
        shell.say_with(
            tone_of=tone_of,
            words_of={"state": STATES, "vote_state": VOTE_STATES, "outcome": OUTCOMES},
            why_of=why_of,
        )

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [
            *(self._shell.add_file(file, name) for name, file in self._files.items()),
            page(PAGE, self.show, right=Right.RATINGS),
            page(f"{PAGE}/new", self.new, right=Right.RATINGS),
            page(f"{PAGE}/live", self.live, right=Right.RATINGS),
            page(f"{PAGE}/export", self.export, right=Right.RATINGS),
            page(f"{PAGE}/columns", post=self.choose_columns, right=Right.RATINGS),
            page(f"{PAGE}/views", post=self.save_view, right=Right.RATINGS),
            page(f"{PAGE}/views/{{view_id:int}}", post=self.change_view, right=Right.RATINGS),
        ]

    # --- the page ---

    async def show(self, visit: Visit) -> Response:
        """Show a page of rows."""
        query = Query.of(visit.query.multi_items())
        given = [(name, value) for name, value in visit.query.multi_items() if name not in _BESIDE]
        unknown = sorted({name for name, _ in given} - _KNOWN)
        if unknown:
            # A misspelt filter must not look like everything.
            problem = visit.say("There is no filter called %(name)s.", name=unknown[0][:40])
            return await self._page(visit, query, problem)
        if sorted(given) != sorted(
            query.pairs
        ):  # from a form: the address that can be sent to somebody is the short one
            return visit.redirect(_address(query))
        return await self._page(visit, query)

    async def _page(self, visit: Visit, query: Query, problem: str = "") -> Response:
        read = self._shell.store.read
        today = self._today(visit)
        status, page, total, wanted = 200, None, None, None
        try:
            wanted = query.wanted(self._shell.zone, today, visit.sight)
            page = await read(list_registry, wanted, limit=ROWS, cursor=visit.query.get("cursor"))
            total = await read(count_registry, wanted)
        except InvalidInput as error:
            problem = problems_said(visit.speech, error.errors)
        if problem:
            status, page = 422, None
        columns = shown_columns(visit.viewer.preferences, query.show)
        names = {
            kind: [(entry.id, entry.name) for entry in entries]
            for kind, entries in (await read(list_directory, visit.sight)).items()
        }
        surveys = await read(load_surveys)
        return visit.render(
            "ratings.html",
            status,
            problem=problem,
            query=query,
            page=page,
            total=total,
            bar=Bar(query, visit.speech, today, names, surveys),
            columns=columns,
            all_columns=COLUMNS.values(),
            headings=[_heading(column, query, wanted) for column in columns],
            views=await read(list_views, visit.viewer.id, PAGE),
            formats=FORMATS,
            file_columns=FILE_COLUMNS.values(),
            chosen_for_file=file_columns(columns),
            now=visit.now,
            first_page="cursor" not in visit.query,
        )

    def _today(self, visit: Visit) -> date:
        return datetime.fromtimestamp(visit.now // SECOND, UTC).astimezone(self._shell.zone).date()

    # --- what is new ---

    async def live(self, visit: Visit) -> Response:
        """Stream what has been rated since, as numbers and ids."""
        headers = {**HEADERS, "x-accel-buffering": "no"}
        if visit.request.method == "HEAD":
            return Response(headers=headers, media_type="text/event-stream")
        last = visit.request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdecimal() and len(last) < _DIGITS else None
        if self._live.is_full:
            return Response(status_code=503, headers={**HEADERS, "retry-after": "60"})
        stream = self._live.listen(visit.sight, after)
        return StreamingResponse(stream, headers=headers, media_type="text/event-stream")

    async def new(self, visit: Visit) -> Response:
        """Answer those of some invitations that fit the filter, as rows."""
        query = Query.of(visit.query.multi_items())
        ids = [int(text) for text in visit.query.getlist("id")[:MOST_NEW] if text.isdecimal() and len(text) < _DIGITS]
        wanted = query.wanted(self._shell.zone, self._today(visit), visit.sight)
        rows = await self._shell.store.read(rows_by_ids, wanted, ids)
        html = self._shell.render(
            visit,
            "ratings_rows.html",
            {
                "rows": rows,
                "columns": shown_columns(visit.viewer.preferences, query.show),
                "now": visit.now,
                "is_new": True,
            },
        )
        said = visit.plural(
            "%(number)s new or changed rating: show", "%(number)s new or changed ratings: show", len(rows)
        )
        return JSONResponse({"ids": [row.id for row in rows], "said": said, "html": html}, headers=dict(HEADERS))

    # --- a file ---

    async def export(self, visit: Visit) -> Response:
        """Answer the rows as a file; with `progress` as frames that tell how far it is, for the page's script."""
        if visit.request.method == "HEAD":
            return Response(headers=dict(HEADERS))
        pairs = visit.query.multi_items()
        query = Query.of(pairs)
        asked = replace(
            read_asked(
                {},
                self._shell.zone,
                visit.query.get("format", "csv"),
                visit.query.getlist("columns"),
                visit.speech.language,
            ),
            wanted=query.wanted(self._shell.zone, self._today(visit), visit.sight),
        )
        in_frames = visit.query.get("progress") == "1"
        try:
            total = await self._shell.store.read(matching, asked)
        except TooManyRows as error:
            problem = visit.say(
                "XLS holds %(most)s rows, and these are more. Narrow the filter, or choose XLSX or CSV.",
                most=visit.speech.number(error.most),
            )
            if in_frames:
                return JSONResponse({"problem": problem}, 422, headers=dict(HEADERS))
            return await self._page(visit, query, problem)
        day = self._today(visit).isoformat()
        headers = {
            **HEADERS,
            "content-disposition": f'attachment; filename="ratings-{day}.{asked.format}"',
            "x-total-rows": str(total),
        }
        export = Export(self._shell.store, asked)
        if in_frames:
            return StreamingResponse(_frames(export), headers=headers, media_type="application/octet-stream")
        return StreamingResponse(export.blocks(), headers=headers, media_type=export.media_type)

    # --- columns and views ---

    async def choose_columns(self, visit: Visit) -> Response:
        """Remember which columns somebody sees."""
        form = await visit.form()
        names: list[str] | None = [name for name in COLUMNS if name in form.getlist("column")]
        if form.get("reset") or not names:
            names = None
        await self._shell.store.writer.do(Prefer(visit.viewer.id, PREFERENCE, names))
        return visit.redirect(_address(_kept(form.get("query", ""))))

    async def save_view(self, visit: Visit) -> Response:
        """Keep the filter under a name."""
        form = await visit.form()
        query = _kept(form.get("query", ""))
        shared = form.get("shared") == "on"
        try:
            view = await self._shell.store.writer.do(
                SaveView(visit.viewer.id, PAGE, form.get("name", ""), query.text, shared, visit.by)
            )
        except InvalidInput as error:
            return await self._page(visit, query, problems_said(visit.speech, error.errors))
        return visit.redirect(_address(query), visit.say("Kept as “%(name)s”.", name=view.name))

    async def change_view(self, visit: Visit) -> Response:
        """Rename, share or forget one's own view."""
        form = await visit.form()
        query = _kept(form.get("query", ""))
        number = visit.request.path_params["view_id"]
        do = self._shell.store.writer.do
        if form.get("delete"):
            if not await do(DeleteView(visit.viewer.id, number, visit.by)):
                return refuse(visit, 404, mark("There is no such view of yours"))
            return visit.redirect(_address(query), visit.say("The view is forgotten."))
        change = ChangeView(visit.viewer.id, number, form.get("name", ""), form.get("shared") == "on", visit.by)
        try:
            view = await do(change)
        except InvalidInput as error:
            return await self._page(visit, query, problems_said(visit.speech, error.errors))
        if view is None:
            return refuse(visit, 404, mark("There is no such view of yours"))
        return visit.redirect(_address(query), visit.say("“%(name)s” is changed.", name=view.name))


_DIGITS = 19  # of the largest number that the store can hold
_KNOWN = frozenset(FILTERS)
_BESIDE = frozenset({"cursor", "lang"})


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading: the address that sorts by it ("" for none), and how the rows are sorted by it now."""

    title: str
    address: str
    sorted: str
    number: bool


def _heading(column: PageColumn, query: Query, wanted: Wanted | None) -> Heading:
    sort = sort_of(column, query.show)
    if not sort or wanted is None:
        return Heading(column.title, "", "", number=False)
    here = wanted.sort.name == sort
    falling = not wanted.sort.falling if here else sort != "value"  # the worst are looked for
    state = "" if not here else "descending" if wanted.sort.falling else "ascending"
    return Heading(column.title, query.with_(sort=str(Sort(sort, falling))).text, state, number=False)


def _address(query: Query) -> str:
    return f"{PAGE}?{query.text}" if query.text else PAGE


def _kept(text: str) -> Query:
    """Read the query that a form carries along."""
    # Not cut, however long: a filter without its end would be another one. What is too long to be kept is refused.
    return Query.of(parse_qsl(text, keep_blank_values=True))


async def _frames(export: Export) -> AsyncIterator[bytes]:
    """Yield the file in frames: a line of JSON, and after `{"bytes": n}` as many bytes."""
    try:
        async for written, block in export.steps():
            yield _line({"rows": written})
            if block:
                yield _line({"bytes": len(block)}) + block
    except TooManyRows as error:
        yield _line({"problem": str(error)})
        return
    yield _line({"done": True})


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"
