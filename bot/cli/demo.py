"""`demo`: the whole path on this machine, with nothing to set up."""

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.failures import CommandError
from bot.running import CannotListen, run


class DemoMode(StrEnum):
    """How the demo hears of its customers, where there is a choice."""

    WEBHOOK = "webhook"
    POLLING = "polling"


def demo(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, metavar="N", help="Port of the service; by default 8000, or a free one."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Play the customers, too; print what is stored, and end.")
    ] = False,
    mode: Annotated[DemoMode, typer.Option(hidden=True, help="webhook or polling")] = DemoMode.WEBHOOK,
    store: Annotated[
        str | None, typer.Option(hidden=True, help="A store that stays, in place of the throw-away one")
    ] = None,
) -> None:
    """Run the service beside stand-ins of four channels, with customers' phones in the browser. Needs no settings."""
    from bot import demo as demonstration  # noqa: PLC0415 - it imports the service and the sandbox

    options = demonstration.Options(port=port, once=once, mode=mode.value, store=store)
    try:
        code = run(demonstration.demonstrate(options))
    except CannotListen as error:
        raise CommandError(str(error)) from None
    except demonstration.Unusable as error:
        raise CommandError(str(error)) from None
    raise typer.Exit(code)
