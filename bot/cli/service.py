"""`serve` and `work`: the running service."""

import secrets
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from bot.cli.common import ConfigOption, settings_for_tool, store_failures
from bot.cli.failures import CommandError
from bot.logs import configure_logging
from bot.running import CannotListen, listen, run, url_of
from bot.settings import Settings
from ratings.store.users import MakeSetupLink, any_user, hash_secret

if TYPE_CHECKING:
    from bot.assembly import Parts

_log = structlog.get_logger("tapfive.service")


def serve(
    config: ConfigOption = None,
    no_work: Annotated[bool, typer.Option("--no-work", help="Only answer HTTP; `work` runs elsewhere.")] = False,
) -> None:
    """Run the service: hooks, API and, without --no-work, everything that is sent."""
    _run(settings_for_tool(config), web=True, work=not no_work)


def work(config: ConfigOption = None) -> None:
    """Run only what sends and polls, beside `serve --no-work`."""
    _run(settings_for_tool(config), web=False, work=True)


def _run(settings: Settings, *, web: bool, work: bool) -> None:
    from bot import assembly  # noqa: PLC0415 - it imports the web server, which `--help` need not wait for

    with store_failures(), ExitStack() as stack:
        sockets = [stack.enter_context(_listen(settings))] if web else None
        assembly.prepare_store(settings)
        try:
            parts = assembly.assemble(settings)
        except ValueError as error:  # an account that could not verify its hooks, the only one that constructors raise
            raise CommandError(f"an account cannot be used: {error}") from None

        # Only now: until here a failure is one line, without what libraries have to tell around it.
        configure_logging(settings.log.level, settings.log.format)

        def ready() -> None:
            if sockets:
                _tell_setup_link(parts, settings.server.public_url or url_of(sockets[0]))
            _log.info(
                "running",
                url=url_of(sockets[0]) if sockets else None,
                public_url=settings.server.public_url or None,
                work=work,
                accounts=sorted(settings.channels),
            )

        try:
            run(assembly.serve(parts, sockets, work=work, on_ready=ready))
        except assembly.WriterEnded:
            _log.critical("stopped, since nothing could be stored any more; start it again")
            raise typer.Exit(1) from None
    _log.info("stopped")


def _tell_setup_link(parts: "Parts", home: str) -> None:
    """Print a one-time link for the first owner, where nobody may sign in yet: to standard output, never to the log."""
    secret = secrets.token_urlsafe(32)
    if not parts.store.read_now(any_user) and parts.store.writer.do_now(MakeSetupLink(hash_secret(secret))):
        typer.echo(f"Nobody can sign in yet. Open this within a day to become the owner: {home}/setup/{secret}")


def _listen(settings: Settings) -> socket.socket:
    try:
        return listen(settings.server.host, settings.server.port)
    except CannotListen as error:
        raise CommandError(str(error)) from None
