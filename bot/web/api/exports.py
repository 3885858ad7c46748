"""The registry as a file: the same filters as the lists, streamed as it is made."""

from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bot.exporting.asking import NAMES, OWN, read_asked
from bot.exporting.export import Asked, Export, TooManyRows, matching
from bot.web.api.access import Access
from bot.web.api.errors import wrong_fields
from bot.web.api.queries import Query
from ratings.errors import FieldError, InvalidInput
from ratings.reports.registry import Wanted
from ratings.store.keys import Scope
from ratings.store.store import Store


class ExportRoutes:
    """`/v1/ratings/export`."""

    def __init__(self, store: Store, access: Access, timezone: str) -> None:
        self._store = store
        self._access = access
        self._zone = ZoneInfo(timezone)

    async def ratings(self, request: Request) -> Response:
        """Answer the file."""
        await self._access.require(request, Scope.READ)
        query = Query(request)
        file_format, headers = query.text("format"), query.text("headers")
        others = {name: found for name, found in query.parameters.items() if name not in OWN}
        columns = query.parameters.get("columns", [])
        asked = Asked(Wanted())
        try:
            asked = read_asked(others, self._zone, file_format or "csv", columns, headers or NAMES)
        except InvalidInput as error:
            query.errors.extend(error.errors)
        query.finish()
        return await answer_file(self._store, asked)


async def answer_file(store: Store, asked: Asked) -> Response:
    """Answer a file as it is made. Raises ApiProblem (422) where its format holds fewer rows than there are."""
    try:
        total = await store.read(matching, asked)
    except TooManyRows as error:
        raise wrong_fields([FieldError("/format", str(error))]) from None
    export = Export(store, asked)
    return StreamingResponse(
        export.blocks(),
        media_type=export.media_type,
        headers={
            "content-disposition": f'attachment; filename="ratings.{asked.format}"',
            "x-total-rows": str(total),
            "cache-control": "no-store",
        },
    )
