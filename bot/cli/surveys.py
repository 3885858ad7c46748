"""`survey`: the surveys in the store; as TOML for those who keep them in git."""

import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot import clock
from bot.cli.common import ConfigOption, JsonOption, console, opened_store, print_json, print_table
from bot.cli.failures import CommandError
from bot.survey_toml import survey_to_toml
from bot.zones import zone_of
from ratings.errors import InvalidInput
from ratings.store.pauses import RunPauses
from ratings.store.rehearsing import MAX_DAYS, RehearsalTooLarge
from ratings.store.rehearsing import rehearse as rehearse_draft
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import Survey, parse_survey, survey_to_dict
from ratings.times import format_instant

AUTHOR = "cli"
RETRIES = 5

app = typer.Typer(
    help="Surveys: what is asked, of whom, and when.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The survey's id, as `survey list` shows it.")]


@app.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all surveys."""
    with opened_store(config) as (_, store):
        surveys = store.read_now(load_surveys)
    if as_json:
        print_json([survey_to_dict(survey) for survey in surveys])
        return
    columns = ["id", "name", "state", "paused since", "version", "bound to", "scale", "language", "conditions"]
    print_table("", columns, [_row(survey) for survey in surveys])


@app.command()
def show(survey_id: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show a survey, every key of it."""
    with opened_store(config) as (_, store):
        survey = _find(store, survey_id)
    if as_json:
        print_json(survey_to_dict(survey))
    else:
        typer.echo(survey_to_toml(survey), nl=False)


@app.command()
def on(survey_id: IdArgument, config: ConfigOption = None) -> None:
    """Switch a survey on: from the next closing on, in every process."""
    _switch(config, survey_id, enabled=True)


@app.command()
def off(survey_id: IdArgument, config: ConfigOption = None) -> None:
    """Switch a survey off. Prompts that were not sent yet are held until it is on again, or cancelled, as it is set."""
    _switch(config, survey_id, enabled=False)


@app.command()
def export(survey_id: IdArgument, config: ConfigOption = None) -> None:
    """Write a survey to stdout as TOML that `survey import` reads."""
    show(survey_id, config)


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A TOML file with one survey; - is stdin.")],
    config: ConfigOption = None,
) -> None:
    """Store a survey from TOML: a new one, or the next version of the one with its id. What is not named is the default."""
    survey = _read(file)
    with opened_store(config) as (_, store):
        before = {each.id: each.version for each in store.read_now(load_surveys)}
        saved = store.writer.do_now(SaveSurvey(survey, None, AUTHOR)).survey
    assert saved is not None
    if before.get(saved.id) == saved.version:
        typer.echo(f"{saved.id} says the same already; it stays version {saved.version}.")
    else:
        typer.echo(f"Stored {saved.id} as version {saved.version}.")


@app.command()
def rehearse(
    survey_id: IdArgument,
    draft: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A TOML file with what the draft changes; - is stdin. By default as it is."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=MAX_DAYS, metavar="N", help="Over how many days.")] = 30,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell whom a draft would have asked, had it been on in the last days. Nothing is sent or stored."""
    from bot.assembly import installation, make_channels, make_desks  # noqa: PLC0415 - as in `common`

    change = {} if draft is None else _document(draft)
    errors = console(stderr=True)
    columns = (TextColumn("rehearsing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with opened_store(config) as (settings, store):
        survey = _parse(draft or "", change, base=_find(store, survey_id))
        around = installation(settings, make_channels(settings), make_desks(settings))
        with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
            task = progress.add_task("", total=None)
            try:
                found = rehearse_draft(
                    store,
                    survey,
                    now=clock.now(),
                    days=days,
                    accounts=frozenset(settings.channels),
                    installation=around,
                    zone_of=zone_of,
                    progress=lambda done, total: progress.update(task, completed=done, total=total),
                ).to_dict()
            except RehearsalTooLarge as error:
                raise CommandError(f"--days: {error}") from None
    if as_json:
        print_json({"survey": survey_id, **found})
    else:
        _print_rehearsal(found)


def _print_rehearsal(found: dict[str, Any]) -> None:
    typer.echo(
        f"{found['closings']} closings from {found['from']} to {found['to']}: {found['asked']} would have been asked "
        f"({found['gained']} who were not, and not {found['lost']} who were); {found['was_asked']} were."
    )
    reasons = [(each["reason"], each["skipped"], each["was_skipped"]) for each in found["reasons"]]
    print_table("Not asked", ["reason", "by the draft", "as it was"], reasons)
    counts = ("closings", "asked", "was_asked")
    headings = ["closings", "asked by the draft", "asked as it was"]
    channels = [(each["channel"], *(each[key] for key in counts)) for each in found["channels"]]
    print_table("Channels", ["channel", *headings], channels)
    agents = [(each["name"] or each["id"], *(each[key] for key in counts)) for each in found["agents"]]
    print_table("Agents", ["agent", *headings], agents)


def _read(file: str) -> Survey:
    return _parse(file, _document(file))


def _document(file: str) -> dict[str, Any]:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        document: dict[str, Any] = tomllib.loads(content.decode())
    except OSError as error:
        raise CommandError(f"{file}: it cannot be read ({error.strerror})") from None
    except ValueError as error:  # no UTF-8, or no TOML: both say where
        raise CommandError(f"{file}: it is no TOML: {error}") from None
    return document


def _parse(file: str, document: dict[str, Any], base: Survey | None = None) -> Survey:
    try:
        return parse_survey(document, base=base)
    except InvalidInput as error:
        raise CommandError(*(f"{file}: {wrong.pointer or '/'}: {wrong.detail}" for wrong in error.errors)) from None


def _find(store: Store, survey_id: str) -> Survey:
    surveys = {survey.id: survey for survey in store.read_now(load_surveys)}
    if survey_id not in surveys:
        raise CommandError(f"ID: there is no survey {survey_id!r}; there is {', '.join(surveys) or 'none'}")
    return surveys[survey_id]


def _switch(config: Path | None, survey_id: str, *, enabled: bool) -> None:
    with opened_store(config) as (_, store):
        saved = change(store, survey_id, lambda survey: replace(survey, enabled=enabled))
        while store.writer.do_now(RunPauses()):
            pass
    typer.echo(f"{saved.id} is {_state(saved)} (version {saved.version}).")


def change(store: Store, survey_id: str, edit: Callable[[Survey], Survey]) -> Survey:
    """Store `edit` of a survey over its newest version, whoever else saves at the same time. Raises CommandError."""
    for _ in range(RETRIES):
        survey = _find(store, survey_id)
        result = store.writer.do_now(SaveSurvey(edit(survey), survey.version, AUTHOR))
        if not result.conflict and result.survey is not None:
            return result.survey
    raise CommandError(f"{survey_id} is being changed by others all the time; try again")


def _row(survey: Survey) -> list[object]:
    conditions = [name for name in ("ask_when", "skip_when") if getattr(survey, name) is not None]
    bound = "; ".join(f"{name} {', '.join(getattr(survey, name))}" for name in survey.bound) or "every ticket"
    return [
        survey.id,
        survey.name,
        _state(survey),
        None if survey.paused_at is None else format_instant(survey.paused_at),
        survey.version,
        bound,
        survey.scale.name,
        survey.language,
        ", ".join(conditions),
    ]


def _state(survey: Survey) -> str:
    return "on" if survey.enabled else "off"
