"""The operation that answers the registry as a file, as the OpenAPI describes it."""

from bot.exporting.asking import LANGUAGES, NAMES
from bot.exporting.columns import COLUMNS
from bot.exporting.formats import FORMATS
from bot.web.api.operations import Operation, filters, parameter, several
from ratings.reports.filters import INVITATION_STATES, STATES
from ratings.reports.registry import DECISIONS, REASONS, SORTS, Show
from ratings.store.keys import Scope

_NAMES = dict.fromkeys(name for names in SORTS.values() for name in names)

EXPORT_RATINGS = Operation(
    "The registry as a file",
    "Exactly the rows that the filters leave, in the order of `sort`, streamed while it is made. XLS holds 65,535 rows: more are "
    "refused. Times are those of the installation's zone; a CSV has a BOM, and no cell of it runs as a formula.",
    "reports",
    Scope.READ,
    ((200, "The file", ""),),
    (401, 403, 422, 500, 503),
    (
        parameter("format", {"type": "string", "enum": list(FORMATS), "default": "csv"}, "what kind of file"),
        several(
            "columns",
            {"type": "string", "enum": list(COLUMNS)},
            "which columns, in their order; all where none is named",
        ),
        parameter(
            "headers",
            {"type": "string", "enum": [NAMES, *LANGUAGES], "default": NAMES},
            "headings: names and codes for programs, or the words of a language",
        ),
        parameter(
            "show",
            {"type": "string", "enum": [show.value for show in Show], "default": Show.RATED.value},
            "rated, unanswered (asked, and no vote counts), not_asked, or all closings",
        ),
        parameter(
            "sort",
            {"type": "string", "enum": [f"{sign}{name}" for name in _NAMES for sign in ("-", "")]},
            "by what, `-` the newest or largest first; rated and value only where show is rated, asked where it is unanswered",
        ),
        several("reason", {"type": "string", "enum": list(REASONS)}, "why it was skipped"),
        parameter(
            "delivered",
            {"type": "boolean"},
            "of those asked: the message arrived for all that is known, or was answered; or not",
        ),
        parameter("decision", {"type": "string", "enum": list(DECISIONS)}, "what was decided at the closing"),
        parameter(
            "has_first_response", {"type": "boolean"}, "the desk told the time to the first response, or did not"
        ),
        parameter("has_handling", {"type": "boolean"}, "the desk told the handling time, or did not"),
        several("ticket", {"type": "string", "minLength": 1}, "id of the ticket; repeated"),
        *filters((*STATES, *INVITATION_STATES), "rating where show is rated, else of the invitation"),
    ),
    files=tuple(each.media_type.partition(";")[0] for each in FORMATS.values()),
)
