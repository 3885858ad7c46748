"""`ratings`: the stored ratings as a list, in sum, or as a file."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.cli.common import ConfigOption, JsonOption, opened_store, print_json, print_table
from bot.cli.export import write_file
from bot.cli.failures import CommandError
from bot.cli.filters import Given, read_filters, with_filters, wrong_options
from bot.exporting.asking import read_asked
from ratings.errors import InvalidInput
from ratings.reports.lists import DEFAULT_LIMIT, MAX_LIMIT, list_ratings
from ratings.reports.summary import summarise

app = typer.Typer(
    help="Ratings: list, summary, export.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)

LimitOption = Annotated[int, typer.Option(min=1, max=MAX_LIMIT, metavar="N", help="How many to show.")]
CursorOption = Annotated[str | None, typer.Option(metavar="TEXT", help="`next` of the page before.")]
OutputOption = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is stdout.")]


@app.command("list")
@with_filters
def list_(
    given: Given,
    limit: LimitOption = DEFAULT_LIMIT,
    cursor: CursorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List ratings, the newest first."""
    with opened_store(config) as (settings, store):
        filters = read_filters(settings, given)
        try:
            page = store.read_now(list_ratings, filters, limit=limit, cursor=cursor)
        except InvalidInput:
            raise CommandError("--cursor: it is none of ours; take it from `next` of the page before") from None
    if as_json:
        print_json({"items": page.items, "next": page.next})
        return
    zone = ZoneInfo(settings.server.timezone)
    print_ratings(page.items, zone)
    if page.next:
        typer.echo(f"There are more: --cursor {page.next}")


@app.command()
@with_filters
def summary(given: Given, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Sum up: CSAT over ratings rated in the period, response rate over invitations asked in it."""
    with opened_store(config) as (settings, store):
        found = store.read_now(summarise, read_filters(settings, given))
    if as_json:
        print_json(found)
    else:
        print_table("", ["", ""], _summary_rows(found))


FormatOption = Annotated[str, typer.Option("--format", metavar="csv|xlsx|xls", help="What kind of file.")]
ShowOption = Annotated[
    str | None, typer.Option(metavar="WHICH", help="rated (as it is), unanswered, not_asked or all closings.")
]
SortOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="rated, value, closed, asked, decided; -NAME is the newest first.")
]
ReasonOption = Annotated[
    list[str] | None, typer.Option("--reason", metavar="CODE", help="Why nobody was asked.", show_default=False)
]
TicketOption = Annotated[
    list[str] | None, typer.Option("--ticket", metavar="ID", help="The ticket's id.", show_default=False)
]
DeliveredOption = Annotated[
    bool | None,
    typer.Option("--delivered/--no-delivered", help="Asked, and it arrived; or is not known to.", show_default=False),
]
DecisionOption = Annotated[
    str | None, typer.Option(metavar="ask|skip", help="What was decided at the closing.", show_default=False)
]
FirstResponseOption = Annotated[
    bool | None,
    typer.Option(
        "--has-first-response/--no-has-first-response",
        help="The desk told the time to the first response, or did not.",
        show_default=False,
    ),
]
HandlingOption = Annotated[
    bool | None,
    typer.Option(
        "--has-handling/--no-has-handling", help="The desk told the handling time, or did not.", show_default=False
    ),
]
ColumnsOption = Annotated[
    list[str] | None,
    typer.Option("--columns", metavar="NAMES", help="Which columns, by commas; all as it is.", show_default=False),
]
HeadersOption = Annotated[
    str,
    typer.Option("--headers", metavar="names|en|ru", help="Headings: names for programs, or words of a language."),
]


@app.command()
@with_filters
def export(
    given: Given,
    file_format: FormatOption = "csv",
    show: ShowOption = None,
    sort: SortOption = None,
    reason: ReasonOption = None,
    ticket: TicketOption = None,
    delivered: DeliveredOption = None,
    decision: DecisionOption = None,
    has_first_response: FirstResponseOption = None,
    has_handling: HandlingOption = None,
    columns: ColumnsOption = None,
    headers: HeadersOption = "names",
    output: OutputOption = "-",
    config: ConfigOption = None,
) -> None:
    """Write ratings as a file for spreadsheets (CSV in UTF-8, XLSX or XLS), the newest first; also what was not rated."""
    own = {"show": [show] if show else [], "sort": [sort] if sort else [], "reason": reason, "ticket": ticket}
    own["decision"] = [decision] if decision else []
    truths = {"delivered": delivered, "has_first_response": has_first_response, "has_handling": has_handling}
    own |= {name: [str(value).lower()] for name, value in truths.items() if value is not None}
    parameters = {**given, **{name: values for name, values in own.items() if values}}
    with opened_store(config) as (settings, store):
        zone = ZoneInfo(settings.server.timezone)
        with wrong_options():
            asked = read_asked(parameters, zone, file_format, columns or (), headers)
        written = write_file(store, asked, output)
    typer.echo(f"{written} rows written.", err=True)


def print_ratings(items: list[dict[str, Any]], zone: ZoneInfo) -> None:
    """Print a page of ratings as a table; times in the installation's zone."""
    rows = [
        [
            datetime.fromisoformat(item["rated_at"]).astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            item["value"],
            item["comment"],
            item["state"],
            item["channel"],
            item["ticket"]["id"],
            item["ticket"]["subject"],
            _agent(item["agent"]),
            item["group"],
            item["priority"],
        ]
        for item in items
    ]
    columns = [
        f"rated ({zone.key})",
        "value",
        "comment",
        "state",
        "channel",
        "ticket",
        "subject",
        "agent",
        "group",
        "priority",
    ]
    print_table("", columns, rows)


def _agent(agent: Mapping[str, str | None] | None) -> str | None:
    return (agent.get("name") or agent.get("id")) if agent else None


def _summary_rows(found: Mapping[str, Any]) -> list[list[object]]:
    rows: list[list[object]] = [["ratings", found["ratings"]], ["matching the filters", found["matching"]]]
    for scale in found["scales"]:
        interval = scale["csat_interval"]
        between = f" (95 %: {_percent(interval[0])} to {_percent(interval[1])})" if interval else ""
        rows += [
            [f"CSAT, scale {scale['scale']}", f"{_percent(scale['csat'])}{between}"],
            [f"mean, scale {scale['scale']}", "no value" if scale["mean"] is None else scale["mean"]],
            [
                f"values, scale {scale['scale']}",
                "  ".join(f"{value}: {many}" for value, many in scale["distribution"].items()),
            ],
        ]
    if not found["scales"]:
        rows.append(["CSAT", _percent(None)])
    asked, closed = found["asked"], found["closed"]
    rows += [
        ["asked", asked["asked"]],
        ["answered", asked["answered"]],
        ["response rate", _percent(asked["response_rate"])],
        ["closed", closed["closed"]],
        ["skipped", ", ".join(f"{reason}: {many}" for reason, many in closed["skipped"].items()) or 0],
        ["answered, of all closed", _percent(closed["answered_of_closed"])],
    ]
    return rows


def _percent(value: float | None) -> str:
    """No data is no value, never 0 %."""
    return "no value" if value is None else f"{value:g} %"
