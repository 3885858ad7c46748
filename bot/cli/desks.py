"""`desk try`: show what a desk's request is read as, without a service, a store or the desk itself."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import clock
from bot.cli.common import ConfigOption, JsonOption, print_json, print_table, settings_for_tool
from bot.cli.failures import CommandError
from bot.settings import Settings
from bot.settings_problems import did_you_mean
from desks import registry
from desks.base import Desk, Source, TicketClosed, TicketReopened, Told, Unknown, Unreadable
from net.hooks import HookRequest
from ratings.ticket import ticket_to_dict
from ratings.times import Instant, format_instant

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at helpdesks.")

MAX_BYTES = 4 * 1024 * 1024


@app.callback()
def _desk() -> None:
    """Without this, a group of one command would be that command."""


@app.command("try")
def try_out(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The desk, such as generic.main.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="The body of one of its requests; - is stdin.")],
    headers: Annotated[
        list[str] | None,
        typer.Option("--header", metavar="NAME:VALUE", help="A header of the request; may be repeated."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read a request as the desk's hook would, and print the ticket, or what is wrong with it. Signatures are not looked at."""
    desk = _make(settings_for_tool(config), name)
    request = HookRequest("POST", _headers(headers or []), _read(file))
    now = clock.now()
    told, sources = desk.parse(request, now), desk.sources(request, now)
    wrong = [event.error for event in told if isinstance(event, Unreadable)]
    if wrong:
        raise CommandError(*(f"{file}: {error}" for error in wrong))
    if as_json:
        print_json({"told": [_written(event) for event in told], "sources": [_of(source) for source in sources]})
        return
    _show(told, sources, now)


def _make(settings: Settings, name: str) -> Desk:
    config = settings.desks.get(name)
    if config is None:
        known = ", ".join(settings.desks) or "none is set up"
        raise CommandError(f"{name} is no desk of the settings: {known}{did_you_mean(name, settings.desks)}")
    return registry.load(name.partition(".")[0])(name, config)


def _headers(given: list[str]) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    for one in given:
        name, colon, value = one.partition(":")
        if not colon or not name.strip():
            raise CommandError("a header is written NAME:VALUE")
        headers[name.strip().lower()] = value.strip()
    return headers


def _read(file: str) -> bytes:
    try:
        content = sys.stdin.buffer.read(MAX_BYTES + 1) if file == "-" else _first(Path(file))
    except OSError as error:
        raise CommandError(f"{file}: it cannot be read ({error.strerror})") from None
    if len(content) > MAX_BYTES:
        raise CommandError(f"{file}: more than {MAX_BYTES} bytes; no hook takes so much")
    return content


def _first(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _show(told: Sequence[Told], sources: Sequence[Source], now: Instant) -> None:
    for event in told:
        if isinstance(event, TicketClosed):
            typer.echo("closed:")
            print_json(ticket_to_dict(event.ticket))
        elif isinstance(event, TicketReopened):
            at = event.report.reopened_at
            typer.echo(f"reopened: {event.report.id}{'' if at == now else f' at {format_instant(at)}'}")
        else:
            typer.echo(f"nothing for us: {event.what if isinstance(event, Unknown) else 'other'}")
    if not told:
        typer.echo("nothing for us")
    if sources:
        rows = [(source.pointer.removeprefix("/"), source.path, source.value) for source in sources]
        print_table("Where it comes from", ["field", "path", "value"], rows)


def _written(event: Told) -> dict[str, Any]:
    match event:
        case TicketClosed(ticket=ticket):
            return {"what": "closed", "event_id": event.event_id, "ticket": ticket_to_dict(ticket)}
        case TicketReopened(report=report):
            reopened = {"id": report.id, "desk": report.desk, "reopened_at": format_instant(report.reopened_at)}
            return {"what": "reopened", "event_id": event.event_id, "ticket": reopened}
        case Unknown(what=what):
            return {"what": what, "event_id": event.event_id}
    return {"what": "other", "event_id": event.event_id}


def _of(source: Source) -> dict[str, Any]:
    return {"field": source.pointer, "path": source.path, "value": source.value}
